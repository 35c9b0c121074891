//! Accepts connections, plain or TLS, until the stop; then lets them end within the deadline. Knows no routes.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connections::acceptor::Acceptor;
use super::ops::certificate::{CertificateError, ServerCertificate};
use super::router::{cdr_router, router};
use super::state::{AppState, Services};

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

/// The bound ports of the web server.
#[derive(Debug)]
pub struct Listeners {
    pub web: TcpListener,
    /// Takes Call Detail Records and nothing else, without TLS.
    pub cdr: Option<TcpListener>,
}

/// Serves browsers until `shutdown`, then lets requests and sockets end within `timing.drain`.
///
/// Sockets are tracked by `tracker`, too, so that the caller may wait for them together with its own tasks.
pub async fn serve(services: Services, listeners: Listeners, shutdown: CancellationToken, tracker: TaskTracker) -> Result<(), ServeError> {
    let state = AppState::new(services, shutdown, tracker);
    let certificate = state.config.get().tls.clone().map(ServerCertificate::load).transpose()?;
    let (handle, cdr_handle) = (Handle::new(), Handle::new());
    let server = new_server(&state, listeners.web, &handle)?;
    let cdr_server = listeners.cdr.map(|listener| new_server(&state, listener, &cdr_handle)).transpose()?;
    let tls = certificate.as_ref().map(|certificate| RustlsAcceptor::new(certificate.in_use.clone()).acceptor(acceptor(&state)));
    let serving = async {
        tokio::try_join!(serve_pages(&state, server, tls), serve_cdr(&state, cdr_server), stop_in_time(&state, [&handle, &cdr_handle]))
    };
    let ended = tokio::select! {
        ended = serving => ended.map(drop).map_err(ServeError::Io),
        () = run_housekeeping(&state, certificate) => Ok(()),
        // A panic in here ends Usher, as it should: without beats every page takes the server for lost.
        () = beat(&state) => Ok(()),
        () = state.connections.close_idle(state.timing.connection_idle) => Ok(()),
    };
    log_failed_sign_ins(&state, true);
    ended
}

fn new_server(state: &Arc<AppState>, listener: TcpListener, handle: &Handle<SocketAddr>) -> std::io::Result<Server<SocketAddr>> {
    let (for_errors, headers) = (state.clone(), state.timing.request_headers);
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .first_request_timeout(headers)
        .accept_error_handler(move |peer, error| on_accept_error(&for_errors, peer, error));
    server.http_builder().http1().header_read_timeout(headers);
    server.http_builder().http2().keep_alive_interval(PING).keep_alive_timeout(PING);
    Ok(server)
}

fn acceptor(state: &AppState) -> Acceptor {
    Acceptor::new(state.connections.clone(), state.config.clone())
}

/// `peer`: its TLS handshake failed; None where no connection could be accepted at all. The server pauses for a moment and goes on.
fn on_accept_error(state: &AppState, peer: Option<&SocketAddr>, error: &std::io::Error) {
    if let Some(peer) = peer {
        return tracing::debug!(%peer, %error, "TLS handshake failed");
    }
    metrics::counter!("usher_accept_failed_total").increment(1);
    state.log_limits.accept_failed.log(|suppressed| match error.raw_os_error() {
        Some(TOO_MANY_OPEN_FILES | TOO_MANY_IN_THE_SYSTEM) => tracing::error!(
            %error, suppressed,
            "connection not accepted: no descriptors left; raise the limit of open files (LimitNOFILE of systemd, `ulimit -n`)"
        ),
        _ => tracing::error!(%error, suppressed, "connection not accepted"),
    });
}

async fn serve_pages(state: &Arc<AppState>, server: Server<SocketAddr>, tls: Option<RustlsAcceptor<Acceptor>>) -> std::io::Result<()> {
    let service = router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => server.acceptor(tls).serve(service).await,
        None => server.acceptor(acceptor(state)).serve(service).await,
    }
}

/// Ends at once where records have no port of their own.
async fn serve_cdr(state: &Arc<AppState>, server: Option<Server<SocketAddr>>) -> std::io::Result<()> {
    let Some(server) = server else { return Ok(()) };
    let service = cdr_router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    server.acceptor(acceptor(state)).serve(service).await
}

/// Waits for the stop, then gives requests and sockets the same deadline. hyper no longer counts a connection that became a WebSocket.
async fn stop_in_time(state: &AppState, handles: [&Handle<SocketAddr>; 2]) -> std::io::Result<()> {
    state.shutdown.cancelled().await;
    let drain = state.timing.drain;
    for handle in handles {
        handle.graceful_shutdown(Some(drain));
    }
    state.sockets.close();
    if timeout(drain, state.sockets.wait()).await.is_err() {
        tracing::warn!(left = state.sockets.len(), "sockets not ended in time");
    }
    Ok(())
}

/// Runs periodic work: reloads the certificate, finds account changes of other processes, drops old sessions, logs counts of failed
/// sign-ins.
async fn run_housekeeping(state: &AppState, mut certificate: Option<ServerCertificate>) {
    let mut reload_certificate = interval(state.timing.reread_certificate);
    let mut tidy = interval(HOUSEKEEPING);
    let mut watch_database = interval(state.timing.watch_database);
    loop {
        tokio::select! {
            _ = reload_certificate.tick() => {
                if let (Some(certificate), Some(files)) = (&mut certificate, &state.config.get().tls) {
                    certificate.reload(files);
                }
            }
            _ = watch_database.tick() => {
                if let Err(error) = state.accounts.check_for_external_changes().await {
                    tracing::warn!(%error, "changes of accounts not read");
                }
            }
            _ = tidy.tick() => {
                state.accounts.sweep_sessions();
                state.metrics.run_upkeep();
                log_failed_sign_ins(state, false);
            }
        }
    }
}

/// Sends beats until the stop; never returns, so that sockets may end after it.
async fn beat(state: &AppState) {
    state.heartbeat.run(state.timing.beat, state.shutdown.clone()).await;
    std::future::pending().await
}

/// Writes the counts of failed sign-ins that are due; `all`: every count.
fn log_failed_sign_ins(state: &AppState, all: bool) {
    for entry in state.failed_sign_ins.due(Instant::now(), all) {
        state.audit_log.add(entry);
    }
}
