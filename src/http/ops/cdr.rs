//! Where Call Bridges deliver their Call Detail Records: answered at once, read later (cdr.md section 2). Knows no record.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::routing::post;

use crate::http::connections::Connection;
use crate::http::state::Shared;

/// Where the secret begins, below the base path.
pub(in crate::http) const PATH: &str = "/cdr/";

/// The largest body that is taken.
const BODY: usize = 1 << 20;

/// Who sends a body more slowly does so on purpose.
const BODY_WITHIN: Duration = Duration::from_secs(10);

pub(in crate::http) fn routes() -> Router<Shared> {
    Router::new().route("/cdr/{secret}", post(take))
}

/// 200 also for what can't be read: any other answer makes a bridge send the same again, and may hold up the rest.
async fn take(
    State(site): State<Shared>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> StatusCode {
    if !site.receivers.knows(&secret) {
        return StatusCode::NOT_FOUND;
    }
    if let Some(connection) = Connection::of(&extensions) {
        connection.is_known();
    }
    if site.shutdown.is_cancelled() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY) {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, BODY)).await {
        Ok(Ok(body)) => {
            site.receivers.take(&secret, body);
            StatusCode::OK
        }
        // Too long without a length that says so, or broken off; in the second case nobody hears the answer.
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    }
}
