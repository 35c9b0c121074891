//! Which bridges are followed: one supervised actor each, begun, changed and ended while the others go on. Knows no facts.

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
use super::bridge::{Bridge, BridgeMemory, BridgeParts};
use super::cluster::{Cluster, Command, Handle, Tuning, WaitingMemory};
use super::events::socket::Report;
use super::tls::TrustError;
use crate::config::{BridgeConfig, CmsLimits, Timing, Trust};
use crate::model::{BridgeName, BridgeState, ParticipantId};
use crate::store::Store;

/// Commands that may wait for a busy bridge; presses of thousands wait in their own task.
const COMMANDS: usize = 1024;

/// What following a cluster needs.
pub struct Follow<'a> {
    pub bridges: &'a [BridgeConfig],
    pub limits: &'a CmsLimits,
    pub timing: &'a Timing,
    pub store: Store,
    pub bridge_memory: Arc<dyn BridgeMemory>,
    /// Since when people waited before a restart.
    pub memory: HashMap<ParticipantId, WaitingMemory>,
}

/// The followed bridges, which may become others while they are followed. Cheap to clone.
#[derive(Clone)]
pub struct Following(Arc<Inner>);

struct Inner {
    cluster: Cluster,
    bridge_memory: Arc<dyn BridgeMemory>,
    tracker: TaskTracker,
    stop: CancellationToken,
    /// How each is kept running; locked while something changes.
    keepers: Mutex<HashMap<BridgeName, Keeper>>,
}

/// The task that keeps one bridge's actor running.
struct Keeper {
    task: JoinHandle<Ended>,
    /// The authorities it began with: the file may have changed under the same name.
    authorities: Option<Vec<u8>>,
}

/// What is left when a keeper was told to stop.
struct Ended {
    /// None where it was between two of them.
    actor: Option<Box<Bridge>>,
    commands: mpsc::Receiver<Command>,
}

/// An actor that has not begun.
type Fresh = (Bridge, mpsc::Receiver<Report>, BridgeParts);

/// What a change of the configuration did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub added: Vec<BridgeName>,
    /// Address, credentials or trust: read again from nothing.
    pub anew: Vec<BridgeName>,
    pub removed: Vec<BridgeName>,
    /// Limits or intervals.
    pub retuned: bool,
}

/// Follows every configured bridge until `stop`. Trust settings are checked before anything is asked.
pub fn follow(what: Follow<'_>, tracker: &TaskTracker, stop: &CancellationToken) -> Result<Following, TrustError> {
    let tuning = Tuning { limits: what.limits.clone(), timing: what.timing.clone() };
    let cluster = Cluster::new(what.store, what.memory, tuning);
    let mut inner =
        Inner { cluster, bridge_memory: what.bridge_memory, tracker: tracker.clone(), stop: stop.clone(), keepers: Mutex::default() };
    let fresh: Vec<Fresh> = what.bridges.iter().map(|config| inner.fresh(config)).collect::<Result<_, _>>()?;
    let begun = fresh.into_iter().map(|fresh| inner.begin(fresh)).collect();
    *inner.keepers.get_mut() = begun;
    Ok(Following(Arc::new(inner)))
}

impl Following {
    pub fn cluster(&self) -> &Cluster {
        &self.0.cluster
    }

    /// Follows these bridges from now on; those that stay as they were don't notice. Call it where the bridges run. Where a trust setting
    /// is no good nothing changes at all.
    pub async fn change(&self, bridges: &[BridgeConfig], limits: &CmsLimits, timing: &Timing) -> Result<Changed, TrustError> {
        let Inner { cluster, .. } = &*self.0;
        let mut keepers = self.0.keepers.lock().await;
        let tuning = Tuning { limits: limits.clone(), timing: timing.clone() };
        let before = cluster.tuning().get();
        // How many subscriptions share a socket is decided when it is opened.
        let rearranged = before.limits.subscriptions_per_socket != limits.subscriptions_per_socket;
        let is_same = |config: &BridgeConfig| {
            let standing = cluster.handle(&config.name).is_some_and(|handle| *handle.config == *config);
            standing && !rearranged && keepers.get(&config.name).is_some_and(|keeper| keeper.authorities == authorities(&config.trust))
        };
        let other: Vec<&BridgeConfig> = bridges.iter().filter(|config| !is_same(config)).collect();
        // All are tried before the first one is touched.
        for config in &other {
            self.0.fresh(config)?;
        }
        let mut changed = Changed { retuned: *before != tuning, ..Changed::default() };
        cluster.tuning().set(tuning);
        for name in cluster.bridges().into_iter().filter(|name| !bridges.iter().any(|config| config.name == *name)) {
            self.0.remove(&name, keepers.remove(&name)).await;
            changed.removed.push(name);
        }
        for config in other {
            let standing = keepers.remove(&config.name);
            let list = if standing.is_some() { &mut changed.anew } else { &mut changed.added };
            list.push(config.name.clone());
            let fresh = self.0.fresh(config)?;
            let (name, keeper) = match standing {
                Some(keeper) => self.0.replace(keeper, fresh).await,
                None => self.0.begin(fresh),
            };
            keepers.insert(name, keeper);
        }
        if changed.retuned {
            for name in cluster.bridges() {
                let _ = cluster.send(&name, Command::Retune).await;
            }
        }
        Ok(changed)
    }
}

impl Inner {
    fn fresh(&self, config: &BridgeConfig) -> Result<Fresh, TrustError> {
        let parts = BridgeParts {
            config: config.clone(),
            cluster: self.cluster.clone(),
            memory: self.bridge_memory.clone(),
            tracker: self.tracker.clone(),
        };
        let (bridge, reports) = Bridge::new(parts.clone())?;
        Ok((bridge, reports, parts))
    }

    fn begin(&self, fresh: Fresh) -> (BridgeName, Keeper) {
        let (sender, commands) = mpsc::channel(COMMANDS);
        self.keep(fresh, sender, commands)
    }

    fn keep(&self, fresh: Fresh, sender: mpsc::Sender<Command>, commands: mpsc::Receiver<Command>) -> (BridgeName, Keeper) {
        let config = Arc::new(fresh.2.config.clone());
        let (name, stop) = (config.name.clone(), self.stop.child_token());
        let authorities = authorities(&config.trust);
        self.cluster.put(Handle { config, commands: sender, stop: stop.clone() });
        (name, Keeper { task: self.tracker.spawn(keep_running(fresh, commands, stop)), authorities })
    }

    /// Another actor for the same bridge: it compares what it finds in the store with the bridge, as after a reconnect, and is asked what
    /// the one before it had not sent.
    async fn replace(&self, keeper: Keeper, fresh: Fresh) -> (BridgeName, Keeper) {
        let config = &fresh.2.config;
        let standing = self.cluster.handle(&config.name);
        if let Some(handle) = &standing {
            handle.stop.cancel();
            if handle.config.url != config.url {
                self.cluster.unlearn(&config.name);
            }
        }
        let ended = keeper.task.await;
        self.cluster.store().put_bridge(&config.name, |facts| {
            (facts.state, facts.since, facts.trouble, facts.version) =
                (BridgeState::Connecting, crate::clock::Now::read().unix_ms, None, None);
        });
        match (standing, ended) {
            (Some(Handle { commands: sender, .. }), Ok(Ended { actor, commands })) => {
                if let Some(actor) = actor {
                    actor.leave(|command| sender.try_send(command).map_err(mpsc::error::TrySendError::into_inner));
                }
                self.keep(fresh, sender, commands)
            }
            _ => self.begin(fresh),
        }
    }

    /// Its sockets are closed, whoever waits for it is answered, and what it said is forgotten.
    async fn remove(&self, name: &BridgeName, keeper: Option<Keeper>) {
        if let Some(handle) = self.cluster.remove(name) {
            handle.stop.cancel();
        }
        if let Some(Ok(Ended { actor, mut commands })) = async { Some(keeper?.task.await) }.await {
            if let Some(actor) = actor {
                actor.leave(Err);
            }
            commands.close();
            while let Ok(command) = commands.try_recv() {
                command.withhold(NOT_FOLLOWED);
            }
        }
        let id = self.cluster.unlearn(name);
        self.cluster.store().remove_bridge(name, id.as_ref());
    }
}

/// Why something is not sent to a bridge that left the configuration.
pub(super) const NOT_FOLLOWED: &str = "the bridge is not followed any more";

fn authorities(trust: &Trust) -> Option<Vec<u8>> {
    let read = |path: &Path| std::fs::read(path).ok();
    if let Trust::CaFile(path) = trust { read(path) } else { None }
}

/// Runs a bridge's actor, and another one after it should it fail, which only a defect of Usher can cause: no bridge stays unwatched, and
/// the others don't notice. The new one reads everything again; what the page shows meanwhile is said to be old.
async fn keep_running((bridge, reports, parts): Fresh, mut commands: mpsc::Receiver<Command>, stop: CancellationToken) -> Ended {
    let mut next = Some((bridge, reports));
    let name = &parts.config.name;
    for failures in 0.. {
        if let Some((actor, reports)) = next.take() {
            if let Ok(actor) = AssertUnwindSafe(actor.run(reports, &mut commands, stop.clone())).catch_unwind().await {
                return Ended { actor: Some(Box::new(actor)), commands };
            }
            error!(bridge = %name, "the bridge's actor failed; this is a defect of Usher. Starting another one");
            metrics::counter!("usher_cms_actors_failed_total", "bridge" => name.to_string()).increment(1);
            bridge::report_failed_actor(parts.cluster.store(), name);
        }
        let timing = &parts.cluster.tuning().get().timing;
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(bridge::backoff(timing.reconnect_min, timing.reconnect_max, failures)) => {}
        }
        // Its CA file may be away just now.
        let begun = Bridge::new(parts.clone());
        next = begun.inspect_err(|error| error!(bridge = %name, %error, "another actor can't be started; it is tried again")).ok();
    }
    Ended { actor: None, commands }
}
