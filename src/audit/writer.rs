//! Writes entries to the database and deletes expired ones, in small batches: the journal of an admission waits for the same thread.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::entry::Entry;
use super::event::AuditEvent;
use super::{AuditLog, QueuedEntry, table};
use crate::clock::{self, now_ms};
use crate::config::Timing;
use crate::db::{DbError, catch_panic, is_transient};
use crate::system_status::Problems;

/// The most entries in one commit, which takes some milliseconds.
const BATCH: usize = 256;
/// The most entries that retention deletes in one commit.
const SWEEP_BATCH: usize = 256;

/// The least time between two entries about refused requests.
const REFUSALS_INTERVAL: Duration = Duration::from_secs(10);

const DAY_MS: i64 = 24 * 3600 * 1000;
const PROBLEM_CODE: &str = "log";

/// The one task that writes the log.
pub struct AuditWriter {
    log: AuditLog,
    keep_days: watch::Receiver<u32>,
    problems: Problems,
    /// Entries taken from the queue; kept until they are committed.
    batch: Arc<[QueuedEntry]>,
    /// When refused requests may be recorded again.
    next_refusals: Instant,
    /// The database has times by the system clock; this is its offset from Usher's.
    clock_offset: i64,
    tick: Duration,
    retry: Duration,
    sweep: Duration,
    next_sweep: Instant,
}

impl AuditWriter {
    pub(super) fn new(log: AuditLog, keep_days: watch::Receiver<u32>, timing: &Timing, problems: Problems) -> Self {
        let (tick, retry, sweep) = (timing.log_tick, timing.log_retry, timing.log_sweep);
        Self {
            log,
            keep_days,
            problems,
            batch: Arc::from([]),
            next_refusals: Instant::now(),
            clock_offset: 0,
            tick,
            retry,
            sweep,
            next_sweep: Instant::now() + tick,
        }
    }

    /// Writes until `stop`, and then the rest. The first entry is written at once, those within the next tick together.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.log.0.added.notified() => {
                    let written = self.write_all().await;
                    let write_now = async { if written { self.log.0.write_now.notified().await } else { std::future::pending().await } };
                    // A stop drops this; a pause loses nothing.
                    let pause = async { tokio::select! { () = stop.cancelled() => {} () = write_now => {} } };
                    let _ = timeout(if written { self.tick } else { self.retry }, pause).await;
                }
                () = sleep_until(self.next_sweep) => self.sweep().await,
                Ok(()) = self.keep_days.changed() => self.next_sweep = Instant::now(),
            }
        }
        self.next_refusals = Instant::now();
        self.record_refusals();
        if !self.write_all().await {
            let entries = self.held();
            error!(entries, "audit log not written before the stop; entries lost");
        }
    }

    /// Writes all entries. Returns false if a write failed; the next call repeats it.
    async fn write_all(&mut self) -> bool {
        while self.take_batch() {
            let (batch, clock_offset) = (self.batch.clone(), self.follow_clock());
            if let Err(failure) = self.log.0.db.write(move |conn| write(conn, &batch, clock_offset)).await {
                self.report_failure(&failure);
                self.log.0.added.notify_one();
                return false;
            }
            let written = self.batch.len() as u64;
            self.batch = Arc::from([]);
            self.on_recovery();
            self.log.0.written.send_modify(|all| *all += written);
        }
        true
    }

    /// Takes the next batch, unless the last one could not be written. False if there is nothing to write.
    fn take_batch(&mut self) -> bool {
        let mut queue = self.log.queue();
        if self.batch.is_empty() {
            let entries = queue.waiting.len().min(BATCH);
            self.batch = queue.waiting.drain(..entries).collect();
        }
        queue.under_way = self.batch.len();
        !self.batch.is_empty()
    }

    /// The offset of the system clock. It changes in steps only, so that entries of the same moment keep their order.
    fn follow_clock(&mut self) -> i64 {
        let clock_offset = clock::offset_ms();
        if (clock_offset - self.clock_offset).abs() >= clock::MIN_STEP_MS {
            self.clock_offset = clock_offset;
        }
        self.clock_offset
    }

    fn held(&self) -> usize {
        self.log.queue().held()
    }

    /// Reports the problem to every moderator. Nothing else stops.
    fn report_failure(&self, failure: &DbError) {
        let held = self.held();
        let lost = {
            let mut queue = self.log.queue();
            queue.failing = true;
            queue.lost
        };
        error!(%failure, held, lost, "audit log not written; entries kept in memory to be retried");
        let lost = if lost > 0 { format!(", {lost} are lost") } else { String::new() };
        let what = format!(
            "the log of actions can't be written ({failure}): {held} entries are kept in memory and tried again{lost}; \
             see whether the disk of data_dir is full or the database is broken"
        );
        self.problems.report(PROBLEM_CODE, Some(what));
    }

    /// After a successful write: ends the problem, and adds an entry about lost ones.
    fn on_recovery(&mut self) {
        self.record_refusals();
        let lost = {
            let mut queue = self.log.queue();
            (queue.under_way, queue.failing) = (0, false);
            let lost = std::mem::take(&mut queue.lost);
            if lost > 0 {
                queue.push(Entry::of(AuditEvent::Lost).detail(lost.to_string()), None, None);
            }
            lost
        };
        if lost > 0 {
            warn!(lost, "audit log written again; entries lost");
        }
        self.problems.report(PROBLEM_CODE, None);
    }

    /// Adds an entry for each user whose requests were refused for want of room, at most once per interval.
    fn record_refusals(&mut self) {
        let mut queue = self.log.queue();
        if queue.refused.is_empty() || Instant::now() < self.next_refusals {
            return;
        }
        for (user, refused) in std::mem::take(&mut queue.refused) {
            warn!(%user, refused, "requests refused: no room in the audit log");
            queue.push(Entry { user, ..Entry::of(AuditEvent::NoRoom).detail(refused.to_string()) }, None, None);
        }
        drop(queue);
        self.next_refusals = Instant::now() + REFUSALS_INTERVAL;
    }

    /// Deletes some expired entries, and schedules the next sweep.
    async fn sweep(&mut self) {
        let days = *self.keep_days.borrow_and_update();
        let mut deleted = 0;
        if days > 0 {
            let kept_from = now_ms() + self.follow_clock() - i64::from(days) * DAY_MS;
            deleted = match self.log.0.db.write(move |conn| table::delete_before(conn, kept_from, SWEEP_BATCH)).await {
                Ok(deleted) => deleted,
                Err(error) => {
                    warn!(%error, "expired audit entries not deleted; to be retried");
                    0
                }
            };
        }
        let more = deleted == SWEEP_BATCH;
        self.next_sweep = Instant::now() + if more { self.tick } else { self.sweep };
    }
}

/// Writes each entry, and the write that belongs to it.
fn write(conn: &Connection, batch: &[QueuedEntry], clock_offset: i64) -> rusqlite::Result<()> {
    table::insert(conn, batch.iter().map(|waiting| &waiting.entry), clock_offset)?;
    for also in batch.iter().filter_map(|waiting| waiting.also.as_ref()) {
        match catch_panic(|| also(conn)) {
            Err(failure) if is_transient(&failure) => return Err(failure),
            // Retrying would fail for ever and keep all other entries from being written.
            Err(failure) => error!(%failure, "write that belongs to an audit entry failed"),
            Ok(()) => {}
        }
    }
    Ok(())
}
