//! Schedules the renewal of subscriptions whose frames were damaged, so that the bridge sends again what was lost: at once, then less and
//! less often while the damage goes on. Pure; sends nothing itself.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::subscriptions::Topic;

/// The shortest and the longest time between two renewals of one subscription.
#[derive(Debug, Clone, Copy)]
pub(in crate::cms) struct RenewalPace {
    pub shortest: Duration,
    pub longest: Duration,
}

#[derive(Debug, Clone, Copy)]
struct LastRenewal {
    last: Instant,
    pause: Duration,
}

/// The recent renewals of a bridge's subscriptions.
#[derive(Debug, Default)]
pub(in crate::cms) struct Renewals(HashMap<Topic, LastRenewal>);

impl Renewals {
    /// When to renew a subscription whose frame was damaged. A loss after a renewal takes another renewal.
    pub(in crate::cms) fn due_at(&self, topic: &Topic, now: Instant) -> Instant {
        self.0.get(topic).map_or(now, |renewed| (renewed.last + renewed.pause).max(now))
    }

    /// The subscription has been renewed. The pause doubles while the damage goes on, and is the shortest again after a quiet time.
    pub(in crate::cms) fn on_renewed(&mut self, topic: Topic, pace: RenewalPace, now: Instant) {
        let before = self.0.get(&topic).filter(|before| now < before.last + before.pause * 2);
        let pause = before.map_or(pace.shortest, |before| (before.pause * 2).min(pace.longest));
        self.0.insert(topic, LastRenewal { last: now, pause });
    }

    /// Forgets renewals that make no difference any more.
    pub(in crate::cms) fn tidy(&mut self, now: Instant) {
        self.0.retain(|_, renewed| now < renewed.last + renewed.pause * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: RenewalPace = RenewalPace { shortest: Duration::from_secs(5), longest: Duration::from_secs(30) };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn damage_that_goes_on_is_followed_by_renewals_less_and_less_often() {
        let (start, mut renewals, mut at) = (Instant::now(), Renewals::default(), Vec::new());
        // A frame is damaged in every second.
        let mut due = None;
        for now in (0..200).map(|n| start + s(n)) {
            due = due.or(Some(renewals.due_at(&Topic::Calls, now)));
            if due.is_some_and(|due| due <= now) {
                renewals.on_renewed(Topic::Calls, PACE, now);
                at.push((now - start).as_secs());
                due = None;
            }
        }
        assert_eq!(at, [0, 5, 15, 35, 65, 95, 125, 155, 185]);
    }

    #[test]
    fn damage_after_a_renewal_takes_another_one_and_a_quiet_time_resets_the_pause() {
        let (start, mut renewals) = (Instant::now(), Renewals::default());
        let call = Topic::Roster("c".into());
        renewals.on_renewed(call.clone(), PACE, start);
        assert_eq!(renewals.due_at(&call, start + s(1)), start + s(5));
        assert_eq!(renewals.due_at(&Topic::Calls, start + s(1)), start + s(1), "each has its own");
        renewals.tidy(start + s(9));
        assert_eq!(renewals.due_at(&call, start + s(1)), start + s(5));
        renewals.tidy(start + s(10));
        assert_eq!(renewals.due_at(&call, start + s(11)), start + s(11));
        renewals.on_renewed(call.clone(), PACE, start + s(11));
        assert_eq!(renewals.due_at(&call, start + s(12)), start + s(16), "the shortest pause again");
    }
}
