//! What the bridges share: the store, each other's addresses, and whose id is whose. Holds no facts of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::client::AskError;
use crate::model::{BridgeName, ParticipantId};
use crate::store::Store;

/// What can be asked of a bridge actor.
#[derive(Debug)]
pub enum Command {
    /// Another bridge says that this one hosts the person.
    Host(ParticipantId),
    /// `PUT deactivated=false`; the answer is CMS's. `bulk`: one of many, who stand behind what is asked for one by one.
    Admit { person: ParticipantId, bulk: bool, reply: oneshot::Sender<Result<(), AskError>> },
    /// Reads the person's legs now and states what came of it.
    Look { person: ParticipantId, bulk: bool, reply: oneshot::Sender<Look> },
    /// Reads where the person is hosted.
    Locate { person: ParticipantId, reply: oneshot::Sender<Result<(), AskError>> },
    /// The bridge sent records; `room` is given back when they have been taken in.
    Records { body: Bytes, room: OwnedSemaphorePermit },
    /// Somebody asked to try the bridge again at once.
    Retry,
}

/// What a look at a person's legs showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
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

/// Shared by all bridge actors and the actions.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    bridges: HashMap<BridgeName, mpsc::Sender<Command>>,
    /// Call Bridge ids (`/callBridges`) to configured names.
    names: Mutex<HashMap<Arc<str>, BridgeName>>,
    memory: HashMap<ParticipantId, WaitingMemory>,
}

impl Cluster {
    pub fn new(store: Store, bridges: HashMap<BridgeName, mpsc::Sender<Command>>, memory: HashMap<ParticipantId, WaitingMemory>) -> Self {
        Self(Arc::new(Inner { store, bridges, names: Mutex::default(), memory }))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Hands a command to a bridge; gives it back when there is no such bridge or it has stopped.
    pub async fn send(&self, bridge: &str, command: Command) -> Result<(), Command> {
        match self.0.bridges.get(bridge) {
            Some(sender) => sender.send(command).await.map_err(|error| error.0),
            None => Err(command),
        }
    }

    /// Tells a bridge that it hosts somebody. Lost when the bridge is flooded: its own roster sweep finds the person too.
    pub fn hint(&self, bridge: &str, person: &ParticipantId) {
        if let Some(sender) = self.0.bridges.get(bridge) {
            let _ = sender.try_send(Command::Host(person.clone()));
        }
    }

    /// Hands over records; false when the bridge is flooded. A bridge notices by their numbers that some are missing.
    pub fn records(&self, bridge: &str, body: Bytes, room: OwnedSemaphorePermit) -> bool {
        self.0.bridges.get(bridge).is_some_and(|sender| sender.try_send(Command::Records { body, room }).is_ok())
    }

    /// Tells every bridge whose id is not known that it may host somebody.
    pub fn hint_unidentified(&self, person: &ParticipantId) {
        let known: Vec<BridgeName> = self.names().values().cloned().collect();
        for bridge in self.0.bridges.keys().filter(|name| !known.contains(name)) {
            self.hint(bridge, person);
        }
    }

    pub fn has(&self, bridge: &str) -> bool {
        self.0.bridges.contains_key(bridge)
    }

    /// The configured name of a Call Bridge id.
    pub fn name_of(&self, id: &str) -> Option<BridgeName> {
        self.names().get(id).cloned()
    }

    pub fn learn(&self, id: &Arc<str>, name: &BridgeName) {
        self.names().insert(id.clone(), name.clone());
    }

    pub fn remembered(&self, person: &str) -> Option<WaitingMemory> {
        self.0.memory.get(person).copied()
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, BridgeName>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
