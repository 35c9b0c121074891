//! What only reading again brought to light: a call, a roster entry or a lobby state that had changed although nothing told. Each one is an
//! event that was lost, or a change that CMS tells nobody. Pure; counts nothing itself.
//!
//! REST is often a moment ahead of the events, so a finding counts only when nothing has told of it a while later.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::{CallId, ParticipantId};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Found {
    /// A call that had begun or ended.
    Call(CallId),
    /// Somebody who had come or left.
    Roster(CallId, ParticipantId),
    /// Somebody who had been let in or sent back.
    Lobby(CallId, ParticipantId),
}

impl Found {
    /// Its word in the metrics.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Roster(..) => "roster",
            Self::Lobby(..) => "lobby",
        }
    }
}

/// What somebody is asked for because reading again did not show it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Missing {
    Call(CallId),
    Person(ParticipantId),
}

#[derive(Debug, Default)]
pub(super) struct Repairs {
    found: HashMap<Found, Instant>,
    /// True for what reading again did not show, false for what was asked for before that.
    missing: HashMap<Missing, bool>,
}

impl Repairs {
    /// Reading again did not show it: it is being asked for.
    pub(super) fn asked(&mut self, missing: Missing) {
        self.missing.entry(missing).or_insert(true);
    }

    /// The first list of a subscription left it out, and so it is being asked for: that reading again misses it as well brings nothing to light.
    pub(super) fn left_out(&mut self, missing: Missing) {
        self.missing.insert(missing, false);
    }

    /// An answer about it has come; true when it was asked for because it was missing.
    pub(super) fn was_missing(&mut self, missing: &Missing) -> bool {
        self.missing.remove(missing).unwrap_or(false)
    }

    pub(super) fn found(&mut self, found: Found, now: Instant) {
        self.found.entry(found).or_insert(now);
    }

    /// An event tells of a call.
    pub(super) fn call_told(&mut self, call: &CallId) {
        self.missing.remove(&Missing::Call(call.clone()));
        self.found.remove(&Found::Call(call.clone()));
    }

    /// An event tells of somebody, who may have moved others.
    pub(super) fn person_told(&mut self, call: &CallId, person: &ParticipantId) {
        self.missing.remove(&Missing::Person(person.clone()));
        self.found.remove(&Found::Roster(call.clone(), person.clone()));
        self.lobby_told(call);
    }

    /// Something tells that people may have been moved between lobby and call.
    pub(super) fn lobby_told(&mut self, call: &CallId) {
        if !self.found.is_empty() {
            self.found.retain(|found, _| !matches!(found, Found::Lobby(of, _) if of == call));
        }
    }

    /// Everything is read anew, for a known reason.
    pub(super) fn clear(&mut self) {
        self.found.clear();
        self.missing.clear();
    }

    /// Takes what nothing has told of for `patience`.
    pub(super) fn take_untold(&mut self, now: Instant, patience: Duration) -> Vec<Found> {
        self.found.extract_if(|_, at| now.duration_since(*at) >= patience).map(|(found, _)| found).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn person() -> (CallId, ParticipantId) {
        ("call".into(), "person".into())
    }

    #[test]
    fn what_an_event_tells_a_moment_later_is_no_repair() {
        let (now, (call, person)) = (Instant::now(), person());
        let mut repairs = Repairs::default();
        repairs.found(Found::Roster(call.clone(), person.clone()), now);
        repairs.found(Found::Lobby(call.clone(), person.clone()), now);
        assert_eq!(repairs.take_untold(now + PATIENCE / 2, PATIENCE), []);
        repairs.person_told(&call, &person);
        assert_eq!(repairs.take_untold(now + PATIENCE, PATIENCE), []);
    }

    #[test]
    fn what_nothing_tells_is_one_repair() {
        let (now, (call, person)) = (Instant::now(), person());
        let mut repairs = Repairs::default();
        let found = Found::Lobby(call.clone(), person);
        repairs.found(found.clone(), now);
        repairs.found(found.clone(), now + PATIENCE);
        repairs.lobby_told(&"another".into());
        assert_eq!(repairs.take_untold(now + PATIENCE, PATIENCE), [found]);
        assert!(repairs.is_empty());
    }

    #[test]
    fn who_was_asked_for_as_missing_counts_unless_an_event_was_faster() {
        let (call, person) = person();
        let mut repairs = Repairs::default();
        repairs.asked(Missing::Person(person.clone()));
        assert!(repairs.was_missing(&Missing::Person(person.clone())));
        repairs.asked(Missing::Person(person.clone()));
        repairs.person_told(&call, &person);
        assert!(!repairs.was_missing(&Missing::Person(person)));
    }

    #[test]
    fn whom_a_first_list_left_out_is_no_repair_though_reading_again_misses_them_too() {
        let missing = Missing::Person(person().1);
        let mut repairs = Repairs::default();
        repairs.left_out(missing.clone());
        repairs.asked(missing.clone());
        assert!(!repairs.was_missing(&missing));
        repairs.asked(missing.clone());
        assert!(repairs.was_missing(&missing), "the answer has come: from here on it counts");
    }
}
