//! Who is at the other end: address and scheme, believed from headers only where a trusted proxy set them.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::config::WebConfig;

use super::site::Shared;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    /// The other end of the TCP connection.
    pub(super) peer: IpAddr,
    /// The person's address: the peer, or what trusted proxies say.
    pub(super) address: IpAddr,
    pub(super) https: bool,
    /// What a browser on our page sends as `Origin`; absent when the request names no host.
    pub(super) origin: Option<String>,
    /// Some proxy passed this on, trusted or not.
    pub(super) forwarded: bool,
}

/// Puts a [`Client`] into every request.
pub(super) async fn find(
    State(site): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let client = Client::new(&site.config.get(), peer.ip(), request.headers(), host);
    request.extensions_mut().insert(client);
    next.run(request).await
}

impl Client {
    /// `authority`: the host of the request line, where HTTP/2 has it.
    fn new(config: &WebConfig, peer: IpAddr, headers: &HeaderMap, authority: Option<String>) -> Self {
        let peer = peer.to_canonical();
        let trusted = |address: IpAddr| config.trusted_proxies.iter().any(|network| network.contains(address));
        let forwarded = [FORWARDED_FOR, FORWARDED_PROTO, "forwarded"].iter().any(|name| headers.contains_key(*name));
        let mut https = config.tls.is_some();
        let mut address = peer;
        if trusted(peer) {
            // From the nearest hop outwards: the first one that is no proxy of ours is the person.
            for hop in hops(headers).into_iter().rev() {
                address = hop;
                if !trusted(hop) {
                    break;
                }
            }
            if let Some(proto) = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok()) {
                https = proto.split(',').next_back().is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
            }
        }
        if let Some(url) = &config.public_url {
            return Self { peer, address, https: url.https, origin: Some(url.origin.to_ascii_lowercase()), forwarded };
        }
        let host = authority.or_else(|| Some(headers.get(header::HOST)?.to_str().ok()?.to_owned()));
        let scheme = if https { "https" } else { "http" };
        let origin = host.map(|host| format!("{scheme}://{}", host.to_ascii_lowercase()));
        Self { peer, address, https, origin, forwarded }
    }
}

/// The addresses in all `X-Forwarded-For` headers, outermost first; the part before something unreadable is not believed.
fn hops(headers: &HeaderMap) -> Vec<IpAddr> {
    let texts = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let mut hops = Vec::new();
    for text in texts.flat_map(|value| value.split(',')) {
        match hop(text.trim()) {
            Some(address) => hops.push(address.to_canonical()),
            None => hops.clear(),
        }
    }
    hops
}

/// `10.0.0.1`, `10.0.0.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn hop(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
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

    fn client(extra: &str, peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let headers = headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect();
        Client::new(&config(extra), peer.parse().expect("address"), &headers, None)
    }

    #[rstest]
    #[case::untrusted_peer("192.0.2.7", "1.1.1.1", "192.0.2.7")]
    #[case::one_proxy("10.0.0.1", "192.0.2.9", "192.0.2.9")]
    #[case::the_client_lied("10.0.0.1", "1.1.1.1, 192.0.2.9, 10.0.0.2", "192.0.2.9")]
    #[case::only_proxies("10.0.0.1", "10.0.0.3", "10.0.0.3")]
    #[case::with_port("::ffff:10.0.0.1", "192.0.2.9:4711", "192.0.2.9")]
    #[case::nonsense_before("10.0.0.1", "nonsense, 10.0.0.3", "10.0.0.3")]
    #[case::empty("10.0.0.1", "", "10.0.0.1")]
    fn the_person_is_the_nearest_hop_that_is_no_proxy_of_ours(#[case] peer: &str, #[case] hops: &str, #[case] expected: &str) {
        let client = client("", peer, &[(FORWARDED_FOR, hops)]);
        assert_eq!(client.address, expected.parse::<IpAddr>().expect("address"));
        assert!(client.forwarded);
    }

    #[rstest]
    #[case::plain("", "192.0.2.7", "http", "http://usher.example:8080")]
    #[case::untrusted("", "192.0.2.7", "https", "http://usher.example:8080")]
    #[case::trusted("", "10.0.0.1", "https", "https://usher.example:8080")]
    #[case::public("public_url = \"https://desk.example/usher\"", "192.0.2.7", "http", "https://desk.example")]
    fn the_origin_follows_public_url_or_trusted_headers(
        #[case] extra: &str,
        #[case] peer: &str,
        #[case] proto: &str,
        #[case] expected: &str,
    ) {
        let client = client(extra, peer, &[("host", "Usher.example:8080"), (FORWARDED_PROTO, proto)]);
        assert_eq!(client.origin.as_deref(), Some(expected));
    }
}
