//! Beats for all browsers: one timer and one frame for hundreds of sockets. A socket that has just missed one gets the next.
//!
//! Sockets are spread over slots, each with its own moment within the period, so that thousands are not woken at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;
use crate::hub::Frame;

/// With a period of 2 s one slot gets its beat every 100 ms.
const SLOTS: usize = 20;

#[derive(Debug)]
pub(in crate::http) struct Heartbeat {
    slots: Vec<watch::Sender<Frame>>,
    joined: AtomicUsize,
}

/// The beats that one socket gets.
#[derive(Debug)]
pub(in crate::http) struct Beats(watch::Receiver<Frame>);

impl Heartbeat {
    pub(in crate::http) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| watch::channel(beat()).0).collect();
        Self { slots, joined: AtomicUsize::new(0) }
    }

    pub(in crate::http) fn join(&self) -> Beats {
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
            // A slot without sockets needs no frame.
            if slot.receiver_count() > 0 {
                slot.send_replace(beat());
            }
        }
    }
}

impl Beats {
    /// The next beat; of several that were missed only the newest. Dropping the future loses nothing.
    pub(in crate::http) async fn next(&mut self) -> Frame {
        match self.0.changed().await {
            Ok(()) => self.0.borrow_and_update().clone(),
            // The server stops; the sockets learn of it elsewhere.
            Err(_) => std::future::pending().await,
        }
    }
}

/// The frame by which browsers know that the server is there, with the server's clock.
pub(in crate::http) fn beat() -> Frame {
    let beat = Beat { r#type: "beat", time: now_ms() };
    Frame::text(serde_json::to_string(&beat).expect("a beat is plain data with text keys"))
}

#[derive(Serialize)]
struct Beat {
    r#type: &'static str,
    /// Unix milliseconds.
    time: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_socket_gets_one_beat_in_each_period_at_different_moments() {
        let heartbeat = std::sync::Arc::new(Heartbeat::new());
        let mut sockets: Vec<Beats> = (0..2 * SLOTS).map(|_| heartbeat.join()).collect();
        let shutdown = CancellationToken::new();
        let (running, end) = (heartbeat.clone(), shutdown.clone());
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
