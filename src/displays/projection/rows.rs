//! The rows of displays, as `docs/protocol.md` describes them: whole and absolute like those of the desk, with instants in Unix
//! milliseconds.
//!
//! They contain no address and no id of a participant, and only the part of the name that the audience may read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{BridgeState, HasLobby};
use crate::view::{Kind, RowKey};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WallRow {
    Server(WallServer),
    Bridge(WallBridge),
    Meeting(WallMeeting),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallServer {
    /// Always `server`.
    pub id: Arc<str>,
    /// Usher itself has a problem. The desk says which one.
    pub trouble: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallBridge {
    /// The configured name.
    pub id: Arc<str>,
    pub state: BridgeState,
    pub since: i64,
    /// Its last answer, once it is older than the silence threshold.
    pub silent_since: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallMeeting {
    pub id: Arc<str>,
    /// Absent where this audience sees no titles, or nothing names the meeting.
    pub title: Option<Arc<str>>,
    pub waiting: usize,
    /// How many of the waiting participants a moderator put on hold.
    #[serde(default)]
    pub held: u32,
    /// Participants whose lobby state is not known yet.
    pub unknown: usize,
    pub in_call: usize,
    /// The begin of the longest wait that is not on hold; it may have begun later where `up_to`.
    pub longest_since: Option<i64>,
    pub up_to: bool,
    /// The begin of the longest wait that is neither acknowledged nor on hold: the thresholds apply to this one.
    pub alarm_since: Option<i64>,
    pub first_s: u32,
    pub second_s: u32,
    /// The first waiting participants by their wait; those on hold come last.
    pub in_line: Vec<InLine>,
    /// The moderator who handles the meeting, or the first of its participants that is handled; absent where names are not shown.
    pub handled_by: Option<Arc<str>>,
    pub handled: bool,
    pub locked: Option<bool>,
    pub lobby: HasLobby,
    pub bridges: Vec<Arc<str>>,
    /// Indexes of the display's views that show it.
    pub views: Vec<usize>,
}

/// One waiting participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InLine {
    /// The number in line, from 1.
    pub n: usize,
    /// The part of the name that the audience may read; absent where only the number is shown.
    pub name: Option<Arc<str>>,
    /// A moderator put them on hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

impl WallBridge {
    /// Since when its data may be old; None while it answers.
    pub fn stale_since(&self) -> Option<i64> {
        let answers = matches!(self.state, BridgeState::Live | BridgeState::Polling);
        self.silent_since.or((!answers).then_some(self.since))
    }
}

impl WallRow {
    pub fn as_bridge(&self) -> Option<&WallBridge> {
        match self {
            Self::Bridge(row) => Some(row),
            Self::Server(_) | Self::Meeting(_) => None,
        }
    }

    pub fn as_meeting(&self) -> Option<&WallMeeting> {
        match self {
            Self::Meeting(row) => Some(row),
            Self::Server(_) | Self::Bridge(_) => None,
        }
    }

    pub fn key(&self) -> RowKey {
        let (kind, id) = match self {
            Self::Server(row) => (Kind::Server, &row.id),
            Self::Bridge(row) => (Kind::Bridge, &row.id),
            Self::Meeting(row) => (Kind::Meeting, &row.id),
        };
        RowKey { kind, id: id.clone() }
    }
}
