//! What browsers may say, and who may say it. Decides nothing.

use std::sync::Arc;

use serde::Deserialize;

use crate::displays::DisplaySettings;
use crate::model::Scope;

/// What browsers may say.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Inbound {
    Admit(OnPeople),
    SendBack(OnPeople),
    Remove(OnPeople),
    Mute {
        r#ref: String,
        people: Vec<Arc<str>>,
        on: bool,
        scope: Scope,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Rename {
        r#ref: String,
        person: Arc<str>,
        label: Arc<str>,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Lock {
        r#ref: String,
        meeting: Arc<str>,
        on: bool,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Message {
        r#ref: String,
        meeting: Arc<str>,
        text: Arc<str>,
        seconds: Option<u32>,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
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
    /// Nobody else of an action of this connection is sent anything.
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
    /// Administrators' figures, or no longer.
    Watch {
        r#ref: String,
        on: bool,
    },
    /// Administrators' list of displays on walls, or no longer.
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
    /// A display whose token is in a link.
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
    /// The page is there; with a `ref` it asks for a receipt.
    Beat {
        r#ref: Option<String>,
    },
}

/// A press for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnPeople {
    pub r#ref: String,
    pub people: Vec<Arc<str>>,
    pub scope: Scope,
    #[serde(default)]
    pub over: Vec<Arc<str>>,
    /// Also those who are on hold; of admissions only.
    #[serde(default)]
    pub held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    Person,
    Meeting,
}

/// What a user's pages keep: any object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Prefs(pub serde_json::Map<String, serde_json::Value>);

/// Who may say a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    Anybody,
    Act,
    Manage,
}

impl Inbound {
    pub fn may(&self) -> May {
        match self {
            Self::Resync {} | Self::Beat { .. } | Self::Look { .. } | Self::Prefs { .. } => May::Anybody,
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
            | Self::DisplayForget { .. } => May::Manage,
            _ => May::Act,
        }
    }

    /// Decided at once, and kept: it is answered as soon as it is on disk.
    pub fn is_of_desk(&self) -> bool {
        matches!(self, Self::Hold { .. } | Self::Acknowledge { .. } | Self::Thresholds { .. })
    }

    /// People, or other ids, that it is about; None for what costs nothing to speak of.
    pub fn weight(&self) -> Option<usize> {
        match self {
            Self::Resync {} | Self::Beat { .. } | Self::Look { .. } | Self::Stop { .. } => None,
            Self::Admit(on) | Self::SendBack(on) | Self::Remove(on) => Some(on.people.len()),
            Self::Mute { people, .. } | Self::Hold { people, .. } | Self::Acknowledge { people, .. } => Some(people.len()),
            // Of many only one is claimed, and nothing is written.
            _ => Some(1),
        }
    }

    /// The client's own word, by which it is answered.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Resync {} | Self::Look { .. } => None,
            Self::Beat { r#ref } => r#ref.as_deref(),
            Self::Admit(OnPeople { r#ref, .. })
            | Self::SendBack(OnPeople { r#ref, .. })
            | Self::Remove(OnPeople { r#ref, .. })
            | Self::Mute { r#ref, .. }
            | Self::Rename { r#ref, .. }
            | Self::Lock { r#ref, .. }
            | Self::Message { r#ref, .. }
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
