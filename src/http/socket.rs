//! One browser's WebSocket: feeds it the hub's frames, hears its messages, and ends it when its log-in ends. Decides no action.
//!
//! The socket is not split and not flushed per frame: what is there is fed, then flushed once; the `write` call is what costs.

use std::future::{Future, ready};
use std::net::IpAddr;
use std::pin::pin;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite;
use tower_sessions_core::session::Id;
use tracing::Instrument;

use crate::accounts::User;
use crate::actions::{Actor, Press};
use crate::db::now_ms;
use crate::hub::Follower;

use super::auth::Auth;
use super::client::Client;
use super::presses::Presses;
use super::protocol::{self, Inbound, Outbound, Person, close};
use super::seats::Seat;
use super::site::Shared;

/// Browsers send little; the default of 128 KiB each would be most of the memory.
const READ_BUFFER: usize = 2 * 1024;
/// Written to the socket as soon as more than this was fed. Each socket keeps a buffer of this and its largest frame, for ever; with
/// parts of 4 KiB, 5,000 browsers stay small.
const WRITE_BUFFER: usize = 2 * 1024;
/// Far above the largest frame; only a fault reaches it.
const WRITE_LIMIT: usize = 4 * 1024 * 1024;
/// Frames fed before the socket listens again.
const BURST: usize = 64;
/// A close frame, and the other side's, get this long.
const GOODBYE: Duration = Duration::from_secs(1);

struct Connection {
    site: Shared,
    socket: WebSocket,
    user: User,
    session: Id,
    address: IpAddr,
    follower: Follower,
    presses: Presses,
    /// When anything came from the browser last.
    heard: Instant,
}

/// Why a socket ends.
enum End {
    /// The other side went away.
    Gone,
    Close(u16, String),
}

/// `GET /ws`, behind the log-in and the Origin check.
pub(super) async fn upgrade(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    auth: Auth,
    upgrade: WebSocketUpgrade,
) -> Response {
    let (Some(user), Some(session)) = (auth.user, auth.session.id()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let seat = site.seats.take(user.id, site.config.sockets_per_user);
    let span = tracing::info_span!("socket", user = %user.name);
    // Counted from now on, so that a stop waits for an upgrade under way.
    let (own, everybody) = (site.sockets.token(), site.tracker.token());
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_LIMIT)
        .max_message_size(protocol::MAX_MESSAGE)
        .max_frame_size(protocol::MAX_MESSAGE)
        .on_upgrade(move |socket| {
            let follower = site.hub.join();
            let (presses, heard, address) = (Presses::default(), Instant::now(), client.address);
            let connection = Connection { site, socket, user, session, address, follower, presses, heard };
            async move {
                connection.run(seat).await;
                drop((own, everybody));
            }
            .instrument(span)
        })
}

impl Connection {
    async fn run(mut self, seat: Option<Seat>) {
        tracing::info!(address = %self.address, "browser connected");
        let end = match seat {
            Some(_) => self.talk().await,
            None => {
                let limit = self.site.config.sockets_per_user;
                End::Close(close::TOO_MANY, format!("this user already has {limit} connections open; close some pages"))
            }
        };
        self.site.accounts.seen(self.user.id);
        match end {
            End::Gone => {
                tracing::info!("browser left");
                // Sends the answer to its close frame, if it sent one.
                let _ = timeout(GOODBYE, self.socket.recv()).await;
            }
            End::Close(code, reason) => {
                tracing::info!(code, %reason, "browser disconnected");
                metrics::counter!("usher_sockets_closed_total", "code" => code.to_string()).increment(1);
                let _ = timeout(GOODBYE, self.say_goodbye(code, &reason)).await;
            }
        }
    }

    async fn talk(&mut self) -> End {
        match self.welcome().await {
            Ok(()) => self.follow().await,
            Err(end) => end,
        }
    }

    async fn welcome(&mut self) -> Result<(), End> {
        let site = self.site.clone();
        let user = Person { name: &self.user.name, role: self.user.role };
        let (epoch, version) = (site.hub.epoch(), env!("CARGO_PKG_VERSION"));
        let beat_s = site.timing.beat.as_secs().max(1);
        let text = Outbound::Welcome { protocol: protocol::VERSION, epoch, version, time: now_ms(), user, beat_s }.to_text();
        self.send(text).await
    }

    /// Until something ends it.
    async fn follow(&mut self) -> End {
        let site = self.site.clone();
        let timing = &site.timing;
        let mut changed = self.site.accounts.watch();
        let mut beat = interval_at(Instant::now() + timing.beat, timing.beat);
        // Thousands that connected in one moment do not all ask in one moment.
        let first = Instant::now() + timing.recheck_login.mul_f64(rand::random_range(0.5..1.0));
        let mut recheck = interval_at(first, timing.recheck_login);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shutdown = pin!(site.shutdown.cancelled());
        let mut full = false;
        loop {
            let at_seq = self.follower.seq();
            // Frames first: each then costs one look at all the others, not two. After a full burst the others have their turn.
            let done = tokio::select! {
                biased;
                frame = self.follower.next(), if !full => self.send_frames(frame).await.map(|fed| full = fed == BURST),
                () = &mut shutdown => Err(restart()),
                message = self.socket.recv() => self.hear(message).await,
                text = self.presses.next(at_seq) => self.send(text).await,
                _ = changed.changed() => self.check_login().await,
                _ = recheck.tick() => self.check(timing.browser_silent).await,
                _ = beat.tick() => self.send(Outbound::Beat { time: now_ms() }.to_text()).await,
                () = ready(()), if full => {
                    full = false;
                    Ok(())
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn check(&mut self, silent: Duration) -> Result<(), End> {
        if self.heard.elapsed() >= silent {
            return Err(End::Close(close::SLOW, format!("no answer for {} s", silent.as_secs())));
        }
        self.check_login().await
    }

    /// Also moves the end of the log-in away: it never expires under an open page.
    async fn check_login(&mut self) -> Result<(), End> {
        match self.site.accounts.still_logged_in(self.session, self.user.id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(End::Close(close::SIGNED_OUT, "signed out".into())),
            Err(error) => {
                // A database in trouble must not empty the desk; the next check asks again.
                tracing::warn!(%error, "the log-in can't be checked");
                Ok(())
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, Error>>) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            None | Some(Ok(Message::Close(_))) => Err(End::Gone),
            Some(Err(error)) => Err(broken(error)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(bad("messages are text")),
            Some(Ok(Message::Text(text))) => match protocol::parse(text.as_str()) {
                Ok(message) => self.act(message).await,
                Err(reason) => Err(bad(&reason)),
            },
        }
    }

    async fn act(&mut self, message: Inbound) -> Result<(), End> {
        match message {
            Inbound::Beat {} => Ok(()),
            Inbound::Resync {} => {
                self.follower.resync();
                Ok(())
            }
            Inbound::Admit { r#ref, .. } | Inbound::Retry { r#ref, .. } if !self.user.role.may_act() => {
                tracing::warn!("a viewer tried to act");
                self.refuse(&r#ref, "forbidden", "your role may look, not act").await
            }
            Inbound::Admit { r#ref, .. } | Inbound::Retry { r#ref, .. } if self.presses.is_full() => {
                self.refuse(&r#ref, "busy", "this page has too many actions under way; try again in a moment").await
            }
            Inbound::Admit { r#ref, people, scope } => {
                let press = Press { actor: self.actor(), people, scope };
                self.presses.admit(self.site.actions.clone(), r#ref, press);
                Ok(())
            }
            Inbound::Retry { r#ref, bridge } => {
                self.presses.retry(self.site.actions.clone(), r#ref, self.actor(), bridge);
                Ok(())
            }
        }
    }

    fn actor(&self) -> Actor {
        Actor { user: self.user.name.clone(), address: self.address }
    }

    async fn refuse(&mut self, r#ref: &str, code: &str, message: &str) -> Result<(), End> {
        self.send(Outbound::Error { r#ref: Some(r#ref), code, message: message.into() }.to_text()).await
    }

    /// Feeds what there is, up to a burst, then flushes once. Returns how many frames that were.
    async fn send_frames(&mut self, first: Utf8Bytes) -> Result<usize, End> {
        let mut next = Some(first);
        let mut fed = 0;
        while let Some(frame) = next {
            self.write(Some(frame)).await?;
            fed += 1;
            next = if fed < BURST { self.follower.try_next() } else { None };
        }
        self.site.frames_sent.increment(fed as u64);
        self.write(None).await?;
        Ok(fed)
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        self.write(Some(text.into())).await?;
        self.write(None).await
    }

    /// Feeds a frame, or flushes. The deadline is for one of them: a slow browser that takes something is not a stuck one.
    async fn write(&mut self, frame: Option<Utf8Bytes>) -> Result<(), End> {
        // Borrowed: a clone of the token would take a lock that all sockets share, for each frame.
        let Self { site, socket, .. } = self;
        let stuck = site.timing.browser_stuck;
        let write = async {
            match frame {
                Some(frame) => socket.feed(Message::Text(frame)).await,
                None => socket.flush().await,
            }
        };
        unless(site.shutdown.cancelled(), timeout(stuck, write))
            .await
            .ok_or_else(restart)?
            .map_err(|_| End::Close(close::SLOW, format!("no data taken for {} s", stuck.as_secs())))?
            .map_err(|_| End::Gone)
    }

    /// Sends the close frame and reads on until the browser's: data it sent meanwhile must not turn the close into a reset.
    async fn say_goodbye(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code, reason: shortened(reason).into() };
        if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = self.socket.recv().await {}
        }
    }
}

/// `work`, unless `stop` comes while it has to wait.
async fn unless<T>(stop: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        value = work => Some(value),
        () = stop => None,
    }
}

fn restart() -> End {
    End::Close(close::RESTART, "the server restarts".into())
}

fn bad(reason: &str) -> End {
    End::Close(close::BAD_MESSAGE, reason.to_owned())
}

fn broken(error: Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => bad(&format!("a message is longer than {} bytes", protocol::MAX_MESSAGE)),
        Some(tungstenite::Error::Utf8(_)) => bad("a message is not valid UTF-8"),
        _ => End::Gone,
    }
}

/// A close frame holds 123 bytes of reason.
fn shortened(reason: &str) -> &str {
    let end = (0..=reason.len().min(123)).rev().find(|n| reason.is_char_boundary(*n)).unwrap_or(0);
    &reason[..end]
}
