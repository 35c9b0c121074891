//! Limits the requests of each user over all of their pages: how many run at once, and how many over time. A person never comes near the
//! limits; a runaway page or an attacker can't fill the disk or take capacity from others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Requests of one user that may run at once.
const AT_ONCE: usize = 32;
/// Base cost of a request; each participant in it adds 1. This is roughly how much it writes to disk.
const REQUEST: usize = 20;
/// Enough for a lobby of 5,000 several times over.
const BURST: f64 = 30_000.0;
/// After a burst: 25 small requests a second.
const PER_SECOND: f64 = 500.0;

#[derive(Debug, Default)]
pub(in crate::http) struct RequestBudgets(Mutex<HashMap<i64, Arc<RequestBudget>>>);

/// The budget of one user.
#[derive(Debug)]
pub(in crate::http) struct RequestBudget {
    running: AtomicUsize,
    left: Mutex<(f64, Instant)>,
}

/// One request that runs, until it is dropped.
#[derive(Debug)]
pub(in crate::http) struct RunningRequest(Arc<RequestBudget>);

impl RequestBudgets {
    /// The budget of a user; each user who has had a page open since the start has one.
    pub(in crate::http) fn of(&self, user: i64) -> Arc<RequestBudget> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.entry(user).or_insert_with(|| Arc::new(RequestBudget::new(Instant::now()))).clone()
    }
}

impl RequestBudget {
    fn new(now: Instant) -> Self {
        Self { running: AtomicUsize::new(0), left: Mutex::new((BURST, now)) }
    }

    /// `own`: requests that this page runs. A page that runs none may always begin one, whatever the user's other pages do.
    pub(in crate::http) fn is_full(&self, own: usize) -> bool {
        own > 0 && self.running.load(Ordering::Relaxed) >= AT_ONCE
    }

    pub(in crate::http) fn begin(self: &Arc<Self>) -> RunningRequest {
        self.running.fetch_add(1, Ordering::Relaxed);
        RunningRequest(self.clone())
    }

    /// False if the budget is too small for this request; a smaller one may still fit.
    pub(in crate::http) fn spend(&self, people: usize) -> bool {
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

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_is_slowed_and_a_small_request_still_gets_through() {
        let start = Instant::now();
        let budget = RequestBudget::new(start);
        let large = (0..100).filter(|_| budget.spend_at(5000, start)).count();
        assert_eq!(large, 5);
        assert!(budget.spend_at(30, start), "what is left does for it");
        let later = start + Duration::from_secs(10);
        assert_eq!((budget.spend_at(5000, later), budget.spend_at(5000, later)), (true, false));
        let much_later = start + Duration::from_secs(1000);
        assert_eq!((0..100).filter(|_| budget.spend_at(5000, much_later)).count(), 5, "it is never more than at first");
    }

    #[test]
    fn what_is_running_counts_for_all_pages_and_each_may_begin_one() {
        let budgets = RequestBudgets::default();
        let running: Vec<RunningRequest> = (0..AT_ONCE).map(|_| budgets.of(1).begin()).collect();
        let (own, other) = (budgets.of(1), budgets.of(2));
        assert_eq!((own.is_full(1), own.is_full(0), other.is_full(16)), (true, false, false));
        drop(running);
        assert!(!own.is_full(16));
    }
}
