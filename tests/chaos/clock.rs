//! Usher's times in a run, the bound that follows from them, and a clock that stops when the machine does.

use std::time::Duration;

use usher::config::{CdrMode, Config, Timing};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Everything that Usher waits for, scaled to a run of seconds. The simulator's own times (a deactivation a second after the last activator
/// left, an admission that works late) are real ones and lie within the last `recheck`, as they do in the field.
pub fn scale(config: &mut Config, rotation: bool, records: bool) {
    if records {
        config.bridges.iter_mut().for_each(|bridge| bridge.cdr = CdrMode::Register);
    }
    let timing = Timing {
        rest_timeout: ms(2000),
        connect_timeout: ms(1500),
        ack_timeout: ms(1000),
        // Not taken for dead while a busy machine makes it wait for its turn.
        quiet: ms(500),
        doubt: ms(1500),
        reconnect_min: ms(100),
        reconnect_max: ms(800),
        retry_forbidden: ms(1000),
        retry_refused: ms(500),
        recheck: [ms(0), ms(200), ms(700), ms(1800)],
        // Slow enough that a bridge which answers in 5 ms, four at a time, is not asked for more than it can tell.
        rotate_waiting: ms(500),
        rotate_in_call: ms(3000),
        rotate_waiting_told: ms(3000),
        rotate_in_call_told: ms(3000),
        cdr_check: ms(300),
        cdr_patience: ms(1000),
        cdr_register: ms(1000),
        poll_roster: ms(1000),
        sweep_calls: ms(1000),
        sweep_roster: ms(3000),
        // How far REST may be ahead of events that need an acknowledgement each, on a machine busy with others: no repair yet.
        silent_after: ms(4000),
        confirm_within: ms(2000),
        action_deadline: ms(3000),
        recover_within: ms(4000),
        outcome_shown: ms(2000),
        // A late answer is `rest_timeout` old at most.
        tombstone: ms(6000),
        ..config.timing.clone()
    };
    config.timing = if rotation { timing } else { timing.without_rotation() };
}

/// What has to be waited for after the last thing that happened, longest case of each step, one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bound {
    /// A request that was under way when REST came back, and the pause before the next probe.
    pub answers: Duration,
    /// The pause before an events socket is tried again, its handshake and its first request.
    pub events: Duration,
    /// Reading what there is to read: some 1,500 requests a bridge without a budget.
    pub reading: Duration,
    /// What changes others by itself, the last look at that, and the second look.
    pub looks: Duration,
    /// Once around, where the rotation is on.
    pub rotation: Duration,
    /// Records that are missing are noticed, at worst just after everything was read again because of others.
    pub records: Duration,
}

impl Bound {
    /// `faults`: connections were lost or refused, so that bridges are found again and read anew.
    pub fn of(timing: &Timing, rotation: bool, records: bool, faults: bool) -> Self {
        let twice = 2;
        let calm = Self {
            // Found to be in only by a second look; the reading after `read_again` may have failed once more.
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

/// Time as far as this process was given any: it counts ticks that came, so that a machine busy with others moves no bound.
#[derive(Debug, Default)]
pub struct Steady(Duration);

impl Steady {
    pub const TICK: Duration = ms(20);

    pub async fn tick(&mut self) {
        tokio::time::sleep(Self::TICK).await;
        self.0 += Self::TICK;
    }

    pub fn passed(&self) -> Duration {
        self.0
    }
}
