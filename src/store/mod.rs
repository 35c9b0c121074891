//! The facts of all bridges in memory, and which of them changed. The guards of its `DashMap`s never leave this module: readers pass a closure or
//! get a copy.
//!
//! Each bridge actor writes only its own calls, its own listings and the lobby state of participants that it hosts. Nothing here knows rows or
//! browsers.

mod bridges;
mod calls;
pub mod meetings;
mod participants;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dashmap::DashMap;
use tokio::sync::Notify;

use crate::model::{BridgeFacts, BridgeName, BridgeStats, Call, CallKey, Participant, ParticipantId};
pub use participants::ListingChange;

/// Shared handle; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Store(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: DashMap<CallKey, Call>,
    people: DashMap<ParticipantId, Participant>,
    /// Which bridge is finding out where a participant is hosted, and since when.
    home_searches: DashMap<ParticipantId, (BridgeName, Instant)>,
    bridges: DashMap<BridgeName, BridgeFacts>,
    stats: DashMap<BridgeName, BridgeStats>,
    dirty: Mutex<DirtyFacts>,
    changed: Notify,
    lobby_changed: Notify,
}

/// The facts that changed since the publisher last took them.
#[derive(Debug, Default)]
pub struct DirtyFacts {
    pub calls: HashSet<CallKey>,
    pub people: HashSet<ParticipantId>,
    pub bridges: HashSet<BridgeName>,
    /// The lobby state of one of the participants changed.
    pub lobby: bool,
}

impl DirtyFacts {
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.people.is_empty() && self.bridges.is_empty()
    }
}

/// Change tracking.
impl Store {
    /// Waits until something changed; returns at once when it already has.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Waits until a lobby state changed; returns at once when a change was not taken yet.
    pub async fn lobby_changed(&self) {
        while !self.dirty().lobby {
            self.0.lobby_changed.notified().await;
        }
    }

    /// Takes the changes since the last call.
    pub fn take_dirty(&self) -> DirtyFacts {
        std::mem::take(&mut *self.dirty())
    }

    fn dirty(&self) -> MutexGuard<'_, DirtyFacts> {
        self.0.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, what: impl FnOnce(&mut DirtyFacts)) {
        what(&mut self.dirty());
        self.0.changed.notify_one();
    }
}
