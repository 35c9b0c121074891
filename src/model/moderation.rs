//! What moderators add to participants and meetings: actions under way and their outcomes, claims, holds, thresholds.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// What moderators do to people and meetings by way of CMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    Admit,
    SendBack,
    Remove,
    Mute,
    Unmute,
    Rename,
    Lock,
    Unlock,
    Message,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub action: ActionKind,
    pub by: Arc<str>,
    pub since: i64,
    /// It is not sent before then and can be stopped; absent once it is sent.
    pub until: Option<i64>,
}

/// How an action ended for one person or meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionResult {
    /// CMS accepted it and it reads back so.
    Done,
    /// CMS accepted it, or has not answered and may carry it out, and it did not read back so in time.
    Unconfirmed,
    /// It was so before anything was sent.
    Already,
    /// Is no longer there.
    Left,
    /// CMS (or Usher, see the reason) refused.
    Refused,
    /// The bridge could not be reached; nothing was sent.
    Unreachable,
    /// Nothing was sent: another moderator is handling it, and the request did not name that claim.
    Claimed,
    /// Nothing was sent: the person is on hold, and the press was for all of a meeting or all that is shown.
    Held,
    /// Nothing was sent: the press was stopped before.
    Stopped,
    /// Usher stopped while it was under way: it is not known whether CMS was asked, and it is not asked again.
    Interrupted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub action: ActionKind,
    pub result: ActionResult,
    /// CMS's reason, or what went wrong.
    pub reason: Arc<str>,
    pub by: Arc<str>,
    pub at: i64,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub by: Arc<str>,
    pub at: i64,
}

/// Somebody is handling a person or a meeting: others are asked before they act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Another one for each claim that begins.
    pub id: Arc<str>,
    pub by: Arc<str>,
    pub since: i64,
}

/// A person who is to stay in the lobby for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub by: Arc<str>,
    pub at: i64,
    /// May be empty.
    pub reason: Arc<str>,
    /// When somebody is to look at them again.
    pub remind_at: Option<i64>,
}

/// When a wait is long, and when it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    pub first_s: u32,
    pub second_s: u32,
    /// Moderators set them for this meeting; else they are the configured ones.
    pub own: bool,
}

/// The banner of a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub text: Arc<str>,
    /// When CMS takes it away; absent where it stays.
    pub until: Option<i64>,
}

/// An action that is under way, or how the last one ended; on a person or on a meeting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionStatus {
    pub pending: Option<Pending>,
    pub outcome: Option<Outcome>,
    /// When `outcome` is to be taken off the row.
    pub outcome_until: Option<Instant>,
}

impl ActionStatus {
    /// True where an outcome was taken off.
    pub fn expire(&mut self, now: Instant) -> bool {
        let over = self.outcome_until.is_some_and(|until| until <= now);
        if over {
            (self.outcome, self.outcome_until) = (None, None);
        }
        over
    }
}
/// What the desk holds about one person, but for the claim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonModeration {
    pub acted: ActionStatus,
    pub admitted: Option<Mark>,
    pub sent_back: Option<Mark>,
    pub hold: Option<Hold>,
    pub acknowledged: Option<Mark>,
    pub label: Option<Arc<str>>,
    /// The wait that an admission ended, for as long as that can be undone.
    pub waited: Option<EndedWait>,
    pub claim: Option<Claim>,
}

/// What the desk holds about one meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct MeetingModeration {
    pub acted: ActionStatus,
    pub message: Option<Message>,
    pub claim: Option<Claim>,
    pub thresholds: Thresholds,
}

impl Default for MeetingModeration {
    fn default() -> Self {
        let thresholds = Thresholds { first_s: 0, second_s: 0, own: false };
        Self { acted: ActionStatus::default(), message: None, claim: None, thresholds }
    }
}

/// One wait, as it was when somebody was let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedWait {
    /// Unix milliseconds.
    pub since: i64,
    pub up_to: bool,
    /// Who let them in.
    pub by: Arc<str>,
    pub hold: Option<Hold>,
    pub acknowledged: Option<Mark>,
    /// Until when it can be resumed; Unix milliseconds. None while the admission is under way.
    pub until: Option<i64>,
    /// CMS may still carry the admission out, although the person reads as waiting.
    pub doubtful: bool,
}

impl EndedWait {
    /// What of it is to survive a restart.
    pub fn kept(waited: &Option<Self>) -> Option<&Self> {
        waited.as_ref().filter(|waited| waited.until.is_some())
    }
}
