//! The records of one bridge: session, `correlatorIndex`, receivers (cdr.md 3). It does not decide which records there are.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::simulator::id::Id;
use crate::simulator::switches::{CdrCallBridge, Switches};
use crate::simulator::world::World;

use super::buffer::{Batch, Record};
use super::receivers::Receivers;
use super::reported::Reported;
use super::sender::SenderJob;
use super::{document, receivers};

/// A record type that no version of CMS has.
const UNKNOWN_TYPE: &str = "callLegMood";

#[derive(Debug)]
pub(crate) struct Feed {
    pub(super) bridge: usize,
    pub(super) name: String,
    id: Id,
    clustered: bool,
    /// Made when the bridge starts; the same for all receivers.
    session: Id,
    next: u64,
    pub(super) reported: Reported,
    pub(crate) receivers: Receivers,
}

impl Feed {
    pub(super) fn new(world: &World, bridge: usize, senders: UnboundedSender<SenderJob>, now_ms: i64) -> Self {
        let own = &world.bridges[bridge];
        Self {
            bridge,
            name: own.name.clone(),
            id: own.id,
            clustered: world.bridges.len() > 1,
            session: new_session(),
            next: 0,
            reported: Reported::of(world, bridge, now_ms),
            receivers: Receivers::new(bridge, senders),
        }
    }

    /// `correlatorIndex` of the next record; 0 when there has been none.
    pub(crate) fn next_correlator(&self) -> u64 {
        self.next
    }

    /// Numbers a record and passes it to the receivers; without receivers it is only counted.
    pub(super) fn write(&mut self, kind: &'static str, switches: &Switches, now_ms: i64, body: impl FnOnce() -> String) {
        if switches.cdr_unknown && kind == "callLegStart" {
            self.push_record(UNKNOWN_TYPE, switches, now_ms, || "<callLegMood><level>3</level></callLegMood>".to_owned());
        }
        self.push_record(kind, switches, now_ms, body);
    }

    fn push_record(&mut self, kind: &'static str, switches: &Switches, now_ms: i64, body: impl FnOnce() -> String) {
        let correlator = self.next;
        self.next += 1;
        if self.receivers.has_active() {
            let record = Record { kind, time_ms: now_ms + switches.clock_offset_ms, correlator, body: body() };
            self.receivers.push(&Arc::new(record), switches);
        }
    }

    /// Starts a new session; records that were not sent are lost with the bridge's memory.
    pub(super) fn restart(&mut self, switches: &Switches) {
        self.session = new_session();
        self.next = 0;
        self.reported = Reported::default();
        self.receivers.restart(switches.cdr_record_index_continues);
    }

    /// The next POST for a receiver, if records wait for it.
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

    /// Handles the result of a POST; returns whether its records are finished.
    pub(super) fn finish_batch(&mut self, receiver: Id, session: Id, acknowledged: bool, switches: &Switches) -> bool {
        if session != self.session {
            return true;
        }
        let Some(found) = self.receivers.find_mut(receiver) else {
            return true;
        };
        let lost = acknowledged && receivers::chance(switches.cdr_duplicate_rate) && found.buffer.may_lose_answer();
        if acknowledged && !lost {
            found.buffer.acknowledge();
            return true;
        }
        found.buffer.requeue(switches.cdr_buffer);
        false
    }
}

/// Random rather than from the world's seed, so that the ids of participants and calls stay the same.
fn new_session() -> Id {
    Id::from_random(rand::random())
}
