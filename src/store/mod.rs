//! The facts of all bridges in memory, and which of them changed. The only file that names `DashMap`: its guards never leave it.
//!
//! Each bridge actor writes only its own calls, its own listings and the lobby of people it hosts. Nothing here knows rows or browsers.

pub mod meetings;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use tokio::sync::Notify;

use crate::clock::Now;
use crate::model::*;

/// Shared handle; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Store(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: DashMap<CallKey, Call>,
    people: DashMap<ParticipantId, Participant>,
    /// Which bridge is asking where a person is hosted, and since when.
    claims: DashMap<ParticipantId, (BridgeName, Instant)>,
    bridges: DashMap<BridgeName, BridgeFacts>,
    figures: DashMap<BridgeName, BridgeStats>,
    dirty: Mutex<Dirty>,
    changed: Notify,
    lobby_changed: Notify,
}

/// What changed since the last look.
#[derive(Debug, Default)]
pub struct Dirty {
    pub calls: HashSet<CallKey>,
    pub people: HashSet<ParticipantId>,
    pub bridges: HashSet<BridgeName>,
    /// Somebody among the people was found to wait, or to be in, or neither any more.
    pub lobby: bool,
}

impl Dirty {
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.people.is_empty() && self.bridges.is_empty()
    }
}

/// What listing a person did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listed {
    /// This bridge did not list the person in this call before.
    pub new_listing: bool,
    /// No bridge listed the person before.
    pub new_person: bool,
    /// Another bridge lists them, too.
    pub elsewhere: bool,
    /// The entry turned to `connected` by this.
    pub connected: bool,
    /// It has another name, is or is no longer on hold, is or is no longer muted.
    pub renamed: bool,
    pub held: bool,
    pub muted: bool,
}

/// What changed.
impl Store {
    /// Waits until something changed; returns at once when it already has.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Waits until somebody's lobby state changed; returns at once when that was not taken yet.
    pub async fn lobby_changed(&self) {
        while !self.dirty().lobby {
            self.0.lobby_changed.notified().await;
        }
    }

    /// Takes what changed since the last call.
    pub fn take_dirty(&self) -> Dirty {
        std::mem::take(&mut *self.dirty())
    }

    fn dirty(&self) -> MutexGuard<'_, Dirty> {
        self.0.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, what: impl FnOnce(&mut Dirty)) {
        what(&mut self.dirty());
        self.0.changed.notify_one();
    }
}

/// Calls.
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

    pub fn with_call<T>(&self, key: &CallKey, read: impl FnOnce(&Call) -> T) -> Option<T> {
        self.0.calls.get(key).map(|call| read(&call))
    }

    /// The calls of one bridge.
    pub fn calls_of(&self, bridge: &str) -> Vec<CallKey> {
        self.0.calls.iter().filter(|entry| &*entry.key().bridge == bridge).map(|entry| entry.key().clone()).collect()
    }

    pub fn all_calls(&self) -> Vec<CallKey> {
        self.0.calls.iter().map(|entry| entry.key().clone()).collect()
    }
}

/// People.
impl Store {
    /// States that a call's roster holds a person. Facts older than `now` of the existing entry are kept.
    pub fn list_person(&self, key: &CallKey, person: &ParticipantId, patch: RosterPatch, at: Instant, now: Now) -> Listed {
        let mut listed = Listed::default();
        let mut changed = false;
        {
            let mut entry = self.0.people.entry(person.clone()).or_insert_with(|| {
                listed.new_person = true;
                Participant { seen_since: now.unix_ms, ..Participant::default() }
            });
            if entry.departed && entry.home == Some(Home::Bridge(key.bridge.clone())) {
                entry.departed = false;
                changed = true;
            }
            match entry.listings.iter_mut().find(|listing| listing.key == *key) {
                Some(listing) if at >= listing.at => {
                    let (was, muted) = (listing.state, listing.muted);
                    listed.renamed = !listing.name.is_empty() && patch.name.as_ref().is_some_and(|name| *name != listing.name);
                    changed |= listing.apply(patch, at);
                    listed.connected = was != LegState::Connected && listing.state == LegState::Connected;
                    listed.held = (was == LegState::OnHold) != (listing.state == LegState::OnHold);
                    listed.muted = muted != listing.muted;
                }
                Some(_) => {}
                None => {
                    listed.new_listing = true;
                    let mut listing = Listing::new(key.clone(), at);
                    listing.apply(patch, at);
                    listed.connected = listing.state == LegState::Connected;
                    listed.elsewhere = entry.listings.iter().any(|other| other.key.bridge != key.bridge);
                    // Most people have one; a vector that grows by itself makes room for four.
                    entry.listings.reserve_exact(1);
                    entry.listings.push(listing);
                }
            }
        }
        if listed.new_listing {
            self.0.calls.entry(key.clone()).or_default().roster.insert(person.clone());
        }
        if listed.new_listing || changed {
            self.mark(|dirty| {
                dirty.people.insert(person.clone());
                if listed.new_listing {
                    dirty.calls.insert(key.clone());
                }
            });
        }
        listed
    }

    /// States that a call's roster no longer holds a person. True when it did.
    pub fn unlist_person(&self, key: &CallKey, person: &ParticipantId) -> bool {
        let was = self.0.calls.get_mut(key).is_some_and(|mut call| call.roster.remove(person));
        if self.drop_listing(key, person) || was {
            self.mark(|dirty| {
                dirty.people.insert(person.clone());
                dirty.calls.insert(key.clone());
            });
            return true;
        }
        false
    }

    fn drop_listing(&self, key: &CallKey, person: &ParticipantId) -> bool {
        let Some(mut entry) = self.0.people.get_mut(person) else { return false };
        let before = entry.listings.len();
        entry.listings.retain(|listing| listing.key != *key);
        let dropped = entry.listings.len() < before;
        let home = entry.home == Some(Home::Bridge(key.bridge.clone()));
        if dropped && home && !entry.listings.iter().any(|listing| listing.key.bridge == key.bridge) {
            entry.departed = true;
        }
        let gone = entry.listings.is_empty();
        drop(entry);
        if gone {
            self.0.people.remove_if(person, |_, entry| entry.listings.is_empty());
            self.0.claims.remove(person);
        }
        dropped
    }

    pub fn with_person<T>(&self, person: &str, read: impl FnOnce(&Participant) -> T) -> Option<T> {
        self.0.people.get(person).map(|entry| read(&entry))
    }

    /// Changes what is known of a person beyond the rosters (home, lobby, activator); does nothing for unknown people.
    pub fn update_person<T>(&self, person: &str, change: impl FnOnce(&mut Participant) -> T) -> Option<T> {
        let mut entry = self.0.people.get_mut(person)?;
        let shown = |person: &Participant| {
            let lobby = person.lobby;
            (person.home.clone(), (lobby.state, lobby.since, lobby.up_to), person.activator, person.unreadable)
        };
        let before = shown(&entry);
        let result = change(&mut entry);
        let after = shown(&entry);
        let (changed, moved) = (before != after, before.1.0 != after.1.0);
        let id = entry.key().clone();
        drop(entry);
        if changed {
            self.mark(|dirty| {
                dirty.people.insert(id);
                dirty.lobby |= moved;
            });
        }
        if moved {
            self.0.lobby_changed.notify_one();
        }
        Some(result)
    }

    /// Lets one bridge ask where a person is hosted: at most one asks at a time, another may after `ttl`.
    pub fn claim_home(&self, person: &ParticipantId, bridge: &BridgeName, now: Instant, ttl: Duration) -> bool {
        if self.with_person(person, |entry| entry.home.is_some()).unwrap_or(true) {
            return false;
        }
        let mut granted = false;
        self.0
            .claims
            .entry(person.clone())
            .and_modify(|claim| {
                if now.duration_since(claim.1) >= ttl {
                    *claim = (bridge.clone(), now);
                    granted = true;
                }
            })
            .or_insert_with(|| {
                granted = true;
                (bridge.clone(), now)
            });
        granted
    }

    pub fn all_people(&self) -> Vec<ParticipantId> {
        self.0.people.iter().map(|entry| entry.key().clone()).collect()
    }

    pub fn people_count(&self) -> usize {
        self.0.people.len()
    }
}

/// Bridges.
impl Store {
    /// Creates or changes what is known of a bridge.
    pub fn put_bridge(&self, bridge: &BridgeName, change: impl FnOnce(&mut BridgeFacts)) {
        let mut entry = self.0.bridges.entry(bridge.clone()).or_insert_with(|| BridgeFacts {
            state: BridgeState::Connecting,
            since: Now::read().unix_ms,
            answered: None,
            silent: false,
            trouble: None,
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

    /// Notes that a bridge has just answered something; what is seen of that is only that it isn't silent any more.
    pub fn bridge_answered(&self, bridge: &BridgeName, now: Now) {
        let Some(mut entry) = self.0.bridges.get_mut(bridge) else { return };
        entry.answered = Some((now.instant, now.unix_ms));
        let spoke = std::mem::take(&mut entry.silent);
        drop(entry);
        if spoke {
            self.mark_bridge(bridge);
        }
    }

    /// Publishes a bridge again although nothing of it changed: its first row.
    pub fn mark_bridge(&self, bridge: &BridgeName) {
        self.mark(|dirty| {
            dirty.bridges.insert(bridge.clone());
        });
    }

    /// What was counted of a bridge last; no row follows from it.
    pub fn put_figures(&self, figures: BridgeStats) {
        self.0.figures.insert(figures.id.clone(), figures);
    }

    /// Of all bridges, by name.
    pub fn figures(&self) -> Vec<BridgeStats> {
        let mut all: Vec<_> = self.0.figures.iter().map(|entry| entry.value().clone()).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Forgets a bridge with its calls and listings. Whom another bridge lists as well stays, hosted at `id`, where nobody looks: as if the
    /// bridge had never been followed.
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
        self.0.figures.remove(bridge);
        self.mark_bridge(bridge);
    }

    pub fn with_bridge<T>(&self, bridge: &str, read: impl FnOnce(&BridgeFacts) -> T) -> Option<T> {
        self.0.bridges.get(bridge).map(|entry| read(&entry))
    }

    pub fn all_bridges(&self) -> Vec<BridgeName> {
        self.0.bridges.iter().map(|entry| entry.key().clone()).collect()
    }
}
