//! A script in the page itself, which can't be lost on its way as the others can. Where they don't run, it loads the page again: else a picture
//! without life would stay on the wall.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::http::middleware::security_headers::POLICY;

/// The scripts have heard something, if only that the server is lost, long before. It is asked first: an error page would ask for nothing any more.
pub(super) const SCRIPT: &str =
    "setInterval(function(){document.body.dataset.heard||fetch(\"\").then(function(r){r.status<500&&location.reload()})},30000)";

/// What every page may do, and this script.
pub(super) static ALLOWED: LazyLock<HeaderValue> = LazyLock::new(|| {
    let own = format!("script-src 'self' 'sha256-{}'", STANDARD.encode(Sha256::digest(SCRIPT)));
    HeaderValue::try_from(POLICY.replace("script-src 'self'", &own)).expect("text")
});
