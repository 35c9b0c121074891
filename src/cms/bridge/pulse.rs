//! Whether the events sockets live, and what readings show that they should have told. Derives nothing from a counter (rest.md section 11):
//! one that moved makes Usher read.

use std::sync::Arc;
use std::time::Instant;

use tracing::{debug, warn};

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::evidence::{Evidence, Fact, Remedy, Shown};
use crate::cms::pulse::{Advice, Pulse};
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::Status;
use crate::model::{CallFacts, CallId, Fault, ParticipantId};
use crate::store::Listed;

/// So many sockets in a row that answered their first request and no other: this bridge acknowledges no set that it has already.
const UNANSWERED: u32 = 2;

/// What is known of all sockets of the bridge together.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    pub(super) evidence: Evidence,
    /// Sockets given up in a row because a repeated set was not acknowledged.
    unanswered: u32,
    /// The counters of `/system/status`, and when they were read.
    counters: Option<(Counters, Instant)>,
    /// When everything was last read because a socket was in doubt, or a counter moved.
    read: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counters {
    legs_active: Option<u64>,
    legs_completed: Option<u64>,
    next_record: Option<u64>,
}

/// Evidence.
impl Bridge {
    /// A reading showed something that this subscription should have told.
    pub(super) fn shows(&mut self, topic: Topic, subject: &Arc<str>, fact: Fact, now: Now) {
        let Some(socket) = self.teller_of(&topic, fact) else { return };
        debug!(bridge = %self.name, ?topic, %subject, ?fact, "read, and not told");
        self.vitals.evidence.shown(Shown { topic, subject: subject.clone(), fact }, now.instant);
        self.timers.sooner(Due::Pulse(socket), now.instant + self.timing.second_look);
    }

    /// The open socket that has promised to tell this, for so long that what was not on its first list is known to be gone.
    fn teller_of(&self, topic: &Topic, fact: Fact) -> Option<SocketId> {
        let (socket, promised) = match topic {
            Topic::Calls => (0, self.link.calls_read && (matches!(fact, Fact::Listed | Fact::Name) || self.plan.tells_locks())),
            Topic::Roster(call) => {
                (self.plan.socket_of(call)?, self.is_pushed(call) && (fact != Fact::Muted || self.plan.tells_mutes(call)))
            }
        };
        let begins = |entry: &super::Socket| entry.begun.iter().any(|(begun, _)| begun == topic);
        let tells = self.tells(socket) && self.sockets.get(&socket).is_some_and(|entry| !begins(entry));
        (promised && tells).then_some(socket)
    }

    /// What listing somebody changed, where it was a reading that listed them.
    pub(super) fn shows_listing(&mut self, call: &CallId, person: &ParticipantId, listed: Listed, now: Now) {
        let facts = [
            (listed.new_listing, Fact::Listed),
            (listed.renamed && !listed.new_listing, Fact::Name),
            (listed.held && !listed.new_listing, Fact::OnHold),
            (listed.muted && !listed.new_listing, Fact::Muted),
        ];
        for (_, fact) in facts.into_iter().filter(|(changed, _)| *changed) {
            self.shows(Topic::Roster(call.clone()), person, fact, now);
        }
    }

    /// What reading a call changed.
    pub(super) fn shows_call(&mut self, call: &CallId, before: &CallFacts, now: Now) {
        let after = self.store.with_call(&self.key(call), |call| call.facts.clone()).unwrap_or_default();
        let facts = [
            (!before.name.is_empty() && before.name != after.name, Fact::Name),
            (before.locked.is_some() && before.locked != after.locked, Fact::Locked),
            (before.recording != after.recording, Fact::Recording),
            (before.streaming != after.streaming, Fact::Streaming),
        ];
        for (_, fact) in facts.into_iter().filter(|(changed, _)| *changed) {
            self.shows(Topic::Calls, call, fact, now);
        }
    }

    fn is_of(&self, socket: SocketId, topic: &Topic) -> bool {
        match topic {
            Topic::Calls => socket == 0,
            Topic::Roster(call) => self.plan.socket_of(call) == Some(socket),
        }
    }

    /// A connection begins or ends: what it did not tell is read in any case.
    pub(super) fn forget_evidence(&mut self, socket: SocketId) {
        let mut evidence = std::mem::take(&mut self.vitals.evidence);
        evidence.forget(|topic| self.is_of(socket, topic));
        self.vitals.evidence = evidence;
    }
}

/// Signs of life.
impl Bridge {
    /// The socket is open and the bridge has accepted what it is to push there.
    pub(super) fn tells(&self, socket: SocketId) -> bool {
        self.sockets.get(&socket).is_some_and(|entry| entry.open) && self.plan.has_accepted(socket)
    }

    pub(super) fn answers_repeats(&self) -> bool {
        self.vitals.unanswered < UNANSWERED
    }

    pub(super) fn feel(&mut self, socket: SocketId, now: Now) {
        let Some(heard) = self.sockets.get(&socket).and_then(|entry| entry.pulse.as_ref()).map(Pulse::heard_at) else { return };
        let untold = self.vitals.evidence.since(|topic| self.is_of(socket, topic), heard);
        let answers = self.answers_repeats();
        let Some(pulse) = self.sockets.get_mut(&socket).and_then(|entry| entry.pulse.as_mut()) else { return };
        let advice = pulse.judge(now.instant, &self.timing, untold, answers);
        match advice {
            Advice::Wait => {}
            Advice::Ask => self.subscribe(socket, now),
            Advice::Read => self.doubt(socket, now),
            Advice::GiveUp => return self.drop_session(socket, "the bridge changed and the events socket said nothing", now),
        }
        self.remedy_untold(now);
        if let Some(pulse) = self.sockets.get_mut(&socket).and_then(|entry| entry.pulse.as_mut()) {
            let next = pulse.next(now.instant, &self.timing, untold);
            self.timers.set(Due::Pulse(socket), next);
        }
    }

    /// Nothing comes although the socket was asked to speak: what it should tell is read, at once and once for all sockets.
    fn doubt(&mut self, socket: SocketId, now: Now) {
        if let Some(entry) = self.sockets.get_mut(&socket) {
            entry.unanswering = true;
        }
        let recently = self.vitals.read.is_some_and(|at| now.instant < at + self.timing.silent_after);
        if self.link.is_up() && !recently {
            debug!(bridge = %self.name, socket, "events socket does not answer; reading everything");
            self.vitals.read = Some(now.instant);
            self.read_everything(if self.answers_repeats() { Lane::Resync } else { Lane::InCall }, now);
        }
    }

    /// Reads the whole bridge while everything known goes on to count: first calls, then rosters, then legs.
    pub(super) fn read_everything(&mut self, lane: Lane, now: Now) {
        self.sweep_calls(lane, now);
        let calls: Vec<CallId> = self.calls.keys().cloned().collect();
        for call in &calls {
            self.ask(lane, Ask::Call(call.clone()));
        }
        for call in &calls {
            if self.calls.get(call).is_some_and(|work| work.reading.is_none()) {
                self.begin_roster(call, lane, false, now);
            }
        }
        for call in &calls {
            self.recheck_people(call, true, lane);
        }
    }

    /// An acknowledgement is overdue.
    pub(super) fn ack_overdue(&mut self, socket: SocketId, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if !entry.repeats {
            return self.drop_session(socket, "a subscribe request was not acknowledged", now);
        }
        if entry.pulse.as_ref().is_some_and(|pulse| !pulse.is_unanswered()) {
            // It speaks, and says nothing to a set that it has already: it is not asked like this again.
            self.vitals.unanswered = UNANSWERED;
            entry.asked = None;
            if let Some(pulse) = &mut entry.pulse {
                pulse.acknowledged(now.instant);
            }
            return;
        }
        self.vitals.unanswered += 1;
        self.drop_session(socket, "the events socket answers nothing", now);
    }

    pub(super) fn repeat_answered(&mut self) {
        self.vitals.unanswered = 0;
    }

    /// Single subscriptions that told nothing for long, though their socket lives.
    fn remedy_untold(&mut self, now: Now) {
        let mut evidence = std::mem::take(&mut self.vitals.evidence);
        let speaks = |topic: &Topic, since: Instant| {
            let socket = match topic {
                Topic::Calls => Some(0),
                Topic::Roster(call) => self.plan.socket_of(call),
            };
            let pulse = socket.and_then(|socket| self.sockets.get(&socket)?.pulse.as_ref());
            pulse.is_some_and(|pulse| pulse.heard_at() > since)
        };
        let remedies = evidence.take_untold(speaks, self.timing.silent_after, now.instant);
        self.vitals.evidence = evidence;
        for remedy in remedies {
            warn!(bridge = %self.name, ?remedy, "a subscription did not tell what was read");
            match remedy {
                Remedy::Renew(topic) => self.renew(topic, now),
                Remedy::Distrust(Topic::Calls) => self.drop_session(0, "the list of calls does not tell what changes", now),
                Remedy::Distrust(Topic::Roster(call)) => {
                    if let Some(socket) = self.plan.socket_of(&call) {
                        self.pushed_no_longer(socket, &call, now);
                    }
                }
                Remedy::Ignore(_) => {}
            }
        }
    }
}

/// Counters.
impl Bridge {
    /// Some socket has said nothing for a while: the counters are worth a look.
    pub(super) fn is_quiet(&self, now: Now) -> bool {
        let quiet = |entry: &super::Socket| entry.pulse.as_ref().is_some_and(|pulse| pulse.is_quiet(now.instant, &self.timing));
        self.sockets.values().any(quiet)
    }

    /// Legs that came or went without a word of any socket make Usher read, once an event has had the time to tell.
    pub(super) fn compare_counters(&mut self, status: &Status, now: Now) {
        let Status { legs_active, legs_completed, next_record, .. } = *status;
        let counters = Counters { legs_active, legs_completed, next_record };
        let Some((before, at)) = self.vitals.counters.replace((counters, now.instant)) else { return };
        let legs = (before.legs_active, before.legs_completed) != (legs_active, legs_completed);
        let unanswered = |entry: &super::Socket| entry.pulse.as_ref().is_some_and(Pulse::is_unanswered);
        // A record is made of much that no event tells.
        let records = before.next_record != next_record && (!self.answers_repeats() || self.sockets.values().any(unanswered));
        if (legs || records) && self.is_silent_since(at) {
            self.timers.sooner(Due::Moved(at), now.instant + self.timing.second_look);
        }
    }

    fn is_silent_since(&self, at: Instant) -> bool {
        let heard = |entry: &super::Socket| entry.pulse.as_ref().is_some_and(|pulse| pulse.heard_at() > at);
        self.link.calls_read && !self.sockets.values().any(heard)
    }

    pub(super) fn counters_moved(&mut self, at: Instant, now: Now) {
        let recently = self.vitals.read.is_some_and(|read| now.instant < read + self.timing.silent_after);
        if !self.link.is_up() || recently || !self.is_silent_since(at) {
            return;
        }
        self.vitals.read = Some(now.instant);
        self.sweep_calls(Lane::Suspected, now);
        for call in self.calls.keys().cloned().collect::<Vec<_>>() {
            if self.calls.get(&call).is_some_and(|work| work.reading.is_none()) {
                self.begin_roster(&call, Lane::Suspected, false, now);
            }
        }
    }

    /// A further socket that a bridge's own limit asked for, and that comes to nothing, is done without.
    pub(super) fn do_without(&mut self, socket: SocketId, trouble: &Fault, now: Now) -> bool {
        let does = self.plan.does_without(socket);
        if does {
            debug!(bridge = %self.name, socket, what = %trouble.what, "no further events socket");
            let generation = self.sockets.get(&socket).map_or(0, |entry| entry.generation);
            self.sockets.insert(socket, super::Socket { generation, ..super::Socket::default() });
            self.poll_what_is_not_pushed(now);
            self.judge_state();
        }
        does
    }
}
