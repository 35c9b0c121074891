//! Usher's timing in a run, the bound that follows from it, and a clock that stops with the machine.

use std::time::Duration;

use usher::config::{CdrMode, Config, Timing};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Sets all of Usher's timing for a run of seconds. The simulator's own times (a deactivation a second after the last activator
/// left, a delayed admission) are real ones and lie within the last `recheck`, as on real bridges.
pub fn scale_timing(config: &mut Config, rotation: bool, records: bool) {
    if records {
        config.bridges.iter_mut().for_each(|bridge| bridge.cdr = CdrMode::Register);
    }
    let timing = Timing {
        rest_timeout: ms(2000),
        connect_timeout: ms(1500),
        ack_timeout: ms(1000),
        // A socket must not be taken for dead while a busy machine delays it.
        quiet: ms(500),
        doubt: ms(1500),
        reconnect_min: ms(100),
        reconnect_max: ms(800),
        retry_forbidden: ms(1000),
        retry_refused: ms(500),
        recheck: [ms(0), ms(200), ms(700), ms(1800)],
        // Slow enough for a bridge that answers in 5 ms, four requests at a time.
        rotate_waiting: ms(500),
        rotate_in_call: ms(3000),
        rotate_waiting_with_records: ms(3000),
        rotate_in_call_with_records: ms(3000),
        cdr_check: ms(300),
        cdr_patience: ms(1000),
        cdr_register: ms(1000),
        poll_roster: ms(1000),
        sweep_calls: ms(1000),
        sweep_roster: ms(3000),
        // How far REST may be ahead of events that need an ack each, on a busy machine, without a repair.
        silent_after: ms(4000),
        confirm_within: ms(2000),
        action_deadline: ms(3000),
        recover_within: ms(4000),
        outcome_shown: ms(2000),
        // A late answer is at most `rest_timeout` old.
        tombstone: ms(6000),
        ..config.timing.clone()
    };
    config.timing = if rotation { timing } else { timing.without_rotation() };
}

/// The time to wait after the last event: the longest case of each step, one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bound {
    /// A request in flight when REST came back, and the pause before the next probe.
    pub answers: Duration,
    /// The pause before an events socket is opened again, its handshake and its first request.
    pub events: Duration,
    /// Reading everything: some 1,500 requests per bridge without a limit.
    pub reading: Duration,
    /// Changes with further effects, the last probe after them, and the second look.
    pub looks: Duration,
    /// One full rotation, where it is on.
    pub rotation: Duration,
    /// Missing records are noticed, at worst just after everything was read again because of others.
    pub records: Duration,
}

impl Bound {
    /// `faults`: connections were lost or refused, so that bridges must be found and read again.
    pub fn of(timing: &Timing, rotation: bool, records: bool, faults: bool) -> Self {
        let twice = 2;
        let calm = Self {
            // The state may be known only after a second look, and the reading after `read_again` may have failed once.
            looks: timing.recheck[3] + timing.second_look * twice + timing.read_again * twice + timing.publish_tick,
            reading: ms(500),
            records: if records { timing.cdr_check * twice + timing.cdr_patience * twice + ms(500) } else { Duration::ZERO },
            rotation: if rotation { timing.rotate_in_call.max(timing.sweep_roster) } else { Duration::ZERO },
            ..Self::default()
        };
        if !faults {
            return calm;
        }
        Self {
            answers: timing.rest_timeout + timing.reconnect_max,
            events: timing.reconnect_max.max(timing.retry_forbidden) + timing.connect_timeout + timing.ack_timeout,
            reading: ms(2000),
            ..calm
        }
    }

    pub fn total(self) -> Duration {
        self.answers + self.events + self.reading + self.looks + self.rotation + self.records
    }
}

/// The time that this process was able to run: it counts ticks, so that a busy machine does not shorten a bound.
#[derive(Debug, Default)]
pub struct SteadyClock(Duration);

impl SteadyClock {
    pub const TICK: Duration = ms(20);

    pub async fn tick(&mut self) {
        tokio::time::sleep(Self::TICK).await;
        self.0 += Self::TICK;
    }

    pub fn passed(&self) -> Duration {
        self.0
    }
}
