//! Changes that only reading again brought to light: counted as repairs when nothing has told of them a while later. Reads nothing itself.

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

    /// Reading again did not show this, which is asked for.
    pub(super) fn expect(&mut self, missing: Expected) {
        self.0.on_requested(missing);
    }

    /// The first list of a subscription left this out, which is asked for: that reading again misses it as well is no discrepancy.
    pub(super) fn excuse(&mut self, missing: Expected) {
        self.0.on_left_out(missing);
    }

    /// An answer about it came; true where it was asked for because it was missing.
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
    use super::*;

    #[test]
    fn a_discrepancy_is_counted_a_while_later_unless_an_event_tells_of_it() {
        let (mut ctx, mut missed, now) = (Context::for_tests(), MissedChanges::default(), Now::read());
        missed.on_discrepancy(&mut ctx, Discrepancy::Call("c".into()), now);
        missed.count_discrepancies(&mut ctx, now);
        assert!(ctx.timers.has(&Timer::Discrepancies) && !missed.0.is_empty(), "an event may still come");
        missed.on_call_event(&"c".into());
        assert!(missed.0.is_empty());
    }
}
