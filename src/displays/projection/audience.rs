//! Who sees the same: which meetings, and how much of what is said of people. Pure.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Names;
use crate::text::normalize::caseless;
use crate::view::MeetingRow;

/// What displays may see that show the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    /// What they show in turn; rows say which of these they belong to.
    pub views: Vec<What>,
    pub names: Names,
    /// Whether meetings are called by their titles.
    pub titles: bool,
}

/// Which meetings a view shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    All,
    Meetings { meetings: Vec<Chosen> },
    Bridges { bridges: Vec<Arc<str>> },
}

/// A meeting that was chosen by its row. The next one at its place has another id, and is known by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chosen {
    pub id: Arc<str>,
    pub name: Arc<str>,
}

impl What {
    fn shows(&self, meeting: &MeetingRow) -> bool {
        match self {
            Self::All => true,
            Self::Meetings { meetings } => meetings
                .iter()
                .any(|chosen| chosen.id == meeting.id || (!chosen.name.is_empty() && caseless(&chosen.name) == caseless(&meeting.name))),
            Self::Bridges { bridges } => meeting.bridges.iter().any(|bridge| bridges.contains(bridge)),
        }
    }
}

impl Audience {
    /// Which of its views show a meeting.
    pub(super) fn views_of(&self, meeting: &MeetingRow) -> Vec<usize> {
        self.views.iter().enumerate().filter(|(_, what)| what.shows(meeting)).map(|(index, _)| index).collect()
    }
}
