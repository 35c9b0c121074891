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
mod session;
mod subscriptions;
mod timers;
mod tls;
mod wire;
mod xml;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
        let (bridge, reports) = bridge::Bridge::new(bridge::Parts {
            config: config.clone(),
            limits: what.limits.clone(),
            timing: what.timing.clone(),
            cluster: cluster.clone(),
            refusals: what.refusals.clone(),
            tracker: tracker.clone(),
        })?;
        bridges.push((bridge, reports, commands));
    }
    for (bridge, reports, commands) in bridges {
        tracker.spawn(bridge.run(reports, commands, stop.child_token()));
    }
    Ok(cluster)
}
