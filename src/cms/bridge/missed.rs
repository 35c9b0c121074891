//! Counts changes that only a reading found as repairs, unless they are reported within a while. Reads nothing itself.

use tracing::debug;

use super::context::Context;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::missed_events::{Discrepancy, Expected, MissedEvents};
use crate::model::{CallId, ParticipantId};

#[derive(Debug, Default)]
pub(super) struct MissedChanges(MissedEvents);

impl MissedChanges {
    pub(super) fn on_discrepancy(&mut self, ctx: &mut Context, found: Discrepancy, now: Now) {
        self.0.add(found, now.instant);
        ctx.timers.sooner(Timer::Discrepancies, now.instant + ctx.timing.silent_after);
    }

    pub(super) fn count_discrepancies(&mut self, ctx: &mut Context, now: Now) {
        for found in self.0.take_overdue(now.instant, ctx.timing.silent_after) {
            debug!(bridge = %ctx.name, ?found, "change missed by events");
            ctx.metrics.count_repair(&ctx.name, found.kind());
        }
        if !self.0.is_empty() {
            ctx.timers.set(Timer::Discrepancies, now.instant + ctx.timing.silent_after);
        }
    }

    /// A reading did not show this object, which was requested.
    pub(super) fn expect(&mut self, missing: Expected) {
        self.0.on_requested(missing);
    }

    /// The first list of a subscription left this object out, and it was requested. If a reading misses it too, that is no discrepancy.
    pub(super) fn excuse(&mut self, missing: Expected) {
        self.0.on_left_out(missing);
    }

    /// A response about this object came; true if it was requested because a reading did not show it.
    pub(super) fn take_missing(&mut self, missing: &Expected) -> bool {
        self.0.take_expected(missing)
    }

    pub(super) fn on_call_event(&mut self, call: &CallId) {
        self.0.on_call_event(call);
    }

    pub(super) fn on_participant_event(&mut self, call: &CallId, person: &ParticipantId) {
        self.0.on_participant_event(call, person);
    }

    /// Moves between lobby and call were announced.
    pub(super) fn on_moves_announced(&mut self, call: &CallId) {
        self.0.on_lobby_hint(call);
    }

    /// Everything is read anew, for a known reason.
    pub(super) fn forget_discrepancies(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    /// How many repairs are counted when a call is found missing, an event may report it, and the patience ends.
    fn repairs(reported: bool) -> usize {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let (mut ctx, mut missed, now) = (Context::for_tests(), MissedChanges::default(), Now::read());
            let after = |time: Duration| Now { instant: now.instant + time, ..now };
            missed.on_discrepancy(&mut ctx, Discrepancy::Call("c".into()), now);
            let patience = ctx.timing.silent_after;
            missed.count_discrepancies(&mut ctx, after(patience / 2));
            assert!(ctx.timers.has(&Timer::Discrepancies) && !missed.0.is_empty(), "an event may still come");
            if reported {
                missed.on_call_event(&"c".into());
            }
            missed.count_discrepancies(&mut ctx, after(patience));
            missed.count_discrepancies(&mut ctx, after(patience * 2));
        });
        let text = recorder.handle().render();
        let count = text.lines().find_map(|line| line.strip_prefix("usher_cms_repairs_total{")?.split_once("} "));
        count.map_or(0, |(_, count)| count.parse().expect("a count"))
    }

    #[test]
    fn a_discrepancy_is_counted_once_after_the_patience_unless_an_event_reports_it() {
        assert_eq!((repairs(false), repairs(true)), (1, 0));
    }
}
