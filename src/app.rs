//! The composition root: makes the parts, joins them, and stops them in order. Holds no logic of its own.
//!
//! Order of a stop: browsers are told and drained, running admissions end, then the bridges are left, then the database is flushed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::actions::Actions;
use crate::admission::{Admission, Journal};
use crate::cms::{self, TrustError};
use crate::config::Config;
use crate::db::{Db, DbError};
use crate::desk::Desk;
use crate::http::{self, DemoAccount, ServeError, Web};
use crate::hub::{Audience, Hub};
use crate::memory::{self, RefusedCredentials, WaitingWriter};
use crate::publisher::{self, Outlets, Publisher};
use crate::store::Store;

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
    #[error("a thread for the bridges: {0}")]
    Thread(#[source] std::io::Error),
}

/// A running Usher.
pub struct App {
    pub address: SocketAddr,
    /// The facts, for tests that compare them with the simulator's truth.
    pub store: Store,
    pub hub: Hub,
    stop: CancellationToken,
    web: tokio::task::JoinHandle<Result<(), ServeError>>,
    tasks: TaskTracker,
    bridges: (TaskTracker, CancellationToken),
    _bridges_thread: DropGuard,
    db: Db,
    drain: Duration,
}

/// Starts everything on a bound listener. `stop` ends it; wait for it with [`App::join`].
pub async fn start(
    config: Config,
    listener: TcpListener,
    demo_accounts: Option<Vec<DemoAccount>>,
    stop: CancellationToken,
) -> Result<App, StartError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    http::metrics::install();
    let address = listener.local_addr().map_err(StartError::Listener)?;
    let db = Db::open(&config.data_dir)?;
    let (store, desk, hub) = (Store::default(), Desk::default(), Hub::new(Audience::Desk));
    let tasks = TaskTracker::new();
    let (bridges, bridges_stop) = (TaskTracker::new(), CancellationToken::new());

    let waiting = memory::load_waiting(&db).await?;
    let waiting_writer = WaitingWriter::new(db.clone(), &waiting);
    let what = cms::Follow {
        bridges: &config.bridges,
        limits: &config.cms,
        timing: &config.timing,
        store: store.clone(),
        refusals: Arc::new(RefusedCredentials::load(db.clone()).await?),
        memory: waiting,
    };
    let (bridges_thread, thread_end) = bridges_thread().map_err(StartError::Thread)?;
    let cluster = {
        let _there = bridges_thread.enter();
        cms::follow(what, &bridges, &bridges_stop)?
    };

    let (trouble, trouble_seen) = watch::channel(None);
    let (ready, is_ready) = watch::channel(false);
    let publisher = Publisher::new(store.clone(), desk.clone(), config.filter.clone());
    let outlets = Outlets { hub: hub.clone(), memory: waiting_writer, trouble: trouble_seen, ready };
    bridges.spawn(publisher::run(publisher, outlets, config.timing.publish_tick, bridges_stop.clone()));

    let journal = Journal::new(db.clone());
    let open = journal.open().await?;
    let admission = Admission::new(cluster, desk, journal, config.timing.clone(), trouble);
    if !open.is_empty() {
        warn!(people = open.len(), "admissions were interrupted by the last stop; reading back what became of them, sending nothing again");
        bridges.spawn(admission.clone().recover(open));
    }
    let (requests, presses) = mpsc::channel(PRESSES);
    bridges.spawn(admission.run(presses, tasks.clone(), bridges_stop.clone()));

    let web = Web {
        config: config.web,
        timing: config.timing.clone(),
        db: db.clone(),
        hub: hub.clone(),
        actions: Actions { requests },
        ready: is_ready,
        demo_accounts,
    };
    let web = tokio::spawn(http::serve(web, listener, stop.clone(), tasks.clone()));
    info!(%address, bridges = config.bridges.len(), "started");
    Ok(App {
        address,
        store,
        hub,
        stop,
        web,
        tasks,
        bridges: (bridges, bridges_stop),
        _bridges_thread: thread_end,
        db,
        drain: config.timing.drain,
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

    /// Waits for the web server's end and ends the rest in order.
    pub async fn join(self) -> Result<(), ServeError> {
        let served = self.web.await.unwrap_or(Ok(()));
        self.tasks.close();
        if tokio::time::timeout(self.drain, self.tasks.wait()).await.is_err() {
            warn!("admissions were still under way at the end; the next start reads back what became of them");
        }
        self.bridges.1.cancel();
        self.bridges.0.close();
        self.bridges.0.wait().await;
        if let Err(error) = self.db.flush().await {
            warn!(%error, "the database could not be flushed");
        }
        served
    }
}
