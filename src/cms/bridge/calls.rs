//! Reading calls and rosters by REST: at first sight, after a reconnect, and again and again to find what no event told.
//!
//! Absence from a list removes nothing: only a GET that says gone does. Pages are no snapshots (rest.md section 2).

use std::collections::HashSet;
use std::time::Instant;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::answer::{CallDetail, CallItem, Page, RosterItem};
use crate::cms::ask::Ask;
use crate::cms::client::AskError;
use crate::cms::queue::Lane;
use crate::model::{CallId, Home, LegId, ParticipantId, RosterPatch};

/// What this bridge still has to read of a call.
#[derive(Debug, Default)]
pub(super) struct CallWork {
    reading: Option<RosterRead>,
    /// Its people and legs were read once since the last (re)connect; from here on people are read one by one.
    settled: bool,
    /// The call began under our eyes: its people arrived when they were first listed.
    pub(super) fresh: bool,
    /// Legs of a list whose details are still to come.
    pending_legs: HashSet<LegId>,
    legs_listed: bool,
    /// Somebody left or the lock changed: also those in the call may have been sent back.
    recheck_all: bool,
}

impl CallWork {
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }
}

/// One pass over a call's roster.
#[derive(Debug)]
struct RosterRead {
    lane: Lane,
    started: Instant,
    listed: HashSet<ParticipantId>,
    /// The call is new to us: its legs are read from the call's list, a tenth of the requests of asking person by person.
    whole: bool,
}

/// One pass over the list of calls.
#[derive(Debug)]
pub(super) struct CallSweep {
    lane: Lane,
    listed: HashSet<CallId>,
    /// Calls known when the pass began.
    before: HashSet<CallId>,
}

/// Calls.
impl Bridge {
    /// Everything is read again: after a reconnect nothing that was known can be relied on.
    pub(super) fn resync(&mut self, now: Now) {
        for work in self.calls.values_mut() {
            work.settled = false;
        }
        self.link.calls_read = false;
        self.begin_call_sweep(Lane::Resync);
        self.timers.set(Due::SweepCalls, now.instant + self.timing.sweep_calls);
    }

    pub(super) fn sweep_calls(&mut self, now: Now) {
        if self.link.is_up() {
            if self.sweep.is_none() {
                self.begin_call_sweep(Lane::InCall);
            }
            let interval = if self.is_blind() { self.timing.poll_roster } else { self.timing.sweep_calls };
            self.timers.set(Due::SweepCalls, now.instant + interval);
        }
    }

    fn begin_call_sweep(&mut self, lane: Lane) {
        self.sweep = Some(CallSweep { lane, listed: HashSet::new(), before: self.calls.keys().cloned().collect() });
        self.ask(lane, Ask::Calls(0));
    }

    pub(super) fn take_calls(&mut self, offset: usize, page: Page<CallItem>, now: Now) {
        let Some(mut sweep) = self.sweep.take() else { return };
        let next = page.next(offset);
        for item in page.items {
            sweep.listed.insert(item.id.clone());
            if self.link.calls_read && !self.calls.contains_key(&item.id) {
                self.missed_change(0, now);
            }
            self.meet_call(&item.id, sweep.lane, now);
            if !self.link.calls_read && self.calls.get(&item.id).is_some_and(|work| !work.settled && work.reading.is_none()) {
                self.begin_roster(&item.id, Lane::Resync, true, now);
            }
            let key = self.key(&item.id);
            self.store.put_call(&key, |facts| {
                if let Some(name) = item.name {
                    facts.name = name;
                }
                facts.space = item.space.or(facts.space.take());
                facts.tenant = item.tenant.or(facts.tenant.take());
                facts.correlator = item.correlator.or(facts.correlator.take());
            });
            self.want_label(&item.id);
        }
        if let Some(offset) = next {
            self.ask(sweep.lane, Ask::Calls(offset));
            self.sweep = Some(sweep);
            return;
        }
        for call in sweep.before.difference(&sweep.listed) {
            self.ask(sweep.lane, Ask::Call(call.clone()));
        }
        self.link.calls_read = true;
        self.judge_state();
    }

    pub(super) fn calls_failed(&mut self, now: Now) {
        self.sweep = None;
        self.timers.sooner(Due::SweepCalls, now.instant + self.timing.reconnect_min);
    }

    /// A call is there. At first sight it is followed and read whole.
    pub(super) fn meet_call(&mut self, call: &CallId, lane: Lane, now: Now) {
        if self.calls.contains_key(call) {
            return;
        }
        self.calls.insert(call.clone(), CallWork { fresh: self.link.calls_read, ..CallWork::default() });
        self.store.put_call(&self.key(call), |_| {});
        self.follow_call(call, now);
        let lane = if self.link.calls_read { lane.min(Lane::Arrival) } else { Lane::Resync };
        self.ask(lane, Ask::Call(call.clone()));
        self.begin_roster(call, lane, true, now);
    }

    pub(super) fn take_call(&mut self, call: &CallId, detail: CallDetail) {
        if !self.calls.contains_key(call) {
            return;
        }
        let key = self.key(call);
        self.store.put_call(&key, |facts| {
            if let Some(name) = detail.name {
                facts.name = name;
            }
            facts.space = detail.space.or(facts.space.take());
            facts.tenant = detail.tenant.or(facts.tenant.take());
            facts.correlator = detail.correlator.or(facts.correlator.take());
            facts.owner = detail.owner.or(facts.owner.take());
            facts.locked = detail.locked.or(facts.locked);
            facts.recording = detail.recording.unwrap_or(facts.recording);
            facts.streaming = detail.streaming.unwrap_or(facts.streaming);
        });
        self.want_label(call);
    }

    pub(super) fn call_failed(&mut self, call: &CallId, error: &AskError, now: Now) {
        if matches!(error, AskError::Gone(_)) {
            self.end_call(call, now);
        }
    }

    /// The call ended on this bridge; other bridges' instances are their own.
    pub(super) fn end_call(&mut self, call: &CallId, now: Now) {
        let Some(work) = self.calls.remove(call) else { return };
        let key = self.key(call);
        for leg in work.pending_legs {
            self.no_persons.remove(&leg);
        }
        for person in self.store.with_call(&key, |call| call.roster.clone()).unwrap_or_default() {
            if self.people.get(&person).is_some_and(|work| work.call.as_ref().is_none_or(|c| c == call)) {
                self.forget_person(&person);
            }
            self.removed.insert(person, now.instant);
        }
        self.store.remove_call(&key);
        self.unfollow_call(call, now);
        self.timers.cancel(&Due::SweepRoster(call.clone()));
        for n in 0..self.timing.recheck.len() {
            self.timers.cancel(&Due::Recheck(call.clone(), n));
        }
        self.judge_state();
    }

    /// What was being read when the bridge went away begins anew when it is back.
    pub(super) fn forget_reading(&mut self) {
        self.sweep = None;
        for socket in self.sockets.values_mut() {
            socket.connecting = false;
        }
        for work in self.calls.values_mut() {
            (work.reading, work.legs_listed, work.settled) = (None, false, false);
            work.pending_legs.clear();
        }
    }
}

/// Rosters.
impl Bridge {
    fn begin_roster(&mut self, call: &CallId, lane: Lane, whole: bool, now: Now) {
        let Some(work) = self.calls.get_mut(call) else { return };
        work.reading = Some(RosterRead { lane, started: now.instant, listed: HashSet::new(), whole });
        self.ask(lane, Ask::Roster(call.clone(), 0));
        self.timers.set(Due::SweepRoster(call.clone()), now.instant + self.timing.sweep_roster);
    }

    /// Compares a roster with what the events told; where they tell nothing, this is how its changes are found.
    pub(super) fn sweep_roster(&mut self, call: &CallId, now: Now) {
        let Some(work) = self.calls.get(call) else { return };
        if !self.link.is_up() {
            return;
        }
        if work.reading.is_none() {
            self.begin_roster(call, Lane::InCall, false, now);
            self.ask(Lane::InCall, Ask::Call(call.clone()));
        }
        let blind = self.plan.is_refused(call) || self.is_blind();
        let interval = if blind { self.timing.poll_roster } else { self.timing.sweep_roster };
        self.timers.set(Due::SweepRoster(call.clone()), now.instant + interval);
    }

    pub(super) fn take_roster(&mut self, lane: Lane, call: &CallId, offset: usize, page: Page<RosterItem>, sent: Now, now: Now) {
        let next = page.next(offset);
        let Some(mut read) = self.calls.get_mut(call).and_then(|work| work.reading.take()) else { return };
        let key = self.key(call);
        let mut missed = false;
        for item in page.items {
            if self.removed.contains_key(&item.id) {
                continue;
            }
            let patch = RosterPatch { name: item.name, address: item.address, ..RosterPatch::default() };
            let listed = self.store.list_person(&key, &item.id, patch, sent.instant, now);
            if listed.new_listing && !read.whole {
                self.suspect_call(call, false, now);
                missed = true;
            }
            self.note_arrival(call, &item.id, listed.new_person);
            self.set_home(&item.id, item.call_bridge.as_deref(), call);
            read.listed.insert(item.id);
        }
        if let Some(socket) = self.plan.socket_of(call).filter(|_| missed) {
            self.missed_change(socket, now);
        }
        match next {
            Some(offset) => {
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
        let mut unread = Vec::new();
        for person in self.store.with_call(&key, |call| call.roster.clone()).unwrap_or_default() {
            let facts = self.store.with_person(&person, |person| {
                let listing = person.listings.iter().find(|listing| listing.key == key);
                (listing.map(|listing| listing.at), person.home.clone())
            });
            let Some((Some(at), home)) = facts else { continue };
            if !read.listed.contains(&person) && at < read.started {
                self.ask(Lane::Suspected, Ask::Person(person.clone()));
            }
            match home {
                Some(Home::Bridge(name)) if name == self.name => unread.push(person),
                Some(_) => {}
                None => self.find_home(&person, now),
            }
        }
        let fresh = unread.iter().any(|person| self.people.get(person).is_none_or(|work| work.legs.is_empty()));
        if read.whole && fresh {
            if let Some(work) = self.calls.get_mut(call) {
                work.legs_listed = false;
            }
            self.ask(read.lane, Ask::CallLegs(call.clone(), 0));
        }
        for person in unread {
            let known = self.people.get(&person).is_some_and(|work| !work.legs.is_empty());
            if known && read.whole {
                self.read_legs(&person, read.lane);
            } else if !known && !read.whole {
                self.read_person(&person, Lane::Arrival);
            }
        }
        if !(read.whole && fresh) {
            self.settle(call, now);
        }
    }

    pub(super) fn take_call_legs(&mut self, call: &CallId, offset: usize, page: Page<LegId>, now: Now) {
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
                self.settle_if_read(call, now);
            }
        }
    }

    /// One leg of a call's list has been read, or can't be.
    pub(super) fn leg_of_list_done(&mut self, leg: &LegId, call: Option<&CallId>, now: Now) {
        let done: Vec<CallId> = match call.filter(|call| self.calls.contains_key(*call)) {
            Some(call) => vec![call.clone()],
            None => self.calls.iter().filter(|(_, work)| work.pending_legs.contains(leg)).map(|(call, _)| call.clone()).collect(),
        };
        for call in done {
            let was = self.calls.get_mut(&call).is_some_and(|work| work.pending_legs.remove(leg));
            if was {
                self.settle_if_read(&call, now);
            }
        }
    }

    fn settle_if_read(&mut self, call: &CallId, now: Now) {
        let Some(work) = self.calls.get(call) else { return };
        if work.settled || !work.legs_listed || !work.pending_legs.is_empty() {
            return;
        }
        // Whom the list of legs did not show is asked for one by one.
        for person in self.local_people(call) {
            if self.people.get(&person).is_none_or(|work| work.legs.is_empty()) {
                self.read_person(&person, Lane::Resync);
            }
        }
        self.settle(call, now);
    }

    fn settle(&mut self, call: &CallId, now: Now) {
        let Some(work) = self.calls.get_mut(call).filter(|work| !work.settled) else { return };
        work.settled = true;
        // Who joined while the call was being read was only listed; from here on people are read one by one.
        let roster = self.store.with_call(&self.key(call), |call| call.roster.clone()).unwrap_or_default();
        for person in roster {
            let homeless = self.store.with_person(&person, |person| person.home.is_none()).unwrap_or(false);
            if homeless && !self.is_ringing(&person) {
                self.find_home(&person, now);
            }
        }
        self.judge_state();
    }

    pub(super) fn roster_failed(&mut self, call: &CallId, error: &AskError, now: Now) {
        if let Some(work) = self.calls.get_mut(call) {
            work.reading = None;
            work.legs_listed = true;
        }
        match error {
            AskError::Gone(_) => self.ask(Lane::Suspected, Ask::Call(call.clone())),
            _ => self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + self.timing.poll_roster),
        }
        self.settle_if_read(call, now);
    }

    pub(super) fn is_settled(&self, call: &CallId) -> bool {
        self.calls.get(call).is_some_and(|work| work.settled)
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
    /// A join, leave or lock change may have moved others between lobby and call.
    pub(super) fn suspect_call(&mut self, call: &CallId, all: bool, now: Now) {
        let Some(work) = self.calls.get_mut(call) else { return };
        work.recheck_all |= all;
        for (n, after) in self.timing.recheck.iter().enumerate() {
            self.timers.sooner(Due::Recheck(call.clone(), n), now.instant + *after);
        }
    }

    pub(super) fn recheck(&mut self, call: &CallId) {
        let all = self.calls.get(call).is_some_and(|work| work.recheck_all);
        self.recheck_people(call, all);
        let pending = (0..self.timing.recheck.len()).any(|n| self.timers.has(&Due::Recheck(call.clone(), n)));
        if let Some(work) = self.calls.get_mut(call).filter(|_| !pending) {
            work.recheck_all = false;
        }
    }
}
