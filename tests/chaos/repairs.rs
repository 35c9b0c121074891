//! What the rotation may have to repair, because a cause was injected.

use std::collections::BTreeSet;

use serde_json::Value;

/// Causes so far.
#[derive(Debug, Default)]
pub struct Causes {
    /// Lobby changes that no event carries.
    pub elsewhere: usize,
    /// Bridges whose events lied or said nothing for a while.
    pub events_lied: BTreeSet<&'static str>,
}

impl Causes {
    pub fn suffered(&mut self, bridge: &'static str, switches: &Value) {
        let lies = ["reorder_updates", "events_stall", "subscribe_refused", "subscription_limit"];
        if lies.iter().any(|name| switches.get(name).is_some()) {
            self.events_lied.insert(bridge);
        }
    }
}
