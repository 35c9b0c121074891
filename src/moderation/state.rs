//! What the desk holds, and how it is changed: whatever is to survive a restart is kept in the same step. Behind the desk's lock.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::claims::Claims;
use super::presence::Presence;
use super::saved::{Keeper, OwnThresholds, What};
use crate::model::{ActionKind, ActionStatus, EndedWait, Mark, MeetingModeration, ParticipantId, PersonModeration, Target};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) people: HashMap<ParticipantId, PersonModeration>,
    pub(super) meetings: HashMap<Arc<str>, MeetingModeration>,
    pub(super) claims: Claims,
    pub(super) presence: Presence,
    /// By the place that meetings have in common (their space), see [`Moderation::meeting`](super::Moderation::meeting).
    pub(super) thresholds: HashMap<Arc<str>, OwnThresholds>,
    /// What each user's pages keep, as JSON; by the account's number.
    pub(super) prefs: HashMap<i64, watch::Sender<Option<Arc<str>>>>,
    /// Written to while the state is locked, so that the database hears of everything in its order.
    pub(super) keeper: Keeper,
    pub(super) touched: Touched,
}

/// What changed since it was asked for last.
#[derive(Debug, Default)]
pub struct Touched {
    pub people: HashSet<ParticipantId>,
    pub meetings: HashSet<Arc<str>>,
    pub users: HashSet<Arc<str>>,
}

impl Touched {
    pub(super) fn target(&mut self, target: &Target) {
        match target {
            Target::Person(id) => drop(self.people.insert(id.clone())),
            Target::Meeting(id) => drop(self.meetings.insert(id.clone())),
        }
    }
}

impl State {
    /// Changes what is held about a person; what is to survive a restart is kept.
    pub(super) fn edit<T>(&mut self, id: &ParticipantId, change: impl FnOnce(&mut PersonModeration) -> T) -> T {
        let person = self.people.entry(id.clone()).or_default();
        let before = person.clone();
        let result = change(person);
        self.keeper.follow(What::Hold, id, before.hold.as_ref(), person.hold.as_ref());
        self.keeper.follow(What::Acknowledged, id, before.acknowledged.as_ref(), person.acknowledged.as_ref());
        self.keeper.follow(What::Label, id, before.label.as_ref(), person.label.as_ref());
        self.keeper.follow(What::EndedWait, id, EndedWait::kept(&before.waited), EndedWait::kept(&person.waited));
        result
    }

    /// The same of a meeting.
    pub(super) fn edit_meeting(&mut self, id: &Arc<str>, change: impl FnOnce(&mut MeetingModeration)) {
        let meeting = self.meetings.entry(id.clone()).or_default();
        let before = meeting.message.clone();
        change(meeting);
        self.keeper.follow(What::Message, id, before.as_ref(), meeting.message.as_ref());
    }

    pub(super) fn set_thresholds(&mut self, place: Arc<str>, own: Option<OwnThresholds>) {
        self.keeper.follow(What::Thresholds, &place, self.thresholds.get(&place), own.as_ref());
        match own {
            Some(own) => self.thresholds.insert(place, own),
            None => self.thresholds.remove(&place),
        };
    }

    pub(super) fn acted(&mut self, target: &Target) -> &mut ActionStatus {
        match target {
            Target::Person(id) => &mut self.people.entry(id.clone()).or_default().acted,
            Target::Meeting(id) => &mut self.meetings.entry(id.clone()).or_default().acted,
        }
    }

    pub(super) fn done(&mut self, target: &Target, verb: ActionKind, mark: Mark) {
        let Target::Person(id) = target else { return };
        let person = self.people.entry(id.clone()).or_default();
        match verb {
            ActionKind::Admit => person.admitted = Some(mark),
            // An earlier admission no longer describes them.
            ActionKind::SendBack => (person.admitted, person.sent_back) = (None, Some(mark)),
            _ => {}
        }
    }
}
