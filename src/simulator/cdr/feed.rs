//! What one bridge sends: session, `correlatorIndex`, receivers (cdr.md 3). Which records there are is not decided here.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::simulator::id::Id;
use crate::simulator::switches::{CdrCallBridge, Switches};
use crate::simulator::world::World;

use super::book::Book;
use super::buffer::{Batch, Record};
use super::receivers::Receivers;
use super::sender::Job;
use super::{document, receivers};

/// A type that no version has.
const UNKNOWN_TYPE: &str = "callLegMood";

#[derive(Debug)]
pub(crate) struct Feed {
    pub(super) bridge: usize,
    pub(super) name: String,
    id: Id,
    clustered: bool,
    /// Made when the bridge starts, the same for all receivers.
    session: Id,
    next: u64,
    pub(super) book: Book,
    pub(crate) receivers: Receivers,
}

impl Feed {
    pub(super) fn new(world: &World, bridge: usize, hire: UnboundedSender<Job>, now_ms: i64) -> Self {
        let own = &world.bridges[bridge];
        Self {
            bridge,
            name: own.name.clone(),
            id: own.id,
            clustered: world.bridges.len() > 1,
            session: new_session(),
            next: 0,
            book: Book::of(world, bridge, now_ms),
            receivers: Receivers::new(bridge, hire),
        }
    }

    /// `correlatorIndex` of the next record; 0 when there was none.
    pub(crate) fn next_correlator(&self) -> u64 {
        self.next
    }

    /// Numbers a record and hands it to the receivers; without any it is only counted.
    pub(super) fn write(&mut self, kind: &'static str, switches: &Switches, now_ms: i64, body: impl FnOnce() -> String) {
        if switches.cdr_unknown && kind == "callLegStart" {
            self.hand_out(UNKNOWN_TYPE, switches, now_ms, || "<callLegMood><level>3</level></callLegMood>".to_owned());
        }
        self.hand_out(kind, switches, now_ms, body);
    }

    fn hand_out(&mut self, kind: &'static str, switches: &Switches, now_ms: i64, body: impl FnOnce() -> String) {
        let correlator = self.next;
        self.next += 1;
        if self.receivers.anybody() {
            let record = Record { kind, time_ms: now_ms + switches.clock_offset_ms, correlator, body: body() };
            self.receivers.push(&Arc::new(record), switches);
        }
    }

    /// A new session; what was not sent is lost with the memory of the bridge.
    pub(super) fn restart(&mut self, switches: &Switches) {
        self.session = new_session();
        self.next = 0;
        self.book = Book::default();
        self.receivers.restart(switches.cdr_record_index_continues);
    }

    /// The next POST for a receiver, if something waits for it.
    pub(super) fn next_batch(&mut self, receiver: Id, switches: &Switches) -> Option<Batch> {
        let records = self.receivers.find_mut(receiver)?.buffer.take(switches.cdr_batch);
        if records.is_empty() {
            return None;
        }
        let call_bridge = match switches.cdr_call_bridge {
            CdrCallBridge::Clustered => self.clustered,
            CdrCallBridge::Always => true,
            CdrCallBridge::Never => false,
        };
        let body = document::render(self.session, call_bridge.then_some(self.id), &records, switches);
        Some(Batch { session: self.session, body })
    }

    /// What came of a POST; says whether its records are done with.
    pub(super) fn settle(&mut self, receiver: Id, session: Id, acknowledged: bool, switches: &Switches) -> bool {
        if session != self.session {
            return true;
        }
        let Some(found) = self.receivers.find_mut(receiver) else {
            return true;
        };
        let lost = acknowledged && receivers::draw(switches.cdr_duplicate_rate) && found.buffer.may_lose_answer();
        if acknowledged && !lost {
            found.buffer.acknowledge();
            return true;
        }
        found.buffer.keep(switches.cdr_buffer);
        false
    }
}

/// Not from the world's seed: the ids of people and calls stay the same with it.
fn new_session() -> Id {
    Id::from_random(rand::random())
}
