//! An administrator's pause: nothing is sent and nothing is open until it is ended, also over a restart. What was read stays, and is old.

use std::sync::Arc;

use tracing::info;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::rest::client::AskError;
use crate::model::{BridgeState, Paused};

impl Bridge {
    pub(super) fn pause(&mut self, by: Arc<str>, now: Now) {
        if self.link.is_paused() {
            return;
        }
        info!(bridge = %self.name, user = %by, "paused: nothing is sent to it any more");
        let paused = Paused { by, since: now.unix_ms };
        self.memory.set_paused(&self.name, Some(&paused));
        self.rest(&paused);
    }

    /// Leaves the bridge alone. A PUT that is under way keeps its answer; nobody else waits for one.
    pub(super) fn rest(&mut self, paused: &Paused) {
        self.link.pause();
        self.timers.cancel(&Due::Probe);
        self.fail_waiters(&AskError::Withheld(reason(&paused.by)));
        self.queue.clear();
        self.forget_reading();
        self.close_sessions();
        self.store.put_bridge(&self.name, |facts| {
            (facts.state, facts.since, facts.trouble) = (BridgeState::Paused, paused.since, None);
            facts.paused_by = Some(paused.by.clone());
        });
    }

    pub(super) fn resume(&mut self) {
        if !self.link.is_paused() {
            return;
        }
        info!(bridge = %self.name, "goes on after a pause");
        self.memory.set_paused(&self.name, None);
        self.queue.clear();
        self.store.put_bridge(&self.name, |facts| facts.paused_by = None);
        self.state(BridgeState::Connecting, None);
        self.set_out();
    }

    /// Why nothing is sent, while the bridge is paused.
    pub(super) fn withheld(&self) -> Option<AskError> {
        let by = self.store.with_bridge(&self.name, |facts| facts.paused_by.clone()).flatten();
        by.filter(|_| self.link.is_paused()).map(|by| AskError::Withheld(reason(&by)))
    }
}

fn reason(by: &str) -> String {
    format!("the bridge is paused by {by}")
}
