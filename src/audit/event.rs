//! The events that the audit log records, with the words that stand for them in the database.

use std::sync::Arc;

use serde::Serialize;

use crate::model::ActionKind;
use crate::model::wire_name::to_wire;

/// A recorded event. The database stores its name in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditEvent {
    Hold,
    EndHold,
    Acknowledge,
    Thresholds,
    Pause,
    Resume,
    Retry,
    /// A waiting participant came in, and no user of Usher admitted them.
    LetIn,
    /// A participant who was in waits again, and no user of Usher sent them back.
    PutBack,
    DisplayPair,
    DisplayLink,
    DisplaySet,
    DisplayRevoke,
    DisplayForget,
    /// Entries are missing here; how many is in the detail.
    Lost,
    /// Requests were refused because the log had no room for them; how many is in the detail.
    NoRoom,
    SignIn,
    SignOut,
    /// Wrong passwords; the user name as it was typed, and how many if several, are in the detail.
    SignInFailed,
    UserAdd,
    UserRemove,
    UserRole,
    UserPassword,
    /// The configuration was read again.
    Configure,
    /// The log was taken away as a file.
    Export,
    Backup,
    /// Usher's receiver of records was entered into a bridge, or removed there; or its address was made anew.
    CdrRegister,
    CdrRemove,
    CdrRenew,
    /// By way of CMS.
    #[serde(untagged)]
    Did(ActionKind),
}

impl AuditEvent {
    /// Every event, in the order in which people look for them.
    pub fn all() -> impl Iterator<Item = Self> {
        ActionKind::ALL.iter().map(|&kind| Self::Did(kind)).chain(Self::WITHOUT_CMS.iter().copied())
    }

    const WITHOUT_CMS: &[Self] = &[
        Self::LetIn,
        Self::PutBack,
        Self::Hold,
        Self::EndHold,
        Self::Acknowledge,
        Self::Thresholds,
        Self::Pause,
        Self::Resume,
        Self::Retry,
        Self::SignIn,
        Self::SignInFailed,
        Self::SignOut,
        Self::UserAdd,
        Self::UserRemove,
        Self::UserRole,
        Self::UserPassword,
        Self::DisplayPair,
        Self::DisplayLink,
        Self::DisplaySet,
        Self::DisplayRevoke,
        Self::DisplayForget,
        Self::Configure,
        Self::CdrRegister,
        Self::CdrRemove,
        Self::CdrRenew,
        Self::Export,
        Self::Backup,
        Self::NoRoom,
        Self::Lost,
    ];

    /// As it stands in the file.
    pub fn word(self) -> Arc<str> {
        to_wire(&self)
    }
}
