//! Takes a configuration over that was read again while Usher runs. Reads no file and decides nothing about bridges.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::audit::{AuditEvent, AuditLog, Entry};
use crate::cdr_endpoints;
use crate::cdr_endpoints::CdrEndpoints;
use crate::cms::{Changed, Following, TrustError};
use crate::config::{Config, Live, MeetingFilter, WebConfig};
use crate::db::{Db, DbError};
use crate::http::{CertificateError, check_certificate};
use crate::moderation::{Moderation, Settings};

/// Stands for everybody who may send the process a signal; no account can be named so.
const BY: &str = "command line (SIGHUP)";

/// Why a configuration was not taken over; everything stays as it was.
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

/// Cheap to clone; one configuration after the other.
#[derive(Clone)]
pub struct Reload(Arc<Inner>);

struct Inner {
    running: Mutex<Config>,
    parts: Parts,
}

/// What another configuration reaches.
pub(crate) struct Parts {
    pub following: Following,
    /// Where the bridges run.
    pub bridges: Handle,
    pub filter: watch::Sender<MeetingFilter>,
    pub web: Live<WebConfig>,
    pub receivers: CdrEndpoints,
    pub desk: Moderation,
    pub db: Db,
    pub log: AuditLog,
}

impl Reload {
    pub(crate) fn new(running: Config, parts: Parts) -> Self {
        Self(Arc::new(Inner { running: Mutex::new(running), parts }))
    }

    /// Makes `config` the one in force, as far as a running Usher can; what it can't is said in the log and stays as it was.
    pub async fn take(&self, mut config: Config) -> Result<(), ReloadError> {
        let mut running = self.0.running.lock().await;
        let parts = &self.0.parts;
        for key in config.keep_what_needs_a_restart(&running) {
            warn!(key, "this setting changes only with a restart; the old value stays");
        }
        if let Some(tls) = &config.web.tls {
            check_certificate(tls)?;
        }
        let secrets = cdr_endpoints::prepare(&parts.db, &mut config).await?;
        let (following, wanted) = (parts.following.clone(), config.clone());
        let change = async move { following.change(&wanted.bridges, &wanted.cms, &wanted.timing).await };
        let changed = parts.bridges.spawn(change).await.map_err(|_| ReloadError::Stopping)??;
        parts.receivers.set(&secrets, parts.following.cluster());
        parts.filter.send_if_modified(|filter| (*filter != config.filter).then(|| filter.clone_from(&config.filter)).is_some());
        parts.web.set(config.web.clone());
        parts.desk.set(Settings::new(&config.desk, &config.timing));
        parts.log.keep(config.log_keep_days);
        say(&changed);
        let entry =
            Entry { user: BY.into(), ..Entry::of(AuditEvent::Configure).ended("done").detail(difference(&running, &config, &changed)) };
        parts.log.record(entry).await;
        *running = config;
        Ok(())
    }
}

/// The settings that differ from before, for the log of actions.
fn difference(before: &Config, now: &Config, bridges: &Changed) -> String {
    let Changed { added, anew, removed, retuned } = bridges;
    let mut parts = Vec::new();
    for (what, names) in [("added", added), ("changed", anew), ("removed", removed)] {
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

fn say(changed: &Changed) {
    let Changed { added, anew, removed, retuned } = changed;
    info!(?added, changed = ?anew, ?removed, limits_changed = retuned, "the configuration was read again");
}
