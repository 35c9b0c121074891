//! One reading of both clocks: the monotonic one that decides, the wall clock that people read. No timers.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Taken together, so that a jump of the wall clock never changes an order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub instant: Instant,
    /// Unix milliseconds, UTC.
    pub unix_ms: i64,
}

impl Now {
    pub fn read() -> Self {
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        Self { instant: Instant::now(), unix_ms }
    }
}
