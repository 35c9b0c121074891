//! Answers for those who watch over the process. Says nothing of people or bridges.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::http::state::Shared;

/// Alive as long as it answers.
pub(in crate::http) async fn alive() -> &'static str {
    "ok\n"
}

/// Ready once there is something true to show.
pub(in crate::http) async fn ready(State(site): State<Shared>) -> Response {
    if site.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    if *site.ready.borrow() {
        return "ready\n".into_response();
    }
    let what = "not ready: no bridge has been read completely yet; the dashboard and the log say what each bridge answers\n";
    (StatusCode::SERVICE_UNAVAILABLE, what).into_response()
}
