//! What the desk holds, and how it is changed: whatever is to survive a restart is kept in the same step. Behind the desk's lock.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::claims::Claims;
use super::kept::{Keeper, OwnThresholds, What};
use super::presence::Presence;
use super::waits::Waited;
use crate::actions::Target;
use crate::model::ParticipantId;
use crate::view::{Claim, Hold, Mark, Message, Outcome, Pending, Thresholds, Verb};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) people: HashMap<ParticipantId, PersonDesk>,
    pub(super) meetings: HashMap<Arc<str>, MeetingDesk>,
    pub(super) claims: Claims,
    pub(super) presence: Presence,
    /// By the place that meetings have in common (their space), see [`Desk::meeting`].
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

/// An action that is under way, or how the last one ended; on a person or on a meeting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Acted {
    pub pending: Option<Pending>,
    pub outcome: Option<Outcome>,
    /// When `outcome` is to be taken off the row.
    pub(super) outcome_until: Option<Instant>,
}

/// What the desk holds about one person, but for the claim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonDesk {
    pub acted: Acted,
    pub admitted: Option<Mark>,
    pub sent_back: Option<Mark>,
    pub hold: Option<Hold>,
    pub acknowledged: Option<Mark>,
    pub label: Option<Arc<str>>,
    /// The wait that an admission ended, for as long as that can be undone.
    pub waited: Option<Waited>,
    pub claim: Option<Claim>,
}

/// What the desk holds about one meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct MeetingDesk {
    pub acted: Acted,
    pub message: Option<Message>,
    pub claim: Option<Claim>,
    pub thresholds: Thresholds,
}

impl Default for MeetingDesk {
    fn default() -> Self {
        let thresholds = Thresholds { first_s: 0, second_s: 0, own: false };
        Self { acted: Acted::default(), message: None, claim: None, thresholds }
    }
}

impl State {
    /// Changes what is held about a person; what is to survive a restart is kept.
    pub(super) fn edit<T>(&mut self, id: &ParticipantId, change: impl FnOnce(&mut PersonDesk) -> T) -> T {
        let person = self.people.entry(id.clone()).or_default();
        let before = person.clone();
        let result = change(person);
        self.keeper.follow(What::Hold, id, before.hold.as_ref(), person.hold.as_ref());
        self.keeper.follow(What::Acknowledged, id, before.acknowledged.as_ref(), person.acknowledged.as_ref());
        self.keeper.follow(What::Label, id, before.label.as_ref(), person.label.as_ref());
        self.keeper.follow(What::Waited, id, Waited::kept(&before.waited), Waited::kept(&person.waited));
        result
    }

    /// The same of a meeting.
    pub(super) fn edit_meeting(&mut self, id: &Arc<str>, change: impl FnOnce(&mut MeetingDesk)) {
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

    pub(super) fn acted(&mut self, target: &Target) -> &mut Acted {
        match target {
            Target::Person(id) => &mut self.people.entry(id.clone()).or_default().acted,
            Target::Meeting(id) => &mut self.meetings.entry(id.clone()).or_default().acted,
        }
    }

    pub(super) fn done(&mut self, target: &Target, verb: Verb, mark: Mark) {
        let Target::Person(id) = target else { return };
        let person = self.people.entry(id.clone()).or_default();
        match verb {
            Verb::Admit => person.admitted = Some(mark),
            // An earlier admission no longer describes them.
            Verb::SendBack => (person.admitted, person.sent_back) = (None, Some(mark)),
            _ => {}
        }
    }
}

impl Acted {
    /// True where an outcome was taken off.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let over = self.outcome_until.is_some_and(|until| until <= now);
        if over {
            (self.outcome, self.outcome_until) = (None, None);
        }
        over
    }
}
