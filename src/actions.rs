//! What browsers may ask for: the press of a button, handed over whole. Does not know sockets or pages.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::view::ActionResult;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Actor {
    pub user: Arc<str>,
    pub address: std::net::IpAddr,
}

/// One press of an admit button: exactly the people it showed.
#[derive(Debug, Clone)]
pub struct Press {
    pub actor: Actor,
    pub people: Vec<Arc<str>>,
    pub scope: Scope,
}

/// Which button it was; for the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Person,
    Selection,
    Meeting,
    Shown,
}

/// How it ended for one person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PersonResult {
    pub person: Arc<str>,
    pub result: ActionResult,
    /// CMS's word, or what went wrong.
    pub reason: Option<Arc<str>>,
    /// Who let the person in before, where Usher knows (`already`).
    pub by: Option<Arc<str>>,
    pub at: Option<i64>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ActionError {
    #[error("too many actions are under way; try again in a moment")]
    Busy,
    #[error("there is no bridge named {0}")]
    UnknownBridge(String),
}

/// Cheap handle for the browser side.
#[derive(Debug, Clone)]
pub struct Actions {
    pub(crate) requests: mpsc::Sender<Request>,
}

/// What the handle sends to the actor behind it.
#[derive(Debug)]
pub enum Request {
    Admit {
        press: Press,
        results: mpsc::Sender<PersonResult>,
        started: tokio::sync::oneshot::Sender<()>,
    },
    Retry {
        actor: Actor,
        bridge: String,
        answer: tokio::sync::oneshot::Sender<Result<(), ActionError>>,
    },
    /// `paused`: leave the bridge alone; else end that.
    Pause {
        actor: Actor,
        bridge: String,
        paused: bool,
        answer: tokio::sync::oneshot::Sender<Result<(), ActionError>>,
    },
}

impl Actions {
    /// A handle, and what its requests arrive at; beyond `waiting` of them it answers `Busy`.
    pub fn channel(waiting: usize) -> (Self, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(waiting);
        (Self { requests }, receiver)
    }

    /// Begins a press. Returns once it is journalled; the channel then yields one result per distinct person and closes.
    pub async fn admit(&self, press: Press) -> Result<mpsc::Receiver<PersonResult>, ActionError> {
        let (results, receiver) = mpsc::channel(press.people.len().max(1));
        let (started, journalled) = tokio::sync::oneshot::channel();
        self.requests.try_send(Request::Admit { press, results, started }).map_err(|_| ActionError::Busy)?;
        journalled.await.map_err(|_| ActionError::Busy)?;
        Ok(receiver)
    }

    /// Tries a bridge again at once: after refused credentials, or while it backs off.
    pub async fn retry(&self, actor: Actor, bridge: String) -> Result<(), ActionError> {
        let (answer, result) = tokio::sync::oneshot::channel();
        self.requests.try_send(Request::Retry { actor, bridge, answer }).map_err(|_| ActionError::Busy)?;
        result.await.unwrap_or(Err(ActionError::Busy))
    }

    /// Pauses a bridge, or ends its pause. Who may is decided before.
    pub async fn pause(&self, actor: Actor, bridge: String, paused: bool) -> Result<(), ActionError> {
        let (answer, result) = tokio::sync::oneshot::channel();
        self.requests.try_send(Request::Pause { actor, bridge, paused, answer }).map_err(|_| ActionError::Busy)?;
        result.await.unwrap_or(Err(ActionError::Busy))
    }
}
