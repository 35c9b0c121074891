//! Reads the cookies of a request, and writes those of a response. Knows the meaning of none.
//!
//! The crate `cookie` writes them. It reads text only, so a request is read here, byte for byte: a cookie that another program on this host set
//! must not hide ours.
//!
//! A browser may send several of one name: of another path, of a parent domain, of another Usher on the same host. The caller knows what
//! the values mean and decides which one counts.

use axum::http::{HeaderMap, HeaderValue, header};
use time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

/// The most values of one name that are read.
const MAX_VALUES: usize = 32;

/// All values of this name, in the order in which the browser sends them: longer paths first. Without quotes.
pub(in crate::http) fn all<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    pairs(headers).filter(move |(each, _)| *each == name.as_bytes()).filter_map(|(_, value)| unquoted(value)).take(MAX_VALUES)
}

/// The first value of this name that is `fine`.
pub(in crate::http) fn find<'a>(headers: &'a HeaderMap, name: &'a str, fine: impl Fn(&str) -> bool) -> Option<&'a str> {
    all(headers, name).find(|value| fine(value))
}

/// Names and values as the browser sent them.
pub(in crate::http) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let texts = headers.get_all(header::COOKIE).iter().flat_map(|value| value.as_bytes().split(|b| *b == b';'));
    texts.filter_map(|pair| {
        let at = pair.iter().position(|b| *b == b'=')?;
        Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
    })
}

/// Sets a cookie of ours: for the pages at and below `path`, out of reach of scripts, for `age_s` seconds or as long as the browser runs.
pub(in crate::http) fn set(headers: &mut HeaderMap, (name, value): (&str, &str), path: &str, same_site: SameSite, age_s: Option<u32>) {
    let mut cookie = Cookie::build((name, value)).path(path).http_only(true).same_site(same_site);
    if let Some(seconds) = age_s {
        cookie = cookie.max_age(Duration::seconds(seconds.into()));
    }
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}

fn unquoted(value: &[u8]) -> Option<&str> {
    let inner = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    std::str::from_utf8(inner.unwrap_or(value)).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// `|` begins another header.
    #[rstest]
    #[case::one(b"usher=a", &["a"])]
    #[case::two(b"usher=a; other=x; usher=b", &["a", "b"])]
    #[case::two_headers(b"usher=a|usher=b", &["a", "b"])]
    #[case::no_blanks(b"x=1;usher=a;y=2", &["a"])]
    #[case::many_blanks(b"  usher =  a  ; ", &["a"])]
    #[case::quoted(b"usher=\"a\"", &["a"])]
    #[case::half_quoted(b"usher=\"a", &["\"a"])]
    #[case::equals_in_it(b"usher=a=b", &["a=b"])]
    #[case::empty(b"usher=", &[""])]
    #[case::another_name(b"xusher=a; usher_csrf=b; Usher=c; usher", &[])]
    #[case::bytes_of_somebody_else(b"city=Z\xfcrich; usher=a; name=\xc3\xa9", &["a"])]
    #[case::bytes_in_ours(b"usher=\xff; usher=a", &["a"])]
    #[case::nothing(b"|;;;|=|=x", &[])]
    fn each_value_is_found(#[case] cookies: &[u8], #[case] expected: &[&str]) {
        let mut headers = HeaderMap::new();
        for cookie in cookies.split(|b| *b == b'|') {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookie).expect("value"));
        }
        assert_eq!(all(&headers, "usher").collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case::kept(Some(60), "usher=a; HttpOnly; SameSite=Lax; Path=/lobby/; Max-Age=60")]
    #[case::ended(Some(0), "usher=a; HttpOnly; SameSite=Lax; Path=/lobby/; Max-Age=0")]
    #[case::as_long_as_the_browser_runs(None, "usher=a; HttpOnly; SameSite=Lax; Path=/lobby/")]
    fn each_cookie_says_where_and_how_long_it_counts(#[case] age_s: Option<u32>, #[case] expected: &str) {
        let mut headers = HeaderMap::new();
        set(&mut headers, ("usher", "a"), "/lobby/", SameSite::Lax, age_s);
        assert_eq!(headers[header::SET_COOKIE], expected);
    }

    #[test]
    fn no_more_than_a_few_are_read() {
        let many = vec!["usher=a"; 10_000].join("; ");
        let headers = HeaderMap::from_iter([(header::COOKIE, many.parse().expect("value"))]);
        assert_eq!(all(&headers, "usher").count(), MAX_VALUES);
    }
}
