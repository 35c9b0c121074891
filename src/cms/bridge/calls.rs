//! Reading calls by REST: at first sight, after a reconnect, and again and again to find what no event told. Reads no people (`rosters`).
//!
//! Absence from a list removes nothing: only a GET that says gone does. Pages are no snapshots (rest.md section 2).

use std::collections::HashSet;

use super::rosters::RosterRead;
use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::answer::{CallDetail, CallItem, Page};
use crate::cms::ask::Ask;
use crate::cms::client::AskError;
use crate::cms::queue::Lane;
use crate::model::{CallId, LegId};

/// What this bridge still has to read of a call.
#[derive(Debug, Default)]
pub(super) struct CallWork {
    pub(super) reading: Option<RosterRead>,
    /// Its people and legs were read once since the last (re)connect; from here on people are read one by one.
    pub(super) settled: bool,
    /// The call began under our eyes: its people arrived when they were first listed.
    pub(super) fresh: bool,
    /// Legs of a list whose details are still to come.
    pub(super) pending_legs: HashSet<LegId>,
    pub(super) legs_listed: bool,
    /// Somebody left or the lock changed: also those in the call may have been sent back.
    pub(super) recheck_all: bool,
}

impl CallWork {
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Who is listed for the first time now came now.
    pub(super) fn sees_arrivals(&self) -> bool {
        self.fresh || self.knows_its_roster()
    }

    /// Its roster has been read whole: who comes now is new, and is read at once, also while the legs of the others are still being read.
    pub(super) fn knows_its_roster(&self) -> bool {
        self.reading.as_ref().is_none_or(|read| !read.whole)
    }
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
        self.queue.hurry = true;
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
            if self.ended.contains_key(&item.id) {
                continue;
            }
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

    pub(super) fn take_call(&mut self, call: &CallId, detail: CallDetail, now: Now) {
        if self.ended.contains_key(call) {
            return;
        }
        self.meet_call(call, Lane::Arrival, now);
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
        self.ended.insert(call.clone(), now.instant);
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
