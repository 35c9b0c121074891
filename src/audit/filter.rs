//! Which entries somebody wants to see. Pure.

use super::query::LogLine;
use crate::text::normalize::search;

/// Everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Somewhere in a name, address, id, reason or detail, whatever the case, accents and the way letters are written; empty for all.
    pub text: String,
    /// Id of a meeting's row.
    pub meeting: Option<String>,
    /// Participant id.
    pub person: Option<String>,
    pub moderator: Option<ModeratorFilter>,
    /// The word of an action.
    pub action: Option<String>,
    /// Unix milliseconds: from this moment on ...
    pub from: Option<i64>,
    /// ... and before this one.
    pub to: Option<i64>,
}

/// The user who caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeratorFilter {
    User(String),
    /// Events that no user of Usher caused.
    Nobody,
}

impl ModeratorFilter {
    /// How it is written in an address; no user can be named so.
    pub const NOBODY: &str = "(nobody)";

    /// `None` for an empty text.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "" => None,
            Self::NOBODY => Some(Self::Nobody),
            name => Some(Self::User(name.to_owned())),
        }
    }

    /// As it stands in the table.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::User(name) => name,
            Self::Nobody => "",
        }
    }
}

/// The text and the action of a search, ready to be looked for. SQLite looks up the rest itself.
pub(super) struct Needle {
    text: String,
    action: Option<String>,
}

impl Needle {
    pub(super) fn new(filter: &LogFilter) -> Self {
        Self { text: search(&filter.text), action: filter.action.clone() }
    }

    pub(super) fn is_in(&self, line: &LogLine) -> bool {
        if self.action.as_ref().is_some_and(|action| *action != line.action) {
            return false;
        }
        let fields = [
            &line.user,
            &line.address,
            &line.person,
            &line.name,
            &line.person_address,
            &line.meeting,
            &line.meeting_name,
            &line.bridge,
            &line.reason,
            &line.detail,
            &line.space,
            &line.tenant,
            &line.bridge_id,
            &line.action_id,
            &line.corrects,
        ];
        // The filter of an earlier export is no hit of the same search.
        let is_searched = |field: &&String| !(line.action == "export" && std::ptr::eq(*field, &line.detail));
        self.text.is_empty() || fields.into_iter().filter(is_searched).any(|field| search(field).contains(&self.text))
    }
}
