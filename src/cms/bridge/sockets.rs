//! Keeping the events sockets open and subscribed: tokens, connections, sets of subscriptions and their acknowledgement. Reads no news
//! (`events`).

use std::time::Duration;

use tracing::warn;

use super::link::backoff;
use super::standing::trouble;
use super::{Bridge, Due, Socket};
use crate::clock::Now;
use crate::cms::events::protocol;
use crate::cms::events::socket::Session;
use crate::cms::events::subscriptions::{SocketId, Verdict};
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::config::Secret;
use crate::model::{BridgeState, CallId, Fault};

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
            AskError::Forbidden | AskError::Unauthorized => Fault { code: "events_not_permitted".into(), what: error.to_string().into() },
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
    pub(super) fn next_pause(&mut self, socket: SocketId, now: Now) -> Duration {
        let (min, max) = (self.timing.reconnect_min, self.timing.reconnect_max);
        let entry = self.sockets.entry(socket).or_default();
        if entry.opened.is_some_and(|at| now.instant.duration_since(at) >= max) {
            entry.attempts = 0;
        }
        backoff(min, max, entry.attempts)
    }

    /// Tries again after the pause; meanwhile everything is read by REST, and the page says so.
    pub(super) fn without_events(&mut self, socket: SocketId, trouble: Fault, pause: Duration, now: Now) {
        self.timers.cancel(&Due::AckTimeout(socket));
        self.timers.cancel(&Due::Pulse(socket));
        if self.do_without(socket, &trouble, now) {
            return;
        }
        self.forget_evidence(socket);
        let entry = self.sockets.entry(socket).or_default();
        *entry = Socket { generation: entry.generation, attempts: entry.attempts.saturating_add(1), ..Socket::default() };
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
            self.without_events(socket, Fault { code: "events_lost".into(), what: why.into() }, pause, now);
        }
    }

    /// Something that should be pushed is not, at the moment.
    pub(super) fn is_blind(&self) -> bool {
        self.plan.sockets().any(|id| !self.tells(id))
    }

    /// Events did not come: not merely before the first attempt has ended.
    pub(super) fn lost_events(&self) -> bool {
        let lost = |socket: &Socket| socket.attempts > 0 || socket.unanswering;
        self.plan.sockets().any(|id| !self.tells(id) && self.sockets.get(&id).is_some_and(lost))
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
            self.timers.cancel(&Due::Pulse(*id));
        }
    }

    /// A call is to be followed: its socket's set changes soon, together with what else changes until then.
    pub(super) fn follow_call(&mut self, call: &CallId, now: Now) {
        match self.plan.add(call) {
            Some(socket) => self.set_changed(socket, now),
            None if self.plan.is_refused(call) => self.poll_what_is_not_pushed(now),
            None => {}
        }
    }

    pub(super) fn unfollow_call(&mut self, call: &CallId, now: Now) {
        if let Some(socket) = self.plan.remove(call) {
            self.set_changed(socket, now);
        }
    }

    pub(super) fn set_changed(&mut self, socket: SocketId, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        if entry.doubted.is_some() {
            // It is asked for again soon, and not before it is known which of its calls have ended.
            return;
        }
        if entry.open {
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
        let indexes: Vec<i64> = set.iter().map(|subscription| subscription.index).collect();
        entry.message_id += 1;
        entry.stale = false;
        entry.repeats = self.plan.has_all(socket, &indexes);
        entry.asked = Some((entry.message_id, indexes));
        let timeout = entry.pulse.as_mut().map_or(self.timing.ack_timeout, |pulse| {
            pulse.asked(now.instant);
            pulse.ack_timeout(&self.timing)
        });
        let sent = entry.session.as_ref().is_some_and(|session| session.send(protocol::subscribe_request(entry.message_id, &set)));
        if sent {
            self.timers.set(Due::AckTimeout(socket), now.instant + timeout);
        } else {
            self.drop_session(socket, "the socket takes no request", now);
        }
    }

    pub(super) fn take_ack(&mut self, socket: SocketId, message_id: Option<i64>, success: bool, status: &str, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        // One request is under way at a time, so an ack without a readable number can only mean that one.
        let Some((_, set)) = entry.asked.take_if(|(asked, _)| message_id.is_none_or(|id| id == *asked)) else { return };
        let (stale, repeats) = (entry.stale, std::mem::take(&mut entry.repeats));
        if let Some(pulse) = &mut entry.pulse {
            pulse.acknowledged(now.instant);
        }
        self.timers.cancel(&Due::AckTimeout(socket));
        if repeats {
            // Whatever was said, the socket speaks.
            self.repeat_answered();
            if stale {
                self.subscribe(socket, now);
            }
            return;
        }
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
                if stale || self.plan.differs(socket, &set) {
                    self.subscribe(socket, now);
                }
                self.spread_subscriptions(now);
            }
            Verdict::AskLater => {
                entry.doubted = Some(now.instant);
                self.timers.set(Due::Subscribe(socket), now.instant + self.timing.second_look);
            }
            Verdict::AskAgain => {
                self.subscribe(socket, now);
                self.spread_subscriptions(now);
            }
            Verdict::GiveUp => {
                let what = format!("the bridge refused the subscriptions ({status})");
                let pause = backoff(self.timing.reconnect_min, self.timing.reconnect_max, u32::MAX);
                self.without_events(socket, Fault { code: "events_refused".into(), what: what.into() }, pause, now);
            }
        }
        self.judge_state();
    }

    /// What had no room goes to further sockets, and the rest to REST.
    fn spread_subscriptions(&mut self, now: Now) {
        for further in self.plan.spread() {
            self.set_changed(further, now);
        }
        self.poll_what_is_not_pushed(now);
    }

    /// Calls of which something is not pushed are read by REST from here on, and what was refused is tried again.
    pub(super) fn poll_what_is_not_pushed(&mut self, now: Now) {
        if self.plan.pushes_everything() {
            return;
        }
        for call in self.calls.keys().filter(|call| self.is_polled(call)).cloned().collect::<Vec<_>>() {
            self.timers.sooner(Due::SweepRoster(call), now.instant + self.timing.second_look);
        }
        if self.plan.refused().next().is_some() {
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
