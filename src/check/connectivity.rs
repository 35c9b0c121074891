//! Name, connection and TLS handshake of one bridge, one after the other. What a certificate's refusal means is judged elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::certificate::{Certificate, Seen};
use super::report::{Report, Step};
use super::{certificate, verdict};
use crate::cms::{ca_faults, client_config, dial_first};
use crate::config::{BridgeConfig, Timing, Trust};

/// Reaches the bridge by the way that Usher would; the TLS configuration, when all went well.
pub(super) async fn reach(config: &BridgeConfig, timing: &Timing, report: &mut Report) -> Option<Arc<rustls::ClientConfig>> {
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
            report.push(Step::ok("tcp", format!("{address} accepts connections")));
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
    let step = match shake(tcp, &host, tls.clone(), limit).await {
        Ok(stream) => accepted(&stream, &config.trust),
        Err(error) => refused(&addresses, &host, &config.trust, limit, &error).await,
    };
    let go_on = step.outcome != super::Outcome::Fail;
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

fn resolved(host: &str, addresses: &[SocketAddr]) -> Step {
    if host.parse::<IpAddr>().is_ok() {
        return Step::ok("dns", format!("{host} is an address, no name"));
    }
    let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
    Step::ok("dns", format!("{host} is {}", list.join(", ")))
}

/// The first address that takes a connection, as Usher finds it.
async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<(SocketAddr, TcpStream), std::io::Error> {
    let timed_out = || std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no answer within {limit:?}"));
    tokio::time::timeout(limit, dial_first(addresses)).await.unwrap_or_else(|_| Err(timed_out()))
}

async fn shake(tcp: TcpStream, host: &str, tls: Arc<rustls::ClientConfig>, limit: Duration) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
    match tokio::time::timeout(limit, tokio_rustls::TlsConnector::from(tls).connect(name, tcp)).await {
        Ok(shaken) => shaken,
        Err(_) => Err(std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no TLS handshake within {limit:?}"))),
    }
}

fn accepted(stream: &TlsStream<TcpStream>, trust: &Trust) -> Step {
    match leaf(stream) {
        Some(certificate) => certificate::accepted(&certificate, trust, crate::clock::Now::read().unix_ms / 1000),
        None => Step::ok("tls", "the handshake succeeded"),
    }
}

fn leaf(stream: &TlsStream<TcpStream>) -> Option<Certificate> {
    Some(Certificate::read(stream.get_ref().1.peer_certificates()?.first()?))
}

/// Looks at the certificate that was not believed by a second handshake that believes any; nothing is sent over it.
async fn refused(addresses: &[SocketAddr], host: &str, trust: &Trust, limit: Duration, error: &std::io::Error) -> Step {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return verdict::no_handshake(&error.to_string());
    };
    if let Some(step) = verdict::no_tls_server(cause) {
        return step;
    }
    let shown = match (client_config(&Trust::Insecure), connect(addresses, limit).await) {
        (Ok(any), Ok((_, tcp))) => shake(tcp, host, Arc::new(any), limit).await.ok().as_ref().and_then(leaf),
        _ => None,
    };
    match shown {
        Some(certificate) => {
            certificate::refused(&Seen { cause, certificate: &certificate, trust, host, now: crate::clock::Now::read().unix_ms / 1000 })
        }
        None => verdict::no_handshake(&cause.to_string()),
    }
}
