//! The control API: JSON over HTTP on loopback, one route per method of `Control`; errors are `{"error": "..."}`.

use std::sync::Arc;

use crate::simulator::id::Id;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Control, ControlError, Cut, Dial, Join, Move, StartCall};
use crate::simulator::core::Core;

pub(crate) fn spawn(core: &Arc<Core>, control: Control, listener: TcpListener) {
    let cancel = core.cancel.clone();
    let serve = axum::serve(listener, router(control)).with_graceful_shutdown(cancel.clone().cancelled_owned());
    core.tasks.spawn(async move {
        tokio::select! {
            _ = serve => {}
            // A kept-alive connection must not delay the shutdown.
            () = async { cancel.cancelled().await; tokio::time::sleep(std::time::Duration::from_millis(100)).await } => {}
        }
    });
}

fn router(control: Control) -> Router {
    Router::new()
        .route("/truth", get(async |State(c): State<Control>| Json(c.truth())))
        .route("/switches", get(show_switches).put(put_switches).patch(patch_switches))
        .route("/switches/{bridge}", get(show_switches).put(put_bridge_switches).patch(patch_bridge_switches))
        .route("/requests", get(async |State(c): State<Control>| Json(c.requests())))
        .route("/requests/reset", post(reset))
        .route("/start", post(async |State(c): State<Control>, body: JsonBody<StartCall>| json_reply(c.start_call(parsed(body)?.0))))
        .route("/join", post(async |State(c): State<Control>, body: JsonBody<Join>| json_reply(c.join(parsed(body)?.0))))
        .route("/dial", post(async |State(c): State<Control>, body: JsonBody<Dial>| json_reply(c.dial(parsed(body)?.0))))
        .route("/move", post(async |State(c): State<Control>, body: JsonBody<Move>| json_reply(c.move_to(parsed(body)?.0))))
        .route(
            "/leave",
            post(async |State(c): State<Control>, body: JsonBody<ParticipantBody>| done_reply(c.leave(parsed(body)?.0.participant))),
        )
        .route(
            "/admit",
            post(async |State(c): State<Control>, body: JsonBody<ParticipantBody>| done_reply(c.admit(parsed(body)?.0.participant))),
        )
        .route(
            "/lobby",
            post(async |State(c): State<Control>, body: JsonBody<ParticipantBody>| done_reply(c.lobby(parsed(body)?.0.participant))),
        )
        .route("/mute", post(mute))
        .route("/hold", post(hold))
        .route("/rename", post(rename))
        .route("/lock", post(async |State(c): State<Control>, body: JsonBody<MeetingBody>| done_reply(c.lock(parsed(body)?.0.meeting))))
        .route("/unlock", post(async |State(c): State<Control>, body: JsonBody<MeetingBody>| done_reply(c.unlock(parsed(body)?.0.meeting))))
        .route("/record", post(record))
        .route("/end", post(end))
        .route("/fault/cut", post(cut))
        .route(
            "/fault/deactivate",
            post(async |State(c): State<Control>, body: JsonBody<BridgeBody>| done_reply(c.deactivate_rosters(&parsed(body)?.0.bridge))),
        )
        .route(
            "/fault/deactivate-calls",
            post(async |State(c): State<Control>, body: JsonBody<BridgeBody>| done_reply(c.deactivate_calls(&parsed(body)?.0.bridge))),
        )
        .route(
            "/fault/stop",
            post(async |State(c): State<Control>, body: JsonBody<BridgeBody>| done_reply(c.stop_bridge(&parsed(body)?.0.bridge))),
        )
        .route("/fault/start", post(start_bridge))
        .route("/fault/restart", post(restart_bridge))
        .fallback(async || ApiError(StatusCode::NOT_FOUND, "no such verb; see docs/simulator.md".to_owned()))
        .with_state(control)
}

type JsonBody<T> = Result<Json<T>, JsonRejection>;
type HttpResult = Result<Response, ApiError>;

struct ApiError(StatusCode, String);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let status = match &error {
            ControlError::Refused(_) | ControlError::NoBridge(_) => StatusCode::NOT_FOUND,
            ControlError::Switches(_) => StatusCode::BAD_REQUEST,
            ControlError::Port(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

fn parsed<T>(body: JsonBody<T>) -> Result<Json<T>, ApiError> {
    body.map_err(|e| ApiError(StatusCode::BAD_REQUEST, e.body_text()))
}

fn json_reply<T: serde::Serialize>(result: Result<T, ControlError>) -> HttpResult {
    Ok(Json(result?).into_response())
}

fn done_reply(result: Result<(), ControlError>) -> HttpResult {
    result?;
    Ok(Json(json!({ "done": true })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParticipantBody {
    participant: Id,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeetingBody {
    meeting: Id,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BridgeBody {
    bridge: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToggleBody {
    #[serde(alias = "meeting")]
    participant: Id,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenameBody {
    participant: Id,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndBody {
    meeting: Id,
    #[serde(default)]
    bridge: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CutBody {
    #[serde(default)]
    bridge: Option<String>,
    #[serde(default)]
    how: Cut,
}

async fn show_switches(State(control): State<Control>) -> Json<Value> {
    Json(control.switches())
}

async fn put_switches(State(control): State<Control>, body: JsonBody<Value>) -> HttpResult {
    done_reply(control.replace_switches(None, parsed(body)?.0))
}

async fn patch_switches(State(control): State<Control>, body: JsonBody<Value>) -> HttpResult {
    done_reply(control.set_switches(None, parsed(body)?.0))
}

async fn put_bridge_switches(State(control): State<Control>, Path(bridge): Path<String>, body: JsonBody<Value>) -> HttpResult {
    done_reply(control.replace_switches(Some(&bridge), parsed(body)?.0))
}

async fn patch_bridge_switches(State(control): State<Control>, Path(bridge): Path<String>, body: JsonBody<Value>) -> HttpResult {
    done_reply(control.set_switches(Some(&bridge), parsed(body)?.0))
}

async fn reset(State(control): State<Control>) -> HttpResult {
    control.reset_requests();
    done_reply(Ok(()))
}

async fn mute(State(control): State<Control>, body: JsonBody<ToggleBody>) -> HttpResult {
    let body = parsed(body)?.0;
    done_reply(control.mute(body.participant, body.on))
}

async fn hold(State(control): State<Control>, body: JsonBody<ToggleBody>) -> HttpResult {
    let body = parsed(body)?.0;
    done_reply(control.hold(body.participant, body.on))
}

async fn record(State(control): State<Control>, body: JsonBody<ToggleBody>) -> HttpResult {
    let body = parsed(body)?.0;
    done_reply(control.record(body.participant, body.on))
}

async fn rename(State(control): State<Control>, body: JsonBody<RenameBody>) -> HttpResult {
    let body = parsed(body)?.0;
    done_reply(control.rename(body.participant, &body.name))
}

async fn end(State(control): State<Control>, body: JsonBody<EndBody>) -> HttpResult {
    let body = parsed(body)?.0;
    done_reply(control.end(body.meeting, body.bridge.as_deref()))
}

async fn cut(State(control): State<Control>, body: JsonBody<CutBody>) -> HttpResult {
    let body = parsed(body)?.0;
    done_reply(control.cut_events(body.bridge.as_deref(), body.how))
}

async fn start_bridge(State(control): State<Control>, body: JsonBody<BridgeBody>) -> HttpResult {
    done_reply(control.start_bridge(&parsed(body)?.0.bridge).await)
}

async fn restart_bridge(State(control): State<Control>, body: JsonBody<BridgeBody>) -> HttpResult {
    done_reply(control.restart_bridge(&parsed(body)?.0.bridge).await)
}
