//! What the bridges share: the store, each other's addresses, and whose id is whose. Holds no facts of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::rest::client::AskError;
use super::rest::request::Ask;
use super::rest::response::Answer;
use crate::config::{BridgeConfig, CmsLimits, Live, Timing};
use crate::model::{BridgeName, ParticipantId};
use crate::store::Store;

/// What can be asked of a bridge actor.
#[derive(Debug)]
pub(crate) enum Command {
    /// Another bridge says that this one hosts the person.
    Host(ParticipantId),
    /// Sends one request; its answer comes when the bridge has taken it in. `bulk`: one of many, which stand behind what is asked for one
    /// by one.
    Ask {
        ask: Ask,
        bulk: bool,
        reply: oneshot::Sender<Result<Answer, AskError>>,
    },
    /// Nobody wants this any more; what has been sent goes on.
    Withdraw(Ask),
    /// Reads the person's legs now and states what came of it.
    Look {
        person: ParticipantId,
        bulk: bool,
        reply: oneshot::Sender<Look>,
    },
    /// The bridge sent records; `room` is given back when they have been taken in.
    Records {
        body: Bytes,
        room: OwnedSemaphorePermit,
    },
    /// Somebody asked to try the bridge again at once.
    Retry,
    /// An administrator wants the bridge to be left alone.
    Pause {
        by: Arc<str>,
    },
    Resume,
    /// The limits or intervals are others now: the cluster holds them.
    Retune,
}

impl Command {
    /// Answers whoever waits: it was not carried out.
    pub(super) fn withhold(self, why: &str) {
        let error = AskError::Withheld(why.to_owned());
        match self {
            Self::Ask { reply, .. } => drop(reply.send(Err(error))),
            Self::Look { reply, .. } => drop(reply.send(Look::Failed(error))),
            Self::Host(_) | Self::Withdraw(_) | Self::Records { .. } | Self::Retry | Self::Pause { .. } | Self::Resume | Self::Retune => {}
        }
    }
}

/// What a look at a person's legs showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    Waiting,
    In,
    /// Not connected, or the first look of two.
    Unclear,
    Gone,
    Failed(AskError),
}

/// When somebody who waits was first known to wait: kept over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingMemory {
    pub since: i64,
    pub up_to: bool,
}

/// How much of each bridge may be used, and how often it is read: the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tuning {
    pub(super) limits: CmsLimits,
    pub(super) timing: Timing,
}

/// A followed bridge, as everybody else sees it.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) config: Arc<BridgeConfig>,
    pub(super) commands: mpsc::Sender<Command>,
    /// Ends its actor, whichever one it is just now.
    pub(super) stop: CancellationToken,
}

/// Shared by all bridge actors and the actions.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    bridges: RwLock<HashMap<BridgeName, Handle>>,
    /// Call Bridge ids (`/callBridges`) to configured names.
    names: Mutex<HashMap<Arc<str>, BridgeName>>,
    memory: HashMap<ParticipantId, WaitingMemory>,
    tuning: Live<Tuning>,
}

impl Cluster {
    /// Without any bridge yet.
    pub(super) fn new(store: Store, memory: HashMap<ParticipantId, WaitingMemory>, tuning: Tuning) -> Self {
        Self(Arc::new(Inner { store, bridges: RwLock::default(), names: Mutex::default(), memory, tuning: tuning.into() }))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn tuning(&self) -> &Live<Tuning> {
        &self.0.tuning
    }

    /// Hands a command to a bridge; gives it back when there is no such bridge or it has stopped.
    pub(crate) async fn send(&self, bridge: &str, command: Command) -> Result<(), Command> {
        match self.handle(bridge) {
            Some(handle) => handle.commands.send(command).await.map_err(|error| error.0),
            None => Err(command),
        }
    }

    /// Tells a bridge that it hosts somebody. Lost when the bridge is flooded: its own roster sweep finds the person too.
    pub fn hint(&self, bridge: &str, person: &ParticipantId) {
        if let Some(handle) = self.handle(bridge) {
            let _ = handle.commands.try_send(Command::Host(person.clone()));
        }
    }

    /// Hands over records; false when the bridge is flooded. A bridge notices by their numbers that some are missing.
    pub fn records(&self, bridge: &str, body: Bytes, room: OwnedSemaphorePermit) -> bool {
        self.handle(bridge).is_some_and(|handle| handle.commands.try_send(Command::Records { body, room }).is_ok())
    }

    /// Tells every bridge whose id is not known that it may host somebody.
    pub fn hint_unidentified(&self, person: &ParticipantId) {
        let known: Vec<BridgeName> = self.names().values().cloned().collect();
        for bridge in self.bridges().into_iter().filter(|name| !known.contains(name)) {
            self.hint(&bridge, person);
        }
    }

    /// The names of all bridges that are followed.
    pub(super) fn bridges(&self) -> Vec<BridgeName> {
        self.0.bridges.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(super) fn handle(&self, bridge: &str) -> Option<Handle> {
        self.0.bridges.read().unwrap_or_else(PoisonError::into_inner).get(bridge).cloned()
    }

    pub(super) fn put(&self, handle: Handle) {
        self.0.bridges.write().unwrap_or_else(PoisonError::into_inner).insert(handle.config.name.clone(), handle);
    }

    /// From here on nobody finds the bridge any more.
    pub(super) fn remove(&self, bridge: &str) -> Option<Handle> {
        self.0.bridges.write().unwrap_or_else(PoisonError::into_inner).remove(bridge)
    }

    /// The configured name of a Call Bridge id.
    pub fn name_of(&self, id: &str) -> Option<BridgeName> {
        self.names().get(id).cloned()
    }

    pub fn learn(&self, id: &Arc<str>, name: &BridgeName) {
        self.names().insert(id.clone(), name.clone());
    }

    /// Forgets which ids were a bridge's; returns one of them.
    pub(super) fn unlearn(&self, name: &str) -> Option<Arc<str>> {
        let mut names = self.names();
        let id = names.iter().find(|(_, known)| &***known == name).map(|(id, _)| id.clone());
        names.retain(|_, known| &**known != name);
        id
    }

    pub fn remembered(&self, person: &str) -> Option<WaitingMemory> {
        self.0.memory.get(person).copied()
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, BridgeName>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
