//! What is wished of a person or a meeting, and whether what is known or was read says that it is so. Pure.

use std::sync::Arc;

use crate::actions::Deed;
use crate::cms::{AskError, CallDetail, Look};
use crate::model::Lobby;

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
    pub(super) fn of(deed: &Deed) -> Option<Self> {
        Some(match deed {
            Deed::Admit => Self::In,
            Deed::SendBack => Self::Waiting,
            Deed::Remove => Self::Gone,
            Deed::Mute(on) => Self::Muted(*on),
            Deed::Rename(label) => Self::Named(label.clone()),
            Deed::Lock(_) | Deed::Message { .. } => return None,
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
    Failed(AskError),
}

/// What the legs say to the wish for a lobby state.
pub(super) fn of_look(wish: &Wish, look: Look) -> Reading {
    match (look, wish) {
        (Look::Failed(error), _) => Reading::Failed(error),
        (Look::Gone, _) => Reading::Left,
        (Look::Unclear, _) => Reading::Unclear,
        (Look::In, Wish::In) | (Look::Waiting, Wish::Waiting) => Reading::So,
        (Look::In | Look::Waiting, _) => Reading::NotSo,
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
    pub(super) fn of(deed: &Deed) -> Option<Self> {
        match deed {
            Deed::Lock(on) => Some(Self::Locked(*on)),
            Deed::Message { text, seconds } => Some(Self::Says(text.clone(), *seconds)),
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
