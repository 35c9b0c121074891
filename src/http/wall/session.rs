//! The WebSocket of a screen on a wall: its audience's rows, what administrators tell it, and nothing in return but that it is there.

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
use crate::http::connections::UnpairedScreen;
use crate::http::desk_socket::protocol::close;
use crate::http::desk_socket::{Coming, Connection, Ear, End, Heard, Order, Side, Writer, answer, bad, converse};
use crate::http::middleware::real_ip::Client;
use crate::http::state::{Shared, Site};
use crate::hub::Frame;

use super::{for_screen, token, user_agent};

/// A screen says little.
const LONGEST: usize = 1024;
/// How long a screen shows its name when it is asked to.
const IDENTIFY_S: u32 = 20;
/// Of the version that a screen names.
const LONGEST_VERSION: usize = 40;

/// What a screen is told besides the rows of its audience.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'a> {
    Hello { version: &'a str, time: i64, beat_s: u64, display: DisplaySettings },
    Display { display: DisplaySettings },
    Beat { time: i64 },
    Identify { seconds: u32 },
    Reload {},
    Over { why: Why },
    Code { code: &'a str },
    Paired {},
}

/// Why a screen shows nothing.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Revoked,
    /// Too many screens show the same display, or a code.
    Crowded,
}

impl Why {
    fn end(self) -> End {
        match self {
            Self::Revoked => End::Close(close::REVOKED, "this screen was revoked".into()),
            Self::Crowded => End::Close(close::TOO_MANY, "too many screens show this display, or a code".into()),
        }
    }
}

/// What a screen may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Says {
    Screen { width: u32, height: u32, ratio: f64, version: Arc<str> },
    Beat {},
    Resync {},
}

fn say(told: &Told<'_>) -> Order {
    Order::Send(Frame::text(serde_json::to_string(told).expect("frames are plain data with text keys")))
}

pub(super) async fn by_cookie(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    match token(&site, &headers) {
        Some(token) => upgrade(site, token, client.address, &headers, request),
        None => (StatusCode::UNAUTHORIZED, "this screen has no cookie yet: open /wall\n").into_response(),
    }
}

pub(super) async fn by_link(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    Path(token): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    // A link is made for a display: nobody pairs a screen by it.
    if !is_token(&token) || site.displays.token_owner(&token) == TokenOwner::Nobody {
        return (StatusCode::NOT_FOUND, "this link is not known\n").into_response();
    }
    upgrade(site, token, client.address, &headers, request)
}

fn upgrade(site: Shared, token: String, address: IpAddr, headers: &HeaderMap, request: Request) -> Response {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let browser = user_agent::name(user_agent).into();
    let (response, coming) = match answer(request) {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("this address is for WebSockets: {error}\n")).into_response(),
    };
    let counted = (site.sockets.token(), site.tracker.token());
    tokio::spawn(async move {
        attend(site, &token, address, browser, coming).await;
        drop(counted);
    });
    response
}

async fn attend(site: Shared, token: &str, address: IpAddr, browser: Arc<str>, coming: Coming) {
    let Ok(Connection { inward, outward, read }) = coming.arrived().await else { return };
    let ear = Ear::new(inward, read, LONGEST).await;
    let (role, follower) = match site.displays.token_owner(token) {
        TokenOwner::Revoked => (Role::Over(Why::Revoked), None),
        TokenOwner::Nobody => match site.displays.show_code(token) {
            Some(waiting) => {
                let place = unpaired(&site, address);
                (Role::Unpaired { code: site.displays.code(token), token: token.to_owned(), waiting, place }, None)
            }
            None => (Role::Over(Why::Crowded), None),
        },
        TokenOwner::Display(id) => match site.displays.open(&id) {
            Some(screen) => {
                let standing = screen.state();
                // None where Usher stops.
                let Some(watched) = site.walls.watch(standing.settings.audience()).await else { return };
                (Role::Display { screen, standing, browser }, Some(watched.follower))
            }
            None => (Role::Over(Why::Crowded), None),
        },
    };
    let is_display = follower.is_some();
    let writer = Writer::new(&site, outward, follower);
    let end = converse(writer, Box::new(Listener::new(site, ear, role)), None).await;
    // Strangers come and go as they like: no line for each.
    if let End::Close(code, reason) = end
        && is_display
    {
        tracing::info!(code, %reason, "a screen on a wall was disconnected");
    }
}

/// A place for a screen that shows a code; another one may lose its own by that.
fn unpaired(site: &Site, address: IpAddr) -> UnpairedScreen {
    let (place, crowded) = site.connections.unpaired_screen(address);
    if crowded {
        metrics::counter!("usher_strangers_closed_total", "what" => "screen").increment(1);
        site.log_limits.screens_closed.log(|suppressed| tracing::warn!(%address, suppressed, "too many unpaired screens, oldest closed"));
    }
    place
}

/// What a screen is.
enum Role {
    Display { screen: Screen, standing: DisplayState, browser: Arc<str> },
    Unpaired { code: String, token: String, waiting: PairingScreen, place: UnpairedScreen },
    Over(Why),
}

struct Listener {
    site: Shared,
    ear: Ear,
    role: Role,
    beat: Interval,
    /// When anything came from the screen last.
    heard: Instant,
    /// When it was last written down that the screen is there.
    noted: Instant,
    /// What is to be done before anything else, and how it ends then.
    orders: VecDeque<Order>,
    end: Option<End>,
}

impl Listener {
    fn new(site: Shared, ear: Ear, role: Role) -> Self {
        let mut beat = interval(site.timing.wall_beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = if let Role::Over(why) = &role { Some(why.end()) } else { None };
        Self { site, ear, role, beat, heard: Instant::now(), noted: Instant::now(), orders: VecDeque::new(), end }
    }

    fn beat(&mut self) -> Result<(), End> {
        let timing = &self.site.timing;
        if self.heard.elapsed() >= timing.wall_silent {
            return Err(End::Close(close::SLOW, format!("no answer for {} s", timing.wall_silent.as_secs())));
        }
        if self.noted.elapsed() >= timing.wall_noted
            && let Role::Display { screen, .. } = &self.role
        {
            self.noted = Instant::now();
            screen.record_presence();
        }
        self.orders.push_back(say(&Told::Beat { time: now_ms() }));
        Ok(())
    }

    fn hear(&mut self, heard: Heard) -> Result<(), End> {
        self.heard = Instant::now();
        let text = match heard {
            Heard::Nothing => return Ok(()),
            Heard::Answer(order) => {
                self.orders.push_back(order);
                return Ok(());
            }
            Heard::Text(text) => text,
        };
        match serde_json::from_str(&text).map_err(|error| bad(&format!("not a message: {error}")))? {
            Says::Beat {} => {}
            Says::Resync {} => self.orders.push_back(Order::Resync),
            Says::Screen { width, height, ratio, version } => {
                let fine = version.len() <= LONGEST_VERSION && !version.chars().any(char::is_control) && (0.0..100.0).contains(&ratio);
                if !fine {
                    return Err(bad(&format!(
                        "version has {} bytes and ratio is {ratio}; allowed: up to {LONGEST_VERSION}, 0 to 100",
                        version.len()
                    )));
                }
                if let Role::Display { screen, browser, .. } = &self.role {
                    screen.set_info(ScreenInfo { browser: browser.clone(), width, height, ratio, version });
                }
            }
        }
        Ok(())
    }

    /// What an administrator changed.
    async fn follow(&mut self, change: Changed) {
        match (&mut self.role, change) {
            (Role::Display { standing, .. }, Changed::Standing(next)) => {
                if next.revoked {
                    self.orders.push_back(say(&Told::Over { why: Why::Revoked }));
                    self.end = Some(Why::Revoked.end());
                    return;
                }
                let before = std::mem::replace(standing, next.clone());
                if before.settings != next.settings {
                    self.orders.push_back(say(&Told::Display { display: for_screen(&next.settings) }));
                }
                if before.settings.audience() != next.settings.audience() {
                    match self.site.walls.watch(next.settings.audience()).await {
                        Some(watched) => self.orders.push_back(Order::Follow(watched.follower)),
                        None => self.end = Some(End::restart()),
                    }
                }
                if before.identified != next.identified {
                    self.orders.push_back(say(&Told::Identify { seconds: IDENTIFY_S }));
                }
                if before.reloaded != next.reloaded {
                    self.orders.push_back(say(&Told::Reload {}));
                }
            }
            (Role::Unpaired { .. }, Changed::CrowdedOut) => {
                self.orders.push_back(say(&Told::Over { why: Why::Crowded }));
                self.end = Some(Why::Crowded.end());
            }
            (Role::Unpaired { token, code, .. }, Changed::Something) => {
                if self.site.displays.token_owner(token) != TokenOwner::Nobody {
                    self.orders.push_back(say(&Told::Paired {}));
                    return;
                }
                let now = self.site.displays.code(token);
                if now != *code {
                    self.orders.push_back(say(&Told::Code { code: &now }));
                    *code = now;
                }
            }
            _ => {}
        }
    }
}

enum Changed {
    Standing(DisplayState),
    Something,
    CrowdedOut,
}

impl Role {
    /// Dropping the future loses nothing.
    async fn changed(&mut self) -> Changed {
        match self {
            Self::Display { screen, .. } => Changed::Standing(screen.changed().await),
            Self::Unpaired { waiting, place, .. } => tokio::select! {
                () = waiting.changed() => Changed::Something,
                () = place.crowded_out() => Changed::CrowdedOut,
            },
            Self::Over(_) => std::future::pending().await,
        }
    }
}

impl Side for Listener {
    fn welcome(&self) -> Order {
        match &self.role {
            Role::Display { standing, .. } => say(&Told::Hello {
                version: env!("CARGO_PKG_VERSION"),
                time: now_ms(),
                beat_s: self.site.timing.wall_beat.as_secs().max(1),
                display: for_screen(&standing.settings),
            }),
            Role::Unpaired { code, .. } => say(&Told::Code { code }),
            Role::Over(why) => say(&Told::Over { why: *why }),
        }
    }

    async fn next(&mut self) -> Result<Order, End> {
        loop {
            if let Some(order) = self.orders.pop_front() {
                return Ok(order);
            }
            if let Some(end) = self.end.take() {
                return Err(end);
            }
            tokio::select! {
                () = self.site.shutdown.cancelled() => return Err(End::restart()),
                heard = self.ear.next() => self.hear(heard?)?,
                change = self.role.changed() => self.follow(change).await,
                _ = self.beat.tick() => self.beat()?,
            }
        }
    }

    async fn drain(&mut self) {
        self.ear.drain().await;
    }
}
