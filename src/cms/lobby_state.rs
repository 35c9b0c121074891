//! How call leg answers become a lobby state. Pure: takes no clock, socket or lock.
//!
//! `deactivated=true` is waiting at once. Absent or `false` is in the call only when a second read, at least a second later, agrees: the
//! first connected state of a leg may not carry the mark yet. A leg that did carry it and no longer does needs no second look.

use std::time::{Duration, Instant};

use super::rest::response::LegDetail;
use crate::model::{LegId, Lobby, LobbyFact};

/// What is known of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Seen {
    #[default]
    Unread,
    /// Answered, but not connected.
    Unclear,
    Waiting,
    /// Connected without the mark, once; the time of that request.
    FirstIn(Instant),
    In,
}

#[derive(Debug, Clone)]
pub(super) struct Leg {
    pub id: LegId,
    pub seen: Seen,
    /// The leg carried `deactivated=true` before.
    carried: bool,
    /// When the request was sent whose answer this is; what was sent before says nothing any more.
    sent: Option<Instant>,
    /// The answer that counts could not be read.
    unreadable: bool,
    /// The others don't hear it.
    muted: bool,
    told: Told,
}

/// What records claim of a leg.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    /// The last one that claimed anything.
    claim: Option<(Instant, bool)>,
    /// When the last one came that could be read as this: in the call, waiting.
    as_in: Option<Instant>,
    as_waiting: Option<Instant>,
}

impl Leg {
    pub(super) fn new(id: LegId) -> Self {
        Self { id, seen: Seen::Unread, carried: false, sent: None, unreadable: false, muted: false, told: Told::default() }
    }

    /// When the request was sent whose answer counts.
    pub(super) fn sent(&self) -> Option<Instant> {
        self.sent
    }

    /// A record came; `waiting` is what it claims, if anything.
    pub(super) fn tell(&mut self, waiting: Option<bool>, now: Instant) {
        let told = &mut self.told;
        told.claim = waiting.map(|waiting| (now, waiting)).or(told.claim);
        if waiting != Some(true) {
            told.as_in = Some(now);
        }
        if waiting != Some(false) {
            told.as_waiting = Some(now);
        }
    }

    /// Whether a record since then could be read as the news that it waits, or that it is in.
    pub(super) fn was_told(&self, waiting: bool, since: Instant) -> bool {
        let told = if waiting { self.told.as_waiting } else { self.told.as_in };
        told.is_some_and(|at| at >= since)
    }

    /// A record that came within `recent` claims something else than what was read.
    pub(super) fn is_contradicted(&self, recent: Duration, now: Instant) -> bool {
        let claim = self.told.claim.filter(|(at, _)| now.duration_since(*at) < recent);
        claim.is_some_and(|(_, waiting)| waiting != (self.seen == Seen::Waiting))
    }

    /// Takes in an answer to a request sent at `sent`, unless a later one was taken in before.
    pub(super) fn read(&mut self, detail: &LegDetail, sent: Instant, second_look: Duration) {
        if self.sent.is_some_and(|before| sent < before) {
            return;
        }
        self.sent = Some(sent);
        self.unreadable = detail.unreadable;
        self.muted = detail.muted == Some(true);
        self.seen = match (detail.connected, detail.deactivated, self.seen) {
            // Known words first: a mark on a leg that is about to end is no statement.
            (false, _, _) => Seen::Unclear,
            (true, true, _) => Seen::Waiting,
            (true, false, Seen::In) => Seen::In,
            (true, false, _) if self.carried => Seen::In,
            (true, false, Seen::FirstIn(first)) if sent >= first + second_look => Seen::In,
            (true, false, Seen::FirstIn(first)) => Seen::FirstIn(first),
            (true, false, _) => Seen::FirstIn(sent),
        };
        self.carried |= self.seen == Seen::Waiting;
    }
}

/// A person waits if any leg does, and is in if all legs are.
pub(super) fn merge(legs: &[Leg]) -> Lobby {
    if legs.iter().any(|leg| leg.seen == Seen::Waiting) {
        return Lobby::Waiting;
    }
    let is_in = !legs.is_empty() && legs.iter().all(|leg| leg.seen == Seen::In);
    if is_in { Lobby::In } else { Lobby::Unknown }
}

/// Whether the last answer about any of these could not be read.
pub(super) fn is_unreadable(legs: &[Leg]) -> bool {
    legs.iter().any(|leg| leg.unreadable)
}

/// A person is heard by any of their legs.
pub(super) fn is_muted(legs: &[Leg]) -> bool {
    !legs.is_empty() && legs.iter().all(|leg| leg.muted)
}

/// What is known of the beginning of a wait that is seen now for the first time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning {
    pub now_unix_ms: i64,
    /// When Usher first saw the person, if it saw them arrive.
    pub arrived: Option<i64>,
    /// Age of the leg in seconds.
    pub duration_s: Option<i64>,
    /// From before a restart.
    pub remembered: Option<(i64, bool)>,
}

/// The next lobby fact. The beginning of a wait is set once per transition and never moves by re-reading a duration.
pub(super) fn next_fact(before: LobbyFact, state: Lobby, beginning: Beginning) -> LobbyFact {
    if state != Lobby::Waiting {
        let is_in = state == Lobby::In;
        let stay = before.stay.filter(|_| !is_in);
        return LobbyFact { state, since: None, up_to: false, stay, was_in: before.was_in || is_in, ..before };
    }
    if before.state == Lobby::Waiting {
        return before;
    }
    let Beginning { now_unix_ms, arrived, duration_s, remembered } = beginning;
    // The wait before an admission that was undone.
    let resumed = before.resumes.map(|wait| (wait.since, wait.up_to));
    let (since, up_to) = match (before.stay.or(resumed), remembered, arrived, duration_s) {
        (Some(stay), ..) => stay,
        // Was in the call and is back in the lobby: the wait begins now.
        _ if before.was_in => (now_unix_ms, false),
        (None, Some(remembered), ..) => remembered,
        (None, None, Some(arrived), _) => (arrived, false),
        (None, None, None, Some(seconds)) => (now_unix_ms.saturating_sub(seconds.max(0).saturating_mul(1000)), true),
        (None, None, None, None) => (now_unix_ms, false),
    };
    LobbyFact { state, since: Some(since), up_to, stay: Some((since, up_to)), resumes: None, ..before }
}

/// What was known, without a wait that it is too late to resume.
pub(super) fn as_of(before: LobbyFact, now: Instant) -> LobbyFact {
    LobbyFact { resumes: before.resumes.filter(|wait| wait.until > now), ..before }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Resumed;

    const LOOK: Duration = Duration::from_secs(1);

    fn detail(connected: bool, deactivated: bool) -> LegDetail {
        LegDetail { connected, deactivated, ..LegDetail::default() }
    }

    fn after(readings: &[(u64, bool, bool)]) -> Lobby {
        let start = Instant::now();
        let mut leg = Leg::new("l".into());
        for (ms, connected, deactivated) in readings {
            leg.read(&detail(*connected, *deactivated), start + Duration::from_millis(*ms), LOOK);
        }
        merge(&[leg])
    }

    #[test]
    fn the_mark_is_believed_at_once() {
        assert_eq!(after(&[(0, true, true)]), Lobby::Waiting);
    }

    #[test]
    fn its_absence_needs_a_second_look() {
        assert_eq!(after(&[(0, true, false)]), Lobby::Unknown);
        assert_eq!(after(&[(0, true, false), (900, true, false)]), Lobby::Unknown);
        assert_eq!(after(&[(0, true, false), (1000, true, false)]), Lobby::In);
    }

    #[test]
    fn a_late_mark_is_found_by_the_second_look() {
        assert_eq!(after(&[(0, true, false), (1000, true, true)]), Lobby::Waiting);
    }

    #[test]
    fn a_mark_that_is_gone_means_in() {
        assert_eq!(after(&[(0, true, true), (10, true, false)]), Lobby::In);
    }

    #[test]
    fn a_leg_that_is_not_connected_says_nothing() {
        assert_eq!(after(&[(0, false, true)]), Lobby::Unknown);
        assert_eq!(after(&[(0, true, true), (10, false, false)]), Lobby::Unknown);
    }

    #[test]
    fn a_person_waits_if_any_leg_does() {
        let now = Instant::now();
        let mut legs = [Leg::new("a".into()), Leg::new("b".into())];
        legs[0].read(&detail(true, false), now, LOOK);
        legs[0].read(&detail(true, false), now + LOOK, LOOK);
        assert_eq!(merge(&legs), Lobby::Unknown);
        legs[1].read(&detail(true, true), now, LOOK);
        assert_eq!(merge(&legs), Lobby::Waiting);
        assert_eq!(merge(&[]), Lobby::Unknown);
    }

    #[test]
    fn of_two_answers_the_later_request_counts_and_other_legs_have_their_own() {
        let now = Instant::now();
        let mut legs = [Leg::new("a".into()), Leg::new("b".into())];
        legs[0].read(&detail(true, true), now + LOOK, LOOK);
        legs[0].read(&detail(true, false), now, LOOK);
        assert_eq!(legs[0].seen, Seen::Waiting, "an answer that was overtaken");
        legs[1].read(&detail(true, true), now, LOOK);
        assert_eq!(legs[1].seen, Seen::Waiting, "asked for before the first leg was, answered after it");
    }

    #[test]
    fn a_wait_begins_once() {
        let beginning = |now_unix_ms| Beginning { now_unix_ms, arrived: None, duration_s: Some(42), remembered: None };
        let first = next_fact(LobbyFact::default(), Lobby::Waiting, beginning(100_000));
        assert_eq!((first.since, first.up_to), (Some(58_000), true));
        let second = next_fact(first, Lobby::Waiting, beginning(100_900));
        assert_eq!(second.since, Some(58_000));
        let inside = next_fact(second, Lobby::In, beginning(101_000));
        assert_eq!(inside.since, None);
        let again = next_fact(inside, Lobby::Waiting, beginning(102_000));
        assert_eq!((again.since, again.up_to), (Some(102_000), false));
    }

    #[test]
    fn a_leg_that_takes_another_ones_place_ends_no_wait_and_begins_none_in_the_past() {
        let at = |now_unix_ms| Beginning { now_unix_ms, arrived: Some(1000), duration_s: Some(1), remembered: Some((1000, true)) };
        let states = |states: &[(Lobby, i64)]| {
            let step = |fact, (state, now): &(Lobby, i64)| next_fact(fact, *state, at(*now));
            let last = states.iter().fold(LobbyFact::default(), step);
            (last.since, last.up_to)
        };
        let (waiting, inside, unknown) = (Lobby::Waiting, Lobby::In, Lobby::Unknown);
        assert_eq!(states(&[(waiting, 2000), (unknown, 3000), (waiting, 4000)]), (Some(1000), true));
        assert_eq!(states(&[(inside, 2000), (unknown, 3000), (waiting, 4000)]), (Some(4000), false));
        assert_eq!(states(&[(inside, 2000), (waiting, 3000), (unknown, 4000), (waiting, 5000)]), (Some(3000), false));
        assert_eq!(states(&[(waiting, 2000), (inside, 3000), (unknown, 4000)]), (None, false));
    }

    #[test]
    fn a_wait_from_before_a_restart_goes_on() {
        let beginning = Beginning { now_unix_ms: 9000, arrived: None, duration_s: Some(1), remembered: Some((1000, false)) };
        assert_eq!(next_fact(LobbyFact::default(), Lobby::Waiting, beginning).since, Some(1000));
    }

    #[test]
    fn an_undone_admission_lets_the_old_wait_go_on_while_it_is_recent() {
        let now = Instant::now();
        let at = |now_unix_ms| Beginning { now_unix_ms, arrived: None, duration_s: Some(1), remembered: None };
        let resumes = Some(Resumed { since: 1000, up_to: true, until: now + LOOK });
        let inside = LobbyFact { resumes, ..next_fact(LobbyFact::default(), Lobby::In, at(2000)) };
        let seen = |when| next_fact(as_of(inside, when), Lobby::Waiting, at(3000));
        let (in_time, late) = (seen(now), seen(now + LOOK));
        assert_eq!((in_time.since, in_time.up_to, in_time.resumes), (Some(1000), true, None));
        assert_eq!((late.since, late.up_to), (Some(3000), false));
        let again = next_fact(next_fact(in_time, Lobby::In, at(4000)), Lobby::Waiting, at(5000));
        assert_eq!(again.since, Some(5000), "it goes on once");
    }
}
