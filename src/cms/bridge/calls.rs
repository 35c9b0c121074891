//! Reading calls by REST: at first sight, after a reconnect, and again and again to find what no event told. Reads no people (`rosters`).
//!
//! Absence from a list removes nothing: only a GET that says gone does. Pages are no snapshots (rest.md section 2).

use std::collections::HashSet;
use std::time::Instant;

use super::rosters::RosterRead;
use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::events::subscriptions::Topic;
use crate::cms::evidence::Fact;
use crate::cms::missed_events::{Found, Missing};
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::{CallDetail, CallItem, Page};
use crate::model::{CallId, LegId, ParticipantId, RosterPatch};

/// What this bridge still has to read of a call.
#[derive(Debug, Default)]
pub(super) struct CallWork {
    pub(super) reading: Option<RosterRead>,
    /// When its roster was last read because an event about it could not be.
    pub(super) lost: Option<Instant>,
    /// Not read again yet since the last (re)connect.
    pub(super) stale: bool,
    /// Its people and legs were read once since the last (re)connect; from here on people are read one by one.
    pub(super) settled: bool,
    /// When an event last told of it.
    pub(super) told: Option<Instant>,
    /// When its facts (name, lock, recording, streaming) were true at the latest.
    pub(super) facts_at: Option<Instant>,
    /// When a reading of its whole roster last found nothing there.
    pub(super) roster_gone: Option<Instant>,
    /// Somebody in it was hosted elsewhere, or their legs did not tell: where its people are hosted is asked before which legs they have.
    pub(super) asks_where: bool,
    /// Who came and when, of whom it is not known yet whether they wait.
    pub(super) arrived: Vec<(ParticipantId, Instant)>,
    /// The call began under our eyes: its people arrived when they were first listed.
    pub(super) fresh: bool,
    /// Legs of a list whose details are still to come.
    pub(super) pending_legs: HashSet<LegId>,
    pub(super) legs_listed: bool,
    /// When it was last suspected that somebody moved between lobby and call.
    pub(super) suspected: Option<Instant>,
    /// When somebody was last seen to have moved between lobby and call: others may have moved together with them.
    pub(super) moved: Option<Instant>,
    /// They may have been sent back, too: also those in the call are looked at.
    pub(super) moved_back: bool,
    /// When the others were last looked at for that.
    pub(super) others_read: Option<Instant>,
    /// When somebody last left or the lock changed: also those in the call may have been sent back.
    pub(super) suspected_all: Option<Instant>,
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
    started: Instant,
    /// The page that comes next; answers to an earlier pass are none of this one.
    next: usize,
    listed: HashSet<CallId>,
    /// Entries that nothing could be read from.
    unreadable: u32,
    /// Calls known when the pass began.
    before: HashSet<CallId>,
}

/// Calls.
impl Bridge {
    /// Everything is read again: after a reconnect nothing that was known can be relied on.
    pub(super) fn resync(&mut self, now: Now) {
        for work in self.calls.values_mut() {
            // A reading under way may have seen what was there before.
            (work.reading, work.stale, work.settled) = (None, true, false);
        }
        self.link.calls_read = false;
        self.queue.hurry();
        self.repairs.clear();
        self.begin_call_sweep(Lane::Resync, now);
        self.timers.set(Due::SweepCalls, now.instant + self.timing.sweep_calls);
    }

    pub(super) fn sweep_calls(&mut self, lane: Lane, now: Now) {
        if self.link.is_up() {
            if self.sweep.is_none() {
                self.begin_call_sweep(lane, now);
            }
            let interval = if self.is_blind() { self.timing.poll_roster } else { self.timing.sweep_calls };
            self.timers.set(Due::SweepCalls, now.instant + interval);
        }
    }

    fn begin_call_sweep(&mut self, lane: Lane, now: Now) {
        let before = self.calls.keys().cloned().collect();
        self.sweep = Some(CallSweep { lane, started: now.instant, next: 0, listed: HashSet::new(), unreadable: 0, before });
        self.ask(lane, Ask::Calls(0));
    }

    pub(super) fn take_calls(&mut self, offset: usize, page: Page<CallItem>, sent: Now, now: Now) {
        let Some(mut sweep) = self.sweep.take_if(|sweep| sweep.next == offset && sweep.started <= sent.instant) else { return };
        let next = page.next(offset);
        sweep.unreadable = sweep.unreadable.saturating_add(page.lost());
        self.renew_labels(now.instant);
        for item in page.items {
            sweep.listed.insert(item.id.clone());
            if self.ended.contains_key(&item.id) {
                continue;
            }
            if self.link.calls_read && !self.calls.contains_key(&item.id) {
                self.shows(Topic::Calls, &item.id, Fact::Listed, now);
                if sweep.lane != Lane::Resync && self.hears_of_calls() {
                    self.found(Found::Call(item.id.clone()), now);
                }
            }
            self.meet_call(&item.id, sweep.lane, now);
            self.read_if_stale(&item.id, now);
            let key = self.key(&item.id);
            let before = self.store.with_call(&key, |call| call.facts.clone()).unwrap_or_default();
            let newest = self.calls.get(&item.id).is_some_and(|work| work.facts_at.is_none_or(|at| at <= sent.instant));
            self.store.put_call(&key, |facts| {
                if let Some(name) = item.name.filter(|_| newest) {
                    facts.name = name;
                }
                facts.space = item.space.or(facts.space.take());
                facts.tenant = item.tenant.or(facts.tenant.take());
                facts.correlator = item.correlator.or(facts.correlator.take());
            });
            self.shows_call(&item.id, &before, now);
            self.want_label(&item.id);
        }
        if let Some(offset) = next {
            sweep.next = offset;
            self.ask(sweep.lane, Ask::Calls(offset));
            self.sweep = Some(sweep);
            return;
        }
        self.store.put_bridge(&self.name, |bridge| bridge.unreadable_calls = sweep.unreadable);
        for call in sweep.before.difference(&sweep.listed) {
            if sweep.lane == Lane::Resync {
                // It has most likely ended: a set that names it may be refused whole. Should it be there after all, it is followed again.
                self.unfollow_call(call, now);
            }
            if self.link.calls_read && sweep.lane != Lane::Resync && self.hears_of_calls() {
                self.repairs.asked(Missing::Call(call.clone()));
            }
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

    pub(super) fn take_call(&mut self, call: &CallId, detail: CallDetail, sent: Now, now: Now) {
        self.repairs.was_missing(&Missing::Call(call.clone()));
        if self.ended.contains_key(call) {
            return;
        }
        self.meet_call(call, Lane::Arrival, now);
        self.follow_call(call, now);
        let Some(work) = self.calls.get_mut(call) else { return };
        // An event, or another answer, knows better than what was asked for before it.
        let newest = work.facts_at.is_none_or(|at| at <= sent.instant);
        if newest {
            work.facts_at = Some(sent.instant);
        } else {
            self.ask(Lane::Suspected, Ask::Call(call.clone()));
        }
        let key = self.key(call);
        let before = self.store.with_call(&key, |call| call.facts.clone()).unwrap_or_default();
        self.store.put_call(&key, |facts| {
            facts.space = detail.space.or(facts.space.take());
            facts.tenant = detail.tenant.or(facts.tenant.take());
            facts.correlator = detail.correlator.or(facts.correlator.take());
            facts.owner = detail.owner.or(facts.owner.take());
            if !newest {
                return;
            }
            if let Some(name) = detail.name {
                facts.name = name;
            }
            facts.locked = detail.locked.or(facts.locked);
            facts.recording = detail.recording.unwrap_or(facts.recording);
            facts.streaming = detail.streaming.unwrap_or(facts.streaming);
        });
        let locked = self.store.with_call(&key, |call| call.facts.locked).flatten();
        if before.locked.is_some() && locked != before.locked {
            self.suspect_call(call, true, now);
        }
        self.shows_call(call, &before, now);
        self.note_presenter(call, detail.presenter.as_ref(), sent, now);
        self.want_label(call);
        // Pages that shifted while they were read may not have shown it.
        self.read_if_stale(call, now);
    }

    /// Where no roster tells who presents, the call does, of this bridge's own people.
    fn note_presenter(&self, call: &CallId, leg: Option<&LegId>, sent: Now, now: Now) {
        if !self.is_polled(call) {
            return;
        }
        let presenter = leg.and_then(|leg| self.leg_owners.get(leg));
        let key = self.key(call);
        for person in self.local_people(call) {
            let presents = presenter == Some(&person);
            let shown = |person: &crate::model::Participant| person.listings.iter().any(|l| l.key == key && l.presenter != presents);
            if self.store.with_person(&person, shown).unwrap_or(false) {
                let patch = RosterPatch { presenter: Some(presents), ..RosterPatch::default() };
                self.store.list_person(&key, &person, patch, sent.instant, now);
            }
        }
    }

    /// The list of calls comes by events, and has for so long that what was not on its first list is known to be gone.
    fn hears_of_calls(&self) -> bool {
        self.sockets.get(&0).is_some_and(|socket| socket.open && !socket.begun.iter().any(|(topic, _)| *topic == Topic::Calls))
    }

    /// A call that is there and has no roster is tried again, not at once.
    fn read_if_stale(&mut self, call: &CallId, now: Now) {
        let recent = |at: Instant| now.instant < at + self.timing.poll_roster;
        if self.calls.get(call).is_some_and(|work| work.stale && !work.roster_gone.is_some_and(recent)) {
            self.begin_roster(call, Lane::Resync, true, now);
        }
    }

    pub(super) fn call_failed(&mut self, call: &CallId, error: &AskError, now: Now) {
        match error {
            AskError::Gone(_) => {
                if self.calls.contains_key(call) {
                    self.shows(Topic::Calls, call, Fact::Listed, now);
                }
                if self.repairs.was_missing(&Missing::Call(call.clone())) && self.calls.contains_key(call) {
                    self.found(Found::Call(call.clone()), now);
                }
                self.end_call(call, now);
            }
            _ => self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + self.timing.poll_roster),
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
            self.unplaced.remove(&person);
            self.removed.insert(person, now.instant);
        }
        self.store.remove_call(&key);
        self.vitals.evidence.forget(|topic| *topic == Topic::Roster(call.clone()));
        self.unfollow_call(call, now);
        self.timers.cancel(&Due::Arrived(call.clone()));
        self.timers.cancel(&Due::SweepRoster(call.clone()));
        self.timers.cancel(&Due::Others(call.clone()));
        for n in 0..self.timing.recheck.len() {
            self.timers.cancel(&Due::Recheck(call.clone(), n));
        }
        self.judge_state();
    }

    /// What was being read when the bridge went away begins anew when it is back.
    pub(super) fn forget_reading(&mut self) {
        self.sweep = None;
        self.unplaced.clear();
        for socket in self.sockets.values_mut() {
            socket.connecting = false;
        }
        for work in self.calls.values_mut() {
            (work.reading, work.legs_listed, work.settled) = (None, false, false);
            work.pending_legs.clear();
        }
    }
}
