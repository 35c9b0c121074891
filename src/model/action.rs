//! Actions: the changes that moderators have CMS make, the request for one, and its results; also the interface through which sockets hand
//! requests over. Plain data; knows neither sockets nor CMS.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A change that a moderator has CMS make to each target of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    Admit,
    /// Back into the lobby.
    SendBack,
    /// Out of the meeting.
    Remove,
    /// `true`: the meeting no longer hears the participant.
    Mute(bool),
    /// The name that the meeting shows; empty restores the participant's own.
    Rename(Arc<str>),
    Lock(bool),
    /// A banner for everybody in the meeting; an empty text takes it away. Without `seconds` it stays until it is taken away.
    Message {
        text: Arc<str>,
        seconds: Option<u32>,
    },
}

/// The name of an action in the protocol, the audit log and the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    Admit,
    SendBack,
    Remove,
    Mute,
    Unmute,
    Rename,
    Lock,
    Unlock,
    Message,
}

impl Action {
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Admit => ActionKind::Admit,
            Self::SendBack => ActionKind::SendBack,
            Self::Remove => ActionKind::Remove,
            Self::Mute(true) => ActionKind::Mute,
            Self::Mute(false) => ActionKind::Unmute,
            Self::Rename(_) => ActionKind::Rename,
            Self::Lock(true) => ActionKind::Lock,
            Self::Lock(false) => ActionKind::Unlock,
            Self::Message { .. } => ActionKind::Message,
        }
    }

    /// The part of the action that the audit log records besides the kind: the new name, the text of a banner.
    pub fn detail(&self) -> Arc<str> {
        match self {
            Self::Rename(label) => label.clone(),
            Self::Message { text, .. } => text.clone(),
            _ => Arc::default(),
        }
    }
}

impl ActionKind {
    /// Every kind, in the order in which people look for them.
    pub const ALL: &[Self] =
        &[Self::Admit, Self::SendBack, Self::Remove, Self::Mute, Self::Unmute, Self::Rename, Self::Lock, Self::Unlock, Self::Message];

    /// The action of this kind; None if the action has a text, too.
    pub fn action(self) -> Option<Action> {
        Some(match self {
            Self::Admit => Action::Admit,
            Self::SendBack => Action::SendBack,
            Self::Remove => Action::Remove,
            Self::Mute => Action::Mute(true),
            Self::Unmute => Action::Mute(false),
            Self::Lock => Action::Lock(true),
            Self::Unlock => Action::Lock(false),
            Self::Rename | Self::Message => return None,
        })
    }

    /// The target is a meeting, not a participant.
    pub fn is_for_meetings(self) -> bool {
        matches!(self, Self::Lock | Self::Unlock | Self::Message)
    }
}

/// The user who requests something.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: Arc<str>,
    pub address: std::net::IpAddr,
}

/// One click: an action, and exactly the participants, or the meeting, that the button showed.
#[derive(Debug, Clone)]
pub struct ActionRequest {
    pub actor: Actor,
    pub action: Action,
    pub targets: Vec<Target>,
    pub scope: Scope,
    /// Ids of others' claims that the moderator was shown and chooses to override.
    pub over: Vec<Arc<str>>,
    /// The moderator was shown the holds, and means held participants too.
    pub held: bool,
    /// Once it is cancelled, nothing more of the request is sent.
    pub stop: CancellationToken,
}

/// The participant or meeting that an action is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A participant id.
    Person(Arc<str>),
    /// The id of a meeting row.
    Meeting(Arc<str>),
}

/// The kind of button that was used; for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Person,
    Selection,
    Meeting,
    Shown,
    /// The participant that "take next" had chosen.
    Next,
    /// Takes an admission back.
    Undo,
}

impl Scope {
    /// The moderator did not choose the participants one by one.
    pub fn is_sweeping(self) -> bool {
        matches!(self, Self::Meeting | Self::Shown)
    }
}

/// How an action ended for one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionResult {
    /// CMS accepted it, and a reading confirmed it.
    Done,
    /// CMS accepted it, or has not answered and may carry it out, and no reading confirmed it in time.
    Unconfirmed,
    /// The target was in that state before anything was sent.
    Already,
    /// The target is no longer there.
    Left,
    /// CMS (or Usher, see the reason) refused.
    Refused,
    /// The bridge could not be reached; nothing was sent.
    Unreachable,
    /// Nothing was sent: another moderator handles the target, and the request did not name that claim.
    Claimed,
    /// Nothing was sent: a moderator holds the participant, and the request was for all of a meeting or all that is shown.
    Held,
    /// Nothing was sent: the request was stopped before.
    Stopped,
    /// Usher stopped while the action was under way: it is not known whether CMS was asked, and it is not asked again.
    Interrupted,
}

/// How an action ended for one target, with the reason and the people involved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetResult {
    #[serde(flatten)]
    pub target: Target,
    pub result: ActionResult,
    /// CMS's own word, or what went wrong.
    pub reason: Option<Arc<str>>,
    /// The user who did it before, if Usher knows (`already`); the user who handles the target (`claimed`).
    pub by: Option<Arc<str>>,
    pub at: Option<i64>,
    /// The claim that was in the way (`claimed`); the new claim's id after claiming.
    pub claim: Option<Arc<str>>,
    /// It replaces an earlier result for the same target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrected: bool,
}

impl TargetResult {
    pub fn new(target: Target, result: ActionResult, reason: &str) -> Self {
        let reason = Some(reason).filter(|text| !text.is_empty()).map(Arc::from);
        Self { target, result, reason, by: None, at: None, claim: None, corrected: false }
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ActionError {
    #[error("too many actions are under way; try again in a moment")]
    Busy,
    #[error("there is no bridge named {0}")]
    UnknownBridge(String),
    #[error("the log of actions has no room; nothing was done")]
    LogFull,
}

/// Takes the requests of browsers. `Actions` in the module `actions` carries them out.
///
/// Each method takes its request before it returns, whether or not the future is awaited: a page may be gone before the result is known.
/// Bridge commands are carried out in the order of the calls, and an action meets its bridge as the commands before it left it. Actions don't
/// wait for each other. Beyond a limit of requests that have not begun, the result is [`ActionError::Busy`].
pub trait ActionHandler: std::fmt::Debug + Send + Sync {
    /// Begins an action. The future is ready once the request is journalled. The channel then yields one result for each distinct target,
    /// later the results that correct earlier ones, and closes.
    fn submit(&self, request: ActionRequest) -> BoxFuture<'static, Result<mpsc::Receiver<TargetResult>, ActionError>>;

    /// Tries a bridge again at once: after refused credentials, or while it backs off.
    fn retry(&self, actor: Actor, bridge: String) -> BoxFuture<'static, Result<(), ActionError>>;

    /// Pauses a bridge (`paused`), or ends its pause. The caller has checked that the actor may.
    fn pause(&self, actor: Actor, bridge: String, paused: bool) -> BoxFuture<'static, Result<(), ActionError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_names_the_action_that_has_it() {
        for &kind in ActionKind::ALL {
            assert!(kind.action().is_none_or(|action| action.kind() == kind), "{kind:?}");
        }
    }
}
