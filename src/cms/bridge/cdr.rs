//! Call Detail Records: which leg or call is read next because of one, when everything must be read again, and whether reading in turn may
//! slow down. Changes no fact about calls or people: only an answer of REST does.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::{debug, info, warn};

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::cdr::{Document, Feed, Noted, Subject};
use crate::cms::lobby_state::Seen;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::LegDetail;
use crate::config::CdrMode;
use crate::model::{CallId, CdrState, CdrStats, LegId};

/// Legs that only records know; each costs one request, and anybody who knows the address could invent them.
const MOST_STRAYS: usize = 1000;

/// What this bridge's records say.
#[derive(Debug)]
pub(super) struct Records {
    feed: Feed,
    /// When everything was last read again because of records.
    read_again: Option<Instant>,
    /// Connected legs of which only a record told so far.
    strays: HashSet<LegId>,
    /// When the last one came; Unix milliseconds.
    last: Option<i64>,
    said: CdrState,
    /// How many have come.
    taken: u64,
}

impl Records {
    pub(super) fn new() -> Self {
        Self { feed: Feed::new(), read_again: None, strays: HashSet::new(), last: None, said: CdrState::Off, taken: 0 }
    }
}

impl Bridge {
    pub(super) fn record_figures(&self) -> Option<CdrStats> {
        self.takes_records().then_some(CdrStats { records: self.records.taken, last: self.records.last })
    }
}

/// What comes in.
impl Bridge {
    pub(super) fn takes_records(&self) -> bool {
        self.config.cdr != CdrMode::Off
    }

    pub(super) fn take_records(&mut self, body: &Bytes, now: Now) {
        let documents = match Document::read(body) {
            Ok(documents) => documents,
            Err(error) => {
                self.counters.records_unreadable.increment(1);
                return debug!(bridge = %self.name, %error, "records unreadable");
            }
        };
        for document in documents {
            self.take_document(document, now);
        }
        self.judge_records();
    }

    fn take_document(&mut self, document: Document, now: Now) {
        self.records.last = Some(now.unix_ms);
        if document.unreadable > 0 {
            // The number of what can't be read is missing in the feed: everything is read again for it.
            self.counters.records_unreadable.increment(document.unreadable as u64);
            debug!(bridge = %self.name, records = document.unreadable, "records unreadable");
        }
        for record in document.records {
            self.counters.records.increment(1);
            self.records.taken += 1;
            match self.records.feed.take(&document.session, record.index, record.missing, now.instant) {
                Noted::Twice => continue,
                Noted::Fine => {}
                Noted::Gap => {
                    self.counters.record_gaps.increment(1);
                    self.read_again_soon(now);
                }
                Noted::Restarted => {
                    self.counters.record_gaps.increment(1);
                    self.restarted(now);
                }
            }
            match record.subject {
                Some(Subject::Leg { leg, waiting, connected }) => self.leg_told(leg, waiting, connected, now),
                Some(Subject::Call(call)) => self.call_told(call),
                None => {}
            }
        }
    }

    /// The leg is read before anything else but what moderators ask for.
    fn leg_told(&mut self, leg: LegId, waiting: Option<bool>, connected: bool, now: Now) {
        let owner = self.leg_owners.get(&leg).and_then(|person| self.people.get_mut(person));
        match owner.and_then(|work| Some((&mut work.announced, work.legs.iter_mut().find(|known| known.id == leg)?))) {
            Some((announced, known)) => {
                *announced = true;
                known.tell(waiting, now.instant);
                self.ask(Lane::Told, Ask::Leg(leg));
            }
            // Somebody new is read because of the event; a record is followed only if none comes.
            None if connected && !self.no_persons.contains(&leg) && self.records.strays.len() < MOST_STRAYS => {
                self.records.strays.insert(leg.clone());
                self.timers.sooner(Due::Stray(leg), now.instant + self.timing.second_look);
            }
            None => {}
        }
    }

    fn call_told(&mut self, call: CallId) {
        if !self.ended.contains_key(&call) {
            self.ask(Lane::Told, Ask::Call(call));
        }
    }

    pub(super) fn look_for_stray(&mut self, leg: LegId) {
        if self.leg_owners.contains_key(&leg) || !self.link.is_up() {
            self.records.strays.remove(&leg);
        } else {
            self.ask(Lane::Suspected, Ask::Leg(leg));
        }
    }

    /// A leg that no roster explains was read: somebody came and no event told.
    pub(super) fn stray_read(&mut self, leg: &LegId, detail: Option<&LegDetail>, now: Now) {
        if !self.records.strays.remove(leg) || self.leg_owners.contains_key(leg) || self.no_persons.contains(leg) {
            return;
        }
        let Some(call) = detail.and_then(|detail| detail.call.as_ref()) else { return };
        match self.calls.get(call) {
            None => self.call_told(call.clone()),
            Some(work) if work.reading.is_none() => self.begin_roster(call, Lane::Suspected, false, now),
            Some(_) => {}
        }
    }
}

/// What REST says of the records.
impl Bridge {
    /// Before everything is read: what was recorded earlier need not have come.
    pub(super) fn records_begin(&mut self) {
        self.records.feed.begin_reading();
    }

    pub(super) fn records_told(&mut self, next_record: Option<u64>, now: Now) {
        if let Some(index) = next_record.filter(|_| self.takes_records()) {
            self.records.feed.told(index, now.instant);
            let (last, next) = (self.records.last, self.records.feed.next());
            self.store.put_bridge(&self.name, |bridge| (bridge.cdr.last, bridge.cdr.next) = (last, next));
            self.judge_records();
        }
    }

    /// The status is read this often to see whether records are missing.
    pub(super) fn asks_for_records(&self, since: Duration) -> bool {
        self.takes_records() && since >= self.timing.cdr_check
    }

    pub(super) fn check_records(&mut self, now: Now) {
        if self.takes_records() && self.records.feed.stalls(self.timing.cdr_patience, now.instant) {
            warn!(bridge = %self.name, "the bridge makes records that do not arrive; reading everything again, and in turn as without records");
            self.read_again_soon(now);
            self.timers.sooner(Due::Register, now.instant);
            self.judge_records();
        }
    }

    /// At once, but not again before the patience has passed: a feed that is full of gaps must not flood the bridge.
    fn read_again_soon(&mut self, now: Now) {
        let at = self.records.read_again.map_or(now.instant, |last| (last + self.timing.cdr_patience).max(now.instant));
        self.timers.sooner(Due::ReadAgain, at);
    }

    /// A session of records that is another one: calls and legs have other ids, as after a reconnect.
    fn restarted(&mut self, now: Now) {
        let recently = self.records.read_again.is_some_and(|last| now.instant.duration_since(last) < self.timing.cdr_patience);
        if recently {
            self.read_again_soon(now);
        } else if self.link.is_up() {
            info!(bridge = %self.name, "started anew, as its records say; reading everything");
            self.records.read_again = Some(now.instant);
            self.resync(now);
        }
    }

    /// Reads the whole bridge while everything known goes on to count; nobody who arrives meanwhile has to wait for it.
    pub(super) fn read_again(&mut self, now: Now) {
        if !self.link.is_up() {
            return;
        }
        info!(bridge = %self.name, "records are missing; reading everything again");
        self.records.read_again = Some(now.instant);
        self.read_everything(Lane::Resync, now);
    }
}

/// Whether records can be relied on.
impl Bridge {
    /// Records come, none is missing, and they were seen to announce lobby changes: nobody needs to be read in turn so often.
    pub(super) fn may_rely_on_records(&self, now: Instant) -> bool {
        self.takes_records() && self.records.feed.is_reliable(3 * self.timing.cdr_check, now)
    }

    /// A reading changed a leg's lobby. A record must have announced it since the reading before, or does so soon.
    pub(super) fn leg_changed(&mut self, leg: &LegId, before: (Seen, Option<Instant>), after: Seen, now: Now) {
        if let ((Seen::Waiting, Some(since)), Seen::In) | ((Seen::In, Some(since)), Seen::Waiting) = (before, after)
            && self.takes_records()
        {
            self.timers.set(Due::Proof { leg: leg.clone(), waiting: after == Seen::Waiting, since }, now.instant + self.timing.cdr_check);
        }
    }

    pub(super) fn prove(&mut self, leg: &LegId, waiting: bool, since: Instant, now: Now) {
        let work = self.leg_owners.get(leg).and_then(|person| self.people.get(person));
        let Some(known) = work.and_then(|work| work.legs.iter().find(|known| known.id == *leg)) else { return };
        let announced = known.was_told(waiting, since);
        let before = self.records.feed.is_partial();
        self.records.feed.judge(announced, since);
        if !before && self.records.feed.is_partial() {
            warn!(bridge = %self.name, "a lobby changed and no record told: reading in turn as without records from now on");
            self.read_again_soon(now);
        }
        self.judge_records();
    }

    /// What the page says of the records.
    fn judge_records(&mut self) {
        let feed = &self.records.feed;
        let state = match feed {
            _ if !self.takes_records() => CdrState::Off,
            feed if feed.is_stalled() => CdrState::Stalled,
            feed if !feed.has_begun() => CdrState::Expected,
            feed if feed.is_partial() => CdrState::Partial,
            _ => CdrState::Arriving,
        };
        if std::mem::replace(&mut self.records.said, state) != state {
            self.store.put_bridge(&self.name, |bridge| bridge.cdr.state = state);
        }
    }
}
