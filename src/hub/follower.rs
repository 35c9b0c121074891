//! One reader of a hub: yields a snapshot, then every frame after it, then a snapshot again when the reader fell behind. Writes nowhere.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::ring::RingEntry;
use super::snapshot::Snapshot;
use super::{Frame, Inner};

/// Yields the frames that one browser is to be sent, in order.
#[derive(Debug)]
pub struct Follower {
    hub: Arc<Inner>,
    newest: watch::Receiver<u64>,
    stage: FollowerStage,
    /// When the last snapshot began.
    last_snapshot: Option<Instant>,
    /// Seq of the last delta or snapshot handed out.
    seq: u64,
}

#[derive(Debug)]
enum FollowerStage {
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
        Self { hub, newest, stage: FollowerStage::Due(Instant::now()), last_snapshot: None, seq: 0 }
    }

    /// The seq of the last delta that was handed out, or of the snapshot that replaced it.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Asks for a snapshot: at once, or as soon as one is allowed again. A request while one is due or under way changes nothing.
    pub fn resync(&mut self) {
        if matches!(self.stage, FollowerStage::Frames) {
            let now = Instant::now();
            let at = self.last_snapshot.map_or(now, |last| (last + self.hub.limits.again_after).max(now));
            self.stage = FollowerStage::Due(at);
        }
    }

    /// The next frame, as soon as there is one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.try_next() {
                return frame;
            }
            match self.stage {
                FollowerStage::Due(at) => tokio::time::sleep_until(at).await,
                // Returns at once where something was published since it last returned. It can't fail: this follower keeps the sender
                // alive.
                FollowerStage::Snapshot { .. } | FollowerStage::Frames => {
                    let _ = self.newest.changed().await;
                }
            }
        }
    }

    /// The next frame if there is one now.
    pub fn try_next(&mut self) -> Option<Frame> {
        loop {
            match &mut self.stage {
                FollowerStage::Due(at) if Instant::now() < *at => return None,
                FollowerStage::Due(_) => {
                    let snapshot = self.hub.snapshot();
                    self.last_snapshot = Some(Instant::now());
                    self.seq = snapshot.seq;
                    self.stage = FollowerStage::Snapshot { snapshot, next: 0 };
                }
                FollowerStage::Snapshot { snapshot, next } => match snapshot.frames.get(*next) {
                    Some(frame) => {
                        *next += 1;
                        return Some(frame.clone());
                    }
                    None => self.stage = FollowerStage::Frames,
                },
                FollowerStage::Frames => match self.hub.frame(self.seq + 1) {
                    RingEntry::Frame(frame) => {
                        self.seq += 1;
                        return Some(frame);
                    }
                    RingEntry::NotYet => return None,
                    RingEntry::Gone => {
                        metrics::counter!("usher_lagged_total").increment(1);
                        self.resync();
                    }
                },
            }
        }
    }
}
