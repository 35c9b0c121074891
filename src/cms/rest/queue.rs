//! Which request goes to a bridge next: priorities, slots and pace. Pure; sends nothing and takes no clock.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::request::Ask;
use crate::config::CmsLimits;
use crate::model::Queued;

/// Why something is asked, in the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::cms) enum Lane {
    /// What a moderator asked for, and what keeps the link alive.
    Action,
    /// One of many that a moderator asked for with one press.
    Bulk,
    /// A record says that something happened to this leg or call.
    Told,
    /// Somebody new.
    Arrival,
    /// Reading a whole bridge or call. Like all that follows, it never takes the last slot.
    Resync,
    /// Confirming that somebody is in, once those who wait are found.
    SecondLook,
    /// A join, leave or lock may have changed somebody's lobby. From here on requests are paced.
    Suspected,
    /// Those waiting, again and again.
    Waiting,
    /// Those in the call, and comparisons with the events.
    InCall,
}

const LANES: usize = 9;

/// Every lane, most urgent first, with its word in the figures.
const WORDS: [(Lane, &str); LANES] = [
    (Lane::Action, "action"),
    (Lane::Bulk, "bulk"),
    (Lane::Told, "told"),
    (Lane::Arrival, "arrival"),
    (Lane::Resync, "resync"),
    (Lane::SecondLook, "second_look"),
    (Lane::Suspected, "suspected"),
    (Lane::Waiting, "waiting"),
    (Lane::InCall, "in_call"),
];

/// What the queue says to do now.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cms) enum Pick {
    Send(Lane, Ask),
    /// Something may be sent at this time if nothing else happens before.
    At(Instant),
    /// Nothing can be sent until something is asked or answered.
    Idle,
}

/// Whether every slot may be used for readings: who comes meanwhile waits for one answer at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Haste {
    No,
    /// The bridge is read from nothing.
    Reading,
    /// It has been read, until the second looks that follow from that are done.
    Ending,
}

/// Requests that wait for a slot. An equal request waits only once, in the more urgent of its lanes.
#[derive(Debug)]
pub(in crate::cms) struct Queue {
    lanes: [VecDeque<Ask>; LANES],
    waiting: HashMap<Ask, Lane>,
    in_flight: [usize; LANES],
    slots: usize,
    pace: Pace,
    /// Counts paced picks, so that those in the call get every fifth and never starve behind those waiting.
    turn: u32,
    /// CMS said that it is busy: nothing is sent before.
    held_until: Option<Instant>,
    /// Until the first answer only one request is under way: a wrong password must not be tried four times.
    pub alone: bool,
    haste: Haste,
}

impl Queue {
    pub(in crate::cms) fn new(limits: &CmsLimits, now: Instant) -> Self {
        Self {
            lanes: Default::default(),
            waiting: HashMap::new(),
            in_flight: [0; LANES],
            slots: limits.in_flight,
            pace: Pace::new(limits.background_per_second, now),
            turn: 0,
            held_until: None,
            alone: true,
            haste: Haste::No,
        }
    }

    /// The bridge is read from nothing: no slot is kept free until that is done.
    pub(in crate::cms) fn hurry(&mut self) {
        self.haste = Haste::Reading;
    }

    /// It has been read; what follows from that still has every slot.
    pub(in crate::cms) fn end_hurry(&mut self) {
        if self.haste == Haste::Reading {
            self.haste = Haste::Ending;
        }
    }

    /// How much may be under way and how fast, from now on.
    pub(in crate::cms) fn set_limits(&mut self, limits: &CmsLimits, now: Instant) {
        self.slots = limits.in_flight;
        self.pace = Pace::new(limits.background_per_second, now);
    }

    pub(in crate::cms) fn push(&mut self, lane: Lane, ask: Ask) {
        match self.waiting.get(&ask) {
            Some(standing) if *standing <= lane => {}
            _ => {
                self.waiting.insert(ask.clone(), lane);
                self.lanes[lane as usize].push_back(ask);
            }
        }
    }

    /// Puts a request back at the head of its lane (busy, or a lost connection).
    pub(in crate::cms) fn again(&mut self, lane: Lane, ask: Ask) {
        if !self.waiting.contains_key(&ask) {
            self.waiting.insert(ask.clone(), lane);
            self.lanes[lane as usize].push_front(ask);
        }
    }

    /// Nothing is sent for a while.
    pub(in crate::cms) fn hold_until(&mut self, until: Instant) {
        self.held_until = self.held_until.max(Some(until));
    }

    /// How long nothing is sent from now on.
    pub(in crate::cms) fn held_for(&self, now: Instant) -> Duration {
        self.held_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Forgets everything that waits.
    pub(in crate::cms) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.waiting.clear();
    }

    pub(in crate::cms) fn slots(&self) -> usize {
        self.slots
    }

    /// How many requests wait in each lane.
    pub(in crate::cms) fn waiting(&self) -> Vec<Queued> {
        let mut counts = [0; LANES];
        self.waiting.values().for_each(|lane| counts[*lane as usize] += 1);
        WORDS.iter().map(|(lane, word)| Queued { lane: word, waiting: counts[*lane as usize] }).collect()
    }

    pub(in crate::cms) fn has(&self, ask: &Ask) -> bool {
        self.waiting.contains_key(ask)
    }

    /// Takes out what waits; false when it does not, or no longer.
    pub(in crate::cms) fn remove(&mut self, ask: &Ask) -> bool {
        self.waiting.remove(ask).is_some()
    }

    /// Takes everything that waits out, each in its lane.
    pub(in crate::cms) fn take_all(&mut self) -> HashMap<Ask, Lane> {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        std::mem::take(&mut self.waiting)
    }

    pub(in crate::cms) fn done(&mut self, lane: Lane) {
        self.in_flight[lane as usize] = self.in_flight[lane as usize].saturating_sub(1);
    }

    pub(in crate::cms) fn in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    /// Takes the next request that may be sent now; the caller sends it and calls [`Queue::done`] with its lane afterwards.
    pub(in crate::cms) fn pick(&mut self, now: Instant) -> Pick {
        if let Some(until) = self.held_until {
            if until > now {
                return Pick::At(until);
            }
            self.held_until = None;
        }
        let slots = if self.alone { 1 } else { self.slots };
        if self.in_flight() >= slots {
            return Pick::Idle;
        }
        // One slot always goes to arrivals while there are any, also during a bulk admit.
        if self.in_flight[Lane::Arrival as usize] == 0
            && self.in_flight() > 0
            && let Some(ask) = self.take(Lane::Arrival)
        {
            return Pick::Send(Lane::Arrival, ask);
        }
        for lane in [Lane::Action, Lane::Bulk, Lane::Told, Lane::Arrival] {
            if let Some(ask) = self.take(lane) {
                return Pick::Send(lane, ask);
            }
        }
        // The last slot stays free for who comes next.
        let last = !self.alone && self.in_flight() + 1 >= slots;
        if last && self.haste == Haste::No {
            return Pick::Idle;
        }
        for lane in [Lane::Resync, Lane::SecondLook] {
            if let Some(ask) = self.take(lane) {
                return Pick::Send(lane, ask);
            }
        }
        if self.haste == Haste::Ending {
            self.haste = Haste::No;
        }
        if last && self.haste == Haste::No {
            return Pick::Idle;
        }
        self.pick_paced(now)
    }

    fn pick_paced(&mut self, now: Instant) -> Pick {
        if !self.lanes[Lane::Suspected as usize..].iter().any(|lane| !lane.is_empty()) {
            return Pick::Idle;
        }
        if let Err(at) = self.pace.take(now) {
            return Pick::At(at);
        }
        self.turn = self.turn.wrapping_add(1);
        let order = match self.turn % 5 {
            0 => [Lane::InCall, Lane::Suspected, Lane::Waiting],
            // Suspicions must not starve the plain rotation either: a busy call suspects all the time.
            2 => [Lane::Waiting, Lane::Suspected, Lane::InCall],
            _ => [Lane::Suspected, Lane::Waiting, Lane::InCall],
        };
        for lane in order {
            if let Some(ask) = self.take(lane) {
                return Pick::Send(lane, ask);
            }
        }
        self.pace.give_back();
        Pick::Idle
    }

    fn take(&mut self, lane: Lane) -> Option<Ask> {
        while let Some(ask) = self.lanes[lane as usize].pop_front() {
            // A more urgent lane may have overtaken this entry.
            if self.waiting.get(&ask) == Some(&lane) {
                self.waiting.remove(&ask);
                self.in_flight[lane as usize] += 1;
                return Some(ask);
            }
        }
        None
    }
}

/// A token bucket that holds a tenth of a second's worth, so that a pause is not made up by a burst.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    burst: u32,
    /// When the bucket would be full again.
    full_at: Instant,
}

impl Pace {
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
