//! One bridge's roster entry for a participant, and how messages change it.

use std::sync::Arc;
use std::time::Instant;

use super::{CallKey, LegState};

/// One roster entry on one bridge.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    pub key: CallKey,
    pub name: Arc<str>,
    pub address: Arc<str>,
    pub state: LegState,
    pub muted: bool,
    pub presenter: bool,
    /// The time of these facts; older responses don't override them.
    pub at: Instant,
}

/// The fields of a roster entry that one message states; absent ones stay as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RosterPatch {
    pub name: Option<Arc<str>>,
    pub address: Option<Arc<str>>,
    pub state: Option<LegState>,
    pub muted: Option<bool>,
    pub presenter: Option<bool>,
}

impl Listing {
    /// An entry without any facts.
    pub fn new(key: CallKey, at: Instant) -> Self {
        Self { key, name: Arc::default(), address: Arc::default(), state: LegState::Other, muted: false, presenter: false, at }
    }

    /// Applies the stated fields. True where one of them differs.
    pub fn apply(&mut self, patch: RosterPatch, at: Instant) -> bool {
        self.at = at;
        set(&mut self.name, patch.name)
            | set(&mut self.address, patch.address)
            | set(&mut self.state, patch.state)
            | set(&mut self.muted, patch.muted)
            | set(&mut self.presenter, patch.presenter)
    }
}

fn set<T: PartialEq>(field: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) if *field != value => {
            *field = value;
            true
        }
        _ => false,
    }
}
