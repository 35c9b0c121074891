//! Keeps one session cookie of several: the one of a session here. Another Usher on this host, an old path or a parent domain may have set
//! others.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_sessions::session::Id;

use crate::http::cookies;
use crate::http::error::PageError;
use crate::http::state::AppState;

pub(in crate::http) const COOKIE: &str = "usher";

/// Passes on one session cookie at most, and no cookies of other programs, whose values are not always text.
pub(in crate::http) async fn keep_one(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let mut ids: Vec<Id> = cookies::all(request.headers(), COOKIE).filter_map(|value| value.parse().ok()).collect();
    ids.dedup();
    let chosen = match ids[..] {
        [] => None,
        [id] => Some(id),
        // Where none is known, the session layer gets the first one and removes it.
        [first, ..] => match state.accounts.known_session(ids).await {
            Ok(known) => Some(known.unwrap_or(first)),
            Err(error) => return PageError::Db(error).into_response(),
        },
    };
    rewrite(request.headers_mut(), chosen);
    next.run(request).await
}

fn rewrite(headers: &mut HeaderMap, session: Option<Id>) {
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
    fn foreign_cookies_are_left_out() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_bytes(b"city=Z\xfcrich; usher=bad; usher_csrf=a").expect("value"));
        headers.append(header::COOKIE, "usher=worse; usher_csrf=b; usher_language=de".parse().expect("value"));
        rewrite(&mut headers, Some(Id(1)));
        let kept: Vec<_> = headers.get_all(header::COOKIE).iter().map(|value| value.to_str().expect("text").to_owned()).collect();
        assert_eq!(kept, [format!("usher={}; usher_csrf=a; usher_csrf=b; usher_language=de", Id(1))]);
        headers.insert(header::COOKIE, "a=b".parse().expect("value"));
        rewrite(&mut headers, None);
        assert!(headers.is_empty());
    }
}
