//! The session of one browser: handles its messages, follows its requests, and ends with its sign-in. Writes nothing itself: it hands
//! frames to the connection.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tower_sessions_core::session::Id;

use super::protocol::{ActionMessage, ClaimKind, ClientMessage, RequiredRole, ServerMessage, WelcomeUser};
use super::{displays, protocol};
use crate::accounts::{SessionStatus, User};
use crate::clock::now_ms;
use crate::http::state::AppState;
use crate::hub::Frame;
use crate::model::{ActionRequest, Actor, BridgeStats, Target, TargetResult};
use crate::moderation::Tab;
use crate::text::cut;

use super::reply::Reply;
use super::running_actions::RunningActions;
use crate::http::ws::close_code;
use crate::http::ws::reader::{Incoming, SocketReader};
use crate::http::ws::session::{Outgoing, SocketEnd, SocketSession};
use crate::http::ws::upgrade::Inward;

/// How long before its end a session announces it to the page.
const END_NOTICE: Duration = Duration::from_secs(10 * 60);
/// Characters of the reason why a message can't be read, which may quote the message.
const LONGEST_REASON: usize = 200;

/// The user of a socket.
pub(super) struct SessionUser {
    pub(super) user: User,
    pub(super) session: Id,
    pub(super) address: IpAddr,
}

pub(super) struct DeskSession {
    state: Arc<AppState>,
    user: SessionUser,
    reader: SocketReader,
    running: RunningActions,
    /// Counts as open for as long as the socket lasts.
    tab: Tab,
    /// The bridges' statistics, while an administrator follows them.
    bridge_stats: Option<watch::Receiver<Arc<[BridgeStats]>>>,
    /// Changes of the list of displays, while an administrator follows it.
    displays: Option<watch::Receiver<u64>>,
    /// Changes of accounts or sign-in sessions.
    accounts_changed: watch::Receiver<u64>,
    /// When the sign-in is checked next.
    sign_in_check: Interval,
    /// When the sign-in ends even if it is in use, as of the last check.
    session_ends: Option<Instant>,
    /// The end that was announced to the page; Unix milliseconds.
    announced_end: Option<i64>,
    last_message: Instant,
    /// When the browser is checked for silence next. It does not move with each message, because thousands of browsers send them.
    silence_check: Pin<Box<Sleep>>,
    /// Frames that are written before anything else.
    outgoing: VecDeque<Outgoing>,
}

impl DeskSession {
    pub(super) async fn new(state: Arc<AppState>, user: SessionUser, inward: Inward, already_read: Vec<u8>) -> Self {
        let reader = SocketReader::new(inward, already_read, protocol::MAX_MESSAGE).await;
        let (accounts_changed, now) = (state.accounts.watch(), Instant::now());
        // Jitter, so that clients that reconnected at the same moment do not check at the same moment.
        let first = state.timing.keep_login.mul_f64(rand::random_range(0.5..1.0));
        let mut sign_in_check = interval_at(now + first, state.timing.keep_login);
        sign_in_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let tab = state.moderation.moderation().open_tab(&user.user.name, user.user.id, user.user.role);
        let silence_check = Box::pin(sleep(state.timing.browser_silent));
        let running = RunningActions::new(state.request_budgets.of(user.user.id));
        Self {
            state,
            user,
            reader,
            running,
            tab,
            bridge_stats: None,
            displays: None,
            accounts_changed,
            sign_in_check,
            session_ends: None,
            announced_end: None,
            last_message: now,
            silence_check,
            outgoing: VecDeque::new(),
        }
    }

    /// A page that sends nothing at all is gone, even if its connection is not.
    fn check_silence(&mut self) -> Result<(), SocketEnd> {
        let silent = self.state.timing.browser_silent;
        if self.last_message.elapsed() >= silent {
            return Err(SocketEnd::Close(close_code::SLOW, format!("no answer for {} s", silent.as_secs())));
        }
        self.silence_check.as_mut().reset(self.last_message + silent);
        Ok(())
    }

    /// Also prolongs the sign-in, which never expires under an open page.
    async fn check_sign_in(&mut self) -> Result<Option<Outgoing>, SocketEnd> {
        match self.state.accounts.check_session(self.user.session, self.user.user.id).await {
            Ok(SessionStatus::Good { ends }) => Ok(self.note_end(ends)),
            Ok(SessionStatus::TooOld) => Err(too_old()),
            Ok(SessionStatus::Ended) => {
                Err(SocketEnd::Close(close_code::SIGNED_OUT, self.state.accounts.why_ended(self.user.session).words().into()))
            }
            Err(error) => {
                // A failing database must not empty the desk; the next check asks again.
                tracing::warn!(user = %self.user.user.name, %error, "sign-in not checked");
                Ok(None)
            }
        }
    }

    /// Announces the end to the page once, some minutes before.
    fn note_end(&mut self, ends: i64) -> Option<Outgoing> {
        let left = Duration::from_millis(u64::try_from(ends - now_ms()).unwrap_or_default());
        self.session_ends = Instant::now().checked_add(left);
        let is_news = left <= END_NOTICE && self.announced_end.replace(ends) != Some(ends);
        is_news.then(|| frame(&ServerMessage::SessionEnds { at: ends }))
    }

    fn on_incoming(&mut self, incoming: Incoming) -> Result<(), SocketEnd> {
        self.last_message = Instant::now();
        match incoming {
            Incoming::Empty => {}
            Incoming::Ping(pong) => self.outgoing.push_back(pong),
            Incoming::Text(text) => match protocol::parse(&text) {
                Ok(message) => self.on_message(message),
                Err(reason) => self.refuse_unreadable(&text, &reason)?,
            },
        }
        Ok(())
    }

    /// Answers each request at once: with its result, or with a receipt if the result takes its time.
    fn on_message(&mut self, message: ClientMessage) {
        // Requests that are decided at once are answered within a second, as soon as their changes are on disk.
        let receipt = message.reference().filter(|_| !message.is_decided_at_once()).map(|r#ref| frame(&ServerMessage::Receipt { r#ref }));
        let answer = self.handle(message);
        self.outgoing.extend(answer.or(receipt));
    }

    /// Refuses a request that can't be read. Only a text that is no request at all closes the connection.
    fn refuse_unreadable(&mut self, text: &str, reason: &str) -> Result<(), SocketEnd> {
        let r#ref = protocol::addressee(text).ok_or_else(|| SocketEnd::bad_message(reason))?;
        tracing::debug!(user = %self.user.user.name, reason = cut(reason, LONGEST_REASON), "unreadable request refused");
        metrics::counter!("usher_unreadable_requests_total").increment(1);
        let message = cut(reason, LONGEST_REASON).to_owned();
        self.outgoing.push_back(frame(&ServerMessage::Error { r#ref: r#ref.as_deref(), code: "bad_request", message }));
        Ok(())
    }

    /// Returns the reply if there is one at once.
    fn handle(&mut self, message: ClientMessage) -> Option<Outgoing> {
        if let Some(refusal) = self.refuse(&message) {
            return Some(refusal);
        }
        let (actions, actor, moderation) = (&self.state.actions, self.actor(), &self.state.moderation);
        match message {
            ClientMessage::Beat { .. } => {}
            ClientMessage::Resync {} => return Some(Outgoing::Resync),
            ClientMessage::Look { meeting, idle } => self.tab.set_meeting(meeting, idle),
            ClientMessage::Prefs { value, .. } => self.tab.save_prefs(serde_json::Value::Object(value.0).to_string().into()),
            ClientMessage::Action(message) => self.submit(message),
            ClientMessage::Stop { press, .. } => self.running.stop(&press),
            ClientMessage::Hold { r#ref, people, on, reason, remind_s, over } => {
                let results = moderation.hold(&actor, &people, on.then_some((reason, remind_s)), &over);
                self.reply_once_written(r#ref, results);
            }
            ClientMessage::Acknowledge { r#ref, people } => {
                let results = moderation.acknowledge(&actor, &people);
                self.reply_once_written(r#ref, results);
            }
            ClientMessage::Thresholds { r#ref, meeting, first_s, second_s } => {
                let result = moderation.thresholds(&actor, &meeting, first_s.zip(second_s));
                self.reply_once_written(r#ref, vec![result]);
            }
            ClientMessage::Claim { r#ref, kind, ids } => {
                let target = |id| if kind == ClaimKind::Person { Target::Person(id) } else { Target::Meeting(id) };
                let result = moderation.claim(&actor, ids.into_iter().map(target).collect());
                return Some(Outgoing::Reply(Box::new(Reply::finished(r#ref, result.into_iter().collect()))));
            }
            ClientMessage::Release { ids, .. } => moderation.release(&actor, &ids),
            ClientMessage::Retry { r#ref, bridge } => self.running.follow_command(r#ref, actions.retry(actor, bridge)),
            ClientMessage::Pause { r#ref, bridge } => self.running.follow_command(r#ref, actions.pause(actor, bridge, true)),
            ClientMessage::Resume { r#ref, bridge } => self.running.follow_command(r#ref, actions.pause(actor, bridge, false)),
            ClientMessage::Displays { on, .. } => self.displays = on.then(|| from_now(self.state.displays.watch())),
            ClientMessage::Watch { on, .. } => self.bridge_stats = on.then(|| from_now(self.state.bridge_stats.clone())),
            message @ (ClientMessage::DisplayPair { .. }
            | ClientMessage::DisplayLink { .. }
            | ClientMessage::DisplaySet { .. }
            | ClientMessage::DisplayIdentify { .. }
            | ClientMessage::DisplayReload { .. }
            | ClientMessage::DisplayRevoke { .. }
            | ClientMessage::DisplayForget { .. }) => {
                self.running.follow_reply(displays::carry_out(self.state.clone(), actor, message));
            }
        }
        None
    }

    /// The changes are made already, but must be on disk before the page learns of them.
    fn reply_once_written(&self, r#ref: String, results: Vec<TargetResult>) {
        let moderation = self.state.moderation.clone();
        self.running.follow_reply(async move {
            moderation.written().await;
            Reply::finished(r#ref, results)
        });
    }

    /// Hands an action over. From here on it is carried out even if the page is gone.
    fn submit(&mut self, message: ActionMessage) {
        let ActionMessage { r#ref, action, targets, scope, over, held } = message;
        let request = ActionRequest { actor: self.actor(), action, targets, scope, over, held, stop: CancellationToken::new() };
        let (targets, stop) = (request.targets.len(), request.stop.clone());
        let journalled = self.state.actions.submit(request);
        self.running.follow_action(r#ref, targets, stop, journalled);
    }

    /// The refusal of a message that this user may not send, or not now; None for any other.
    fn refuse(&self, message: &ClientMessage) -> Option<Outgoing> {
        let (required, role) = (message.required_role(), self.user.user.role);
        let (allowed, why) = match required {
            RequiredRole::Viewer => (true, ""),
            RequiredRole::Moderator => (role.may_act(), "your role may look, not act"),
            RequiredRole::Admin => (role.may_manage(), "this is for administrators"),
        };
        let r#ref = message.reference().unwrap_or_default();
        if !allowed {
            let user = &self.user.user.name;
            let log = |suppressed| tracing::warn!(%user, %role, suppressed, "forbidden request refused");
            self.state.log_limits.forbidden.log(log);
            return Some(refusal(r#ref, "forbidden", why));
        }
        // A stop is never refused: it makes room.
        let targets = message.weight()?;
        if required != RequiredRole::Viewer && self.running.is_full() {
            return Some(refusal(r#ref, "busy", "this user has too many actions under way; try again in a moment"));
        }
        (!self.running.spend(targets)).then(|| refusal(r#ref, "busy", "this user asks for too much at once; try again in a moment"))
    }

    fn actor(&self) -> Actor {
        Actor { user: self.user.user.name.clone(), address: self.user.address }
    }
}

impl SocketSession for DeskSession {
    fn welcome(&self) -> Outgoing {
        let user = WelcomeUser { name: &self.user.user.name, role: self.user.user.role };
        let (epoch, version) = (self.state.hub.epoch(), env!("CARGO_PKG_VERSION"));
        let beat_s = self.state.timing.beat.as_secs().max(1);
        let prefs = self.tab.prefs().and_then(|value| raw_json(&value));
        frame(&ServerMessage::Welcome {
            protocol: protocol::VERSION,
            epoch,
            version,
            time: now_ms(),
            user,
            beat_s,
            prefs: prefs.as_deref(),
        })
    }

    async fn next(&mut self) -> Result<Outgoing, SocketEnd> {
        loop {
            if let Some(outgoing) = self.outgoing.pop_front() {
                return Ok(outgoing);
            }
            let outgoing = tokio::select! {
                () = self.state.shutdown.cancelled() => return Err(SocketEnd::restart()),
                incoming = self.reader.next() => {
                    self.on_incoming(incoming?)?;
                    None
                }
                reply = self.running.next() => Some(Outgoing::Reply(Box::new(reply))),
                bridges = changed(&mut self.bridge_stats) => Some(frame(&ServerMessage::Figures { time: now_ms(), bridges: &bridges })),
                _ = changed(&mut self.displays) => Some(displays::list(&self.state)),
                value = self.tab.prefs_from_other_tab() => raw_json(&value).map(|value| frame(&ServerMessage::Prefs { value: &value })),
                _ = self.accounts_changed.changed() => self.check_sign_in().await?,
                _ = self.sign_in_check.tick() => self.check_sign_in().await?,
                () = at(self.session_ends) => {
                    self.session_ends = None;
                    self.check_sign_in().await?
                }
                () = &mut self.silence_check => {
                    self.check_silence()?;
                    None
                }
            };
            if let Some(outgoing) = outgoing {
                return Ok(outgoing);
            }
        }
    }

    async fn handle_unread(&mut self) {
        while let Ok(incoming) = self.reader.next().await {
            if self.on_incoming(incoming).is_err() {
                return;
            }
            self.outgoing.clear();
        }
    }

    async fn drain(&mut self) {
        self.reader.drain().await;
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn too_old() -> SocketEnd {
    SocketEnd::Close(close_code::SIGNED_OUT, "the session has lasted as long as it may; sign in again".into())
}

/// The present value counts as a change: it is sent at once, not only the next one.
fn from_now<T>(mut receiver: watch::Receiver<T>) -> watch::Receiver<T> {
    receiver.mark_changed();
    receiver
}

/// The value after the next change; pending for ever while the page does not follow it.
async fn changed<T: Clone>(receiver: &mut Option<watch::Receiver<T>>) -> T {
    if let Some(receiver) = receiver
        && receiver.changed().await.is_ok()
    {
        return receiver.borrow_and_update().clone();
    }
    std::future::pending().await
}

/// Saved JSON, to be sent as it is.
fn raw_json(text: &str) -> Option<Box<RawValue>> {
    serde_json::from_str(text).ok()
}

fn frame(message: &ServerMessage<'_>) -> Outgoing {
    Outgoing::Send(Frame::text(message.to_text()))
}

fn refusal(r#ref: &str, code: &str, message: &str) -> Outgoing {
    frame(&ServerMessage::Error { r#ref: Some(r#ref), code, message: message.into() })
}
