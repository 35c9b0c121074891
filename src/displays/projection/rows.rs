//! The rows of walls, as `docs/protocol.md` has them: whole and absolute like those of the desk, with instants in Unix milliseconds.
//!
//! Nothing of a person is in here but what the audience may read: no address, no id.

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
    /// Moderators are told of something about Usher itself; what it is stands at the desk.
    pub trouble: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallBridge {
    /// The configured name.
    pub id: Arc<str>,
    pub state: BridgeState,
    pub since: i64,
    /// Its last answer, once that is older than the silence threshold.
    pub silent_since: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WallMeeting {
    pub id: Arc<str>,
    /// Absent where titles are not for this audience, or nothing names the meeting.
    pub title: Option<Arc<str>>,
    pub waiting: usize,
    /// How many of those waiting a moderator put on hold.
    #[serde(default)]
    pub held: u32,
    /// People of whom it is not known yet whether they wait.
    pub unknown: usize,
    pub in_call: usize,
    /// Since when the one waits who waits longest and is not on hold; perhaps later where `up_to`.
    pub longest_since: Option<i64>,
    pub up_to: bool,
    /// The same of those whom nobody has acknowledged or put on hold: a wait is past its thresholds by this.
    pub alarm_since: Option<i64>,
    pub first_s: u32,
    pub second_s: u32,
    /// The first ones by their wait; those on hold come last.
    pub in_line: Vec<InLine>,
    /// Which moderator is at the meeting, or at the first of its people whom somebody is at; absent where names are not shown.
    pub handled_by: Option<Arc<str>>,
    pub handled: bool,
    pub locked: Option<bool>,
    pub lobby: HasLobby,
    pub bridges: Vec<Arc<str>>,
    /// Which of the display's views show it, by index.
    pub views: Vec<usize>,
}

/// One who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InLine {
    /// The number in line, from 1.
    pub n: usize,
    /// As much of the name as the audience may read; absent: the number alone.
    pub name: Option<Arc<str>>,
    /// A moderator put them on hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

impl WallRow {
    pub fn key(&self) -> RowKey {
        let (kind, id) = match self {
            Self::Server(row) => (Kind::Server, &row.id),
            Self::Bridge(row) => (Kind::Bridge, &row.id),
            Self::Meeting(row) => (Kind::Meeting, &row.id),
        };
        RowKey { kind, id: id.clone() }
    }
}
