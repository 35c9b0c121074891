//! The numbers that a service manager shows. They are counted from the rows, so they are those of the desk.

use super::Publisher;
use crate::model::BridgeState;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All bridges that Usher follows.
    pub bridges: usize,
    /// Bridges whose rows are true: live or polled.
    pub connected: usize,
    /// People who wait and are not on hold.
    pub waiting: usize,
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bridges, connected, waiting } = self;
        let bridge = if *bridges == 1 { "bridge" } else { "bridges" };
        let person = if *waiting == 1 { "person" } else { "people" };
        write!(f, "{connected} of {bridges} {bridge} connected, {waiting} {person} waiting")
    }
}

impl Publisher {
    pub fn totals(&self) -> Totals {
        let bridges = self.store.all_bridges();
        let is_connected = |name: &str| self.store.bridge_is(name, |facts| matches!(facts.state, BridgeState::Live | BridgeState::Polling));
        let meetings = self.calls_of.keys().filter_map(|id| self.meeting_row(id));
        Totals {
            bridges: bridges.len(),
            connected: bridges.iter().filter(|name| is_connected(name)).count(),
            waiting: meetings.map(|row| row.waiting.saturating_sub(row.held as usize)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_a_sentence_in_the_right_number() {
        let said = |bridges, connected, waiting| Totals { bridges, connected, waiting }.to_string();
        assert_eq!(said(3, 2, 4), "2 of 3 bridges connected, 4 people waiting");
        assert_eq!(said(1, 1, 1), "1 of 1 bridge connected, 1 person waiting");
        assert_eq!(said(2, 0, 0), "0 of 2 bridges connected, 0 people waiting");
    }
}
