//! The events sockets of one bridge: tokens, connections and their end. `subscribing` keeps the subscriptions, `incoming` reads frames,
//! `damaged_frames` recovers what damaged ones lost, `liveness` finds dead sockets. Knows calls and participants only by id.

mod damaged_frames;
mod incoming;
mod liveness;
mod subscribing;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::backoff::backoff;
use super::context::Context;
use super::effects::Effect;
use super::fault_codes::fault_of;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::events::liveness::Liveness;
use crate::cms::events::renewals::Renewals;
use crate::cms::events::socket::{ConnectOptions, EventsSocket, SocketReport};
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::config::Secret;
use crate::model::{CallId, Fault};
use liveness::EventHealth;

/// One events socket. The coverage holds its topics.
#[derive(Debug, Default)]
struct EventSocket {
    session: Option<EventsSocket>,
    generation: u64,
    /// A token was requested.
    connecting: bool,
    opened: Option<Instant>,
    /// Present while the socket is open.
    liveness: Option<Liveness>,
    message_id: i64,
    /// The number and indexes of the last subscribe request, until it is acknowledged.
    unacknowledged: Option<(i64, Vec<i64>)>,
    /// That request repeats an accepted set, to prompt the socket.
    repeats: bool,
    /// When the set was refused; it is sent once more after the list of calls has been read.
    doubted: Option<Instant>,
    /// The plan changed after that request was sent.
    stale: bool,
    /// Subscriptions that the bridge reported as pending, and since when.
    pending: HashMap<i64, Instant>,
}

#[derive(Debug)]
pub(super) struct EventSockets {
    endpoint: ConnectOptions,
    reports: mpsc::Sender<SocketReport>,
    tracker: TaskTracker,
    sockets: HashMap<SocketId, EventSocket>,
    health: EventHealth,
    renewals: Renewals,
}

/// Connections.
impl EventSockets {
    pub(super) fn new(endpoint: ConnectOptions, reports: mpsc::Sender<SocketReport>, tracker: TaskTracker) -> Self {
        Self { endpoint, reports, tracker, sockets: HashMap::new(), health: EventHealth::default(), renewals: Renewals::default() }
    }

    /// Connects all sockets that have topics.
    pub(super) fn connect_all(&mut self, ctx: &mut Context, now: Now) {
        for socket in ctx.coverage.plan.sockets().collect::<Vec<_>>() {
            self.connect_soon(ctx, socket, now);
        }
    }

    fn connect_soon(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        if entry.session.is_none() && !entry.connecting {
            ctx.timers.sooner(Timer::Connect(socket), now.instant);
        }
    }

    /// A retry was requested: connects all closed sockets now.
    pub(super) fn reconnect_now(&mut self, ctx: &mut Context, now: Now) {
        for socket in ctx.coverage.plan.sockets().collect::<Vec<_>>() {
            if !ctx.coverage.is_open(socket) {
                ctx.timers.set(Timer::Connect(socket), now.instant);
            }
        }
    }

    /// A token is fetched right before each connect and used once.
    pub(super) fn request_token(&mut self, ctx: &mut Context, socket: SocketId) {
        let up = ctx.phase.is_up();
        if let Some(entry) = self.sockets.get_mut(&socket).filter(|entry| up && entry.session.is_none() && !entry.connecting) {
            entry.connecting = true;
            ctx.request(Lane::Action, Request::Token(socket));
        }
    }

    pub(super) fn on_token_failed(&mut self, ctx: &mut Context, socket: SocketId, error: &RequestError, now: Now) {
        warn!(bridge = %ctx.name, %error, "events token refused");
        // The same credentials work for other requests: this user may not follow events (events.md section 9).
        let forbidden = matches!(error, RequestError::Forbidden | RequestError::Unauthorized);
        let fault = match forbidden {
            true => Fault { code: "events_not_permitted".into(), what: error.to_string().into() },
            false => fault_of(error),
        };
        let pause = if forbidden { ctx.timing.retry_forbidden } else { self.next_pause(ctx, socket, now) };
        self.lose_events(ctx, socket, fault, pause, now);
    }

    pub(super) fn open_session(&mut self, ctx: &mut Context, socket: SocketId, token: Secret) {
        if !ctx.phase.is_up() {
            return;
        }
        let (endpoint, reports) = (self.endpoint.clone(), self.reports.clone());
        let entry = self.sockets.entry(socket).or_default();
        let generation = entry.generation + 1;
        let session = EventsSocket::spawn(&self.tracker, endpoint, token, socket, generation, reports);
        *entry = EventSocket { session: Some(session), generation, ..EventSocket::default() };
        let attempts = ctx.coverage.socket(socket).attempts;
        ctx.coverage.reset_socket(socket, attempts);
    }

    /// The pause before the next attempt to connect. It is short again only after a socket that lived as long as the longest pause: one
    /// that breaks with its first message is tried less and less often, since each connection costs a token and a reading of everything.
    fn next_pause(&self, ctx: &mut Context, socket: SocketId, now: Now) -> Duration {
        let (min, max) = (ctx.timing.reconnect_min, ctx.timing.reconnect_max);
        let opened = self.sockets.get(&socket).and_then(|entry| entry.opened);
        let coverage = ctx.coverage.socket(socket);
        if opened.is_some_and(|at| now.instant.duration_since(at) >= max) {
            coverage.attempts = 0;
        }
        backoff(min, max, coverage.attempts)
    }

    /// Gives a socket up if it is connected.
    fn give_up(&mut self, ctx: &mut Context, socket: SocketId, why: &str, now: Now) {
        if self.sockets.get(&socket).is_some_and(|entry| entry.session.is_some()) {
            warn!(bridge = %ctx.name, socket, why, "events socket given up");
            self.on_lost(ctx, socket, why, now);
        }
    }

    fn on_lost(&mut self, ctx: &mut Context, socket: SocketId, why: &str, now: Now) {
        let pause = self.next_pause(ctx, socket, now);
        self.lose_events(ctx, socket, Fault { code: "events_lost".into(), what: why.into() }, pause, now);
    }

    /// Connects again after the pause; meanwhile everything is read by REST, and the page says so.
    fn lose_events(&mut self, ctx: &mut Context, socket: SocketId, fault: Fault, pause: Duration, now: Now) {
        ctx.timers.cancel(&Timer::AckTimeout(socket));
        ctx.timers.cancel(&Timer::Liveness(socket));
        if ctx.coverage.plan.give_up_spare_socket(socket) {
            // An extra socket that failed is given up: the bridge's own limit was the only reason for it.
            debug!(bridge = %ctx.name, socket, what = %fault.what, "extra events socket given up");
            self.reset(ctx, socket, 0);
            ctx.emit(Effect::PollUnpushed);
            return ctx.emit(Effect::StatusDue);
        }
        self.forget_evidence(ctx, socket);
        let attempts = ctx.coverage.socket(socket).attempts.saturating_add(1);
        self.reset(ctx, socket, attempts);
        ctx.timers.cancel(&Timer::Pending(socket));
        ctx.timers.cancel(&Timer::Subscribe(socket));
        ctx.timers.set(Timer::Connect(socket), now.instant + pause);
        ctx.emit(Effect::EventsLost(fault));
    }

    fn reset(&mut self, ctx: &mut Context, socket: SocketId, attempts: u32) {
        let entry = self.sockets.entry(socket).or_default();
        *entry = EventSocket { generation: entry.generation, ..EventSocket::default() };
        ctx.coverage.reset_socket(socket, attempts);
    }

    pub(super) fn close_all(&mut self, ctx: &mut Context) {
        for socket in self.sockets.keys().copied().collect::<Vec<_>>() {
            self.reset(ctx, socket, 0);
            ctx.timers.cancel(&Timer::Connect(socket));
            ctx.timers.cancel(&Timer::AckTimeout(socket));
            ctx.timers.cancel(&Timer::Liveness(socket));
        }
    }

    /// The queue was cleared, with its token requests.
    pub(super) fn forget_token_requests(&mut self) {
        for socket in self.sockets.values_mut() {
            socket.connecting = false;
        }
    }

    /// A connection begins or ends: everything is read anyway, so unreported facts no longer count.
    fn forget_evidence(&mut self, ctx: &Context, socket: SocketId) {
        self.health.evidence.forget(|topic| socket_of_topic(ctx, topic) == Some(socket));
    }

    pub(super) fn on_call_ended(&mut self, call: &CallId) {
        self.health.evidence.forget(|topic| matches!(topic, Topic::Roster(of) if of == call));
    }

    pub(super) fn tidy_renewals(&mut self, now: Instant) {
        self.renewals.tidy(now);
    }
}

/// The socket on which a topic is subscribed.
fn socket_of_topic(ctx: &Context, topic: &Topic) -> Option<SocketId> {
    match topic {
        Topic::Calls => Some(0),
        Topic::Roster(call) => ctx.coverage.plan.socket_of(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::connect::SystemResolver;
    use crate::cms::events::protocol::{Body, EventFrame};
    use crate::cms::tls;
    use crate::config::Trust;

    fn without_network() -> (Context, EventSockets, Now) {
        let tls = tls::client_config(&Trust::Insecure).expect("no file is read");
        let endpoint = ConnectOptions {
            url: "https://127.0.0.1:1".into(),
            tls: std::sync::Arc::new(tls),
            connect_timeout: Duration::from_secs(1),
            names: std::sync::Arc::new(SystemResolver),
        };
        (Context::for_tests(), EventSockets::new(endpoint, mpsc::channel(1).0, TaskTracker::new()), Now::read())
    }

    #[test]
    fn a_token_is_requested_once_and_its_failure_reported() {
        let (mut ctx, mut sockets, now) = without_network();
        sockets.connect_all(&mut ctx, now);
        assert!(ctx.timers.has(&Timer::Connect(0)));
        sockets.request_token(&mut ctx, 0);
        assert!(ctx.requests.queue.remove(&Request::Token(0)));
        sockets.request_token(&mut ctx, 0);
        assert!(!ctx.requests.queue.contains(&Request::Token(0)), "it is under way");
        sockets.on_token_failed(&mut ctx, 0, &RequestError::Forbidden, now);
        assert!(ctx.emitted()[0].contains("events_not_permitted") && ctx.coverage.is_blind());
    }

    #[test]
    fn a_damaged_roster_is_read_and_subscribed_to_anew() {
        let (mut ctx, mut sockets, now) = without_network();
        let call: CallId = "c".into();
        ctx.coverage.plan.add(&call);
        let index =
            ctx.coverage.plan.subscription_set(0).iter().find(|subscription| subscription.call.is_some()).map(|roster| roster.index);
        let frame = EventFrame { message_id: None, body: Body::Roster { index, updates: Vec::new() }, skipped: 0, damaged: true };
        sockets.on_frame(&mut ctx, 0, frame, now);
        assert_eq!(ctx.emitted(), [r#"RosterDamaged("c")"#]);
        assert!(ctx.timers.has(&Timer::Renew(Topic::Roster(call))));
    }
}
