//! HTTP Basic authentication of every request, and the lock-out (rest.md 1). There are no roles.

use std::sync::atomic::Ordering;

use axum::http::{HeaderMap, header};
use base64::Engine;

use crate::simulator::core::{BridgeRuntime, Core};
use crate::simulator::switches::Switches;

/// Whether the request is authorized. A wrong password counts towards the lock-out, a missing one does not.
pub(crate) fn allowed(core: &Core, runtime: &BridgeRuntime, switches: &Switches, headers: &HeaderMap) -> bool {
    if runtime.locked_out(switches.lockout_after) {
        return false;
    }
    let Some((username, password)) = credentials(headers) else {
        return false;
    };
    let right = username == core.username && password == core.password;
    if right {
        runtime.refused_passwords.store(0, Ordering::Relaxed);
    } else {
        runtime.refused_passwords.fetch_add(1, Ordering::Relaxed);
    }
    right
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, word)| (user.to_owned(), word.to_owned()))
}
