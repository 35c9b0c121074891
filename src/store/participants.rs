//! The participants of all bridges: which bridge lists them in which call, where they are hosted, and their lobby state.

use std::time::{Duration, Instant};

use super::Store;
use crate::clock::Now;
use crate::model::{BridgeName, CallKey, Home, LegState, Listing, Participant, ParticipantId, RosterPatch};

/// The effect of listing a participant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListingChange {
    /// This bridge did not list the participant in this call before.
    pub new_listing: bool,
    /// No bridge listed the participant before.
    pub new_person: bool,
    /// Another bridge lists them too.
    pub elsewhere: bool,
    /// The entry became `connected`.
    pub connected: bool,
    /// The name, the on-hold state or the mute state of the entry changed.
    pub renamed: bool,
    pub on_hold: bool,
    pub muted: bool,
}

impl Store {
    /// Adds a participant to a call's roster, or changes their entry there, unless the entry is newer than `at`.
    pub fn list_person(&self, key: &CallKey, person: &ParticipantId, patch: RosterPatch, at: Instant, now: Now) -> ListingChange {
        let mut listed = ListingChange::default();
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
                    listed.on_hold = (was == LegState::OnHold) != (listing.state == LegState::OnHold);
                    listed.muted = muted != listing.muted;
                }
                Some(_) => {}
                None => {
                    listed.new_listing = true;
                    let mut listing = Listing::new(key.clone(), at);
                    listing.apply(patch, at);
                    listed.connected = listing.state == LegState::Connected;
                    listed.elsewhere = entry.listings.iter().any(|other| other.key.bridge != key.bridge);
                    // Most participants have one listing; a vector that grows by itself reserves four.
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

    /// Removes a participant from a call's roster; false when they were not on it.
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

    pub(super) fn drop_listing(&self, key: &CallKey, person: &ParticipantId) -> bool {
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
            self.0.home_searches.remove(person);
        }
        dropped
    }

    /// Reads a participant; None for an unknown one.
    pub fn with_person<T>(&self, person: &str, read: impl FnOnce(&Participant) -> T) -> Option<T> {
        self.0.people.get(person).map(|entry| read(&entry))
    }

    /// Finds something that a participant may have; None also for an unknown participant.
    pub fn find_in_person<T>(&self, person: &str, find: impl FnOnce(&Participant) -> Option<T>) -> Option<T> {
        self.with_person(person, find).flatten()
    }

    /// Whether a participant is known and fulfils a condition.
    pub fn person_is(&self, person: &str, condition: impl FnOnce(&Participant) -> bool) -> bool {
        self.with_person(person, condition).unwrap_or(false)
    }

    /// Whether any bridge lists a participant.
    pub fn has_person(&self, person: &str) -> bool {
        self.0.people.contains_key(person)
    }

    /// Where a participant is hosted, once known.
    pub fn home(&self, person: &str) -> Option<Home> {
        self.find_in_person(person, |person| person.home.clone())
    }

    /// Changes the facts of a participant that no roster has (home, lobby state, activator); does nothing for an unknown one.
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

    /// Lets one bridge find out where a participant is hosted. At most one does at a time; another may after `ttl`.
    pub fn begin_home_search(&self, person: &ParticipantId, bridge: &BridgeName, now: Instant, ttl: Duration) -> bool {
        if self.with_person(person, |entry| entry.home.is_some()).unwrap_or(true) {
            return false;
        }
        let mut granted = false;
        self.0
            .home_searches
            .entry(person.clone())
            .and_modify(|search| {
                if now.duration_since(search.1) >= ttl {
                    *search = (bridge.clone(), now);
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
