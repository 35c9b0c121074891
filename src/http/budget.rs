//! Limits of what each user asks for, over all of their pages: how much is under way at once, and how much in a stretch of time. A person never comes
//! near it; a page that has gone wild, or worse, can't fill the disk or take what others need.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Requests of one user at once.
const AT_ONCE: usize = 32;
/// A request costs so much, and one more for each person in it: about what it writes.
const REQUEST: usize = 20;
/// The lobby of 5,000 several times over ...
const BURST: f64 = 30_000.0;
/// ... and then 25 small requests a second for as long as it takes.
const PER_SECOND: f64 = 500.0;

#[derive(Debug, Default)]
pub(super) struct Budgets(Mutex<HashMap<i64, Arc<Budget>>>);

/// Of one user.
#[derive(Debug)]
pub(super) struct Budget {
    under_way: AtomicUsize,
    left: Mutex<(f64, Instant)>,
}

/// One request under way; ends when it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Budget>);

impl Budgets {
    /// There is one for each account that had a page open since the start.
    pub(super) fn of(&self, user: i64) -> Arc<Budget> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.entry(user).or_insert_with(|| Arc::new(Budget::new(Instant::now()))).clone()
    }
}

impl Budget {
    fn new(now: Instant) -> Self {
        Self { under_way: AtomicUsize::new(0), left: Mutex::new((BURST, now)) }
    }

    /// `own`: requests that this page has under way. One that has none may always begin one: another page of the user can't take that away.
    pub(super) fn is_full(&self, own: usize) -> bool {
        own > 0 && self.under_way.load(Ordering::Relaxed) >= AT_ONCE
    }

    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    /// False where the user has asked for too much; a smaller request may still do.
    pub(super) fn spend(&self, people: usize) -> bool {
        self.spend_at(people, Instant::now())
    }

    fn spend_at(&self, people: usize, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, at) = *left;
        let have = (before + now.saturating_duration_since(at).as_secs_f64() * PER_SECOND).min(BURST);
        let cost = (REQUEST + people) as f64;
        let enough = have >= cost;
        *left = (if enough { have - cost } else { have }, now);
        enough
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_is_slowed_and_a_small_request_still_gets_through() {
        let start = Instant::now();
        let budget = Budget::new(start);
        let large = (0..100).filter(|_| budget.spend_at(5000, start)).count();
        assert_eq!(large, 5);
        assert!(budget.spend_at(30, start), "what is left does for it");
        let later = start + Duration::from_secs(10);
        assert_eq!((budget.spend_at(5000, later), budget.spend_at(5000, later)), (true, false));
        let much_later = start + Duration::from_secs(1000);
        assert_eq!((0..100).filter(|_| budget.spend_at(5000, much_later)).count(), 5, "it is never more than at first");
    }

    #[test]
    fn what_is_under_way_counts_for_all_pages_and_each_may_begin_one() {
        let budgets = Budgets::default();
        let under_way: Vec<UnderWay> = (0..AT_ONCE).map(|_| budgets.of(1).begin()).collect();
        let (own, other) = (budgets.of(1), budgets.of(2));
        assert_eq!((own.is_full(1), own.is_full(0), other.is_full(16)), (true, false, false));
        drop(under_way);
        assert!(!own.is_full(16));
    }
}
