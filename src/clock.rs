//! Usher's clock: the date of the start, carried on by the monotonic clock. No timers.
//!
//! The machine's clock may be set by an hour while people wait. No wait may jump because of that, no order change, no session end. So the
//! machine's clock is read once, and what it does afterwards only concerns what outlives the process ([`set_by`]).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whole milliseconds here would leave [`Now`] up to one behind the machine's clock: who just came would have come before.
static START: LazyLock<(Instant, Duration)> = LazyLock::new(|| (Instant::now(), machine()));
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
        let (start, began) = *START;
        let instant = Instant::now();
        Self { instant, unix_ms: carried_on(began, instant.saturating_duration_since(start)) }
    }
}

/// The present date; Unix milliseconds.
pub fn now_ms() -> i64 {
    Now::read().unix_ms
}

/// A machine's clock that is only kept in step differs by less, in milliseconds: what goes by [`set_by`] moves in steps of this at least.
pub const SET_MS: i64 = 2000;

/// How far the machine's clock has been set since the start, in milliseconds. Times that are saved for another process are saved in its terms.
pub fn set_by() -> i64 {
    machine_ms() - Now::read().unix_ms
}

/// Sets the machine's clock, as far as Usher sees it, by so many milliseconds from where it truly is.
#[doc(hidden)]
pub fn pretend_set_by(ms: i64) {
    LazyLock::force(&START);
    PRETENDED.store(ms, Ordering::Relaxed);
}

fn machine_ms() -> i64 {
    whole_ms(machine()).saturating_add(PRETENDED.load(Ordering::Relaxed))
}

/// The only look at the machine's clock; 1970 where it is set to before.
fn machine() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Parts of milliseconds count on both sides.
fn carried_on(began: Duration, passed: Duration) -> i64 {
    whole_ms(began.saturating_add(passed))
}

fn whole_ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_no_millisecond_behind_the_clock_that_it_carries_on() {
        assert_eq!(carried_on(Duration::from_micros(1_900), Duration::from_micros(3_200)), 5);
        assert_eq!(carried_on(Duration::from_micros(1_100), Duration::from_micros(3_200)), 4);
    }
}
