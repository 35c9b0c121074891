//! `usher serve`: the real thing, until SIGTERM or ctrl-c.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::accounts::Accounts;
use crate::app;
use crate::config::{Config, Trust};
use crate::http::{FIRST_USER, check_certificate};

/// Files and sockets: one a browser, a few a bridge.
const DESCRIPTORS: u64 = 65_536;

pub(super) async fn run(config: Config, file: PathBuf) -> anyhow::Result<()> {
    raise_descriptor_limit();
    for bridge in config.bridges.iter().filter(|bridge| bridge.trust == Trust::Insecure) {
        warn!(bridge = %bridge.name, "its certificate is not checked (insecure = true): anybody on the way can read the password");
    }
    if let Some(tls) = &config.web.tls {
        check_certificate(tls)?;
    }
    let listener =
        TcpListener::bind(config.web.listen).with_context(|| format!("cannot listen on {} (key `listen`)", config.web.listen))?;
    let (data_dir, timing) = (config.data_dir.clone(), config.timing.clone());
    let stop = CancellationToken::new();
    let app = app::start(config, listener, None, stop.clone()).await?;
    if Accounts::new(crate::db::Db::open(&data_dir)?, timing.session_idle).count().await? == 0 {
        eprintln!("\n{}\n", FIRST_USER.replace("<this configuration file>", &file.display().to_string()));
    }
    tokio::spawn(async move {
        stop_signal().await;
        info!("stopping");
        stop.cancel();
    });
    Ok(app.join().await?)
}

fn raise_descriptor_limit() {
    match rlimit::increase_nofile_limit(DESCRIPTORS) {
        Ok(limit) => info!(limit, "open files and sockets allowed"),
        Err(error) => warn!(%error, "the limit of open files and sockets could not be raised"),
    }
}

/// SIGTERM or ctrl-c.
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
