//! The objects of the simulated cluster as plain data; no rules and no wire format.

use std::collections::HashMap;

use crate::simulator::id::Id;
use crate::simulator::switches::{CorrelatorFirst, WaitingParticipant};

use super::ordered::OrderedIds;

/// The effect on guests when the last activator leaves (rest.md 4, AP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeactivationMode {
    Deactivate,
    Disconnect,
    RemainActivated,
}

/// The participants that a locked call keeps in the lobby (rest.md 4, AP; since 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockMode {
    All,
    NeedsActivation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallType {
    CoSpace,
    AdHoc,
    Forwarding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LegState {
    Initial,
    Ringing,
    Connected,
    OnHold,
}

/// The type of endpoint: it decides leg type, subType and whether ids are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointKind {
    Sip,
    Phone,
    WebApp,
    Lync,
}

/// A Call Bridge as the cluster knows it, with indexes by its own ids.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) started_ms: i64,
    /// Delay after which calls that begin here get their correlator (the switch of the same name).
    pub(crate) correlator_ms: i64,
    pub(crate) legs_completed: u64,
    pub(crate) calls: OrderedIds,
    pub(crate) call_index: HashMap<Id, Id>,
    pub(crate) legs: OrderedIds,
    pub(crate) leg_index: HashMap<Id, LegEntry>,
    /// All participants that this bridge can name: those of every meeting with an instance here.
    pub(crate) known: OrderedIds,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LegEntry {
    pub(crate) seq: u64,
    pub(crate) owner: LegOwner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LegOwner {
    Participant(Id),
    /// The second leg of a Lync participant, which carries the presentation.
    Sharing(Id),
    Link {
        meeting: Id,
        peer: usize,
    },
}

/// One meeting: all calls with the same `callCorrelator`, which is its id here.
#[derive(Debug)]
pub(crate) struct Meeting {
    pub(crate) id: Id,
    pub(crate) seq: u64,
    pub(crate) name: String,
    pub(crate) call_type: CallType,
    pub(crate) space: Option<Id>,
    pub(crate) tenant: Option<Id>,
    pub(crate) owner: String,
    pub(crate) lock_mode: LockMode,
    pub(crate) deactivation: DeactivationMode,
    pub(crate) deactivation_s: i64,
    pub(crate) recording: bool,
    pub(crate) streaming: bool,
    pub(crate) endpoint_recording: bool,
    pub(crate) join_audio_mute: Option<bool>,
    pub(crate) all_mute_self: bool,
    pub(crate) all_presentation: bool,
    pub(crate) active_when_empty: bool,
    pub(crate) instances: Vec<Instance>,
    pub(crate) people: OrderedIds,
    /// Activators that are connected and not waiting themselves.
    pub(crate) activators: usize,
    pub(crate) presenter: Option<Id>,
    pub(crate) speaker: Option<Id>,
}

#[derive(Debug, Clone)]
pub(crate) struct Banner {
    pub(crate) text: String,
    pub(crate) position: String,
    pub(crate) duration: String,
    pub(crate) set_ms: i64,
}

/// A meeting's call on one bridge.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) bridge: usize,
    pub(crate) call: Id,
    pub(crate) seq: u64,
    pub(crate) started_ms: i64,
    /// It has its meeting's correlator.
    pub(crate) correlated: bool,
    /// The same on all instances, unless changes of calls don't spread (the switch `call_changes`).
    pub(crate) locked: bool,
    pub(crate) banner: Banner,
    pub(crate) local: usize,
    pub(crate) max_legs: usize,
    pub(crate) links: Vec<Link>,
}

impl Meeting {
    /// The `callCorrelator` that one bridge shows.
    pub(crate) fn correlator(&self, bridge: usize, first: CorrelatorFirst) -> Option<Id> {
        match (self.instance(bridge).filter(|instance| !instance.correlated), first) {
            (None, _) => Some(self.id),
            (Some(_), CorrelatorFirst::Absent) => None,
            (Some(instance), CorrelatorFirst::Own) => Some(instance.call),
        }
    }
}

/// The distribution link leg towards one peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) peer: usize,
    pub(crate) leg: Id,
    pub(crate) seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) id: Id,
    pub(crate) seq: u64,
    pub(crate) meeting: Id,
    pub(crate) home: usize,
    pub(crate) leg: Id,
    pub(crate) leg_seq: u64,
    pub(crate) sharing_leg: Option<(u64, Id)>,
    pub(crate) name: String,
    pub(crate) label: Option<String>,
    pub(crate) uri: String,
    pub(crate) jid: Option<String>,
    pub(crate) kind: EndpointKind,
    pub(crate) activator: bool,
    pub(crate) needs_activation: bool,
    pub(crate) outgoing: bool,
    pub(crate) state: LegState,
    /// `deactivated` of the leg: in the lobby.
    pub(crate) waiting: bool,
    /// Overrides the lobby rules once, when the called party answers.
    pub(crate) enters_waiting: Option<bool>,
    pub(crate) leg_started_ms: i64,
    pub(crate) connected_ms: i64,
    pub(crate) since_ms: i64,
    pub(crate) rx_audio_mute: bool,
    /// `rx_audio_mute` of the sharing leg: each leg has its own.
    pub(crate) sharing_rx_audio_mute: bool,
    pub(crate) tx_audio_mute: bool,
    pub(crate) rx_video_mute: bool,
    pub(crate) tx_video_mute: bool,
    pub(crate) importance: Option<i64>,
    pub(crate) layout: String,
    pub(crate) can_move: bool,
    pub(crate) moved_from: Option<(Id, usize)>,
}

impl Participant {
    /// The name that rosters and lists show.
    pub(crate) fn shown_name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.state, LegState::Connected | LegState::OnHold)
    }

    /// `state` of the participant, which a switch can make different from the leg's. `None`: the element is absent.
    pub(crate) fn shown_state(&self, waiting: WaitingParticipant) -> Option<LegState> {
        match waiting {
            WaitingParticipant::Ringing if self.waiting && self.is_connected() => Some(LegState::Ringing),
            WaitingParticipant::Absent if self.waiting && self.is_connected() => None,
            _ => Some(self.state),
        }
    }

    pub(crate) fn admits_guests(&self) -> bool {
        self.activator && self.is_connected() && !self.waiting
    }
}

impl Meeting {
    pub(crate) fn instance(&self, bridge: usize) -> Option<&Instance> {
        self.instances.iter().find(|i| i.bridge == bridge)
    }

    /// Whether every instance is locked.
    pub(crate) fn is_locked(&self) -> bool {
        !self.instances.is_empty() && self.instances.iter().all(|instance| instance.locked)
    }

    pub(crate) fn is_locked_at(&self, bridge: usize) -> bool {
        self.instance(bridge).is_some_and(|instance| instance.locked)
    }

    /// The instance on that bridge, or all.
    pub(crate) fn instances_mut(&mut self, at: Option<usize>) -> impl Iterator<Item = &mut Instance> {
        self.instances.iter_mut().filter(move |instance| at.is_none_or(|bridge| instance.bridge == bridge))
    }

    pub(crate) fn instance_mut(&mut self, bridge: usize) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|i| i.bridge == bridge)
    }
}

impl Default for Banner {
    fn default() -> Self {
        Self { text: String::new(), position: "middle".to_owned(), duration: "0".to_owned(), set_ms: 0 }
    }
}

impl LockMode {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            LockMode::All => "all",
            LockMode::NeedsActivation => "needsActivation",
        }
    }
}

impl DeactivationMode {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            DeactivationMode::Deactivate => "deactivate",
            DeactivationMode::Disconnect => "disconnect",
            DeactivationMode::RemainActivated => "remainActivated",
        }
    }
}

impl CallType {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            CallType::CoSpace => "coSpace",
            CallType::AdHoc => "adHoc",
            CallType::Forwarding => "forwarding",
        }
    }
}

impl LegState {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            LegState::Initial => "initial",
            LegState::Ringing => "ringing",
            LegState::Connected => "connected",
            LegState::OnHold => "onHold",
        }
    }
}
