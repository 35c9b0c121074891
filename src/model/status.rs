//! The states of bridges, records, meetings and participants, as rows and logs spell them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How a bridge's Call Detail Records arrive. They announce lobby changes that no event carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdrState {
    /// Not configured.
    #[default]
    Off,
    /// No record has come yet.
    Expected,
    Arriving,
    /// The bridge makes records that do not arrive.
    Stalled,
    /// Records arrive, but a lobby state changed that none announced.
    Partial,
}

/// How Usher reads a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BridgeState {
    /// The bridge has not responded yet, or everything is being read again after a reconnect.
    Connecting,
    /// Events arrive and everything was read.
    Live,
    /// REST works and events don't: everything is polled.
    Polling,
    /// The bridge refused the credentials; Usher sends nothing more until a moderator retries.
    Refused,
    /// REST does not respond, or its responses can't be read.
    Unreachable,
    /// An administrator paused it: Usher sends nothing.
    Paused,
}

/// A fault of a bridge or display, as a code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A stable key for the page's catalogue, e.g. `credentials_refused`.
    pub code: Arc<str>,
    /// The sentence: what Usher expected and what came.
    pub what: Arc<str>,
}

/// Which participants a locked meeting keeps waiting (rest.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// All newcomers.
    All,
    /// Newcomers who need activation.
    NeedsActivation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    Name,
    Space,
    Address,
    Owner,
    Nothing,
}

/// Whether a participant may have to wait in this meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HasLobby {
    /// It is locked, a leg or profile needs activation, or a participant was seen waiting.
    Yes,
    /// It is unlocked, and no profile that could be read needs activation.
    No,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lobby {
    #[default]
    Unknown,
    Waiting,
    In,
}

/// `state` of a roster entry; `other` stands for unknown words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    Initial,
    Ringing,
    Connected,
    OnHold,
    #[default]
    Other,
}
