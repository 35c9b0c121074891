//! Data that moderators add to participants and meetings: pending actions and their outcomes, claims, holds, thresholds. Plain data.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{ActionKind, ActionResult};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub action: ActionKind,
    pub by: Arc<str>,
    pub since: i64,
    /// The action is not sent before then and can be stopped; absent once it is sent.
    pub until: Option<i64>,
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

/// The user who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub by: Arc<str>,
    pub at: i64,
}

/// A moderator handles a participant or a meeting: others are asked before they act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Each claim that begins has a new one.
    pub id: Arc<str>,
    pub by: Arc<str>,
    pub since: i64,
}

/// A moderator wants a participant to stay in the lobby for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub by: Arc<str>,
    pub at: i64,
    /// May be empty.
    pub reason: Arc<str>,
    /// When moderators are reminded of the participant.
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

/// The text that a meeting shows to everybody in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    pub text: Arc<str>,
    /// When CMS takes it away; absent where it stays.
    pub until: Option<i64>,
}

/// The action that is under way on a participant or meeting, or how the last one ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionStatus {
    pub pending: Option<Pending>,
    pub outcome: Option<Outcome>,
    /// When `outcome` leaves the row.
    pub outcome_until: Option<Instant>,
}

impl ActionStatus {
    /// Removes an outcome that was shown long enough; true if it removed one.
    pub fn expire(&mut self, now: Instant) -> bool {
        let expired = self.outcome_until.is_some_and(|until| until <= now);
        if expired {
            self.outcome = None;
            self.outcome_until = None;
        }
        expired
    }
}

/// Everything that moderators added to one participant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonModeration {
    pub status: ActionStatus,
    pub admitted: Option<Mark>,
    pub sent_back: Option<Mark>,
    pub hold: Option<Hold>,
    pub acknowledged: Option<Mark>,
    pub label: Option<Arc<str>>,
    /// The wait that an admission ended, for as long as that can be undone.
    pub ended_wait: Option<EndedWait>,
    pub claim: Option<Claim>,
}

/// Everything that moderators added to one meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct MeetingModeration {
    pub status: ActionStatus,
    pub message: Option<Banner>,
    pub claim: Option<Claim>,
    pub thresholds: Thresholds,
}

impl Default for MeetingModeration {
    fn default() -> Self {
        let thresholds = Thresholds { first_s: 0, second_s: 0, own: false };
        Self { status: ActionStatus::default(), message: None, claim: None, thresholds }
    }
}

/// A wait, as it was when its participant was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedWait {
    /// Unix milliseconds.
    pub since: i64,
    pub up_to: bool,
    /// The moderator who admitted the participant.
    pub by: Arc<str>,
    pub hold: Option<Hold>,
    pub acknowledged: Option<Mark>,
    /// Until when it can be resumed; Unix milliseconds. None while the admission is under way.
    pub until: Option<i64>,
    /// CMS may still carry the admission out, although the participant reads as waiting.
    pub doubtful: bool,
}

impl EndedWait {
    /// The part that survives a restart: only waits whose admission has ended.
    pub fn to_save(ended_wait: &Option<Self>) -> Option<&Self> {
        ended_wait.as_ref().filter(|wait| wait.until.is_some())
    }
}
