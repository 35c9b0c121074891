//! Delayed actions of the world. The caller supplies the clock.

use std::cmp::{Ordering, Reverse};

use crate::simulator::id::Id;

use super::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DelayedAction {
    Ring(Id),
    Answer(Id),
    Fail(Id, &'static str),
    Deactivate(Id),
    /// The meeting and the bridge.
    Correlate(Id, usize),
}

#[derive(Debug)]
pub(crate) struct Timer {
    at_ms: i64,
    seq: u64,
    action: DelayedAction,
}

impl Timer {
    pub(super) fn runs(&self, action: DelayedAction) -> bool {
        self.action == action
    }

    fn key(&self) -> Reverse<(i64, u64)> {
        Reverse((self.at_ms, self.seq))
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl World {
    pub(super) fn schedule(&mut self, at_ms: i64, action: DelayedAction) {
        let seq = self.next_seq();
        self.timers.push(Timer { at_ms, seq, action });
    }

    /// Runs everything that is due at `now_ms`.
    pub(crate) fn tick(&mut self, now_ms: i64) {
        while self.timers.peek().is_some_and(|t| t.at_ms <= now_ms) {
            let Some(timer) = self.timers.pop() else {
                return;
            };
            match timer.action {
                DelayedAction::Ring(id) => self.ring(id),
                DelayedAction::Answer(id) => self.answer(id, now_ms),
                DelayedAction::Fail(id, reason) => self.fail_dial(id, reason, now_ms),
                DelayedAction::Deactivate(meeting) => self.deactivate(meeting, now_ms),
                DelayedAction::Correlate(meeting, bridge) => self.correlate(meeting, bridge),
            }
        }
    }

    fn fail_dial(&mut self, participant: Id, reason: &'static str, now_ms: i64) {
        let unanswered = self.participants.get(&participant).is_some_and(|p| !p.is_connected());
        if unanswered {
            // The participant exists: it was checked above.
            let _ = self.leave(participant, reason, now_ms);
        }
    }
}
