//! Lines of the server's log that a flood can cause: at most one in ten seconds, with the number of those left out.

use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct LogLimit {
    last: Option<Instant>,
    left_out: u64,
}

impl LogLimit {
    /// Calls `write` with the number of calls left out before, unless it was called a moment ago.
    pub(super) fn log(&mut self, write: impl FnOnce(u64)) {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < INTERVAL) {
            self.left_out += 1;
            return;
        }
        self.last = Some(now);
        write(std::mem::take(&mut self.left_out));
    }
}
