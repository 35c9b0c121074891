//! The row of a Call Bridge, and how it follows from facts. Pure: takes no clock, socket or lock.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rows::is_zero;
use crate::model::{BridgeFacts, BridgeName, BridgeState, CdrState, Fault};

/// The connection between Usher and one Call Bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BridgeRow {
    /// The configured name.
    pub id: Arc<str>,
    pub state: BridgeState,
    /// When `state` was entered.
    pub since: i64,
    /// The last answer, once it is older than the silence threshold (5 s); absent while the bridge answers.
    pub silent_since: Option<i64>,
    pub trouble: Option<Fault>,
    /// `softwareVersion` as CMS states it.
    pub version: Option<Arc<str>>,
    /// Its own name in its cluster (`/callBridges`), where it differs from the configured name.
    pub unique_name: Option<Arc<str>>,
    /// False where the version is known to be older than 2.9, the first that can admit one participant.
    pub can_admit: bool,
    /// False where the version is known to be older than 3.4, the first that puts participants back into the lobby, or the bridge refused
    /// to.
    pub can_send_back: bool,
    /// Calls whose roster is read by REST because the bridge refused to push it.
    pub polled_calls: usize,
    /// Unreadable calls in the bridge's list. The JSON omits 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreadable_calls: u32,
    /// How the bridge's Call Detail Records arrive.
    pub cdr: CdrState,
    /// Why Usher could not register for them.
    pub cdr_trouble: Option<Fault>,
    /// The administrator who paused it; present exactly while `state` is `paused`.
    pub paused_by: Option<Arc<str>>,
}

pub fn bridge_row(name: &BridgeName, facts: &BridgeFacts) -> BridgeRow {
    BridgeRow {
        id: name.clone(),
        state: facts.state,
        since: facts.since,
        silent_since: facts.answered.filter(|_| facts.silent).map(|(_, unix_ms)| unix_ms),
        trouble: facts.fault.clone(),
        version: facts.version.clone(),
        unique_name: facts.unique_name.clone().filter(|own| own != name),
        can_admit: facts.can_admit,
        can_send_back: facts.can_send_back,
        polled_calls: facts.polled_calls,
        unreadable_calls: facts.unreadable_calls,
        cdr: facts.cdr.state,
        cdr_trouble: facts.cdr.fault.clone(),
        paused_by: facts.paused_by.clone(),
    }
}
