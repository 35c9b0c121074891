//! Facts that moderators make: what is under way and how it ended, who handles whom, who looks at what, who is on hold. Not what CMS says
//! (see `model`); what it holds travels in the same rows.

mod claims;
mod presence;
mod requests;
mod saved;
mod state;
mod tab;
mod waits;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::clock::Now;
use crate::config::{Live, Timing};
use crate::model::{ActionKind, ActionResult, Claim, Mark, Message, Outcome, ParticipantId, Pending, Target, Thresholds};
use crate::view::UserRow;

pub use crate::model::EndedWait;
pub use crate::model::{ActionStatus, MeetingModeration, PersonModeration};
pub use claims::Claimed;
pub use requests::Requests;
pub use saved::{Keeper, Kept};
use state::State;
pub use state::Touched;
pub use tab::Tab;

/// What administrators set for all moderators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// An admission waits so long before it is sent.
    pub admit_delay: Duration,
    /// When a wait is long, and when it is too long; seconds.
    pub first_s: u32,
    pub second_s: u32,
    /// Pages ask before they act on more people than this at once.
    pub ask_above: u32,
    /// How long a claim lasts that is not renewed.
    pub claim: Duration,
    /// How long pages offer to undo an admission.
    pub undo: Duration,
}

impl Settings {
    pub fn new(desk: &crate::config::DeskConfig, timing: &Timing) -> Self {
        let crate::config::DeskConfig { admit_delay, first_s, second_s, ask_above } = *desk;
        Self { admit_delay, first_s, second_s, ask_above, claim: timing.claim, undo: timing.undo }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(&crate::config::DeskConfig::default(), &Timing::default())
    }
}

/// Shared handle; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Moderation(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
    settings: Live<Settings>,
}

impl Moderation {
    /// With what was left by the last start.
    pub fn new(settings: Live<Settings>, keeper: Keeper, kept: Kept) -> Self {
        let mut state = State { thresholds: kept.thresholds, keeper, ..State::default() };
        for (id, mut hold) in kept.holds {
            // Older versions kept holds without a reminder.
            hold.remind_at.get_or_insert(hold.at + requests::DEFAULT_REMINDER_MS);
            state.people.entry(id).or_default().hold = Some(hold);
        }
        for (id, mark) in kept.acknowledged {
            state.people.entry(id).or_default().acknowledged = Some(mark);
        }
        for (id, label) in kept.labels {
            state.people.entry(id).or_default().label = Some(label);
        }
        for (id, waited) in kept.waits {
            state.people.entry(id).or_default().waited = Some(waited);
        }
        for (id, message) in kept.messages {
            state.meetings.entry(id).or_default().message = Some(message);
        }
        state.prefs = kept.prefs.into_iter().map(|(user, value)| (user, watch::Sender::new(Some(value)))).collect();
        Self(Arc::new(Inner { state: Mutex::new(state), changed: Notify::default(), settings }))
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.0.settings.get()
    }

    /// Other settings are in force; every meeting's row may say so.
    pub fn set(&self, settings: Settings) {
        self.0.settings.set(settings);
        self.0.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and says that rows may be others now.
    fn change<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        let result = what(&mut self.lock());
        self.0.changed.notify_one();
        result
    }
}

/// For the publisher.
impl Moderation {
    /// Waits until something changed; returns at once when it already has.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    pub fn take_touched(&self) -> Touched {
        std::mem::take(&mut self.lock().touched)
    }

    pub fn person(&self, id: &ParticipantId) -> PersonModeration {
        let state = self.lock();
        let claim = state.claims.get(&Target::Person(id.clone())).cloned();
        PersonModeration { claim, ..state.people.get(id).cloned().unwrap_or_default() }
    }

    /// `place` is what the thresholds are kept for: the meeting's space, or the meeting itself.
    pub fn meeting(&self, id: &Arc<str>, place: &str) -> MeetingModeration {
        let (state, settings) = (self.lock(), self.settings());
        let thresholds = match state.thresholds.get(place) {
            Some(own) => Thresholds { first_s: own.first_s, second_s: own.second_s, own: true },
            None => Thresholds { first_s: settings.first_s, second_s: settings.second_s, own: false },
        };
        let claim = state.claims.get(&Target::Meeting(id.clone())).cloned();
        MeetingModeration { claim, thresholds, ..state.meetings.get(id).cloned().unwrap_or_default() }
    }

    pub fn user(&self, name: &Arc<str>) -> Option<UserRow> {
        self.lock().presence.row(name)
    }

    /// Every user's row is to be made anew.
    pub fn touch_users(&self) {
        let mut state = self.lock();
        let State { presence, touched, .. } = &mut *state;
        touched.users.extend(presence.users().cloned());
    }

    /// The person is in by now, `waited` before: nobody handles, holds or acknowledges the wait any more.
    pub fn entered(&self, id: &ParticipantId, waited: bool) {
        let mut state = self.lock();
        if waited {
            state.claims.settle(&Target::Person(id.clone()));
        }
        if state.people.contains_key(id) {
            state.edit(id, |person| (person.sent_back, person.hold, person.acknowledged) = (None, None, None));
        }
    }

    /// The person waits again: an earlier admission no longer describes them.
    pub fn waits_again(&self, id: &ParticipantId) {
        if let Some(person) = self.lock().people.get_mut(id) {
            person.admitted = None;
        }
    }

    /// Takes off what was shown long enough, and ends claims that nobody renewed.
    pub fn expire(&self, now: Now) {
        let mut state = self.lock();
        let ends = |meeting: &MeetingModeration| {
            meeting.message.as_ref().and_then(|message| message.until).is_some_and(|until| until <= now.unix_ms)
        };
        let over: Vec<Arc<str>> = state.meetings.iter().filter(|(_, meeting)| ends(meeting)).map(|(id, _)| id.clone()).collect();
        for id in over {
            state.edit_meeting(&id, |meeting| meeting.message = None);
            state.touched.meetings.insert(id);
        }
        state.forget_waits(now.unix_ms);
        let State { people, meetings, claims, touched, .. } = &mut *state;
        people.retain(|id, person| {
            if person.acted.expire(now.instant) {
                touched.people.insert(id.clone());
            }
            *person != PersonModeration::default()
        });
        meetings.retain(|id, meeting| {
            if meeting.acted.expire(now.instant) {
                touched.meetings.insert(id.clone());
            }
            *meeting != MeetingModeration::default()
        });
        let mut ended = Vec::new();
        claims.expire(now.instant, self.settings().claim, &mut ended);
        ended.iter().for_each(|target| touched.target(target));
        let any = !(touched.people.is_empty() && touched.meetings.is_empty());
        drop(state);
        if any {
            self.0.changed.notify_one();
        }
    }

    /// Forgets people who are gone, unless an action on them is still under way.
    pub fn forget(&self, id: &ParticipantId) {
        let mut state = self.lock();
        state.claims.settle(&Target::Person(id.clone()));
        if state.people.get(id).is_some_and(|person| person.acted.pending.is_none()) {
            state.edit(id, |person| *person = PersonModeration::default());
            state.people.remove(id);
        }
    }

    /// Forgets a meeting that is over; its thresholds stay for the next one in its space.
    pub fn forget_meeting(&self, id: &Arc<str>) {
        let mut state = self.lock();
        state.claims.settle(&Target::Meeting(id.clone()));
        if state.meetings.get(id).is_some_and(|meeting| meeting.acted.pending.is_none()) {
            state.edit_meeting(id, |meeting| *meeting = MeetingModeration::default());
            state.meetings.remove(id);
        }
    }
}

/// For actions.
impl Moderation {
    /// Marks an action as under way; `until`: it is not sent before then. Answers false when another one is already.
    pub fn begin(&self, target: &Target, verb: ActionKind, by: &Arc<str>, until: Option<i64>, now: Now) -> bool {
        self.change(|state| {
            let acted = state.acted(target);
            if acted.pending.is_some() {
                return false;
            }
            *acted = ActionStatus {
                pending: Some(Pending { action: verb, by: by.clone(), since: now.unix_ms, until }),
                ..ActionStatus::default()
            };
            state.touched.target(target);
            true
        })
    }

    /// A delayed action is sent now: it can't be stopped any more.
    pub fn sent(&self, target: &Target) {
        self.change(|state| {
            if let Some(pending) = &mut state.acted(target).pending {
                pending.until = None;
            }
            state.touched.target(target);
        });
    }

    /// Ends an action. A failure stays on the row until then.
    pub fn finish(&self, target: &Target, outcome: Outcome, shown_until: Instant) {
        let keep = self.settings().undo + waits::REACH;
        self.change(|state| {
            state.end_wait(target, &outcome, keep);
            let acted = state.acted(target);
            acted.pending = None;
            match outcome.result {
                ActionResult::Done => state.done(target, outcome.action, Mark { by: outcome.by, at: outcome.at }),
                ActionResult::Already | ActionResult::Left | ActionResult::Claimed | ActionResult::Held | ActionResult::Stopped => {}
                ActionResult::Unconfirmed | ActionResult::Refused | ActionResult::Unreachable | ActionResult::Interrupted => {
                    (acted.outcome, acted.outcome_until) = (Some(outcome), Some(shown_until));
                }
            }
            state.touched.target(target);
        });
    }

    /// Puts right how the last action on a target ended, unless another one is under way.
    pub fn correct(&self, target: &Target, outcome: Outcome) {
        self.change(|state| {
            let acted = state.acted(target);
            if acted.pending.is_some() {
                return;
            }
            acted.outcome = None;
            if outcome.result == ActionResult::Done {
                state.done(target, outcome.action, Mark { by: outcome.by, at: outcome.at });
            }
            state.touched.target(target);
        });
    }

    /// The claim that keeps `user` from acting on a target; `meeting` is where a person is. `over`: claims that the user goes over.
    pub fn against(&self, target: &Target, meeting: Option<&Arc<str>>, user: &str, over: &[Arc<str>]) -> Option<Claim> {
        let meeting = meeting.map(|id| Target::Meeting(id.clone()));
        self.lock().claims.against(target, meeting.as_ref(), user, over).cloned()
    }

    /// The name that the meeting shows for a person; None: their own.
    pub fn set_label(&self, id: &ParticipantId, label: Option<Arc<str>>) {
        self.change(|state| {
            state.edit(id, |person| person.label = label);
            state.touched.people.insert(id.clone());
        });
    }

    /// The banner that a meeting shows; None: none.
    pub fn set_message(&self, id: &Arc<str>, message: Option<Message>) {
        self.change(|state| {
            state.edit_meeting(id, |meeting| meeting.message = message);
            state.touched.meetings.insert(id.clone());
        });
    }
}
