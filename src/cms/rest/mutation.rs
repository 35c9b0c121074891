//! The requests that change something for moderators, one for each target. Never the bulk PUT: without `mode=selected` it acts on everybody
//! else (rest.md section 5).

use std::sync::Arc;

use reqwest::Method;

use super::request::urlencode;
use crate::model::{CallId, LegId, ParticipantId};

/// One change of one participant, leg or call; rest.md section 5 describes each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Mutation {
    /// `deactivated=false` (2.9+).
    Admit(ParticipantId),
    /// `deactivated=true` (3.4+).
    SendBack(ParticipantId),
    /// Disconnects all legs of the participant.
    Remove(ParticipantId),
    /// `nameLabelOverride`, up to 50 bytes; empty restores the name.
    Rename(ParticipantId, Arc<str>),
    /// `rxAudioMute`: the others don't hear this leg.
    Mute(LegId, bool),
    Lock(CallId, bool),
    /// Shows a banner, for this many seconds or until it is removed; an empty text removes it.
    Message(CallId, Arc<str>, Option<u32>),
}

impl Mutation {
    pub(in crate::cms) fn method(&self) -> Method {
        if matches!(self, Self::Remove(_)) { Method::DELETE } else { Method::PUT }
    }

    pub(in crate::cms) fn path(&self) -> String {
        match self {
            Self::Admit(id) | Self::SendBack(id) | Self::Remove(id) | Self::Rename(id, _) => format!("/participants/{}", urlencode(id)),
            Self::Mute(id, _) => format!("/callLegs/{}", urlencode(id)),
            Self::Lock(id, _) | Self::Message(id, ..) => format!("/calls/{}", urlencode(id)),
        }
    }

    pub(in crate::cms) fn form(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Admit(_) => vec![("deactivated", "false".into())],
            Self::SendBack(_) => vec![("deactivated", "true".into())],
            Self::Remove(_) => Vec::new(),
            Self::Rename(_, label) => vec![("nameLabelOverride", label.to_string())],
            Self::Mute(_, on) => vec![("rxAudioMute", on.to_string())],
            Self::Lock(_, on) => vec![("locked", on.to_string())],
            Self::Message(_, text, seconds) => {
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Mutation::Admit("p".into()), "PUT /participants/p deactivated=false")]
    #[case(Mutation::SendBack("p".into()), "PUT /participants/p deactivated=true")]
    #[case(Mutation::Remove("p".into()), "DELETE /participants/p")]
    #[case(Mutation::Rename("p".into(), "".into()), "PUT /participants/p nameLabelOverride=")]
    #[case(Mutation::Mute("l".into(), true), "PUT /callLegs/l rxAudioMute=true")]
    #[case(Mutation::Lock("c".into(), false), "PUT /calls/c locked=false")]
    #[case(Mutation::Message("c".into(), "hi".into(), None), "PUT /calls/c messageText=hi messagePosition=middle messageDuration=permanent")]
    #[case(Mutation::Message("c".into(), "hi".into(), Some(9)), "PUT /calls/c messageText=hi messagePosition=middle messageDuration=9")]
    #[case(Mutation::Message("c".into(), "".into(), None), "PUT /calls/c messageText= messagePosition=middle messageDuration=0")]
    fn each_is_one_request_about_one_thing(#[case] mutation: Mutation, #[case] expected: &str) {
        let form: String = mutation.form().iter().map(|(name, value)| format!(" {name}={value}")).collect();
        assert_eq!(format!("{} {}{form}", mutation.method(), mutation.path()), expected);
    }
}
