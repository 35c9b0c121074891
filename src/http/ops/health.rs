//! Health checks for monitors of the process. They reveal nothing of participants or bridges.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::http::state::AppState;

/// The process is alive while it answers.
pub(in crate::http) async fn alive() -> &'static str {
    "ok\n"
}

/// Ready once at least one bridge was read, or is paused.
pub(in crate::http) async fn ready(State(state): State<Arc<AppState>>) -> Response {
    if state.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    if *state.ready.borrow() {
        return "ready\n".into_response();
    }
    let what = "not ready: no bridge has been read completely yet; the dashboard and the log say what each bridge answers\n";
    (StatusCode::SERVICE_UNAVAILABLE, what).into_response()
}
