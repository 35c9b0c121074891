//! The true state of the simulated cluster for tests and users: plain data, never shown over the CMS interfaces.

use crate::simulator::id::Id;
use serde::{Deserialize, Serialize};

use super::World;
use super::model::{Instance, LegState, Meeting, Participant};

/// The whole state at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub now_ms: i64,
    pub bridges: Vec<BridgeTruth>,
    pub meetings: Vec<MeetingTruth>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BridgeTruth {
    pub name: String,
    pub id: Id,
    /// Whether it accepts connections; a fault may have stopped it.
    pub up: bool,
    pub calls: Vec<CallTruth>,
}

/// A meeting's call on one bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallTruth {
    pub bridge: String,
    pub call: Id,
    pub meeting: Id,
    pub name: String,
    /// Participants hosted on this bridge.
    pub local: Vec<Id>,
}

/// All calls with one `callCorrelator`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeetingTruth {
    /// The `callCorrelator`.
    pub id: Id,
    pub name: String,
    pub space: Option<Id>,
    pub locked: bool,
    /// `all` or `needsActivation`.
    pub lock_mode: String,
    pub recording: bool,
    pub activators: usize,
    pub waiting: usize,
    pub calls: Vec<InstanceTruth>,
    pub participants: Vec<ParticipantTruth>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceTruth {
    pub bridge: String,
    pub call: Id,
    pub locked: bool,
    /// The text of its banner; empty when there is none.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParticipantTruth {
    pub id: Id,
    pub name: String,
    pub uri: String,
    pub meeting: Id,
    /// Home bridge: the one that runs the leg.
    pub bridge: String,
    /// Call id at the home bridge.
    pub call: Id,
    pub leg: Id,
    pub lobby: Lobby,
    pub on_hold: bool,
    /// Start of the present `lobby` state, in milliseconds since 1970.
    pub since_ms: i64,
    pub activator: bool,
    pub needs_activation: bool,
    pub outgoing: bool,
    /// Whether all legs are muted.
    pub audio_muted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lobby {
    Waiting,
    In,
    /// Called, but not answered yet.
    Ringing,
}

impl Truth {
    pub fn participants(&self) -> impl Iterator<Item = &ParticipantTruth> {
        self.meetings.iter().flat_map(|m| m.participants.iter())
    }

    pub fn participant(&self, id: Id) -> Option<&ParticipantTruth> {
        self.participants().find(|p| p.id == id)
    }

    /// A meeting by its correlator or by any of its call ids.
    pub fn meeting(&self, id: Id) -> Option<&MeetingTruth> {
        self.meetings.iter().find(|m| m.id == id || m.calls.iter().any(|c| c.call == id))
    }
}

impl World {
    /// `up[n]` says whether bridge n accepts connections, which the world doesn't know.
    pub(crate) fn truth(&self, up: &[bool], now_ms: i64) -> Truth {
        let meetings: Vec<MeetingTruth> =
            self.meeting_order.iter().filter_map(|id| self.meetings.get(&id)).map(|m| self.meeting_truth(m)).collect();
        let bridges = self
            .bridges
            .iter()
            .enumerate()
            .map(|(ix, bridge)| BridgeTruth {
                name: bridge.name.clone(),
                id: bridge.id,
                up: up.get(ix).copied().unwrap_or(true),
                calls: bridge
                    .calls
                    .iter()
                    .filter_map(|call| Some((call, self.meeting_of_call(ix, call)?)))
                    .map(|(call, meeting)| self.call_truth(ix, call, meeting))
                    .collect(),
            })
            .collect();
        Truth { now_ms, bridges, meetings }
    }

    fn call_truth(&self, bridge: usize, call: Id, meeting: &Meeting) -> CallTruth {
        CallTruth {
            bridge: self.bridges[bridge].name.clone(),
            call,
            meeting: meeting.id,
            name: meeting.name.clone(),
            local: meeting.people.iter().filter(|id| self.participants.get(id).is_some_and(|p| p.home == bridge)).collect(),
        }
    }

    fn meeting_truth(&self, meeting: &Meeting) -> MeetingTruth {
        let participants: Vec<ParticipantTruth> =
            meeting.people.iter().filter_map(|id| self.participants.get(&id)).map(|p| self.person_truth(p)).collect();
        MeetingTruth {
            id: meeting.id,
            name: meeting.name.clone(),
            space: meeting.space,
            locked: meeting.is_locked(),
            lock_mode: meeting.lock_mode.wire().to_owned(),
            recording: meeting.recording,
            activators: meeting.activators,
            waiting: participants.iter().filter(|p| p.lobby == Lobby::Waiting).count(),
            calls: meeting.instances.iter().map(|i| self.instance_truth(i)).collect(),
            participants,
        }
    }

    fn instance_truth(&self, instance: &Instance) -> InstanceTruth {
        InstanceTruth {
            bridge: self.bridges[instance.bridge].name.clone(),
            call: instance.call,
            locked: instance.locked,
            message: instance.banner.text.clone(),
        }
    }

    pub(crate) fn person_truth(&self, person: &Participant) -> ParticipantTruth {
        let call = self.meetings.get(&person.meeting).and_then(|m| m.instance(person.home)).map_or(Id::nil(), |i| i.call);
        ParticipantTruth {
            id: person.id,
            name: person.shown_name().to_owned(),
            uri: person.uri.clone(),
            meeting: person.meeting,
            bridge: self.bridges[person.home].name.clone(),
            call,
            leg: person.leg,
            lobby: match (person.state, person.waiting) {
                (LegState::Initial | LegState::Ringing, _) => Lobby::Ringing,
                (_, true) => Lobby::Waiting,
                (_, false) => Lobby::In,
            },
            on_hold: person.state == LegState::OnHold,
            since_ms: person.since_ms,
            activator: person.activator,
            needs_activation: person.needs_activation,
            outgoing: person.outgoing,
            audio_muted: person.rx_audio_mute && (person.sharing_leg.is_none() || person.sharing_rx_audio_mute),
        }
    }
}
