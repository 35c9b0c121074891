//! `usher serve`: the server, until SIGTERM or ctrl-c. SIGHUP reloads the configuration.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::accounts::Accounts;
use crate::config::{Config, Trust};
use crate::db::{Db, DirectoryLock};
use crate::http::{FIRST_USER, check_certificate};
use crate::reload::Reload;
use crate::service_manager::{Notification, ServiceManager};
use crate::{app, check};

/// The limit of open files and sockets: one for each browser, a few for each bridge.
const DESCRIPTORS: u64 = 65_536;

pub(super) async fn run(config: Config, file: PathBuf) -> anyhow::Result<()> {
    raise_descriptor_limit();
    warn_about_exposed_files(&config);
    for bridge in config.bridges.iter().filter(|bridge| bridge.trust == Trust::Insecure) {
        warn!(bridge = %bridge.name, "certificate not verified (insecure = true): anyone in between can read the password");
    }
    if config.web.serves_plain_http_remotely() {
        warn!(
            listen = %config.web.listen,
            "plain HTTP served to other machines: passwords travel unencrypted; set `tls`, or listen on 127.0.0.1 behind a proxy and name it in `trusted_proxies`"
        );
    }
    if let Some(tls) = &config.web.tls {
        check_certificate(tls)?;
    }
    // Before anything else: a second server on the same directory would treat the first one's running actions as interrupted.
    let lock = DirectoryLock::take(&config.data_dir)?;
    let listener =
        TcpListener::bind(config.web.listen).with_context(|| format!("cannot listen on {} (key `listen`)", config.web.listen))?;
    let (data_dir, timing) = (config.data_dir.clone(), config.timing.clone());
    let stop = CancellationToken::new();
    let hangup = HangupSignal::listen();
    let app = app::start_locked(lock, config, listener, None, stop.clone()).await?;
    if Accounts::new(Db::open(&data_dir)?, timing.session_idle).count().await? == 0 {
        eprintln!("\n{}\n", FIRST_USER.replace("<this configuration file>", &file.display().to_string()));
    }
    let service_manager = ServiceManager::from_environment();
    let reporting = service_manager.clone().report(app.signs_of_life.clone(), stop.clone());
    let reporting = tokio::spawn(app.supervisor.watch("service manager", reporting));
    let reloading = reload_on_hangup(hangup, app.reload.clone(), file, service_manager);
    tokio::spawn(app.supervisor.watch("configuration reload", reloading));
    tokio::spawn(app.supervisor.watch("stop signal", async move {
        stop_signal().await;
        info!("stopping");
        stop.cancel();
    }));
    let ended = app.join().await;
    // The service manager is told of the stop before the process ends.
    let _ = reporting.await;
    Ok(ended?)
}

fn warn_about_exposed_files(config: &Config) {
    for exposed in check::exposed_files(config) {
        warn!("{exposed}; close it: {}", exposed.command);
    }
}

/// Reloads the configuration at each SIGHUP. A file with a mistake changes nothing.
async fn reload_on_hangup(mut hangup: HangupSignal, reload: Reload, file: PathBuf, service_manager: ServiceManager) {
    loop {
        hangup.next().await;
        service_manager.notify(Notification::Reloading).await;
        let applied = match Config::load(&file) {
            Ok(config) => {
                warn_about_exposed_files(&config);
                reload.apply(config).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = applied {
            error!(file = %file.display(), "configuration not replaced: {error}");
        }
        service_manager.notify(Notification::Ready).await;
    }
}

/// Receives SIGHUP, which would otherwise end the process.
struct HangupSignal(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl HangupSignal {
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(
            signal(SignalKind::hangup())
                .inspect_err(|error| warn!(%error, "SIGHUP not available: the configuration can't be read again"))
                .ok(),
        )
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self()
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

fn raise_descriptor_limit() {
    match rlimit::increase_nofile_limit(DESCRIPTORS) {
        Ok(limit) => info!(limit, "limit of open files and sockets set"),
        Err(error) => warn!(%error, "limit of open files and sockets not raised"),
    }
}

/// Waits for SIGTERM or ctrl-c.
pub(super) async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
