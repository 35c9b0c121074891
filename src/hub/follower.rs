//! One reader of a hub: a snapshot, then every frame after it, then a snapshot again when it fell behind. Writes nowhere.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::ring::At;
use super::snapshot::Snapshot;
use super::{Frame, Inner};

/// Yields the frames that one browser is to be sent, in order.
#[derive(Debug)]
pub struct Follower {
    hub: Arc<Inner>,
    newest: watch::Receiver<u64>,
    stage: Stage,
    /// When the last snapshot was begun.
    last_snapshot: Option<Instant>,
    /// Last delta (or snapshot) handed out.
    seq: u64,
}

#[derive(Debug)]
enum Stage {
    /// A snapshot is due, but not before this moment.
    Due(Instant),
    Snapshot {
        snapshot: Arc<Snapshot>,
        next: usize,
    },
    Frames,
}

impl Follower {
    pub(super) fn new(hub: Arc<Inner>) -> Self {
        let newest = hub.newest.subscribe();
        Self { hub, newest, stage: Stage::Due(Instant::now()), last_snapshot: None, seq: 0 }
    }

    /// The seq of the last delta that was handed out, or of the snapshot that replaced it.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Asks for a snapshot: at once, or as soon as one is allowed again. Requests before its end are one: it is whole or not begun.
    pub fn resync(&mut self) {
        if matches!(self.stage, Stage::Frames) {
            let now = Instant::now();
            let at = self.last_snapshot.map_or(now, |last| (last + self.hub.limits.again_after).max(now));
            self.stage = Stage::Due(at);
        }
    }

    /// The next frame, as soon as there is one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.try_next() {
                return frame;
            }
            match self.stage {
                Stage::Due(at) => tokio::time::sleep_until(at).await,
                // At once where something was published since it last woke us. The hub is ours too, so its sender can't be gone.
                Stage::Snapshot { .. } | Stage::Frames => drop(self.newest.changed().await),
            }
        }
    }

    /// The next frame if there is one now.
    pub fn try_next(&mut self) -> Option<Frame> {
        loop {
            match &mut self.stage {
                Stage::Due(at) if Instant::now() < *at => return None,
                Stage::Due(_) => {
                    let snapshot = self.hub.snapshot();
                    self.last_snapshot = Some(Instant::now());
                    self.seq = snapshot.seq;
                    self.stage = Stage::Snapshot { snapshot, next: 0 };
                }
                Stage::Snapshot { snapshot, next } => match snapshot.frames.get(*next) {
                    Some(frame) => {
                        *next += 1;
                        return Some(frame.clone());
                    }
                    None => self.stage = Stage::Frames,
                },
                Stage::Frames => match self.hub.frame(self.seq + 1) {
                    At::Frame(frame) => {
                        self.seq += 1;
                        return Some(frame);
                    }
                    At::Ahead => return None,
                    At::Gone => {
                        metrics::counter!("usher_lagged_total").increment(1);
                        self.resync();
                    }
                },
            }
        }
    }
}
