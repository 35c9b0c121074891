//! Filters of audit entries. Pure.

use super::query::LogLine;
use crate::text::normalize::search;

/// An entry must match every field that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Part of a name, address, id, reason or detail, regardless of case, accents and normal form; empty for all.
    pub text: String,
    /// The id of a meeting's row.
    pub meeting: Option<String>,
    /// Participant id.
    pub person: Option<String>,
    pub moderator: Option<ModeratorFilter>,
    /// The wire name of an event.
    pub action: Option<String>,
    /// Unix milliseconds: from this moment on ...
    pub from: Option<i64>,
    /// ... and before this one.
    pub to: Option<i64>,
}

/// The user who caused the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeratorFilter {
    User(String),
    /// Events that no user of Usher caused.
    Nobody,
}

impl ModeratorFilter {
    /// Its form in a URL; no user can have this name.
    pub const NOBODY: &str = "(nobody)";

    /// `None` for an empty text.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "" => None,
            Self::NOBODY => Some(Self::Nobody),
            name => Some(Self::User(name.to_owned())),
        }
    }

    /// The value in the column `user`.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::User(name) => name,
            Self::Nobody => "",
        }
    }
}

/// Matches the text and the action of a filter. SQLite matches the other fields.
pub(super) struct EntryMatcher {
    text: String,
    action: Option<String>,
}

impl EntryMatcher {
    pub(super) fn new(filter: &LogFilter) -> Self {
        Self { text: search(&filter.text), action: filter.action.clone() }
    }

    pub(super) fn matches(&self, line: &LogLine) -> bool {
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
        // The entry of an earlier export has its filter as detail, which would match the same search.
        let is_searched = |field: &&String| !(line.action == "export" && std::ptr::eq(*field, &line.detail));
        self.text.is_empty() || fields.into_iter().filter(is_searched).any(|field| search(field).contains(&self.text))
    }
}
