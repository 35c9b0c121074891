//! The composition root: builds the parts, connects them, and stops them in order. Has no logic of its own.
//!
//! The order of a stop: browsers are told and disconnected, running actions end, then the bridges' actors; last, the audit log is written and
//! the database flushed.

pub mod metrics;
mod signs_of_life;
mod start;
#[cfg(test)]
mod tests;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

#[cfg(test)]
use crate::actions::Actions;
use crate::audit::AuditLog;
use crate::cms::TrustError;
use crate::config::Config;
use crate::db::{Db, DbError, DirectoryLock};
use crate::http::{DemoAccount, Listeners, ServeError};
use crate::hub::Hub;
#[cfg(test)]
use crate::moderation::Moderation;
use crate::reload::{Reload, ReloadTargets};
use crate::store::Store;
use crate::supervisor::{Supervisor, TaskFailed};

pub use signs_of_life::SignsOfLife;
use start::{OpenState, TaskControl, WebParts, open_state, start_bridges, start_web};

/// How long the bridges, and then the audit log, may take to end. They need far less; a part that hangs must not delay the stop.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(900);

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

/// Why Usher ended without being asked to.
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
    /// The address of the separate port for Call Detail Records, if there is one.
    pub cdr_address: Option<SocketAddr>,
    /// The facts, for tests that compare them with the simulator's truth.
    pub store: Store,
    pub hub: Hub,
    /// Applies a changed configuration.
    pub reload: Reload,
    /// Watches the essential tasks.
    pub supervisor: Supervisor,
    /// For the watchdog of a service manager.
    pub signs_of_life: SignsOfLife,
    /// For tests that fill the disk.
    pub db: Db,
    pub audit_log: AuditLog,
    stop: CancellationToken,
    web: JoinHandle<Result<(), ServeError>>,
    /// Sockets of browsers, and actions.
    tasks: TaskTracker,
    bridges: TaskGroup,
    audit_writer: TaskGroup,
    _bridges_thread: DropGuard,
    #[cfg(test)]
    actions: Actions,
    #[cfg(test)]
    moderation: Moderation,
    drain: Duration,
    /// Released last.
    _directory_lock: DirectoryLock,
}

/// Tasks that end together, and the token that tells them to.
#[derive(Default)]
struct TaskGroup {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl TaskGroup {
    /// Asks the tasks to end and waits for them. Returns false if they did not end before the deadline.
    async fn end_before(&self, deadline: Instant) -> bool {
        self.stop.cancel();
        self.tasks.close();
        timeout_at(deadline, self.tasks.wait()).await.is_ok()
    }
}

/// Locks the data directory and starts everything on a bound listener. `stop` ends it; [`App::join`] waits for the end.
pub async fn start(
    config: Config,
    listener: TcpListener,
    demo_accounts: Option<Vec<DemoAccount>>,
    stop: CancellationToken,
) -> Result<App, StartError> {
    let lock = DirectoryLock::take(&config.data_dir)?;
    start_locked(lock, config, listener, demo_accounts, stop).await
}

/// Starts everything, like [`start()`], when the data directory is locked already.
pub async fn start_locked(
    lock: DirectoryLock,
    mut config: Config,
    listener: TcpListener,
    demo_accounts: Option<Vec<DemoAccount>>,
    stop: CancellationToken,
) -> Result<App, StartError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let metrics = metrics::install();
    let address = listener.local_addr().map_err(StartError::Listener)?;
    let drain = config.timing.drain;
    let control = TaskControl { supervisor: Supervisor::new(stop.clone()), tasks: TaskTracker::new(), stop };
    let OpenState { shared, saved } = open_state(&mut config).await?;
    let cdr = config.web.cdr_listen.map(TcpListener::bind).transpose().map_err(StartError::CdrListener)?;
    let cdr_address = cdr.as_ref().and_then(|listener| listener.local_addr().ok());
    let bridges = start_bridges(&config, &shared, saved, &control)?;
    let parts = WebParts { listeners: Listeners { web: listener, cdr }, metrics, demo_accounts };
    let web = start_web(&config, &shared, &bridges, parts, &control);
    let signs_of_life = SignsOfLife::new(bridges.published.totals, bridges.runtime.clone(), control.supervisor.clone());
    info!(%address, bridges = config.bridges.len(), "started");
    let targets = ReloadTargets {
        bridge_supervisor: bridges.bridge_supervisor,
        bridges: bridges.runtime,
        filter: bridges.published.filter,
        web: web.config,
        cdr_endpoints: bridges.cdr_endpoints,
        moderation: shared.moderation.clone(),
        db: shared.db.clone(),
        audit_log: shared.audit_log.clone(),
    };
    Ok(App {
        address,
        cdr_address,
        store: shared.store,
        hub: shared.hub,
        reload: Reload::new(config, targets),
        supervisor: control.supervisor,
        signs_of_life,
        db: shared.db,
        audit_log: shared.audit_log,
        stop: control.stop,
        web: web.served,
        tasks: control.tasks,
        bridges: bridges.group,
        audit_writer: bridges.audit_writer,
        _bridges_thread: bridges.thread,
        #[cfg(test)]
        actions: bridges.actions,
        #[cfg(test)]
        moderation: shared.moderation,
        drain,
        _directory_lock: lock,
    })
}

/// The numbers of running tasks, for tests that look for leaked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCounts {
    /// Actors of bridges, their events sockets, and the tasks beside them.
    pub bridge_tasks: usize,
    /// Browsers' sockets and actions.
    pub browser_tasks: usize,
    /// Browsers that follow the hub.
    pub followers: usize,
}

impl App {
    pub fn task_counts(&self) -> TaskCounts {
        TaskCounts { bridge_tasks: self.bridges.tasks.len(), browser_tasks: self.tasks.len(), followers: self.hub.followers() }
    }

    /// Asks everything to stop; [`App::join`] waits until it has.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for a stop, the web server's end or the failure of an essential task, and ends the other parts in order.
    pub async fn join(mut self) -> Result<(), EndError> {
        let ended = tokio::select! {
            () = self.stop.cancelled() => None,
            _ = self.supervisor.failure() => None,
            served = &mut self.web => Some(served),
        };
        self.stop.cancel();
        // One deadline for sockets and actions, which end at the same time.
        let deadline = Instant::now() + self.drain;
        let served = match ended {
            Some(served) => served,
            None => self.web.await,
        };
        self.tasks.close();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            warn!("actions unfinished at the end; the next start reads back what became of them");
        }
        if !self.bridges.end_before(deadline.max(Instant::now()) + SHUTDOWN_GRACE).await {
            warn!("change at a bridge unfinished at the end; the next start reads back what became of it");
        }
        if !self.audit_writer.end_before(Instant::now() + SHUTDOWN_GRACE).await {
            warn!("audit log not written completely");
        }
        if let Err(error) = self.db.flush().await {
            warn!(%error, "database not flushed");
        }
        served.unwrap_or_else(|error| Err(ServeError::Failed(error.to_string())))?;
        self.supervisor.failed().map_or(Ok(()), |failed| Err(failed.into()))
    }
}
