//! The facts of bridges themselves, and their statistics.

use std::sync::Arc;

use super::Store;
use crate::clock::Now;
use crate::model::{BridgeFacts, BridgeName, BridgeState, BridgeStats, CdrFacts, Home, LobbyFact};

impl Store {
    /// Creates or changes the facts of a bridge.
    pub fn put_bridge(&self, bridge: &BridgeName, change: impl FnOnce(&mut BridgeFacts)) {
        let mut entry = self.0.bridges.entry(bridge.clone()).or_insert_with(|| BridgeFacts {
            state: BridgeState::Connecting,
            since: Now::read().unix_ms,
            answered: None,
            silent: false,
            fault: None,
            version: None,
            id: None,
            unique_name: None,
            can_admit: true,
            can_send_back: true,
            polled_calls: 0,
            unreadable_calls: 0,
            short_events: false,
            cdr: CdrFacts::default(),
            paused_by: None,
        });
        let before = BridgeFacts { answered: None, ..entry.clone() };
        change(&mut entry);
        let changed = before != BridgeFacts { answered: None, ..entry.clone() };
        drop(entry);
        if changed {
            self.mark_bridge(bridge);
        }
    }

    /// Records that a bridge has just responded. Pages only see that it isn't silent any more.
    pub fn bridge_answered(&self, bridge: &BridgeName, now: Now) {
        let Some(mut entry) = self.0.bridges.get_mut(bridge) else { return };
        entry.answered = Some((now.instant, now.unix_ms));
        let spoke = std::mem::take(&mut entry.silent);
        drop(entry);
        if spoke {
            self.mark_bridge(bridge);
        }
    }

    /// Publishes a bridge again although its facts did not change: its first row.
    pub fn mark_bridge(&self, bridge: &BridgeName) {
        self.mark(|dirty| {
            dirty.bridges.insert(bridge.clone());
        });
    }

    /// Stores the latest statistics of a bridge; no row follows from them.
    pub fn put_stats(&self, stats: BridgeStats) {
        self.0.stats.insert(stats.id.clone(), stats);
    }

    /// The statistics of all bridges, by name.
    pub fn stats(&self) -> Vec<BridgeStats> {
        let mut all: Vec<_> = self.0.stats.iter().map(|entry| entry.value().clone()).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Forgets a bridge with its calls and listings. Participants that another bridge lists too stay, with a home (`id`) that Usher does not
    /// follow, as if it had never followed the bridge.
    pub fn remove_bridge(&self, bridge: &BridgeName, id: Option<&Arc<str>>) {
        let here = Home::Bridge(bridge.clone());
        let mut moved = Vec::new();
        for mut entry in self.0.people.iter_mut().filter(|entry| entry.home.as_ref() == Some(&here)) {
            entry.home = id.map(|id| Home::Elsewhere { id: id.clone(), name: Some(bridge.clone()) });
            (entry.lobby, entry.departed) = (LobbyFact::default(), false);
            moved.push(entry.key().clone());
        }
        self.mark(|dirty| dirty.people.extend(moved));
        for key in self.calls_of(bridge) {
            self.remove_call(&key);
        }
        self.0.bridges.remove(bridge);
        self.0.stats.remove(bridge);
        self.mark_bridge(bridge);
    }

    /// Reads the facts of a bridge; None for an unknown one.
    pub fn with_bridge<T>(&self, bridge: &str, read: impl FnOnce(&BridgeFacts) -> T) -> Option<T> {
        self.0.bridges.get(bridge).map(|entry| read(&entry))
    }

    /// Finds something that the facts of a bridge may have; None also for an unknown bridge.
    pub fn find_in_bridge<T>(&self, bridge: &str, find: impl FnOnce(&BridgeFacts) -> Option<T>) -> Option<T> {
        self.with_bridge(bridge, find).flatten()
    }

    /// Whether a bridge is known and fulfils a condition.
    pub fn bridge_is(&self, bridge: &str, condition: impl FnOnce(&BridgeFacts) -> bool) -> bool {
        self.with_bridge(bridge, condition).unwrap_or(false)
    }

    pub fn all_bridges(&self) -> Vec<BridgeName> {
        self.0.bridges.iter().map(|entry| entry.key().clone()).collect()
    }
}
