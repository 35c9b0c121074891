//! Applies a changed configuration while Usher runs. Reads no file and decides nothing about bridges.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::audit::{AuditEvent, AuditLog, Entry};
use crate::cdr_endpoints::{self, CdrEndpoints};
use crate::cms::{BridgeSupervisor, ClusterChanges, TrustError};
use crate::config::{Config, Live, MeetingFilter, WebConfig};
use crate::db::{Db, DbError};
use crate::http::{CertificateError, check_certificate};
use crate::moderation::{Moderation, ModerationSettings};

/// The user of the audit entry, because the sender of a signal is not known. No account can have this name.
const BY: &str = "command line (SIGHUP)";

/// Why a configuration was not applied; everything stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error("TLS towards a bridge: {0}")]
    Trust(#[from] TrustError),
    #[error("TLS: {0}")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("Usher is stopping")]
    Stopping,
}

/// Applies one configuration after the other. Cheap to clone.
#[derive(Clone)]
pub struct Reload(Arc<Inner>);

struct Inner {
    running: Mutex<Config>,
    targets: ReloadTargets,
}

/// The parts that a new configuration changes.
pub(crate) struct ReloadTargets {
    pub bridge_supervisor: BridgeSupervisor,
    /// The runtime of the bridges' actors.
    pub bridges: Handle,
    pub filter: watch::Sender<MeetingFilter>,
    pub web: Live<WebConfig>,
    pub cdr_endpoints: CdrEndpoints,
    pub moderation: Moderation,
    pub db: Db,
    pub audit_log: AuditLog,
}

impl Reload {
    pub(crate) fn new(running: Config, targets: ReloadTargets) -> Self {
        Self(Arc::new(Inner { running: Mutex::new(running), targets }))
    }

    /// Applies `config`. A setting that needs a restart keeps its value, with a warning in the log.
    pub async fn apply(&self, mut config: Config) -> Result<(), ReloadError> {
        let mut running = self.0.running.lock().await;
        let targets = &self.0.targets;
        for key in config.keep_startup_settings(&running) {
            warn!(key, "setting not changed: it needs a restart");
        }
        if let Some(tls) = &config.web.tls {
            check_certificate(tls)?;
        }
        let secrets = cdr_endpoints::prepare(&targets.db, &mut config).await?;
        let (bridge_supervisor, wanted) = (targets.bridge_supervisor.clone(), config.clone());
        let change = async move { bridge_supervisor.reconfigure(&wanted.bridges, &wanted.cms, &wanted.timing).await };
        let changed = targets.bridges.spawn(change).await.map_err(|_| ReloadError::Stopping)??;
        targets.cdr_endpoints.set(&secrets, targets.bridge_supervisor.cluster());
        targets.filter.send_if_modified(|filter| (*filter != config.filter).then(|| filter.clone_from(&config.filter)).is_some());
        targets.web.set(config.web.clone());
        targets.moderation.set_settings(ModerationSettings::new(&config.desk, &config.timing));
        targets.audit_log.set_keep_days(config.log_keep_days);
        log_changes(&changed);
        let entry =
            Entry { user: BY.into(), ..Entry::of(AuditEvent::Configure).ended("done").detail(difference(&running, &config, &changed)) };
        targets.audit_log.record(entry).await;
        *running = config;
        Ok(())
    }
}

/// The settings that differ from before, for the audit log.
fn difference(before: &Config, now: &Config, bridges: &ClusterChanges) -> String {
    let ClusterChanges { added, restarted, removed, retuned } = bridges;
    let mut parts = Vec::new();
    for (what, names) in [("added", added), ("changed", restarted), ("removed", removed)] {
        if !names.is_empty() {
            parts.push(format!("bridges {what}: {}", names.join(", ")));
        }
    }
    let others = [
        ("limits of bridges", *retuned),
        ("[desk]", before.desk != now.desk),
        ("[filter]", before.filter != now.filter),
        ("[web]", before.web != now.web),
    ];
    parts.extend(others.into_iter().filter(|(_, changed)| *changed).map(|(what, _)| what.to_owned()));
    if before.log_keep_days != now.log_keep_days {
        parts.push(format!("log.keep_days: {} → {}", before.log_keep_days, now.log_keep_days));
    }
    if parts.is_empty() { "nothing has changed".into() } else { parts.join("; ") }
}

fn log_changes(changed: &ClusterChanges) {
    let ClusterChanges { added, restarted, removed, retuned } = changed;
    info!(?added, changed = ?restarted, ?removed, limits_changed = retuned, "configuration replaced");
}
