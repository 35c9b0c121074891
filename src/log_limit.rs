//! Limits lines of the server log that a flood could cause to one a minute of each kind, with the number of suppressed ones.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(60);

/// The limit of one kind of line.
#[derive(Debug, Default)]
pub(crate) struct LogLimit(Mutex<Suppressed>);

#[derive(Debug, Default)]
struct Suppressed {
    last: Option<Instant>,
    suppressed: u64,
}

impl LogLimit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Suppressed { last: None, suppressed: 0 }))
    }

    /// Calls `write` with the number of calls suppressed before, unless it was called within the last minute.
    pub(crate) fn log(&self, write: impl FnOnce(u64)) {
        self.log_at(Instant::now(), write);
    }

    fn log_at(&self, now: Instant, write: impl FnOnce(u64)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < INTERVAL) {
            state.suppressed += 1;
            return;
        }
        state.last = Some(now);
        let suppressed = std::mem::take(&mut state.suppressed);
        drop(state);
        write(suppressed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_once_a_minute_and_the_others_are_counted() {
        let (limit, start) = (LogLimit::default(), Instant::now());
        let mut lines = Vec::new();
        for second in 0..150 {
            limit.log_at(start + Duration::from_secs(second), |suppressed| lines.push((second, suppressed)));
        }
        assert_eq!(lines, [(0, 0), (60, 59), (120, 59)]);
    }
}
