//! Detects missed events: calls, roster entries and lobby states that changed although no event or record reported it. Either an event was
//! lost, or CMS does not announce such a change. Pure; counts nothing itself.
//!
//! REST is often a moment ahead of the events, so a discrepancy counts only if nothing has reported it a while later.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::{CallId, ParticipantId};

/// A change that REST showed and nothing had announced.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Discrepancy {
    /// A call had begun or ended.
    Call(CallId),
    /// A participant had come or left.
    Roster(CallId, ParticipantId),
    /// A participant had been let in or sent back.
    Lobby(CallId, ParticipantId),
}

impl Discrepancy {
    /// Its label in the metrics.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Roster(..) => "roster",
            Self::Lobby(..) => "lobby",
        }
    }
}

/// A call or participant that a reading did not show although it should have: it is requested.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expected {
    Call(CallId),
    Participant(ParticipantId),
}

#[derive(Debug, Default)]
pub(super) struct MissedEvents {
    discrepancies: HashMap<Discrepancy, Instant>,
    /// True: a reading did not show it. False: the first list of a subscription had left it out before.
    expected: HashMap<Expected, bool>,
}

impl MissedEvents {
    /// A reading did not show this object, and it has been requested.
    pub(super) fn on_requested(&mut self, expected: Expected) {
        self.expected.entry(expected).or_insert(true);
    }

    /// The first list of a subscription left this object out, and it has been requested. If a reading misses it too, that is no
    /// discrepancy.
    pub(super) fn on_left_out(&mut self, expected: Expected) {
        self.expected.insert(expected, false);
    }

    /// A response about this object has come; true if it was requested because a reading did not show it.
    pub(super) fn take_expected(&mut self, expected: &Expected) -> bool {
        self.expected.remove(expected).unwrap_or(false)
    }

    pub(super) fn add(&mut self, discrepancy: Discrepancy, now: Instant) {
        self.discrepancies.entry(discrepancy).or_insert(now);
    }

    /// An event reported a call.
    pub(super) fn on_call_event(&mut self, call: &CallId) {
        self.expected.remove(&Expected::Call(call.clone()));
        self.discrepancies.remove(&Discrepancy::Call(call.clone()));
    }

    /// An event reported a participant, who may have let others in or out.
    pub(super) fn on_participant_event(&mut self, call: &CallId, person: &ParticipantId) {
        self.expected.remove(&Expected::Participant(person.clone()));
        self.discrepancies.remove(&Discrepancy::Roster(call.clone(), person.clone()));
        self.on_lobby_hint(call);
    }

    /// An event or record showed that participants may have moved between lobby and call.
    pub(super) fn on_lobby_hint(&mut self, call: &CallId) {
        if !self.discrepancies.is_empty() {
            self.discrepancies.retain(|found, _| !matches!(found, Discrepancy::Lobby(of, _) if of == call));
        }
    }

    /// Everything is read again, for a known reason.
    pub(super) fn clear(&mut self) {
        self.discrepancies.clear();
        self.expected.clear();
    }

    /// Takes the discrepancies that nothing has announced for `patience`.
    pub(super) fn take_overdue(&mut self, now: Instant, patience: Duration) -> Vec<Discrepancy> {
        self.discrepancies.extract_if(|_, at| now.duration_since(*at) >= patience).map(|(found, _)| found).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.discrepancies.is_empty()
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
    fn a_change_that_an_event_reports_a_moment_later_is_no_repair() {
        let (now, (call, person)) = (Instant::now(), person());
        let mut missed = MissedEvents::default();
        missed.add(Discrepancy::Roster(call.clone(), person.clone()), now);
        missed.add(Discrepancy::Lobby(call.clone(), person.clone()), now);
        assert_eq!(missed.take_overdue(now + PATIENCE / 2, PATIENCE), []);
        missed.on_participant_event(&call, &person);
        assert_eq!(missed.take_overdue(now + PATIENCE, PATIENCE), []);
    }

    #[test]
    fn a_change_that_nothing_reports_is_one_repair() {
        let (now, (call, person)) = (Instant::now(), person());
        let mut missed = MissedEvents::default();
        let found = Discrepancy::Lobby(call.clone(), person);
        missed.add(found.clone(), now);
        missed.add(found.clone(), now + PATIENCE);
        missed.on_lobby_hint(&"another".into());
        assert_eq!(missed.take_overdue(now + PATIENCE, PATIENCE), [found]);
        assert!(missed.is_empty());
    }

    #[test]
    fn a_missing_participant_counts_unless_an_event_was_faster() {
        let (call, person) = person();
        let mut missed = MissedEvents::default();
        missed.on_requested(Expected::Participant(person.clone()));
        assert!(missed.take_expected(&Expected::Participant(person.clone())));
        missed.on_requested(Expected::Participant(person.clone()));
        missed.on_participant_event(&call, &person);
        assert!(!missed.take_expected(&Expected::Participant(person)));
    }

    #[test]
    fn a_participant_left_out_by_a_first_list_is_no_repair_if_a_reading_misses_them_too() {
        let missing = Expected::Participant(person().1);
        let mut missed = MissedEvents::default();
        missed.on_left_out(missing.clone());
        missed.on_requested(missing.clone());
        assert!(!missed.take_expected(&missing));
        missed.on_requested(missing.clone());
        assert!(missed.take_expected(&missing), "the response has come: from here on it counts");
    }
}
