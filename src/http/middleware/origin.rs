//! Refuses requests that another site's page sends with our user's cookies.
//!
//! Browsers say where a request comes from in headers that no page can write: `Sec-Fetch-Site`, `Origin`, and old ones `Referer`. Where one of
//! them says "from our own page", that is proof enough for a form; where none says anything, the form needs its token (see `csrf`). A program
//! that is no browser sends none of them, and has no cookies that another site could use.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::real_ip::ClientInfo;
use crate::http::state::AppState;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Characters of a foreign origin that the response and the log show.
const SHOWN: usize = 100;

/// An extension of requests that come from our own page, as the browser says.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct FromOurPage;

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
enum RequestOrigin {
    OurPage,
    Elsewhere(String),
    /// No header says.
    Unknown,
}

/// Checks requests that may change something, and WebSocket upgrades.
pub(in crate::http) async fn check(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let upgrade = request.headers().contains_key(header::UPGRADE) || request.uri().path() == "/ws";
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && !upgrade {
        return next.run(request).await;
    }
    let Some(client) = request.extensions().get::<ClientInfo>() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match origin_of(request.headers(), client, upgrade) {
        RequestOrigin::Unknown => next.run(request).await,
        RequestOrigin::OurPage => {
            request.extensions_mut().insert(FromOurPage);
            next.run(request).await
        }
        RequestOrigin::Elsewhere(got) => {
            let expected = client.origins.first().map_or("none", String::as_str);
            state
                .log_limits
                .foreign_origin
                .log(|suppressed| tracing::warn!(%got, %expected, suppressed, "request of another origin refused"));
            metrics::counter!("usher_foreign_origin_total").increment(1);
            let reason = format!(
                "The request comes from a page of {got}, but Usher is at {expected}. If both are right, set `public_url` in Usher's \
                 configuration to the address that people type, or `trusted_proxies` to the proxy in between.\n"
            );
            (StatusCode::FORBIDDEN, reason).into_response()
        }
    }
}

/// Whether the browser says that the request comes from another site.
pub(in crate::http) fn is_from_another_site(headers: &HeaderMap) -> bool {
    only(headers, &SITE).is_some_and(|site| site.eq_ignore_ascii_case("cross-site"))
}

fn origin_of(headers: &HeaderMap, client: &ClientInfo, upgrade: bool) -> RequestOrigin {
    let origin = only(headers, &header::ORIGIN);
    let of_ours = origin.is_some_and(|origin| client.is_at(origin));
    let elsewhere = || RequestOrigin::Elsewhere(shown(origin.unwrap_or("another site")));
    if headers.contains_key(SITE) {
        return match only(headers, &SITE).map(str::to_ascii_lowercase).as_deref() {
            // `none`: the person typed the address or opened a bookmark.
            Some("same-origin" | "none") => RequestOrigin::OurPage,
            // For some browsers the scheme of a WebSocket makes it another site; its Origin is always there.
            _ if upgrade && of_ours => RequestOrigin::OurPage,
            _ => elsewhere(),
        };
    }
    if headers.contains_key(header::ORIGIN) {
        return if of_ours { RequestOrigin::OurPage } else { elsewhere() };
    }
    // A referrer of another origin proves nothing, because a proxy may have changed the host.
    let referer = only(headers, &header::REFERER).and_then(|referer| reqwest::Url::parse(referer).ok());
    match referer {
        Some(url) if client.is_at(&url.origin().ascii_serialization()) => RequestOrigin::OurPage,
        _ => RequestOrigin::Unknown,
    }
}

/// The value of a header that is there once; two values could contradict each other.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok().map(str::trim)).flatten()
}

fn shown(origin: &str) -> String {
    origin.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OURS: &str = "https://usher.example.org";

    fn judge(pairs: &[(&'static str, &str)], upgrade: bool) -> RequestOrigin {
        let headers: HeaderMap = pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect();
        let peer = std::net::IpAddr::from([192, 0, 2, 1]);
        let client = ClientInfo { peer, address: peer, https: true, origins: vec![OURS.into()], host: None, forwarded: false };
        origin_of(&headers, &client, upgrade)
    }

    #[rstest]
    #[case::says_the_browser(&[("sec-fetch-site", "same-origin")])]
    #[case::whatever_a_proxy_made_of_the_host(&[("sec-fetch-site", "same-origin"), ("origin", "https://other.example")])]
    #[case::of_the_person(&[("sec-fetch-site", "none")])]
    #[case::origin(&[("origin", OURS)])]
    #[case::origin_in_capitals(&[("origin", "HTTPS://Usher.Example.ORG:443")])]
    #[case::referer(&[("referer", "https://usher.example.org/usher/account?x=1")])]
    fn a_page_of_ours_is_believed(#[case] pairs: &[(&'static str, &str)]) {
        assert_eq!((judge(pairs, false), judge(pairs, true)), (RequestOrigin::OurPage, RequestOrigin::OurPage));
    }

    #[rstest]
    #[case::cross_site(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")])]
    #[case::subdomain(&[("sec-fetch-site", "same-site"), ("origin", "https://evil.example.org")])]
    #[case::subdomain_in_an_old_browser(&[("origin", "https://evil.example.org")])]
    #[case::without_https(&[("sec-fetch-site", "cross-site"), ("origin", "http://usher.example.org")])]
    #[case::without_https_in_an_old_browser(&[("origin", "http://usher.example.org")])]
    #[case::another_port(&[("origin", "https://usher.example.org:8443")])]
    #[case::null(&[("origin", "null")])]
    #[case::null_and_cross_site(&[("sec-fetch-site", "cross-site"), ("origin", "null")])]
    #[case::no_origin_but_cross_site(&[("sec-fetch-site", "cross-site")])]
    #[case::no_origin_but_same_site(&[("sec-fetch-site", "same-site")])]
    #[case::two_sites(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")])]
    #[case::two_origins(&[("origin", OURS), ("origin", "https://evil.example")])]
    #[case::a_word_that_is_not_known(&[("sec-fetch-site", "same-planet")])]
    #[case::empty(&[("origin", "")])]
    #[case::a_name_that_begins_alike(&[("origin", "https://usher.example.org.evil.example")])]
    #[case::a_referer_of_ours_does_not_help(&[("origin", "null"), ("referer", "https://usher.example.org/")])]
    fn another_page_is_refused(#[case] pairs: &[(&'static str, &str)]) {
        assert!(matches!(judge(pairs, false), RequestOrigin::Elsewhere(_)), "{:?}", judge(pairs, false));
        assert!(matches!(judge(pairs, true), RequestOrigin::Elsewhere(_)), "as a WebSocket");
    }

    #[test]
    fn a_form_of_ours_never_comes_from_another_site_but_a_websocket_may_be_taken_for_it() {
        let pairs = [("sec-fetch-site", "cross-site"), ("origin", OURS)];
        assert!(matches!(judge(&pairs, false), RequestOrigin::Elsewhere(_)));
        assert_eq!(judge(&pairs, true), RequestOrigin::OurPage);
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::a_referer_of_somebody_else(&[("referer", "https://evil.example/")])]
    #[case::a_referer_that_is_none(&[("referer", "about:blank")])]
    fn a_browser_that_says_nothing_needs_a_token(#[case] pairs: &[(&'static str, &str)]) {
        assert_eq!(judge(pairs, false), RequestOrigin::Unknown);
    }
}
