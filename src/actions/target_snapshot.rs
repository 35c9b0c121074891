//! AuditSubject a press is about, as they were shown when the button was pressed: they may be gone when it has ended.

use std::sync::Arc;

use crate::audit::{AuditSubject, new_action_id};
use crate::model::Target;
use crate::store::Store;

#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) target: Target,
    pub(super) whom: AuditSubject,
    /// Of the press on this target, in the journal and the log.
    pub(super) action_id: Arc<str>,
}

impl Subject {
    pub(super) fn of(store: &Store, target: &Target) -> Self {
        Self { target: target.clone(), whom: AuditSubject::target(store, target), action_id: new_action_id() }
    }
}
