//! Who is where: finds the bridge that hosts a person and the legs they have there. At most three requests for somebody new, however
//! many bridges list them: where hosted (`placing` saves that one in a call of one bridge), which legs, one leg.

use std::time::Instant;

use tracing::debug;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::cluster::Look;
use crate::cms::events::subscriptions::Topic;
use crate::cms::evidence::Fact;
use crate::cms::lobby_state;
use crate::cms::lobby_state::Leg;
use crate::cms::missed_events::{Found, Missing};
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::{LegList, PersonDetail};
use crate::model::{BridgeName, CallId, Home, LegState, Lobby, Participant, ParticipantId, RosterPatch};
use crate::store::Listed;

/// Work on a person whose legs run on this bridge.
#[derive(Debug, Default)]
pub(super) struct PersonWork {
    pub(super) call: Option<CallId>,
    pub(super) legs: Vec<Leg>,
    /// A reading that had a cause failed, or Usher itself asked for a change: what is found next was announced.
    pub(super) announced: bool,
    /// What their legs said last: whether they are muted, and on hold.
    pub(super) read_muted: Option<bool>,
    pub(super) read_held: bool,
}

impl Bridge {
    /// An event lists a person.
    pub(super) fn person_listed(&mut self, call: &CallId, person: &ParticipantId, patch: RosterPatch, now: Now) {
        if self.list(call, person, patch, now.instant, now).1 {
            self.find_home(person, now);
        }
    }

    /// They were on a call's roster `at` that time. Who is new there may have let others in. What that changed, and whether it is news of a
    /// call whose roster is known: they came, or what rang is connected.
    fn list(&mut self, call: &CallId, person: &ParticipantId, patch: RosterPatch, at: Instant, now: Now) -> (Listed, bool) {
        let mut patch = patch;
        if matches!(patch.state, Some(LegState::Initial | LegState::Ringing)) && self.was_answered(person) {
            // An answered leg rings no more, whatever a roster calls who waits.
            patch.state = Some(LegState::Connected);
        }
        let listed = self.store.list_person(&self.key(call), person, patch, at, now);
        let Some(work) = self.calls.get_mut(call) else { return (listed, false) };
        work.asks_where |= listed.elsewhere;
        let (watched, known) = (work.sees_arrivals(), work.knows_its_roster());
        if listed.new_person && watched {
            self.note_arrival(person);
        }
        if known && listed.new_listing {
            self.suspect_arrival(call, person, now);
        }
        (listed, known && (listed.new_listing || listed.connected))
    }

    /// Remembers when somebody came whom Usher saw come.
    pub(super) fn note_arrival(&self, person: &ParticipantId) {
        self.store.update_person(person, |person| person.arrived = true);
    }

    fn was_answered(&self, person: &ParticipantId) -> bool {
        self.store.with_person(person, |person| person.lobby.state != Lobby::Unknown).unwrap_or(false)
    }

    fn is_ringing(&self, person: &ParticipantId) -> bool {
        let state = self.store.with_person(person, |person| person.listings.iter().map(|listing| listing.state).max_by_key(|s| *s as u8));
        matches!(state.flatten(), Some(LegState::Initial | LegState::Ringing))
    }

    /// Makes sure that somebody asks where the person is hosted, and reads their legs if it is here. Who is still being called has
    /// nothing to be read yet; but that people in the lobby are listed as connected is an inference (events.md section 5.4), so whoever
    /// goes on ringing is looked at all the same.
    pub(super) fn find_home(&mut self, person: &ParticipantId, now: Now) {
        if self.is_ringing(person) {
            self.timers.sooner(Due::Orphan(person.clone()), now.instant + self.timing.read_again);
        } else {
            self.ask_for_home(person, now);
        }
    }

    pub(super) fn ask_for_home(&mut self, person: &ParticipantId, now: Now) {
        match self.store.with_person(person, |person| person.home.clone()) {
            None | Some(Some(Home::Elsewhere { .. })) => {}
            Some(Some(Home::Bridge(name))) if name == self.name => self.read_person(person, Lane::Arrival),
            Some(Some(Home::Bridge(_))) => {}
            Some(None) => {
                let patience = self.timing.home_patience();
                if self.store.claim_home(person, &self.name, now.instant, patience) {
                    self.place(person);
                }
                self.timers.sooner(Due::Orphan(person.clone()), now.instant + patience);
            }
        }
    }

    /// Another bridge says that this one hosts the person.
    pub(super) fn host(&mut self, person: &ParticipantId) {
        if self.link.is_up() && (!self.knows_legs(person) || self.is_untold(person)) {
            self.read_person(person, Lane::Arrival);
        }
    }

    pub(super) fn knows_legs(&self, person: &str) -> bool {
        self.people.get(person).is_some_and(|work| !work.legs.is_empty())
    }

    /// Legs are known that nothing is said of: nobody listed the person for a while, as when another bridge's part of the meeting ended
    /// before this one's roster was read, and what had been read was forgotten with them.
    pub(super) fn is_untold(&self, person: &ParticipantId) -> bool {
        let unknown = self.store.with_person(person, |person| person.lobby.state == Lobby::Unknown).unwrap_or(true);
        unknown && self.people.get(person).is_some_and(|work| lobby_state::merge(&work.legs) != Lobby::Unknown)
    }

    pub(super) fn is_looked_after(&self, person: &ParticipantId) -> bool {
        self.timers.has(&Due::LookAt(person.clone())) && !self.is_untold(person)
    }

    /// Reads the legs of somebody hosted here.
    pub(super) fn read_person(&mut self, person: &ParticipantId, lane: Lane) {
        if self.people.entry(person.clone()).or_default().legs.is_empty() {
            self.ask_legs(lane, person);
        } else {
            self.read_legs(person, lane);
        }
    }

    pub(super) fn ask_legs(&mut self, lane: Lane, person: &ParticipantId) {
        let ask = if self.legs_by_filter { Ask::LegsByFilter(person.clone()) } else { Ask::Legs(person.clone()) };
        self.ask(lane, ask);
    }

    pub(super) fn take_person(&mut self, person: &ParticipantId, detail: PersonDetail, sent: Now, now: Now) {
        self.repairs.was_missing(&Missing::Person(person.clone()));
        self.timers.cancel(&Due::AskAgain(person.clone()));
        if self.removed.get(person).is_some_and(|at| sent.instant <= *at) {
            // They left after this was asked for: an answer that was on its way brings nobody back.
            return;
        }
        self.store.update_person(person, |person| {
            person.activator = detail.activator.or(person.activator);
            person.unreadable.participant = detail.unreadable;
        });
        // Where the answer does not say it, or can't be read, it is the call that lists them here.
        let listed = || self.store.with_person(person, |person| here_in(person, &self.name)).flatten();
        let Some(call) = detail.call.or_else(|| if detail.unreadable { listed() } else { None }) else { return };
        let key = self.key(&call);
        // The GET is the latest word on which call the person is in.
        let elsewhere: Vec<_> = self
            .store
            .with_person(person, |person| {
                let here = person
                    .listings
                    .iter()
                    .filter(|listing| listing.key.bridge == self.name && listing.key != key && listing.at < sent.instant);
                here.map(|listing| listing.key.clone()).collect()
            })
            .unwrap_or_default();
        if self.calls.contains_key(&call) {
            let patch = RosterPatch { name: detail.name, address: detail.address, state: detail.state, ..RosterPatch::default() };
            let (listed, _) = self.list(&call, person, patch, sent.instant, now);
            self.shows_listing(&call, person, listed, now);
            for old in elsewhere {
                self.store.unlist_person(&old, person);
            }
        }
        if detail.unreadable && detail.call_bridge.is_none() {
            // Perhaps they are hosted elsewhere: their legs tell.
            if self.store.with_person(person, |person| person.home.is_none()).unwrap_or(false) {
                self.ask_legs(Lane::Arrival, person);
            }
        } else {
            self.set_home(person, detail.call_bridge.as_deref(), &call);
        }
        match self.store.with_person(person, |person| person.home.clone()).flatten() {
            // Whose legs could not be told is asked for again soon enough.
            Some(Home::Bridge(name)) if name == self.name && self.is_looked_after(person) => {}
            Some(Home::Bridge(name)) if name == self.name => self.read_person(person, Lane::Arrival),
            Some(Home::Bridge(name)) => self.cluster.hint(&name, person),
            Some(Home::Elsewhere { .. }) => self.cluster.hint_unidentified(person),
            None => {}
        }
    }

    /// Notes where a person is hosted, as this bridge says it: `call_bridge` is present only for people hosted elsewhere.
    pub(super) fn set_home(&mut self, person: &ParticipantId, call_bridge: Option<&str>, call: &CallId) {
        let named = call_bridge.map(|id| self.cluster.name_of(id).ok_or(id));
        let home = match named {
            None => Home::Bridge(self.name.clone()),
            Some(Ok(name)) => Home::Bridge(name),
            Some(Err(id)) => {
                // The id of a bridge that does not know its own name is learnt from whom it hosts.
                let hosted = self.store.with_person(person, |person| person.home.clone()).flatten();
                match hosted {
                    Some(Home::Bridge(name)) if name != self.name => {
                        self.cluster.learn(&id.into(), &name);
                        Home::Bridge(name)
                    }
                    _ => {
                        let name = self.bridge_ids.iter().find(|(known, _)| **known == *id).map(|(_, name)| name.clone());
                        Home::Elsewhere { id: id.into(), name }
                    }
                }
            }
        };
        if home == Home::Bridge(self.name.clone()) {
            if self.store.with_person(person, |_| ()).is_none() {
                // Of a call that is not followed: nobody would ever forget the work on them.
                return;
            }
            self.unplaced.remove(person);
            let work = self.people.entry(person.clone()).or_default();
            work.call = Some(call.clone());
        } else {
            self.forget_legs(person);
            self.hosts_apart(call);
        }
        self.store.update_person(person, |person| {
            if person.home.as_ref() != Some(&home) {
                person.departed = false;
                person.home = Some(home);
            }
        });
    }

    pub(super) fn person_failed(&mut self, person: &ParticipantId, error: &AskError, now: Now) {
        match error {
            AskError::Gone(_) => self.person_gone(person, now),
            // It was asked for a reason that still stands: perhaps they left, and no event told.
            _ if self.is_listed_here(person) => {
                self.timers.sooner(Due::AskAgain(person.clone()), now.instant + self.timing.poll_roster);
            }
            _ => {}
        }
    }

    pub(super) fn take_legs(&mut self, lane: Lane, person: &ParticipantId, list: LegList) {
        let unplaced = self.unplaced.contains(person);
        if unplaced && (list.legs.is_empty() || list.call_bridge.is_some()) {
            return self.ask_where(person);
        }
        if list.legs.is_empty() {
            return self.no_legs_here(person, list.call_bridge.as_deref());
        }
        let hosted = self.store.update_person(person, |entry| {
            if !unplaced {
                entry.home = Some(Home::Bridge(self.name.clone()));
            }
        });
        if hosted.is_none() {
            return;
        }
        let legs: Vec<_> = list.legs.into_iter().filter(|leg| !self.no_persons.contains(leg)).collect();
        if unplaced && legs.is_empty() {
            return self.ask_where(person);
        }
        for leg in legs {
            self.own_leg(person, &leg);
        }
        self.read_legs(person, lane);
    }

    /// The path of a person's legs may not exist where the filter does. A filter that is ignored would give everybody's legs: then each
    /// leg's own answer says whose it is, and a list that long is not believed.
    pub(super) fn take_filtered_legs(&mut self, lane: Lane, person: &ParticipantId, list: LegList) {
        const MOST_LEGS_OF_ONE: usize = 4;
        if list.legs.len() > MOST_LEGS_OF_ONE {
            return self.no_legs_here(person, None);
        }
        self.legs_by_filter |= !list.legs.is_empty();
        self.take_legs(lane, person, list);
    }

    /// A person without legs here: hosted elsewhere after all, or about to leave.
    fn no_legs_here(&mut self, person: &ParticipantId, call_bridge: Option<&str>) {
        debug!(bridge = %self.name, person = %person, "no legs here");
        let at_home = self.store.with_person(person, |entry| entry.home == Some(Home::Bridge(self.name.clone()))).unwrap_or(false);
        if at_home {
            let call = self.people.get(person).and_then(|work| work.call.clone());
            match (call_bridge, call) {
                (Some(id), Some(call)) => self.set_home(person, Some(id), &call),
                _ => {
                    self.timers.sooner(Due::LookAt(person.clone()), Instant::now() + self.timing.read_again);
                    // Perhaps they left, and no event told.
                    self.ask(Lane::Suspected, Ask::Person(person.clone()));
                }
            }
        }
        self.answer_looks(person, &Look::Unclear);
    }

    /// An event says that a person left a call.
    pub(super) fn person_left(&mut self, call: &CallId, person: &ParticipantId, now: Now) {
        let lets_in = self.may_let_in(person);
        if self.store.unlist_person(&self.key(call), person) && !self.is_listed_here(person) {
            self.removed.insert(person.clone(), now.instant);
            self.forget_person(person);
        }
        self.suspect_after(call, lets_in, now);
    }

    /// Whether others may be sent back when this person leaves; None for somebody who only waited, which changes nothing.
    fn may_let_in(&self, person: &ParticipantId) -> Option<bool> {
        let known = self.store.with_person(person, |person| (person.lobby.state == Lobby::Waiting, person.activator != Some(false)));
        let (waited, may) = known.unwrap_or_default();
        (!waited).then_some(may)
    }

    fn suspect_after(&mut self, call: &CallId, lets_in: Option<bool>, now: Now) {
        if let Some(all) = lets_in {
            self.suspect_call(call, all, now);
        }
    }

    fn is_listed_here(&self, person: &ParticipantId) -> bool {
        self.store.with_person(person, |person| person.listings.iter().any(|listing| listing.key.bridge == self.name)).unwrap_or(false)
    }

    /// REST says that this bridge does not know the person.
    pub(super) fn person_gone(&mut self, person: &ParticipantId, now: Now) {
        let here: Vec<_> = self
            .store
            .with_person(person, |person| {
                person.listings.iter().filter(|listing| listing.key.bridge == self.name).map(|listing| listing.key.clone()).collect()
            })
            .unwrap_or_default();
        let lets_in = self.may_let_in(person);
        let missing = self.repairs.was_missing(&Missing::Person(person.clone()));
        for key in here {
            if missing {
                self.found(Found::Roster(key.call.clone(), person.clone()), now);
            }
            self.shows(Topic::Roster(key.call.clone()), person, Fact::Listed, now);
            self.store.unlist_person(&key, person);
            self.suspect_after(&key.call, lets_in, now);
        }
        self.removed.insert(person.clone(), now.instant);
        self.forget_person(person);
    }

    pub(super) fn forget_legs(&mut self, person: &ParticipantId) {
        for leg in self.people.remove(person).into_iter().flat_map(|work| work.legs) {
            self.leg_owners.remove(&leg.id);
        }
    }

    /// Ends all work on a person.
    pub(super) fn forget_person(&mut self, person: &ParticipantId) {
        self.forget_legs(person);
        self.unplaced.remove(person);
        self.timers.cancel(&Due::LookAt(person.clone()));
        self.timers.cancel(&Due::Orphan(person.clone()));
        self.timers.cancel(&Due::AskAgain(person.clone()));
        self.answer_looks(person, &Look::Gone);
    }
}

/// The call in which this bridge lists somebody.
fn here_in(person: &Participant, bridge: &BridgeName) -> Option<CallId> {
    person.listings.iter().find(|listing| listing.key.bridge == *bridge).map(|listing| listing.key.call.clone())
}
