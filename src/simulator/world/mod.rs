//! The state of a simulated CMS cluster and its rules: a pure state machine
//! without clock, socket or wire format. Callers pass the time and drain the changes.

pub(crate) mod calls;
pub(crate) mod change;
pub(crate) mod edit;
pub(crate) mod lobby;
#[cfg(test)]
mod lobby_tests;
pub(crate) mod membership;
pub(crate) mod model;
pub(crate) mod ordered;
pub(crate) mod restart;
pub(crate) mod spaces;
pub(crate) mod timers;
pub(crate) mod truth;

use std::collections::{BinaryHeap, HashMap};

use crate::simulator::id::Id;
use rand::{RngCore, SeedableRng, rngs::StdRng};

use change::Change;
use model::{Bridge, LegEntry, LegOwner, Meeting, Participant};
use ordered::OrderedIds;
use spaces::Directory;
use timers::Timer;

/// The reason why an operation was refused; `wire` is the failure reason of rest.md 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such call")]
    NoCall,
    #[error("no such participant")]
    NoParticipant,
    #[error("no such call leg")]
    NoLeg,
    #[error("no such bridge")]
    NoBridge,
    #[error("the participant cannot be moved")]
    CannotMove,
}

#[derive(Debug)]
pub(crate) struct World {
    rng: StdRng,
    next_seq: u64,
    pub(crate) bridges: Vec<Bridge>,
    pub(crate) meetings: HashMap<Id, Meeting>,
    pub(crate) meeting_order: OrderedIds,
    pub(crate) participants: HashMap<Id, Participant>,
    pub(crate) directory: Directory,
    timers: BinaryHeap<Timer>,
    changes: Vec<Change>,
}

impl World {
    pub(crate) fn new(bridge_names: &[String], seed: u64, now_ms: i64) -> Self {
        let mut world = Self {
            rng: StdRng::seed_from_u64(seed),
            next_seq: 0,
            bridges: Vec::new(),
            meetings: HashMap::new(),
            meeting_order: OrderedIds::default(),
            participants: HashMap::new(),
            directory: Directory::default(),
            timers: BinaryHeap::new(),
            changes: Vec::new(),
        };
        for name in bridge_names {
            let id = world.new_id();
            world.bridges.push(Bridge {
                id,
                name: name.clone(),
                started_ms: now_ms,
                legs_completed: 0,
                correlator_ms: 0,
                calls: OrderedIds::default(),
                call_index: HashMap::new(),
                legs: OrderedIds::default(),
                leg_index: HashMap::new(),
                known: OrderedIds::default(),
            });
        }
        world.directory = Directory::new(&mut world);
        world
    }

    /// Takes the changes since the last call, in order.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn emit(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(crate) fn new_id(&mut self) -> Id {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        Id::from_random(bytes)
    }

    pub(crate) fn next_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }

    /// The meeting behind a bridge's own call id.
    pub(crate) fn meeting_of_call(&self, bridge: usize, call: Id) -> Option<&Meeting> {
        let id = self.bridges.get(bridge)?.call_index.get(&call)?;
        self.meetings.get(id)
    }

    /// A meeting by its correlator or by the call id of any bridge.
    pub(crate) fn find_meeting(&self, id: Id) -> Result<Id, Refusal> {
        if self.meetings.contains_key(&id) {
            return Ok(id);
        }
        self.bridges.iter().find_map(|b| b.call_index.get(&id).copied()).ok_or(Refusal::NoCall)
    }

    pub(crate) fn participant(&self, id: Id) -> Result<&Participant, Refusal> {
        self.participants.get(&id).ok_or(Refusal::NoParticipant)
    }

    /// The participant, if this bridge may show it: it must have an instance of the meeting.
    pub(crate) fn participant_at(&self, bridge: usize, id: Id) -> Option<&Participant> {
        let person = self.participants.get(&id)?;
        self.meetings.get(&person.meeting)?.instance(bridge).map(|_| person)
    }

    /// The owner of a leg that this bridge runs.
    pub(crate) fn leg_owner(&self, bridge: usize, leg: Id) -> Option<LegOwner> {
        self.bridges.get(bridge)?.leg_index.get(&leg).map(|e| e.owner)
    }

    fn add_leg(&mut self, bridge: usize, leg: Id, owner: LegOwner) -> u64 {
        let seq = self.next_seq();
        let bridge = &mut self.bridges[bridge];
        bridge.legs.insert(seq, leg);
        bridge.leg_index.insert(leg, LegEntry { seq, owner });
        seq
    }

    fn remove_leg(&mut self, bridge: usize, leg: Id) {
        let bridge = &mut self.bridges[bridge];
        if let Some(entry) = bridge.leg_index.remove(&leg) {
            bridge.legs.remove(entry.seq);
            bridge.legs_completed += 1;
        }
    }
}
