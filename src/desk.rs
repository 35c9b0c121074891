//! Facts that moderators make: who is being admitted by whom, how it ended, who let whom in. Not what CMS says (see `model`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Now;
use crate::model::ParticipantId;
use crate::view::{ActionResult, Admitted, Admitting, Outcome};

/// Shared handle; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Desk(Arc<Mutex<HashMap<ParticipantId, DeskEntry>>>);

/// What the desk holds about one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeskEntry {
    pub admitting: Option<Admitting>,
    pub outcome: Option<Outcome>,
    pub admitted: Option<Admitted>,
    /// When `outcome` is to be taken off the row.
    outcome_until: Option<Instant>,
}

impl Desk {
    pub fn get(&self, person: &str) -> DeskEntry {
        self.lock().get(person).cloned().unwrap_or_default()
    }

    /// Marks an admission as under way. Answers false when one is already.
    pub fn begin(&self, person: &ParticipantId, by: &Arc<str>, now: Now) -> bool {
        let mut desk = self.lock();
        let entry = desk.entry(person.clone()).or_default();
        if entry.admitting.is_some() {
            return false;
        }
        entry.admitting = Some(Admitting { by: by.clone(), since: now.unix_ms });
        entry.outcome = None;
        true
    }

    /// Ends the admission of a person. Anything but a success stays on the row for `shown`.
    pub fn finish(&self, person: &ParticipantId, by: &Arc<str>, result: ActionResult, reason: &str, now: Now, shown: Duration) {
        let mut desk = self.lock();
        let entry = desk.entry(person.clone()).or_default();
        entry.admitting = None;
        match result {
            ActionResult::Done => entry.admitted = Some(Admitted { by: by.clone(), at: now.unix_ms }),
            ActionResult::Already | ActionResult::Left => {}
            ActionResult::Unconfirmed | ActionResult::Refused | ActionResult::Unreachable | ActionResult::Interrupted => {
                entry.outcome = Some(Outcome { result, reason: reason.into(), by: by.clone(), at: now.unix_ms });
                entry.outcome_until = Some(now.instant + shown);
            }
        }
        if *entry == DeskEntry::default() {
            desk.remove(person);
        }
    }

    /// The person waits again: an earlier admission no longer describes them.
    pub fn waits_again(&self, person: &str) {
        if let Some(entry) = self.lock().get_mut(person) {
            entry.admitted = None;
        }
    }

    /// Takes off outcomes that were shown long enough; returns whose rows changed.
    pub fn expire(&self, now: Instant) -> Vec<ParticipantId> {
        let mut desk = self.lock();
        let mut touched = Vec::new();
        desk.retain(|person, entry| {
            if entry.outcome_until.is_some_and(|until| until <= now) {
                (entry.outcome, entry.outcome_until) = (None, None);
                touched.push(person.clone());
            }
            *entry != DeskEntry::default()
        });
        touched
    }

    /// Forgets people who are gone, unless an action on them is still under way.
    pub fn forget(&self, person: &str) {
        let mut desk = self.lock();
        if desk.get(person).is_some_and(|entry| entry.admitting.is_none()) {
            desk.remove(person);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ParticipantId, DeskEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
