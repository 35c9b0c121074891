//! Runs one supervised actor for each configured bridge, and starts, replaces and stops them while the others go on. Knows no facts.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use super::bridge;
use super::bridge::{Bridge, BridgeParts, SavedBridgeState};
use super::cluster::{ActorHandle, BridgeCommand, Cluster, SavedWait, Tuning};
use super::events::socket::SocketReport;
use super::tls::TrustError;
use crate::clock::Now;
use crate::config::{BridgeConfig, CmsLimits, Timing, Trust};
use crate::model::{BridgeName, BridgeState, ParticipantId};
use crate::store::Store;

/// How many commands may wait for a busy bridge; requests of large bulk actions wait in their own tasks.
const COMMANDS: usize = 1024;

/// The parts that a supervisor starts with.
pub struct ClusterSetup<'a> {
    pub bridges: &'a [BridgeConfig],
    pub limits: &'a CmsLimits,
    pub timing: &'a Timing,
    pub store: Store,
    pub saved_bridges: Arc<dyn SavedBridgeState>,
    /// The waits of participants from before a restart.
    pub saved_waits: HashMap<ParticipantId, SavedWait>,
}

/// Supervises the actors of all bridges; the bridges may change while it runs. Cheap to clone.
#[derive(Clone)]
pub struct BridgeSupervisor(Arc<Inner>);

struct Inner {
    cluster: Cluster,
    saved_bridges: Arc<dyn SavedBridgeState>,
    tracker: TaskTracker,
    stop: CancellationToken,
    /// The task of each bridge; locked during a change.
    actors: Mutex<HashMap<BridgeName, ActorTask>>,
}

/// The task that runs one bridge's actor, and another one if it fails.
struct ActorTask {
    task: JoinHandle<StoppedActor>,
    /// The authorities it started with: the file may have changed under the same name.
    authorities: Option<Vec<u8>>,
}

/// The remains of a stopped actor, for the one that follows it.
struct StoppedActor {
    /// None where the last one had failed and no other had started.
    actor: Option<Box<Bridge>>,
    commands: mpsc::Receiver<BridgeCommand>,
}

/// An actor that has not started.
type NewActor = (Bridge, mpsc::Receiver<SocketReport>, BridgeParts);

/// The effect of a changed configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ClusterChanges {
    pub added: Vec<BridgeName>,
    /// Bridges whose address, credentials or trust changed: they are read again from nothing.
    pub restarted: Vec<BridgeName>,
    pub removed: Vec<BridgeName>,
    /// The limits or intervals changed.
    pub retuned: bool,
}

impl BridgeSupervisor {
    /// Starts an actor for every configured bridge, to run until `stop`. Checks trust settings before anything is sent.
    pub fn start(setup: ClusterSetup<'_>, tracker: &TaskTracker, stop: &CancellationToken) -> Result<Self, TrustError> {
        let tuning = Tuning { limits: setup.limits.clone(), timing: setup.timing.clone() };
        let cluster = Cluster::new(setup.store, setup.saved_waits, tuning);
        let mut inner =
            Inner { cluster, saved_bridges: setup.saved_bridges, tracker: tracker.clone(), stop: stop.clone(), actors: Mutex::default() };
        let new_actors: Vec<NewActor> = setup.bridges.iter().map(|config| inner.new_actor(config)).collect::<Result<_, _>>()?;
        let started = new_actors.into_iter().map(|new_actor| inner.start(new_actor)).collect();
        *inner.actors.get_mut() = started;
        Ok(Self(Arc::new(inner)))
    }

    pub fn cluster(&self) -> &Cluster {
        &self.0.cluster
    }

    /// Follows these bridges from now on; bridges that stay the same don't notice. Must be called on the bridges' runtime. Where a trust
    /// setting is unusable nothing changes at all.
    pub async fn reconfigure(&self, bridges: &[BridgeConfig], limits: &CmsLimits, timing: &Timing) -> Result<ClusterChanges, TrustError> {
        let Inner { cluster, .. } = &*self.0;
        let mut actors = self.0.actors.lock().await;
        let tuning = Tuning { limits: limits.clone(), timing: timing.clone() };
        let before = cluster.tuning().get();
        // The number of subscriptions on a socket is decided when it is opened.
        let is_rearranged = before.limits.subscriptions_per_socket != limits.subscriptions_per_socket;
        let is_unchanged = |config: &BridgeConfig| {
            let has_config = cluster.handle(&config.name).is_some_and(|handle| *handle.config == *config);
            has_config && !is_rearranged && actors.get(&config.name).is_some_and(|task| task.authorities == authorities(&config.trust))
        };
        let changed_configs: Vec<&BridgeConfig> = bridges.iter().filter(|config| !is_unchanged(config)).collect();
        // Try all of them before the first one is touched.
        for config in &changed_configs {
            self.0.new_actor(config)?;
        }
        let mut changed = ClusterChanges { retuned: *before != tuning, ..ClusterChanges::default() };
        cluster.tuning().set(tuning);
        for name in cluster.bridges().into_iter().filter(|name| !bridges.iter().any(|config| config.name == *name)) {
            self.0.remove(&name, actors.remove(&name)).await;
            changed.removed.push(name);
        }
        for config in changed_configs {
            let running = actors.remove(&config.name);
            let list = if running.is_some() { &mut changed.restarted } else { &mut changed.added };
            list.push(config.name.clone());
            let new_actor = self.0.new_actor(config)?;
            let (name, task) = match running {
                Some(task) => self.0.replace(task, new_actor).await,
                None => self.0.start(new_actor),
            };
            actors.insert(name, task);
        }
        if changed.retuned {
            for name in cluster.bridges() {
                let _ = cluster.send(&name, BridgeCommand::Retune).await;
            }
        }
        Ok(changed)
    }
}

impl Inner {
    fn new_actor(&self, config: &BridgeConfig) -> Result<NewActor, TrustError> {
        let parts = BridgeParts {
            config: config.clone(),
            cluster: self.cluster.clone(),
            saved_bridges: self.saved_bridges.clone(),
            tracker: self.tracker.clone(),
        };
        let (bridge, reports) = Bridge::new(parts.clone())?;
        Ok((bridge, reports, parts))
    }

    fn start(&self, new_actor: NewActor) -> (BridgeName, ActorTask) {
        let (sender, commands) = mpsc::channel(COMMANDS);
        self.spawn_actor(new_actor, sender, commands)
    }

    fn spawn_actor(
        &self,
        new_actor: NewActor,
        sender: mpsc::Sender<BridgeCommand>,
        commands: mpsc::Receiver<BridgeCommand>,
    ) -> (BridgeName, ActorTask) {
        let config = Arc::new(new_actor.2.config.clone());
        let (name, stop) = (config.name.clone(), self.stop.child_token());
        let authorities = authorities(&config.trust);
        self.cluster.put(ActorHandle { config, commands: sender, stop: stop.clone() });
        (name, ActorTask { task: self.tracker.spawn(keep_running(new_actor, commands, stop)), authorities })
    }

    /// Starts another actor for the same bridge. It compares the store with the bridge, as after a reconnect, and gets the requests that the
    /// one before it had not sent.
    async fn replace(&self, task: ActorTask, new_actor: NewActor) -> (BridgeName, ActorTask) {
        let config = &new_actor.2.config;
        let handle = self.cluster.handle(&config.name);
        if let Some(handle) = &handle {
            handle.stop.cancel();
            if handle.config.url != config.url {
                self.cluster.forget_bridge_id(&config.name);
            }
        }
        let stopped = task.task.await;
        self.cluster.store().put_bridge(&config.name, |facts| {
            (facts.state, facts.since, facts.fault, facts.version) = (BridgeState::Connecting, Now::read().unix_ms, None, None);
        });
        match (handle, stopped) {
            (Some(ActorHandle { commands: sender, .. }), Ok(StoppedActor { actor, commands })) => {
                if let Some(actor) = actor {
                    actor.leave(|command| sender.try_send(command).map_err(mpsc::error::TrySendError::into_inner));
                }
                self.spawn_actor(new_actor, sender, commands)
            }
            _ => self.start(new_actor),
        }
    }

    /// Stops the actor of a bridge, answers all who wait for it, and forgets the bridge's facts.
    async fn remove(&self, name: &BridgeName, task: Option<ActorTask>) {
        if let Some(handle) = self.cluster.remove(name) {
            handle.stop.cancel();
        }
        if let Some(Ok(StoppedActor { actor, mut commands })) = async { Some(task?.task.await) }.await {
            if let Some(actor) = actor {
                actor.leave(Err);
            }
            commands.close();
            while let Ok(command) = commands.try_recv() {
                command.withhold(NOT_FOLLOWED);
            }
        }
        let id = self.cluster.forget_bridge_id(name);
        self.cluster.store().remove_bridge(name, id.as_ref());
    }
}

/// Why nothing is sent to a bridge that left the configuration.
pub(super) const NOT_FOLLOWED: &str = "the bridge is not followed any more";

fn authorities(trust: &Trust) -> Option<Vec<u8>> {
    let read = |path: &Path| std::fs::read(path).ok();
    if let Trust::CaFile(path) = trust { read(path) } else { None }
}

/// Runs a bridge's actor, and another one when it fails, which only a defect of Usher can cause: no bridge stays unwatched, and the others
/// don't notice. The new actor reads everything again; meanwhile the page says that its rows may be stale.
async fn keep_running(
    (bridge, reports, parts): NewActor,
    mut commands: mpsc::Receiver<BridgeCommand>,
    stop: CancellationToken,
) -> StoppedActor {
    let mut next = Some((bridge, reports));
    let name = &parts.config.name;
    for failures in 0.. {
        if let Some((actor, reports)) = next.take() {
            if let Ok(actor) = AssertUnwindSafe(actor.run(reports, &mut commands, stop.clone())).catch_unwind().await {
                return StoppedActor { actor: Some(Box::new(actor)), commands };
            }
            error!(bridge = %name, "bridge actor failed by a defect of Usher; another one started");
            metrics::counter!("usher_cms_actors_failed_total", "bridge" => name.to_string()).increment(1);
            bridge::report_failed_actor(parts.cluster.store(), name);
        }
        let timing = &parts.cluster.tuning().get().timing;
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(bridge::backoff(timing.reconnect_min, timing.reconnect_max, failures)) => {}
        }
        // This fails while the CA file is missing.
        let started = Bridge::new(parts.clone());
        next = started.inspect_err(|error| error!(bridge = %name, %error, "bridge actor not started; to be tried again")).ok();
    }
    StoppedActor { actor: None, commands }
}
