//! Checks the host name, the connection and the TLS handshake of one bridge, in this order. `certificate` explains refused certificates.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::certificate::{LeafCertificate, RefusedCertificate};
use super::report::{CheckReport, CheckStep};
use super::{certificate, verdict};
use crate::cms::{ca_faults, client_config, connect_first};
use crate::config::{BridgeConfig, Timing, Trust};

/// Connects to the bridge as a running Usher would. Returns the TLS configuration if that succeeds.
pub(super) async fn check_connectivity(
    config: &BridgeConfig,
    timing: &Timing,
    report: &mut CheckReport,
) -> Option<Arc<rustls::ClientConfig>> {
    let limit = timing.connect_timeout;
    let url = reqwest::Url::parse(&config.url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default()?;
    let addresses = match resolve(&host, port, limit).await {
        Ok(addresses) => addresses,
        Err(reason) => {
            report.push(verdict::unknown_host(&host, &reason));
            return None;
        }
    };
    report.push(resolved(&host, &addresses));
    let tcp = match connect(&addresses, limit).await {
        Ok((address, tcp)) => {
            report.push(CheckStep::ok("tcp", format!("{address} accepts connections")));
            tcp
        }
        Err(error) => {
            report.push(verdict::no_connection(port, &error));
            return None;
        }
    };
    let tls = match client_config(&config.trust) {
        Ok(tls) => Arc::new(tls),
        Err(error) => {
            report.push(verdict::trust(&error));
            return None;
        }
    };
    let faults = ca_faults(&config.trust);
    if !faults.is_empty() {
        report.push(verdict::ca_faults(&faults));
    }
    if url.scheme() != "https" {
        report.push(verdict::no_tls());
        return Some(tls);
    }
    let step = match handshake(tcp, &host, tls.clone(), limit).await {
        Ok(stream) => accepted(&stream, &config.trust),
        Err(error) => refused(&addresses, &host, &config.trust, limit, &error).await,
    };
    let go_on = step.outcome != super::CheckOutcome::Fail;
    report.push(step);
    go_on.then_some(tls)
}

async fn resolve(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    match tokio::time::timeout(limit, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => match found.collect::<Vec<_>>() {
            none if none.is_empty() => Err("no address".into()),
            some => Ok(some),
        },
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}

fn resolved(host: &str, addresses: &[SocketAddr]) -> CheckStep {
    if host.parse::<IpAddr>().is_ok() {
        return CheckStep::ok("dns", format!("{host} is an address"));
    }
    let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
    CheckStep::ok("dns", format!("{host} is {}", list.join(", ")))
}

/// Connects to the first address that accepts, as a running Usher does.
async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<(SocketAddr, TcpStream), std::io::Error> {
    let timed_out = || std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no answer within {limit:?}"));
    tokio::time::timeout(limit, connect_first(addresses)).await.unwrap_or_else(|_| Err(timed_out()))
}

async fn handshake(tcp: TcpStream, host: &str, tls: Arc<rustls::ClientConfig>, limit: Duration) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
    match tokio::time::timeout(limit, tokio_rustls::TlsConnector::from(tls).connect(name, tcp)).await {
        Ok(handshake) => handshake,
        Err(_) => Err(std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no TLS handshake within {limit:?}"))),
    }
}

fn accepted(stream: &TlsStream<TcpStream>, trust: &Trust) -> CheckStep {
    match leaf(stream) {
        Some(certificate) => certificate::accepted(&certificate, trust, crate::clock::Now::read().unix_ms / 1000),
        None => CheckStep::ok("tls", "the handshake succeeded"),
    }
}

fn leaf(stream: &TlsStream<TcpStream>) -> Option<LeafCertificate> {
    Some(LeafCertificate::read(stream.get_ref().1.peer_certificates()?.first()?))
}

/// Fetches the certificate that was not trusted, by a second handshake that accepts any; sends nothing over it.
async fn refused(addresses: &[SocketAddr], host: &str, trust: &Trust, limit: Duration, error: &std::io::Error) -> CheckStep {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return verdict::no_handshake(&error.to_string());
    };
    if let Some(step) = verdict::no_tls_server(cause) {
        return step;
    }
    let shown = match (client_config(&Trust::Insecure), connect(addresses, limit).await) {
        (Ok(any), Ok((_, tcp))) => handshake(tcp, host, Arc::new(any), limit).await.ok().as_ref().and_then(leaf),
        _ => None,
    };
    match shown {
        Some(certificate) => certificate::refused(&RefusedCertificate {
            cause,
            certificate: &certificate,
            trust,
            host,
            now: crate::clock::Now::read().unix_ms / 1000,
        }),
        None => verdict::no_handshake(&cause.to_string()),
    }
}
