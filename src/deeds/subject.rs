//! Whom a press is about, as they were shown when the button was pressed: they may be gone when it has ended.

use crate::actions::Target;
use crate::log::Whom;
use crate::store::Store;

#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) target: Target,
    pub(super) whom: Whom,
}

impl Subject {
    pub(super) fn of(store: &Store, target: &Target) -> Self {
        Self { target: target.clone(), whom: Whom::target(store, target) }
    }
}
