//! What the events sockets say, and keeping them open and subscribed. Derives no lobby state: no event carries it (events.md section 5.4).

use std::time::Duration;

use tracing::{debug, info, warn};

use super::link::backoff;
use super::standing::trouble;
use super::{Bridge, Due, Socket};
use crate::clock::Now;
use crate::cms::ask::Ask;
use crate::cms::client::AskError;
use crate::cms::queue::Lane;
use crate::cms::session::{News, Report, Session};
use crate::cms::subscriptions::{SocketId, Topic, Verdict};
use crate::cms::wire::{self, Body, Frame, SubscriptionState, Update};
use crate::config::Secret;
use crate::model::{BridgeState, CallFacts, CallId, LegState, Lobby, RosterPatch, Trouble, leg_state};

/// Keeping sockets open.
impl Bridge {
    pub(super) fn connect_soon(&mut self, socket: SocketId, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        if entry.session.is_none() && !entry.connecting {
            self.timers.sooner(Due::Connect(socket), now.instant);
        }
    }

    /// A token is fetched right before each connect and used once.
    pub(super) fn request_token(&mut self, socket: SocketId) {
        let due = self.link.is_up();
        if let Some(entry) = self.sockets.get_mut(&socket).filter(|entry| due && entry.session.is_none() && !entry.connecting) {
            entry.connecting = true;
            self.ask(Lane::Action, Ask::Token(socket));
        }
    }

    pub(super) fn token_failed(&mut self, socket: SocketId, error: &AskError, now: Now) {
        warn!(bridge = %self.name, %error, "no token for events");
        let trouble = match error {
            AskError::Forbidden | AskError::Unauthorized => Trouble { code: "events_not_permitted".into(), what: error.to_string().into() },
            error => trouble(error),
        };
        // The same credentials have just been good for other requests: this user may not follow events (events.md section 9).
        let forbidden = matches!(error, AskError::Forbidden | AskError::Unauthorized);
        let pause = if forbidden { self.timing.retry_forbidden } else { self.next_pause(socket, now) };
        self.without_events(socket, trouble, pause, now);
    }

    pub(super) fn open_session(&mut self, socket: SocketId, token: Secret) {
        if !self.link.is_up() {
            return;
        }
        let (tracker, endpoint, reports) = (self.tracker.clone(), self.endpoint.clone(), self.reports.clone());
        let entry = self.sockets.entry(socket).or_default();
        let generation = entry.generation + 1;
        let session = Session::spawn(&tracker, endpoint, token, socket, generation, reports);
        *entry = Socket { session: Some(session), generation, attempts: entry.attempts, ..Socket::default() };
    }

    /// Only a socket that has held for as long as the longest pause begins anew: one that breaks with its first message is tried less and
    /// less often, since each connection costs a token and a reading of everything.
    fn next_pause(&mut self, socket: SocketId, now: Now) -> Duration {
        let (min, max) = (self.timing.reconnect_min, self.timing.reconnect_max);
        let entry = self.sockets.entry(socket).or_default();
        if entry.opened.is_some_and(|at| now.instant.duration_since(at) >= max) {
            entry.attempts = 0;
        }
        backoff(min, max, entry.attempts)
    }

    /// Reconnects after the pause; meanwhile everything is read by REST, and the page says so.
    fn without_events(&mut self, socket: SocketId, trouble: Trouble, pause: Duration, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        *entry = Socket { generation: entry.generation, attempts: entry.attempts.saturating_add(1), ..Socket::default() };
        self.timers.cancel(&Due::AckTimeout(socket));
        self.timers.cancel(&Due::Pending(socket));
        self.timers.cancel(&Due::Subscribe(socket));
        self.timers.set(Due::Connect(socket), now.instant + pause);
        if self.link.is_up() && !self.link.unreadable {
            // Who was not read yet is not known yet, whatever the events do: it is polled once that is over.
            let begins =
                !self.is_read() && self.store.with_bridge(&self.name, |bridge| bridge.state == BridgeState::Connecting).unwrap_or(false);
            self.state(if begins { BridgeState::Connecting } else { BridgeState::Polling }, Some(trouble));
            self.timers.sooner(Due::SweepCalls, now.instant + self.timing.poll_roster);
            for call in self.calls.keys() {
                self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + self.timing.poll_roster);
            }
        }
    }

    pub(super) fn drop_session(&mut self, socket: SocketId, why: &str, now: Now) {
        if self.sockets.get(&socket).is_some_and(|entry| entry.session.is_some()) {
            warn!(bridge = %self.name, socket, why, "events socket given up");
            let pause = self.next_pause(socket, now);
            self.without_events(socket, Trouble { code: "events_lost".into(), what: why.into() }, pause, now);
        }
    }

    /// REST shows a change that no event told. Silence alone is normal, but a silent socket that misses changes is dead, whatever TCP says
    /// (events.md section 6.4). An answer may overtake the event of the same change: the socket has a moment to tell it.
    pub(super) fn missed_change(&mut self, socket: SocketId, now: Now) {
        if self.is_silent(socket, now) {
            self.timers.sooner(Due::GiveUp(socket), now.instant + self.timing.second_look);
        }
    }

    pub(super) fn give_up_if_silent(&mut self, socket: SocketId, now: Now) {
        if self.is_silent(socket, now) {
            self.drop_session(socket, "the bridge changed and the events socket said nothing", now);
        }
    }

    fn is_silent(&self, socket: SocketId, now: Now) -> bool {
        self.sockets.get(&socket).is_some_and(|entry| {
            entry.open && entry.heard.is_none_or(|heard| now.instant.duration_since(heard) >= self.timing.silent_after)
        })
    }

    /// Something that should be pushed is not, at the moment.
    pub(super) fn is_blind(&self) -> bool {
        self.plan.sockets().any(|id| !self.sockets.get(&id).is_some_and(|socket| socket.open))
    }

    /// Events did not come: not merely before the first attempt has ended.
    pub(super) fn lost_events(&self) -> bool {
        self.plan.sockets().any(|id| self.sockets.get(&id).is_some_and(|socket| !socket.open && socket.attempts > 0))
    }

    /// Somebody asked to try again: no socket waits any longer for its turn.
    pub(super) fn reconnect_now(&mut self, now: Now) {
        for socket in self.plan.sockets().collect::<Vec<_>>() {
            if self.sockets.get(&socket).is_none_or(|entry| !entry.open) {
                self.timers.set(Due::Connect(socket), now.instant);
            }
        }
    }

    pub(super) fn close_sessions(&mut self) {
        for (id, entry) in &mut self.sockets {
            let generation = entry.generation;
            *entry = Socket { generation, ..Socket::default() };
            self.timers.cancel(&Due::Connect(*id));
            self.timers.cancel(&Due::AckTimeout(*id));
        }
    }

    /// A call is to be followed: its socket's set changes soon, together with what else changes until then.
    pub(super) fn follow_call(&mut self, call: &CallId, now: Now) {
        if let Some(socket) = self.plan.add(call) {
            self.set_changed(socket, now);
        }
    }

    pub(super) fn unfollow_call(&mut self, call: &CallId, now: Now) {
        if let Some(socket) = self.plan.remove(call) {
            self.set_changed(socket, now);
        }
    }

    fn set_changed(&mut self, socket: SocketId, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        if entry.doubted.is_some() {
            // It is asked for again soon, and not before it is known which of its calls have ended.
        } else if entry.open {
            self.timers.sooner(Due::Subscribe(socket), now.instant + self.timing.subscribe_coalesce);
        } else if !self.timers.has(&Due::Connect(socket)) && self.link.is_up() {
            self.connect_soon(socket, now);
        }
    }

    /// Sends the whole set of a socket, one request at a time.
    pub(super) fn subscribe(&mut self, socket: SocketId, now: Now) {
        let set = self.plan.request(socket);
        let Some(entry) = self.sockets.get_mut(&socket).filter(|entry| entry.open) else { return };
        if entry.doubted.is_some_and(|since| !self.link.calls_read && now.instant < since + self.timing.ack_timeout) {
            return self.timers.set(Due::Subscribe(socket), now.instant + self.timing.second_look);
        }
        entry.doubted = None;
        if entry.asked.is_some() {
            entry.stale = true;
            return;
        }
        if set.is_empty() {
            // Nothing to follow here any more; the socket can go.
            let generation = entry.generation;
            *entry = Socket { generation, ..Socket::default() };
            return;
        }
        entry.message_id += 1;
        entry.stale = false;
        entry.asked = Some((entry.message_id, set.iter().map(|subscription| subscription.index).collect()));
        let sent = entry.session.as_ref().is_some_and(|session| session.send(wire::subscribe_request(entry.message_id, &set)));
        if sent {
            self.timers.set(Due::AckTimeout(socket), now.instant + self.timing.ack_timeout);
        } else {
            self.drop_session(socket, "the socket takes no request", now);
        }
    }

    fn take_ack(&mut self, socket: SocketId, message_id: Option<i64>, success: bool, status: &str, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        // One request is under way at a time, so an ack without a readable number can only mean that one.
        let Some((_, set)) = entry.asked.take_if(|(asked, _)| message_id.is_none_or(|id| id == *asked)) else { return };
        let stale = entry.stale;
        self.timers.cancel(&Due::AckTimeout(socket));
        if !success {
            warn!(bridge = %self.name, socket, status, subscriptions = set.len(), "subscribe request refused");
        }
        match self.plan.answered(socket, &set, success) {
            Verdict::Accepted(new) => {
                let entry = self.sockets.entry(socket).or_default();
                entry.begun.extend(new.into_iter().map(|topic| (topic, now.instant)));
                if !entry.begun.is_empty() {
                    self.timers.sooner(Due::FirstList(socket), now.instant + self.timing.second_look);
                }
                if stale {
                    self.subscribe(socket, now);
                }
            }
            Verdict::AskLater => {
                entry.doubted = Some(now.instant);
                self.timers.set(Due::Subscribe(socket), now.instant + self.timing.second_look);
            }
            Verdict::AskAgain => {
                self.read_refused_by_rest(now);
                self.subscribe(socket, now);
            }
            Verdict::GiveUp => {
                let what = format!("the bridge refused the subscriptions ({status})");
                let pause = backoff(self.timing.reconnect_min, self.timing.reconnect_max, u32::MAX);
                self.without_events(socket, Trouble { code: "events_refused".into(), what: what.into() }, pause, now);
            }
        }
        self.judge_state();
    }

    fn read_refused_by_rest(&mut self, now: Now) {
        for call in self.plan.refused().cloned().collect::<Vec<_>>() {
            self.timers.sooner(Due::SweepRoster(call), now.instant);
            self.timers.sooner(Due::RetryRefused, now.instant + self.timing.retry_refused);
        }
    }

    pub(super) fn retry_refused(&mut self, now: Now) {
        if let Some(socket) = self.plan.retry_refused() {
            self.set_changed(socket, now);
        }
        if self.plan.refused().next().is_some() {
            self.timers.set(Due::RetryRefused, now.instant + self.timing.retry_refused);
        }
    }
}

/// What they say.
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
            News::Unreadable => self.counters.unreadable.increment(1),
            News::Closed(reason) => {
                info!(bridge = %self.name, socket = report.socket, %reason, "events socket closed");
                let pause = self.next_pause(report.socket, now);
                self.without_events(report.socket, Trouble { code: "events_lost".into(), what: reason.into() }, pause, now);
            }
        }
    }

    fn opened(&mut self, socket: SocketId, now: Now) {
        let again = {
            let entry = self.sockets.entry(socket).or_default();
            entry.open = true;
            entry.opened = Some(now.instant);
            entry.heard = Some(now.instant);
            entry.generation > 1
        };
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
        if let Some(entry) = self.sockets.get_mut(&socket) {
            entry.heard = Some(now.instant);
        }
        self.counters.skipped.increment(frame.skipped as u64);
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
    fn pushed_no_longer(&mut self, socket: SocketId, call: &CallId, now: Now) {
        self.plan.deactivated(call);
        self.set_changed(socket, now);
        self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + self.timing.poll_roster);
        self.timers.sooner(Due::RetryRefused, now.instant + self.timing.retry_refused);
    }

    fn take_call_update(&mut self, update: Update, now: Now) {
        let Some(call) = update.call.as_ref().map(lower) else { return };
        self.repairs.call_told(&call);
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
        let Some(person) = update.participant.as_ref().map(lower) else { return };
        self.repairs.person_told(call, &person);
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
            name: update.name,
            address: update.uri,
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
        facts.correlator = Some(lower(correlator));
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

/// Ids compare as text, so they are brought to the letter case that REST answers are brought to.
fn lower(id: &std::sync::Arc<str>) -> std::sync::Arc<str> {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) { id.to_ascii_lowercase().into() } else { id.clone() }
}
