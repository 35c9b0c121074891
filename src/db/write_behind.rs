//! Deferred writes that must not be lost: the newest for each key, committed together a moment later, and repeated until that succeeds. Knows
//! no table.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::DbError;
use super::threads::{Job, in_transaction};
use crate::log_limit::LogLimit;

/// Writes within this time share one commit, so that a flood costs one write per key each time.
const GATHER_TIME: Duration = Duration::from_millis(20);
/// The time before a failed write is repeated.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The most writes kept while the database can't be written: some ten megabytes.
const MAX_PENDING: usize = 100_000;

/// Identifies what a write is about; a later write with the same key replaces it.
pub type WriteKey = (&'static str, Arc<str>);

/// Repeated until it could be committed.
type KeptWrite = Box<dyn Fn(&Connection) -> rusqlite::Result<()> + Send>;

/// Takes deferred writes. Cheap to clone.
#[derive(Clone)]
pub(super) struct WriteBehind {
    pending: Arc<Mutex<PendingWrites>>,
    wake: SyncSender<()>,
}

#[derive(Default)]
struct PendingWrites {
    by_key: HashMap<WriteKey, NumberedWrite>,
    /// The number of writes so far.
    count: u64,
}

/// A write with its position in the order of all.
struct NumberedWrite(u64, KeptWrite);

impl std::fmt::Debug for WriteBehind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteBehind").field("pending", &lock(&self.pending).by_key.len()).finish()
    }
}

impl WriteBehind {
    /// Starts a thread that hands pending writes to the writing thread, until the last handle is dropped.
    pub(super) fn start(name: &str, writer: mpsc::Sender<Job>) -> Result<Self, DbError> {
        let (wake, woken) = sync_channel(1);
        let pending: Arc<Mutex<PendingWrites>> = Arc::default();
        let shared = pending.clone();
        let work = move || {
            while woken.recv().is_ok() {
                std::thread::sleep(GATHER_TIME);
                while !hand_over(&writer, &shared) {
                    std::thread::sleep(RETRY_INTERVAL);
                    if woken.try_recv() == Err(TryRecvError::Disconnected) {
                        hand_over(&writer, &shared);
                        return;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        thread.map_err(|error| DbError::Open { path: name.into(), reason: error.to_string() })?;
        Ok(Self { pending, wake })
    }

    pub(super) fn keep(&self, key: WriteKey, work: KeptWrite) {
        {
            let mut pending = lock(&self.pending);
            if pending.by_key.len() >= MAX_PENDING && !pending.by_key.contains_key(&key) {
                metrics::counter!("usher_db_dropped_writes_total").increment(1);
                static NOT_KEPT: LogLimit = LogLimit::new();
                NOT_KEPT.log(|suppressed| tracing::error!(suppressed, "change lost: database not writable for too long"));
                return;
            }
            pending.count += 1;
            let numbered = NumberedWrite(pending.count, work);
            pending.by_key.insert(key, numbered);
        }
        // Full: the thread is woken already. Disconnected: can't be, the thread lives as long as this.
        match self.wake.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }

    /// Commits all pending writes; called on the writing thread.
    pub(super) fn write(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        write(&self.pending, conn)
    }
}

fn lock(pending: &Mutex<PendingWrites>) -> MutexGuard<'_, PendingWrites> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns false if the writes have to be repeated.
fn hand_over(writer: &mpsc::Sender<Job>, pending: &Arc<Mutex<PendingWrites>>) -> bool {
    let (reply, written) = std::sync::mpsc::channel();
    let pending = pending.clone();
    let job = Job::Now(Box::new(move |conn| {
        let written = write(&pending, conn);
        if let Err(error) = &written {
            tracing::warn!(%error, "deferred writes failed; to be retried");
        }
        let _ = reply.send(written.is_ok());
    }));
    // Without a writing thread nothing can ever be written.
    writer.blocking_send(job).is_err() || written.recv().unwrap_or(true)
}

fn write(pending: &Mutex<PendingWrites>, conn: &mut Connection) -> rusqlite::Result<()> {
    let mut batch: Vec<(WriteKey, NumberedWrite)> = lock(pending).by_key.drain().collect();
    if batch.is_empty() {
        return Ok(());
    }
    batch.sort_unstable_by_key(|(_, NumberedWrite(number, _))| *number);
    let written = in_transaction(conn, |tx| {
        for (key, NumberedWrite(_, work)) in &batch {
            match catch_panic(|| work(tx)) {
                Err(error) if is_transient(&error) => return Err(error),
                // Retrying would fail for ever and keep the others from being written.
                Err(error) => tracing::error!(%error, what = key.0, "change not saved"),
                Ok(()) => {}
            }
        }
        Ok(())
    });
    if written.is_err() {
        let mut pending = lock(pending);
        for (key, numbered) in batch {
            // A write added meanwhile is newer.
            pending.by_key.entry(key).or_insert(numbered);
        }
    }
    written
}

/// Turns a panic of a write into its error, so that the others in the same commit are not lost.
pub fn catch_panic(work: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let panicked = |_| rusqlite::Error::ToSqlConversionFailure("the write panicked; this is a defect of Usher".into());
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// Whether the same write may succeed later, because the database or its disk failed.
pub fn is_transient(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, OutOfMemory, PermissionDenied, ReadOnly, SystemIoFailure,
    };
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseCorrupt
                | DatabaseLocked
                | DiskFull
                | OutOfMemory
                | PermissionDenied
                | ReadOnly
                | SystemIoFailure
        )
    )
}
