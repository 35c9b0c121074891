//! Everything that speaks to browsers: pages, log-in, the WebSocket, metrics. Knows nothing of CMS: rows come from the hub, actions go out.

mod audit;
mod budget;
mod connections;
pub mod desk_socket;
mod device;
mod error;
mod log_limits;
mod middleware;
pub mod ops;
mod pages;
mod router;
mod server;
mod session;
mod state;
mod wall;
mod ws;

use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::AuditLog;
use crate::cdr_endpoints::CdrEndpoints;
use crate::config::{Live, Timing, WebConfig};
use crate::db::Db;
use crate::displays::Displays;
use crate::displays::projection::Projections;
use crate::hub::Hub;
use crate::model::action::Actions;
use crate::model::{BridgeStats, Role};
use crate::moderation::Requests;

pub use ops::certificate::{CertificateError, check_certificate};
pub use server::ServeError;

/// What the browser side is made of.
#[derive(Debug)]
pub struct Web {
    pub config: Live<WebConfig>,
    pub timing: Timing,
    pub db: Db,
    pub hub: Hub,
    pub actions: Actions,
    pub desk: Requests,
    pub log: AuditLog,
    pub receivers: CdrEndpoints,
    /// Takes records and nothing else, without TLS.
    pub cdr_listener: Option<TcpListener>,
    pub displays: Displays,
    pub walls: Projections,
    /// What administrators may see of the bridges.
    pub figures: watch::Receiver<Arc<[BridgeStats]>>,
    /// True once at least one bridge gave its first full read, or is paused.
    pub ready: watch::Receiver<bool>,
    /// Shown on the log-in page; only the demo has any.
    pub demo_accounts: Option<Vec<DemoAccount>>,
}

/// An account whose password everybody may read.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DemoAccount {
    pub name: String,
    pub password: String,
    pub role: Role,
}

/// What `serve` says at its start when nobody could log in.
pub const FIRST_USER: &str = "Nobody can log in yet. Make the first user, in another terminal, with:\n\n    \
     usher user add <name> --role admin --config <this configuration file>\n\nIt asks for the password. No restart is needed.";

/// Serves browsers until `shutdown`, then lets requests and sockets end within `timing.drain`.
///
/// Sockets are tracked by `tracker`, too, so that the caller may wait for them together with its own tasks.
pub async fn serve(mut web: Web, listener: TcpListener, shutdown: CancellationToken, tracker: TaskTracker) -> Result<(), ServeError> {
    let cdr_listener = web.cdr_listener.take();
    let site = state::Site::new(web, shutdown.clone(), tracker);
    server::run(site, listener, cdr_listener, shutdown).await
}
