//! The beats of all browsers: one timer and one frame for hundreds of sockets. A socket that has just missed one is given the next.
//!
//! Sockets are spread over slots, each with its own moment within the period, so that thousands are not woken at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;
use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;
use crate::http::desk_socket::protocol::Outbound;
use crate::hub::Frame;

/// With a beat of 2 s one slot has its turn each 100 ms.
const SLOTS: usize = 20;

#[derive(Debug)]
pub(in crate::http) struct Pulse {
    slots: Vec<watch::Sender<Frame>>,
    joined: AtomicUsize,
}

/// The beats that one socket gets.
#[derive(Debug)]
pub(crate) struct Beats(watch::Receiver<Frame>);

impl Pulse {
    pub(in crate::http) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| watch::channel(beat()).0).collect();
        Self { slots, joined: AtomicUsize::new(0) }
    }

    pub(crate) fn join(&self) -> Beats {
        let slot = self.joined.fetch_add(1, Ordering::Relaxed) % SLOTS;
        Beats(self.slots[slot].subscribe())
    }

    /// Sends each slot a beat in every `period`, until `shutdown`.
    pub(in crate::http) async fn run(&self, period: Duration, shutdown: CancellationToken) {
        let mut tick = interval((period / SLOTS as u32).max(Duration::from_millis(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for slot in self.slots.iter().cycle() {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            // Nobody is woken, and nothing made, for a slot without sockets.
            if slot.receiver_count() > 0 {
                slot.send_replace(beat());
            }
        }
    }
}

impl Beats {
    /// The next beat; of several that were missed only the newest. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Frame {
        match self.0.changed().await {
            Ok(()) => self.0.borrow_and_update().clone(),
            // The site is going, and says so elsewhere.
            Err(_) => std::future::pending().await,
        }
    }
}

fn beat() -> Frame {
    Frame::text(Outbound::Beat { time: now_ms() }.to_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_socket_gets_one_beat_in_each_period_at_different_moments() {
        let pulse = std::sync::Arc::new(Pulse::new());
        let mut sockets: Vec<Beats> = (0..2 * SLOTS).map(|_| pulse.join()).collect();
        let shutdown = CancellationToken::new();
        let (running, end) = (pulse.clone(), shutdown.clone());
        let task = tokio::spawn(async move { running.run(Duration::from_secs(2), end).await });
        let begun = tokio::time::Instant::now();
        let mut firsts = Vec::new();
        for beats in &mut sockets {
            beats.next().await;
            firsts.push(begun.elapsed());
        }
        assert!(firsts.iter().all(|at| *at <= Duration::from_secs(2)), "{firsts:?}");
        let mut distinct = firsts.clone();
        distinct.dedup();
        assert!(distinct.len() >= SLOTS / 2, "spread over the period: {firsts:?}");
        // All have had one by now; the next comes one period after it.
        let third = begun.elapsed();
        for beats in &mut sockets {
            beats.next().await;
        }
        assert!(begun.elapsed() - third <= Duration::from_secs(4));
        shutdown.cancel();
        task.await.expect("no panic");
    }
}
