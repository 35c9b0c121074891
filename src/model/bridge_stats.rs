//! Statistics of each bridge for administrators. They are no rows: rows are for everybody, and statistics change every second.

use std::sync::Arc;

use serde::Serialize;

/// The statistics of one bridge at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BridgeStats {
    /// The configured name.
    pub id: Arc<str>,
    /// When they were taken; Unix milliseconds.
    pub at: i64,
    /// REST requests a second, over the last ten seconds.
    pub requests_per_s: f64,
    pub in_flight: usize,
    /// How many requests may be under way at once.
    pub slots: usize,
    /// Requests that got a 503: in the last minute, and since Usher follows the bridge.
    pub busy_last_minute: u64,
    pub busy: u64,
    pub sockets_open: usize,
    pub sockets_wanted: usize,
    /// The number of subscriptions on these sockets.
    pub subscriptions: usize,
    pub calls: usize,
    /// Participants whose legs run on this bridge.
    pub people: usize,
    /// When the bridge last responded to anything; Unix milliseconds.
    pub answered: Option<i64>,
    /// Requests that wait for a slot, by lane, most urgent first.
    pub queue: Vec<Queued>,
    /// The bridge's Call Detail Records; absent where none are received.
    pub cdr: Option<CdrStats>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// A key for the page's catalogue.
    pub lane: &'static str,
    pub waiting: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CdrStats {
    /// How many have come since Usher follows the bridge.
    pub records: u64,
    /// When the last record arrived; Unix milliseconds.
    pub last: Option<i64>,
}
