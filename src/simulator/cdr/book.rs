//! What one bridge has told about its calls and legs, so that only changes are told; it writes nothing.

use std::collections::HashMap;

use crate::simulator::id::Id;
use crate::simulator::world::World;
use crate::simulator::world::model::Participant;

#[derive(Debug, Default)]
pub(crate) struct Book {
    /// By meeting.
    pub(crate) calls: HashMap<Id, Call>,
    pub(crate) legs: HashMap<Id, Leg>,
    pub(crate) links: HashMap<Id, LinkLeg>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: Id,
    pub(crate) started_ms: i64,
    pub(crate) active: usize,
    pub(crate) most: usize,
    pub(crate) completed: usize,
}

/// A participant's leg as it was told last.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) participant: Id,
    pub(crate) shown: Shown,
    /// The name is no longer the one of callLegStart.
    pub(crate) renamed: bool,
    started_ms: i64,
    active_since_ms: Option<i64>,
    active_ms: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkLeg {
    pub(crate) meeting: Id,
    pub(crate) peer: usize,
    pub(crate) started_ms: i64,
}

/// What a callLegUpdate carries and what can change (cdr.md 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) connected: bool,
    /// `None` until the leg is connected.
    pub(crate) deactivated: Option<bool>,
    pub(crate) call: Option<Id>,
    pub(crate) name: String,
    pub(crate) can_move: bool,
}

impl Shown {
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

impl Leg {
    /// A leg of which nothing but its start is known; `call` as callLegStart said.
    pub(crate) fn new(person: &Participant, call: Option<Id>) -> Self {
        Self {
            participant: person.id,
            shown: Shown { connected: false, deactivated: None, ..Shown::of(person, call) },
            renamed: false,
            started_ms: person.leg_started_ms,
            active_since_ms: None,
            active_ms: 0,
        }
    }

    /// Takes over what is told now.
    pub(crate) fn follow(&mut self, shown: Shown, now_ms: i64) {
        self.renamed |= shown.name != self.shown.name;
        match (shown.deactivated, self.active_since_ms) {
            (Some(false), None) => self.active_since_ms = Some(now_ms),
            (Some(true), Some(since)) => {
                self.active_ms += now_ms - since;
                self.active_since_ms = None;
            }
            _ => {}
        }
        self.shown = shown;
    }

    pub(crate) fn duration_ms(&self, now_ms: i64) -> i64 {
        now_ms - self.started_ms
    }

    pub(crate) fn active_ms(&self, now_ms: i64) -> i64 {
        self.active_ms + self.active_since_ms.map_or(0, |since| now_ms - since)
    }
}

impl Call {
    pub(crate) fn leg_started(&mut self) {
        self.active += 1;
        self.most = self.most.max(self.active);
    }

    pub(crate) fn leg_ended(&mut self) {
        self.active = self.active.saturating_sub(1);
        self.completed += 1;
    }
}

/// The legs of a participant, with whether it is the second one that shares.
pub(crate) fn legs_of(person: &Participant) -> impl Iterator<Item = (Id, bool)> + use<> {
    std::iter::once((person.leg, false)).chain(person.sharing_leg.map(|(_, leg)| (leg, true)))
}

impl Book {
    /// Everything that runs on the bridge, as told.
    pub(crate) fn of(world: &World, bridge: usize, now_ms: i64) -> Self {
        let mut book = Self::default();
        for meeting in world.meetings.values() {
            if let Some(instance) = meeting.instance(bridge) {
                let call = Call { id: instance.call, started_ms: instance.started_ms, active: 0, most: instance.max_legs, completed: 0 };
                book.calls.insert(meeting.id, call);
            }
        }
        for person in world.participants.values().filter(|p| p.home == bridge) {
            let Some(call) = book.calls.get_mut(&person.meeting) else {
                continue;
            };
            for (leg, _) in legs_of(person) {
                call.leg_started();
                let mut told = Leg::new(person, Some(call.id));
                told.follow(Shown::of(person, Some(call.id)), person.since_ms.min(now_ms));
                book.legs.insert(leg, told);
            }
        }
        book
    }
}
