//! Brings entries into the database and takes out what is kept no longer, a little at a time: an admit's journal waits for the same thread.

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
use crate::clock;
use crate::clock::now_ms;
use crate::config::Timing;
use crate::db::{DbError, contained, may_pass};
use crate::system_status::Problems;

/// Entries in one commit: some milliseconds of work.
const BATCH: usize = 256;
/// Entries that retention deletes in one commit.
const SWEPT: usize = 256;

/// Refused requests are told of this often at most.
const REFUSED_EVERY: Duration = Duration::from_secs(10);

const DAY_MS: i64 = 24 * 3600 * 1000;
const TROUBLE: &str = "log";

/// The one task that writes the log.
pub struct AuditWriter {
    log: AuditLog,
    keep_days: watch::Receiver<u32>,
    troubles: Problems,
    /// Taken from the queue, and tried again until they are in the file.
    batch: Arc<[QueuedEntry]>,
    /// When refused requests may be told of again.
    next_refused: Instant,
    /// The file is in terms of the machine's clock.
    set_by: i64,
    tick: Duration,
    retry: Duration,
    sweep: Duration,
    next_sweep: Instant,
}

impl AuditWriter {
    pub(super) fn new(log: AuditLog, keep_days: watch::Receiver<u32>, timing: &Timing, troubles: Problems) -> Self {
        let (tick, retry, sweep) = (timing.log_tick, timing.log_retry, timing.log_sweep);
        Self {
            log,
            keep_days,
            troubles,
            batch: Arc::from([]),
            next_refused: Instant::now(),
            set_by: 0,
            tick,
            retry,
            sweep,
            next_sweep: Instant::now() + tick,
        }
    }

    /// Writes until `stop`, and then what is left. The first entry is written at once, what follows within a tick together.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.log.0.added.notified() => {
                    let written = self.write_all().await;
                    let hurry = async { if written { self.log.0.hurry.notified().await } else { std::future::pending().await } };
                    // Dropped by a stop: there is nothing to be lost in a pause.
                    let pause = async { tokio::select! { () = stop.cancelled() => {} () = hurry => {} } };
                    let _ = timeout(if written { self.tick } else { self.retry }, pause).await;
                }
                () = sleep_until(self.next_sweep) => self.sweep().await,
                Ok(()) = self.keep_days.changed() => self.next_sweep = Instant::now(),
            }
        }
        self.next_refused = Instant::now();
        self.tell_refused();
        if !self.write_all().await {
            let entries = self.held();
            error!(entries, "audit log not written before the end; entries lost");
        }
    }

    /// Writes everything there is. False when it can't be written; then it is tried again as soon as this is called again.
    async fn write_all(&mut self) -> bool {
        while self.take_batch() {
            let (batch, set_by) = (self.batch.clone(), self.follow_clock());
            if let Err(failure) = self.log.0.db.write(move |conn| write(conn, &batch, set_by)).await {
                self.complain(&failure);
                self.log.0.added.notify_one();
                return false;
            }
            let written = self.batch.len() as u64;
            self.batch = Arc::from([]);
            self.recovered();
            self.log.0.written.send_modify(|all| *all += written);
        }
        true
    }

    /// True when there is something to write: what could not be written before, or else what has been added since.
    fn take_batch(&mut self) -> bool {
        let mut queue = self.log.queue();
        if self.batch.is_empty() {
            let entries = queue.waiting.len().min(BATCH);
            self.batch = queue.waiting.drain(..entries).collect();
        }
        queue.under_way = self.batch.len();
        !self.batch.is_empty()
    }

    /// How far the machine's clock was set. In steps: entries of one moment keep their order.
    fn follow_clock(&mut self) -> i64 {
        let set_by = clock::set_by();
        if (set_by - self.set_by).abs() >= clock::SET_MS {
            self.set_by = set_by;
        }
        self.set_by
    }

    fn held(&self) -> usize {
        self.log.queue().held()
    }

    /// Tells every moderator. Nothing else is stopped by it.
    fn complain(&self, failure: &DbError) {
        let held = self.held();
        let lost = {
            let mut queue = self.log.queue();
            queue.failing = true;
            queue.lost
        };
        error!(%failure, held, lost, "audit log not written; continuing, entries kept in memory");
        let lost = if lost > 0 { format!(", {lost} are lost") } else { String::new() };
        let what = format!(
            "the log of actions can't be written ({failure}): {held} entries are kept in memory and tried again{lost}; \
             see whether the disk of data_dir is full or the database is broken"
        );
        self.troubles.say(TROUBLE, Some(what));
    }

    /// The end of a trouble: a gap in the log is an entry itself.
    fn recovered(&mut self) {
        self.tell_refused();
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
            warn!(lost, "audit log written again; entries missing");
        }
        self.troubles.say(TROUBLE, None);
    }

    /// Adds an entry with the number of requests that were refused for want of room: one for each user, now and then.
    fn tell_refused(&mut self) {
        let mut queue = self.log.queue();
        if queue.refused.is_empty() || Instant::now() < self.next_refused {
            return;
        }
        for (user, refused) in std::mem::take(&mut queue.refused) {
            warn!(%user, refused, "requests refused: no room in the audit log");
            queue.push(Entry { user, ..Entry::of(AuditEvent::NoRoom).detail(refused.to_string()) }, None, None);
        }
        drop(queue);
        self.next_refused = Instant::now() + REFUSED_EVERY;
    }

    /// Deletes some of what is kept no longer, and says when to look again.
    async fn sweep(&mut self) {
        let days = *self.keep_days.borrow_and_update();
        let mut deleted = 0;
        if days > 0 {
            let kept_from = now_ms() + self.follow_clock() - i64::from(days) * DAY_MS;
            deleted = match self.log.0.db.write(move |conn| table::delete_before(conn, kept_from, SWEPT)).await {
                Ok(deleted) => deleted,
                Err(error) => {
                    warn!(%error, "old audit entries not deleted; to be tried again");
                    0
                }
            };
        }
        let more = deleted == SWEPT;
        self.next_sweep = Instant::now() + if more { self.tick } else { self.sweep };
    }
}

/// Each entry with what goes with it.
fn write(conn: &Connection, batch: &[QueuedEntry], set_by: i64) -> rusqlite::Result<()> {
    table::insert(conn, batch.iter().map(|waiting| &waiting.entry), set_by)?;
    for also in batch.iter().filter_map(|waiting| waiting.also.as_ref()) {
        match contained(|| also(conn)) {
            Err(failure) if may_pass(&failure) => return Err(failure),
            // It would fail for ever, and keep all other entries from being written.
            Err(failure) => error!(%failure, "write that belongs to an audit entry failed"),
            Ok(()) => {}
        }
    }
    Ok(())
}
