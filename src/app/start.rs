//! The three steps of a start: open the saved state, start the bridges, serve browsers. Each step gets the parts of the steps before.

use std::collections::HashMap;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::accounts::Accounts;
use crate::actions::{ActionParts, Actions, InterruptedAction, Journal};
use crate::audit::{AuditLog, AuditWriter};
use crate::cdr_endpoints::{self, CdrEndpoints};
use crate::cms::{BridgeSupervisor, ClusterSetup, SavedWait};
use crate::config::{Config, Live, MeetingFilter, Secret, WebConfig};
use crate::db::Db;
use crate::displays::Displays;
use crate::displays::projection::Projections;
use crate::http::{self, DemoAccount, Listeners, ServeError, Services};
use crate::hub::{Hub, ReaderKind};
use crate::model::{BridgeName, BridgeStats, Fault, LobbySummary, ParticipantId};
use crate::moderation::{Moderation, ModerationDb, ModerationRequests, ModerationSettings};
use crate::publisher::{self, Publisher, PublisherIo, Totals};
use crate::saved_state::{self, WaitingWriter};
use crate::store::Store;
use crate::supervisor::Supervisor;
use crate::system_status::Problems;

use super::{StartError, TaskGroup};

/// The handles that all parts share; cheap to clone.
pub(super) struct SharedState {
    pub(super) db: Db,
    pub(super) store: Store,
    pub(super) hub: Hub,
    pub(super) moderation: Moderation,
    pub(super) displays: Displays,
    pub(super) audit_log: AuditLog,
    problems: Problems,
}

/// The saved state that [`start_bridges`] consumes.
pub(super) struct SavedState {
    audit_writer: AuditWriter,
    problems_seen: watch::Receiver<Option<Fault>>,
    /// Since when participants waited before the restart.
    waiting: HashMap<ParticipantId, SavedWait>,
    bridges: saved_state::SavedBridges,
    cdr_secrets: HashMap<BridgeName, Secret>,
    /// Targets of actions that the last stop interrupted.
    interrupted: Vec<InterruptedAction>,
}

pub(super) struct OpenState {
    pub(super) shared: SharedState,
    pub(super) saved: SavedState,
}

/// Watches, counts and stops the tasks of all steps.
pub(super) struct TaskControl {
    pub(super) supervisor: Supervisor,
    /// Sockets of browsers, and actions.
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// The tasks that end with the bridges, and the audit log's writer, which ends after them.
pub(super) struct RunningBridges {
    pub(super) group: TaskGroup,
    pub(super) audit_writer: TaskGroup,
    /// The runtime of the bridges' actors.
    pub(super) runtime: Handle,
    /// Ends the thread of `runtime` when dropped.
    pub(super) thread: DropGuard,
    pub(super) bridge_supervisor: BridgeSupervisor,
    pub(super) cdr_endpoints: CdrEndpoints,
    pub(super) actions: Actions,
    pub(super) published: PublisherChannels,
}

/// The other ends of the publisher's channels, for the web server and reloads.
pub(super) struct PublisherChannels {
    pub(super) filter: watch::Sender<MeetingFilter>,
    walls: Projections,
    bridge_stats: watch::Receiver<Arc<[BridgeStats]>>,
    pub(super) totals: watch::Receiver<Totals>,
    lobbies: watch::Receiver<LobbySummary>,
    /// True once a bridge was read completely for the first time, or is paused.
    ready: watch::Receiver<bool>,
}

/// The parts that only the web server needs.
pub(super) struct WebParts {
    pub(super) listeners: Listeners,
    pub(super) metrics: PrometheusHandle,
    pub(super) demo_accounts: Option<Vec<DemoAccount>>,
}

pub(super) struct WebServer {
    pub(super) served: JoinHandle<Result<(), ServeError>>,
    /// The configuration, which can be replaced while it serves.
    pub(super) config: Live<WebConfig>,
}

/// Opens the database and reads the saved state.
pub(super) async fn open_state(config: &mut Config) -> Result<OpenState, StartError> {
    let db = Db::open(&config.data_dir)?;
    let moderation_db = ModerationDb::new(db.clone());
    let moderation =
        Moderation::new(ModerationSettings::new(&config.desk, &config.timing).into(), moderation_db.clone(), moderation_db.load().await?);
    let (problems, problems_seen) = Problems::channel();
    let (audit_log, audit_writer) = AuditLog::new(db.clone(), config.log_keep_days, &config.timing, problems.clone());
    let saved = SavedState {
        audit_writer,
        problems_seen,
        waiting: saved_state::load_waiting(&db).await?,
        bridges: saved_state::SavedBridges::load(db.clone()).await?,
        cdr_secrets: cdr_endpoints::prepare(&db, config).await?,
        interrupted: Journal::new(db.clone()).interrupted().await?,
    };
    let displays = Displays::load(db.clone()).await?;
    let (store, hub) = (Store::default(), Hub::new(ReaderKind::Desk));
    Ok(OpenState { shared: SharedState { db, store, hub, moderation, displays, audit_log, problems }, saved })
}

/// Starts the bridges' actors, the publisher and the actions.
pub(super) fn start_bridges(
    config: &Config,
    state: &SharedState,
    saved: SavedState,
    control: &TaskControl,
) -> Result<RunningBridges, StartError> {
    let (group, audit_writer) = (TaskGroup::default(), TaskGroup::default());
    let waiting_writer = WaitingWriter::new(state.db.clone(), &saved.waiting);
    let setup = ClusterSetup {
        bridges: &config.bridges,
        limits: &config.cms,
        timing: &config.timing,
        store: state.store.clone(),
        saved_bridges: Arc::new(saved.bridges),
        saved_waits: saved.waiting,
    };
    let (runtime, thread) = bridges_thread().map_err(StartError::Thread)?;
    let bridge_supervisor = {
        let _guard = runtime.enter();
        BridgeSupervisor::start(setup, &group.tasks, &group.stop)?
    };
    let cdr_endpoints = CdrEndpoints::default();
    cdr_endpoints.set(&saved.cdr_secrets, bridge_supervisor.cluster());
    let saving = saved_state::save_record_positions(state.db.clone(), state.store.clone(), config.timing.cdr_check, group.stop.clone());
    group.tasks.spawn(control.supervisor.watch("record positions", saving));
    audit_writer.tasks.spawn(control.supervisor.watch("audit log writer", saved.audit_writer.run(audit_writer.stop.clone())));
    let published = start_publisher(config, state, waiting_writer, saved.problems_seen, &group, control);
    let actions = start_actions(config, state, &bridge_supervisor, saved.interrupted, &group, control);
    Ok(RunningBridges { group, audit_writer, runtime, thread, bridge_supervisor, cdr_endpoints, actions, published })
}

fn start_publisher(
    config: &Config,
    state: &SharedState,
    waits: WaitingWriter,
    problem: watch::Receiver<Option<Fault>>,
    group: &TaskGroup,
    control: &TaskControl,
) -> PublisherChannels {
    let publisher = Publisher::new(state.store.clone(), state.moderation.clone(), config.filter.clone());
    let (ready, is_ready) = watch::channel(false);
    let (filter, filter_seen) = watch::channel(config.filter.clone());
    let (stats, bridge_stats) = watch::channel(Arc::default());
    let (totals_sent, totals) = watch::channel(Totals::default());
    let (lobbies, lobbies_seen) = watch::channel(LobbySummary::default());
    let (walls, audience_hubs) = Projections::channel(config.timing.wall_settle);
    let io = PublisherIo {
        hub: state.hub.clone(),
        waits,
        problem,
        bridge_stats: stats,
        totals: totals_sent,
        lobbies,
        filter: filter_seen,
        ready,
        audit_log: state.audit_log.clone(),
        audience_hubs,
    };
    let publishing = publisher::run(publisher, io, config.timing.publish_tick, group.stop.clone());
    group.tasks.spawn(control.supervisor.watch("publisher", publishing));
    PublisherChannels { filter, walls, bridge_stats, totals, lobbies: lobbies_seen, ready: is_ready }
}

/// Starts the actions, and recovers those that the last stop interrupted.
fn start_actions(
    config: &Config,
    state: &SharedState,
    bridge_supervisor: &BridgeSupervisor,
    interrupted: Vec<InterruptedAction>,
    group: &TaskGroup,
    control: &TaskControl,
) -> Actions {
    let journal = Journal::new(state.db.clone());
    group.tasks.spawn(control.supervisor.watch("action journal", journal.clone().tidy(group.stop.clone())));
    let actions = Actions::new(ActionParts {
        cluster: bridge_supervisor.cluster().clone(),
        moderation: state.moderation.clone(),
        journal,
        timing: config.timing.clone(),
        problems: state.problems.clone(),
        log: state.audit_log.clone(),
        tasks: control.tasks.clone(),
        stopping: control.stop.clone(),
        closed: group.stop.clone(),
    });
    if !interrupted.is_empty() {
        warn!(open = interrupted.len(), "interrupted actions found; their targets are read back, nothing is sent again");
        group.tasks.spawn(actions.clone().recover(interrupted));
    }
    actions
}

/// Serves browsers.
pub(super) fn start_web(
    config: &Config,
    state: &SharedState,
    bridges: &RunningBridges,
    parts: WebParts,
    control: &TaskControl,
) -> WebServer {
    let web_config = Live::from(config.web.clone());
    let services = Services {
        config: web_config.clone(),
        timing: config.timing.clone(),
        accounts: Accounts::new(state.db.clone(), config.timing.session_idle).configured(web_config.clone()),
        hub: state.hub.clone(),
        actions: Arc::new(bridges.actions.clone()),
        moderation: ModerationRequests::new(state.moderation.clone(), state.store.clone(), state.audit_log.clone()),
        audit_log: state.audit_log.clone(),
        cdr_endpoints: bridges.cdr_endpoints.clone(),
        displays: state.displays.clone(),
        walls: bridges.published.walls.clone(),
        bridge_stats: bridges.published.bridge_stats.clone(),
        lobbies: bridges.published.lobbies.clone(),
        ready: bridges.published.ready.clone(),
        metrics: parts.metrics,
        demo_accounts: parts.demo_accounts,
    };
    let serving = http::serve(services, parts.listeners, control.stop.clone(), control.tasks.clone());
    WebServer { served: tokio::spawn(serving), config: web_config }
}

/// Starts the thread of the bridges; dropping the guard ends it. On a thread of their own, a frame for thousands of browsers does not delay an
/// ack, and an event from a socket to its bridge wakes no other thread.
fn bridges_thread() -> std::io::Result<(Handle, DropGuard)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (handle, end) = (runtime.handle().clone(), CancellationToken::new());
    let ended = end.clone();
    std::thread::Builder::new().name("usher-bridges".into()).spawn(move || {
        runtime.block_on(ended.cancelled());
        runtime.shutdown_background();
    })?;
    Ok((handle, end.drop_guard()))
}
