//! Which request goes to a bridge next: priorities, slots and pace. Pure; sends nothing and takes no clock.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::ask::Ask;
use crate::config::CmsLimits;
use crate::model::Queued;

/// Why something is asked, in the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lane {
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
pub(super) enum Pick {
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
pub(super) struct Queue {
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
    pub(super) fn new(limits: &CmsLimits, now: Instant) -> Self {
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
    pub(super) fn hurry(&mut self) {
        self.haste = Haste::Reading;
    }

    /// It has been read; what follows from that still has every slot.
    pub(super) fn end_hurry(&mut self) {
        if self.haste == Haste::Reading {
            self.haste = Haste::Ending;
        }
    }

    /// How much may be under way and how fast, from now on.
    pub(super) fn set_limits(&mut self, limits: &CmsLimits, now: Instant) {
        self.slots = limits.in_flight;
        self.pace = Pace::new(limits.background_per_second, now);
    }

    pub(super) fn push(&mut self, lane: Lane, ask: Ask) {
        match self.waiting.get(&ask) {
            Some(standing) if *standing <= lane => {}
            _ => {
                self.waiting.insert(ask.clone(), lane);
                self.lanes[lane as usize].push_back(ask);
            }
        }
    }

    /// Puts a request back at the head of its lane (busy, or a lost connection).
    pub(super) fn again(&mut self, lane: Lane, ask: Ask) {
        if !self.waiting.contains_key(&ask) {
            self.waiting.insert(ask.clone(), lane);
            self.lanes[lane as usize].push_front(ask);
        }
    }

    /// Nothing is sent for a while.
    pub(super) fn hold_until(&mut self, until: Instant) {
        self.held_until = self.held_until.max(Some(until));
    }

    /// How long nothing is sent from now on.
    pub(super) fn held_for(&self, now: Instant) -> Duration {
        self.held_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Forgets everything that waits.
    pub(super) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.waiting.clear();
    }

    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// How many requests wait in each lane.
    pub(super) fn waiting(&self) -> Vec<Queued> {
        let mut counts = [0; LANES];
        self.waiting.values().for_each(|lane| counts[*lane as usize] += 1);
        WORDS.iter().map(|(lane, word)| Queued { lane: word, waiting: counts[*lane as usize] }).collect()
    }

    pub(super) fn has(&self, ask: &Ask) -> bool {
        self.waiting.contains_key(ask)
    }

    /// Takes out what waits; false when it does not, or no longer.
    pub(super) fn remove(&mut self, ask: &Ask) -> bool {
        self.waiting.remove(ask).is_some()
    }

    /// Takes everything that waits out, each in its lane.
    pub(super) fn take_all(&mut self) -> HashMap<Ask, Lane> {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn done(&mut self, lane: Lane) {
        self.in_flight[lane as usize] = self.in_flight[lane as usize].saturating_sub(1);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    /// Takes the next request that may be sent now; the caller sends it and calls [`Queue::done`] with its lane afterwards.
    pub(super) fn pick(&mut self, now: Instant) -> Pick {
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
mod tests {
    use super::*;

    fn queue(now: Instant) -> Queue {
        let mut queue = Queue::new(&CmsLimits { in_flight: 4, background_per_second: 50, subscriptions_per_socket: 90 }, now);
        queue.alone = false;
        queue
    }

    fn leg(n: usize) -> Ask {
        Ask::Leg(n.to_string().into())
    }

    fn lanes_sent(queue: &mut Queue, now: Instant) -> Vec<Lane> {
        std::iter::from_fn(|| match queue.pick(now) {
            Pick::Send(lane, _) => Some(lane),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn the_first_request_goes_alone() {
        let now = Instant::now();
        let mut queue = queue(now);
        queue.alone = true;
        (0..4).for_each(|n| queue.push(Lane::Action, leg(n)));
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Action]);
    }

    #[test]
    fn a_bulk_admit_leaves_a_slot_to_arrivals_and_stands_behind_single_ones() {
        let now = Instant::now();
        let mut queue = queue(now);
        (0..9).for_each(|n| queue.push(Lane::Bulk, leg(n)));
        queue.push(Lane::Arrival, leg(100));
        queue.push(Lane::Arrival, leg(101));
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Bulk, Lane::Arrival, Lane::Bulk, Lane::Bulk]);
        queue.push(Lane::Action, leg(102));
        queue.done(Lane::Bulk);
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Action]);
    }

    #[test]
    fn background_work_keeps_the_last_slot_free() {
        let now = Instant::now();
        let mut queue = queue(now);
        (0..9).for_each(|n| queue.push(Lane::Resync, leg(n)));
        assert_eq!(lanes_sent(&mut queue, now).len(), 3);
        queue.push(Lane::Arrival, leg(100));
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Arrival]);
    }

    #[test]
    fn a_first_reading_takes_every_slot_and_stands_behind_arrivals() {
        let now = Instant::now();
        let mut queue = queue(now);
        queue.hurry();
        (0..9).for_each(|n| queue.push(Lane::Resync, leg(n)));
        assert_eq!(lanes_sent(&mut queue, now).len(), 4);
        queue.push(Lane::Arrival, leg(100));
        queue.done(Lane::Resync);
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Arrival]);
    }

    #[test]
    fn second_looks_of_a_first_reading_take_every_slot_until_they_are_done() {
        let now = Instant::now();
        let mut queue = queue(now);
        queue.hurry();
        (0..5).for_each(|n| queue.push(Lane::SecondLook, leg(n)));
        queue.end_hurry();
        assert_eq!(lanes_sent(&mut queue, now).len(), 4);
        queue.push(Lane::Waiting, leg(100));
        queue.done(Lane::SecondLook);
        assert_eq!(lanes_sent(&mut queue, now), [Lane::SecondLook]);
        queue.done(Lane::SecondLook);
        assert_eq!(lanes_sent(&mut queue, now), [], "a slot is kept free again");
    }

    #[test]
    fn background_work_is_paced() {
        let start = Instant::now();
        let mut queue = queue(start);
        let mut sent = 0;
        for n in 0..500 {
            queue.push(Lane::Waiting, leg(n));
        }
        for ms in 0..2000 {
            while let Pick::Send(lane, _) = queue.pick(start + Duration::from_millis(ms)) {
                queue.done(lane);
                sent += 1;
            }
        }
        assert!((100..=106).contains(&sent), "{sent} in two seconds at 50/s");
    }

    #[test]
    fn those_in_the_call_do_not_starve() {
        let start = Instant::now();
        let mut queue = queue(start);
        for n in 0..500 {
            queue.push(Lane::Waiting, leg(n));
            queue.push(Lane::InCall, leg(1000 + n));
        }
        let mut sent = Vec::new();
        for ms in 0..1000 {
            while let Pick::Send(lane, _) = queue.pick(start + Duration::from_millis(ms)) {
                queue.done(lane);
                sent.push(lane);
            }
        }
        assert!(sent.iter().filter(|lane| **lane == Lane::InCall).count() >= 9, "{sent:?}");
    }

    #[test]
    fn an_equal_request_waits_once_in_the_more_urgent_lane() {
        let now = Instant::now();
        let mut queue = queue(now);
        queue.push(Lane::Waiting, leg(1));
        queue.push(Lane::Arrival, leg(1));
        queue.push(Lane::Waiting, leg(1));
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Arrival]);
        assert!(queue.waiting.is_empty());
    }

    #[test]
    fn what_is_taken_back_is_not_sent_and_may_be_asked_again() {
        let now = Instant::now();
        let mut queue = queue(now);
        (0..3).for_each(|n| queue.push(Lane::Bulk, leg(n)));
        assert!(queue.remove(&leg(1)) && !queue.remove(&leg(1)) && !queue.remove(&leg(9)));
        queue.push(Lane::Action, leg(1));
        assert_eq!(lanes_sent(&mut queue, now), [Lane::Action, Lane::Bulk, Lane::Bulk]);
        assert!(!queue.remove(&leg(1)), "it has been sent");
    }

    #[test]
    fn a_busy_bridge_is_left_alone_for_a_while() {
        let now = Instant::now();
        let mut queue = queue(now);
        queue.push(Lane::Action, leg(1));
        queue.hold_until(now + Duration::from_secs(1));
        assert_eq!(queue.pick(now), Pick::At(now + Duration::from_secs(1)));
        assert!(matches!(queue.pick(now + Duration::from_secs(1)), Pick::Send(..)));
    }
}
