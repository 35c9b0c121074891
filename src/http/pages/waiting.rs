//! The sums of all lobbies as JSON, for the top line of pages that have no socket. Such a page asks every two seconds.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::clock::now_ms;
use crate::http::state::AppState;
use crate::model::LobbySummary;

#[derive(Serialize)]
pub(in crate::http) struct WaitingNow {
    /// The server's clock; Unix milliseconds.
    time: i64,
    #[serde(flatten)]
    lobbies: LobbySummary,
}

pub(in crate::http) async fn show(State(state): State<Arc<AppState>>) -> Json<WaitingNow> {
    Json(WaitingNow { time: now_ms(), lobbies: state.lobbies.borrow().clone() })
}
