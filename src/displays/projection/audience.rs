//! An audience: the displays that see the same meetings and the same part of names. Pure.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::NameDetail;
use crate::text::normalize::caseless;
use crate::view::MeetingRow;

/// The settings that decide which rows a display may see. Displays that have them in common share one hub.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    /// The filters of their views; each row says to which of these it belongs.
    pub views: Vec<ViewFilter>,
    pub names: NameDetail,
    /// Whether they show the titles of meetings.
    pub titles: bool,
}

/// Which meetings a view shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ViewFilter {
    All,
    Meetings { meetings: Vec<ChosenMeeting> },
    Bridges { bridges: Vec<Arc<str>> },
}

/// A meeting that an administrator chose by its row. The next meeting in the same space has another id, so it is found by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChosenMeeting {
    pub id: Arc<str>,
    pub name: Arc<str>,
}

impl ViewFilter {
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
    /// Indexes of the views that show a meeting.
    pub(super) fn views_of(&self, meeting: &MeetingRow) -> Vec<usize> {
        self.views.iter().enumerate().filter(|(_, what)| what.shows(meeting)).map(|(index, _)| index).collect()
    }
}
