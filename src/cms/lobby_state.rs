//! Derives a participant's lobby state from responses about their call legs. Pure: takes no clock, socket or lock.
//!
//! `deactivated=true` means waiting, at once. Absent or `false` means in the call only when a second read, at least a second later, agrees:
//! the first connected state of a leg may not carry the mark yet. A leg that carried it and no longer does needs no second read.

use std::time::{Duration, Instant};

use super::rest::response::LegDetail;
use crate::model::{LegId, Lobby, LobbyFact};

/// The lobby state of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum LegLobby {
    #[default]
    Unread,
    /// Read, but not connected.
    Unclear,
    Waiting,
    /// Read once as connected without the mark; the time of that request.
    FirstIn(Instant),
    In,
}

/// One leg of a participant, with all that decides its lobby state.
#[derive(Debug, Clone)]
pub(super) struct TrackedLeg {
    pub id: LegId,
    pub seen: LegLobby,
    /// The leg carried `deactivated=true` before.
    was_deactivated: bool,
    /// When the request was sent whose response counts; responses to earlier requests say nothing any more.
    sent: Option<Instant>,
    /// The response that counts could not be read.
    unreadable: bool,
    /// Its audio is muted: the others don't hear it.
    muted: bool,
    claims: RecordClaims,
}

/// The claims of Call Detail Records about a leg.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct RecordClaims {
    /// The last claim: its time, and whether the leg waits.
    claim: Option<(Instant, bool)>,
    /// When the last record came that can mean that the leg is in the call.
    as_in: Option<Instant>,
    /// When the last record came that can mean that it waits.
    as_waiting: Option<Instant>,
}

impl TrackedLeg {
    pub(super) fn new(id: LegId) -> Self {
        Self {
            id,
            seen: LegLobby::Unread,
            was_deactivated: false,
            sent: None,
            unreadable: false,
            muted: false,
            claims: RecordClaims::default(),
        }
    }

    /// When the request was sent whose response counts.
    pub(super) fn sent(&self) -> Option<Instant> {
        self.sent
    }

    /// A record came; `waiting` is its claim, if it makes one.
    pub(super) fn on_record(&mut self, waiting: Option<bool>, now: Instant) {
        let claims = &mut self.claims;
        claims.claim = waiting.map(|waiting| (now, waiting)).or(claims.claim);
        if waiting != Some(true) {
            claims.as_in = Some(now);
        }
        if waiting != Some(false) {
            claims.as_waiting = Some(now);
        }
    }

    /// Whether a record since then can have announced that the leg waits, or that it is in.
    pub(super) fn was_announced(&self, waiting: bool, since: Instant) -> bool {
        let announced = if waiting { self.claims.as_waiting } else { self.claims.as_in };
        announced.is_some_and(|at| at >= since)
    }

    /// Whether a record within `recent` contradicts the state that was read.
    pub(super) fn is_contradicted(&self, recent: Duration, now: Instant) -> bool {
        let claim = self.claims.claim.filter(|(at, _)| now.duration_since(*at) < recent);
        claim.is_some_and(|(_, waiting)| waiting != (self.seen == LegLobby::Waiting))
    }

    /// Processes the response to a request sent at `sent`, unless a later request's response was processed before.
    pub(super) fn on_response(&mut self, detail: &LegDetail, sent: Instant, confirm_after: Duration) {
        if self.sent.is_some_and(|before| sent < before) {
            return;
        }
        self.sent = Some(sent);
        self.unreadable = detail.unreadable;
        self.muted = detail.muted == Some(true);
        self.seen = match (detail.connected, detail.deactivated, self.seen) {
            // A leg that is not connected says nothing: it may be about to end.
            (false, _, _) => LegLobby::Unclear,
            (true, true, _) => LegLobby::Waiting,
            (true, false, LegLobby::In) => LegLobby::In,
            (true, false, _) if self.was_deactivated => LegLobby::In,
            (true, false, LegLobby::FirstIn(first)) if sent >= first + confirm_after => LegLobby::In,
            (true, false, LegLobby::FirstIn(first)) => LegLobby::FirstIn(first),
            (true, false, _) => LegLobby::FirstIn(sent),
        };
        self.was_deactivated |= self.seen == LegLobby::Waiting;
    }
}

/// A participant waits if any leg does, and is in if all legs are.
pub(super) fn merge(legs: &[TrackedLeg]) -> Lobby {
    if legs.iter().any(|leg| leg.seen == LegLobby::Waiting) {
        return Lobby::Waiting;
    }
    let is_in = !legs.is_empty() && legs.iter().all(|leg| leg.seen == LegLobby::In);
    if is_in { Lobby::In } else { Lobby::Unknown }
}

/// Whether the last response about any of these legs could not be read.
pub(super) fn is_unreadable(legs: &[TrackedLeg]) -> bool {
    legs.iter().any(|leg| leg.unreadable)
}

/// A participant is muted if all legs are: the others hear any leg that is not.
pub(super) fn is_muted(legs: &[TrackedLeg]) -> bool {
    !legs.is_empty() && legs.iter().all(|leg| leg.muted)
}

/// The sources for the beginning of a wait that is seen now for the first time.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitStart {
    pub now_unix_ms: i64,
    /// When Usher first saw the participant, if it saw them arrive.
    pub arrived: Option<i64>,
    /// The age of the leg in seconds.
    pub duration_s: Option<i64>,
    /// The wait from before a restart.
    pub saved: Option<(i64, bool)>,
}

/// The next lobby fact. The beginning of a wait is set once per transition; reading a duration again never moves it.
pub(super) fn next_fact(before: LobbyFact, state: Lobby, beginning: WaitStart) -> LobbyFact {
    if state != Lobby::Waiting {
        let is_in = state == Lobby::In;
        let stay = before.stay.filter(|_| !is_in);
        return LobbyFact { state, since: None, up_to: false, stay, was_in: before.was_in || is_in, ..before };
    }
    if before.state == Lobby::Waiting {
        return before;
    }
    let WaitStart { now_unix_ms, arrived, duration_s, saved } = beginning;
    // The wait before an admission that was undone.
    let resumed = before.resumes.map(|wait| (wait.since, wait.up_to));
    let (since, up_to) = match (before.stay.or(resumed), saved, arrived, duration_s) {
        (Some(stay), ..) => stay,
        // The participant was in the call and is back in the lobby: the wait begins now.
        _ if before.was_in => (now_unix_ms, false),
        (None, Some(saved), ..) => saved,
        (None, None, Some(arrived), _) => (arrived, false),
        (None, None, None, Some(seconds)) => (now_unix_ms.saturating_sub(seconds.max(0).saturating_mul(1000)), true),
        (None, None, None, None) => (now_unix_ms, false),
    };
    LobbyFact { state, since: Some(since), up_to, stay: Some((since, up_to)), resumes: None, ..before }
}

/// The lobby fact without a wait that it is too late to resume.
pub(super) fn without_expired_resume(before: LobbyFact, now: Instant) -> LobbyFact {
    LobbyFact { resumes: before.resumes.filter(|wait| wait.until > now), ..before }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Resumed;

    const CONFIRM_AFTER: Duration = Duration::from_secs(1);

    fn detail(connected: bool, deactivated: bool) -> LegDetail {
        LegDetail { connected, deactivated, ..LegDetail::default() }
    }

    fn after(readings: &[(u64, bool, bool)]) -> Lobby {
        let start = Instant::now();
        let mut leg = TrackedLeg::new("l".into());
        for (ms, connected, deactivated) in readings {
            leg.on_response(&detail(*connected, *deactivated), start + Duration::from_millis(*ms), CONFIRM_AFTER);
        }
        merge(&[leg])
    }

    #[test]
    fn the_mark_is_believed_at_once() {
        assert_eq!(after(&[(0, true, true)]), Lobby::Waiting);
    }

    #[test]
    fn an_absent_mark_needs_a_second_reading() {
        assert_eq!(after(&[(0, true, false)]), Lobby::Unknown);
        assert_eq!(after(&[(0, true, false), (900, true, false)]), Lobby::Unknown);
        assert_eq!(after(&[(0, true, false), (1000, true, false)]), Lobby::In);
    }

    #[test]
    fn a_late_mark_is_found_by_the_second_reading() {
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
    fn a_participant_waits_if_any_leg_does() {
        let now = Instant::now();
        let mut legs = [TrackedLeg::new("a".into()), TrackedLeg::new("b".into())];
        legs[0].on_response(&detail(true, false), now, CONFIRM_AFTER);
        legs[0].on_response(&detail(true, false), now + CONFIRM_AFTER, CONFIRM_AFTER);
        assert_eq!(merge(&legs), Lobby::Unknown);
        legs[1].on_response(&detail(true, true), now, CONFIRM_AFTER);
        assert_eq!(merge(&legs), Lobby::Waiting);
        assert_eq!(merge(&[]), Lobby::Unknown);
    }

    #[test]
    fn the_response_to_the_later_request_of_each_leg_counts() {
        let now = Instant::now();
        let mut legs = [TrackedLeg::new("a".into()), TrackedLeg::new("b".into())];
        legs[0].on_response(&detail(true, true), now + CONFIRM_AFTER, CONFIRM_AFTER);
        legs[0].on_response(&detail(true, false), now, CONFIRM_AFTER);
        assert_eq!(legs[0].seen, LegLobby::Waiting, "a response that was overtaken");
        legs[1].on_response(&detail(true, true), now, CONFIRM_AFTER);
        assert_eq!(legs[1].seen, LegLobby::Waiting, "requested before the first leg, received after it");
    }

    #[test]
    fn a_wait_begins_once() {
        let beginning = |now_unix_ms| WaitStart { now_unix_ms, arrived: None, duration_s: Some(42), saved: None };
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
    fn a_leg_that_replaces_another_ends_no_wait_and_begins_none_in_the_past() {
        let at = |now_unix_ms| WaitStart { now_unix_ms, arrived: Some(1000), duration_s: Some(1), saved: Some((1000, true)) };
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
        let beginning = WaitStart { now_unix_ms: 9000, arrived: None, duration_s: Some(1), saved: Some((1000, false)) };
        assert_eq!(next_fact(LobbyFact::default(), Lobby::Waiting, beginning).since, Some(1000));
    }

    #[test]
    fn an_undone_admission_lets_the_old_wait_go_on_while_it_is_recent() {
        let now = Instant::now();
        let at = |now_unix_ms| WaitStart { now_unix_ms, arrived: None, duration_s: Some(1), saved: None };
        let resumes = Some(Resumed { since: 1000, up_to: true, until: now + CONFIRM_AFTER });
        let inside = LobbyFact { resumes, ..next_fact(LobbyFact::default(), Lobby::In, at(2000)) };
        let seen = |when| next_fact(without_expired_resume(inside, when), Lobby::Waiting, at(3000));
        let (in_time, late) = (seen(now), seen(now + CONFIRM_AFTER));
        assert_eq!((in_time.since, in_time.up_to, in_time.resumes), (Some(1000), true, None));
        assert_eq!((late.since, late.up_to), (Some(3000), false));
        let again = next_fact(next_fact(in_time, Lobby::In, at(4000)), Lobby::Waiting, at(5000));
        assert_eq!(again.since, Some(5000), "it goes on once");
    }
}
