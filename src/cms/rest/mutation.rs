//! Each action of moderators in the words of CMS: the request that changes one participant, leg or call, and the properties that show the
//! change afterwards. Never the bulk PUT: without `mode=selected` it acts on everybody else (rest.md section 5).

use std::sync::Arc;

use reqwest::Method;

use super::request::urlencode;
use super::response::{CallDetail, LegDetail, ParticipantDetail};
use crate::model::Action;

/// One change of one participant, leg or call; rest.md section 5 describes each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Mutation {
    pub(in crate::cms) action: Action,
    /// The id of the participant, leg or call.
    pub(in crate::cms) id: Arc<str>,
}

/// The action is sent for each leg of a participant, and shows in each leg.
pub(crate) fn changes_legs(action: &Action) -> bool {
    matches!(action, Action::Mute(_))
}

impl Mutation {
    pub(crate) fn new(action: &Action, id: &Arc<str>) -> Self {
        Self { action: action.clone(), id: id.clone() }
    }

    pub(in crate::cms) fn method(&self) -> Method {
        if self.action == Action::Remove { Method::DELETE } else { Method::PUT }
    }

    pub(in crate::cms) fn path(&self) -> String {
        let collection = match &self.action {
            action if action.kind().is_for_meetings() => "calls",
            action if changes_legs(action) => "callLegs",
            _ => "participants",
        };
        format!("/{collection}/{}", urlencode(&self.id))
    }

    pub(in crate::cms) fn form(&self) -> Vec<(&'static str, String)> {
        match &self.action {
            // 2.9+.
            Action::Admit => vec![("deactivated", "false".into())],
            // 3.4+.
            Action::SendBack => vec![("deactivated", "true".into())],
            // Disconnects all legs of the participant.
            Action::Remove => Vec::new(),
            // Up to 50 bytes; empty restores the name.
            Action::Rename(label) => vec![("nameLabelOverride", label.to_string())],
            // The others don't hear this leg.
            Action::Mute(on) => vec![("rxAudioMute", on.to_string())],
            Action::Lock(on) => vec![("locked", on.to_string())],
            Action::Message { text, seconds } => {
                // 0: not shown.
                let duration = match seconds {
                    _ if text.is_empty() => "0".into(),
                    Some(seconds) => seconds.to_string(),
                    None => "permanent".into(),
                };
                vec![("messageText", text.to_string()), ("messagePosition", "middle".into()), ("messageDuration", duration)]
            }
        }
    }
}

impl ParticipantDetail {
    /// A property of the participant shows that the action took effect. False for actions that show elsewhere, as in the lobby state.
    pub(crate) fn shows(&self, action: &Action) -> bool {
        match action {
            Action::Rename(label) => is_same_text(label, self.label.as_deref().unwrap_or_default()),
            _ => false,
        }
    }
}

impl LegDetail {
    pub(crate) fn shows(&self, action: &Action) -> bool {
        match action {
            Action::Mute(on) => self.muted.unwrap_or(false) == *on,
            _ => false,
        }
    }
}

impl CallDetail {
    pub(crate) fn shows(&self, action: &Action) -> bool {
        match action {
            Action::Lock(on) => self.locked == Some(*on),
            Action::Message { text, .. } => is_same_text(text, self.message.as_deref().unwrap_or_default()),
            _ => false,
        }
    }
}

/// Bridges may change the white space of a text.
fn is_same_text(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::model::ActionKind;

    fn message(text: &str, seconds: Option<u32>) -> Action {
        Action::Message { text: text.into(), seconds }
    }

    #[rstest]
    #[case(Action::Admit, "PUT /participants/x deactivated=false")]
    #[case(Action::SendBack, "PUT /participants/x deactivated=true")]
    #[case(Action::Remove, "DELETE /participants/x")]
    #[case(Action::Rename("".into()), "PUT /participants/x nameLabelOverride=")]
    #[case(Action::Mute(true), "PUT /callLegs/x rxAudioMute=true")]
    #[case(Action::Lock(false), "PUT /calls/x locked=false")]
    #[case(message("hi", None), "PUT /calls/x messageText=hi messagePosition=middle messageDuration=permanent")]
    #[case(message("hi", Some(9)), "PUT /calls/x messageText=hi messagePosition=middle messageDuration=9")]
    #[case(message("", None), "PUT /calls/x messageText= messagePosition=middle messageDuration=0")]
    fn each_is_one_request_about_one_thing(#[case] action: Action, #[case] expected: &str) {
        let mutation = Mutation::new(&action, &"x".into());
        let form: String = mutation.form().iter().map(|(name, value)| format!(" {name}={value}")).collect();
        assert_eq!(format!("{} {}{form}", mutation.method(), mutation.path()), expected);
    }

    #[test]
    fn only_participants_have_legs() {
        for action in ActionKind::ALL.iter().filter_map(|kind| kind.action()) {
            assert!(!(changes_legs(&action) && action.kind().is_for_meetings()), "{action:?}");
        }
    }

    #[test]
    fn a_lock_that_is_not_known_shows_nothing() {
        let call = CallDetail::default();
        assert!(!call.shows(&Action::Lock(true)) && !call.shows(&Action::Lock(false)));
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
