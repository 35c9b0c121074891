//! How the people of one press take turns at their bridges. Sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::BridgeName;

/// A press of more people than this stands behind what moderators do one by one.
const FEW: usize = 8;
/// People of one press on their way at one bridge: the first are confirmed before the last are asked for, and a press of 200 still sends
/// all its PUTs first.
const AT_ONCE: usize = 256;

#[derive(Debug)]
pub(super) struct Turns {
    pub(super) bulk: bool,
    bridges: Mutex<HashMap<Option<BridgeName>, Arc<Semaphore>>>,
}

impl Turns {
    pub(super) fn new(people: usize) -> Self {
        Self { bulk: people > FEW, bridges: Mutex::default() }
    }

    /// Waits until somebody of this bridge (`None`: not known yet) may be on their way; the turn ends when it is dropped.
    pub(super) async fn take(&self, bridge: Option<BridgeName>) -> Option<OwnedSemaphorePermit> {
        let line = {
            let mut bridges = self.bridges.lock().unwrap_or_else(PoisonError::into_inner);
            bridges.entry(bridge).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
        };
        // Never closed.
        line.acquire_owned().await.ok()
    }
}
