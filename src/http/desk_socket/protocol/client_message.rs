//! The messages that browsers send, and the role that each of them requires. Decides nothing.

use std::sync::Arc;

use serde::Deserialize;

use super::action_message::ActionMessage;
use crate::displays::DisplaySettings;

/// A message of a browser.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// On the wire each action is a message of its own, see [`ActionMessage`].
    #[serde(skip)]
    Action(ActionMessage),
    Hold {
        r#ref: String,
        people: Vec<Arc<str>>,
        on: bool,
        reason: Arc<str>,
        remind_s: Option<u32>,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Acknowledge {
        r#ref: String,
        people: Vec<Arc<str>>,
    },
    Thresholds {
        r#ref: String,
        meeting: Arc<str>,
        first_s: Option<u32>,
        second_s: Option<u32>,
    },
    Claim {
        r#ref: String,
        kind: ClaimKind,
        ids: Vec<Arc<str>>,
    },
    Release {
        r#ref: String,
        ids: Vec<Arc<str>>,
    },
    /// Nothing more of an action request of this connection is sent.
    Stop {
        r#ref: String,
        press: String,
    },
    Look {
        meeting: Option<Arc<str>>,
        idle: bool,
    },
    Prefs {
        r#ref: String,
        value: Prefs,
    },
    Retry {
        r#ref: String,
        bridge: String,
    },
    Pause {
        r#ref: String,
        bridge: String,
    },
    Resume {
        r#ref: String,
        bridge: String,
    },
    /// Starts or ends the statistics of bridges, for administrators.
    Watch {
        r#ref: String,
        on: bool,
    },
    /// Starts or ends the list of displays, for administrators.
    Displays {
        r#ref: String,
        on: bool,
    },
    /// The screen that shows a code becomes a display.
    DisplayPair {
        r#ref: String,
        code: String,
        display: Box<DisplaySettings>,
    },
    /// Makes a display whose token is in a link.
    DisplayLink {
        r#ref: String,
        display: Box<DisplaySettings>,
    },
    DisplaySet {
        r#ref: String,
        id: Arc<str>,
        display: Box<DisplaySettings>,
    },
    DisplayIdentify {
        r#ref: String,
        id: Arc<str>,
    },
    DisplayReload {
        r#ref: String,
        id: Arc<str>,
    },
    DisplayRevoke {
        r#ref: String,
        id: Arc<str>,
    },
    DisplayForget {
        r#ref: String,
        id: Arc<str>,
    },
    Resync {},
    /// Shows that the page is there; with a `ref` it requests a receipt.
    Beat {
        r#ref: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    Person,
    Meeting,
}

/// The preferences of a user: any object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Prefs(pub serde_json::Map<String, serde_json::Value>);

/// The role that a message requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredRole {
    Viewer,
    Moderator,
    Admin,
}

impl ClientMessage {
    pub fn required_role(&self) -> RequiredRole {
        match self {
            Self::Resync {} | Self::Beat { .. } | Self::Look { .. } | Self::Prefs { .. } => RequiredRole::Viewer,
            Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Watch { .. }
            | Self::Displays { .. }
            | Self::DisplayPair { .. }
            | Self::DisplayLink { .. }
            | Self::DisplaySet { .. }
            | Self::DisplayIdentify { .. }
            | Self::DisplayReload { .. }
            | Self::DisplayRevoke { .. }
            | Self::DisplayForget { .. } => RequiredRole::Admin,
            _ => RequiredRole::Moderator,
        }
    }

    /// The request is decided at once, and answered as soon as its changes are on disk.
    pub fn is_decided_at_once(&self) -> bool {
        matches!(self, Self::Hold { .. } | Self::Acknowledge { .. } | Self::Thresholds { .. })
    }

    /// How many targets it has; None for messages that cost nearly nothing.
    pub fn weight(&self) -> Option<usize> {
        match self {
            Self::Resync {} | Self::Beat { .. } | Self::Look { .. } | Self::Stop { .. } => None,
            Self::Action(message) => Some(message.targets.len()),
            Self::Hold { people, .. } | Self::Acknowledge { people, .. } => Some(people.len()),
            // A claim has many ids, but claims only one, and nothing is written.
            _ => Some(1),
        }
    }

    /// The browser's own reference of the request, which the replies repeat.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Resync {} | Self::Look { .. } => None,
            Self::Beat { r#ref } => r#ref.as_deref(),
            Self::Action(ActionMessage { r#ref, .. })
            | Self::Hold { r#ref, .. }
            | Self::Acknowledge { r#ref, .. }
            | Self::Thresholds { r#ref, .. }
            | Self::Claim { r#ref, .. }
            | Self::Release { r#ref, .. }
            | Self::Stop { r#ref, .. }
            | Self::Prefs { r#ref, .. }
            | Self::Retry { r#ref, .. }
            | Self::Pause { r#ref, .. }
            | Self::Resume { r#ref, .. }
            | Self::Watch { r#ref, .. }
            | Self::Displays { r#ref, .. }
            | Self::DisplayPair { r#ref, .. }
            | Self::DisplayLink { r#ref, .. }
            | Self::DisplaySet { r#ref, .. }
            | Self::DisplayIdentify { r#ref, .. }
            | Self::DisplayReload { r#ref, .. }
            | Self::DisplayRevoke { r#ref, .. }
            | Self::DisplayForget { r#ref, .. } => Some(r#ref),
        }
    }
}
