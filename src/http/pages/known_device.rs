//! The cookie that marks a browser in which a user has signed in, so that guessing elsewhere does not keep the user out. It signs nobody in.

use std::cell::RefCell;

use axum::http::HeaderMap;
use axum::response::Response;
use tower_sessions::cookie::SameSite;

use crate::accounts::{DEVICE_KEPT_DAYS, Device, User, is_device_token};

use crate::http::cookies;
use crate::http::error::PageError;
use crate::http::state::AppState;

const COOKIE: &str = "usher_device";
/// The most values of the cookie that are read: other paths and domains of this host may have set some.
const MAX_VALUES: usize = 4;

/// The devices that the browser has cookies of.
pub(super) fn of(headers: &HeaderMap) -> Vec<Device> {
    let found = RefCell::new(Vec::new());
    let _ = cookies::find(headers, COOKIE, |token| {
        let mut found = found.borrow_mut();
        if is_device_token(token) {
            found.push(Device::of(token));
        }
        found.len() == MAX_VALUES
    });
    found.into_inner()
}

/// Sets the cookie by which the browser is known for this user from now on.
pub(super) async fn remember(state: &AppState, user: &User, devices: Vec<Device>, response: &mut Response) -> Result<(), PageError> {
    if let Some(token) = state.accounts.remember_device(user.id, devices).await? {
        let path = format!("{}/", state.base);
        cookies::set(response.headers_mut(), (COOKIE, &token), &path, SameSite::Strict, Some(DEVICE_KEPT_DAYS * 24 * 3600));
    }
    Ok(())
}
