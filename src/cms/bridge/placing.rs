//! Where somebody new is hosted, as their own legs tell it: in a call of one bridge that saves the question. A leg's own answer alone proves
//! it; whatever else comes back leads to the question.

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::LegDetail;
use crate::model::{CallId, Home, LegState, ParticipantId};

impl Bridge {
    /// Asks for the legs of somebody new where these can be expected to run here, else where the person is hosted.
    pub(super) fn place(&mut self, person: &ParticipantId) {
        if self.expects_legs_of(person) {
            self.unplaced.insert(person.clone());
            self.ask(Lane::Arrival, Ask::Legs(person.clone()));
        } else {
            self.ask(Lane::Arrival, Ask::Person(person.clone()));
        }
    }

    /// No other bridge lists them, nobody of their call was seen to be hosted elsewhere, and what the question would tell besides (name,
    /// state) is known.
    fn expects_legs_of(&self, person: &ParticipantId) -> bool {
        if self.legs_by_filter || self.queue.has(&Ask::Person(person.clone())) {
            return false;
        }
        self.only_call_of(person).and_then(|call| self.calls.get(&call)).is_some_and(|work| !work.asks_where)
    }

    fn only_call_of(&self, person: &ParticipantId) -> Option<CallId> {
        let call = self.store.with_person(person, |person| match &person.listings[..] {
            [only] if only.key.bridge == self.name && !only.name.is_empty() => {
                matches!(only.state, LegState::Connected | LegState::OnHold).then(|| only.key.call.clone())
            }
            _ => None,
        });
        call.flatten()
    }

    /// The legs prove nothing: asks where the person is hosted, and of whoever comes to that call from now on at once.
    pub(super) fn ask_where(&mut self, person: &ParticipantId) {
        self.unplaced.remove(person);
        let calls = self.store.with_person(person, |person| {
            let here = person.listings.iter().filter(|listing| listing.key.bridge == self.name);
            here.map(|listing| listing.key.call.clone()).collect::<Vec<_>>()
        });
        for call in calls.iter().flatten() {
            self.hosts_apart(call);
        }
        if calls.is_some() {
            self.forget_legs(person);
            self.ask(Lane::Arrival, Ask::Person(person.clone()));
        }
    }

    /// A leg that was listed as theirs is none: without any other nothing shows where they are hosted.
    pub(super) fn lost_leg(&mut self, person: &ParticipantId) {
        if self.unplaced.contains(person) && !self.knows_legs(person) {
            self.ask_where(person);
        }
    }

    /// Not everybody of this call is hosted here.
    pub(super) fn hosts_apart(&mut self, call: &CallId) {
        if let Some(work) = self.calls.get_mut(call) {
            work.asks_where = true;
        }
    }

    /// A leg of somebody was read; false where it does not settle where they are hosted, which is asked then.
    pub(super) fn placed_by(&mut self, person: &ParticipantId, detail: &LegDetail) -> bool {
        if !self.unplaced.contains(person) {
            return true;
        }
        let call = self.only_call_of(person);
        let home = self.store.with_person(person, |person| person.home.clone()).flatten();
        let is_theirs = detail.group.as_ref().is_none_or(|group| group == person);
        let is_of_call = call.is_some() && detail.call.as_ref().is_none_or(|named| Some(named) == call.as_ref());
        let is_free = home.is_none_or(|home| home == Home::Bridge(self.name.clone()));
        match call {
            Some(call) if is_theirs && is_of_call && is_free && !detail.unreadable => {
                self.set_home(person, None, &call);
                true
            }
            _ => {
                self.ask_where(person);
                false
            }
        }
    }

    /// Nobody said where the person is hosted, or they have been ringing for a while. Nothing is asked about anybody whose first requests still
    /// wait for their turn, nor about anybody who is looked at anyway.
    pub(super) fn look_for_orphan(&mut self, person: &ParticipantId, now: Now) {
        if self.is_being_placed(person) {
            self.timers.sooner(Due::Orphan(person.clone()), now.instant + self.timing.home_patience());
        } else if !self.is_looked_after(person) {
            self.ask_for_home(person, now);
        }
    }

    fn is_being_placed(&self, person: &ParticipantId) -> bool {
        let legs = self.people.get(person).map(|work| work.legs.as_slice()).unwrap_or_default();
        let stands = || self.queue.has(&Ask::Legs(person.clone())) || legs.iter().any(|leg| self.queue.has(&Ask::Leg(leg.id.clone())));
        self.unplaced.contains(person) && stands()
    }
}
