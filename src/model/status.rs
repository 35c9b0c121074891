//! The states of bridges, records, meetings and participants, as rows and logs spell them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What is known of a bridge's Call Detail Records, which tell of lobby changes that no event carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdrState {
    /// Not configured.
    #[default]
    Off,
    /// None has come yet.
    Expected,
    Arriving,
    /// The bridge makes some that do not arrive.
    Stalled,
    /// They arrive, but a lobby changed and none told.
    Partial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BridgeState {
    /// No first answer yet, or reading everything again after a reconnect.
    Connecting,
    /// Events arrive and everything was read.
    Live,
    /// REST answers, events don't: everything is polled.
    Polling,
    /// The bridge refused the credentials; nothing more is asked until somebody retries.
    Refused,
    /// REST does not answer, or nothing can be read from its answers.
    Unreachable,
    /// An administrator wants nothing to be sent to it.
    Paused,
}

/// What is wrong and what to do about it, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Stable word for the page's catalogue, e.g. `credentials_refused`.
    pub code: Arc<str>,
    /// What was expected and what came.
    pub what: Arc<str>,
}

/// Whom a locked meeting keeps waiting (rest.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// Everybody who comes.
    All,
    /// Who needs activation.
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

/// Can somebody have to wait here at all?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HasLobby {
    /// It is locked, a leg or profile needs activation, or somebody was seen waiting.
    Yes,
    /// Unlocked, and no profile that could be read needs activation.
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

/// `state` of a roster entry; `other` stands for words that are not known.
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
