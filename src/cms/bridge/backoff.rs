//! How long to wait before the next attempt.

use std::time::Duration;

use rand::Rng;

/// Doubles from `min` to `max`, jittered by half, so that bridges and restarts don't fall into step.
pub(in crate::cms) fn backoff(min: Duration, max: Duration, attempts: u32) -> Duration {
    jittered((min * 2u32.saturating_pow(attempts.min(10))).min(max))
}

pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (min, max) = (Duration::from_secs(2), Duration::from_secs(30));
        for (attempts, ceiling) in [(0, 2), (1, 4), (3, 16), (9, 30), (99, 30)] {
            let pause = backoff(min, max, attempts);
            assert!(pause <= Duration::from_secs(ceiling) && pause >= Duration::from_secs(ceiling) / 2, "{attempts}: {pause:?}");
        }
    }
}
