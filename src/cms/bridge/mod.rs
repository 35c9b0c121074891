//! The actor of one Call Bridge: the only writer of its calls. Everything that happens to a bridge passes through its one loop, in order.
//!
//! A bridge is made of components. Each owns its state, and none knows another one:
//!
//! | component | what it does |
//! | --- | --- |
//! | `connection` | probes and pauses the bridge, decides what failures mean |
//! | `status` | the public state: live, polling, unreachable |
//! | `identity` | the bridge's id and name in its cluster |
//! | `event_sockets` | keeps the events sockets connected, subscribed and alive |
//! | `calls` | which calls there are, their facts, and their rosters as lists |
//! | `participants` | where participants are hosted, their legs, the lobby |
//! | `rechecks` | when participants who may have moved are read again |
//! | `missed` | changes that no event reported |
//! | `space_profiles` | the lobby and lock settings of a call's space |
//! | `cdr_records`, `cdr_registration` | Call Detail Records, and the registration for them |
//! | `awaited_responses` | callers that wait for a response or a probe |
//! | `stats` | statistics for administrators |
//!
//! A component is handed the [`context::Context`]: names, times, the store, the queue of requests, the timers, and the few facts that one
//! component states and others read (`event_coverage` among them). It queues requests and sets timers by itself. Whatever
//! concerns another component is emitted as an [`effects::Effect`].
//!
//! Two files know all components. `dispatch` hands them what comes from outside: responses, failures, events, commands, timers. `routing`
//! then applies the effects, each with all that it causes before the next one, so that a step is over before the next begins.
//!
//! To follow one event: `dispatch` `on_report`, `event_sockets/incoming` `on_frame`, `participants/listings` `on_roster_update`, `routing`
//! `apply`.

mod awaited_responses;
mod backoff;
mod calls;
mod cdr_records;
mod cdr_registration;
mod connection;
mod context;
mod dispatch;
mod effects;
mod event_coverage;
mod event_sockets;
mod fault_codes;
mod handover;
mod identity;
mod metrics;
mod missed;
mod outgoing;
mod participants;
mod rechecks;
mod routing;
mod saved_bridge_state;
mod space_profiles;
mod stats;
mod status;
mod timers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::cluster::{BridgeCommand, Cluster};
use super::connect::SystemResolver;
use super::events::socket::{ConnectOptions, SocketReport};
use super::tls::{self, TrustError};
use crate::clock::Now;
use crate::config::BridgeConfig;
use awaited_responses::AwaitedResponses;
pub(super) use backoff::backoff;
use calls::FollowedCalls;
use cdr_records::CdrRecords;
use cdr_registration::CdrRegistration;
use connection::BridgeConnection;
use context::Context;
use effects::Effect;
use event_sockets::EventSockets;
pub(super) use fault_codes::report_failed_actor;
use identity::ClusterIdentity;
use missed::MissedChanges;
use participants::Participants;
use rechecks::Rechecks;
pub use saved_bridge_state::SavedBridgeState;
use space_profiles::SpaceProfiles;
use stats::RecentTotals;
use status::BridgeStatus;
use timers::Timer;

/// The components of one bridge; owned by its task alone.
pub(super) struct Bridge {
    ctx: Context,
    connection: BridgeConnection,
    status: BridgeStatus,
    identity: ClusterIdentity,
    events: EventSockets,
    calls: FollowedCalls,
    participants: Participants,
    rechecks: Rechecks,
    missed: MissedChanges,
    profiles: SpaceProfiles,
    records: CdrRecords,
    registration: CdrRegistration,
    awaited: AwaitedResponses,
    stats: RecentTotals,
    /// Effects that are still to be applied, the next one last.
    pending: Vec<Effect>,
    tracker: TaskTracker,
}

/// The parts that a bridge is made from.
#[derive(Clone)]
pub(super) struct BridgeParts {
    pub config: BridgeConfig,
    pub cluster: Cluster,
    pub saved_bridges: Arc<dyn SavedBridgeState>,
    pub tracker: TaskTracker,
}

/// Reports that may wait while the actor is busy; beyond that the sockets are read more slowly, each frame still acknowledged first.
const REPORTS: usize = 4096;

/// Reports that are handled in a row: within a burst the queue and the timers need no check.
const BURST: usize = 256;

impl Bridge {
    /// Checks the trust settings; sends nothing yet.
    pub(super) fn new(parts: BridgeParts) -> Result<(Self, mpsc::Receiver<SocketReport>), TrustError> {
        let BridgeParts { config, cluster, saved_bridges, tracker } = parts;
        let (reports, inbox) = mpsc::channel(REPORTS);
        let mut tls = tls::client_config(&config.trust)?;
        for fault in tls::ca_faults(&config.trust) {
            warn!(bridge = %config.name, fault, "CA file read in part");
        }
        tls.alpn_protocols.clear();
        let connect_timeout = cluster.tuning().get().timing.connect_timeout;
        let endpoint = ConnectOptions { url: config.url.clone(), tls: Arc::new(tls), connect_timeout, names: Arc::new(SystemResolver) };
        let now = Instant::now();
        let bridge = Self {
            ctx: Context::new(config, cluster, saved_bridges, now)?,
            connection: BridgeConnection::new(now),
            status: BridgeStatus::default(),
            identity: ClusterIdentity::default(),
            events: EventSockets::new(endpoint, reports, tracker.clone()),
            calls: FollowedCalls::default(),
            participants: Participants::default(),
            rechecks: Rechecks::default(),
            missed: MissedChanges::default(),
            profiles: SpaceProfiles::new(now),
            records: CdrRecords::new(),
            registration: CdrRegistration::default(),
            awaited: AwaitedResponses::default(),
            stats: RecentTotals::default(),
            pending: Vec::new(),
            tracker,
        };
        Ok((bridge, inbox))
    }

    /// Runs until `stop`, closes the sockets, and returns the bridge for its handover. The only place where its facts change.
    pub(super) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<SocketReport>,
        commands: &mut mpsc::Receiver<BridgeCommand>,
        stop: CancellationToken,
    ) -> Self {
        self.begin();
        // Reset only when the next deadline has changed: a busy bridge passes here with every event.
        let mut alarm = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        loop {
            let wake = self.send_ready();
            let wake = wake.into_iter().chain(self.ctx.timers.next()).min().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            if alarm.deadline() != wake.into() {
                alarm.as_mut().reset(wake.into());
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(completed) = self.ctx.requests.next_completed() => self.on_completed(completed),
                Some(report) = inbox.recv() => {
                    self.on_report(report);
                    for _ in 0..BURST {
                        match inbox.try_recv() {
                            Ok(report) => self.on_report(report),
                            Err(_) => break,
                        }
                    }
                }
                Some(command) = commands.recv() => self.on_command(command),
                () = alarm.as_mut() => {}
            }
            let now = Now::read();
            while let Some(timer) = self.ctx.timers.pop_due(now.instant) {
                self.on_timer(timer, now);
            }
        }
        self.events.close_all(&mut self.ctx);
        debug!(bridge = %self.ctx.name, "bridge actor stopped");
        self
    }

    fn begin(&mut self) {
        let now = Now::read();
        let ctx = &mut self.ctx;
        ctx.store.put_bridge(&ctx.name, |_| {});
        ctx.store.mark_bridge(&ctx.name);
        self.calls.adopt(ctx, now);
        ctx.timers.set(Timer::Silence, now.instant + ctx.timing.silent_after / 5);
        ctx.timers.set(Timer::Tidy, now.instant + ctx.timing.tombstone);
        self.route(now);
        self.publish_stats(now);
        self.connection.start(&mut self.ctx);
        self.route(now);
    }

    /// Sends every request that may be sent now; returns when the next one may.
    fn send_ready(&mut self) -> Option<Instant> {
        let Context { name, requests, metrics, phase, .. } = &mut self.ctx;
        if phase.may_send() { requests.send_ready(name, metrics) } else { None }
    }
}
