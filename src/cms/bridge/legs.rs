//! The lobby: reads call legs, decides with `lobby`, writes the fact. The only place where a lobby state is set.

use std::time::Instant;

use tracing::debug;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::cluster::Look;
use crate::cms::lobby_state;
use crate::cms::lobby_state::{Beginning, Leg, Seen};
use crate::cms::missed_events::Found;
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::LegDetail;
use crate::model::{CallId, LegId, LegState, Lobby, ParticipantId, RosterPatch};

impl Bridge {
    pub(super) fn own_leg(&mut self, person: &ParticipantId, leg: &LegId) {
        let work = self.people.entry(person.clone()).or_default();
        if !work.legs.iter().any(|known| known.id == *leg) {
            // Most people have one; a vector that grows by itself makes room for four.
            work.legs.reserve_exact(1);
            work.legs.push(Leg::new(leg.clone()));
        }
        self.leg_owners.insert(leg.clone(), person.clone());
    }

    pub(super) fn read_legs(&mut self, person: &ParticipantId, lane: Lane) {
        let legs: Vec<LegId> = self.people.get(person).map(|work| work.legs.iter().map(|leg| leg.id.clone()).collect()).unwrap_or_default();
        for leg in legs {
            self.ask(lane, Ask::Leg(leg));
        }
    }

    pub(super) fn take_leg(&mut self, lane: Lane, leg: &LegId, detail: &LegDetail, sent: Now, now: Now) {
        if detail.unreadable {
            debug!(bridge = %self.name, leg = %leg, "lobby state unreadable");
        }
        if detail.distribution_link {
            self.is_nobodys(leg);
        } else if let Some(person) = self.owner_of(leg, detail).filter(|person| self.placed_by(person, detail)) {
            if let Some(before) = self.leg_owners.get(leg).filter(|before| **before != person).cloned() {
                self.disown_leg(leg);
                self.lost_leg(&before);
            }
            self.own_leg(&person, leg);
            self.note_listing(&person, detail, sent, now);
            self.read_leg(lane, &person, leg, detail, sent, now);
        }
        self.stray_read(leg, Some(detail), now);
        self.leg_of_list_done(leg, detail.call.as_ref());
    }

    /// A link between bridges: no leg of anybody.
    fn is_nobodys(&mut self, leg: &LegId) {
        let owner = self.leg_owners.get(leg).cloned();
        self.disown_leg(leg);
        self.no_persons.insert(leg.clone());
        if let Some(person) = owner {
            self.lost_leg(&person);
        }
    }

    /// `groupId` is only a candidate: it counts when this bridge lists that participant as its own (rest.md section 3.7).
    fn owner_of(&self, leg: &LegId, detail: &LegDetail) -> Option<ParticipantId> {
        let candidates = detail.group.iter().chain(std::iter::once(leg));
        let named = candidates.into_iter().find(|id| self.people.contains_key(*id) && self.store.with_person(id, |_| ()).is_some());
        named.or_else(|| self.leg_owners.get(leg)).cloned()
    }

    fn read_leg(&mut self, lane: Lane, person: &ParticipantId, id: &LegId, detail: &LegDetail, sent: Now, now: Now) {
        let known = self.store.with_person(person, |person| (person.lobby, person.arrived.then_some(person.seen_since)));
        let Some((fact, arrived)) = known else {
            // Nobody lists them any more: what is known of their legs is of no use to who may come.
            return self.forget_person(person);
        };
        if fact.changed_at.is_some_and(|at| sent.instant < at) {
            return self.plan_look(person, now);
        }
        let second_look = self.timing.second_look;
        let Some(work) = self.people.get_mut(person) else { return };
        let Some(leg) = work.legs.iter_mut().find(|leg| leg.id == *id) else { return };
        let before_reading = (leg.seen, leg.sent());
        leg.read(detail, sent.instant, second_look);
        let after_reading = leg.seen;
        let (state, muted, held) = (lobby_state::merge(&work.legs), lobby_state::is_muted(&work.legs), detail.on_hold);
        let unreadable = lobby_state::is_unreadable(&work.legs);
        let before = (work.read_muted.replace(muted), std::mem::replace(&mut work.read_held, held));
        self.note_mute(person, muted, before.0, sent, now);
        self.note_hold(person, held, before.1, sent, now);
        let beginning = Beginning {
            now_unix_ms: now.unix_ms,
            arrived,
            duration_s: detail.duration_s,
            remembered: self.cluster.remembered(person).map(|memory| (memory.since, memory.up_to)),
        };
        let before = self
            .store
            .update_person(person, |entry| {
                let before = entry.lobby;
                entry.unreadable.leg = unreadable;
                entry.lobby = lobby_state::next_fact(lobby_state::as_of(before, now.instant), state, beginning);
                before.state
            })
            .unwrap_or_default();
        if let Some(call) = self.people.get(person).and_then(|work| work.call.clone()).or_else(|| detail.call.clone()) {
            self.note_lobby(&call, detail, state);
            if before != Lobby::Unknown && state != before {
                self.note_move(lane, &call, person, state, now);
                self.suspect_others(&call, state == Lobby::Waiting, now);
            }
            if matches!(after_reading, Seen::FirstIn(_) | Seen::In) {
                self.arrival_is_in(&call, person, now);
            }
        }
        let first_look = lane == Lane::Arrival && matches!(after_reading, Seen::FirstIn(_));
        if first_look || (state == Lobby::In && before != Lobby::In) {
            self.want_role(person, first_look || before == Lobby::Waiting);
        }
        self.leg_changed(id, before_reading, after_reading, now);
        self.plan_look(person, now);
        self.answer_looks_of(person, &look_of(state), sent.instant);
    }

    /// Whether a meeting has somebody in who lets others in: read once. `soon`: a page looks on while they enter; else when nothing else is to
    /// be done.
    fn want_role(&mut self, person: &ParticipantId, soon: bool) {
        if self.store.with_person(person, |person| person.activator.is_none()).unwrap_or(false) {
            self.ask(if soon { Lane::SecondLook } else { Lane::InCall }, Ask::Person(person.clone()));
        }
    }

    /// Somebody was let in or sent back: by what was told, or found by the plain rotation.
    fn note_move(&mut self, lane: Lane, call: &CallId, person: &ParticipantId, state: Lobby, now: Now) {
        let announced = self.people.get_mut(person).is_some_and(|work| std::mem::take(&mut work.announced));
        let rotation = matches!(lane, Lane::Waiting | Lane::InCall);
        let window = self.timing.recheck[self.timing.recheck.len() - 1] + self.timing.silent_after;
        let suspected = self.calls.get(call).and_then(|work| work.suspected.max(work.moved)).is_some_and(|at| now.instant < at + window);
        if announced || suspected || !rotation {
            self.repairs.lobby_told(call);
        } else if state != Lobby::Unknown {
            self.found(Found::Lobby(call.clone(), person.clone()), now);
        }
    }

    /// Rosters by REST carry neither address nor state; the leg does. An answered call is told by events where there are any.
    fn note_listing(&self, person: &ParticipantId, detail: &LegDetail, sent: Now, now: Now) {
        let listing = self.store.with_person(person, |person| {
            let here = person.listings.iter().find(|listing| listing.key.bridge == self.name)?;
            let rung = matches!(here.state, LegState::Initial | LegState::Ringing);
            Some((here.key.clone(), here.address.is_empty(), rung, here.at))
        });
        let Some((key, nameless, rung, at)) = listing.flatten() else { return };
        if let Some(address) = detail.remote_party.clone().filter(|_| nameless) {
            // A roster that was asked for since says nothing else of it.
            let patch = RosterPatch { address: Some(address), ..RosterPatch::default() };
            self.store.list_person(&key, person, patch, sent.instant.max(at), now);
        }
        if rung && detail.connected {
            let patch = RosterPatch { state: Some(LegState::Connected), ..RosterPatch::default() };
            self.store.list_person(&key, person, patch, sent.instant, now);
        }
    }

    /// Rosters by REST say nothing of mutes either. Where events tell, they may know of a mute that stands with no leg; but what a leg says
    /// otherwise than before is news that they should have told.
    fn note_mute(&mut self, person: &ParticipantId, muted: bool, read_before: Option<bool>, sent: Now, now: Now) {
        let listings = self.store.with_person(person, |person| {
            let here = person.listings.iter().filter(|listing| listing.key.bridge == self.name && listing.muted != muted);
            here.map(|listing| listing.key.clone()).collect::<Vec<_>>()
        });
        let is_news = read_before.is_some_and(|before| before != muted);
        let patch = RosterPatch { muted: Some(muted), ..RosterPatch::default() };
        for key in listings.into_iter().flatten() {
            if is_news || !self.hears_of_mutes(&key.call) {
                let listed = self.store.list_person(&key, person, patch.clone(), sent.instant, now);
                self.shows_listing(&key.call, person, listed, now);
            }
        }
    }

    /// A leg that is on hold says so; that it is no longer counts only where it did.
    fn note_hold(&mut self, person: &ParticipantId, held: bool, read_before: bool, sent: Now, now: Now) {
        if !held && !read_before {
            return;
        }
        let (state, other) = if held { (LegState::OnHold, LegState::Connected) } else { (LegState::Connected, LegState::OnHold) };
        let listings = self.store.with_person(person, |person| {
            let here = person.listings.iter().filter(|listing| listing.key.bridge == self.name && listing.state == other);
            here.map(|listing| listing.key.clone()).collect::<Vec<_>>()
        });
        let patch = RosterPatch { state: Some(state), ..RosterPatch::default() };
        for key in listings.into_iter().flatten() {
            let listed = self.store.list_person(&key, person, patch.clone(), sent.instant, now);
            self.shows_listing(&key.call, person, listed, now);
        }
    }

    fn hears_of_mutes(&self, call: &CallId) -> bool {
        self.plan.tells_mutes(call) && self.plan.socket_of(call).is_some_and(|socket| self.tells(socket))
    }

    fn note_lobby(&mut self, call: &CallId, detail: &LegDetail, state: Lobby) {
        if self.calls.contains_key(call) && (state == Lobby::Waiting || detail.needs_activation == Some(true)) {
            self.store.put_call(&self.key(call), |facts| facts.lobby_seen = true);
        }
    }

    /// Sets when a person's legs are read next.
    pub(super) fn plan_look(&mut self, person: &ParticipantId, now: Now) {
        let Some(work) = self.people.get(person) else { return };
        let timing = &self.timing;
        let (waiting, in_call) = match self.may_rely_on_records(now.instant) {
            true => (timing.rotate_waiting_told, timing.rotate_in_call_told),
            false => (timing.rotate_waiting, timing.rotate_in_call),
        };
        let due = |leg: &Leg| match leg.seen {
            Seen::FirstIn(first) => first + timing.second_look,
            // The bridge says one thing by a record and another by REST: it is about to say the same.
            _ if leg.is_contradicted(timing.cdr_patience, now.instant) => now.instant + timing.second_look,
            Seen::In => now.instant + in_call,
            Seen::Waiting => now.instant + waiting,
            Seen::Unread | Seen::Unclear => now.instant + timing.read_again,
        };
        if let Some(at) = work.legs.iter().map(due).min() {
            self.timers.set(Due::LookAt(person.clone()), at.max(now.instant));
        }
    }

    pub(super) fn look_at(&mut self, person: &ParticipantId) {
        let Some(work) = self.people.get(person) else { return };
        if !self.link.is_up() {
            // Everybody is read again when the bridge is back; who is missed by that is still looked after.
            return self.timers.sooner(Due::LookAt(person.clone()), Instant::now() + self.timing.poll_roster);
        }
        if work.legs.is_empty() {
            return self.ask_legs(Lane::Waiting, person);
        }
        let legs: Vec<(LegId, Lane)> = work.legs.iter().map(|leg| (leg.id.clone(), lane_of(leg.seen))).collect();
        let second = legs.iter().any(|(_, lane)| *lane == Lane::SecondLook);
        for (leg, lane) in legs {
            // Of several legs only those are read whose turn it is.
            if !second || lane == Lane::SecondLook {
                self.ask(lane, Ask::Leg(leg));
            }
        }
    }

    /// Reads again whom a join, leave or lock change may have moved: those waiting, and with `all` also those in the call.
    pub(super) fn recheck_people(&mut self, call: &CallId, all: bool, lane: Lane) {
        for person in self.local_people(call) {
            let state = self.store.with_person(&person, |person| person.lobby.state).unwrap_or_default();
            if all || state == Lobby::Waiting {
                self.read_legs(&person, lane);
            }
        }
    }

    pub(super) fn leg_failed(&mut self, leg: &LegId, error: AskError, now: Now) {
        self.stray_read(leg, None, now);
        self.leg_of_list_done(leg, None);
        let Some(person) = self.leg_owners.get(leg).cloned() else { return };
        if self.unplaced.contains(&person) {
            return self.ask_where(&person);
        }
        if matches!(error, AskError::Gone(_)) {
            self.disown_leg(leg);
            // Another leg may have taken its place, or the person is gone.
            self.ask_legs(Lane::Suspected, &person);
            self.merge_again(&person, now);
            return;
        }
        // It was asked for a reason that still stands.
        if let Some(work) = self.people.get_mut(&person) {
            work.announced = true;
        }
        self.timers.sooner(Due::LookAt(person.clone()), now.instant + self.timing.read_again);
        self.answer_looks(&person, &Look::Failed(error));
    }

    fn disown_leg(&mut self, leg: &LegId) {
        let owner = self.leg_owners.remove(leg);
        if let Some(work) = owner.and_then(|person| self.people.get_mut(&person)) {
            work.legs.retain(|known| known.id != *leg);
        }
    }

    fn merge_again(&mut self, person: &ParticipantId, now: Now) {
        let Some(work) = self.people.get(person) else { return };
        let (state, unreadable) = (lobby_state::merge(&work.legs), lobby_state::is_unreadable(&work.legs));
        let beginning = Beginning { now_unix_ms: now.unix_ms, arrived: None, duration_s: None, remembered: None };
        self.store.update_person(person, |entry| {
            entry.unreadable.leg = unreadable;
            entry.lobby = lobby_state::next_fact(lobby_state::as_of(entry.lobby, now.instant), state, beginning);
        });
        self.plan_look(person, now);
    }

    pub(super) fn legs_failed(&mut self, lane: Lane, person: &ParticipantId, error: AskError, now: Now) {
        match error {
            _ if self.unplaced.contains(person) => self.ask_where(person),
            // The person is gone, or this bridge does not know the path.
            AskError::Gone(_) => self.ask(lane, Ask::LegsByFilter(person.clone())),
            error => self.legs_unknown(person, error, now),
        }
    }

    /// Neither way told the legs: they are asked for again, and whether the person is there at all.
    pub(super) fn legs_unknown(&mut self, person: &ParticipantId, error: AskError, now: Now) {
        self.timers.sooner(Due::LookAt(person.clone()), now.instant + self.timing.read_again);
        if matches!(error, AskError::Gone(_)) {
            self.ask(Lane::Suspected, Ask::Person(person.clone()));
        }
        self.answer_looks(person, &Look::Failed(error));
    }
}

fn look_of(state: Lobby) -> Look {
    match state {
        Lobby::Waiting => Look::Waiting,
        Lobby::In => Look::In,
        Lobby::Unknown => Look::Unclear,
    }
}

fn lane_of(seen: Seen) -> Lane {
    match seen {
        Seen::FirstIn(_) => Lane::SecondLook,
        Seen::In => Lane::InCall,
        Seen::Unread | Seen::Unclear | Seen::Waiting => Lane::Waiting,
    }
}
