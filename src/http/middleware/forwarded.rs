//! Reads the headers in which proxies pass on the address, scheme and host of a request. It reads every common spelling and ignores the
//! rest. Pure; the caller decides whether to trust the headers.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

const FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

/// Names under which proxies send the scheme, the most common first.
const SCHEMES: [&str; 5] = ["x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-protocol", "x-url-scheme", "x-scheme"];
/// Names under which proxies send the scheme as a switch.
const SWITCHES: [&str; 2] = ["x-forwarded-ssl", "front-end-https"];
/// Other headers by which a proxy can be told from a client.
const TRACES: [&str; 8] =
    [FORWARDED, "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip", "x-original-forwarded-for"];

/// The most elements of one list that are read: no chain of proxies is longer.
const MAX_ELEMENTS: usize = 64;

/// Whether any header shows that a proxy passed the request on.
pub(in crate::http) fn is_proxied(headers: &HeaderMap) -> bool {
    let named = |name: &str| headers.contains_key(name);
    headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"))
        || TRACES.iter().chain(&SCHEMES).chain(&SWITCHES).any(|name| named(name))
}

/// The addresses that the request came through, outermost first; `None` for one that is unreadable or missing.
///
/// `Forwarded` counts only where there is no `X-Forwarded-For`: most proxies write the latter and pass the former on as the client sent it.
pub(in crate::http) fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    if headers.contains_key(FOR) {
        return elements(headers, FOR).iter().map(|text| address(text)).collect();
    }
    elements(headers, FORWARDED).iter().map(|element| parameter(element, "for").and_then(|text| address(&text))).collect()
}

/// Whether the browser uses HTTPS, by the outermost proxy in the first header that says so.
pub(in crate::http) fn https(headers: &HeaderMap) -> Option<bool> {
    let listed = |name: &str| elements(headers, name).iter().find_map(|text| scheme(text));
    let [first, others @ ..] = SCHEMES;
    listed(first)
        .or_else(|| elements(headers, FORWARDED).iter().find_map(|element| scheme(&parameter(element, "proto")?)))
        .or_else(|| others.iter().find_map(|name| listed(name)))
        .or_else(|| SWITCHES.iter().find_map(|name| elements(headers, name).iter().find_map(|text| switch(text))))
        .or_else(|| match port(headers)? {
            443 => Some(true),
            80 => Some(false),
            _ => None,
        })
}

/// The hosts that the request was for before proxies replaced them, outermost first.
pub(in crate::http) fn hosts(headers: &HeaderMap) -> Vec<String> {
    let named = ["x-forwarded-host", "x-original-host"].into_iter().flat_map(|name| elements(headers, name));
    let mut hosts: Vec<String> = named.map(|text| bare(&text)).collect();
    hosts.extend(elements(headers, FORWARDED).iter().filter_map(|element| parameter(element, "host")));
    hosts.retain(|host| !host.is_empty());
    hosts
}

/// The port that the browser used, where a proxy says so apart from the host.
pub(in crate::http) fn port(headers: &HeaderMap) -> Option<u16> {
    elements(headers, "x-forwarded-port").iter().find_map(|text| bare(text).parse().ok())
}

/// The elements of a list over all headers of this name. Every comma separates: no value that is read here may hold one, and a quotation mark
/// that a client leaves open must not swallow the element that a proxy adds.
fn elements(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let mut elements: Vec<String> = values.iter().flat_map(|value| value.split(',')).map(|text| text.trim().to_owned()).collect();
    // The last elements are the nearest proxies.
    elements.drain(..elements.len().saturating_sub(MAX_ELEMENTS));
    elements
}

/// A parameter of an element of `Forwarded`, without its quotes.
fn parameter(element: &str, name: &str) -> Option<String> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| bare(value))
}

/// Removes blanks, quotes and the escapes in them.
fn bare(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        None => text.to_owned(),
        Some(quoted) => {
            let mut bare = String::with_capacity(quoted.len());
            let mut chars = quoted.chars();
            while let Some(c) = chars.next() {
                bare.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
            }
            bare.trim().to_owned()
        }
    }
}

/// An address with or without port, brackets, zone and quotes. `unknown` and made-up names are none.
fn address(text: &str) -> Option<IpAddr> {
    let text = bare(text);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None if text.matches(':').count() == 1 => text.split_at(text.find(':')?),
        None => (text.as_str(), ""),
    };
    let port_is_fine = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(port) => port.parse::<u16>().is_ok() || port.strip_prefix('_').is_some_and(|name| !name.is_empty()),
    };
    let host = host.split_once('%').map_or(host, |(host, _)| host);
    let address: IpAddr = host.parse().ok().filter(|_| port_is_fine)?;
    Some(address.to_canonical())
}

fn scheme(text: &str) -> Option<bool> {
    match bare(text).to_ascii_lowercase().trim_end_matches("://") {
        "https" | "wss" | "ssl" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

fn switch(text: &str) -> Option<bool> {
    match bare(text).to_ascii_lowercase().as_str() {
        "on" | "1" | "true" | "yes" => Some(true),
        "off" | "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// An origin as browsers send it, from a scheme and a `Host` header; nothing where that is no host.
pub(in crate::http) fn origin(https: bool, authority: &str) -> Option<String> {
    let odd = |c: char| c.is_whitespace() || matches!(c, '/' | '\\' | '?' | '#' | '@' | ',');
    if authority.is_empty() || authority.contains(odd) {
        return None;
    }
    normal(&format!("{}://{authority}", if https { "https" } else { "http" }))
}

/// One spelling of an origin: lower case, punycode, without the scheme's own port and a dot at the end of the host.
pub(in crate::http) fn normal(origin: &str) -> Option<String> {
    let url = reqwest::Url::parse(origin).ok()?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let host = url.host_str().filter(|_| plain && url.password().is_none() && matches!(url.scheme(), "http" | "https"))?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    (!host.is_empty()).then(|| format!("{}://{host}{port}", url.scheme()))
}

/// Whether an authority names a port.
pub(in crate::http) fn has_port(authority: &str) -> bool {
    authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

/// Whether a `Host` header names this machine.
pub(in crate::http) fn is_local(authority: &str) -> bool {
    let host = match authority.parse::<SocketAddr>() {
        Ok(address) => return address.ip().to_canonical().is_loopback(),
        Err(_) if has_port(authority) => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
        Err(_) => authority,
    };
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
#[path = "forwarded_tests.rs"]
mod tests;
