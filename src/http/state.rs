//! The state that all handlers share. Holds no logic.

use std::ops::Deref;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{Accounts, Throttle};
use crate::audit::AuditLog;
use crate::cdr_endpoints::CdrEndpoints;
use crate::config::{Live, Timing, WebConfig};
use crate::displays::Displays;
use crate::displays::projection::Projections;
use crate::hub::Hub;
use crate::model::{ActionHandler, BridgeStats, LobbySummary, Role};
use crate::moderation::ModerationRequests;

use super::connections::registry::Connections;
use super::html::templates::Templates;
use super::limits::failed_sign_ins::FailedSignIns;
use super::limits::log_limits::LogLimits;
use super::limits::request_budget::RequestBudgets;
use super::ws::heartbeat::Heartbeat;
use super::ws::limit::SocketLimit;
use super::ws::writer::WriterSettings;

/// The parts of Usher that the web server uses.
#[derive(Debug)]
pub struct Services {
    /// A reload may change it, all but `public_url`.
    pub config: Live<WebConfig>,
    pub timing: Timing,
    pub accounts: Accounts,
    pub hub: Hub,
    pub actions: Arc<dyn ActionHandler>,
    pub moderation: ModerationRequests,
    pub audit_log: AuditLog,
    pub cdr_endpoints: CdrEndpoints,
    pub displays: Displays,
    pub walls: Projections,
    /// Only administrators see it.
    pub bridge_stats: watch::Receiver<Arc<[BridgeStats]>>,
    /// For pages that show no rows.
    pub lobbies: watch::Receiver<LobbySummary>,
    /// True once at least one bridge gave its first full read, or is paused.
    pub ready: watch::Receiver<bool>,
    pub metrics: PrometheusHandle,
    /// The sign-in page shows these; only the demo has any.
    pub demo_accounts: Option<Vec<DemoAccount>>,
}

/// An account whose password everybody may read.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DemoAccount {
    pub name: String,
    pub password: String,
    pub role: Role,
}

/// The services, and the state of the web server between requests. Handlers reach the services through `Deref`.
#[derive(Debug)]
pub(in crate::http) struct AppState {
    services: Services,
    /// The path prefix of every address, `""` at the root. Addresses and cookies hold it, so it stays until the next start.
    pub(in crate::http) base: String,
    pub(in crate::http) throttle: Throttle,
    pub(in crate::http) failed_sign_ins: FailedSignIns,
    pub(in crate::http) templates: Templates,
    pub(in crate::http) socket_limit: SocketLimit,
    pub(in crate::http) request_budgets: RequestBudgets,
    pub(in crate::http) log_limits: LogLimits,
    pub(in crate::http) heartbeat: Heartbeat,
    pub(in crate::http) connections: Connections,
    pub(in crate::http) writer_settings: WriterSettings,
    pub(in crate::http) shutdown: CancellationToken,
    /// Tasks of sockets and actions; the caller of the server waits for them.
    pub(in crate::http) tracker: TaskTracker,
    /// Tasks of sockets alone: hyper forgets a connection once it is a WebSocket.
    pub(in crate::http) sockets: TaskTracker,
}

impl AppState {
    pub(in crate::http) fn new(services: Services, shutdown: CancellationToken, tracker: TaskTracker) -> Arc<Self> {
        let base = services.config.get().public_url.as_ref().map_or_else(String::new, |url| url.base.clone());
        Arc::new(Self {
            throttle: Throttle::default(),
            failed_sign_ins: FailedSignIns::default(),
            templates: Templates::new(&base),
            base,
            socket_limit: SocketLimit::default(),
            request_budgets: RequestBudgets::default(),
            log_limits: LogLimits::default(),
            heartbeat: Heartbeat::new(),
            connections: Connections::default(),
            writer_settings: WriterSettings::new(services.timing.browser_stuck, shutdown.clone()),
            services,
            shutdown,
            tracker,
            sockets: TaskTracker::new(),
        })
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}
