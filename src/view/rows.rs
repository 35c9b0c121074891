//! The rows that browsers show: whole, absolute and idempotent. Not facts (see `model`), not frames (see `http::desk_socket::protocol`).
//!
//! All instants are Unix milliseconds (UTC); a running duration never travels. The JSON form of these types is the public protocol of
//! `docs/protocol.md`: a change here is a change there and in `docs/asyncapi.yaml`.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BridgeRow, MeetingRow, PersonRow};
use crate::model::{Fault, Role};

/// A complete view: the rows of one audience at one moment.
pub type View = HashMap<RowKey, Arc<Row>>;

/// Identifies a row within a view.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowKey {
    pub kind: Kind,
    pub id: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Server,
    Bridge,
    Meeting,
    Person,
    User,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Row {
    Server(ServerRow),
    Bridge(BridgeRow),
    Meeting(MeetingRow),
    Person(PersonRow),
    User(UserRow),
}

impl Row {
    pub fn key(&self) -> RowKey {
        let (kind, id) = match self {
            Row::Server(row) => (Kind::Server, &row.id),
            Row::Bridge(row) => (Kind::Bridge, &row.id),
            Row::Meeting(row) => (Kind::Meeting, &row.id),
            Row::Person(row) => (Kind::Person, &row.id),
            Row::User(row) => (Kind::User, &row.id),
        };
        RowKey { kind, id: id.clone() }
    }
}

/// One row about Usher itself; its id is always `server`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerRow {
    pub id: Arc<str>,
    /// Meetings that the configured filters hide ("12 hidden").
    pub hidden_meetings: usize,
    /// A problem of Usher itself that every moderator must know, for example that the journal can't be written.
    pub trouble: Option<Fault>,
    /// An admission is sent this many seconds after its request, and can be stopped until then; 0: at once.
    pub admit_delay_s: u64,
    /// Pages ask before they act on more people than this at once, or on people of several meetings.
    pub ask_above: u32,
    /// How long pages offer to undo an admission; seconds.
    pub undo_s: u64,
    /// How long a claim lasts that is not renewed; seconds.
    pub claim_s: u64,
}

/// A user who has a page open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// The user's name.
    pub id: Arc<str>,
    pub role: Role,
    /// Ids of the meetings that their pages show, sorted.
    pub looks_at: Vec<Arc<str>>,
    /// Since when the user has been idle at all of their pages; absent while they are active.
    pub idle_since: Option<i64>,
}

/// Whether the JSON omits a count. (`serde` hands it by reference.)
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There are up to 50,000 rows, so rare fields are boxed.
    #[test]
    fn a_row_is_small() {
        assert!(size_of::<Row>() <= 208, "{}", size_of::<Row>());
    }
}
