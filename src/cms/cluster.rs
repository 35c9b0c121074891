//! The state that all bridge actors share: the store, the ways to reach each other, and which Call Bridge id belongs to which bridge. Holds
//! no facts of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::rest::client::RequestError;
use super::rest::request::Request;
use super::rest::response::Response;
use crate::config::{BridgeConfig, CmsLimits, Live, Timing};
use crate::model::{BridgeName, ParticipantId};
use crate::store::Store;

/// A message to the actor of one bridge.
#[derive(Debug)]
pub(crate) enum BridgeCommand {
    /// Another bridge says that this one hosts the participant.
    HostedHere(ParticipantId),
    /// Send one request. The reply comes once the actor has processed the response. `bulk`: one of many, which wait behind single requests.
    Send {
        request: Request,
        bulk: bool,
        reply: oneshot::Sender<Result<Response, RequestError>>,
    },
    /// Drop this request if it was not sent yet.
    Withdraw(Request),
    /// Read the participant's legs now and reply with their lobby state.
    ProbeLegs {
        person: ParticipantId,
        bulk: bool,
        reply: oneshot::Sender<LegProbe>,
    },
    /// The bridge posted records; `room` is released once they are processed.
    Records {
        body: Bytes,
        room: OwnedSemaphorePermit,
    },
    /// Try the bridge again at once.
    Retry,
    /// Send nothing to the bridge until `Resume`.
    Pause {
        by: Arc<str>,
    },
    Resume,
    /// The limits or intervals have changed; the cluster holds the new ones.
    Retune,
}

impl BridgeCommand {
    /// Replies that the command was not carried out, and why.
    pub(super) fn withhold(self, why: &str) {
        let error = RequestError::Withheld(why.to_owned());
        match self {
            Self::Send { reply, .. } => drop(reply.send(Err(error))),
            Self::ProbeLegs { reply, .. } => drop(reply.send(LegProbe::Failed(error))),
            Self::HostedHere(_)
            | Self::Withdraw(_)
            | Self::Records { .. }
            | Self::Retry
            | Self::Pause { .. }
            | Self::Resume
            | Self::Retune => {}
        }
    }
}

/// The lobby state that reading a participant's legs showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LegProbe {
    Waiting,
    In,
    /// No leg is connected, or only the first of two readings was made.
    Unclear,
    Gone,
    Failed(RequestError),
}

/// When a participant who waits was first known to wait; saved over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedWait {
    pub since: i64,
    pub up_to: bool,
}

/// How much of a bridge Usher may use, and how often it reads it; the same for all bridges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tuning {
    pub(super) limits: CmsLimits,
    pub(super) timing: Timing,
}

/// How others reach the actor of a bridge.
#[derive(Debug, Clone)]
pub(super) struct ActorHandle {
    pub(super) config: Arc<BridgeConfig>,
    pub(super) commands: mpsc::Sender<BridgeCommand>,
    /// Stops the bridge's actor, also the one that replaced a failed one.
    pub(super) stop: CancellationToken,
}

/// Shared by all bridge actors and the actions.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    bridges: RwLock<HashMap<BridgeName, ActorHandle>>,
    /// Call Bridge ids (`/callBridges`) to configured names.
    names: Mutex<HashMap<Arc<str>, BridgeName>>,
    saved_waits: HashMap<ParticipantId, SavedWait>,
    tuning: Live<Tuning>,
}

impl Cluster {
    /// A cluster without any bridge yet.
    pub(super) fn new(store: Store, saved_waits: HashMap<ParticipantId, SavedWait>, tuning: Tuning) -> Self {
        Self(Arc::new(Inner { store, bridges: RwLock::default(), names: Mutex::default(), saved_waits, tuning: tuning.into() }))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn tuning(&self) -> &Live<Tuning> {
        &self.0.tuning
    }

    /// Sends a command to a bridge's actor; returns it when there is no such bridge or it has stopped.
    pub(crate) async fn send(&self, bridge: &str, command: BridgeCommand) -> Result<(), BridgeCommand> {
        match self.handle(bridge) {
            Some(handle) => handle.commands.send(command).await.map_err(|error| error.0),
            None => Err(command),
        }
    }

    /// Tells a bridge that it hosts a participant. The hint is lost when the bridge is flooded; its own roster sweep finds them too.
    pub fn hint_home(&self, bridge: &str, person: &ParticipantId) {
        if let Some(handle) = self.handle(bridge) {
            let _ = handle.commands.try_send(BridgeCommand::HostedHere(person.clone()));
        }
    }

    /// Hands records to a bridge's actor; false when it is flooded. The actor notices by their numbers that some are missing.
    pub fn deliver_records(&self, bridge: &str, body: Bytes, room: OwnedSemaphorePermit) -> bool {
        self.handle(bridge).is_some_and(|handle| handle.commands.try_send(BridgeCommand::Records { body, room }).is_ok())
    }

    /// Tells every bridge whose id is not known yet that it may host a participant.
    pub fn hint_home_unidentified(&self, person: &ParticipantId) {
        let known: Vec<BridgeName> = self.names().values().cloned().collect();
        for bridge in self.bridges().into_iter().filter(|name| !known.contains(name)) {
            self.hint_home(&bridge, person);
        }
    }

    /// The names of all bridges that are followed.
    pub(super) fn bridges(&self) -> Vec<BridgeName> {
        self.0.bridges.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(super) fn handle(&self, bridge: &str) -> Option<ActorHandle> {
        self.0.bridges.read().unwrap_or_else(PoisonError::into_inner).get(bridge).cloned()
    }

    pub(super) fn put(&self, handle: ActorHandle) {
        self.0.bridges.write().unwrap_or_else(PoisonError::into_inner).insert(handle.config.name.clone(), handle);
    }

    /// Removes a bridge, so that no command reaches it any more.
    pub(super) fn remove(&self, bridge: &str) -> Option<ActorHandle> {
        self.0.bridges.write().unwrap_or_else(PoisonError::into_inner).remove(bridge)
    }

    /// The configured name of a Call Bridge id.
    pub fn bridge_name(&self, id: &str) -> Option<BridgeName> {
        self.names().get(id).cloned()
    }

    /// Records that a Call Bridge id belongs to a configured bridge.
    pub fn set_bridge_id(&self, id: &Arc<str>, name: &BridgeName) {
        self.names().insert(id.clone(), name.clone());
    }

    /// Forgets the ids of a bridge; returns one of them.
    pub(super) fn forget_bridge_id(&self, name: &str) -> Option<Arc<str>> {
        let mut names = self.names();
        let id = names.iter().find(|(_, known)| &***known == name).map(|(id, _)| id.clone());
        names.retain(|_, known| &**known != name);
        id
    }

    /// The participant's wait from before the restart.
    pub fn saved_wait(&self, person: &str) -> Option<SavedWait> {
        self.0.saved_waits.get(person).copied()
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, BridgeName>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
