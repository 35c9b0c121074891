//! The WebSocket of a screen on a wall: sends the rows of its audience and the changes that administrators make. The screen can only say that it
//! is there.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::clock::now_ms;
use crate::displays::{DisplaySettings, DisplayState, PairingScreen, Screen, ScreenInfo, TokenOwner, is_token};
use crate::http::connections::registry::UnpairedScreen;
use crate::http::middleware::real_ip::ClientInfo;
use crate::http::state::AppState;
use crate::http::ws::heartbeat::beat;
use crate::http::ws::reader::{Incoming, SocketReader};
use crate::http::ws::session::{Outgoing, SocketEnd, SocketSession};
use crate::http::ws::upgrade::{PendingUpgrade, UpgradedSocket, accept};
use crate::http::ws::writer::SocketWriter;
use crate::http::ws::{close_code, connection};
use crate::hub::Frame;

use super::screen_settings::for_screen;
use super::token::token_of;
use super::user_agent;

/// Messages of screens are short.
const LONGEST: usize = 1024;
/// How long a screen shows its name on request.
const IDENTIFY_S: u32 = 20;
/// Bytes of the version that a screen reports.
const LONGEST_VERSION: usize = 40;

/// Messages to a screen, besides the rows of its audience.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToScreen<'a> {
    Hello { version: &'a str, time: i64, beat_s: u64, display: DisplaySettings },
    Display { display: DisplaySettings },
    Identify { seconds: u32 },
    Reload {},
    Over { why: EndReason },
    Code { code: &'a str },
    Paired {},
}

/// The reason why a screen shows nothing.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum EndReason {
    Revoked,
    /// Too many screens show the same display, or a code.
    Crowded,
}

impl EndReason {
    fn end(self) -> SocketEnd {
        match self {
            Self::Revoked => SocketEnd::Close(close_code::REVOKED, "this screen was revoked".into()),
            Self::Crowded => SocketEnd::Close(close_code::TOO_MANY, "too many screens show this display, or a code".into()),
        }
    }
}

/// Messages of a screen.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum FromScreen {
    Screen { width: u32, height: u32, ratio: f64, version: Arc<str> },
    Beat {},
    Resync {},
}

fn send(message: &ToScreen<'_>) -> Outgoing {
    Outgoing::Send(Frame::text(serde_json::to_string(message).expect("frames are plain data with text keys")))
}

pub(super) async fn by_cookie(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    match token_of(&state, &headers) {
        Some(token) => upgrade(state, token, client.address, &headers, request),
        None => (StatusCode::UNAUTHORIZED, "this screen has no cookie yet: open /wall\n").into_response(),
    }
}

pub(super) async fn by_link(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    Path(token): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    // A link is made for a display: a screen is never paired by it.
    if !is_token(&token) || state.displays.token_owner(&token) == TokenOwner::Nobody {
        return (StatusCode::NOT_FOUND, "this link is not known\n").into_response();
    }
    upgrade(state, token, client.address, &headers, request)
}

fn upgrade(state: Arc<AppState>, token: String, address: IpAddr, headers: &HeaderMap, request: Request) -> Response {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let browser = user_agent::name(user_agent).into();
    let (response, upgrade) = match accept(request) {
        Ok(accepted) => accepted,
        Err(refusal) => return *refusal,
    };
    let counted = (state.sockets.token(), state.tracker.token());
    tokio::spawn(async move {
        serve_socket(state, &token, address, browser, upgrade).await;
        drop(counted);
    });
    response
}

async fn serve_socket(state: Arc<AppState>, token: &str, address: IpAddr, browser: Arc<str>, upgrade: PendingUpgrade) {
    let Ok(UpgradedSocket { inward, outward, already_read }) = upgrade.complete().await else { return };
    let reader = SocketReader::new(inward, already_read, LONGEST).await;
    let (role, follower) = match state.displays.token_owner(token) {
        TokenOwner::Revoked => (ScreenRole::Over(EndReason::Revoked), None),
        TokenOwner::Nobody => match state.displays.show_code(token) {
            Some(pairing) => {
                let slot = state.connections.open_unpaired_screen(address);
                (ScreenRole::Unpaired { code: state.displays.code(token), token: token.to_owned(), pairing, slot }, None)
            }
            None => (ScreenRole::Over(EndReason::Crowded), None),
        },
        TokenOwner::Display(id) => match state.displays.open(&id) {
            Some(screen) => {
                let shown = screen.state();
                // None where Usher stops.
                let Some(watched) = state.walls.watch(shown.settings.audience()).await else { return };
                (ScreenRole::Display { screen, shown, browser }, Some(watched.follower))
            }
            None => (ScreenRole::Over(EndReason::Crowded), None),
        },
    };
    let is_display = follower.is_some();
    let writer = SocketWriter::new(state.writer_settings.clone(), outward, follower);
    let end = connection::run(writer, Box::new(ScreenSession::new(state, reader, role)), None).await;
    // Strangers may come and go at will, so only displays get a line in the log.
    if let SocketEnd::Close(code, reason) = end
        && is_display
    {
        tracing::info!(code, %reason, "screen disconnected");
    }
}

enum ScreenRole {
    Display { screen: Screen, shown: DisplayState, browser: Arc<str> },
    Unpaired { code: String, token: String, pairing: PairingScreen, slot: UnpairedScreen },
    Over(EndReason),
}

struct ScreenSession {
    state: Arc<AppState>,
    reader: SocketReader,
    role: ScreenRole,
    beat: Interval,
    /// When the screen last sent something.
    last_heard: Instant,
    /// When the presence of the screen was last recorded in the database.
    last_recorded: Instant,
    /// To be written before anything else.
    outgoing: VecDeque<Outgoing>,
    /// The socket ends with this once `outgoing` is empty.
    end: Option<SocketEnd>,
}

impl ScreenSession {
    fn new(state: Arc<AppState>, reader: SocketReader, role: ScreenRole) -> Self {
        let mut beat = interval(state.timing.wall_beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = if let ScreenRole::Over(why) = &role { Some(why.end()) } else { None };
        Self { state, reader, role, beat, last_heard: Instant::now(), last_recorded: Instant::now(), outgoing: VecDeque::new(), end }
    }

    fn on_beat(&mut self) -> Result<(), SocketEnd> {
        let timing = &self.state.timing;
        if self.last_heard.elapsed() >= timing.wall_silent {
            return Err(SocketEnd::Close(close_code::SLOW, format!("no answer for {} s", timing.wall_silent.as_secs())));
        }
        if self.last_recorded.elapsed() >= timing.wall_presence_saved
            && let ScreenRole::Display { screen, .. } = &self.role
        {
            self.last_recorded = Instant::now();
            screen.record_presence();
        }
        self.outgoing.push_back(Outgoing::Send(beat()));
        Ok(())
    }

    fn on_incoming(&mut self, incoming: Incoming) -> Result<(), SocketEnd> {
        self.last_heard = Instant::now();
        let text = match incoming {
            Incoming::Empty => return Ok(()),
            Incoming::Ping(pong) => {
                self.outgoing.push_back(pong);
                return Ok(());
            }
            Incoming::Text(text) => text,
        };
        match serde_json::from_str(&text).map_err(|error| SocketEnd::bad_message(&format!("not a message: {error}")))? {
            FromScreen::Beat {} => {}
            FromScreen::Resync {} => self.outgoing.push_back(Outgoing::Resync),
            FromScreen::Screen { width, height, ratio, version } => {
                let fine = version.len() <= LONGEST_VERSION && !version.chars().any(char::is_control) && (0.0..100.0).contains(&ratio);
                if !fine {
                    return Err(SocketEnd::bad_message(&format!(
                        "version has {} bytes and ratio is {ratio}; allowed: up to {LONGEST_VERSION}, 0 to 100",
                        version.len()
                    )));
                }
                if let ScreenRole::Display { screen, browser, .. } = &self.role {
                    screen.set_info(ScreenInfo { browser: browser.clone(), width, height, ratio, version });
                }
            }
        }
        Ok(())
    }

    async fn on_change(&mut self, change: ScreenChange) {
        match (&mut self.role, change) {
            (ScreenRole::Display { shown, .. }, ScreenChange::State(next)) => {
                if next.revoked {
                    self.outgoing.push_back(send(&ToScreen::Over { why: EndReason::Revoked }));
                    self.end = Some(EndReason::Revoked.end());
                    return;
                }
                let before = std::mem::replace(shown, next.clone());
                if before.settings != next.settings {
                    self.outgoing.push_back(send(&ToScreen::Display { display: for_screen(&next.settings) }));
                }
                if before.settings.audience() != next.settings.audience() {
                    match self.state.walls.watch(next.settings.audience()).await {
                        Some(watched) => self.outgoing.push_back(Outgoing::Follow(watched.follower)),
                        None => self.end = Some(SocketEnd::restart()),
                    }
                }
                if before.identified != next.identified {
                    self.outgoing.push_back(send(&ToScreen::Identify { seconds: IDENTIFY_S }));
                }
                if before.reloaded != next.reloaded {
                    self.outgoing.push_back(send(&ToScreen::Reload {}));
                }
            }
            (ScreenRole::Unpaired { .. }, ScreenChange::Evicted) => {
                self.outgoing.push_back(send(&ToScreen::Over { why: EndReason::Crowded }));
                self.end = Some(EndReason::Crowded.end());
            }
            (ScreenRole::Unpaired { token, code, .. }, ScreenChange::Pairing) => {
                if self.state.displays.token_owner(token) != TokenOwner::Nobody {
                    self.outgoing.push_back(send(&ToScreen::Paired {}));
                    return;
                }
                let now = self.state.displays.code(token);
                if now != *code {
                    self.outgoing.push_back(send(&ToScreen::Code { code: &now }));
                    *code = now;
                }
            }
            _ => {}
        }
    }
}

enum ScreenChange {
    State(DisplayState),
    /// The screen was paired, or its code is another one.
    Pairing,
    /// Another screen needs the slot more.
    Evicted,
}

impl ScreenRole {
    /// Dropping the future loses nothing.
    async fn changed(&mut self) -> ScreenChange {
        match self {
            Self::Display { screen, .. } => ScreenChange::State(screen.changed().await),
            Self::Unpaired { pairing, slot, .. } => tokio::select! {
                () = pairing.changed() => ScreenChange::Pairing,
                () = slot.evicted() => ScreenChange::Evicted,
            },
            Self::Over(_) => std::future::pending().await,
        }
    }
}

impl SocketSession for ScreenSession {
    fn welcome(&self) -> Outgoing {
        match &self.role {
            ScreenRole::Display { shown, .. } => send(&ToScreen::Hello {
                version: env!("CARGO_PKG_VERSION"),
                time: now_ms(),
                beat_s: self.state.timing.wall_beat.as_secs().max(1),
                display: for_screen(&shown.settings),
            }),
            ScreenRole::Unpaired { code, .. } => send(&ToScreen::Code { code }),
            ScreenRole::Over(why) => send(&ToScreen::Over { why: *why }),
        }
    }

    async fn next(&mut self) -> Result<Outgoing, SocketEnd> {
        loop {
            if let Some(outgoing) = self.outgoing.pop_front() {
                return Ok(outgoing);
            }
            if let Some(end) = self.end.take() {
                return Err(end);
            }
            tokio::select! {
                () = self.state.shutdown.cancelled() => return Err(SocketEnd::restart()),
                incoming = self.reader.next() => self.on_incoming(incoming?)?,
                change = self.role.changed() => self.on_change(change).await,
                _ = self.beat.tick() => self.on_beat()?,
            }
        }
    }

    async fn drain(&mut self) {
        self.reader.drain().await;
    }
}
