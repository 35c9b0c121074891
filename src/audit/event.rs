//! The events that the audit log records, with their names in the database.

use std::sync::Arc;

use serde::Serialize;

use crate::model::ActionKind;
use crate::model::wire_name::to_wire;

/// A recorded event. The database has its name in snake case.
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
    /// Entries are missing here; the detail has their number.
    Lost,
    /// Requests were refused because the log had no room for their entries; the detail has their number.
    NoRoom,
    SignIn,
    SignOut,
    /// Wrong passwords; the detail has the user name as typed, and their number if there were several.
    SignInFailed,
    UserAdd,
    UserRemove,
    UserRole,
    UserPassword,
    /// The configuration was read again.
    Configure,
    /// The audit log was exported to a file.
    Export,
    Backup,
    /// Usher was registered as a receiver of a bridge's records, or removed there; or its address was renewed.
    CdrRegister,
    CdrRemove,
    CdrRenew,
    /// An action on CMS.
    #[serde(untagged)]
    Did(ActionKind),
}

impl AuditEvent {
    /// Every event, in the order of the page's list.
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

    /// Its name in the database and in exports.
    pub fn wire_name(self) -> Arc<str> {
        to_wire(&self)
    }
}
