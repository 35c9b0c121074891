//! What is said of the bridge: its state, since when, what is wrong, and whether its answers are of any use. Asks nothing.

use std::time::Instant;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::rest::client::AskError;
use crate::cms::rest::request::Ask;
use crate::model::{BridgeName, BridgeState, Fault};
use crate::store::Store;

/// The bridge answers, but calls, people or legs can't be read from its answers.
#[derive(Debug)]
pub(super) struct Complaint {
    since: Instant,
    error: AskError,
    /// The list of calls itself can't be read: no other answer makes up for that.
    calls: bool,
}

impl Bridge {
    pub(super) fn check_silence(&mut self, now: Now) {
        let limit = self.timing.silent_after;
        self.store.put_bridge(&self.name, |bridge| {
            bridge.silent = bridge.answered.is_some_and(|(at, _)| now.instant.duration_since(at) >= limit);
        });
        self.timers.set(Due::Silence, now.instant + limit / 5);
        self.judge_answers(now);
    }

    /// Notes an answer that could not be used. True when the bridge was down for that and still is.
    pub(super) fn complain(&mut self, ask: &Ask, error: &AskError, now: Now) -> bool {
        if !is_essential(ask) || !is_useless(error) {
            return false;
        }
        let calls = matches!(ask, Ask::Calls(_));
        let complaint = self.link.complaint.get_or_insert_with(|| Complaint { since: now.instant, error: error.clone(), calls });
        complaint.calls |= calls;
        complaint.error = error.clone();
        self.link.unreadable && self.link.is_up()
    }

    /// Notes an answer that could be used.
    pub(super) fn praise(&mut self, ask: &Ask, now: Now) {
        let calls = matches!(ask, Ask::Calls(_));
        if is_essential(ask) {
            self.link.complaint.take_if(|complaint| calls || !complaint.calls);
        }
        if calls {
            self.calls_readable(now);
        }
    }

    /// A bridge of which nothing could be read for as long as makes one silent is as good as unreachable, however busily it answers.
    fn judge_answers(&mut self, now: Now) {
        let long = |complaint: &&Complaint| now.instant.duration_since(complaint.since) >= self.timing.silent_after;
        let error = self.link.complaint.as_ref().filter(long).map(|complaint| complaint.error.clone());
        if let Some(error) = error.filter(|_| self.link.is_up()) {
            self.go_down(&error, now);
        }
    }

    /// Enters a state; keeps its beginning when it was entered before.
    pub(super) fn state(&mut self, state: BridgeState, trouble: Option<Fault>) {
        let now = Now::read();
        self.store.put_bridge(&self.name, |bridge| {
            if bridge.state != state {
                bridge.state = state;
                bridge.since = now.unix_ms;
            }
            bridge.trouble = trouble;
        });
    }

    /// All its calls were read since it was last reached.
    pub(super) fn is_read(&self) -> bool {
        self.link.calls_read && self.calls.values().all(super::CallWork::is_settled)
    }

    /// What the bridge is, judged by what has been read and which sockets are open.
    pub(super) fn judge_state(&mut self) {
        if !self.link.is_up() {
            return;
        }
        let read = self.is_read();
        if read {
            self.queue.end_hurry();
        }
        let open = !self.is_blind();
        let (polled, short) = (self.plan.polled(self.calls.len()), self.plan.is_short());
        self.store.put_bridge(&self.name, |bridge| (bridge.polled_calls, bridge.short_events) = (polled, short));
        let standing = self.store.with_bridge(&self.name, |bridge| (bridge.state, bridge.trouble.clone()));
        match standing {
            _ if read && open => self.state(BridgeState::Live, None),
            // A bridge that could not be read is only back when its calls were.
            _ if self.link.unreadable => {}
            // A trouble with the events stays said until they are back.
            Some((BridgeState::Polling, _)) => {}
            Some((state, trouble)) if read && trouble.is_some() && state != BridgeState::Refused => {
                self.state(BridgeState::Polling, trouble)
            }
            _ => {}
        }
    }
}

/// What the page can't be true without; labels, the version and tokens are not.
fn is_essential(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::Calls(_)
            | Ask::Call(_)
            | Ask::Roster(..)
            | Ask::CallLegs(..)
            | Ask::Person(_)
            | Ask::Legs(_)
            | Ask::LegsByFilter(_)
            | Ask::Leg(_)
    )
}

fn is_useless(error: &AskError) -> bool {
    match error {
        AskError::Busy { .. } | AskError::Garbled(_) | AskError::Forbidden => true,
        AskError::Refused { status, .. } => *status >= 500,
        AskError::Unauthorized
        | AskError::Gone(_)
        | AskError::TimedOut(_)
        | AskError::Unreachable(_)
        | AskError::Closed { .. }
        | AskError::Untrusted(_)
        | AskError::Withheld(_)
        | AskError::Withdrawn => false,
    }
}

/// What is shown of a bridge whose actor failed, until another one has taken over.
pub(in crate::cms) fn say_failed(store: &Store, name: &BridgeName) {
    store.put_bridge(name, |bridge| {
        (bridge.state, bridge.since) = (BridgeState::Unreachable, Now::read().unix_ms);
        bridge.trouble = Some(Fault { code: "failed".into(), what: "Usher failed while following this bridge and starts again".into() });
    });
}

pub(super) fn trouble(error: &AskError) -> Fault {
    let code = match error {
        AskError::Unauthorized => "credentials_refused",
        AskError::Forbidden => "forbidden",
        AskError::TimedOut(_) => "timed_out",
        AskError::Unreachable(_) | AskError::Closed { .. } => "unreachable",
        AskError::Untrusted(_) => "certificate",
        AskError::Busy { .. } => "busy",
        AskError::Gone(_) | AskError::Refused { .. } | AskError::Garbled(_) | AskError::Withheld(_) | AskError::Withdrawn => {
            "unexpected_answer"
        }
    };
    Fault { code: code.into(), what: error.to_string().into() }
}
