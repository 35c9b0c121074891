//! Reachability, authentication and freshness of one bridge: probes, retries, pauses, and what failures mean. Reads no calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::backoff::{backoff, jittered};
use super::context::{Context, Phase};
use super::effects::Effect;
use super::fault_codes::{fault_of, paused_by};
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::rest::client::RequestError;
use crate::cms::rest::mutation::Mutation;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::Status;
use crate::cms::version::{admits, sends_back};
use crate::model::{Action, BridgeState, Fault, Paused};

/// After this many failures in a row the bridge counts as unreachable.
const MAX_FAILURES: u32 = 3;

/// How often one request is repeated because the bridge is busy.
const MAX_REPEATS: u32 = 10;

/// A longer `Retry-After` is not believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct BridgeConnection {
    failures: u32,
    attempts: u32,
    /// When the bridge last sent anything.
    heard: Instant,
    /// When the status was last requested.
    status_read: Instant,
    /// How often each request was repeated because the bridge was busy.
    repeats: HashMap<Request, u32>,
    /// The bridge responded with nothing usable: it is back only once its calls can be read.
    unreadable: bool,
    /// It refused to send a participant back into the lobby; tried again after it was away.
    refuses_send_back: bool,
}

impl BridgeConnection {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            failures: 0,
            attempts: 0,
            heard: now,
            status_read: now,
            repeats: HashMap::new(),
            unreadable: false,
            refuses_send_back: false,
        }
    }

    pub(super) fn is_unreadable(&self) -> bool {
        self.unreadable
    }
}

/// Connecting.
impl BridgeConnection {
    /// Probes the bridge, unless it is paused or has refused the credentials.
    pub(super) fn start(&mut self, ctx: &mut Context) {
        if let Some(paused) = ctx.saved_bridges.paused(&ctx.name) {
            info!(bridge = %ctx.name, user = %paused.by, "paused bridge left alone");
            self.enter_paused(ctx, &paused);
        } else if ctx.saved_bridges.is_refused(&ctx.config) {
            warn!(bridge = %ctx.name, "credentials refused before; retry of a moderator awaited");
            self.enter_refused(ctx, RequestError::Unauthorized, "the user name or password was refused before and has not changed since");
        } else {
            self.probe(ctx);
        }
    }

    /// Sends one request alone: it shows whether the bridge is there and accepts the credentials.
    pub(super) fn probe(&mut self, ctx: &mut Context) {
        ctx.phase = Phase::Probing;
        if std::mem::take(&mut self.refuses_send_back) {
            // The bridge may run another version by now.
            ctx.store.put_bridge(&ctx.name, |bridge| bridge.can_send_back = true);
        }
        ctx.requests.queue.single_flight = true;
        ctx.request(Lane::Action, Request::Status);
    }

    /// Tries again at once instead of waiting.
    pub(super) fn retry(&mut self, ctx: &mut Context) {
        if matches!(ctx.phase, Phase::Down | Phase::Refused) {
            ctx.timers.cancel(&Timer::Probe);
            self.attempts = 0;
            ctx.enter_state(BridgeState::Connecting, None);
            self.probe(ctx);
        } else if ctx.phase.is_up() {
            ctx.emit(Effect::ReconnectEvents);
        }
    }

    /// `quiet`: an events socket has been silent for a while.
    pub(super) fn heartbeat(&mut self, ctx: &mut Context, quiet: bool, now: Now) {
        let heartbeat = ctx.timing.heartbeat;
        let idle = now.instant.duration_since(self.heard) >= heartbeat && ctx.requests.queue.in_flight() == 0;
        // A bridge may be updated while Usher is connected, so its version is read again even while other responses come.
        let status_age = now.instant.duration_since(self.status_read);
        let quiet = quiet && status_age >= heartbeat;
        let records = ctx.takes_records() && status_age >= ctx.timing.cdr_check;
        if idle || quiet || records || status_age >= ctx.timing.sweep_roster {
            self.status_read = now.instant;
            ctx.request(Lane::Action, Request::Status);
        }
        ctx.timers.set(Timer::Heartbeat, now.instant + heartbeat / 2);
    }

    /// Any response or event shows that the bridge is alive.
    pub(super) fn on_heard(&mut self, ctx: &Context, now: Now) {
        self.heard = now.instant;
        ctx.store.bridge_answered(&ctx.name, now);
    }

    /// A REST response came. Events don't count here: they may go on although no request is answered.
    pub(super) fn on_answered(&mut self, ctx: &Context, now: Now) {
        self.failures = 0;
        self.on_heard(ctx, now);
    }

    pub(super) fn on_status(&mut self, ctx: &Context, status: &Status) {
        let can = |first: fn(&str) -> bool| status.version.as_deref().is_none_or(first);
        let can_send_back = can(sends_back) && !self.refuses_send_back;
        ctx.store.put_bridge(&ctx.name, |bridge| {
            bridge.version.clone_from(&status.version);
            (bridge.can_admit, bridge.can_send_back) = (can(admits), can_send_back);
        });
    }

    /// The probe was answered.
    pub(super) fn on_reachable(&mut self, ctx: &mut Context, now: Now) {
        info!(bridge = %ctx.name, "bridge reachable");
        ctx.saved_bridges.set_refused(&ctx.config, false);
        ctx.phase = Phase::Up;
        let attempts = if self.unreadable { self.attempts } else { 0 };
        *self = Self { attempts, unreadable: self.unreadable, ..Self::new(now.instant) };
        ctx.timers.set(Timer::Heartbeat, now.instant + ctx.timing.heartbeat);
    }

    /// The responses of the bridge are usable.
    pub(super) fn on_readable(&mut self, ctx: &mut Context) {
        if self.unreadable {
            info!(bridge = %ctx.name, "bridge readable again");
        }
        (self.unreadable, self.attempts) = (false, 0);
        ctx.requests.queue.single_flight = false;
        ctx.enter_state(BridgeState::Connecting, None);
    }
}

/// Failures.
impl BridgeConnection {
    pub(super) fn on_busy(&mut self, ctx: &mut Context, retry_after: Option<Duration>, now: Now) {
        ctx.metrics.count_busy();
        let pause = retry_after.map_or_else(|| jittered(ctx.timing.busy_pause), |pause| pause.min(LONGEST_PAUSE));
        ctx.requests.queue.pause_until(now.instant + pause);
    }

    /// Whether a request is repeated because the bridge was busy. Not for ever: one resource that is always busy must not block the others.
    /// Changes are repeated by their action, tokens by the next attempt to connect, receivers after the next reading of the list.
    pub(super) fn may_repeat(&mut self, request: &Request) -> bool {
        if matches!(request, Request::Mutate(_) | Request::Token(_) | Request::AddCdrReceiver(..) | Request::SetCdrReceiver(..)) {
            return false;
        }
        let repeats = self.repeats.entry(request.clone()).or_default();
        *repeats += 1;
        let may = *repeats <= MAX_REPEATS;
        if !may {
            self.repeats.remove(request);
        }
        may
    }

    pub(super) fn forget_repeats(&mut self, request: &Request) {
        self.repeats.remove(request);
    }

    /// A request was not answered.
    pub(super) fn count_failure(&mut self, ctx: &mut Context, error: &RequestError, now: Now) {
        self.failures += 1;
        if ctx.phase.is_up() {
            if self.failures >= MAX_FAILURES {
                self.go_down(ctx, error, now);
            } else {
                ctx.requests.queue.pause_until(now.instant + jittered(Duration::from_millis(250)));
            }
        }
    }

    pub(super) fn on_change_failed(&mut self, ctx: &Context, change: &Mutation, error: &RequestError) {
        let unknown = matches!(error, RequestError::Refused { reason, .. } if reason.starts_with("parameterError"));
        if unknown && change.action == Action::SendBack {
            self.refuses_send_back = true;
            ctx.store.put_bridge(&ctx.name, |bridge| bridge.can_send_back = false);
        }
    }

    pub(super) fn go_down(&mut self, ctx: &mut Context, error: &RequestError, now: Now) {
        warn!(bridge = %ctx.name, %error, "bridge unreachable");
        self.unreadable = error.answered();
        ctx.phase = Phase::Down;
        ctx.emit(Effect::RequestsStopped { error: RequestError::Unreachable(error.to_string()), close_sockets: false });
        ctx.enter_state(BridgeState::Unreachable, Some(fault_of(error)));
        let pause = backoff(ctx.timing.reconnect_min, ctx.timing.reconnect_max, self.attempts);
        self.attempts += 1;
        ctx.timers.set(Timer::Probe, now.instant + pause);
    }

    /// The first 401 of a REST request ends all requests, because repeating it can lock the account (rest.md section 1). `dispatch` handles
    /// the 401 of an events token otherwise: that user only may not follow events, and the bridge is polled.
    pub(super) fn on_unauthorized(&mut self, ctx: &mut Context, error: RequestError) {
        warn!(bridge = %ctx.name, "user name or password refused");
        ctx.saved_bridges.set_refused(&ctx.config, true);
        if !ctx.phase.is_paused() {
            let what = error.to_string();
            self.enter_refused(ctx, error, &what);
        }
    }

    fn enter_refused(&self, ctx: &mut Context, error: RequestError, what: &str) {
        ctx.phase = Phase::Refused;
        ctx.timers.cancel(&Timer::Probe);
        ctx.emit(Effect::RequestsStopped { error, close_sockets: true });
        ctx.enter_state(BridgeState::Refused, Some(Fault { code: "credentials_refused".into(), what: what.into() }));
    }
}

/// An administrator's pause: until it ends nothing is sent and no socket is open, even after a restart. Known data is kept and shown as
/// stale.
impl BridgeConnection {
    pub(super) fn pause(&mut self, ctx: &mut Context, by: Arc<str>, now: Now) {
        if ctx.phase.is_paused() {
            return;
        }
        info!(bridge = %ctx.name, user = %by, "bridge paused");
        let paused = Paused { by, since: now.unix_ms };
        ctx.saved_bridges.set_paused(&ctx.name, Some(&paused));
        self.enter_paused(ctx, &paused);
    }

    /// Callers of a change in flight still get its response; all others fail.
    fn enter_paused(&mut self, ctx: &mut Context, paused: &Paused) {
        (ctx.phase, self.attempts) = (Phase::Paused, 0);
        ctx.timers.cancel(&Timer::Probe);
        ctx.emit(Effect::RequestsStopped { error: paused_by(&paused.by), close_sockets: true });
        ctx.store.put_bridge(&ctx.name, |facts| {
            (facts.state, facts.since, facts.fault) = (BridgeState::Paused, paused.since, None);
            facts.paused_by = Some(paused.by.clone());
        });
    }

    pub(super) fn resume(&mut self, ctx: &mut Context) {
        if !ctx.phase.is_paused() {
            return;
        }
        info!(bridge = %ctx.name, "bridge resumed");
        ctx.saved_bridges.set_paused(&ctx.name, None);
        ctx.requests.queue.clear();
        ctx.store.put_bridge(&ctx.name, |facts| facts.paused_by = None);
        ctx.enter_state(BridgeState::Connecting, None);
        self.start(ctx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_is_unreachable_after_three_failures_and_its_callers_fail() {
        let (mut ctx, now) = (Context::for_tests(), Now::read());
        let mut connection = BridgeConnection::new(now.instant);
        let error = RequestError::Unreachable("refused".into());
        connection.count_failure(&mut ctx, &error, now);
        connection.count_failure(&mut ctx, &error, now);
        assert!(ctx.phase.is_up() && ctx.emitted().is_empty());
        connection.count_failure(&mut ctx, &error, now);
        assert_eq!((ctx.phase, ctx.state()), (Phase::Down, BridgeState::Unreachable));
        assert!(ctx.emitted()[0].starts_with("RequestsStopped"));
        assert!(ctx.timers.has(&Timer::Probe));
    }

    #[test]
    fn a_refused_password_is_not_tried_again_before_a_retry() {
        let (mut ctx, now) = (Context::for_tests(), Now::read());
        let mut connection = BridgeConnection::new(now.instant);
        connection.on_unauthorized(&mut ctx, RequestError::Unauthorized);
        assert_eq!((ctx.phase, ctx.state(), ctx.timers.has(&Timer::Probe)), (Phase::Refused, BridgeState::Refused, false));
        assert!(ctx.emitted()[0].contains("close_sockets: true"));
        connection.retry(&mut ctx);
        assert!(ctx.phase.is_probing() && ctx.requests.queue.contains(&Request::Status));
    }

    #[test]
    fn a_paused_bridge_is_sent_nothing_until_it_is_resumed() {
        let (mut ctx, now) = (Context::for_tests(), Now::read());
        let mut connection = BridgeConnection::new(now.instant);
        connection.pause(&mut ctx, "ana".into(), now);
        connection.retry(&mut ctx);
        assert!(!ctx.phase.may_send() && ctx.state() == BridgeState::Paused);
        connection.resume(&mut ctx);
        assert!(ctx.phase.is_probing() && ctx.requests.queue.contains(&Request::Status));
    }

    #[test]
    fn a_request_to_a_busy_bridge_is_repeated_a_few_times_and_a_change_never() {
        let mut connection = BridgeConnection::new(Instant::now());
        let call = Request::Call("c".into());
        assert_eq!((0..20).filter(|_| connection.may_repeat(&call)).count(), 19, "ten times, and anew after that");
        assert!(!connection.may_repeat(&Request::Mutate(Mutation::new(&Action::Admit, &"p".into()))));
    }
}
