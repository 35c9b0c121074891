//! The repairs that the rotation may make because a cause was injected.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The causes so far.
#[derive(Debug, Default)]
pub struct Causes {
    /// Number of lobby changes that no event carries.
    pub elsewhere: usize,
    /// Bridges whose events lied or stopped for a while.
    pub events_lied: BTreeSet<&'static str>,
}

impl Causes {
    pub fn record(&mut self, bridge: &'static str, switches: &Value) {
        let lies = [
            "reorder_updates",
            "events_stall",
            "events_late_ms",
            "ignore_acks",
            "pages_shift",
            "subscribe_refused",
            "subscription_limit",
            "active_limit",
            "never_active",
            "unknown_call",
            "events_replace",
        ];
        if lies.iter().any(|name| switches.get(name).is_some()) {
            self.events_lied.insert(bridge);
        }
    }
}

/// Counts by bridge and kind.
pub type RepairCounts = BTreeMap<(String, String), u64>;

/// Reads `usher_cms_repairs_total` from the text of `/metrics`.
pub fn read(metrics: &str) -> RepairCounts {
    let label = |line: &str, name: &str| {
        let value = line.split_once(&format!("{name}=\""))?.1;
        Some(value.split_once('"')?.0.to_owned())
    };
    let lines = metrics.lines().filter(|line| line.starts_with("usher_cms_repairs_total{"));
    lines.filter_map(|line| Some(((label(line, "bridge")?, label(line, "what")?), line.rsplit_once(' ')?.1.parse().ok()?))).collect()
}

/// The repairs since `before`.
pub fn since(before: &RepairCounts, now: RepairCounts) -> RepairCounts {
    let added = now.into_iter().map(|(key, count)| (key.clone(), count - before.get(&key).copied().unwrap_or(0)));
    added.filter(|(_, count)| *count > 0).collect()
}
