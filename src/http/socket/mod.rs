//! One browser's WebSocket: a side that writes the hub's frames, a side that listens. Decides no action.
//!
//! The two sides are woken apart: a frame costs no look at the inward side and its clocks, and a thousand browsers get twenty a second.

mod handshake;
mod listener;
mod presses;
mod writer;

use std::future::ready;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Duration, timeout};

use super::auth::Auth;
use super::client::Client;
use super::protocol::close;
use super::seats::Seat;
use super::site::Shared;

use handshake::{Coming, Connection};
use listener::{Listener, Order, Visitor};
use writer::Writer;

/// Frames in a row before the listening side has its turn.
const BURST: usize = 64;
/// A close frame, and the other side's, get this long.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a socket ends.
enum End {
    /// The connection broke.
    Gone,
    /// The browser said goodbye, with this code.
    Left(u16),
    Close(u16, String),
}

impl End {
    fn restart() -> Self {
        Self::Close(close::RESTART, "the server restarts".into())
    }
}

/// `GET /ws`, behind the log-in and the Origin check.
pub(super) async fn upgrade(State(site): State<Shared>, Extension(client): Extension<Client>, auth: Auth, request: Request) -> Response {
    let (Some(user), Some(session)) = (auth.user, auth.session.id()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let (response, coming) = match handshake::answer(request) {
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
            match converse(&site, visitor, seat.is_some(), connection).await {
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
async fn converse(site: &Shared, visitor: Visitor, seated: bool, connection: Connection) -> End {
    let Connection { inward, outward, read } = connection;
    let mut listener = Box::new(Listener::new(site.clone(), visitor, inward, read).await);
    let mut writer = Writer::new(site, outward);
    let end = if seated {
        follow(&mut writer, &mut listener).await
    } else {
        let limit = site.config.get().sockets_per_user;
        End::Close(close::TOO_MANY, format!("this user already has {limit} connections open; close some pages"))
    };
    let goodbye = async {
        let (code, reason) = match &end {
            End::Gone => return,
            End::Left(code) => (*code, ""),
            End::Close(code, reason) => (*code, reason.as_str()),
        };
        if writer.close(code, reason).await.is_ok() {
            listener.drain().await;
        }
        writer.hang_up().await;
    };
    let _ = timeout(GOODBYE, goodbye).await;
    end
}

/// Until something ends it: passes the hub's frames on, and does in between what the listening side orders.
async fn follow(writer: &mut Writer, listener: &mut Listener) -> End {
    if let Err(end) = writer.carry_out(listener.welcome()).await {
        return end;
    }
    // A set of one: it looks at the listener only when that was woken itself.
    let mut listening = FuturesUnordered::from_iter([hear(listener)]);
    let mut in_a_row = 0;
    loop {
        // Frames first: each then costs one look at the other side. After a full burst that has its turn.
        let done = tokio::select! {
            biased;
            frame = writer.next(), if in_a_row < BURST => {
                in_a_row += 1;
                writer.pass_on(frame).await
            }
            Some((listener, order)) = listening.next() => {
                listening.push(hear(listener));
                match order {
                    Ok(order) => writer.carry_out(order).await,
                    Err(end) => Err(end),
                }
            }
            () = ready(()), if in_a_row == BURST => {
                in_a_row = 0;
                Ok(())
            }
        };
        if let Err(end) = done {
            return end;
        }
    }
}

async fn hear(listener: &mut Listener) -> (&mut Listener, Result<Order, End>) {
    let order = listener.next().await;
    (listener, order)
}
