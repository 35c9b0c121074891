//! What administrators see of how each bridge is used. Not a row: rows are for everybody, and these change with every second.

use std::sync::Arc;

use serde::Serialize;

/// One bridge at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BridgeStats {
    /// The configured name.
    pub id: Arc<str>,
    /// When it was counted; Unix milliseconds.
    pub at: i64,
    /// REST requests a second, over the last ten seconds.
    pub requests_per_s: f64,
    pub in_flight: usize,
    /// As many may be under way at once.
    pub slots: usize,
    /// Requests that were answered with 503: in the last minute, and since the bridge is followed.
    pub busy_last_minute: u64,
    pub busy: u64,
    pub sockets_open: usize,
    pub sockets_wanted: usize,
    /// What is asked to be pushed over these sockets.
    pub subscriptions: usize,
    pub calls: usize,
    /// Those whose legs run on this bridge.
    pub people: usize,
    /// When it answered last, to anything.
    pub answered: Option<i64>,
    /// Requests that wait for a slot, by why they are asked, most urgent first.
    pub queue: Vec<Queued>,
    /// How it stands with the bridge's Call Detail Records; absent where none are received.
    pub cdr: Option<CdrStats>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// A word for the page's catalogue.
    pub lane: &'static str,
    pub waiting: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CdrStats {
    /// How many have come since the bridge is followed.
    pub records: u64,
    /// When the last one arrived; Unix milliseconds.
    pub last: Option<i64>,
}
