//! What is wished of a person or a meeting, and whether what is known or was read says that it is so. Pure.

use std::sync::Arc;

use crate::cms::{CallDetail, LegProbe, RequestError};
use crate::model::{Action, Lobby};

/// How a person is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    In,
    Waiting,
    Gone,
    Muted(bool),
    /// Empty: by their own name.
    Named(Arc<str>),
}

impl Wish {
    /// None for what is wished of meetings.
    pub(super) fn of(deed: &Action) -> Option<Self> {
        Some(match deed {
            Action::Admit => Self::In,
            Action::SendBack => Self::Waiting,
            Action::Remove => Self::Gone,
            Action::Mute(on) => Self::Muted(*on),
            Action::Rename(label) => Self::Named(label.clone()),
            Action::Lock(_) | Action::Message { .. } => return None,
        })
    }

    /// What is said of somebody who is not so after CMS accepted the request.
    pub(super) fn not_so(&self) -> &'static str {
        match self {
            Self::In => "the person still reads as waiting",
            Self::Waiting => "the person still reads as in the call",
            Self::Gone => "the person is still there",
            Self::Muted(true) => "the person does not read as muted",
            Self::Muted(false) => "the person still reads as muted",
            Self::Named(_) => "the name does not read so",
        }
    }

    /// What the lobby that is known says before anything was sent.
    pub(super) fn is_so(&self, known: &Known) -> bool {
        match self {
            Self::In => known.lobby == Lobby::In,
            Self::Waiting => known.lobby == Lobby::Waiting,
            Self::Muted(on) => known.muted == Some(*on),
            // Whoever is there is not gone, and the name is known only by reading it.
            Self::Gone | Self::Named(_) => false,
        }
    }
}

/// What is known of a person who is there, without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) lobby: Lobby,
    /// None where no event would tell.
    pub(super) muted: Option<bool>,
}

/// What was read of somebody for whom a change was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    So,
    NotSo,
    /// Perhaps; another reading may tell.
    Unclear,
    Left,
    Failed(RequestError),
}

/// What the legs say to the wish for a lobby state.
pub(super) fn of_look(wish: &Wish, look: LegProbe) -> Reading {
    match (look, wish) {
        (LegProbe::Failed(error), _) => Reading::Failed(error),
        (LegProbe::Gone, _) => Reading::Left,
        (LegProbe::Unclear, _) => Reading::Unclear,
        (LegProbe::In, Wish::In) | (LegProbe::Waiting, Wish::Waiting) => Reading::So,
        (LegProbe::In | LegProbe::Waiting, _) => Reading::NotSo,
    }
}

/// How a meeting is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MeetingWish {
    Locked(bool),
    /// Shows a banner for so many seconds, or until it is taken away; empty: shows none.
    Says(Arc<str>, Option<u32>),
}

impl MeetingWish {
    /// None for what is wished of people.
    pub(super) fn of(deed: &Action) -> Option<Self> {
        match deed {
            Action::Lock(on) => Some(Self::Locked(*on)),
            Action::Message { text, seconds } => Some(Self::Says(text.clone(), *seconds)),
            _ => None,
        }
    }

    /// What one instance of the meeting reads as.
    pub(super) fn is_so(&self, call: &CallDetail) -> bool {
        match self {
            Self::Locked(on) => call.locked == Some(*on),
            Self::Says(text, _) => is_same_text(text, call.message.as_deref().unwrap_or_default()),
        }
    }

    /// The same before anything was sent: a banner that is to stay for a while is begun anew.
    pub(super) fn is_so_already(&self, call: &CallDetail) -> bool {
        match self {
            Self::Says(text, Some(_)) if !text.is_empty() => false,
            Self::Says(text, None) if !text.is_empty() && call.message_duration.as_deref() != Some("permanent") => false,
            _ => self.is_so(call),
        }
    }
}

/// Texts are the same whatever spaces a bridge makes of spaces.
pub(super) fn is_same_text(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// A refusal in CMS's own word; without one its status says something at least.
pub(super) fn with_status(status: u16, reason: String) -> String {
    if reason == "without a reason" { format!("{reason} ({status})") } else { reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Action::Admit, true)]
    #[case(Action::SendBack, true)]
    #[case(Action::Remove, true)]
    #[case(Action::Mute(true), true)]
    #[case(Action::Rename("x".into()), true)]
    #[case(Action::Lock(true), false)]
    #[case(Action::Message { text: "x".into(), seconds: None }, false)]
    fn each_action_is_for_people_or_for_meetings(#[case] deed: Action, #[case] people: bool) {
        assert_eq!((Wish::of(&deed).is_some(), MeetingWish::of(&deed).is_some()), (people, !people));
    }

    #[rstest]
    #[case(LegProbe::In, Reading::So, Reading::NotSo)]
    #[case(LegProbe::Waiting, Reading::NotSo, Reading::So)]
    #[case(LegProbe::Unclear, Reading::Unclear, Reading::Unclear)]
    #[case(LegProbe::Gone, Reading::Left, Reading::Left)]
    #[case(LegProbe::Failed(RequestError::Forbidden), Reading::Failed(RequestError::Forbidden), Reading::Failed(RequestError::Forbidden))]
    fn what_confirms_an_admission_denies_a_sending_back(#[case] look: LegProbe, #[case] admitted: Reading, #[case] sent_back: Reading) {
        assert_eq!((of_look(&Wish::In, look.clone()), of_look(&Wish::Waiting, look)), (admitted, sent_back));
    }

    #[test]
    fn what_no_event_tells_is_not_taken_for_so() {
        let known = |muted| Known { lobby: Lobby::In, muted };
        let so = |on, muted| Wish::Muted(on).is_so(&known(muted));
        assert_eq!([so(true, Some(true)), so(true, Some(false)), so(true, None), so(false, None)], [true, false, false, false]);
        assert!(!Wish::In.is_so(&Known { lobby: Lobby::Unknown, muted: None }));
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
        let wish = MeetingWish::Says(text.into(), seconds);
        assert_eq!((wish.is_so_already(&call), wish.is_so(&call)), (already, text == shown));
    }

    #[test]
    fn a_lock_that_is_not_known_is_not_so() {
        let call = CallDetail::default();
        assert!(!MeetingWish::Locked(true).is_so(&call) && !MeetingWish::Locked(false).is_so(&call));
    }

    #[rstest]
    #[case(500, "without a reason", "without a reason (500)")]
    #[case(400, "participantCannotBeModified", "participantCannotBeModified")]
    #[case(400, "parameterError parameter=deactivated", "parameterError parameter=deactivated")]
    fn a_refusal_without_a_word_of_cms_is_told_with_its_status(#[case] status: u16, #[case] reason: &str, #[case] told: &str) {
        assert_eq!(with_status(status, reason.into()), told);
    }

    proptest! {
        #[test]
        fn spaces_make_no_other_text(words in proptest::collection::vec("[a-z]{1,5}", 0..6), space in "[ \n]{1,3}") {
            let (plain, spaced) = (words.join(" "), [&*space, &words.join(&space), &space].concat());
            prop_assert!(is_same_text(&plain, &spaced));
            prop_assert!(!is_same_text(&plain, &(spaced + "more")));
        }
    }
}
