//! The loops of the database's threads: two run jobs in order and gather deferred writes into one commit, one makes checkpoints. Knows no
//! table.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc;

use super::DbError;
use crate::log_limit::LogLimit;

/// The most deferred writes that share one commit.
const BATCH: usize = 256;

/// The time between checkpoints, which copy the write-ahead log into the database file.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(3);
/// The most checkpoints in a row. The log restarts only after a complete one, and each leaves only what was committed meanwhile.
const CHECKPOINTS: usize = 3;

pub(super) type LaterWrite = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

pub(super) enum Job {
    /// A caller waits for it; it has its own transaction and sends its own reply.
    Now(Box<dyn FnOnce(&mut Connection) + Send>),
    LaterWrite(LaterWrite),
}

/// Starts a thread that owns `conn` until the last sender is gone.
pub(super) fn start(name: &str, mut conn: Connection, queue: usize) -> Result<mpsc::Sender<Job>, DbError> {
    let (sender, mut jobs) = mpsc::channel(queue);
    let work = move || {
        while let Some(job) = jobs.blocking_recv() {
            // A panic in one job must not end the thread; the caller of the job gets `Ended`.
            if catch_unwind(AssertUnwindSafe(|| run(&mut conn, job, &mut jobs))).is_err() {
                tracing::error!("database job panicked");
            }
        }
    };
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| DbError::Open { path: name.into(), reason: error.to_string() })?;
    Ok(sender)
}

/// Starts a thread that makes checkpoints until the sender is gone. They block neither readers nor writers.
pub(super) fn checkpoint(name: &str, conn: Connection) -> Result<Sender<()>, DbError> {
    let (handle, dropped) = std::sync::mpsc::channel();
    let work = move || {
        while dropped.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = run_checkpoints(&conn) {
                tracing::warn!(%error, "database checkpoint failed; to be retried");
            }
        }
    };
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| DbError::Open { path: name.into(), reason: error.to_string() })?;
    Ok(handle)
}

pub(super) fn run_checkpoints(conn: &Connection) -> rusqlite::Result<()> {
    for _ in 0..CHECKPOINTS {
        let (all, done): (i64, i64) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))?;
        if done == all {
            break;
        }
    }
    Ok(())
}

pub(super) fn in_transaction<T>(conn: &mut Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}

fn run(conn: &mut Connection, job: Job, jobs: &mut mpsc::Receiver<Job>) {
    let mut next = Some(job);
    while let Some(job) = next.take() {
        match job {
            Job::Now(work) => work(conn),
            Job::LaterWrite(first) => next = run_batch(conn, first, jobs),
        }
    }
}

/// Commits `first` together with the deferred writes that follow it in the queue; returns the first job that a caller waits for.
fn run_batch(conn: &mut Connection, first: LaterWrite, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
    let mut stopped_by = None;
    let done = in_transaction(conn, |tx| {
        log_failure(first(tx));
        for _ in 1..BATCH {
            match jobs.try_recv() {
                Ok(Job::LaterWrite(work)) => log_failure(work(tx)),
                Ok(now) => {
                    stopped_by = Some(now);
                    break;
                }
                Err(_) => break,
            }
        }
        Ok(())
    });
    log_failure(done);
    stopped_by
}

fn log_failure(done: rusqlite::Result<()>) {
    static FAILED: LogLimit = LogLimit::new();
    if let Err(error) = done {
        FAILED.log(|suppressed| tracing::warn!(%error, suppressed, "database write failed"));
    }
}
