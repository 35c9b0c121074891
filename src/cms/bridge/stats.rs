//! The statistics of one bridge for administrators, published once a second. Changes nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::context::Context;
use super::timers::Timer;
use crate::clock::Now;
use crate::model::{BridgeStats, CdrStats};

/// The span of a rate: long enough to be steady, short enough to follow changes.
const RATE_OVER: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// The current counts.
#[derive(Debug)]
pub(super) struct CurrentCounts {
    pub(super) sockets_open: usize,
    pub(super) sockets_wanted: usize,
    pub(super) subscriptions: usize,
    pub(super) calls: usize,
    pub(super) people: usize,
    pub(super) cdr: Option<CdrStats>,
}

/// The totals of the last minute, oldest first.
#[derive(Debug, Default)]
pub(super) struct RecentTotals(VecDeque<(Instant, u64, u64)>);

impl RecentTotals {
    fn note(&mut self, now: Instant, requests: u64, busy: u64) {
        while self.0.front().is_some_and(|(at, ..)| now.duration_since(*at) > MINUTE) {
            self.0.pop_front();
        }
        self.0.push_back((now, requests, busy));
    }

    fn requests_per_s(&self, now: Instant, total: u64) -> f64 {
        let Some((at, requests, _)) = self.0.iter().find(|(at, ..)| now.duration_since(*at) <= RATE_OVER) else { return 0.0 };
        let seconds = now.duration_since(*at).as_secs_f64();
        if seconds > 0.0 { (total - requests) as f64 / seconds } else { 0.0 }
    }

    fn busy_last_minute(&self, total: u64) -> u64 {
        total - self.0.front().map_or(0, |(_, _, busy)| *busy)
    }

    /// Publishes the statistics of the bridge and schedules the next ones.
    pub(super) fn publish(&mut self, ctx: &mut Context, counts: CurrentCounts, now: Now) {
        let (requests, busy) = ctx.metrics.totals();
        self.note(now.instant, requests, busy);
        let CurrentCounts { sockets_open, sockets_wanted, subscriptions, calls, people, cdr } = counts;
        ctx.store.put_stats(BridgeStats {
            id: ctx.name.clone(),
            at: now.unix_ms,
            requests_per_s: self.requests_per_s(now.instant, requests),
            in_flight: ctx.requests.queue.in_flight(),
            slots: ctx.requests.queue.slots(),
            busy_last_minute: self.busy_last_minute(busy),
            busy,
            sockets_open,
            sockets_wanted,
            subscriptions,
            calls,
            people,
            answered: ctx.store.find_in_bridge(&ctx.name, |facts| facts.answered).map(|(_, unix_ms)| unix_ms),
            queue: ctx.requests.queue.waiting(),
            cdr,
        });
        ctx.timers.set(Timer::Stats, now.instant + ctx.timing.bridge_stats);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_covers_seconds_and_the_busy_count_a_minute() {
        let start = Instant::now();
        let (mut recent, mut requests, mut busy) = (RecentTotals::default(), 0, 0);
        let mut rate = 0.0;
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            recent.note(now, requests, busy);
            rate = recent.requests_per_s(now, requests);
            // 20 a second at first, 5 later; one of the first and ten of the last minute found it busy.
            requests += if second < 60 { 20 } else { 5 };
            busy += match second {
                3 => 1,
                100..110 => 1,
                _ => 0,
            };
            if second == 30 {
                assert!((rate - 20.0).abs() < 0.01, "{rate}");
            }
        }
        assert!((rate - 5.0).abs() < 0.01, "{rate}");
        assert_eq!((recent.busy_last_minute(busy), busy), (10, 11));
        assert!(recent.0.len() <= 62, "bounded: {}", recent.0.len());
    }
}
