//! Takes a configuration over that was read again while Usher runs. Reads no file and decides nothing about bridges.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::cms::{Changed, Following, TrustError};
use crate::config::{Config, Filter, Live, WebConfig};
use crate::db::{Db, DbError};
use crate::desk::{Desk, Settings};
use crate::http::{CertificateError, check_certificate};
use crate::receivers::{self, Receivers};

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
    following: Following,
    /// Where the bridges run.
    bridges: Handle,
    filter: watch::Sender<Filter>,
    web: Live<WebConfig>,
    receivers: Receivers,
    desk: Desk,
    db: Db,
}

impl Reload {
    pub(crate) fn new(
        running: Config,
        following: Following,
        bridges: Handle,
        filter: watch::Sender<Filter>,
        web: Live<WebConfig>,
        receivers: Receivers,
        desk: Desk,
        db: Db,
    ) -> Self {
        Self(Arc::new(Inner { running: Mutex::new(running), following, bridges, filter, web, receivers, desk, db }))
    }

    /// Makes `config` the one in force, as far as a running Usher can; what it can't is said in the log and stays as it was.
    pub async fn take(&self, mut config: Config) -> Result<(), ReloadError> {
        let mut running = self.0.running.lock().await;
        for key in config.keep_what_needs_a_restart(&running) {
            warn!(key, "this setting changes only with a restart; the old value stays");
        }
        if let Some(tls) = &config.web.tls {
            check_certificate(tls)?;
        }
        let secrets = receivers::prepare(&self.0.db, &mut config).await?;
        let (following, wanted) = (self.0.following.clone(), config.clone());
        let change = async move { following.change(&wanted.bridges, &wanted.cms, &wanted.timing).await };
        let changed = self.0.bridges.spawn(change).await.map_err(|_| ReloadError::Stopping)??;
        self.0.receivers.set(&secrets, self.0.following.cluster());
        self.0.filter.send_if_modified(|filter| (*filter != config.filter).then(|| filter.clone_from(&config.filter)).is_some());
        self.0.web.set(config.web.clone());
        self.0.desk.set(Settings::new(&config.desk, &config.timing));
        say(&changed);
        *running = config;
        Ok(())
    }
}

fn say(changed: &Changed) {
    let Changed { added, anew, removed, retuned } = changed;
    info!(?added, changed = ?anew, ?removed, limits_changed = retuned, "the configuration was read again");
}
