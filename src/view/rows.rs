//! The rows that browsers show: whole, absolute and idempotent. Not facts (see `model`), not frames (see `http::protocol`).
//!
//! All instants are Unix milliseconds (UTC); a running clock never travels. The JSON form of these types is the public protocol of
//! `docs/protocol.md`: a change here is a change there and in `docs/asyncapi.yaml`.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    BridgeState, CdrState, Claim, Fault, HasLobby, Hold, LegState, Lobby, LockMode, Mark, Message, NamedBy, Outcome, Pending, Role,
    Thresholds,
};

/// A complete view: what one audience sees at one moment.
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
    /// What every moderator must know about Usher itself, for example that the journal can't be written.
    pub trouble: Option<Fault>,
    /// An admission is sent so many seconds after its press, and can be stopped until then; 0: at once.
    pub admit_delay_s: u64,
    /// Pages ask before they act on more people than this at once, or on people of several meetings.
    pub ask_above: u32,
    /// How long pages offer to undo an admission; seconds.
    pub undo_s: u64,
    /// How long a claim lasts that is not renewed; seconds.
    pub claim_s: u64,
}

/// Somebody who has a page open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// The user's name.
    pub id: Arc<str>,
    pub role: Role,
    /// Ids of the meetings that their pages show, sorted.
    pub looks_at: Vec<Arc<str>>,
    /// Since when nobody does anything at any of their pages; absent while somebody does.
    pub idle_since: Option<i64>,
}

/// How Usher and one Call Bridge get on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BridgeRow {
    /// The configured name.
    pub id: Arc<str>,
    pub state: BridgeState,
    /// When `state` was entered.
    pub since: i64,
    /// The last answer, once it is older than the silence threshold (5 s); absent while the bridge answers.
    pub silent_since: Option<i64>,
    pub trouble: Option<Fault>,
    /// `softwareVersion` as CMS states it.
    pub version: Option<Arc<str>>,
    /// Its own name in its cluster (`/callBridges`), where that is another one than the configured name.
    pub unique_name: Option<Arc<str>>,
    /// False where the version is known to be older than 2.9, the first that can admit one person.
    pub can_admit: bool,
    /// False where the version is known to be older than 3.4, the first that puts people back into the lobby, or the bridge refused to.
    pub can_send_back: bool,
    /// Calls whose roster is read by REST because the bridge refused to push it.
    pub polled_calls: usize,
    /// Calls in the bridge's list that nothing could be read from. Absent from the JSON where it is none.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub unreadable_calls: u32,
    /// How the bridge's Call Detail Records arrive.
    pub cdr: CdrState,
    /// Why Usher could not register for them.
    pub cdr_trouble: Option<Fault>,
    /// Who paused it; present exactly while `state` is `paused`.
    pub paused_by: Option<Arc<str>>,
}

/// One meeting: all calls with the same `callCorrelator`, on any bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeetingRow {
    pub id: Arc<str>,
    /// The label; empty only when nothing names the meeting.
    pub name: Arc<str>,
    pub named_by: NamedBy,
    pub waiting: usize,
    /// How many of those waiting a moderator put on hold. Absent from the JSON where it is none.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub held: u32,
    pub in_call: usize,
    /// People whose lobby state is not known yet.
    pub unknown: usize,
    /// The earliest `waiting_since` of its people who are not on hold.
    pub longest_since: Option<i64>,
    pub locked: Option<bool>,
    /// Whom the lock holds while it is on; None where the profiles can't tell.
    pub lock_mode: Option<LockMode>,
    /// Whether somebody who lets others in is in the call; None where that is not known of everybody.
    pub activator: Option<bool>,
    /// People of whom CMS's answers can't be read: those marked so, and entries of its participant list that are nobody's, on the bridge that has
    /// most of them. Absent from the JSON where it is none.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub unreadable: u32,
    /// People hosted on Call Bridges that Usher does not follow, so that their lobby can't be known.
    pub out_of_sight: usize,
    pub lobby: HasLobby,
    pub recording: bool,
    pub streaming: bool,
    /// Configured names of the bridges that have an instance, sorted.
    pub bridges: Vec<Arc<str>>,
    /// Who handles the meeting: whoever of it carries no claim of their own.
    pub claim: Option<Box<Claim>>,
    pub thresholds: Thresholds,
    /// What Usher had the meeting show to everybody in it.
    pub message: Option<Box<Message>>,
    /// An action on the whole meeting that is under way.
    pub pending: Option<Box<Pending>>,
    pub outcome: Option<Box<Outcome>>,
}

/// Whether a count is left out of the JSON. (`serde` hands it by reference.)
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_none_of_them(count: &u32) -> bool {
    *count == 0
}

/// Whether a flag is left out of the JSON.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_not_so(flag: &bool) -> bool {
    !*flag
}

/// One participant; the id is the cluster-wide participant id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    pub id: Arc<str>,
    /// Id of the meeting row.
    pub meeting: Arc<str>,
    /// As CMS states it; may be empty.
    pub name: Arc<str>,
    /// SIP address or telephone number; may be empty.
    pub address: Arc<str>,
    pub lobby: Lobby,
    /// When the waiting began; present exactly while `lobby` is `waiting`.
    pub waiting_since: Option<i64>,
    /// The person may have waited shorter than `waiting_since` says ("up to").
    pub waiting_up_to: bool,
    /// When Usher first saw the person.
    pub seen_since: i64,
    /// Configured name of the hosting bridge, once known.
    pub bridge: Option<Arc<str>>,
    /// The hosting Call Bridge where Usher does not follow it: by its name in the cluster, or its id.
    pub elsewhere: Option<Arc<str>>,
    pub state: LegState,
    /// CMS's last answer about the person can't be read: whether they wait, or where they are, is not known. Absent from the JSON where it can.
    #[serde(default, skip_serializing_if = "is_not_so")]
    pub unreadable: bool,
    pub muted: bool,
    pub presenter: bool,
    /// `isActivator`: the person's arrival lets others in. Absent until read.
    pub activator: Option<bool>,
    /// The name that the meeting shows instead of `name`, where Usher gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Arc<str>>,
    /// An action under way, shown to everybody. (Boxed, and absent from the JSON rather than null, as what
    /// follows: of 50,000 people few have any of it.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<Pending>>,
    /// How the last action ended, when it did not simply succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Box<Outcome>>,
    /// Who let the person in, when Usher did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted: Option<Box<Mark>>,
    /// Who put the person back into the lobby, when Usher did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_back: Option<Box<Mark>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Box<Claim>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<Hold>>,
    /// Who has seen that this wait is too long; quiet for everybody since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Box<Mark>>,
}
