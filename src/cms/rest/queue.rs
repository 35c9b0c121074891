//! Decides which request goes to a bridge next: priorities, slots and pace. Pure; sends nothing and takes no clock.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::request::Request;
use crate::config::CmsLimits;
use crate::model::Queued;

/// Why a request is sent, in the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::cms) enum Lane {
    /// A moderator's action, and requests that keep the connection alive.
    Action,
    /// One target of many of a bulk action.
    Bulk,
    /// A record announced a change of this leg or call.
    Announced,
    /// A new participant.
    Arrival,
    /// Reading a whole bridge or call. This lane and all after it never take the last slot.
    Resync,
    /// Confirming that a participant is in, once all who wait are found.
    Confirmation,
    /// A join, leave or lock may have changed a lobby state. From this lane on requests are paced.
    Suspected,
    /// Polling the participants who wait.
    Waiting,
    /// Polling the participants in the call, and comparing with the events.
    InCall,
}

const LANES: usize = 9;

/// Every lane, most urgent first, with its name in the bridge statistics.
const LANE_NAMES: [(Lane, &str); LANES] = [
    (Lane::Action, "action"),
    (Lane::Bulk, "bulk"),
    (Lane::Announced, "told"),
    (Lane::Arrival, "arrival"),
    (Lane::Resync, "resync"),
    (Lane::Confirmation, "second_look"),
    (Lane::Suspected, "suspected"),
    (Lane::Waiting, "waiting"),
    (Lane::InCall, "in_call"),
];

/// The queue's decision.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cms) enum Pick {
    Send(Lane, Request),
    /// A request may be sent at this time, if nothing else happens before.
    WaitUntil(Instant),
    /// Nothing can be sent until a request is pushed or finished.
    Idle,
}

/// Whether readings may use every slot: during the first reading of a bridge, newcomers wait for one response at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SyncPhase {
    None,
    /// The bridge is being read from nothing.
    Reading,
    /// The bridge has been read; confirmations are still queued.
    Confirming,
}

/// Requests that wait for a slot. An equal request waits only once, in the more urgent of its lanes.
#[derive(Debug)]
pub(in crate::cms) struct RequestQueue {
    lanes: [VecDeque<Request>; LANES],
    waiting: HashMap<Request, Lane>,
    in_flight: [usize; LANES],
    slots: usize,
    bucket: TokenBucket,
    /// The number of paced picks: every fifth goes to participants in the call, so that they never starve behind those who wait.
    paced_picks: u32,
    /// The bridge is busy: nothing is sent before this.
    paused_until: Option<Instant>,
    /// Until the first response only one request is under way: a wrong password must not be tried four times.
    pub single_flight: bool,
    sync_phase: SyncPhase,
}

impl RequestQueue {
    pub(in crate::cms) fn new(limits: &CmsLimits, now: Instant) -> Self {
        Self {
            lanes: Default::default(),
            waiting: HashMap::new(),
            in_flight: [0; LANES],
            slots: limits.in_flight,
            bucket: TokenBucket::new(limits.background_per_second, now),
            paced_picks: 0,
            paused_until: None,
            single_flight: true,
            sync_phase: SyncPhase::None,
        }
    }

    /// The bridge is about to be read from nothing: keeps no slot free until that is done.
    pub(in crate::cms) fn begin_initial_sync(&mut self) {
        self.sync_phase = SyncPhase::Reading;
    }

    /// The bridge has been read; the confirmations that follow may still use every slot.
    pub(in crate::cms) fn end_initial_sync(&mut self) {
        if self.sync_phase == SyncPhase::Reading {
            self.sync_phase = SyncPhase::Confirming;
        }
    }

    /// Changes how much may be under way and how fast.
    pub(in crate::cms) fn set_limits(&mut self, limits: &CmsLimits, now: Instant) {
        self.slots = limits.in_flight;
        self.bucket = TokenBucket::new(limits.background_per_second, now);
    }

    pub(in crate::cms) fn push(&mut self, lane: Lane, request: Request) {
        match self.waiting.get(&request) {
            Some(queued) if *queued <= lane => {}
            _ => {
                self.waiting.insert(request.clone(), lane);
                self.lanes[lane as usize].push_back(request);
            }
        }
    }

    /// Puts a request back at the head of its lane (busy, or a lost connection).
    pub(in crate::cms) fn requeue(&mut self, lane: Lane, request: Request) {
        if !self.waiting.contains_key(&request) {
            self.waiting.insert(request.clone(), lane);
            self.lanes[lane as usize].push_front(request);
        }
    }

    /// Pauses sending.
    pub(in crate::cms) fn pause_until(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// How much of the pause is left.
    pub(in crate::cms) fn paused_for(&self, now: Instant) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Forgets everything that waits.
    pub(in crate::cms) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.waiting.clear();
    }

    pub(in crate::cms) fn slots(&self) -> usize {
        self.slots
    }

    /// The number of waiting requests in each lane.
    pub(in crate::cms) fn waiting(&self) -> Vec<Queued> {
        let mut counts = [0; LANES];
        self.waiting.values().for_each(|lane| counts[*lane as usize] += 1);
        LANE_NAMES.iter().map(|(lane, word)| Queued { lane: word, waiting: counts[*lane as usize] }).collect()
    }

    pub(in crate::cms) fn contains(&self, request: &Request) -> bool {
        self.waiting.contains_key(request)
    }

    /// Removes a waiting request; false when it does not wait, or no longer.
    pub(in crate::cms) fn remove(&mut self, request: &Request) -> bool {
        self.waiting.remove(request).is_some()
    }

    /// Removes all waiting requests and returns them with their lanes.
    pub(in crate::cms) fn drain(&mut self) -> HashMap<Request, Lane> {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        std::mem::take(&mut self.waiting)
    }

    pub(in crate::cms) fn finish(&mut self, lane: Lane) {
        self.in_flight[lane as usize] = self.in_flight[lane as usize].saturating_sub(1);
    }

    pub(in crate::cms) fn in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    /// Takes the next request that may be sent now; the caller sends it and calls [`RequestQueue::finish`] with its lane afterwards.
    pub(in crate::cms) fn pick(&mut self, now: Instant) -> Pick {
        if let Some(until) = self.paused_until {
            if until > now {
                return Pick::WaitUntil(until);
            }
            self.paused_until = None;
        }
        let slots = if self.single_flight { 1 } else { self.slots };
        if self.in_flight() >= slots {
            return Pick::Idle;
        }
        // One slot always goes to arrivals while there are any, also during a bulk action.
        if self.in_flight[Lane::Arrival as usize] == 0
            && self.in_flight() > 0
            && let Some(request) = self.take(Lane::Arrival)
        {
            return Pick::Send(Lane::Arrival, request);
        }
        for lane in [Lane::Action, Lane::Bulk, Lane::Announced, Lane::Arrival] {
            if let Some(request) = self.take(lane) {
                return Pick::Send(lane, request);
            }
        }
        // Keep the last slot free for the next arrival.
        let last = !self.single_flight && self.in_flight() + 1 >= slots;
        if last && self.sync_phase == SyncPhase::None {
            return Pick::Idle;
        }
        for lane in [Lane::Resync, Lane::Confirmation] {
            if let Some(request) = self.take(lane) {
                return Pick::Send(lane, request);
            }
        }
        if self.sync_phase == SyncPhase::Confirming {
            self.sync_phase = SyncPhase::None;
        }
        if last && self.sync_phase == SyncPhase::None {
            return Pick::Idle;
        }
        self.pick_paced(now)
    }

    fn pick_paced(&mut self, now: Instant) -> Pick {
        if !self.lanes[Lane::Suspected as usize..].iter().any(|lane| !lane.is_empty()) {
            return Pick::Idle;
        }
        if let Err(at) = self.bucket.take(now) {
            return Pick::WaitUntil(at);
        }
        self.paced_picks = self.paced_picks.wrapping_add(1);
        let order = match self.paced_picks % 5 {
            0 => [Lane::InCall, Lane::Suspected, Lane::Waiting],
            // Suspicions must not starve the plain rotation either: a busy call causes them all the time.
            2 => [Lane::Waiting, Lane::Suspected, Lane::InCall],
            _ => [Lane::Suspected, Lane::Waiting, Lane::InCall],
        };
        for lane in order {
            if let Some(request) = self.take(lane) {
                return Pick::Send(lane, request);
            }
        }
        self.bucket.give_back();
        Pick::Idle
    }

    fn take(&mut self, lane: Lane) -> Option<Request> {
        while let Some(request) = self.lanes[lane as usize].pop_front() {
            // A more urgent lane may have overtaken this entry.
            if self.waiting.get(&request) == Some(&lane) {
                self.waiting.remove(&request);
                self.in_flight[lane as usize] += 1;
                return Some(request);
            }
        }
        None
    }
}

/// A token bucket that holds a tenth of a second's worth, so that no burst follows a pause.
#[derive(Debug)]
struct TokenBucket {
    interval: Duration,
    burst: u32,
    /// When the bucket would be full again.
    full_at: Instant,
}

impl TokenBucket {
    fn new(per_second: u32, now: Instant) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), burst: (per_second / 10).max(1), full_at: now }
    }

    fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let full_at = self.full_at.max(now) + self.interval;
        let allowed_at = full_at.checked_sub(self.interval * self.burst).unwrap_or(now);
        if allowed_at > now {
            return Err(allowed_at);
        }
        self.full_at = full_at;
        Ok(())
    }

    fn give_back(&mut self) {
        self.full_at = self.full_at.checked_sub(self.interval).unwrap_or(self.full_at);
    }
}

#[cfg(test)]
mod tests;
