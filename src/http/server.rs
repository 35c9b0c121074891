//! Accepts connections, plain or TLS, until told to stop; then lets them end within the deadline. Knows no routes.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use super::connections::Accepting;
use super::ops::certificate::{Certificate, CertificateError};
use super::router::{cdr_router, router};
use super::state::{Shared, Site};

/// A peer that answers no ping of HTTP/2 for this long is gone.
const PING: Duration = Duration::from_secs(20);
/// `EMFILE` and `ENFILE`.
const TOO_MANY_OPEN_FILES: i32 = 24;
const TOO_MANY_IN_THE_SYSTEM: i32 = 23;
/// Old sessions are dropped, and histograms tidied, this often.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("TLS: {0}")]
    Certificate(#[from] CertificateError),
    #[error("cannot serve on this port: {0}")]
    Io(#[from] std::io::Error),
    #[error("the web server failed: {0}; this is a defect of Usher")]
    Failed(String),
}

pub(super) async fn run(
    site: Shared,
    listener: TcpListener,
    cdr_listener: Option<TcpListener>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let mut certificate = site.config.get().tls.clone().map(Certificate::load).transpose()?;
    let acceptor = certificate.as_ref().map(|c| RustlsAcceptor::new(c.in_use.clone()).acceptor(Accepting::new(site.clone())));
    let (handle, cdr_handle) = (Handle::new(), Handle::new());
    let server = server(&site, listener, &handle)?;
    let cdr_server = cdr_listener.map(|listener| super::server::server(&site, listener, &cdr_handle)).transpose()?;
    let cdr = async {
        match cdr_server {
            Some(server) => {
                let service = cdr_router(site.clone()).into_make_service_with_connect_info::<SocketAddr>();
                server.acceptor(Accepting::new(site.clone())).serve(service).await
            }
            None => Ok(()),
        }
    };
    let chores = async {
        let mut reread = interval(site.timing.reread_certificate);
        let mut tidy = interval(HOUSEKEEPING);
        let mut watch = interval(site.timing.watch_database);
        loop {
            tokio::select! {
                _ = reread.tick() => if let (Some(certificate), Some(files)) = (&mut certificate, &site.config.get().tls) { certificate.reread(files) },
                _ = watch.tick() => {
                    if let Err(error) = site.accounts.look_for_foreign_changes().await {
                        tracing::warn!(%error, "changes of accounts can't be looked for");
                    }
                }
                _ = tidy.tick() => {
                    site.accounts.sweep_sessions();
                    site.metrics.run_upkeep();
                    site.failed_log_ins.due(Instant::now(), false).into_iter().for_each(|entry| site.log.add(entry));
                }
            }
        }
    };
    let beats = async {
        site.pulse.run(site.timing.beat, shutdown.clone()).await;
        std::future::pending().await
    };
    let drain = site.timing.drain;
    // hyper no longer counts what became a WebSocket: both have the same deadline, side by side.
    let leave = async {
        shutdown.cancelled().await;
        handle.graceful_shutdown(Some(drain));
        cdr_handle.graceful_shutdown(Some(drain));
        site.sockets.close();
        if timeout(drain, site.sockets.wait()).await.is_err() {
            tracing::warn!(left = site.sockets.len(), "some sockets did not end in time");
        }
        Ok(())
    };
    let ended = tokio::select! {
        ended = async { tokio::try_join!(accept(server, acceptor, &site), cdr, leave) } => ended.map(drop).map_err(ServeError::Io),
        () = chores => Ok(()),
        // A panic of it is one of the server's, which ends Usher: without beats every page takes the server for lost.
        () = beats => Ok(()),
        () = site.connections.close_idle(site.timing.connection_idle) => Ok(()),
    };
    site.failed_log_ins.due(Instant::now(), true).into_iter().for_each(|entry| site.log.add(entry));
    ended
}

fn server(site: &Shared, listener: TcpListener, handle: &Handle<SocketAddr>) -> std::io::Result<Server<SocketAddr>> {
    let (failures, headers) = (site.clone(), site.timing.request_headers);
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .first_request_timeout(headers)
        .accept_error_handler(move |peer, error| not_accepted(&failures, peer, error));
    server.http_builder().http1().header_read_timeout(headers);
    server.http_builder().http2().keep_alive_interval(PING).keep_alive_timeout(PING);
    Ok(server)
}

/// `peer`: whose TLS handshake failed; none where no connection could be taken in. The server pauses for a moment and goes on.
fn not_accepted(site: &Site, peer: Option<&SocketAddr>, error: &std::io::Error) {
    if let Some(peer) = peer {
        return tracing::debug!(%peer, %error, "connection not begun");
    }
    metrics::counter!("usher_accept_failed_total").increment(1);
    site.log_limits.accept_failed.log(|suppressed| match error.raw_os_error() {
        Some(TOO_MANY_OPEN_FILES | TOO_MANY_IN_THE_SYSTEM) => tracing::error!(
            %error, suppressed,
            "connection not accepted: no descriptors left; raise the limit of open files (LimitNOFILE of systemd, `ulimit -n`)"
        ),
        _ => tracing::error!(%error, suppressed, "connection not accepted"),
    });
}

async fn accept(server: Server<SocketAddr>, tls: Option<RustlsAcceptor<Accepting>>, site: &Shared) -> std::io::Result<()> {
    let service = router(site.clone()).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => server.acceptor(tls).serve(service).await,
        None => server.acceptor(Accepting::new(site.clone())).serve(service).await,
    }
}
