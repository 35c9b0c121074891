//! The cookie by which a browser is known again in which a user has logged in: guessing elsewhere does not keep that user out of it. It logs
//! nobody in.

use std::cell::RefCell;

use axum::http::HeaderMap;
use axum::response::Response;
use tower_sessions::cookie::SameSite;

use crate::accounts::{DEVICE_KEPT_DAYS, Device, User, is_device_token};

use super::error::Failure;
use super::middleware::cookies;
use super::state::Site;

const COOKIE: &str = "usher_device";
/// Cookies of one name that are looked at: other paths and domains of this host may have set some.
const MOST: usize = 4;

/// What the browser may be known by.
pub(super) fn of(headers: &HeaderMap) -> Vec<Device> {
    let found = RefCell::new(Vec::new());
    let _ = cookies::find(headers, COOKIE, |token| {
        let mut found = found.borrow_mut();
        if is_device_token(token) {
            found.push(Device::of(token));
        }
        found.len() == MOST
    });
    found.into_inner()
}

/// Knows the browser for this user from now on.
pub(super) async fn remember(site: &Site, user: &User, devices: Vec<Device>, response: &mut Response) -> Result<(), Failure> {
    if let Some(token) = site.accounts.remember_device(user.id, devices).await? {
        let path = format!("{}/", site.base());
        cookies::set(response.headers_mut(), (COOKIE, &token), &path, SameSite::Strict, Some(DEVICE_KEPT_DAYS * 24 * 3600));
    }
    Ok(())
}
