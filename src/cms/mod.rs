//! Everything that speaks to Cisco Meeting Server. One actor a Call Bridge; nothing here knows browsers.
//!
//! The way of one event: `session` reads and acknowledges it, `wire` decodes it, `bridge::events` merges it into the store and asks for the
//! person's legs, `queue` sends the request when it may go, `answer` types what comes back, `lobby` decides, `bridge::legs` writes it.

mod answer;
mod ask;
mod bridge;
mod client;
mod cluster;
mod lobby;
mod queue;
mod repairs;
mod session;
mod subscriptions;
mod timers;
mod tls;
mod wire;
mod xml;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

pub use bridge::RefusalMemory;
pub use client::AskError;
pub use cluster::{Cluster, Command, Look, WaitingMemory};
pub use tls::TrustError;

// What `usher check` asks a bridge with, so that it tries what Usher does.
pub(crate) use answer::Answer;
pub(crate) use ask::Ask;
pub(crate) use bridge::admits;
pub(crate) use client::Client;
pub(crate) use session::{Endpoint, News, Report as SessionReport, Session};
pub(crate) use tls::client_config;
pub(crate) use wire::{Body, Subscription, subscribe_request};

use crate::config::{BridgeConfig, CmsLimits, Timing};
use crate::model::ParticipantId;
use crate::store::Store;
use bridge::{Bridge, Parts};

/// Commands that may wait for a busy bridge; presses of thousands wait in their own task.
const COMMANDS: usize = 1024;

/// What following a cluster needs.
pub struct Follow<'a> {
    pub bridges: &'a [BridgeConfig],
    pub limits: &'a CmsLimits,
    pub timing: &'a Timing,
    pub store: Store,
    pub refusals: Arc<dyn RefusalMemory>,
    /// Since when people waited before a restart.
    pub memory: HashMap<ParticipantId, WaitingMemory>,
}

/// Follows every configured bridge until `stop`. Trust settings are checked before anything is asked.
pub fn follow(what: Follow<'_>, tracker: &TaskTracker, stop: &CancellationToken) -> Result<Cluster, TrustError> {
    let (senders, receivers): (HashMap<_, _>, Vec<_>) = what
        .bridges
        .iter()
        .map(|config| {
            let (sender, receiver) = mpsc::channel(COMMANDS);
            ((config.name.clone(), sender), receiver)
        })
        .unzip();
    let cluster = Cluster::new(what.store, senders, what.memory);
    let mut bridges = Vec::new();
    for (config, commands) in what.bridges.iter().zip(receivers) {
        let parts = Parts {
            config: config.clone(),
            limits: what.limits.clone(),
            timing: what.timing.clone(),
            cluster: cluster.clone(),
            refusals: what.refusals.clone(),
            tracker: tracker.clone(),
        };
        bridges.push((Bridge::new(parts.clone())?, parts, commands));
    }
    for (bridge, parts, commands) in bridges {
        tracker.spawn(keep_running(bridge, parts, commands, stop.child_token()));
    }
    Ok(cluster)
}

/// Runs a bridge's actor, and another one after it should it fail, which only a defect of Usher can cause: no bridge stays unwatched, and
/// the others don't notice. The new one reads everything again; what the page shows meanwhile is said to be old.
async fn keep_running(
    mut bridge: (Bridge, mpsc::Receiver<SessionReport>),
    parts: Parts,
    mut commands: mpsc::Receiver<Command>,
    stop: CancellationToken,
) {
    for failures in 0.. {
        let (actor, reports) = bridge;
        if AssertUnwindSafe(actor.run(reports, &mut commands, stop.clone())).catch_unwind().await.is_ok() {
            return;
        }
        let name = &parts.config.name;
        error!(bridge = %name, "the bridge's actor failed; this is a defect of Usher. Starting another one");
        metrics::counter!("usher_cms_actors_failed_total", "bridge" => name.to_string()).increment(1);
        bridge::say_failed(parts.cluster.store(), name);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(bridge::backoff(parts.timing.reconnect_min, parts.timing.reconnect_max, failures)) => {}
        }
        bridge = match Bridge::new(parts.clone()) {
            Ok(bridge) => bridge,
            Err(error) => return error!(bridge = %name, %error, "no other one can be started"),
        };
    }
}
