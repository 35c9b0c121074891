//! What the world does later by itself; the clock is the caller's.

use std::cmp::{Ordering, Reverse};

use crate::simulator::id::Id;

use super::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Ring(Id),
    Answer(Id),
    Fail(Id, &'static str),
    Deactivate(Id),
    /// Meeting and bridge.
    Correlate(Id, usize),
}

#[derive(Debug)]
pub(crate) struct Timer {
    at_ms: i64,
    seq: u64,
    due: Due,
}

impl Timer {
    pub(super) fn is(&self, due: Due) -> bool {
        self.due == due
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
    pub(super) fn schedule(&mut self, at_ms: i64, due: Due) {
        let seq = self.next_seq();
        self.timers.push(Timer { at_ms, seq, due });
    }

    /// Does everything that is due by `now_ms`.
    pub(crate) fn tick(&mut self, now_ms: i64) {
        while self.timers.peek().is_some_and(|t| t.at_ms <= now_ms) {
            let Some(timer) = self.timers.pop() else {
                return;
            };
            match timer.due {
                Due::Ring(id) => self.ring(id),
                Due::Answer(id) => self.answer(id, now_ms),
                Due::Fail(id, reason) => self.fail(id, reason, now_ms),
                Due::Deactivate(meeting) => self.deactivate(meeting, now_ms),
                Due::Correlate(meeting, bridge) => self.correlate(meeting, bridge),
            }
        }
    }

    fn fail(&mut self, participant: Id, reason: &'static str, now_ms: i64) {
        let unanswered = self.participants.get(&participant).is_some_and(|p| !p.is_connected());
        if unanswered {
            // Existence was just checked.
            let _ = self.leave(participant, reason, now_ms);
        }
    }
}
