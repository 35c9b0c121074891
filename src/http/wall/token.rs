//! The cookie by which a screen is known. `displays` says what a token stands for.

use axum::http::HeaderMap;
use axum::response::Response;
use tower_sessions::cookie::SameSite;

use crate::displays::{TokenOwner, is_token};
use crate::http::cookies;
use crate::http::state::AppState;

const COOKIE: &str = "usher_wall";
/// Browsers keep no cookie for longer; each page sets it again.
const COOKIE_S: u32 = 400 * 24 * 60 * 60;

/// The token in the cookie, if there is one; of several the one of a display. Another Usher on the same host may have set the others.
pub(super) fn token_of(state: &AppState, headers: &HeaderMap) -> Option<String> {
    let rank = |token: &&str| match state.displays.token_owner(token) {
        TokenOwner::Display(_) => 0,
        TokenOwner::Revoked => 1,
        TokenOwner::Nobody => 2,
    };
    cookies::all(headers, COOKIE).filter(|token| is_token(token)).min_by_key(rank).map(str::to_owned)
}

/// `Lax`, so that a kiosk can come here from a start page elsewhere.
pub(super) fn set_cookie(state: &AppState, token: &str, response: &mut Response) {
    let path = format!("{}/wall", state.base);
    cookies::set(response.headers_mut(), (COOKIE, token), &path, SameSite::Lax, Some(COOKIE_S));
}
