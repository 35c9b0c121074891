//! One browser's WebSocket: a side that writes the hub's frames, a side that listens. Decides no action.
//!
//! The two sides are woken apart: a frame or a beat costs no look at the inward side and its clocks, and a thousand browsers get twenty
//! frames a second.

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

use session::{Listener, Visitor};

/// `GET /ws`, behind the log-in and the Origin check.
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
    let visitor = Visitor { user, session, address: client.address };
    // Counted from now on, so that a stop waits for an upgrade under way.
    let counted = (state.sockets.token(), state.tracker.token());
    tokio::spawn(async move {
        attend(state, visitor, permit, upgrade).await;
        drop(counted);
    });
    response
}

async fn attend(state: Arc<AppState>, visitor: Visitor, permit: Option<SocketPermit>, upgrade: PendingUpgrade) {
    let (user, name) = (visitor.user.id, visitor.user.name.clone());
    match upgrade.complete().await {
        Ok(socket) => {
            tracing::info!(user = %name, address = %visitor.address, "browser connected");
            match talk(&state, visitor, permit.is_some(), socket).await {
                SocketEnd::Lost | SocketEnd::Left(_) => tracing::info!(user = %name, "browser left"),
                SocketEnd::Close(code, reason) => {
                    tracing::info!(user = %name, code, %reason, "browser disconnected");
                    metrics::counter!("usher_sockets_closed_total", "code" => code.to_string()).increment(1);
                }
            }
            state.accounts.seen(user);
        }
        Err(error) => tracing::debug!(user = %name, %error, "the browser left before its WebSocket began"),
    }
}

/// The conversation and its goodbye. Returns why it ended.
async fn talk(state: &Arc<AppState>, visitor: Visitor, permitted: bool, socket: UpgradedSocket) -> SocketEnd {
    let UpgradedSocket { inward, outward, already_read } = socket;
    // On the heap: it is large, and there are thousands.
    let listener = Box::new(Listener::new(state.clone(), visitor, inward, already_read).await);
    let writer = SocketWriter::new(state.writer_settings.clone(), outward, Some(state.hub.join())).with_beats(state.heartbeat.join());
    let refused = (!permitted).then(|| {
        let limit = state.config.get().sockets_per_user;
        SocketEnd::Close(close_code::TOO_MANY, format!("this user already has {limit} connections open; close some pages"))
    });
    connection::run(writer, listener, refused).await
}
