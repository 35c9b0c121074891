//! The WebSocket of the desk: a writer that sends the hub's frames, and a session that handles the browser's messages. Decides no action.
//!
//! The two are polled separately: a frame or a beat does not poll the session and its timers, which matters with a thousand browsers and
//! twenty frames a second.

mod displays;
pub mod protocol;
mod reply;
mod running_actions;
mod session;

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::middleware::auth::Auth;
use super::middleware::real_ip::ClientInfo;
use super::state::AppState;
use super::ws::limit::SocketPermit;
use super::ws::session::SocketEnd;
use super::ws::upgrade::{PendingUpgrade, UpgradedSocket, accept};
use super::ws::writer::SocketWriter;
use super::ws::{close_code, connection};

use session::{DeskSession, SessionUser};

/// `GET /ws`, behind the sign-in and the Origin check.
pub(super) async fn upgrade(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    auth: Auth,
    request: Request,
) -> Response {
    let (Some(user), Some(session)) = (auth.user, auth.session.id()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let (response, upgrade) = match accept(request) {
        Ok(accepted) => accepted,
        Err(refusal) => return *refusal,
    };
    let permit = state.socket_limit.acquire(user.id, state.config.get().sockets_per_user);
    let session_user = SessionUser { user, session, address: client.address };
    // Counted from now on, so that a stop waits for an upgrade under way.
    let counted = (state.sockets.token(), state.tracker.token());
    tokio::spawn(async move {
        serve_socket(state, session_user, permit, upgrade).await;
        drop(counted);
    });
    response
}

async fn serve_socket(state: Arc<AppState>, session_user: SessionUser, permit: Option<SocketPermit>, upgrade: PendingUpgrade) {
    let (user, name) = (session_user.user.id, session_user.user.name.clone());
    match upgrade.complete().await {
        Ok(socket) => {
            tracing::info!(user = %name, address = %session_user.address, "browser connected");
            match run_session(&state, session_user, permit.is_some(), socket).await {
                SocketEnd::Lost | SocketEnd::Left(_) => tracing::info!(user = %name, "browser left"),
                SocketEnd::Close(code, reason) => {
                    tracing::info!(user = %name, code, %reason, "browser disconnected");
                    metrics::counter!("usher_sockets_closed_total", "code" => code.to_string()).increment(1);
                }
            }
            state.accounts.seen(user);
        }
        Err(error) => tracing::debug!(user = %name, %error, "browser left before its WebSocket began"),
    }
}

/// Runs the session to its end, the close frame included. Returns why it ended.
async fn run_session(state: &Arc<AppState>, session_user: SessionUser, permitted: bool, socket: UpgradedSocket) -> SocketEnd {
    let UpgradedSocket { inward, outward, already_read } = socket;
    // Boxed, because a session is large and there are thousands.
    let session = Box::new(DeskSession::new(state.clone(), session_user, inward, already_read).await);
    let writer = SocketWriter::new(state.writer_settings.clone(), outward, Some(state.hub.join())).with_beats(state.heartbeat.join());
    let refused = (!permitted).then(|| {
        let limit = state.config.get().sockets_per_user;
        SocketEnd::Close(close_code::TOO_MANY, format!("this user already has {limit} connections open; close some pages"))
    });
    connection::run(writer, session, refused).await
}
