//! The state behind the lock of [`Moderation`](super::Moderation): everything that moderators added to participants and meetings. A change and
//! the write that saves it are one step.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::claims::Claims;
use super::presence::Presence;
use super::saved::{ModerationDb, OwnThresholds, SavedKind};
use crate::model::{ActionKind, ActionStatus, EndedWait, Mark, MeetingModeration, ParticipantId, PersonModeration, Target};

#[derive(Debug, Default)]
pub(super) struct ModerationState {
    pub(super) people: HashMap<ParticipantId, PersonModeration>,
    pub(super) meetings: HashMap<Arc<str>, MeetingModeration>,
    pub(super) claims: Claims,
    pub(super) presence: Presence,
    /// By the key that the meetings of a space share, see [`Moderation::meeting`](super::Moderation::meeting).
    pub(super) thresholds: HashMap<Arc<str>, OwnThresholds>,
    /// The preferences of each user, as JSON, by the account's number.
    pub(super) prefs: HashMap<i64, watch::Sender<Option<Arc<str>>>>,
    /// Used while the state is locked, so that the database gets all changes in order.
    pub(super) db: ModerationDb,
    pub(super) dirty: DirtySet,
}

/// The participants, meetings and users that changed since the publisher last took this.
#[derive(Debug, Default)]
pub struct DirtySet {
    pub people: HashSet<ParticipantId>,
    pub meetings: HashSet<Arc<str>>,
    pub users: HashSet<Arc<str>>,
}

impl DirtySet {
    pub(super) fn target(&mut self, target: &Target) {
        match target {
            Target::Person(id) => drop(self.people.insert(id.clone())),
            Target::Meeting(id) => drop(self.meetings.insert(id.clone())),
        }
    }
}

impl ModerationState {
    /// Changes a participant, and saves the fields that survive a restart.
    pub(super) fn edit<T>(&mut self, id: &ParticipantId, change: impl FnOnce(&mut PersonModeration) -> T) -> T {
        let person = self.people.entry(id.clone()).or_default();
        let before = person.clone();
        let result = change(person);
        self.db.save_change(SavedKind::Hold, id, before.hold.as_ref(), person.hold.as_ref());
        self.db.save_change(SavedKind::Acknowledged, id, before.acknowledged.as_ref(), person.acknowledged.as_ref());
        self.db.save_change(SavedKind::Label, id, before.label.as_ref(), person.label.as_ref());
        self.db.save_change(SavedKind::EndedWait, id, EndedWait::to_save(&before.ended_wait), EndedWait::to_save(&person.ended_wait));
        result
    }

    /// Changes a meeting, and saves the fields that survive a restart.
    pub(super) fn edit_meeting(&mut self, id: &Arc<str>, change: impl FnOnce(&mut MeetingModeration)) {
        let meeting = self.meetings.entry(id.clone()).or_default();
        let before = meeting.message.clone();
        change(meeting);
        self.db.save_change(SavedKind::Message, id, before.as_ref(), meeting.message.as_ref());
    }

    pub(super) fn set_thresholds(&mut self, key: Arc<str>, own: Option<OwnThresholds>) {
        self.db.save_change(SavedKind::Thresholds, &key, self.thresholds.get(&key), own.as_ref());
        match own {
            Some(own) => self.thresholds.insert(key, own),
            None => self.thresholds.remove(&key),
        };
    }

    pub(super) fn status(&mut self, target: &Target) -> &mut ActionStatus {
        match target {
            Target::Person(id) => &mut self.people.entry(id.clone()).or_default().status,
            Target::Meeting(id) => &mut self.meetings.entry(id.clone()).or_default().status,
        }
    }

    /// Marks a participant who was admitted or sent back.
    pub(super) fn mark_done(&mut self, target: &Target, kind: ActionKind, mark: Mark) {
        let Target::Person(id) = target else { return };
        let person = self.people.entry(id.clone()).or_default();
        match kind {
            ActionKind::Admit => person.admitted = Some(mark),
            // An earlier admission no longer describes them.
            ActionKind::SendBack => (person.admitted, person.sent_back) = (None, Some(mark)),
            _ => {}
        }
    }
}
