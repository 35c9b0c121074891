//! The state that a bridge's records have reported so far, so that only changes are reported. It writes no records.

use std::collections::HashMap;

use crate::simulator::id::Id;
use crate::simulator::world::World;
use crate::simulator::world::model::Participant;

#[derive(Debug, Default)]
pub(crate) struct Reported {
    /// Keyed by meeting.
    pub(crate) calls: HashMap<Id, ReportedCall>,
    pub(crate) legs: HashMap<Id, ReportedLeg>,
    pub(crate) links: HashMap<Id, ReportedLink>,
}

#[derive(Debug)]
pub(crate) struct ReportedCall {
    pub(crate) id: Id,
    pub(crate) started_ms: i64,
    pub(crate) active: usize,
    pub(crate) max_active: usize,
    pub(crate) completed: usize,
}

/// A participant's leg as the last record reported it.
#[derive(Debug)]
pub(crate) struct ReportedLeg {
    pub(crate) participant: Id,
    pub(crate) snapshot: LegSnapshot,
    /// The name differs from the one in callLegStart.
    pub(crate) renamed: bool,
    started_ms: i64,
    active_since_ms: Option<i64>,
    active_ms: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportedLink {
    pub(crate) meeting: Id,
    pub(crate) peer: usize,
    pub(crate) started_ms: i64,
}

/// The parts of a callLegUpdate that can change (cdr.md 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegSnapshot {
    pub(crate) connected: bool,
    /// `None` until the leg is connected.
    pub(crate) deactivated: Option<bool>,
    pub(crate) call: Option<Id>,
    pub(crate) name: String,
    pub(crate) can_move: bool,
}

impl LegSnapshot {
    pub(crate) fn of(person: &Participant, call: Option<Id>) -> Self {
        Self {
            connected: person.is_connected(),
            deactivated: person.is_connected().then_some(person.waiting),
            call,
            name: person.shown_name().to_owned(),
            can_move: person.can_move,
        }
    }
}

impl ReportedLeg {
    /// A leg whose start alone has been reported; `call` is the one in callLegStart.
    pub(crate) fn new(person: &Participant, call: Option<Id>) -> Self {
        Self {
            participant: person.id,
            snapshot: LegSnapshot { connected: false, deactivated: None, ..LegSnapshot::of(person, call) },
            renamed: false,
            started_ms: person.leg_started_ms,
            active_since_ms: None,
            active_ms: 0,
        }
    }

    /// Stores the state that is being reported now.
    pub(crate) fn update(&mut self, snapshot: LegSnapshot, now_ms: i64) {
        self.renamed |= snapshot.name != self.snapshot.name;
        match (snapshot.deactivated, self.active_since_ms) {
            (Some(false), None) => self.active_since_ms = Some(now_ms),
            (Some(true), Some(since)) => {
                self.active_ms += now_ms - since;
                self.active_since_ms = None;
            }
            _ => {}
        }
        self.snapshot = snapshot;
    }

    pub(crate) fn duration_ms(&self, now_ms: i64) -> i64 {
        now_ms - self.started_ms
    }

    pub(crate) fn active_ms(&self, now_ms: i64) -> i64 {
        self.active_ms + self.active_since_ms.map_or(0, |since| now_ms - since)
    }
}

impl ReportedCall {
    pub(crate) fn leg_started(&mut self) {
        self.active += 1;
        self.max_active = self.max_active.max(self.active);
    }

    pub(crate) fn leg_ended(&mut self) {
        self.active = self.active.saturating_sub(1);
        self.completed += 1;
    }
}

/// The legs of a participant; `true` marks the second leg, which shares content.
pub(crate) fn legs_of(person: &Participant) -> impl Iterator<Item = (Id, bool)> + use<> {
    std::iter::once((person.leg, false)).chain(person.sharing_leg.map(|(_, leg)| (leg, true)))
}

impl Reported {
    /// The state of a bridge on which everything that runs has been reported.
    pub(crate) fn of(world: &World, bridge: usize, now_ms: i64) -> Self {
        let mut reported = Self::default();
        for meeting in world.meetings.values() {
            if let Some(instance) = meeting.instance(bridge) {
                let call = ReportedCall {
                    id: instance.call,
                    started_ms: instance.started_ms,
                    active: 0,
                    max_active: instance.max_legs,
                    completed: 0,
                };
                reported.calls.insert(meeting.id, call);
            }
        }
        for person in world.participants.values().filter(|p| p.home == bridge) {
            let Some(call) = reported.calls.get_mut(&person.meeting) else {
                continue;
            };
            for (leg, _) in legs_of(person) {
                call.leg_started();
                let mut reported_leg = ReportedLeg::new(person, Some(call.id));
                reported_leg.update(LegSnapshot::of(person, Some(call.id)), person.since_ms.min(now_ms));
                reported.legs.insert(leg, reported_leg);
            }
        }
        reported
    }
}
