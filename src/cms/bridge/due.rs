//! What a bridge's actor does when its time has come, and the small work that belongs to no other room.

use std::time::Instant;

use tracing::debug;

use super::Bridge;
use crate::clock::Now;
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::missed_events::Found;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::model::{CallId, LegId, ParticipantId};

/// Each of these legs that is forgotten too early costs one request.
const MOST_NO_PERSONS: usize = 10_000;

/// Work that becomes due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Due {
    /// Ask for a sign of life.
    Heartbeat,
    /// Try an unreachable bridge again.
    Probe,
    /// Check how long the bridge has been silent.
    Silence,
    Connect(SocketId),
    Subscribe(SocketId),
    AckTimeout(SocketId),
    /// A subscription has been pending for too long, unless it became active.
    Pending(SocketId),
    /// See whether a socket lives.
    Pulse(SocketId),
    /// Counters moved after the sockets had last been heard at this time; have they told why?
    Moved(Instant),
    SweepCalls,
    SweepRoster(CallId),
    /// A frame about this was damaged.
    Renew(Topic),
    /// Read a call's legs again after a join, leave or lock change.
    Recheck(CallId, usize),
    /// Read those who may have moved together with somebody.
    Others(CallId),
    /// Who came to a call is known by now to wait, or may have let others in.
    Arrived(CallId),
    /// What reading again found, and nothing has told of since, counts as a repair.
    Repairs,
    /// Who was there before a subscription began must be on its first list by now.
    FirstList(SocketId),
    /// Read a person's legs again.
    LookAt(ParticipantId),
    /// Nobody said where this person is hosted, or they have been ringing for a while.
    Orphan(ParticipantId),
    /// The question whether this person is there was not answered.
    AskAgain(ParticipantId),
    RetryRefused,
    /// A record told of a leg that nothing else knows.
    Stray(LegId),
    /// A lobby change was read; had a record told of it since the reading before?
    Proof {
        leg: LegId,
        waiting: bool,
        since: Instant,
    },
    /// Records are missing.
    ReadAgain,
    /// See that this bridge sends its records to Usher.
    Register,
    Tidy,
    /// Count what administrators see.
    Figures,
}

impl Bridge {
    pub(super) fn take_due(&mut self, due: Due, now: Now) {
        match due {
            Due::Heartbeat => self.heartbeat(now),
            Due::Probe => self.probe(),
            Due::Silence => self.check_silence(now),
            Due::Connect(socket) => self.request_token(socket),
            Due::Subscribe(socket) => self.subscribe(socket, now),
            Due::AckTimeout(socket) => self.ack_overdue(socket, now),
            Due::Pending(socket) => self.judge_pending(socket, now),
            Due::Pulse(socket) => self.feel(socket, now),
            Due::Moved(since) => self.counters_moved(since, now),
            Due::SweepCalls => self.sweep_calls(Lane::InCall, now),
            Due::SweepRoster(call) => self.sweep_roster(&call, now),
            Due::Renew(topic) => self.renew(topic, now),
            Due::Repairs => self.count_repairs(now),
            Due::FirstList(socket) => self.compare_first_lists(socket, now),
            Due::Recheck(call, n) => self.recheck(&call, n, now),
            Due::Others(call) => self.read_others(&call, now),
            Due::Arrived(call) => self.judge_arrivals(&call, now),
            Due::LookAt(person) => self.look_at(&person),
            Due::AskAgain(person) => self.ask(Lane::InCall, Ask::Person(person)),
            Due::Orphan(person) => self.look_for_orphan(&person, now),
            Due::RetryRefused => self.retry_refused(now),
            Due::Stray(leg) => self.look_for_stray(leg),
            Due::Proof { leg, waiting, since } => self.prove(&leg, waiting, since, now),
            Due::ReadAgain => self.read_again(now),
            Due::Register => self.look_at_receivers(),
            Due::Tidy => self.tidy(now),
            Due::Figures => self.count_figures(now),
        }
    }

    /// Reading again brought something to light. Where nothing is pushed, that is how changes are found, and no repair.
    pub(super) fn found(&mut self, found: Found, now: Now) {
        if !self.is_blind() && self.link.calls_read {
            self.repairs.found(found, now.instant);
            self.timers.sooner(Due::Repairs, now.instant + self.timing.silent_after);
        }
    }

    fn count_repairs(&mut self, now: Now) {
        for found in self.repairs.take_untold(now.instant, self.timing.silent_after) {
            debug!(bridge = %self.name, ?found, "nothing told of this");
            self.counters.repaired(&self.name, found.what());
        }
        if !self.repairs.is_empty() {
            self.timers.set(Due::Repairs, now.instant + self.timing.silent_after);
        }
    }

    /// Forgets tombstones that have served, and legs that were nobody's and may have ended since.
    fn tidy(&mut self, now: Now) {
        let keep = self.timing.tombstone;
        if self.no_persons.len() > MOST_NO_PERSONS {
            self.no_persons.clear();
        }
        self.removed.retain(|_, at| now.instant.duration_since(*at) < keep);
        self.ended.retain(|_, at| now.instant.duration_since(*at) < keep);
        self.renewals.tidy(now.instant);
        self.timers.set(Due::Tidy, now.instant + keep);
    }
}
