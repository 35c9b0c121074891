//! Of several session cookies, the one that is a log-in here counts: another Usher on this host, an old path, a parent domain may have set others.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_sessions::session::Id;

use super::error::Failure;
use super::middleware::cookies;
use super::state::Shared;

pub(super) const COOKIE: &str = "usher";

/// Leaves what lies further in one session cookie at most, and none of other programs: what they hold is not always text.
pub(super) async fn choose(State(site): State<Shared>, mut request: Request, next: Next) -> Response {
    let mut ids: Vec<Id> = cookies::all(request.headers(), COOKIE).filter_map(|value| value.parse().ok()).collect();
    ids.dedup();
    let chosen = match ids[..] {
        [] => None,
        [id] => Some(id),
        // Where none is known the first one goes on, and is taken away.
        [first, ..] => match site.accounts.known_session(ids).await {
            Ok(known) => Some(known.unwrap_or(first)),
            Err(error) => return Failure::Db(error).into_response(),
        },
    };
    keep(request.headers_mut(), chosen);
    next.run(request).await
}

fn keep(headers: &mut HeaderMap, session: Option<Id>) {
    let mut ours: Vec<u8> = session.map(|id| format!("{COOKIE}={id}").into_bytes()).unwrap_or_default();
    for (name, value) in cookies::pairs(headers).filter(|(name, _)| name.starts_with(b"usher_")) {
        let before: &[u8] = if ours.is_empty() { b"" } else { b"; " };
        ours.extend([before, name, b"=", value].concat());
    }
    headers.remove(header::COOKIE);
    if let Some(value) = HeaderValue::from_bytes(&ours).ok().filter(|_| !ours.is_empty()) {
        headers.insert(header::COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_left_out() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_bytes(b"city=Z\xfcrich; usher=bad; usher_csrf=a").expect("value"));
        headers.append(header::COOKIE, "usher=worse; usher_csrf=b; usher_language=de".parse().expect("value"));
        keep(&mut headers, Some(Id(1)));
        let kept: Vec<_> = headers.get_all(header::COOKIE).iter().map(|value| value.to_str().expect("text").to_owned()).collect();
        assert_eq!(kept, [format!("usher={}; usher_csrf=a; usher_csrf=b; usher_language=de", Id(1))]);
        headers.insert(header::COOKIE, "a=b".parse().expect("value"));
        keep(&mut headers, None);
        assert!(headers.is_empty());
    }
}
