//! The listening side of one browser's socket: its messages, its actions, and the clocks that end it. Writes nothing: it gives orders.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tower_sessions_core::session::Id;

use super::protocol::{ClaimKind, Inbound, May, OnPeople, Outbound, Person};
use super::{displays, protocol};
use crate::accounts::{SessionStatus, User};
use crate::clock::now_ms;
use crate::http::state::AppState;
use crate::hub::Frame;
use crate::model::{Action, ActionRequest, Actor, BridgeStats, Scope, Target, TargetResult};
use crate::moderation::Tab;
use crate::text::cut;

use super::reply::Reply;
use super::running_actions::Presses;
use crate::http::ws::close_code;
use crate::http::ws::reader::{Incoming, SocketReader};
use crate::http::ws::session::{Outgoing, SocketEnd, SocketSession};
use crate::http::ws::upgrade::Inward;

/// A page is told of its session's end so long before.
const END_TOLD: Duration = Duration::from_secs(10 * 60);
/// Of why a message can't be read; it may quote what was sent.
const LONGEST_REASON: usize = 200;

/// Whose socket it is.
pub(super) struct Visitor {
    pub(super) user: User,
    pub(super) session: Id,
    pub(super) address: IpAddr,
}

pub(super) struct Listener {
    state: Arc<AppState>,
    visitor: Visitor,
    ear: SocketReader,
    presses: Presses,
    /// At the desk, for as long as the socket lasts.
    page: Tab,
    /// Of the bridges, while an administrator looks at them.
    figures: Option<watch::Receiver<Arc<[BridgeStats]>>>,
    /// The list of displays has changed, while an administrator looks at it.
    displays: Option<watch::Receiver<u64>>,
    /// Accounts or log-ins have changed.
    changed: watch::Receiver<u64>,
    keep: Interval,
    /// When the session ends however much it is used, as far as was looked.
    ends: Option<Instant>,
    /// The end that the page was told of.
    told_end: Option<i64>,
    /// When anything came from the browser last.
    heard: Instant,
    /// Looks whether it still is there; not with each beat, for thousands are quiet.
    look: Pin<Box<Sleep>>,
    /// What is to be written before anything else.
    orders: VecDeque<Outgoing>,
}

impl Listener {
    pub(super) async fn new(state: Arc<AppState>, visitor: Visitor, inward: Inward, read: Vec<u8>) -> Self {
        let ear = SocketReader::new(inward, read, protocol::MAX_MESSAGE).await;
        let (changed, now) = (state.accounts.watch(), Instant::now());
        // Thousands that connected in one moment do not all ask in one moment.
        let first = state.timing.keep_login.mul_f64(rand::random_range(0.5..1.0));
        let mut keep = interval_at(now + first, state.timing.keep_login);
        keep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let page = state.moderation.desk().open(&visitor.user.name, visitor.user.id, visitor.user.role);
        let look = Box::pin(sleep(state.timing.browser_silent));
        let presses = Presses::new(state.request_budgets.of(visitor.user.id));
        Self {
            state,
            visitor,
            ear,
            presses,
            page,
            figures: None,
            displays: None,
            changed,
            keep,
            ends: None,
            told_end: None,
            heard: now,
            look,
            orders: VecDeque::new(),
        }
    }

    /// A page that says nothing at all is gone, whatever the connection says.
    fn look(&mut self) -> Result<(), SocketEnd> {
        let silent = self.state.timing.browser_silent;
        if self.heard.elapsed() >= silent {
            return Err(SocketEnd::Close(close_code::SLOW, format!("no answer for {} s", silent.as_secs())));
        }
        self.look.as_mut().reset(self.heard + silent);
        Ok(())
    }

    /// Also moves the end of the log-in away: it never expires under an open page.
    async fn check_login(&mut self) -> Result<Option<Outgoing>, SocketEnd> {
        match self.state.accounts.still_logged_in(self.visitor.session, self.visitor.user.id).await {
            Ok(SessionStatus::Good { ends }) => Ok(self.note_end(ends)),
            Ok(SessionStatus::TooOld) => Err(too_old()),
            Ok(SessionStatus::Ended) => {
                Err(SocketEnd::Close(close_code::SIGNED_OUT, self.state.accounts.why_ended(self.visitor.session).words().into()))
            }
            Err(error) => {
                // A database in trouble must not empty the desk; the next check asks again.
                tracing::warn!(user = %self.visitor.user.name, %error, "the log-in can't be checked");
                Ok(None)
            }
        }
    }

    /// Tells the page once, some minutes before.
    fn note_end(&mut self, ends: i64) -> Option<Outgoing> {
        let left = Duration::from_millis(u64::try_from(ends - now_ms()).unwrap_or_default());
        self.ends = Instant::now().checked_add(left);
        let is_news = left <= END_TOLD && self.told_end.replace(ends) != Some(ends);
        is_news.then(|| say(&Outbound::SessionEnds { at: ends }))
    }

    fn hear(&mut self, heard: Incoming) -> Result<(), SocketEnd> {
        self.heard = Instant::now();
        match heard {
            Incoming::Empty => {}
            Incoming::Ping(order) => self.orders.push_back(order),
            Incoming::Text(text) => match protocol::parse(&text) {
                Ok(message) => self.take(message),
                Err(reason) => self.refuse_unread(&text, &reason)?,
            },
        }
        Ok(())
    }

    /// Each request is answered at once: by what came of it, or by a receipt where that takes its time.
    fn take(&mut self, message: Inbound) {
        // Requests of the desk are answered within a second in any case, as soon as they are on disk.
        let receipt = message.reference().filter(|_| !message.is_of_desk()).map(|r#ref| say(&Outbound::Receipt { r#ref }));
        let answer = self.act(message);
        self.orders.extend(answer.or(receipt));
    }

    /// A request that can't be read is refused; only what is no request at all ends the conversation.
    fn refuse_unread(&mut self, text: &str, reason: &str) -> Result<(), SocketEnd> {
        let to = protocol::addressee(text).ok_or_else(|| SocketEnd::bad_message(reason))?;
        tracing::debug!(user = %self.visitor.user.name, reason = cut(reason, LONGEST_REASON), "request refused: it can't be read");
        metrics::counter!("usher_unreadable_requests_total").increment(1);
        let message = cut(reason, LONGEST_REASON).to_owned();
        self.orders.push_back(say(&Outbound::Error { r#ref: to.as_deref(), code: "bad_request", message }));
        Ok(())
    }

    fn act(&mut self, message: Inbound) -> Option<Outgoing> {
        if let Some(refusal) = self.refuse(&message) {
            return Some(refusal);
        }
        let (actions, actor, desk) = (&self.state.actions, self.actor(), &self.state.moderation);
        match message {
            Inbound::Beat { .. } => {}
            Inbound::Resync {} => return Some(Outgoing::Resync),
            Inbound::Look { meeting, idle } => self.page.look(meeting, idle),
            Inbound::Prefs { value, .. } => self.page.keep_prefs(serde_json::Value::Object(value.0).to_string().into()),
            Inbound::Admit(on) => self.press_on(Action::Admit, on),
            Inbound::SendBack(on) => self.press_on(Action::SendBack, on),
            Inbound::Remove(on) => self.press_on(Action::Remove, on),
            Inbound::Mute { r#ref, people, on, scope, over } => {
                self.press_on(Action::Mute(on), OnPeople { r#ref, people, scope, over, held: false })
            }
            Inbound::Rename { r#ref, person, label, over } => {
                self.press(r#ref, Action::Rename(label), Target::Person(person), Scope::Person, over);
            }
            Inbound::Lock { r#ref, meeting, on, over } => {
                self.press(r#ref, Action::Lock(on), Target::Meeting(meeting), Scope::Meeting, over);
            }
            Inbound::Message { r#ref, meeting, text, seconds, over } => {
                self.press(r#ref, Action::Message { text, seconds }, Target::Meeting(meeting), Scope::Meeting, over);
            }
            Inbound::Stop { press, .. } => self.presses.stop(&press),
            Inbound::Hold { r#ref, people, on, reason, remind_s, over } => {
                let results = desk.hold(&actor, &people, on.then_some((reason, remind_s)), &over);
                self.reply_once_written(r#ref, results);
            }
            Inbound::Acknowledge { r#ref, people } => {
                let results = desk.acknowledge(&actor, &people);
                self.reply_once_written(r#ref, results);
            }
            Inbound::Thresholds { r#ref, meeting, first_s, second_s } => {
                let result = desk.thresholds(&actor, &meeting, first_s.zip(second_s));
                self.reply_once_written(r#ref, vec![result]);
            }
            Inbound::Claim { r#ref, kind, ids } => {
                let target = |id| if kind == ClaimKind::Person { Target::Person(id) } else { Target::Meeting(id) };
                let result = desk.claim(&actor, ids.into_iter().map(target).collect());
                return Some(Outgoing::Reply(Box::new(Reply::at_once(r#ref, result.into_iter().collect()))));
            }
            Inbound::Release { ids, .. } => desk.release(&actor, &ids),
            Inbound::Retry { r#ref, bridge } => self.presses.tell(r#ref, actions.retry(actor, bridge)),
            Inbound::Pause { r#ref, bridge } => self.presses.tell(r#ref, actions.pause(actor, bridge, true)),
            Inbound::Resume { r#ref, bridge } => self.presses.tell(r#ref, actions.pause(actor, bridge, false)),
            Inbound::Displays { on, .. } => {
                self.displays = on.then(|| self.state.displays.watch());
                self.displays.iter_mut().for_each(watch::Receiver::mark_changed);
            }
            message @ (Inbound::DisplayPair { .. }
            | Inbound::DisplayLink { .. }
            | Inbound::DisplaySet { .. }
            | Inbound::DisplayIdentify { .. }
            | Inbound::DisplayReload { .. }
            | Inbound::DisplayRevoke { .. }
            | Inbound::DisplayForget { .. }) => self.presses.reply(displays::carry_out(self.state.clone(), actor, message)),
            Inbound::Watch { on, .. } => {
                self.figures = on.then(|| self.state.bridge_stats.clone());
                // The newest at once, not only the next.
                self.figures.iter_mut().for_each(watch::Receiver::mark_changed);
            }
        }
        None
    }

    /// It is done already, and must not be lost once its page was told.
    fn reply_once_written(&self, r#ref: String, results: Vec<TargetResult>) {
        let desk = self.state.moderation.clone();
        self.presses.reply(async move {
            desk.written().await;
            Reply::at_once(r#ref, results)
        });
    }

    fn press_on(&mut self, deed: Action, OnPeople { r#ref, people, scope, over, held }: OnPeople) {
        let targets = people.into_iter().map(Target::Person).collect();
        let press = ActionRequest { held, ..self.about(deed, targets, scope, over) };
        self.presses.press(&self.state.actions, r#ref, press);
    }

    fn press(&mut self, r#ref: String, deed: Action, target: Target, scope: Scope, over: Vec<Arc<str>>) {
        let press = self.about(deed, vec![target], scope, over);
        self.presses.press(&self.state.actions, r#ref, press);
    }

    fn about(&self, deed: Action, targets: Vec<Target>, scope: Scope, over: Vec<Arc<str>>) -> ActionRequest {
        ActionRequest { actor: self.actor(), deed, targets, scope, over, held: false, stop: CancellationToken::new() }
    }

    /// What this user may not do, or not now.
    fn refuse(&self, message: &Inbound) -> Option<Outgoing> {
        let role = self.visitor.user.role;
        let (may, why) = match message.may() {
            May::Anybody => (true, ""),
            May::Act => (role.may_act(), "your role may look, not act"),
            May::Manage => (role.may_manage(), "this is for administrators"),
        };
        let r#ref = message.reference().unwrap_or_default();
        if !may {
            let user = &self.visitor.user.name;
            let say = |suppressed| tracing::warn!(%user, %role, suppressed, "tried to do what the role does not allow");
            self.state.log_limits.forbidden.log(say);
            return Some(refusal(r#ref, "forbidden", why));
        }
        // To stop one makes room.
        let people = message.weight()?;
        if message.may() != May::Anybody && self.presses.is_full() {
            return Some(refusal(r#ref, "busy", "this user has too many actions under way; try again in a moment"));
        }
        (!self.presses.spend(people)).then(|| refusal(r#ref, "busy", "this user asks for too much at once; try again in a moment"))
    }

    fn actor(&self) -> Actor {
        Actor { user: self.visitor.user.name.clone(), address: self.visitor.address }
    }
}

impl SocketSession for Listener {
    fn welcome(&self) -> Outgoing {
        let user = Person { name: &self.visitor.user.name, role: self.visitor.user.role };
        let (epoch, version) = (self.state.hub.epoch(), env!("CARGO_PKG_VERSION"));
        let beat_s = self.state.timing.beat.as_secs().max(1);
        let prefs = self.page.prefs().and_then(|value| json(&value));
        say(&Outbound::Welcome { protocol: protocol::VERSION, epoch, version, time: now_ms(), user, beat_s, prefs: prefs.as_deref() })
    }

    async fn next(&mut self) -> Result<Outgoing, SocketEnd> {
        loop {
            if let Some(order) = self.orders.pop_front() {
                return Ok(order);
            }
            let order = tokio::select! {
                () = self.state.shutdown.cancelled() => return Err(SocketEnd::restart()),
                heard = self.ear.next() => {
                    self.hear(heard?)?;
                    None
                }
                reply = self.presses.next() => Some(Outgoing::Reply(Box::new(reply))),
                bridges = newest(&mut self.figures) => Some(say(&Outbound::Figures { time: now_ms(), bridges: &bridges })),
                () = another(&mut self.displays) => Some(displays::list(&self.state)),
                value = self.page.other_prefs() => json(&value).map(|value| say(&Outbound::Prefs { value: &value })),
                _ = self.changed.changed() => self.check_login().await?,
                _ = self.keep.tick() => self.check_login().await?,
                () = at(self.ends) => {
                    self.ends = None;
                    self.check_login().await?
                }
                () = &mut self.look => {
                    self.look()?;
                    None
                }
            };
            if let Some(order) = order {
                return Ok(order);
            }
        }
    }

    async fn handle_unread(&mut self) {
        while let Ok(heard) = self.ear.next().await {
            if self.hear(heard).is_err() {
                return;
            }
            self.orders.clear();
        }
    }

    async fn drain(&mut self) {
        self.ear.drain().await;
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

/// The next figures; waits for ever where nobody looks at them.
async fn newest(figures: &mut Option<watch::Receiver<Arc<[BridgeStats]>>>) -> Arc<[BridgeStats]> {
    if let Some(figures) = figures
        && figures.changed().await.is_ok()
    {
        return figures.borrow_and_update().clone();
    }
    std::future::pending().await
}

/// The list of displays is another one; waits for ever where nobody looks at it.
async fn another(displays: &mut Option<watch::Receiver<u64>>) {
    if let Some(displays) = displays
        && displays.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// What was kept as text, to be sent as it is.
fn json(text: &str) -> Option<Box<RawValue>> {
    serde_json::from_str(text).ok()
}

fn say(message: &Outbound<'_>) -> Outgoing {
    Outgoing::Send(Frame::text(message.to_text()))
}

fn refusal(r#ref: &str, code: &str, message: &str) -> Outgoing {
    say(&Outbound::Error { r#ref: Some(r#ref), code, message: message.into() })
}
