//! The goal of an action: whether the target has reached it, by the known facts or by a reading. Pure.

use crate::cms::{CallDetail, LegProbe, RequestError, changes_legs};
use crate::model::{Action, Lobby};

/// The state of a participant who is there, as far as it is known without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownState {
    pub(super) lobby: Lobby,
    /// None where no event would report it.
    pub(super) muted: Option<bool>,
}

/// The result of a reading after a change was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observation {
    Reached,
    NotReached,
    /// Another reading may show it.
    Unclear,
    Left,
    Failed(RequestError),
}

/// How the goal of an action for participants is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadBack {
    /// By the lobby state of the participant's legs.
    Lobby,
    /// The participant is no longer there.
    Absence,
    /// By a property of the participant.
    Participant,
    /// By a property of each of the participant's legs, which is set for each leg.
    Legs,
}

impl Action {
    pub(super) fn read_back(&self) -> ReadBack {
        match self {
            Self::Admit | Self::SendBack => ReadBack::Lobby,
            Self::Remove => ReadBack::Absence,
            action if changes_legs(action) => ReadBack::Legs,
            _ => ReadBack::Participant,
        }
    }

    /// The goal is reached before anything was sent. False where only a reading shows it.
    pub(super) fn is_reached_by(&self, known: &KnownState) -> bool {
        match self {
            Self::Admit => known.lobby == Lobby::In,
            Self::SendBack => known.lobby == Lobby::Waiting,
            Self::Mute(on) => known.muted == Some(*on),
            _ => false,
        }
    }

    /// The goal is reached in one call of a meeting before anything was sent. A banner with a duration always starts anew.
    pub(super) fn is_reached_by_call(&self, call: &CallDetail) -> bool {
        match self {
            Self::Message { text, seconds: Some(_) } if !text.is_empty() => false,
            Self::Message { text, seconds: None } if !text.is_empty() && call.message_duration.as_deref() != Some("permanent") => false,
            _ => call.shows(self),
        }
    }

    /// Why the result is "unconfirmed": how the participant still reads.
    pub(super) fn not_reached(&self) -> &'static str {
        match self {
            Self::Admit => "the person still reads as waiting",
            Self::SendBack => "the person still reads as in the call",
            Self::Remove => "the person is still there",
            Self::Mute(true) => "the person does not read as muted",
            Self::Mute(false) => "the person still reads as muted",
            Self::Rename(_) => "the name does not read so",
            _ => "it does not read so",
        }
    }
}

/// Compares the lobby state of a participant's legs with the goal of an admission, or of a sending back.
pub(super) fn observe_lobby(action: &Action, probe: LegProbe) -> Observation {
    match (probe, action) {
        (LegProbe::Failed(error), _) => Observation::Failed(error),
        (LegProbe::Gone, _) => Observation::Left,
        (LegProbe::Unclear, _) => Observation::Unclear,
        (LegProbe::In, Action::Admit) | (LegProbe::Waiting, Action::SendBack) => Observation::Reached,
        (LegProbe::In | LegProbe::Waiting, _) => Observation::NotReached,
    }
}

/// A refusal in CMS's own words; without any, its status.
pub(super) fn with_status(status: u16, reason: String) -> String {
    if reason == "without a reason" { format!("{reason} ({status})") } else { reason }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(LegProbe::In, Observation::Reached, Observation::NotReached)]
    #[case(LegProbe::Waiting, Observation::NotReached, Observation::Reached)]
    #[case(LegProbe::Unclear, Observation::Unclear, Observation::Unclear)]
    #[case(LegProbe::Gone, Observation::Left, Observation::Left)]
    #[case(
        LegProbe::Failed(RequestError::Forbidden),
        Observation::Failed(RequestError::Forbidden),
        Observation::Failed(RequestError::Forbidden)
    )]
    fn a_probe_that_confirms_an_admission_denies_a_sending_back(
        #[case] probe: LegProbe,
        #[case] admitted: Observation,
        #[case] sent_back: Observation,
    ) {
        assert_eq!((observe_lobby(&Action::Admit, probe.clone()), observe_lobby(&Action::SendBack, probe)), (admitted, sent_back));
    }

    #[test]
    fn a_state_that_no_event_reports_does_not_count_as_reached() {
        let known = |muted| KnownState { lobby: Lobby::In, muted };
        let reached = |on, muted| Action::Mute(on).is_reached_by(&known(muted));
        assert_eq!(
            [reached(true, Some(true)), reached(true, Some(false)), reached(true, None), reached(false, None)],
            [true, false, false, false]
        );
        assert!(!Action::Admit.is_reached_by(&KnownState { lobby: Lobby::Unknown, muted: None }));
    }

    #[rstest]
    #[case("hi", None, "hi", "permanent", true)]
    #[case("hi", None, "hi", "30", false)]
    #[case("hi", Some(30), "hi", "30", false)]
    #[case("hi", None, "ho", "permanent", false)]
    #[case("", None, "", "0", true)]
    #[case("", None, "hi", "permanent", false)]
    fn a_banner_for_a_while_is_always_begun_anew(
        #[case] text: &str,
        #[case] seconds: Option<u32>,
        #[case] shown: &str,
        #[case] duration: &str,
        #[case] already: bool,
    ) {
        let message = Some(Arc::from(shown)).filter(|text: &Arc<str>| !text.is_empty());
        let call = CallDetail { message, message_duration: Some(duration.into()), ..CallDetail::default() };
        let action = Action::Message { text: text.into(), seconds };
        assert_eq!((action.is_reached_by_call(&call), call.shows(&action)), (already, text == shown));
    }

    #[rstest]
    #[case(500, "without a reason", "without a reason (500)")]
    #[case(400, "participantCannotBeModified", "participantCannotBeModified")]
    #[case(400, "parameterError parameter=deactivated", "parameterError parameter=deactivated")]
    fn a_refusal_without_a_reason_has_its_status(#[case] status: u16, #[case] reason: &str, #[case] expected: &str) {
        assert_eq!(with_status(status, reason.into()), expected);
    }
}
