//! The calls of all bridges, with the participants that each lists.

use std::collections::HashSet;

use super::Store;
use crate::model::{Call, CallFacts, CallKey, ParticipantId};

impl Store {
    /// Creates or changes a call; returns true when it is new.
    pub fn put_call(&self, key: &CallKey, change: impl FnOnce(&mut CallFacts)) -> bool {
        let mut new = false;
        let mut entry = self.0.calls.entry(key.clone()).or_insert_with(|| {
            new = true;
            Call::default()
        });
        let before = entry.facts.clone();
        change(&mut entry.facts);
        let changed = new || before != entry.facts;
        let moved = before.correlator != entry.facts.correlator;
        let people: Vec<_> = if moved { entry.roster.iter().cloned().collect() } else { Vec::new() };
        drop(entry);
        if changed {
            self.mark(|dirty| {
                dirty.calls.insert(key.clone());
                dirty.people.extend(people);
            });
        }
        new
    }

    /// Forgets a call and every listing in it.
    pub fn remove_call(&self, key: &CallKey) {
        let Some((_, call)) = self.0.calls.remove(key) else { return };
        for person in &call.roster {
            self.drop_listing(key, person);
        }
        self.mark(|dirty| {
            dirty.calls.insert(key.clone());
            dirty.people.extend(call.roster);
        });
    }

    /// Reads a call; None for an unknown one.
    pub fn with_call<T>(&self, key: &CallKey, read: impl FnOnce(&Call) -> T) -> Option<T> {
        self.0.calls.get(key).map(|call| read(&call))
    }

    /// Finds something that a call may have; None also for an unknown call.
    pub fn find_in_call<T>(&self, key: &CallKey, find: impl FnOnce(&Call) -> Option<T>) -> Option<T> {
        self.with_call(key, find).flatten()
    }

    /// A copy of a call's facts.
    pub fn call_facts(&self, key: &CallKey) -> Option<CallFacts> {
        self.with_call(key, |call| call.facts.clone())
    }

    /// The participants that a bridge lists for a call; none for an unknown call.
    pub fn roster(&self, key: &CallKey) -> HashSet<ParticipantId> {
        self.with_call(key, |call| call.roster.clone()).unwrap_or_default()
    }

    /// The calls of one bridge.
    pub fn calls_of(&self, bridge: &str) -> Vec<CallKey> {
        self.0.calls.iter().filter(|entry| &*entry.key().bridge == bridge).map(|entry| entry.key().clone()).collect()
    }

    pub fn all_calls(&self) -> Vec<CallKey> {
        self.0.calls.iter().map(|entry| entry.key().clone()).collect()
    }
}
