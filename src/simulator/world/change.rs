//! The changes that an operation made, for events and CDRs. It renders nothing.

use crate::simulator::id::Id;

use super::model::Participant;

/// Elements of `calls` and `callInfo` subscriptions (events.md 5.1, 5.2) as bits.
pub(crate) mod call_element {
    pub(crate) const NAME: u32 = 1;
    pub(crate) const PARTICIPANTS: u32 = 1 << 1;
    pub(crate) const DISTRIBUTED: u32 = 1 << 2;
    pub(crate) const RECORDING: u32 = 1 << 3;
    pub(crate) const ENDPOINT_RECORDING: u32 = 1 << 4;
    pub(crate) const STREAMING: u32 = 1 << 5;
    pub(crate) const LOCK_STATE: u32 = 1 << 6;
    pub(crate) const CALL_TYPE: u32 = 1 << 7;
    pub(crate) const CORRELATOR: u32 = 1 << 8;
    pub(crate) const JOIN_AUDIO_MUTE: u32 = 1 << 9;
}

/// Elements of `callRoster` subscriptions (events.md 5.3) as bits.
pub(crate) mod roster_element {
    pub(crate) const NAME: u32 = 1;
    pub(crate) const URI: u32 = 1 << 1;
    pub(crate) const STATE: u32 = 1 << 2;
    pub(crate) const DIRECTION: u32 = 1 << 3;
    pub(crate) const AUDIO_MUTED: u32 = 1 << 4;
    pub(crate) const VIDEO_MUTED: u32 = 1 << 5;
    pub(crate) const IMPORTANCE: u32 = 1 << 6;
    pub(crate) const LAYOUT: u32 = 1 << 7;
    pub(crate) const ACTIVE_SPEAKER: u32 = 1 << 8;
    pub(crate) const PRESENTER: u32 = 1 << 9;
    pub(crate) const ENDPOINT_RECORDING: u32 = 1 << 10;
    pub(crate) const CAN_MOVE: u32 = 1 << 11;
    pub(crate) const MOVED_PARTICIPANT: u32 = 1 << 12;
    pub(crate) const MOVED_BRIDGE: u32 = 1 << 13;
    /// Not an element of the protocol: shown only by the switch `lobby_hint`.
    pub(crate) const LOBBY: u32 = 1 << 14;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    CallStarted {
        meeting: Id,
        bridge: usize,
    },
    CallChanged {
        meeting: Id,
        elements: u32,
        /// The bridge whose local count changed, for elements that differ between bridges.
        home: Option<usize>,
    },
    CallEnded {
        meeting: Id,
        bridge: usize,
        call: Id,
        reason: &'static str,
        /// The participants on its roster until then.
        roster: Vec<Id>,
    },
    Joined {
        meeting: Id,
        participant: Id,
    },
    Changed {
        meeting: Id,
        participant: Id,
        elements: u32,
    },
    Left {
        meeting: Id,
        participant: Id,
        reason: &'static str,
        /// Its last state: the world no longer has it.
        last: Box<Participant>,
    },
    /// The bridge went down and came back. No client was connected to get the following changes of its old calls.
    Restarted {
        bridge: usize,
    },
}
