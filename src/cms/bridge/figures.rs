//! The bridge's own figures, for administrators: counted in passing, looked at once a second. Changes nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Bridge, Due};
use crate::clock::Now;
use crate::model::BridgeStats;

/// A rate is taken over this long: long enough to be steady, short enough to follow what one does.
const RATE_OVER: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// Totals, and what they were within the last minute.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    /// Answered with 503.
    pub(super) busy: u64,
    /// Oldest first.
    past: VecDeque<(Instant, u64, u64)>,
}

impl Tally {
    fn look(&mut self, now: Instant) {
        while self.past.front().is_some_and(|(at, ..)| now.duration_since(*at) > MINUTE) {
            self.past.pop_front();
        }
        self.past.push_back((now, self.requests, self.busy));
    }

    fn requests_per_s(&self, now: Instant) -> f64 {
        let Some((at, requests, _)) = self.past.iter().find(|(at, ..)| now.duration_since(*at) <= RATE_OVER) else { return 0.0 };
        let seconds = now.duration_since(*at).as_secs_f64();
        if seconds > 0.0 { (self.requests - requests) as f64 / seconds } else { 0.0 }
    }

    fn busy_last_minute(&self) -> u64 {
        self.busy - self.past.front().map_or(0, |(_, _, busy)| *busy)
    }
}

impl Bridge {
    pub(super) fn count_figures(&mut self, now: Now) {
        self.tally.look(now.instant);
        let figures = BridgeStats {
            id: self.name.clone(),
            at: now.unix_ms,
            requests_per_s: self.tally.requests_per_s(now.instant),
            in_flight: self.queue.in_flight(),
            slots: self.queue.slots(),
            busy_last_minute: self.tally.busy_last_minute(),
            busy: self.tally.busy,
            sockets_open: self.sockets.values().filter(|socket| socket.open).count(),
            sockets_wanted: self.plan.sockets().count(),
            subscriptions: self.plan.subscriptions(),
            calls: self.calls.len(),
            people: self.people.len(),
            answered: self.store.with_bridge(&self.name, |facts| facts.answered).flatten().map(|(_, unix_ms)| unix_ms),
            queue: self.queue.waiting(),
            cdr: self.record_figures(),
        };
        self.store.put_figures(figures);
        self.timers.set(Due::Figures, now.instant + self.timing.figures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds_and_what_was_busy_of_the_last_minute() {
        let start = Instant::now();
        let mut tally = Tally::default();
        let mut rate = 0.0;
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            tally.look(now);
            rate = tally.requests_per_s(now);
            // 20 a second at first, 5 later; one of the first and ten of the last minute found it busy.
            tally.requests += if second < 60 { 20 } else { 5 };
            tally.busy += match second {
                3 => 1,
                100..110 => 1,
                _ => 0,
            };
            if second == 30 {
                assert!((rate - 20.0).abs() < 0.01, "{rate}");
            }
        }
        assert!((rate - 5.0).abs() < 0.01, "{rate}");
        assert_eq!((tally.busy_last_minute(), tally.busy), (10, 11));
        assert!(tally.past.len() <= 62, "bounded: {}", tally.past.len());
    }
}
