//! Reading whole rosters by REST: everybody of a new call, and comparisons with what the events told. Reads nobody alone (`people`).

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::calls::CallWork;
use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::events::subscriptions::Topic;
use crate::cms::missed_events::{Found, Missing};
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::{Page, RosterItem};
use crate::model::{CallId, Home, LegId, Lobby, ParticipantId, RosterPatch};

/// One pass over a call's roster.
#[derive(Debug)]
pub(super) struct RosterRead {
    lane: Lane,
    /// When its first page was asked for; what was true before and is on no page is doubted.
    started: Instant,
    /// The page that comes next; answers to an earlier pass are none of this one.
    next: usize,
    listed: HashSet<ParticipantId>,
    /// Entries that nothing could be read from.
    unreadable: u32,
    /// Whose state the list told.
    stated: HashSet<ParticipantId>,
    /// The call is new to us: its legs are read from the call's list, a tenth of the requests of asking person by person.
    pub(super) whole: bool,
}

impl RosterRead {
    /// It is read merely because time passed, and not anew or because records are missing.
    fn is_rotation(&self) -> bool {
        !self.whole && self.lane != Lane::Resync
    }
}

/// Rosters.
impl Bridge {
    pub(super) fn begin_roster(&mut self, call: &CallId, lane: Lane, whole: bool, now: Now) {
        let Some(work) = self.calls.get_mut(call) else { return };
        work.stale &= !whole;
        work.reading =
            Some(RosterRead { lane, started: now.instant, next: 0, listed: HashSet::new(), unreadable: 0, stated: HashSet::new(), whole });
        self.ask(lane, Ask::Roster(call.clone(), 0));
        self.timers.set(Due::SweepRoster(call.clone()), now.instant + self.roster_interval(call));
    }

    /// How often a roster is read: calls that are not pushed change only by this.
    fn roster_interval(&self, call: &CallId) -> Duration {
        if self.is_polled(call) { self.timing.poll_roster } else { self.timing.sweep_roster }
    }

    /// Something of it (who is there, muted, on hold, presents, or whether it is locked or recorded) is not pushed: reading is how its changes are
    /// found.
    pub(super) fn is_polled(&self, call: &CallId) -> bool {
        let short =
            || (self.plan.has_accepted(0) && !self.plan.tells_locks()) || (self.plan.is_accepted(call) && !self.plan.tells_mutes(call));
        self.plan.is_refused(call) || self.lost_events() || (self.plan.is_short() && short())
    }

    /// Its roster comes by events, and has for so long that what was not on its first list is known to be gone.
    pub(super) fn is_pushed(&self, call: &CallId) -> bool {
        let begins = self.sockets.values().flat_map(|socket| &socket.begun).any(|(topic, _)| *topic == Topic::Roster(call.clone()));
        !begins && self.plan.is_accepted(call) && self.calls.get(call).is_some_and(CallWork::is_settled)
    }

    /// Compares a roster with what the events told; where they tell nothing, this is how its changes are found.
    pub(super) fn sweep_roster(&mut self, call: &CallId, now: Now) {
        let Some(work) = self.calls.get(call) else { return };
        if !self.link.is_up() {
            return;
        }
        if work.reading.is_none() {
            let (lane, whole) = if work.stale { (Lane::Resync, true) } else { (Lane::InCall, false) };
            self.begin_roster(call, lane, whole, now);
            self.ask(Lane::InCall, Ask::Call(call.clone()));
        }
        self.timers.set(Due::SweepRoster(call.clone()), now.instant + self.roster_interval(call));
    }

    pub(super) fn take_roster(&mut self, lane: Lane, call: &CallId, offset: usize, page: Page<RosterItem>, sent: Now, now: Now) {
        let next = page.next(offset);
        // Who is on the first list of a call that was there before Usher did not arrive just now.
        let watched = self.calls.get(call).is_some_and(CallWork::sees_arrivals);
        let Some(work) = self.calls.get_mut(call) else { return };
        let Some(mut read) = work.reading.take_if(|read| read.next == offset && read.started <= sent.instant) else { return };
        if offset == 0 {
            read.started = sent.instant;
        }
        read.unreadable = read.unreadable.saturating_add(page.lost());
        let key = self.key(call);
        for item in page.items {
            if self.removed.contains_key(&item.id) {
                continue;
            }
            let patch = RosterPatch { name: item.name, address: item.address, state: item.state, ..RosterPatch::default() };
            if item.state.is_some() {
                read.stated.insert(item.id.clone());
            }
            let listed = self.store.list_person(&key, &item.id, patch, sent.instant, now);
            if !read.whole {
                self.shows_listing(call, &item.id, listed, now);
            }
            if listed.new_listing && !read.whole {
                self.suspect_arrival(call, &item.id, now);
                if read.is_rotation() && self.is_pushed(call) {
                    self.found(Found::Roster(call.clone(), item.id.clone()), now);
                }
            }
            if listed.new_person && watched {
                self.note_arrival(&item.id);
            }
            if !item.unreadable {
                self.set_home(&item.id, item.call_bridge.as_deref(), call);
            } else if self.store.with_person(&item.id, |person| matches!(person.home, Some(Home::Elsewhere { .. }))).unwrap_or(false) {
                // Perhaps they are hosted here after all, as by a bridge that has just come back into the configuration.
                self.ask(lane, Ask::Person(item.id.clone()));
            }
            read.listed.insert(item.id);
        }
        match next {
            Some(offset) => {
                read.next = offset;
                self.ask(lane, Ask::Roster(call.clone(), offset));
                if let Some(work) = self.calls.get_mut(call) {
                    work.reading = Some(read);
                }
            }
            None => self.roster_read(call, read, now),
        }
    }

    /// The last page: who was not on any is asked for; whose lobby is not known is read.
    fn roster_read(&mut self, call: &CallId, read: RosterRead, now: Now) {
        let key = self.key(call);
        self.store.put_call(&key, |facts| facts.unreadable = read.unreadable);
        let mut unread = Vec::new();
        for person in self.store.with_call(&key, |call| call.roster.clone()).unwrap_or_default() {
            let facts = self.store.with_person(&person, |person| {
                let listing = person.listings.iter().find(|listing| listing.key == key);
                (listing.map(|listing| listing.at), person.home.clone())
            });
            let Some((Some(at), home)) = facts else { continue };
            if !read.listed.contains(&person) && at < read.started {
                if read.is_rotation() && self.is_pushed(call) {
                    self.repairs.asked(Missing::Person(person.clone()));
                }
                self.ask(Lane::Suspected, Ask::Person(person.clone()));
            }
            match home {
                Some(Home::Bridge(name)) if name == self.name => unread.push(person),
                Some(_) => {}
                None => self.find_home(&person, now),
            }
        }
        if !read.whole && self.is_polled(call) {
            self.read_what_is_not_pushed(call, &read);
        }
        let fresh = unread.iter().any(|person| !self.knows_legs(person));
        if read.whole && fresh {
            if let Some(work) = self.calls.get_mut(call) {
                work.legs_listed = false;
            }
            self.ask(read.lane, Ask::CallLegs(call.clone(), 0));
        }
        for person in unread {
            let known = self.knows_legs(&person);
            if known && read.whole {
                self.read_legs(&person, read.lane);
            } else if !read.whole && (!known || self.is_untold(&person)) {
                self.read_person(&person, Lane::Arrival);
            }
        }
        if !(read.whole && fresh) {
            self.settle(call);
        }
    }

    /// Whether somebody is on hold stands with each person, whether they are muted with each leg: two requests for each, of the budget.
    fn read_what_is_not_pushed(&mut self, call: &CallId, read: &RosterRead) {
        for person in self.store.with_call(&self.key(call), |call| call.roster.clone()).unwrap_or_default() {
            let home = self.store.with_person(&person, |person| person.home.clone()).flatten();
            // Whom another bridge hosts it tells itself.
            if matches!(&home, Some(Home::Bridge(name)) if *name != self.name) {
                continue;
            }
            if !read.stated.contains(&person) {
                self.ask(Lane::InCall, Ask::Person(person.clone()));
            }
            self.read_legs(&person, Lane::InCall);
        }
    }

    pub(super) fn take_call_legs(&mut self, call: &CallId, offset: usize, page: Page<LegId>) {
        let next = page.next(offset);
        for leg in page.items {
            if self.no_persons.contains(&leg) || self.leg_owners.contains_key(&leg) {
                continue;
            }
            if let Some(work) = self.calls.get_mut(call) {
                work.pending_legs.insert(leg.clone());
                self.ask(Lane::Resync, Ask::Leg(leg));
            }
        }
        match next {
            Some(offset) => self.ask(Lane::Resync, Ask::CallLegs(call.clone(), offset)),
            None => {
                if let Some(work) = self.calls.get_mut(call) {
                    work.legs_listed = true;
                }
                self.settle_if_read(call);
            }
        }
    }

    /// One leg of a call's list has been read, or can't be.
    pub(super) fn leg_of_list_done(&mut self, leg: &LegId, call: Option<&CallId>) {
        let done: Vec<CallId> = match call.filter(|call| self.calls.contains_key(*call)) {
            Some(call) => vec![call.clone()],
            None => self.calls.iter().filter(|(_, work)| work.pending_legs.contains(leg)).map(|(call, _)| call.clone()).collect(),
        };
        for call in done {
            let was = self.calls.get_mut(&call).is_some_and(|work| work.pending_legs.remove(leg));
            if was {
                self.settle_if_read(&call);
            }
        }
    }

    fn settle_if_read(&mut self, call: &CallId) {
        let Some(work) = self.calls.get(call) else { return };
        if work.settled || !work.legs_listed || !work.pending_legs.is_empty() {
            return;
        }
        // Whom the list of legs did not show is asked for one by one.
        for person in self.local_people(call) {
            if !self.knows_legs(&person) {
                self.read_person(&person, Lane::Resync);
            }
        }
        self.settle(call);
    }

    fn settle(&mut self, call: &CallId) {
        let Some(work) = self.calls.get_mut(call).filter(|work| !work.settled) else { return };
        work.settled = true;
        self.judge_state();
    }

    pub(super) fn roster_failed(&mut self, call: &CallId, error: &AskError, now: Now) {
        if let Some(work) = self.calls.get_mut(call) {
            // What should have been read whole still has to be.
            work.stale |= work.reading.take().is_some_and(|read| read.whole);
            work.legs_listed = true;
        }
        if matches!(error, AskError::Gone(_)) {
            self.ask(Lane::Suspected, Ask::Call(call.clone()));
            if let Some(work) = self.calls.get_mut(call) {
                work.roster_gone = Some(now.instant);
            }
        }
        self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + self.timing.poll_roster);
        // Whom events listed meanwhile would have waited for the roster.
        for person in self.store.with_call(&self.key(call), |call| call.roster.clone()).unwrap_or_default() {
            if self.store.with_person(&person, |person| person.home.is_none()).unwrap_or(false) {
                self.find_home(&person, now);
            }
        }
        self.settle_if_read(call);
    }

    /// People of a call whose legs run here.
    pub(super) fn local_people(&self, call: &CallId) -> Vec<ParticipantId> {
        let roster = self.store.with_call(&self.key(call), |call| call.roster.clone()).unwrap_or_default();
        let here = Some(Home::Bridge(self.name.clone()));
        roster.into_iter().filter(|person| self.store.with_person(person, |person| person.home == here).unwrap_or(false)).collect()
    }
}

/// Suspicions.
impl Bridge {
    /// Somebody came. Who waits lets nobody in: the others are read only for who does not, or of whom it is not known soon.
    pub(super) fn suspect_arrival(&mut self, call: &CallId, person: &ParticipantId, now: Now) {
        let Some(work) = self.calls.get_mut(call) else { return };
        work.arrived.push((person.clone(), now.instant));
        self.timers.sooner(Due::Arrived(call.clone()), now.instant + self.timing.second_look / 2);
    }

    pub(super) fn judge_arrivals(&mut self, call: &CallId, now: Now) {
        let arrived = self.calls.get_mut(call).map(|work| std::mem::take(&mut work.arrived)).unwrap_or_default();
        if arrived.is_empty() {
            return;
        }
        let (here, mut suspect, mut open) = (Home::Bridge(self.name.clone()), false, Vec::new());
        for (person, at) in arrived {
            let known =
                self.store.with_person(&person, |person| (person.lobby.state, person.home.as_ref().is_none_or(|home| *home == here)));
            match known {
                None | Some((Lobby::Waiting, _)) => {}
                // Their legs are being read here: what they say is acted on at once.
                Some((Lobby::Unknown, true)) if now.instant < at + self.timing.second_look => open.push((person, at)),
                Some(_) => suspect = true,
            }
        }
        let Some(work) = self.calls.get_mut(call) else { return };
        work.arrived = open;
        if !work.arrived.is_empty() {
            self.timers.sooner(Due::Arrived(call.clone()), now.instant + self.timing.second_look / 2);
        }
        if suspect {
            self.suspect_call(call, false, now);
        } else if !self.may_rely_on_records(now.instant) {
            // Something else may have come with them: one look, however many come meanwhile.
            let last = self.timing.recheck.len() - 1;
            self.timers.sooner(Due::Recheck(call.clone(), last), now.instant + self.timing.recheck[last]);
        }
    }

    /// Who came is in the call, by a first look: they may have let others in at that moment.
    pub(super) fn arrival_is_in(&mut self, call: &CallId, person: &ParticipantId, now: Now) {
        let Some(work) = self.calls.get_mut(call) else { return };
        let before = work.arrived.len();
        work.arrived.retain(|(arrived, _)| arrived != person);
        if work.arrived.len() < before {
            self.suspect_call(call, false, now);
        }
    }

    /// A join, leave or lock change may have moved others between lobby and call, at once or later.
    pub(super) fn suspect_call(&mut self, call: &CallId, all: bool, now: Now) {
        // Records tell of each of them, if they do.
        if self.may_rely_on_records(now.instant) {
            return;
        }
        let Some(work) = self.calls.get_mut(call) else { return };
        work.suspected = Some(now.instant);
        if all {
            work.suspected_all = Some(now.instant);
        }
        for (n, after) in self.timing.recheck.iter().enumerate() {
            self.timers.sooner(Due::Recheck(call.clone(), n), now.instant + *after);
        }
    }

    /// What moved one person may have moved others at the same moment. They are read once, and for a crowd that is found one by one not
    /// more often than a second look comes: later effects follow from a join, leave or lock, which is a suspicion of its own.
    pub(super) fn suspect_others(&mut self, call: &CallId, back: bool, now: Now) {
        if self.may_rely_on_records(now.instant) {
            return;
        }
        let Some(work) = self.calls.get_mut(call) else { return };
        work.moved = Some(now.instant);
        work.moved_back |= back;
        let at = work.others_read.map_or(now.instant, |last| (last + self.timing.second_look).max(now.instant));
        self.timers.sooner(Due::Others(call.clone()), at);
    }

    pub(super) fn read_others(&mut self, call: &CallId, now: Now) {
        let Some(work) = self.calls.get_mut(call) else { return };
        work.others_read = Some(now.instant);
        let all = std::mem::take(&mut work.moved_back);
        self.recheck_people(call, all, Lane::Suspected);
    }

    /// The `n`th reading after a suspicion. One that came later has it too, at its own time: however much happens in a call, the last
    /// change is looked after as long as the first.
    pub(super) fn recheck(&mut self, call: &CallId, n: usize, now: Now) {
        let after = self.timing.recheck[n];
        let Some(work) = self.calls.get_mut(call) else { return };
        let all = work.suspected_all.is_some();
        if n + 1 == self.timing.recheck.len() {
            work.suspected_all = work.suspected_all.filter(|at| *at + after > now.instant);
        }
        if let Some(again) = work.suspected.map(|at| at + after).filter(|at| *at > now.instant) {
            self.timers.sooner(Due::Recheck(call.clone(), n), again);
        }
        self.recheck_people(call, all, Lane::Suspected);
    }
}
