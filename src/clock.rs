//! Usher's clock: the date of the start, carried on by the monotonic clock. No timers.
//!
//! The system clock may be set by an hour while people wait. That must not make a wait jump, change an order or end a session. So the system
//! clock is read once, and later changes only concern times that outlive the process ([`offset_ms`]).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Has microseconds: whole milliseconds would leave [`Now`] up to one behind the system clock, and an arrival would seem to be earlier.
static START: LazyLock<(Instant, Duration)> = LazyLock::new(|| (Instant::now(), system_time()));
static TEST_OFFSET_MS: AtomicI64 = AtomicI64::new(0);

/// One moment on two clocks: the monotonic one for decisions, and the date for people.
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

/// The current date in Unix milliseconds.
pub fn now_ms() -> i64 {
    Now::read().unix_ms
}

/// The monotonic clock in microseconds, as systemd reads it.
#[cfg(target_os = "linux")]
pub fn monotonic_us() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1000)
}

/// Smaller differences, in milliseconds, come from time synchronisation; users of [`offset_ms`] ignore them.
pub const MIN_STEP_MS: i64 = 2000;

/// How far the system clock has been set since the start, in milliseconds. Times for another process are saved by the system clock.
pub fn offset_ms() -> i64 {
    system_ms() - Now::read().unix_ms
}

/// For tests: shifts the system clock, as Usher sees it, by `ms` from the real one.
#[doc(hidden)]
pub fn pretend_offset(ms: i64) {
    LazyLock::force(&START);
    TEST_OFFSET_MS.store(ms, Ordering::Relaxed);
}

fn system_ms() -> i64 {
    whole_ms(system_time()).saturating_add(TEST_OFFSET_MS.load(Ordering::Relaxed))
}

/// The only reading of the system clock; 1970 if it is set to an earlier date.
fn system_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Rounds only the sum, so that fractions of milliseconds on both sides count.
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
    fn fractions_of_milliseconds_add_up() {
        assert_eq!(carried_on(Duration::from_micros(1_900), Duration::from_micros(3_200)), 5);
        assert_eq!(carried_on(Duration::from_micros(1_100), Duration::from_micros(3_200)), 4);
    }
}
