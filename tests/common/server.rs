//! A real server of the browser side on port 0. The test controls hub, actions and readiness.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher::accounts::Accounts;
use usher::audit::AuditLog;
use usher::config::{Config, Live, Timing, WebConfig};
use usher::db::Db;
use usher::displays::Displays;
use usher::displays::projection::Projections;
use usher::http::{Listeners, ServeError, Services, serve};
use usher::hub::{Hub, HubLimits, ReaderKind};
use usher::model::{BridgeStats, LobbySummary, Role};
use usher::moderation::{Moderation, ModerationRequests};
use usher::store::Store;
use usher::system_status::Problems;

use super::browser::Browser;
use super::recorded_actions::{Recorded, RecordedActions};

pub const PASSWORD: &str = "correct horse";

pub struct TestServer {
    pub address: SocketAddr,
    pub hub: Hub,
    pub log: AuditLog,
    pub requests: mpsc::Receiver<Recorded>,
    pub figures: watch::Sender<Arc<[BridgeStats]>>,
    pub lobbies: watch::Sender<LobbySummary>,
    pub ready: watch::Sender<bool>,
    pub accounts: Accounts,
    pub shutdown: CancellationToken,
    pub tracker: TaskTracker,
    pub served: JoinHandle<Result<(), ServeError>>,
    pub dir: tempfile::TempDir,
}

/// The differences of a test's server from the usual one.
pub struct ServerSetup {
    /// Lines of the configuration before its `[[bridge]]`.
    pub config: String,
    pub timing: Timing,
    pub limits: HubLimits,
}

impl Default for ServerSetup {
    /// Heartbeats are rare, so that the next frame is the one that a test expects.
    fn default() -> Self {
        let timing = Timing { beat: Duration::from_secs(20), ..Timing::default() };
        Self { config: String::new(), timing, limits: HubLimits::default() }
    }
}

impl ServerSetup {
    pub fn config(text: &str) -> Self {
        Self { config: text.into(), ..Self::default() }
    }

    pub fn timing(change: impl FnOnce(&mut Timing)) -> Self {
        let mut setup = Self::default();
        change(&mut setup.timing);
        setup
    }

    /// With the users `ana` (admin), `mo` (moderator) and `vi` (viewer).
    pub async fn start(self) -> TestServer {
        let dir = tempfile::tempdir().expect("directory");
        let accounts = Accounts::new(Db::open(dir.path()).expect("database"), Duration::from_secs(3600));
        for (name, role) in [("ana", Role::Admin), ("mo", Role::Moderator), ("vi", Role::Viewer)] {
            accounts.add(name, role, PASSWORD).await.expect("added");
        }
        self.start_in(dir).await
    }

    /// Starts on an existing data directory.
    pub async fn start_in(self, dir: tempfile::TempDir) -> TestServer {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Live::from(web_config(&self.config, dir.path()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let address = listener.local_addr().expect("address");
        let db = Db::open(dir.path()).expect("database");
        let (hub, displays_db) = (Hub::with_limits(ReaderKind::Desk, self.limits), db.clone());
        let (actions, requests) = RecordedActions::channel(16);
        let (figures, figures_seen) = watch::channel(Arc::default());
        let (lobbies, lobbies_seen) = watch::channel(LobbySummary::default());
        let (ready, readiness) = watch::channel(false);
        let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
        let accounts = Accounts::new(db.clone(), Duration::from_secs(3600));
        let (log, writer) = AuditLog::new(db.clone(), 0, &self.timing, Problems::channel().0);
        tokio::spawn(writer.run(shutdown.clone()));
        let services = Services {
            accounts: Accounts::new(db, self.timing.session_idle).configured(config.clone()),
            config,
            timing: self.timing,
            hub: hub.clone(),
            actions: Arc::new(actions),
            moderation: ModerationRequests::new(Moderation::default(), Store::default(), log.clone()),
            audit_log: log.clone(),
            cdr_endpoints: usher::cdr_endpoints::CdrEndpoints::default(),
            displays: Displays::load(displays_db).await.expect("displays"),
            // No test here publishes for displays.
            walls: Projections::channel(Duration::ZERO).0,
            bridge_stats: figures_seen,
            lobbies: lobbies_seen,
            ready: readiness,
            metrics: usher::app::metrics::install(),
            demo_accounts: None,
        };
        let served = tokio::spawn(serve(services, Listeners { web: listener, cdr: None }, shutdown.clone(), tracker.clone()));
        TestServer { address, hub, log, requests, figures, lobbies, ready, accounts, shutdown, tracker, served, dir }
    }
}

fn web_config(text: &str, dir: &Path) -> WebConfig {
    let bridge = "[[bridge]]\nname=\"a\"\nurl=\"https://cms.example.org\"\nusername=\"u\"\npassword=\"p\"\n";
    Config::parse(&format!("{text}\n{bridge}"), dir).expect("valid configuration").web
}

impl TestServer {
    pub async fn start() -> Self {
        ServerSetup::default().start().await
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address, "")
    }

    /// A browser that has logged in over HTTP.
    pub async fn logged_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        browser.login(name, PASSWORD).await;
        browser
    }

    /// Stops the server; its data directory can be used again.
    pub async fn stop(self) -> tempfile::TempDir {
        self.shutdown.cancel();
        super::in_time("the server to stop", self.served).await.expect("no panic").expect("no error");
        self.dir
    }
}
