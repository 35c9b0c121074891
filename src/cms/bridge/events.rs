//! What the events sockets say. Derives no lobby state: no event carries it (events.md section 5.4).

use tracing::{debug, info};

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::events::protocol::{Body, Frame, SubscriptionState, Update};
use crate::cms::events::socket::{News, Report};
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::pulse::Pulse;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::model::{CallFacts, CallId, Fault, LegState, Lobby, RosterPatch, leg_state};

impl Bridge {
    pub(super) fn take_report(&mut self, report: Report) {
        let current = self.sockets.get(&report.socket).and_then(|entry| entry.session.as_ref()).map(|session| session.generation);
        if current != Some(report.generation) {
            return;
        }
        let now = Now::read();
        match report.news {
            News::Open => self.opened(report.socket, now),
            News::Frame(frame) => self.take_frame(report.socket, *frame, now),
            News::Closed(reason) => {
                info!(bridge = %self.name, socket = report.socket, %reason, "events socket closed");
                let pause = self.next_pause(report.socket, now);
                self.without_events(report.socket, Fault { code: "events_lost".into(), what: reason.into() }, pause, now);
            }
        }
    }

    fn opened(&mut self, socket: SocketId, now: Now) {
        let again = {
            let entry = self.sockets.entry(socket).or_default();
            entry.open = true;
            entry.opened = Some(now.instant);
            entry.pulse = Some(Pulse::new(now.instant));
            entry.generation > 1
        };
        self.forget_evidence(socket);
        self.timers.set(Due::Pulse(socket), now.instant + self.timing.doubt);
        for changed in self.plan.reconnected(socket) {
            self.set_changed(changed, now);
        }
        self.subscribe(socket, now);
        // There is no replay: what happened in between is only to be had by REST.
        if again {
            self.resync(now);
        }
    }

    fn take_frame(&mut self, socket: SocketId, frame: Frame, now: Now) {
        self.counters.events.increment(1);
        if let Some(pulse) = self.sockets.get_mut(&socket).and_then(|entry| entry.pulse.as_mut()) {
            pulse.heard(now.instant);
        }
        if frame.skipped > 0 {
            self.counters.skipped.increment(frame.skipped as u64);
        }
        if frame.damaged {
            self.frame_damaged(socket, &frame.body, now);
        }
        self.heard(now);
        self.no_longer_pending(socket, &frame.body);
        match frame.body {
            Body::Ack { message_id, success, status } => self.take_ack(socket, message_id, success, &status, now),
            Body::Subscriptions(states) => states.iter().for_each(|state| self.take_subscription(socket, state, now)),
            Body::Calls { index, updates } if self.is_about(socket, index, &Topic::Calls) => {
                updates.into_iter().for_each(|update| self.take_call_update(update, now));
            }
            Body::Roster { index, updates } => {
                let topic = index.and_then(|index| self.plan.topic(socket, index)).cloned();
                if let Some(Topic::Roster(call)) = topic {
                    updates.into_iter().for_each(|update| self.take_roster_update(&call, update, now));
                }
            }
            Body::Calls { .. } | Body::CallInfo { .. } => {}
            Body::Unknown(kind) => debug!(bridge = %self.name, kind, "unknown event"),
        }
    }

    /// Some bridges might leave the index of the one list of calls out.
    fn is_about(&self, socket: SocketId, index: Option<i64>, topic: &Topic) -> bool {
        index.is_none_or(|index| self.plan.topic(socket, index) == Some(topic))
    }

    /// `deactivated` on a call's roster means that the call ended, or that it won't be pushed any more: REST tells which.
    fn take_subscription(&mut self, socket: SocketId, state: &SubscriptionState, now: Now) {
        let Some(index) = state.index else { return };
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if state.state.as_deref() == Some("pending") {
            entry.pending.entry(index).or_insert(now.instant);
            return self.timers.sooner(Due::Pending(socket), now.instant + self.timing.ack_timeout);
        }
        entry.pending.remove(&index);
        if state.state.as_deref() != Some("deactivated") {
            return;
        }
        match self.plan.topic(socket, index).cloned() {
            Some(Topic::Roster(call)) => {
                self.ask(Lane::Arrival, Ask::Call(call.clone()));
                self.pushed_no_longer(socket, &call, now);
            }
            Some(Topic::Calls) => self.drop_session(socket, "the list of calls is pushed no longer", now),
            None => {}
        }
    }

    /// What tells something is pushed.
    fn no_longer_pending(&mut self, socket: SocketId, body: &Body) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        match body.index() {
            Some(index) => drop(entry.pending.remove(&index)),
            // Some bridges might leave the index of the one list of calls out.
            None if matches!(body, Body::Calls { .. }) => {
                entry.pending.retain(|index, _| self.plan.topic(socket, *index) != Some(&Topic::Calls));
            }
            None => {}
        }
    }

    /// What was accepted and stays pending is not pushed, whatever the acknowledgement said.
    pub(super) fn judge_pending(&mut self, socket: SocketId, now: Now) {
        let patience = self.timing.ack_timeout;
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        let overdue: Vec<i64> = entry.pending.extract_if(|_, since| *since + patience <= now.instant).map(|(index, _)| index).collect();
        if let Some(first) = entry.pending.values().min() {
            self.timers.set(Due::Pending(socket), *first + patience);
        }
        for index in overdue {
            match self.plan.topic(socket, index).cloned() {
                Some(Topic::Calls) => return self.drop_session(socket, "the list of calls stayed pending", now),
                Some(Topic::Roster(call)) => self.pushed_no_longer(socket, &call, now),
                None => {}
            }
        }
    }

    /// A roster is read by REST from here on, and asked for again later.
    pub(super) fn pushed_no_longer(&mut self, socket: SocketId, call: &CallId, now: Now) {
        self.plan.deactivated(call);
        self.set_changed(socket, now);
        self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + self.timing.poll_roster);
        self.timers.sooner(Due::RetryRefused, now.instant + self.timing.retry_refused);
    }

    fn take_call_update(&mut self, update: Update, now: Now) {
        let Some(call) = update.call.clone() else { return };
        self.repairs.call_told(&call);
        self.vitals.evidence.told(&Topic::Calls, &call, now.instant);
        if update.update_type.as_deref() == Some("remove") {
            return self.end_call(&call, now);
        }
        if update.update_type.as_deref() == Some("add") {
            self.ended.remove(&call);
        } else if !self.calls.contains_key(&call) {
            // Only an `add` says that a call is there; about anything else REST is asked once.
            if is_known(&update) && !self.ended.contains_key(&call) {
                self.ask(Lane::Arrival, Ask::Call(call));
            }
            return;
        }
        let key = self.key(&call);
        let locked_before = self.store.with_call(&key, |call| call.facts.locked).flatten();
        self.meet_call(&call, Lane::Arrival, now);
        if let Some(work) = self.calls.get_mut(&call) {
            work.told = Some(now.instant);
            // A count that changes with everybody who comes is no fact of the call's.
            if update.name.is_some() || update.lock_state.is_some() || update.recording.is_some() || update.streaming.is_some() {
                work.facts_at = Some(now.instant);
            }
        }
        self.store.put_call(&key, |facts| apply_call(facts, &update));
        let locked = self.store.with_call(&key, |call| call.facts.locked).flatten();
        if locked_before.is_some() && locked != locked_before {
            self.suspect_call(&call, true, now);
        }
    }

    fn take_roster_update(&mut self, call: &CallId, update: Update, now: Now) {
        let Some(person) = update.participant.clone() else { return };
        self.repairs.person_told(call, &person);
        self.vitals.evidence.told(&Topic::Roster(call.clone()), &person, now.instant);
        if update.update_type.as_deref() == Some("remove") {
            return self.person_left(call, &person, now);
        }
        if update.update_type.as_deref() == Some("add") {
            self.removed.remove(&person);
        } else if !self.store.with_call(&self.key(call), |call| call.roster.contains(&person)).unwrap_or(false) {
            // An update for an unknown participant can happen: it is read by REST (events.md section 6.1).
            if is_known(&update) && !self.removed.contains_key(&person) {
                self.ask(Lane::Arrival, Ask::Person(person));
            }
            return;
        }
        let patch = RosterPatch {
            name: update.name.clone(),
            address: update.uri.clone(),
            state: update.state.as_deref().map(leg_state),
            muted: update.audio_muted,
            presenter: update.presenter,
        };
        let connects = update.update_type.as_deref() == Some("update") && patch.state == Some(LegState::Connected);
        self.person_listed(call, &person, patch, now);
        // Where who waits is not listed as connected, this is how an admission shows.
        if connects && self.store.with_person(&person, |person| person.lobby.state == Lobby::Waiting).unwrap_or(false) {
            self.find_home(&person, now);
        }
    }
}

/// An update without a kind is taken as one that changes.
fn is_known(update: &Update) -> bool {
    matches!(update.update_type.as_deref(), None | Some("add" | "update"))
}

fn apply_call(facts: &mut CallFacts, update: &Update) {
    if let Some(name) = &update.name {
        facts.name = name.clone();
    }
    if let Some(correlator) = update.call_correlator.as_ref().filter(|correlator| !correlator.is_empty()) {
        facts.correlator = Some(correlator.clone());
    }
    if let Some(word) = &update.lock_state {
        facts.locked = Some(word == "locked");
    }
    if let Some(word) = &update.recording {
        facts.recording = word == "active" || word == "true";
    }
    if let Some(word) = &update.streaming {
        facts.streaming = word == "active" || word == "true";
    }
}
