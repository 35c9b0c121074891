//! The control API: JSON over HTTP on loopback, one route per verb of `Control`; errors are `{"error": "..."}`.

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
            // A kept-alive connection must not hold up the end.
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
        .route("/start", post(async |State(c): State<Control>, body: Body<StartCall>| told(c.start_call(ok(body)?.0))))
        .route("/join", post(async |State(c): State<Control>, body: Body<Join>| told(c.join(ok(body)?.0))))
        .route("/dial", post(async |State(c): State<Control>, body: Body<Dial>| told(c.dial(ok(body)?.0))))
        .route("/move", post(async |State(c): State<Control>, body: Body<Move>| told(c.move_to(ok(body)?.0))))
        .route("/leave", post(async |State(c): State<Control>, body: Body<Person>| done(c.leave(ok(body)?.0.participant))))
        .route("/admit", post(async |State(c): State<Control>, body: Body<Person>| done(c.admit(ok(body)?.0.participant))))
        .route("/lobby", post(async |State(c): State<Control>, body: Body<Person>| done(c.lobby(ok(body)?.0.participant))))
        .route("/mute", post(mute))
        .route("/hold", post(hold))
        .route("/rename", post(rename))
        .route("/lock", post(async |State(c): State<Control>, body: Body<Meeting>| done(c.lock(ok(body)?.0.meeting))))
        .route("/unlock", post(async |State(c): State<Control>, body: Body<Meeting>| done(c.unlock(ok(body)?.0.meeting))))
        .route("/record", post(record))
        .route("/end", post(end))
        .route("/fault/cut", post(cut))
        .route(
            "/fault/deactivate",
            post(async |State(c): State<Control>, body: Body<Bridge>| done(c.deactivate_rosters(&ok(body)?.0.bridge))),
        )
        .route(
            "/fault/deactivate-calls",
            post(async |State(c): State<Control>, body: Body<Bridge>| done(c.deactivate_calls(&ok(body)?.0.bridge))),
        )
        .route("/fault/stop", post(async |State(c): State<Control>, body: Body<Bridge>| done(c.stop_bridge(&ok(body)?.0.bridge))))
        .route("/fault/start", post(start_bridge))
        .route("/fault/restart", post(restart_bridge))
        .fallback(async || Failure(StatusCode::NOT_FOUND, "no such verb; see docs/simulator.md".to_owned()))
        .with_state(control)
}

type Body<T> = Result<Json<T>, JsonRejection>;
type Answer = Result<Response, Failure>;

struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        let status = match &error {
            ControlError::Refused(_) | ControlError::NoBridge(_) => StatusCode::NOT_FOUND,
            ControlError::Switches(_) => StatusCode::BAD_REQUEST,
            ControlError::Port(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

fn ok<T>(body: Body<T>) -> Result<Json<T>, Failure> {
    body.map_err(|e| Failure(StatusCode::BAD_REQUEST, e.body_text()))
}

fn told<T: serde::Serialize>(result: Result<T, ControlError>) -> Answer {
    Ok(Json(result?).into_response())
}

fn done(result: Result<(), ControlError>) -> Answer {
    result?;
    Ok(Json(json!({ "done": true })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    participant: Id,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meeting {
    meeting: Id,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bridge {
    bridge: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toggle {
    #[serde(alias = "meeting")]
    participant: Id,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    participant: Id,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    meeting: Id,
    #[serde(default)]
    bridge: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CutOrder {
    #[serde(default)]
    bridge: Option<String>,
    #[serde(default)]
    how: Cut,
}

async fn show_switches(State(control): State<Control>) -> Json<Value> {
    Json(control.switches())
}

async fn put_switches(State(control): State<Control>, body: Body<Value>) -> Answer {
    done(control.replace_switches(None, ok(body)?.0))
}

async fn patch_switches(State(control): State<Control>, body: Body<Value>) -> Answer {
    done(control.set_switches(None, ok(body)?.0))
}

async fn put_bridge_switches(State(control): State<Control>, Path(bridge): Path<String>, body: Body<Value>) -> Answer {
    done(control.replace_switches(Some(&bridge), ok(body)?.0))
}

async fn patch_bridge_switches(State(control): State<Control>, Path(bridge): Path<String>, body: Body<Value>) -> Answer {
    done(control.set_switches(Some(&bridge), ok(body)?.0))
}

async fn reset(State(control): State<Control>) -> Answer {
    control.reset_requests();
    done(Ok(()))
}

async fn mute(State(control): State<Control>, body: Body<Toggle>) -> Answer {
    let order = ok(body)?.0;
    done(control.mute(order.participant, order.on))
}

async fn hold(State(control): State<Control>, body: Body<Toggle>) -> Answer {
    let order = ok(body)?.0;
    done(control.hold(order.participant, order.on))
}

async fn record(State(control): State<Control>, body: Body<Toggle>) -> Answer {
    let order = ok(body)?.0;
    done(control.record(order.participant, order.on))
}

async fn rename(State(control): State<Control>, body: Body<Rename>) -> Answer {
    let order = ok(body)?.0;
    done(control.rename(order.participant, &order.name))
}

async fn end(State(control): State<Control>, body: Body<End>) -> Answer {
    let order = ok(body)?.0;
    done(control.end(order.meeting, order.bridge.as_deref()))
}

async fn cut(State(control): State<Control>, body: Body<CutOrder>) -> Answer {
    let order = ok(body)?.0;
    done(control.cut_events(order.bridge.as_deref(), order.how))
}

async fn start_bridge(State(control): State<Control>, body: Body<Bridge>) -> Answer {
    done(control.start_bridge(&ok(body)?.0.bridge).await)
}

async fn restart_bridge(State(control): State<Control>, body: Body<Bridge>) -> Answer {
    done(control.restart_bridge(&ok(body)?.0.bridge).await)
}
