//! What all handlers share. Holds no logic but where things are.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{Accounts, Throttle};
use crate::audit::AuditLog;
use crate::cdr_endpoints::CdrEndpoints;
use crate::config::{Live, PublicUrl, Timing, WebConfig};
use crate::displays::Displays;
use crate::displays::projection::Projections;
use crate::hub::Hub;
use crate::model::BridgeStats;
use crate::model::action::Actions;
use crate::moderation::Requests;

use super::budget::Budgets;
use super::connections::Connections;
use super::desk_socket::Pulse;
use super::log_limits::LogLimits;
use super::ops::metrics;
use super::pages::failed_sign_ins::FailedLogIns;
use super::pages::templates::Templates;
use super::ws::limit::Seats;
use super::{DemoAccount, Web};

pub(super) type Shared = Arc<Site>;

#[derive(Debug)]
pub(super) struct Site {
    /// Some of it may be exchanged while it is served.
    pub(super) config: Live<WebConfig>,
    /// Addresses and cookies are made of it: it stays.
    public_url: Option<PublicUrl>,
    pub(super) timing: Timing,
    pub(super) accounts: Accounts,
    pub(super) throttle: Throttle,
    pub(super) failed_log_ins: FailedLogIns,
    pub(super) hub: Hub,
    pub(super) actions: Actions,
    pub(super) desk: Requests,
    pub(super) log: AuditLog,
    pub(super) receivers: CdrEndpoints,
    pub(super) displays: Displays,
    pub(super) walls: Projections,
    pub(super) figures: watch::Receiver<Arc<[BridgeStats]>>,
    pub(super) ready: watch::Receiver<bool>,
    pub(super) demo_accounts: Option<Vec<DemoAccount>>,
    pub(super) templates: Templates,
    pub(super) seats: Seats,
    pub(super) budgets: Budgets,
    pub(super) log_limits: LogLimits,
    pub(super) pulse: Arc<Pulse>,
    pub(super) connections: Connections,
    pub(super) metrics: PrometheusHandle,
    /// Looked up once: it counts with every flush of every socket.
    pub(super) frames_sent: ::metrics::Counter,
    pub(super) shutdown: CancellationToken,
    /// Everybody's tasks; the caller waits for them.
    pub(super) tracker: TaskTracker,
    /// Only our sockets: hyper forgets a connection once it is a WebSocket.
    pub(super) sockets: TaskTracker,
}

impl Site {
    pub(super) fn new(web: Web, shutdown: CancellationToken, tracker: TaskTracker) -> Shared {
        Arc::new(Self {
            accounts: Accounts::new(web.db, web.timing.session_idle).configured(web.config.clone()),
            public_url: web.config.get().public_url.clone(),
            config: web.config,
            timing: web.timing,
            throttle: Throttle::default(),
            failed_log_ins: FailedLogIns::default(),
            hub: web.hub,
            actions: web.actions,
            desk: web.desk,
            log: web.log,
            receivers: web.receivers,
            displays: web.displays,
            walls: web.walls,
            figures: web.figures,
            ready: web.ready,
            demo_accounts: web.demo_accounts,
            templates: Templates::new(),
            seats: Seats::default(),
            budgets: Budgets::default(),
            log_limits: LogLimits::default(),
            pulse: Arc::new(Pulse::new()),
            connections: Connections::default(),
            metrics: metrics::install(),
            frames_sent: ::metrics::counter!("usher_frames_sent_total"),
            shutdown,
            tracker,
            sockets: TaskTracker::new(),
        })
    }

    /// The path prefix of every address, `""` at the root.
    pub(super) fn base(&self) -> &str {
        self.public_url.as_ref().map_or("", |url| &url.base)
    }
}
