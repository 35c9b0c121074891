//! Parses the addresses in the configuration: of bridges, of Usher itself, of proxies.

use std::net::{IpAddr, SocketAddr};

use super::error::Mistake;
use super::{Network, PublicUrl};

/// `scheme://host[:port]`, lower-case scheme, no path: CMS serves its API at `/api/v1` of the Web Admin port.
pub(super) fn bridge_url(key: &str, text: &str) -> Result<String, Mistake> {
    let allowed = "https://host or https://host:port of the Web Admin interface, without path or user";
    let error = || Mistake::new(key, quoted(text), allowed);
    let url = reqwest::Url::parse(text).map_err(|_| error())?;
    let plain = url.path() == "/" && url.query().is_none() && url.username().is_empty() && url.password().is_none();
    let loopback = match url.host_str() {
        Some(host) => host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => return Err(error()),
    };
    match url.scheme() {
        "https" if plain => Ok(url.as_str().trim_end_matches('/').to_owned()),
        "http" if plain && loopback => Ok(url.as_str().trim_end_matches('/').to_owned()),
        _ => Err(error()),
    }
}

pub(super) fn public_url(text: &str) -> Result<PublicUrl, Mistake> {
    let url = web_url("public_url", text)?;
    if is_plain_path(&url.base) {
        return Ok(url);
    }
    let allowed =
        "a path of letters, digits, `-`, `.`, `_` and `~` between single slashes, and not one of /healthz, /readyz, /metrics and /cdr";
    Err(Mistake::new("public_url", quoted(text), allowed))
}

/// Whether a path means the same to Usher, to proxies and in cookies: no characters that a router reads as a pattern, or that can be encoded
/// in two ways.
fn is_plain_path(base: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let segments = || base.split('/').skip(1);
    let taken = matches!(segments().next(), Some("healthz" | "readyz" | "metrics" | "cdr"));
    !taken && segments().all(|segment| !segment.is_empty() && segment.chars().all(plain))
}

pub(super) fn address(key: &str, text: &str) -> Result<SocketAddr, Mistake> {
    text.parse().map_err(|_| Mistake::new(key, quoted(text), "an address and port such as 127.0.0.1:8080 or [::]:8443"))
}

pub(super) fn web_url(key: &str, text: &str) -> Result<PublicUrl, Mistake> {
    let error = || Mistake::new(key, quoted(text), "http(s)://host[:port][/path] as it is typed");
    let url = reqwest::Url::parse(text).map_err(|_| error())?;
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(error()),
    };
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(error());
    }
    Ok(PublicUrl { origin: url.origin().ascii_serialization(), base: url.path().trim_end_matches('/').to_owned(), https })
}

pub(super) fn network(key: &str, text: &str) -> Result<Network, Mistake> {
    let error = || Mistake::new(key, quoted(text), "addresses or ranges such as 10.0.0.1 or 10.0.0.0/8");
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let address: IpAddr = address.parse().map_err(|_| error())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Ok(longest), |p| p.parse().map_err(|_| error()))?;
    if prefix > longest {
        return Err(error());
    }
    Ok(Network { address, prefix })
}

pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}
