//! One browser's WebSocket: a side that writes the hub's frames, a side that listens. Decides no action.
//!
//! The two sides are woken apart: a frame or a beat costs no look at the inward side and its clocks, and a thousand browsers get twenty
//! frames a second.

mod displays;
pub mod protocol;
pub(in crate::http) mod reply;
mod running_actions;
mod session;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::desk_socket::protocol::close;
use super::middleware::real_ip::Client;
use super::pages::login::Auth;
use super::state::Shared;
use super::ws::limit::Seat;

pub(super) use super::ws::connection::{End, Order, Side, converse};
pub(super) use super::ws::heartbeat::Pulse;
pub(super) use super::ws::reader::{Ear, Heard, bad};
pub(super) use super::ws::upgrade::{Coming, Connection, answer};
pub(super) use super::ws::writer::Writer;

use session::{Listener, Visitor};

/// `GET /ws`, behind the log-in and the Origin check.
pub(super) async fn upgrade(State(site): State<Shared>, Extension(client): Extension<Client>, auth: Auth, request: Request) -> Response {
    let (Some(user), Some(session)) = (auth.user, auth.session.id()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let (response, coming) = match answer(request) {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("this address is for WebSockets: {error}\n")).into_response(),
    };
    let seat = site.seats.take(user.id, site.config.get().sockets_per_user);
    let visitor = Visitor { user, session, address: client.address };
    // Counted from now on, so that a stop waits for an upgrade under way.
    let counted = (site.sockets.token(), site.tracker.token());
    tokio::spawn(async move {
        attend(site, visitor, seat, coming).await;
        drop(counted);
    });
    response
}

async fn attend(site: Shared, visitor: Visitor, seat: Option<Seat>, coming: Coming) {
    let (user, name) = (visitor.user.id, visitor.user.name.clone());
    match coming.arrived().await {
        Ok(connection) => {
            tracing::info!(user = %name, address = %visitor.address, "browser connected");
            match talk(&site, visitor, seat.is_some(), connection).await {
                End::Gone | End::Left(_) => tracing::info!(user = %name, "browser left"),
                End::Close(code, reason) => {
                    tracing::info!(user = %name, code, %reason, "browser disconnected");
                    metrics::counter!("usher_sockets_closed_total", "code" => code.to_string()).increment(1);
                }
            }
            site.accounts.seen(user);
        }
        Err(error) => tracing::debug!(user = %name, %error, "the browser left before its WebSocket began"),
    }
}

/// The conversation and its goodbye. Returns why it ended.
async fn talk(site: &Shared, visitor: Visitor, seated: bool, Connection { inward, outward, read }: Connection) -> End {
    // On the heap: it is large, and there are thousands.
    let listener = Box::new(Listener::new(site.clone(), visitor, inward, read).await);
    let writer = Writer::new(site, outward, Some(site.hub.join())).with_beats(site.pulse.join());
    let refused = (!seated).then(|| {
        let limit = site.config.get().sockets_per_user;
        End::Close(close::TOO_MANY, format!("this user already has {limit} connections open; close some pages"))
    });
    converse(writer, listener, refused).await
}
