//! Is the bridge there, does it believe us, how old is what it said. Reads no calls.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rand::Rng;
use tracing::{info, warn};

use super::calls::CallWork;
use super::labels::Labels;
use super::standing::{Complaint, trouble};
use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::rest::client::AskError;
use crate::cms::rest::mutation::Change;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::{BridgeItem, Page, Status};
use crate::cms::version::{admits, sends_back};
use crate::model::{BridgeState, Fault};

/// After so many failures in a row, without any answer between them, the bridge is unreachable.
const FAILURES: u32 = 3;

/// How often one request is repeated because the bridge is busy.
const REPEATS: u32 = 10;

/// A `Retry-After` beyond this is not believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whether requests may be sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// One probe is under way or due.
    Probing,
    Up,
    /// Waiting for the next probe.
    Down,
    /// The credentials were refused; nothing is sent until somebody asks for it.
    Refused,
    /// An administrator wants it left alone.
    Paused,
}

#[derive(Debug)]
pub(super) struct Link {
    phase: Phase,
    failures: u32,
    attempts: u32,
    last_asked: Instant,
    /// When the version was asked for last.
    status_read: Instant,
    /// Requests that met a busy bridge, and how often.
    repeats: HashMap<Ask, u32>,
    /// The list of calls was read completely since the bridge was last up.
    pub(super) calls_read: bool,
    pub(super) complaint: Option<Complaint>,
    /// The bridge answered, but nothing that could be used: it is back only when its calls could be read.
    pub(super) unreadable: bool,
    /// It refused to put somebody back into the lobby; asked again after its next start.
    refuses_send_back: bool,
}

impl Link {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Probing,
            failures: 0,
            attempts: 0,
            last_asked: now,
            status_read: now,
            repeats: HashMap::new(),
            calls_read: false,
            complaint: None,
            unreadable: false,
            refuses_send_back: false,
        }
    }

    pub(super) fn may_send(&self) -> bool {
        matches!(self.phase, Phase::Probing | Phase::Up)
    }

    pub(super) fn forget_repeats(&mut self, ask: &Ask) {
        self.repeats.remove(ask);
    }

    pub(super) fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    pub(super) fn is_paused(&self) -> bool {
        self.phase == Phase::Paused
    }

    pub(super) fn pause(&mut self) {
        (self.phase, self.attempts) = (Phase::Paused, 0);
    }
}

impl Bridge {
    pub(super) fn begin(&mut self) {
        let now = Now::read();
        self.store.put_bridge(&self.name, |_| {});
        self.store.mark_bridge(&self.name);
        // What an actor before this one left behind is compared with the bridge like everything after a reconnect.
        for key in self.store.calls_of(&self.name) {
            self.calls.insert(key.call.clone(), CallWork::default());
            self.follow_call(&key.call, now);
        }
        self.timers.set(Due::Silence, now.instant + self.timing.silent_after / 5);
        self.timers.set(Due::Tidy, now.instant + self.timing.tombstone);
        self.count_figures(now);
        self.set_out();
    }

    /// Reaches for the bridge for the first time, where it may be reached for at all.
    pub(super) fn set_out(&mut self) {
        if let Some(paused) = self.memory.paused(&self.name) {
            info!(bridge = %self.name, user = %paused.by, "is paused");
            self.rest(&paused);
        } else if self.memory.is_refused(&self.config) {
            warn!(bridge = %self.name, "these credentials were refused before; not trying them again until asked to");
            self.refuse("the user name or password was refused before and has not changed since");
        } else {
            self.probe();
        }
    }

    /// One request, alone: it shows whether the bridge is there and believes us.
    pub(super) fn probe(&mut self) {
        self.link.phase = Phase::Probing;
        if std::mem::take(&mut self.link.refuses_send_back) {
            // It may be another version by now.
            self.store.put_bridge(&self.name, |bridge| bridge.can_send_back = true);
        }
        self.queue.alone = true;
        self.ask(Lane::Action, Ask::Status);
    }

    /// Tries again at once, whatever the reason for waiting was.
    pub(super) fn retry(&mut self) {
        if matches!(self.link.phase, Phase::Down | Phase::Refused) {
            self.timers.cancel(&Due::Probe);
            self.link.attempts = 0;
            self.state(BridgeState::Connecting, None);
            self.probe();
        } else if self.link.is_up() {
            self.reconnect_now(Now::read());
        }
    }

    pub(super) fn heartbeat(&mut self, now: Now) {
        if self.link.is_up() {
            let idle = now.instant.duration_since(self.link.last_asked) >= self.timing.heartbeat && self.queue.in_flight() == 0;
            // A bridge may be updated under our eyes: its version is read again also while it is busy with other answers.
            let status_age = now.instant.duration_since(self.link.status_read);
            let quiet = status_age >= self.timing.heartbeat && self.is_quiet(now);
            if idle || quiet || status_age >= self.timing.sweep_roster || self.asks_for_records(status_age) {
                self.link.status_read = now.instant;
                self.ask(Lane::Action, Ask::Status);
            }
            self.check_records(now);
            self.timers.set(Due::Heartbeat, now.instant + self.timing.heartbeat / 2);
        }
    }

    /// Any answer shows that the bridge is alive, an event too.
    pub(super) fn heard(&mut self, now: Now) {
        self.link.last_asked = now.instant;
        self.store.bridge_answered(&self.name, now);
    }

    /// An answer by REST. Events don't count here: they may go on while no request is answered any more.
    pub(super) fn answered(&mut self, now: Now) {
        self.link.failures = 0;
        self.heard(now);
    }

    pub(super) fn take_status(&mut self, status: &Status, now: Now) {
        self.compare_counters(status, now);
        let can = |first: fn(&str) -> bool| status.version.as_deref().is_none_or(first);
        let can_send_back = can(sends_back) && !self.link.refuses_send_back;
        self.store.put_bridge(&self.name, |bridge| {
            bridge.version.clone_from(&status.version);
            (bridge.can_admit, bridge.can_send_back) = (can(admits), can_send_back);
        });
        if self.link.phase == Phase::Probing {
            self.records_begin();
            self.records_told(status.next_record, now);
            self.come_up(now);
        } else {
            self.records_told(status.next_record, now);
        }
    }

    fn come_up(&mut self, now: Now) {
        info!(bridge = %self.name, "answers");
        self.memory.set_refused(&self.config, false);
        let Link { attempts, unreadable, .. } = self.link;
        let attempts = if unreadable { attempts } else { 0 };
        self.labels = Labels::new(now.instant);
        self.link = Link { phase: Phase::Up, attempts, unreadable, last_asked: now.instant, ..Link::new(now.instant) };
        self.timers.set(Due::Heartbeat, now.instant + self.timing.heartbeat);
        self.resync(now);
        if !unreadable {
            self.go_on(now);
        }
    }

    /// The bridge is there, and its answers can be used.
    fn go_on(&mut self, now: Now) {
        (self.link.unreadable, self.link.attempts) = (false, 0);
        self.queue.alone = false;
        self.state(BridgeState::Connecting, None);
        self.ask(Lane::Resync, Ask::ClusterName);
        self.ask(Lane::Resync, Ask::Bridges(0));
        self.timers.set(Due::Register, now.instant);
        for socket in self.plan.sockets().collect::<Vec<_>>() {
            self.connect_soon(socket, now);
        }
    }

    /// A page of the list of calls could be read.
    pub(super) fn calls_readable(&mut self, now: Now) {
        if self.link.unreadable {
            info!(bridge = %self.name, "can be read again");
            self.go_on(now);
        }
    }

    pub(super) fn take_own_name(&mut self, name: Option<std::sync::Arc<str>>) {
        self.own_unique_name = name;
        self.identify();
    }

    pub(super) fn take_bridges(&mut self, offset: usize, page: Page<BridgeItem>) {
        if offset == 0 {
            self.bridge_ids.clear();
        }
        let next = page.next(offset);
        self.bridge_ids.extend(page.items.into_iter().filter_map(|item| Some((item.id, item.name?))));
        match next {
            Some(offset) => self.ask(Lane::Resync, Ask::Bridges(offset)),
            None => self.identify(),
        }
    }

    /// A bridge finds its own id by its unique name in the list of bridges (rest.md section 7).
    fn identify(&mut self) {
        let own = self.own_unique_name.as_deref();
        let id = self.bridge_ids.iter().find(|(_, name)| Some(&**name) == own).map(|(id, _)| id);
        if let Some(id) = id {
            self.cluster.learn(id, &self.name);
        }
        self.store.put_bridge(&self.name, |bridge| {
            bridge.id = id.cloned().or(bridge.id.take());
            bridge.unique_name.clone_from(&self.own_unique_name);
        });
    }

    /// Sorts out what a request without an answer means; true when it is sent again.
    pub(super) fn take_error(&mut self, lane: Lane, ask: Ask, error: AskError, now: Now) -> bool {
        if self.complain(&ask, &error, now) {
            self.go_down(&error, now);
            return false;
        }
        match &error {
            AskError::Unauthorized if !matches!(ask, Ask::Token(_)) => {
                self.refused_credentials(&error);
                return false;
            }
            AskError::Busy { retry_after } => {
                self.counters.busy.increment(1);
                self.tally.busy += 1;
                let pause = retry_after.map_or_else(|| jittered(self.timing.busy_pause), |pause| pause.min(LONGEST_PAUSE));
                self.queue.hold_until(now.instant + pause);
                self.fail_those_held_too_long(now.instant);
                if self.link.is_up() && self.may_repeat(&ask) {
                    self.queue.again(lane, ask);
                    return true;
                }
            }
            AskError::TimedOut(_) | AskError::Unreachable(_) | AskError::Closed { .. } | AskError::Untrusted(_) => {
                self.count_failure(&error, now);
            }
            _ => {}
        }
        match ask {
            Ask::Change(change) => self.change_failed(&change, &error),
            Ask::Status if self.link.phase == Phase::Probing => self.fail_probe(&error, now),
            Ask::Token(socket) => self.token_failed(socket, &error, now),
            Ask::CdrReceivers(_) | Ask::AddCdrReceiver(..) | Ask::SetCdrReceiver(..) => self.register_failed(&ask, &error, now),
            ask if !error.answered() && self.link.is_up() => {
                self.queue.again(lane, ask);
                return true;
            }
            Ask::Call(call) => self.call_failed(&call, &error, now),
            Ask::Calls(_) => self.calls_failed(now),
            Ask::Roster(call, _) | Ask::CallLegs(call, _) => self.roster_failed(&call, &error, now),
            Ask::Person(person) => self.person_failed(&person, &error, now),
            Ask::Legs(person) => self.legs_failed(lane, &person, error, now),
            Ask::LegsByFilter(person) => self.legs_unknown(&person, error, now),
            Ask::Leg(leg) => self.leg_failed(&leg, error, now),
            ask => self.label_failed(&ask, &error),
        }
        false
    }

    fn change_failed(&mut self, change: &Change, error: &AskError) {
        let unknown = matches!(error, AskError::Refused { reason, .. } if reason.starts_with("parameterError"));
        if unknown && matches!(change, Change::SendBack(_)) {
            self.link.refuses_send_back = true;
            self.store.put_bridge(&self.name, |bridge| bridge.can_send_back = false);
        }
    }

    /// A busy bridge is asked again, but not for ever: one resource that is always busy must not hold up the others. A PUT is repeated
    /// by its press, a token by the next attempt to connect, a receiver after another look at the list.
    fn may_repeat(&mut self, ask: &Ask) -> bool {
        if matches!(ask, Ask::Change(_) | Ask::Token(_) | Ask::AddCdrReceiver(..) | Ask::SetCdrReceiver(..)) {
            return false;
        }
        let repeats = self.link.repeats.entry(ask.clone()).or_default();
        *repeats += 1;
        let may = *repeats <= REPEATS;
        if !may {
            self.link.repeats.remove(ask);
        }
        may
    }

    fn count_failure(&mut self, error: &AskError, now: Now) {
        self.link.failures += 1;
        if self.link.is_up() {
            if self.link.failures >= FAILURES {
                self.go_down(error, now);
            } else {
                self.queue.hold_until(now.instant + jittered(Duration::from_millis(250)));
            }
        }
    }

    fn fail_probe(&mut self, error: &AskError, now: Now) {
        if matches!(error, AskError::Forbidden | AskError::Gone(_)) {
            // The status may be closed to this user, or absent, while calls are open: go on, without a version.
            return self.come_up(now);
        }
        self.go_down(error, now);
    }

    pub(super) fn go_down(&mut self, error: &AskError, now: Now) {
        warn!(bridge = %self.name, %error, "unreachable");
        self.link.unreadable = error.answered();
        self.link.phase = Phase::Down;
        self.fail_waiters(&AskError::Unreachable(error.to_string()));
        self.queue.clear();
        self.forget_reading();
        self.state(BridgeState::Unreachable, Some(trouble(error)));
        let pause = backoff(self.timing.reconnect_min, self.timing.reconnect_max, self.link.attempts);
        self.link.attempts += 1;
        self.timers.set(Due::Probe, now.instant + pause);
    }

    /// The first 401 ends everything: repeating it can lock the account (rest.md section 1).
    fn refused_credentials(&mut self, error: &AskError) {
        warn!(bridge = %self.name, "the user name or password was refused");
        self.memory.set_refused(&self.config, true);
        if !self.link.is_paused() {
            self.fail_waiters(error);
            self.refuse(&error.to_string());
        }
    }

    fn refuse(&mut self, what: &str) {
        self.link.phase = Phase::Refused;
        self.timers.cancel(&Due::Probe);
        self.queue.clear();
        self.forget_reading();
        self.close_sessions();
        self.state(BridgeState::Refused, Some(Fault { code: "credentials_refused".into(), what: what.into() }));
    }
}

/// Doubles from `min` to `max`, jittered by half, so that bridges and restarts don't fall into step.
pub(in crate::cms) fn backoff(min: Duration, max: Duration, attempts: u32) -> Duration {
    jittered((min * 2u32.saturating_pow(attempts.min(10))).min(max))
}

fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..1.0))
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
