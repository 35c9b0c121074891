//! Everything that moderators add to participants and meetings: pending actions and outcomes, claims, holds, acknowledgements, thresholds,
//! presence. It is shown in the same rows as the facts of CMS (see `model`). Knows nothing of CMS.

mod claims;
mod ended_waits;
mod presence;
mod requests;
mod saved;
mod state;
mod tab;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::clock::Now;
use crate::config::{DeskConfig, Live, Timing};
use crate::model::{
    ActionKind, ActionResult, ActionStatus, Banner, Claim, Mark, MeetingModeration, Outcome, ParticipantId, Pending, PersonModeration,
    Target, Thresholds,
};
use crate::view::UserRow;

pub use claims::ClaimOutcome;
pub use requests::ModerationRequests;
pub use saved::{ModerationDb, SavedModeration};
pub use state::DirtySet;
use state::ModerationState;
pub use tab::Tab;

/// The settings for all moderators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModerationSettings {
    /// How long an admission waits before it is sent.
    pub admit_delay: Duration,
    /// When a wait is long, and when it is too long; seconds.
    pub first_s: u32,
    pub second_s: u32,
    /// Pages ask before they act on more participants than this at once.
    pub ask_above: u32,
    /// How long a claim lasts that is not renewed.
    pub claim: Duration,
    /// How long pages offer to undo an admission.
    pub undo: Duration,
}

impl ModerationSettings {
    pub fn new(desk: &DeskConfig, timing: &Timing) -> Self {
        let DeskConfig { admit_delay, first_s, second_s, ask_above } = *desk;
        Self { admit_delay, first_s, second_s, ask_above, claim: timing.claim, undo: timing.undo }
    }
}

impl Default for ModerationSettings {
    fn default() -> Self {
        Self::new(&DeskConfig::default(), &Timing::default())
    }
}

/// Shared handle; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Moderation(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<ModerationState>,
    changed: Notify,
    settings: Live<ModerationSettings>,
}

impl Moderation {
    /// Starts with the saved state.
    pub fn new(settings: Live<ModerationSettings>, db: ModerationDb, saved: SavedModeration) -> Self {
        let mut state = ModerationState { thresholds: saved.thresholds, db, ..ModerationState::default() };
        for (id, mut hold) in saved.holds {
            // Older versions saved holds without a reminder.
            hold.remind_at.get_or_insert(hold.at + requests::DEFAULT_REMINDER_MS);
            state.people.entry(id).or_default().hold = Some(hold);
        }
        for (id, mark) in saved.acknowledged {
            state.people.entry(id).or_default().acknowledged = Some(mark);
        }
        for (id, label) in saved.labels {
            state.people.entry(id).or_default().label = Some(label);
        }
        for (id, wait) in saved.waits {
            state.people.entry(id).or_default().ended_wait = Some(wait);
        }
        for (id, message) in saved.messages {
            state.meetings.entry(id).or_default().message = Some(message);
        }
        state.prefs = saved.prefs.into_iter().map(|(user, value)| (user, watch::Sender::new(Some(value)))).collect();
        Self(Arc::new(Inner { state: Mutex::new(state), changed: Notify::default(), settings }))
    }

    pub fn settings(&self) -> Arc<ModerationSettings> {
        self.0.settings.get()
    }

    /// Replaces the settings; the row of every meeting may change.
    pub fn set_settings(&self, settings: ModerationSettings) {
        self.0.settings.set(settings);
        self.0.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, ModerationState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes the publisher.
    fn change<T>(&self, change: impl FnOnce(&mut ModerationState) -> T) -> T {
        let result = change(&mut self.lock());
        self.0.changed.notify_one();
        result
    }
}

/// For the publisher.
impl Moderation {
    /// Waits until the state changes; returns at once if it already has.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    pub fn take_dirty(&self) -> DirtySet {
        std::mem::take(&mut self.lock().dirty)
    }

    pub fn person(&self, id: &ParticipantId) -> PersonModeration {
        let state = self.lock();
        let claim = state.claims.get(&Target::Person(id.clone())).cloned();
        PersonModeration { claim, ..state.people.get(id).cloned().unwrap_or_default() }
    }

    /// `threshold_key`: the meeting's space, or the meeting itself, under which its thresholds are saved.
    pub fn meeting(&self, id: &Arc<str>, threshold_key: &str) -> MeetingModeration {
        let (state, settings) = (self.lock(), self.settings());
        let thresholds = match state.thresholds.get(threshold_key) {
            Some(own) => Thresholds { first_s: own.first_s, second_s: own.second_s, own: true },
            None => Thresholds { first_s: settings.first_s, second_s: settings.second_s, own: false },
        };
        let claim = state.claims.get(&Target::Meeting(id.clone())).cloned();
        MeetingModeration { claim, thresholds, ..state.meetings.get(id).cloned().unwrap_or_default() }
    }

    pub fn user(&self, name: &Arc<str>) -> Option<UserRow> {
        self.lock().presence.row(name)
    }

    /// Has the row of every user rebuilt.
    pub fn mark_users_dirty(&self) {
        let mut state = self.lock();
        let ModerationState { presence, dirty, .. } = &mut *state;
        dirty.users.extend(presence.users().cloned());
    }

    /// The participant is in the call now: hold and acknowledgement end, and the claim if they waited before.
    pub fn on_entered(&self, id: &ParticipantId, waited: bool) {
        let mut state = self.lock();
        if waited {
            state.claims.remove(&Target::Person(id.clone()));
        }
        if state.people.contains_key(id) {
            state.edit(id, |person| {
                person.sent_back = None;
                person.hold = None;
                person.acknowledged = None;
            });
        }
    }

    /// The participant waits again: an earlier admission no longer describes them.
    pub fn on_waiting_again(&self, id: &ParticipantId) {
        if let Some(person) = self.lock().people.get_mut(id) {
            person.admitted = None;
        }
    }

    /// Removes outcomes and banners that were shown long enough, waits that can't be resumed, and claims that were not renewed.
    pub fn expire(&self, now: Now) {
        let mut state = self.lock();
        let ends = |meeting: &MeetingModeration| {
            meeting.message.as_ref().and_then(|message| message.until).is_some_and(|until| until <= now.unix_ms)
        };
        let expired: Vec<Arc<str>> = state.meetings.iter().filter(|(_, meeting)| ends(meeting)).map(|(id, _)| id.clone()).collect();
        for id in expired {
            state.edit_meeting(&id, |meeting| meeting.message = None);
            state.dirty.meetings.insert(id);
        }
        state.forget_waits(now.unix_ms);
        let ModerationState { people, meetings, claims, dirty, .. } = &mut *state;
        people.retain(|id, person| {
            if person.status.expire(now.instant) {
                dirty.people.insert(id.clone());
            }
            *person != PersonModeration::default()
        });
        meetings.retain(|id, meeting| {
            if meeting.status.expire(now.instant) {
                dirty.meetings.insert(id.clone());
            }
            *meeting != MeetingModeration::default()
        });
        let mut ended = Vec::new();
        claims.expire(now.instant, self.settings().claim, &mut ended);
        ended.iter().for_each(|target| dirty.target(target));
        let any = !(dirty.people.is_empty() && dirty.meetings.is_empty());
        drop(state);
        if any {
            self.0.changed.notify_one();
        }
    }

    /// Forgets a participant who is gone, unless an action on them is still under way.
    pub fn forget(&self, id: &ParticipantId) {
        let mut state = self.lock();
        state.claims.remove(&Target::Person(id.clone()));
        if state.people.get(id).is_some_and(|person| person.status.pending.is_none()) {
            state.edit(id, |person| *person = PersonModeration::default());
            state.people.remove(id);
        }
    }

    /// Forgets a meeting that has ended; its thresholds stay for the next one in its space.
    pub fn forget_meeting(&self, id: &Arc<str>) {
        let mut state = self.lock();
        state.claims.remove(&Target::Meeting(id.clone()));
        if state.meetings.get(id).is_some_and(|meeting| meeting.status.pending.is_none()) {
            state.edit_meeting(id, |meeting| *meeting = MeetingModeration::default());
            state.meetings.remove(id);
        }
    }
}

/// For actions.
impl Moderation {
    /// Marks an action as under way; `until`: it is not sent before then. Returns false if another one is under way.
    pub fn begin(&self, target: &Target, kind: ActionKind, by: &Arc<str>, until: Option<i64>, now: Now) -> bool {
        self.change(|state| {
            let status = state.status(target);
            if status.pending.is_some() {
                return false;
            }
            *status = ActionStatus {
                pending: Some(Pending { action: kind, by: by.clone(), since: now.unix_ms, until }),
                ..ActionStatus::default()
            };
            state.dirty.target(target);
            true
        })
    }

    /// A delayed action is sent now: it can't be stopped any more.
    pub fn mark_sent(&self, target: &Target) {
        self.change(|state| {
            if let Some(pending) = &mut state.status(target).pending {
                pending.until = None;
            }
            state.dirty.target(target);
        });
    }

    /// Ends an action. A failure stays on the row until `shown_until`.
    pub fn finish(&self, target: &Target, outcome: Outcome, shown_until: Instant) {
        let keep = self.settings().undo + ended_waits::UNDO_PAUSE;
        self.change(|state| {
            state.end_wait(target, &outcome, keep);
            let status = state.status(target);
            status.pending = None;
            match outcome.result {
                ActionResult::Done => state.mark_done(target, outcome.action, Mark { by: outcome.by, at: outcome.at }),
                ActionResult::Already | ActionResult::Left | ActionResult::Claimed | ActionResult::Held | ActionResult::Stopped => {}
                ActionResult::Unconfirmed | ActionResult::Refused | ActionResult::Unreachable | ActionResult::Interrupted => {
                    status.outcome = Some(outcome);
                    status.outcome_until = Some(shown_until);
                }
            }
            state.dirty.target(target);
        });
    }

    /// Corrects how the last action on a target ended, unless another one is under way.
    pub fn correct(&self, target: &Target, outcome: Outcome) {
        self.change(|state| {
            let status = state.status(target);
            if status.pending.is_some() {
                return;
            }
            status.outcome = None;
            if outcome.result == ActionResult::Done {
                state.mark_done(target, outcome.action, Mark { by: outcome.by, at: outcome.at });
            }
            state.dirty.target(target);
        });
    }

    /// The claim that keeps `user` from acting on a target; `meeting` is the one that a participant is in. `over`: claims that the user
    /// overrides.
    pub fn conflicting_claim(&self, target: &Target, meeting: Option<&Arc<str>>, user: &str, over: &[Arc<str>]) -> Option<Claim> {
        let meeting = meeting.map(|id| Target::Meeting(id.clone()));
        self.lock().claims.conflicting(target, meeting.as_ref(), user, over).cloned()
    }

    /// Sets the name that the meeting shows for a participant; None: their own.
    pub fn set_label(&self, id: &ParticipantId, label: Option<Arc<str>>) {
        self.change(|state| {
            state.edit(id, |person| person.label = label);
            state.dirty.people.insert(id.clone());
        });
    }

    /// Sets the banner that a meeting shows; None: no banner.
    pub fn set_message(&self, id: &Arc<str>, message: Option<Banner>) {
        self.change(|state| {
            state.edit_meeting(id, |meeting| meeting.message = message);
            state.dirty.meetings.insert(id.clone());
        });
    }
}
