//! Accepts connections, plain or TLS, until told to stop; then lets them end within the deadline. Knows no routes.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use super::certificate::{Certificate, CertificateError};
use super::router::{cdr_router, router};
use super::site::Shared;

/// A connection must send its first request, and each request's headers, within this time.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);
/// Old sessions are dropped, and histograms tidied, this often.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("TLS: {0}")]
    Certificate(#[from] CertificateError),
    #[error("cannot serve on this port: {0}")]
    Io(#[from] std::io::Error),
}

pub(super) async fn run(
    site: Shared,
    listener: TcpListener,
    cdr_listener: Option<TcpListener>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let mut certificate = site.config.get().tls.clone().map(Certificate::load).transpose()?;
    let acceptor = certificate.as_ref().map(|c| RustlsAcceptor::new(c.in_use.clone()).acceptor(NoDelayAcceptor));
    let (handle, cdr_handle) = (Handle::new(), Handle::new());
    let server = server(listener, &handle)?;
    let cdr_server = cdr_listener.map(|listener| self::server(listener, &cdr_handle)).transpose()?;
    let cdr = async {
        match cdr_server {
            Some(server) => {
                let service = cdr_router(site.clone()).into_make_service_with_connect_info::<SocketAddr>();
                server.acceptor(NoDelayAcceptor).serve(service).await
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
                }
            }
        }
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
    tokio::select! {
        ended = async { tokio::try_join!(accept(server, acceptor, &site), cdr, leave) } => ended.map(drop).map_err(ServeError::Io),
        () = chores => Ok(()),
    }
}

fn server(listener: TcpListener, handle: &Handle<SocketAddr>) -> std::io::Result<Server<SocketAddr>> {
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone()).first_request_timeout(HEADERS_WITHIN);
    server.http_builder().http1().header_read_timeout(HEADERS_WITHIN);
    Ok(server)
}

async fn accept(server: Server<SocketAddr>, tls: Option<RustlsAcceptor<NoDelayAcceptor>>, site: &Shared) -> std::io::Result<()> {
    let service = router(site.clone()).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => server.acceptor(tls).serve(service).await,
        None => server.acceptor(NoDelayAcceptor).serve(service).await,
    }
}
