//! Usher's clock: the date of the start, carried on by the monotonic clock. No timers.
//!
//! The machine's clock may be set by an hour while people wait. Nobody's wait may jump for that, no order turn around, no log-in end: so the
//! machine's clock is read once, and what it does afterwards only concerns what outlives the process ([`set_by`]).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

static START: LazyLock<(Instant, i64)> = LazyLock::new(|| (Instant::now(), machine_ms()));
static PRETENDED: AtomicI64 = AtomicI64::new(0);

/// One moment on both scales: the one that decides, and the one that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub instant: Instant,
    /// Unix milliseconds, UTC.
    pub unix_ms: i64,
}

impl Now {
    pub fn read() -> Self {
        let (start, start_ms) = *START;
        let instant = Instant::now();
        let passed = instant.saturating_duration_since(start).as_millis();
        Self { instant, unix_ms: start_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX)) }
    }
}

/// A machine's clock that is only kept in step differs by less, in milliseconds: what goes by [`set_by`] moves in steps of this at least.
pub const SET_MS: i64 = 2000;

/// How far the machine's clock has been set since the start, in milliseconds. What is kept for another process is kept in its terms.
pub fn set_by() -> i64 {
    machine_ms() - Now::read().unix_ms
}

/// Sets the machine's clock, as far as Usher sees it, by so many milliseconds from where it truly is.
#[doc(hidden)]
pub fn pretend_set_by(ms: i64) {
    LazyLock::force(&START);
    PRETENDED.store(ms, Ordering::Relaxed);
}

/// The only look at the machine's clock.
fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    since.saturating_add(PRETENDED.load(Ordering::Relaxed))
}
