//! What browsers may ask for: the press of a button, handed over whole. Does not know sockets or pages.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{ActionKind, ActionResult};

/// Who asks.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: Arc<str>,
    pub address: std::net::IpAddr,
}

/// One press of a button: exactly the people, or the meeting, that it showed.
#[derive(Debug, Clone)]
pub struct ActionRequest {
    pub actor: Actor,
    pub deed: Action,
    pub targets: Vec<Target>,
    pub scope: Scope,
    /// Ids of others' claims that the moderator was shown and goes over.
    pub over: Vec<Arc<str>>,
    /// The moderator was told who of them is on hold, and means them all the same.
    pub held: bool,
    /// Cancelled: nothing more of the press is sent.
    pub stop: CancellationToken,
}

/// What is to be done with each target of a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Admit,
    /// Into the lobby again.
    SendBack,
    /// Out of the meeting.
    Remove,
    /// `true`: the meeting hears them no more.
    Mute(bool),
    /// The name that the meeting shows; empty: their own again.
    Rename(Arc<str>),
    Lock(bool),
    /// A banner for everybody in the meeting; empty text takes it away. `seconds` absent: until it is taken away.
    Message {
        text: Arc<str>,
        seconds: Option<u32>,
    },
}

impl Action {
    pub fn verb(&self) -> ActionKind {
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
}

impl Action {
    /// What belongs to it besides the verb, for the log: the label, the text of a banner.
    pub fn detail(&self) -> Arc<str> {
        match self {
            Self::Rename(label) => label.clone(),
            Self::Message { text, .. } => text.clone(),
            Self::Admit | Self::SendBack | Self::Remove | Self::Mute(_) | Self::Lock(_) => Arc::default(),
        }
    }
}

/// Whom an action is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A participant id.
    Person(Arc<str>),
    /// The id of a meeting row.
    Meeting(Arc<str>),
}

/// Which button it was; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Person,
    Selection,
    Meeting,
    Shown,
    /// Whoever "take next" had chosen.
    Next,
    /// Takes an admission back.
    Undo,
}

impl Scope {
    /// Nobody chose the people one by one.
    pub fn is_sweeping(self) -> bool {
        matches!(self, Self::Meeting | Self::Shown)
    }
}

/// How it ended for one target.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TargetResult {
    #[serde(flatten)]
    pub target: Target,
    pub result: ActionResult,
    /// CMS's word, or what went wrong.
    pub reason: Option<Arc<str>>,
    /// Who did it before, where Usher knows (`already`); who is handling (`claimed`).
    pub by: Option<Arc<str>>,
    pub at: Option<i64>,
    /// The claim that was in the way (`claimed`); its own id where it was claimed.
    pub claim: Option<Arc<str>>,
    /// It takes the place of an earlier result for the same target.
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

/// Cheap handle for the browser side.
#[derive(Debug, Clone)]
pub struct Actions {
    pub(crate) requests: mpsc::Sender<Request>,
}

/// What the handle sends to the actor behind it.
#[derive(Debug)]
pub enum Request {
    Action {
        press: ActionRequest,
        results: mpsc::Sender<TargetResult>,
        started: oneshot::Sender<()>,
    },
    Retry {
        actor: Actor,
        bridge: String,
        answer: oneshot::Sender<Result<(), ActionError>>,
    },
    /// `paused`: leave the bridge alone; else end that.
    Pause {
        actor: Actor,
        bridge: String,
        paused: bool,
        answer: oneshot::Sender<Result<(), ActionError>>,
    },
}

impl Actions {
    /// A handle, and what its requests arrive at; beyond `waiting` of them it answers `Busy`.
    pub fn channel(waiting: usize) -> (Self, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(waiting);
        (Self { requests }, receiver)
    }

    /// Begins a press: it is handed over when this returns, whoever awaits the rest. That comes once it is journalled; the channel then yields
    /// one result per distinct target, then those that put an earlier one right, and closes.
    pub fn press(&self, press: ActionRequest) -> impl Future<Output = Result<mpsc::Receiver<TargetResult>, ActionError>> + Send + use<> {
        let (results, receiver) = mpsc::channel(press.targets.len().max(1));
        let (started, journalled) = oneshot::channel();
        let handed = self.hand_over(Request::Action { press, results, started });
        async move {
            handed?;
            journalled.await.map_err(|_| ActionError::Busy)?;
            Ok(receiver)
        }
    }

    /// Tries a bridge again at once: after refused credentials, or while it backs off. Handed over when this returns.
    pub fn retry(&self, actor: Actor, bridge: String) -> impl Future<Output = Result<(), ActionError>> + Send + use<> {
        let (answer, result) = oneshot::channel();
        let handed = self.hand_over(Request::Retry { actor, bridge, answer });
        async move { handed.and(result.await.unwrap_or(Err(ActionError::Busy))) }
    }

    /// Pauses a bridge, or ends its pause. Who may is decided before. Handed over when this returns.
    pub fn pause(&self, actor: Actor, bridge: String, paused: bool) -> impl Future<Output = Result<(), ActionError>> + Send + use<> {
        let (answer, result) = oneshot::channel();
        let handed = self.hand_over(Request::Pause { actor, bridge, paused, answer });
        async move { handed.and(result.await.unwrap_or(Err(ActionError::Busy))) }
    }

    /// In the order in which it is asked for: a page may be gone, or say the next thing, before anybody awaits an answer.
    fn hand_over(&self, request: Request) -> Result<(), ActionError> {
        self.requests.try_send(request).map_err(|_| ActionError::Busy)
    }
}
