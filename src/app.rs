//! The composition root: makes the parts, joins them, and stops them in order. Holds no logic of its own.
//!
//! Order of a stop: browsers are told and drained, running actions end, then the bridges are left, then the log of actions is written to its end
//! and the database flushed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::accounts::Accounts;
use crate::actions::{Deeds, Journal};
use crate::audit::AuditLog;
use crate::cdr_endpoints::CdrEndpoints;
use crate::cms::{self, TrustError};
use crate::config::{Config, Live};
use crate::db::{Db, DbError, DirectoryLock};
use crate::displays::Displays;
use crate::displays::projection::Projections;
use crate::http::{self, DemoAccount, Listeners, ServeError, Services};
use crate::hub::{Hub, ReaderKind};
use crate::model::action::Actions;
use crate::moderation::{Keeper, Moderation, Requests, Settings};
use crate::publisher::{self, PublisherIo, Publisher};
use crate::reload::{Parts, Reload};
use crate::saved_state::WaitingWriter;
use crate::store::Store;
use crate::supervisor::{Supervisor, TaskFailed};
use crate::system_status::Problems;
use crate::{cdr_endpoints, saved_state};

/// For bridges, and then for the log, when all else has ended: they take far less, and what hangs must not hold up the end.
const LAST_WORDS: Duration = Duration::from_millis(900);

/// Presses that may wait to begin.
const PRESSES: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("TLS towards a bridge: {0}")]
    Trust(#[from] TrustError),
    #[error("the listening socket: {0}")]
    Listener(#[source] std::io::Error),
    #[error("the port for records (key `cdr.listen`): {0}")]
    CdrListener(#[source] std::io::Error),
    #[error("a thread for the bridges: {0}")]
    Thread(#[source] std::io::Error),
}

/// Why a running Usher ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Task(#[from] TaskFailed),
}

/// A running Usher.
pub struct App {
    pub address: SocketAddr,
    /// Of the port for records alone, if there is one.
    pub cdr_address: Option<SocketAddr>,
    /// The facts, for tests that compare them with the simulator's truth.
    pub store: Store,
    pub hub: Hub,
    /// Takes another configuration over.
    pub reload: Reload,
    /// Watches the tasks that Usher can't do without, and others that must live as long as it.
    pub supervisor: Supervisor,
    stop: CancellationToken,
    web: JoinHandle<Result<(), ServeError>>,
    tasks: TaskTracker,
    bridges: (TaskTracker, CancellationToken),
    _bridges_thread: DropGuard,
    /// For tests that fill the disk.
    pub db: Db,
    pub log: AuditLog,
    log_written: (JoinHandle<()>, CancellationToken),
    #[cfg(test)]
    actions: Actions,
    #[cfg(test)]
    desk: Moderation,
    drain: Duration,
    /// Let go of last.
    _hold: DirectoryLock,
}

/// Starts everything on a bound listener, as the only one that serves from its data directory. `stop` ends it; wait for it with [`App::join`].
pub async fn start(
    config: Config,
    listener: TcpListener,
    demo_accounts: Option<Vec<DemoAccount>>,
    stop: CancellationToken,
) -> Result<App, StartError> {
    let hold = DirectoryLock::take(&config.data_dir)?;
    start_holding(hold, config, listener, demo_accounts, stop).await
}

/// The same where the data directory is held already.
pub async fn start_holding(
    hold: DirectoryLock,
    mut config: Config,
    listener: TcpListener,
    demo_accounts: Option<Vec<DemoAccount>>,
    stop: CancellationToken,
) -> Result<App, StartError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let metrics = metrics::install();
    let address = listener.local_addr().map_err(StartError::Listener)?;
    let db = Db::open(&config.data_dir)?;
    let (store, hub) = (Store::default(), Hub::new(ReaderKind::Desk));
    let keeper = Keeper::new(db.clone());
    let desk = Moderation::new(Settings::new(&config.desk, &config.timing).into(), keeper.clone(), keeper.load().await?);
    let (tasks, supervisor) = (TaskTracker::new(), Supervisor::new(stop.clone()));
    let (bridges, bridges_stop) = (TaskTracker::new(), CancellationToken::new());

    let waiting = saved_state::load_waiting(&db).await?;
    let waiting_writer = WaitingWriter::new(db.clone(), &waiting);
    let cdr_listener = config.web.cdr_listen.map(TcpListener::bind).transpose().map_err(StartError::CdrListener)?;
    let cdr_address = cdr_listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let secrets = cdr_endpoints::prepare(&db, &mut config).await?;
    let what = cms::Follow {
        bridges: &config.bridges,
        limits: &config.cms,
        timing: &config.timing,
        store: store.clone(),
        bridge_memory: Arc::new(saved_state::SavedBridges::load(db.clone()).await?),
        memory: waiting,
    };
    let (bridges_thread, thread_end) = bridges_thread().map_err(StartError::Thread)?;
    let following = {
        let _there = bridges_thread.enter();
        cms::follow(what, &bridges, &bridges_stop)?
    };

    let receivers = CdrEndpoints::default();
    receivers.set(&secrets, following.cluster());
    let noting = saved_state::note_records(db.clone(), store.clone(), config.timing.cdr_check, bridges_stop.clone());
    bridges.spawn(supervisor.watch("notes on records", noting));

    let (troubles, trouble_seen) = Problems::channel();
    let (log, log_writer) = AuditLog::new(db.clone(), config.log_keep_days, &config.timing, troubles.clone());
    let log_stop = CancellationToken::new();
    let log_written = tokio::spawn(supervisor.watch("writer of the log", log_writer.run(log_stop.clone())));
    let (ready, is_ready) = watch::channel(false);
    let publisher = Publisher::new(store.clone(), desk.clone(), config.filter.clone());
    let (filter, filter_seen) = watch::channel(config.filter.clone());
    let (figures, figures_seen) = watch::channel(Arc::default());
    let (walls, audience_hubs) = Projections::channel(config.timing.wall_settle);
    let outlets = PublisherIo {
        hub: hub.clone(),
        waits: waiting_writer,
        problem: trouble_seen,
        bridge_stats: figures,
        filter: filter_seen,
        ready,
        audit_log: log.clone(),
        audience_hubs,
    };
    let publishing = publisher::run(publisher, outlets, config.timing.publish_tick, bridges_stop.clone());
    bridges.spawn(supervisor.watch("publisher", publishing));

    let journal = Journal::new(db.clone());
    let open = journal.open().await?;
    let deeds = Deeds::new(following.cluster().clone(), desk.clone(), journal, config.timing.clone(), troubles, log.clone(), stop.clone());
    if !open.is_empty() {
        warn!(open = open.len(), "actions were interrupted by the last stop; reading back what became of them, sending nothing again");
        bridges.spawn(deeds.clone().recover(open));
    }
    let (actions, presses) = Actions::channel(PRESSES);
    bridges.spawn(supervisor.watch("actions", deeds.run(presses, tasks.clone(), bridges_stop.clone())));

    let web_config = Live::from(config.web.clone());
    let services = Services {
        config: web_config.clone(),
        timing: config.timing.clone(),
        accounts: Accounts::new(db.clone(), config.timing.session_idle).configured(web_config.clone()),
        hub: hub.clone(),
        actions: actions.clone(),
        moderation: Requests::new(desk.clone(), store.clone(), log.clone()),
        audit_log: log.clone(),
        cdr_endpoints: receivers.clone(),
        displays: Displays::load(db.clone()).await?,
        walls,
        bridge_stats: figures_seen,
        ready: is_ready,
        metrics,
        demo_accounts,
    };
    let web = tokio::spawn(http::serve(services, Listeners { web: listener, cdr: cdr_listener }, stop.clone(), tasks.clone()));
    info!(%address, bridges = config.bridges.len(), "started");
    let drain = config.timing.drain;
    let parts = Parts {
        following,
        bridges: bridges_thread,
        filter,
        web: web_config,
        receivers,
        desk: desk.clone(),
        db: db.clone(),
        log: log.clone(),
    };
    Ok(App {
        address,
        cdr_address,
        store,
        hub,
        reload: Reload::new(config, parts),
        supervisor,
        stop,
        web,
        tasks,
        bridges: (bridges, bridges_stop),
        _bridges_thread: thread_end,
        db,
        log,
        log_written: (log_written, log_stop),
        #[cfg(test)]
        actions,
        #[cfg(test)]
        desk,
        drain,
        _hold: hold,
    })
}

/// The bridges have a thread of their own, until the guard is dropped: a frame for thousands of browsers does not hold up an
/// acknowledgement, and an event on its way from the socket to its bridge wakes no other thread.
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

/// What is under way, for tests that look for what is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Actors, their events sockets, and the tasks beside them.
    pub bridge_tasks: usize,
    /// Browsers' sockets and presses.
    pub browser_tasks: usize,
    /// Browsers that follow the hub.
    pub followers: usize,
}

impl App {
    pub fn load(&self) -> Load {
        Load { bridge_tasks: self.bridges.0.len(), browser_tasks: self.tasks.len(), followers: self.hub.followers() }
    }

    /// Asks everything to stop; [`App::join`] waits until it has.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for a stop, for the web server's end or for the failure of a task that Usher can't do without, and ends the rest in order.
    pub async fn join(mut self) -> Result<(), EndError> {
        let ended = tokio::select! {
            () = self.stop.cancelled() => None,
            _ = self.supervisor.failure() => None,
            served = &mut self.web => Some(served),
        };
        self.stop.cancel();
        // One deadline for all, from the moment a stop was asked for: actions end while sockets do.
        let deadline = Instant::now() + self.drain;
        let served = match ended {
            Some(served) => served,
            None => self.web.await,
        };
        self.tasks.close();
        if tokio::time::timeout_at(deadline, self.tasks.wait()).await.is_err() {
            warn!("actions were still under way at the end; the next start reads back what became of them");
        }
        self.bridges.1.cancel();
        self.bridges.0.close();
        if tokio::time::timeout_at(deadline.max(Instant::now()) + LAST_WORDS, self.bridges.0.wait()).await.is_err() {
            warn!("a change was still under way at a bridge at the end; the next start reads back what became of it");
        }
        self.log_written.1.cancel();
        if tokio::time::timeout(LAST_WORDS, self.log_written.0).await.is_err() {
            warn!("the log of actions could not be written to its end");
        }
        if let Err(error) = self.db.flush().await {
            warn!(%error, "the database could not be flushed");
        }
        served.unwrap_or_else(|error| Err(ServeError::Failed(error.to_string())))?;
        self.supervisor.failed().map_or(Ok(()), |failed| Err(failed.into()))
    }
}

pub mod metrics;
#[cfg(test)]
mod tests;
