//! Writes that nobody waits for and that must not be lost: the newest of each thing, written together a moment later, and tried again until
//! they are written. Knows no table.

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

/// Writes within this time share one commit: a flood costs one write of each thing now and then.
const GATHER: Duration = Duration::from_millis(20);
/// A write that failed is tried again this often.
const RETRY: Duration = Duration::from_secs(1);
/// Things that wait at most, while the database can't be written: some ten megabytes.
const WAITING: usize = 100_000;

/// The thing that a write is about: a later write about the same thing takes its place.
pub type WriteKey = (&'static str, Arc<str>);

/// Repeated when it could not be committed.
type KeptWrite = Box<dyn Fn(&Connection) -> rusqlite::Result<()> + Send>;

/// The writes that wait. Cheap to clone.
#[derive(Clone)]
pub(super) struct WriteBehind {
    waiting: Arc<Mutex<PendingWrite>>,
    wake: SyncSender<()>,
}

#[derive(Default)]
struct PendingWrite {
    things: HashMap<WriteKey, NumberedWrite>,
    /// Writes so far.
    count: u64,
}

/// With its place among the others.
struct NumberedWrite(u64, KeptWrite);

impl std::fmt::Debug for WriteBehind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behind").field("waiting", &lock(&self.waiting).things.len()).finish()
    }
}

impl WriteBehind {
    /// Starts a thread that hands what waits to the writing thread, until the last handle is dropped.
    pub(super) fn start(name: &str, writer: mpsc::Sender<Job>) -> Result<Self, DbError> {
        let (wake, woken) = sync_channel(1);
        let waiting: Arc<Mutex<PendingWrite>> = Arc::default();
        let things = waiting.clone();
        let work = move || {
            while woken.recv().is_ok() {
                std::thread::sleep(GATHER);
                while !hand_over(&writer, &things) {
                    std::thread::sleep(RETRY);
                    if woken.try_recv() == Err(TryRecvError::Disconnected) {
                        hand_over(&writer, &things);
                        return;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        thread.map_err(|error| DbError::Open { path: name.into(), reason: error.to_string() })?;
        Ok(Self { waiting, wake })
    }

    pub(super) fn keep(&self, key: WriteKey, work: KeptWrite) {
        {
            let mut waiting = lock(&self.waiting);
            if waiting.things.len() >= WAITING && !waiting.things.contains_key(&key) {
                metrics::counter!("usher_db_dropped_writes_total").increment(1);
                static NOT_KEPT: LogLimit = LogLimit::new();
                NOT_KEPT.log(|suppressed| tracing::error!(suppressed, "database not writable for long; change not saved"));
                return;
            }
            waiting.count += 1;
            let numbered = NumberedWrite(waiting.count, work);
            waiting.things.insert(key, numbered);
        }
        // Full: it is woken already. Disconnected: its thread could not have ended before.
        match self.wake.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }

    /// On the writing thread: everything that waits, in one commit.
    pub(super) fn write(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        write(&self.waiting, conn)
    }
}

fn lock(waiting: &Mutex<PendingWrite>) -> MutexGuard<'_, PendingWrite> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// True when nothing is left to be tried again.
fn hand_over(writer: &mpsc::Sender<Job>, things: &Arc<Mutex<PendingWrite>>) -> bool {
    let (answer, result) = std::sync::mpsc::channel();
    let things = things.clone();
    let job = Job::Now(Box::new(move |conn| {
        let written = write(&things, conn);
        if let Err(error) = &written {
            tracing::warn!(%error, "change not written; to be tried again");
        }
        let _ = answer.send(written.is_ok());
    }));
    // Without a writing thread nothing can ever be written.
    writer.blocking_send(job).is_err() || result.recv().unwrap_or(true)
}

fn write(waiting: &Mutex<PendingWrite>, conn: &mut Connection) -> rusqlite::Result<()> {
    let mut batch: Vec<(WriteKey, NumberedWrite)> = lock(waiting).things.drain().collect();
    if batch.is_empty() {
        return Ok(());
    }
    batch.sort_unstable_by_key(|(_, NumberedWrite(number, _))| *number);
    let written = in_transaction(conn, |tx| {
        for (key, NumberedWrite(_, work)) in &batch {
            match contained(|| work(tx)) {
                Err(error) if may_pass(&error) => return Err(error),
                // It would fail for ever, and keep the others from being written.
                Err(error) => tracing::error!(%error, what = key.0, "change not saved"),
                Ok(()) => {}
            }
        }
        Ok(())
    });
    if written.is_err() {
        let mut waiting = lock(waiting);
        for (key, numbered) in batch {
            // A write that came meanwhile is newer.
            waiting.things.entry(key).or_insert(numbered);
        }
    }
    written
}

/// A panic is a failure of that one write, not of those in the same commit.
pub fn contained(work: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let panicked = |_| rusqlite::Error::ToSqlConversionFailure("the write panicked; this is a defect of Usher".into());
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// The database or its disk is in trouble, and the same write may work later.
pub fn may_pass(error: &rusqlite::Error) -> bool {
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
