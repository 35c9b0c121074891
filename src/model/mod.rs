//! Facts as CMS states them: bridges, calls, participants, lobby. Plain data; the rows that pages show are in `view`.

pub mod action;
mod bridge_stats;
mod listing;
mod lobby_summary;
mod moderation;
mod role;
mod status;
pub mod wire_name;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

pub use action::*;
pub use bridge_stats::*;
pub use listing::*;
pub use lobby_summary::*;
pub use moderation::*;
pub use role::*;
pub use status::*;

/// Configured name of a Call Bridge.
pub type BridgeName = Arc<str>;
/// A participant's GUID, the same on every bridge of a cluster (rest.md section 7).
pub type ParticipantId = Arc<str>;
/// A call's GUID, valid on its own bridge only.
pub type CallId = Arc<str>;
/// A call leg's GUID, valid on its own bridge only.
pub type LegId = Arc<str>;

/// Names one bridge's instance of a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    pub bridge: BridgeName,
    pub call: CallId,
}

impl std::fmt::Display for CallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.bridge, self.call)
    }
}

/// The meeting that a call belongs to: all calls with one correlator; without one the call stands alone.
pub fn meeting_id(key: &CallKey, call: &CallFacts) -> Arc<str> {
    call.correlator.clone().unwrap_or_else(|| key.to_string().into())
}

/// One bridge's instance of a meeting and its roster: participants of this bridge and of others.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub facts: CallFacts,
    pub roster: HashSet<ParticipantId>,
}

/// The facts that one bridge states about one of its calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallFacts {
    pub name: Arc<str>,
    /// Equal on all bridges of one meeting; may come late.
    pub correlator: Option<Arc<str>>,
    pub space: Option<Arc<str>>,
    pub space_name: Option<Arc<str>>,
    /// The space's `uri`, a label when nothing better names the call.
    pub space_uri: Option<Arc<str>>,
    pub owner: Option<Arc<str>>,
    pub tenant: Option<Arc<str>>,
    pub locked: Option<bool>,
    /// Which participants its lock keeps in the lobby, as its profiles say.
    pub lock_mode: Option<LockMode>,
    pub recording: bool,
    pub streaming: bool,
    /// As the profiles of its space say; a lock or a leg can need activation too.
    pub needs_activation: Option<bool>,
    /// A participant was seen in its lobby, or a leg's own configuration needs activation.
    pub lobby_seen: bool,
    /// How many entries of its roster could not be read, when it was last read by REST.
    pub unreadable: u32,
}

/// One participant of the cluster, as all bridges together describe them.
#[derive(Debug, Clone, Default)]
pub struct Participant {
    /// The roster entries of all bridges that list the participant; at most one for each bridge and call.
    pub listings: Vec<Listing>,
    /// The bridge that runs the participant's call legs, once known.
    pub home: Option<Home>,
    /// The home bridge said that the participant left; other bridges may still list them for a moment.
    pub departed: bool,
    pub lobby: LobbyFact,
    pub unreadable: UnreadableParts,
    pub activator: Option<bool>,
    /// When Usher first saw the participant; Unix milliseconds.
    pub seen_since: i64,
    /// Usher saw the participant arrive, so `seen_since` is when they came.
    pub arrived: bool,
}

impl Participant {
    /// The listing that describes the participant: the home bridge's when it has one. None when no bridge lists them any more.
    pub fn primary_listing(&self) -> Option<&Listing> {
        if self.departed {
            return None;
        }
        let at_home = |listing: &&Listing| matches!(&self.home, Some(Home::Bridge(home)) if *home == listing.key.bridge);
        let latest_at_home = self.listings.iter().filter(at_home).max_by_key(|listing| listing.at);
        latest_at_home.or_else(|| self.listings.iter().min_by(|a, b| a.key.cmp(&b.key)))
    }
}

/// Which of a bridge's last responses about a participant could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnreadableParts {
    /// The one about a leg: it is not known whether the participant waits.
    pub leg: bool,
    /// The one about the participant: their home is not known. Another bridge may know it.
    pub participant: bool,
}

/// The bridge that runs a participant's legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    Bridge(BridgeName),
    /// `callBridge` names a bridge that is not configured here.
    Elsewhere {
        id: Arc<str>,
        /// As `/callBridges` names it.
        name: Option<Arc<str>>,
    },
}

/// A participant's lobby state, and the wait that goes with it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LobbyFact {
    pub state: Lobby,
    /// Unix milliseconds; set once per transition to waiting.
    pub since: Option<i64>,
    /// The wait may be shorter than `since` says.
    pub up_to: bool,
    /// `since` and `up_to` of the present stay in the lobby, also while it is not known whether it goes on (another leg replaces a leg).
    pub stay: Option<(i64, bool)>,
    /// The participant has been in the call: a wait that begins now does not begin with their arrival.
    pub was_in: bool,
    /// When CMS accepted an admission or a sending back; responses to requests sent before say nothing any more.
    pub changed_at: Option<Instant>,
    /// An admission is being undone: the wait before it resumes, if the participant reads as waiting in time.
    pub resumes: Option<Resumed>,
}

/// A wait that resumes once the participant reads as waiting again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// Unix milliseconds.
    pub since: i64,
    pub up_to: bool,
    /// A wait that begins after this is a new one.
    pub until: Instant,
}

/// The state of one bridge, as Usher sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct BridgeFacts {
    pub state: BridgeState,
    /// Unix milliseconds.
    pub since: i64,
    /// The time of the last response to anything, on both clocks.
    pub answered: Option<(Instant, i64)>,
    /// The bridge has not responded for longer than the silence threshold.
    pub silent: bool,
    pub fault: Option<Fault>,
    pub version: Option<Arc<str>>,
    /// Its id in its cluster (`/callBridges`), once known.
    pub id: Option<Arc<str>>,
    /// Its own name in its cluster (`/callBridges`).
    pub unique_name: Option<Arc<str>>,
    /// False where the version is known to be older than 2.9 (rest.md section 9).
    pub can_admit: bool,
    /// False where the version is known to be older than 3.4, or the bridge refused it (rest.md section 5).
    pub can_send_back: bool,
    /// How many calls are polled because the bridge refused to push their rosters.
    pub polled_calls: usize,
    /// How many entries of its list of calls could not be read, when it was last read.
    pub unreadable_calls: u32,
    /// Events come with few elements, because the bridge refused more: they don't report who is muted.
    pub short_events: bool,
    pub cdr: CdrFacts,
    /// The administrator who paused it, while it is paused.
    pub paused_by: Option<Arc<str>>,
}

impl BridgeFacts {
    /// Whether its events report who is muted, in every call.
    pub fn reports_mutes(&self) -> bool {
        self.state == BridgeState::Live && self.polled_calls == 0 && !self.short_events
    }
}

/// How a bridge's Call Detail Records arrive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CdrFacts {
    pub state: CdrState,
    /// Why Usher could not register as a receiver.
    pub fault: Option<Fault>,
    /// When the last record came; Unix milliseconds.
    pub last: Option<i64>,
    /// The index of the next record, once any has come.
    pub next: Option<u64>,
}

/// An administrator's pause: Usher sends nothing to the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    pub by: Arc<str>,
    /// Unix milliseconds.
    pub since: i64,
}

/// Reads `state` as CMS spells it (`onHold` and `onhold` are both plausible, events.md section 5.3).
pub fn leg_state(word: &str) -> LegState {
    match word.to_ascii_lowercase().as_str() {
        "initial" => LegState::Initial,
        "ringing" => LegState::Ringing,
        "connected" => LegState::Connected,
        "onhold" => LegState::OnHold,
        _ => LegState::Other,
    }
}
