//! The fan-out of one audience's rows: numbers, serialises and frames each change once and shares it with every follower. Opens no sockets,
//! knows no CMS.
//!
//! `publish` numbers a change and puts it into a bounded ring of shared frames; a [`Follower`] first gets a snapshot in small
//! shared parts, then the frames that come after it. Connecting, lagging and asking again are one path: a new snapshot.

mod delta;
mod follower;
mod frame;
mod ring;
mod snapshot;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::{Duration, Instant};

use crate::view::{Row, RowKey};

pub use follower::Follower;
pub use frame::Frame;

use ring::Ring;
use snapshot::Snapshot;

/// The kind of readers that a hub has; it names the hub's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReaderKind {
    /// Every logged-in user. They see all meetings that the configuration shows.
    Desk,
    /// Displays that may see the same rows (see `displays::projection`).
    Displays,
}

/// The sizes that a hub keeps to, and how often it does expensive work.
#[derive(Debug, Clone)]
pub struct HubLimits {
    /// Bytes of one delta, where its rows allow it. Larger changes become several deltas.
    pub delta_bytes: usize,
    /// Bytes of one part of a snapshot: a slow browser is held up by one part, not by all.
    pub part_bytes: usize,
    /// Frames and bytes that a slow browser may be behind before it gets a snapshot instead.
    pub ring_frames: usize,
    pub ring_bytes: usize,
    /// A snapshot is rebuilt at most this often; a follower that joins in between gets the last one and the frames since.
    pub snapshot_every: Duration,
    /// One browser gets a snapshot again at most this often.
    pub again_after: Duration,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self {
            delta_bytes: 32 * 1024,
            part_bytes: 4 * 1024,
            ring_frames: 4096,
            ring_bytes: 8 * 1024 * 1024,
            snapshot_every: Duration::from_millis(250),
            again_after: Duration::from_secs(1),
        }
    }
}

/// Cheap handle to one audience's hub.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    readers: ReaderKind,
    /// Identifies this start of the server.
    epoch: String,
    limits: HubLimits,
    state: Mutex<Published>,
    cached: Mutex<Option<Arc<Snapshot>>>,
    /// The newest seq, readable without the lock, and a channel that wakes followers.
    newest_seq: AtomicU64,
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Published {
    rows: HashMap<RowKey, Arc<str>>,
    ring: Ring,
}

impl Hub {
    pub fn new(readers: ReaderKind) -> Self {
        Self::with_limits(readers, HubLimits::default())
    }

    pub fn with_limits(readers: ReaderKind, limits: HubLimits) -> Self {
        let ring = Ring::new(limits.ring_frames, limits.ring_bytes);
        let inner = Inner {
            readers,
            epoch: uuid::Uuid::new_v4().simple().to_string(),
            limits,
            state: Mutex::new(Published { rows: HashMap::new(), ring }),
            cached: Mutex::new(None),
            newest_seq: AtomicU64::new(0),
            newest: watch::channel(0).0,
        };
        Self { inner: Arc::new(inner) }
    }

    pub fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    /// Applies `drop`, then `put`, to what everybody sees. Returns the seq of the last delta.
    ///
    /// Skips rows that equal the published ones, and keys that are not published. Sends nothing when nothing is left.
    pub fn publish(&self, put: Vec<Arc<Row>>, drop: Vec<RowKey>) -> u64 {
        self.publish_texts(put.iter().map(|row| (row.key(), delta::row_json(row))).collect(), drop)
    }

    /// The same for rows that are text already.
    pub fn publish_texts(&self, mut put: Vec<(RowKey, Arc<str>)>, drop: Vec<RowKey>) -> u64 {
        let seq = {
            let mut state = self.inner.lock();
            let drop: Vec<RowKey> = drop.into_iter().filter(|key| state.rows.remove(key).is_some()).collect();
            put.retain(|(key, text)| state.rows.get(key) != Some(text));
            let deltas = delta::split(&put, &drop, self.inner.limits.delta_bytes);
            for rows in &deltas {
                let seq = state.ring.newest() + 1;
                state.ring.push(delta::delta(&self.inner.epoch, seq, rows));
            }
            let (delta_count, row_count) = (deltas.len() as u64, put.len() as u64);
            state.rows.extend(put);
            match self.inner.readers {
                ReaderKind::Desk => {
                    metrics::counter!("usher_deltas_total").increment(delta_count);
                    metrics::gauge!("usher_rows").set(state.rows.len() as f64);
                }
                ReaderKind::Displays => metrics::counter!("usher_wall_rows_total").increment(row_count),
            }
            state.ring.newest()
        };
        self.inner.newest_seq.fetch_max(seq, Ordering::Release);
        self.inner.forget_old_snapshot();
        self.inner.newest.send_if_modified(|newest| std::mem::replace(newest, seq) != seq);
        seq
    }

    /// Every row as it was last published, in no order.
    pub fn rows(&self) -> Vec<Arc<str>> {
        self.inner.lock().rows.values().cloned().collect()
    }

    /// The number of followers.
    pub fn followers(&self) -> usize {
        self.inner.newest.receiver_count()
    }

    /// Follows this audience: a snapshot first, then every delta after it.
    pub fn join(&self) -> Follower {
        Follower::new(self.inner.clone())
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Published> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Most calls find nothing new, so they don't take the lock: a thousand followers would wait for each other.
    fn frame(&self, seq: u64) -> ring::RingEntry {
        if seq > self.newest_seq.load(Ordering::Acquire) {
            return ring::RingEntry::NotYet;
        }
        self.lock().ring.get(seq)
    }

    /// The cached snapshot while the frames after it are still there and it is fresh enough; else a new one.
    ///
    /// A follower that comes while one is built waits for that one: after a restart thousands join within the same moment.
    fn snapshot(&self) -> Arc<Snapshot> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = cached.as_ref() {
            let state = self.lock();
            let current = snapshot.seq == state.ring.newest();
            let young = snapshot.built.elapsed() < self.limits.snapshot_every;
            if current || (young && state.ring.holds(snapshot.seq + 1)) {
                return snapshot.clone();
            }
        }
        let (seq, rows) = {
            let state = self.lock();
            let rows: Vec<_> = state.rows.iter().map(|(key, json)| (key.kind, json.clone())).collect();
            (state.ring.newest(), rows)
        };
        let snapshot = Arc::new(Snapshot::build(&self.epoch, seq, rows, self.limits.part_bytes, Instant::now()));
        metrics::counter!("usher_snapshots_built_total").increment(1);
        *cached = Some(snapshot.clone());
        snapshot
    }

    /// Frees a snapshot that is too old to be handed out; on a busy server each change makes it older.
    fn forget_old_snapshot(&self) {
        if let Ok(mut cached) = self.cached.try_lock()
            && cached.as_ref().is_some_and(|snapshot| snapshot.built.elapsed() > self.limits.snapshot_every)
        {
            *cached = None;
        }
    }
}

#[cfg(test)]
mod tests;
