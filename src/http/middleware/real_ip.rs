//! The address, scheme and host that a browser uses. Headers are trusted only where a trusted proxy set them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::WebConfig;

use super::forwarded;
use crate::http::state::AppState;

/// Hosts of one request that are read.
const HOSTS: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct ClientInfo {
    /// The other end of the TCP connection.
    pub(in crate::http) peer: IpAddr,
    /// The person's address: the peer's, or the one that trusted proxies name.
    pub(in crate::http) address: IpAddr,
    pub(in crate::http) https: bool,
    /// Values of `Origin` that a browser on our page may send, in one spelling; empty when the request names no host.
    pub(in crate::http) origins: Vec<String>,
    /// The host that the request is for, as it came.
    pub(in crate::http) host: Option<String>,
    /// A proxy passed the request on, trusted or not.
    pub(in crate::http) forwarded: bool,
}

/// Puts a [`ClientInfo`] into every request.
pub(in crate::http) async fn add_client_info(
    State(state): State<Arc<AppState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let client = ClientInfo::new(&state.config.get(), peer.ip(), request.headers(), host);
    request.extensions_mut().insert(client);
    next.run(request).await
}

impl ClientInfo {
    /// `authority`: the host of the request line, which HTTP/2 has in place of `Host`.
    fn new(config: &WebConfig, peer: IpAddr, headers: &HeaderMap, authority: Option<String>) -> Self {
        let peer = peer.to_canonical();
        let trusted = config.trusts(peer);
        let address = if trusted { person_address(config, peer, headers) } else { peer };
        let forwarded_https = if trusted { forwarded::https(headers) } else { None };
        let host = authority.or_else(|| Some(String::from_utf8_lossy(headers.get(header::HOST)?.as_bytes()).into_owned()));
        let (https, origins) = match &config.public_url {
            Some(url) => (url.https, forwarded::normal(&url.origin).into_iter().collect()),
            None => {
                let https = forwarded_https.unwrap_or(config.tls.is_some());
                (https, origins(https, host.as_deref(), headers, trusted))
            }
        };
        Self { peer, address, https, origins, host, forwarded: forwarded::is_proxied(headers) }
    }

    /// Whether a page of this origin is ours.
    pub(in crate::http) fn is_at(&self, origin: &str) -> bool {
        forwarded::normal(origin).is_some_and(|origin| self.origins.contains(&origin))
    }
}

/// From the nearest hop outwards: the first one that is no trusted proxy, or the last before one that can't be read.
fn person_address(config: &WebConfig, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut address = peer;
    for hop in forwarded::hops(headers).into_iter().rev() {
        let Some(hop) = hop else { break };
        address = hop;
        if !config.trusts(hop) {
            break;
        }
    }
    address
}

/// The origins of the host in the request, and of the hosts that trusted proxies name.
fn origins(https: bool, host: Option<&str>, headers: &HeaderMap, trusted: bool) -> Vec<String> {
    let mut hosts: Vec<String> = host.map(str::to_owned).into_iter().collect();
    if trusted {
        hosts.extend(forwarded::hosts(headers));
        hosts.truncate(HOSTS);
        if let Some(port) = forwarded::port(headers) {
            let with_port: Vec<_> = hosts.iter().filter(|host| !forwarded::has_port(host)).map(|host| format!("{host}:{port}")).collect();
            hosts.extend(with_port);
        }
    }
    let mut origins: Vec<String> = hosts.iter().filter_map(|host| forwarded::origin(https, host)).collect();
    origins.dedup();
    origins
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::config::Config;

    fn config(extra: &str) -> WebConfig {
        let bridge = "[[bridge]]\nname=\"a\"\nurl=\"https://cms.example.org\"\nusername=\"u\"\npassword=\"p\"\n";
        Config::parse(&format!("trusted_proxies = [\"10.0.0.0/8\"]\n{extra}\n{bridge}"), std::path::Path::new(".")).expect("valid").web
    }

    fn client(extra: &str, peer: &str, headers: &[(&'static str, &str)]) -> ClientInfo {
        let headers = headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect();
        ClientInfo::new(&config(extra), peer.parse().expect("address"), &headers, None)
    }

    #[rstest]
    #[case::untrusted_peer("192.0.2.7", "1.1.1.1", "192.0.2.7")]
    #[case::one_proxy("10.0.0.1", "192.0.2.9", "192.0.2.9")]
    #[case::the_client_lied("10.0.0.1", "1.1.1.1, 192.0.2.9, 10.0.0.2", "192.0.2.9")]
    #[case::only_proxies("10.0.0.1", "10.0.0.3", "10.0.0.3")]
    #[case::with_port("::ffff:10.0.0.1", "192.0.2.9:4711", "192.0.2.9")]
    #[case::nonsense_before("10.0.0.1", "nonsense, 10.0.0.3", "10.0.0.3")]
    #[case::nonsense_last("10.0.0.1", "192.0.2.9, nonsense", "10.0.0.1")]
    #[case::unknown("10.0.0.1", "192.0.2.9, unknown, 10.0.0.2", "10.0.0.2")]
    #[case::empty("10.0.0.1", "", "10.0.0.1")]
    fn the_person_is_the_nearest_hop_that_is_no_proxy_of_ours(#[case] peer: &str, #[case] hops: &str, #[case] expected: &str) {
        let listed = client("", peer, &[("x-forwarded-for", hops)]);
        assert_eq!(listed.address, expected.parse::<IpAddr>().expect("address"));
        assert!(listed.forwarded);
        let elements: Vec<_> = hops.split(',').map(|hop| format!("for=\"{}\";proto=https", hop.trim())).collect();
        assert_eq!(client("", peer, &[("forwarded", &elements.join(", "))]).address, listed.address, "the same in the other spelling");
    }

    const HOST: (&str, &str) = ("host", "Usher.example:8080");

    #[rstest]
    #[case::plain("", "192.0.2.7", &[HOST, ("x-forwarded-proto", "http")], "http://usher.example:8080")]
    #[case::untrusted("", "192.0.2.7", &[HOST, ("x-forwarded-proto", "https")], "http://usher.example:8080")]
    #[case::untrusted_host("", "192.0.2.7", &[HOST, ("x-forwarded-host", "evil.example")], "http://usher.example:8080")]
    #[case::trusted("", "10.0.0.1", &[HOST, ("x-forwarded-proto", "https")], "https://usher.example:8080")]
    #[case::two_in_a_row("", "10.0.0.1", &[HOST, ("x-forwarded-proto", "https,http")], "https://usher.example:8080")]
    #[case::own_port("", "10.0.0.1", &[("host", "usher.example:443"), ("x-forwarded-proto", "wss")], "https://usher.example")]
    #[case::public("public_url = \"https://desk.example:443/usher\"", "192.0.2.7", &[HOST], "https://desk.example")]
    #[case::public_unicode("public_url = \"https://Türe.example.\"", "192.0.2.7", &[HOST], "https://xn--tre-hoa.example")]
    fn the_origin_follows_public_url_or_trusted_headers(
        #[case] extra: &str,
        #[case] peer: &str,
        #[case] headers: &[(&'static str, &str)],
        #[case] expected: &str,
    ) {
        assert_eq!(client(extra, peer, headers).origins, [expected]);
    }

    #[rstest]
    #[case::host(&[("x-forwarded-host", "desk.example")], "https://desk.example")]
    #[case::outermost_host(&[("x-forwarded-host", "desk.example, inner.example")], "https://desk.example")]
    #[case::forwarded_host(&[("forwarded", "for=x;host=\"desk.example:8443\"")], "https://desk.example:8443")]
    #[case::port(&[("x-forwarded-port", "8443")], "https://inner:8443")]
    #[case::port_of_the_scheme(&[("x-forwarded-host", "desk.example"), ("x-forwarded-port", "443")], "https://desk.example")]
    fn a_trusted_proxy_may_name_the_original_host(#[case] forwarded: &[(&'static str, &str)], #[case] expected: &str) {
        let mut headers = vec![("host", "inner"), ("x-forwarded-proto", "https")];
        headers.extend(forwarded);
        let (trusted, stranger) = (client("", "10.0.0.1", &headers), client("", "192.0.2.7", &headers));
        assert!(trusted.is_at(expected) && !stranger.is_at(expected), "{:?}", trusted.origins);
    }
}
