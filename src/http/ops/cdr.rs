//! Receives Call Detail Records from Call Bridges: responds at once, and passes them on (cdr.md section 2). Reads no record.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::routing::post;

use crate::http::connections::registry::TrackedConnection;
use crate::http::paths;
use crate::http::state::AppState;

/// The largest body that is accepted.
const BODY: usize = 1 << 20;

/// A peer that sends a body more slowly does so on purpose.
const BODY_WITHIN: Duration = Duration::from_secs(10);

pub(in crate::http) fn routes() -> Router<Arc<AppState>> {
    Router::new().route(&format!("{}{{secret}}", paths::CDR), post(receive))
}

/// Responds with 200 even to an unreadable body: any other status makes a bridge send the same again, and may hold up the rest.
async fn receive(
    State(state): State<Arc<AppState>>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> StatusCode {
    if !state.cdr_endpoints.knows(&secret) {
        return StatusCode::NOT_FOUND;
    }
    if let Some(connection) = TrackedConnection::of(&extensions) {
        connection.mark_known();
    }
    if state.shutdown.is_cancelled() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY) {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, BODY)).await {
        Ok(Ok(body)) => {
            state.cdr_endpoints.deliver(&secret, body);
            StatusCode::OK
        }
        // The body is too long, or broke off; after a break no peer gets the answer.
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    }
}
