//! A script inside the page, which can't fail to load as the other scripts can. If they don't run it reloads the page; otherwise a frozen
//! picture would stay on the wall.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::http::middleware::security_headers::POLICY;

/// Within 30 s the other scripts have heard something, if only that the server is lost. It asks the server first, because an error page would
/// never load again.
pub(super) const SCRIPT: &str =
    "setInterval(function(){document.body.dataset.heard||fetch(\"\").then(function(r){r.status<500&&location.reload()})},30000)";

/// The policy of all pages, and this script.
pub(super) static ALLOWED: LazyLock<HeaderValue> = LazyLock::new(|| {
    let own = format!("script-src 'self' 'sha256-{}'", STANDARD.encode(Sha256::digest(SCRIPT)));
    HeaderValue::try_from(POLICY.replace("script-src 'self'", &own)).expect("text")
});
