//! The SQLite database and its threads: one writes, one reads, one makes checkpoints, and one gathers deferred writes (`write_behind.rs`).
//! Async callers hand them closures. Knows no tables, only the schema's version.
//!
//! Another process (`usher user add`) may write to the same file meanwhile; WAL and a busy timeout allow that.

mod files;
mod migrations;
#[cfg(unix)]
mod owner;
mod threads;
mod write_behind;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

pub use files::{DirectoryLock, files_in, is_made_for_root};
pub use write_behind::{WriteKey, catch_panic, is_transient};

use migrations::SchemaVersion;
use threads::Job;
use write_behind::WriteBehind;

use crate::log_limit::LogLimit;

/// The most jobs that wait for a thread. Beyond that, callers wait and [`Db::later`] drops its write.
const QUEUE: usize = 1024;

/// The writing thread makes a checkpoint itself only beyond this size of the write-ahead log (64 MB): it takes fsyncs, for which no action
/// must wait.
const WAL_AUTOCHECKPOINT_PAGES: u32 = 16_000;

/// How long one process waits for another's write, which takes milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Cheap handle; the threads end when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Db {
    writer: mpsc::Sender<Job>,
    reader: mpsc::Sender<Job>,
    write_behind: WriteBehind,
    data_dir: Arc<Path>,
    /// Ends the checkpoint thread when the last handle is dropped.
    _checkpoints: std::sync::mpsc::Sender<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("cannot create the data directory {path}: {reason}; set `data_dir` to a directory that this user may write")]
    Directory { path: PathBuf, reason: std::io::Error },
    #[error(
        "cannot give {path} to user {user}, whose directory it is in: {reason}; run this as that user (sudo -u '#{user}' usher ...), as root \
         leaves it unusable for `usher serve`"
    )]
    Owner { path: PathBuf, user: u32, reason: std::io::Error },
    #[error("cannot open the database {path}: {reason}; the file and its directory must be writable for this user")]
    Open { path: PathBuf, reason: String },
    #[error("{by} serves from the data directory {path} already; stop it, or set `data_dir` to another directory")]
    Held { path: PathBuf, by: String },
    #[error(
        "cannot lock {path}: {reason}; `data_dir` must be on a local disk whose file system can lock files, and writable for this user"
    )]
    Lock { path: PathBuf, reason: std::io::Error },
    #[error("the database {path} has version {found}, this Usher knows up to {known}: use the newer Usher again or another `data_dir`")]
    Newer { path: PathBuf, found: usize, known: usize },
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database thread has ended")]
    Ended,
}

impl Db {
    /// Opens or creates `usher.db` in `data_dir`, migrates it and starts its threads.
    pub fn open(data_dir: &Path) -> Result<Self, DbError> {
        let writer = open_connection(data_dir)?;
        let reader = open_connection(data_dir)?;
        reader.pragma_update(None, "query_only", true)?;
        writer.pragma_update(None, "wal_autocheckpoint", WAL_AUTOCHECKPOINT_PAGES)?;
        let writer = threads::start("usher-db-write", writer, QUEUE)?;
        Ok(Self {
            write_behind: WriteBehind::start("usher-db-behind", writer.clone())?,
            writer,
            reader: threads::start("usher-db-read", reader, QUEUE)?,
            data_dir: data_dir.into(),
            _checkpoints: threads::checkpoint("usher-db-checkpoint", open_connection(data_dir)?)?,
        })
    }

    /// A connection of its own for long reads, which would delay others on the reading thread. Using it blocks.
    pub fn open_reader(&self) -> Result<Connection, DbError> {
        let missing = || DbError::Open { path: files::database(&self.data_dir), reason: "there is no such file any more".into() };
        open_to_read(&self.data_dir)?.ok_or_else(missing)
    }

    /// Runs `work` in its own transaction on the writing thread; an `Err` rolls everything back. Returns once it is committed.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        run_on(&self.writer, |conn| threads::in_transaction(conn, work)).await
    }

    /// Hands over a write that must not be lost, without waiting for it. It is committed a moment later together with others, and repeated
    /// until that succeeds. If several have the same `key`, only the last is written. The caller bounds the number of keys.
    pub fn keep(&self, key: WriteKey, work: impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        self.write_behind.keep(key, Box::new(work));
    }

    /// Hands over a write that may be lost, without waiting for it. Several share one commit; when the queue is full, it is dropped.
    pub fn later(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        if self.writer.try_send(Job::LaterWrite(Box::new(work))).is_err() {
            metrics::counter!("usher_db_dropped_writes_total").increment(1);
            static DROPPED: LogLimit = LogLimit::new();
            DROPPED.log(|suppressed| tracing::warn!(suppressed, "write dropped: database too slow"));
        }
    }

    /// Runs `work` on the reading thread; it sees everything that was committed before.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        run_on(&self.reader, |conn| work(conn)).await
    }

    /// SQLite's `data_version`, which changes when another process has written to this database.
    pub async fn data_version(&self) -> Result<i64, DbError> {
        // On the writing thread, whose own writes don't count.
        run_on(&self.writer, |conn| conn.query_row("PRAGMA data_version", [], |row| row.get(0))).await
    }

    /// Returns when all writes handed over so far are committed; called last before the process ends.
    pub async fn flush(&self) -> Result<(), DbError> {
        let write_behind = self.write_behind.clone();
        run_on(&self.writer, move |conn| write_behind.write(conn)).await
    }
}

/// Runs `work` on a thread's connection and waits for its result.
async fn run_on<T: Send + 'static>(
    thread: &mpsc::Sender<Job>,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, DbError> {
    let (reply, response) = oneshot::channel();
    let job = Job::Now(Box::new(move |conn| {
        let _ = reply.send(work(conn));
    }));
    thread.send(job).await.map_err(|_| DbError::Ended)?;
    response.await.map_err(|_| DbError::Ended)?.map_err(DbError::Sqlite)
}

/// A connection for the command line, without threads. Creates and migrates the database as [`Db::open`] does.
pub fn open_connection(data_dir: &Path) -> Result<Connection, DbError> {
    let path = files::database(data_dir);
    files::prepare(data_dir)?;
    #[cfg(unix)]
    files::create_database(data_dir)?;
    let open_error = |reason: rusqlite::Error| DbError::Open { path: path.clone(), reason: reason.to_string() };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut conn = Connection::open_with_flags(files::uri(data_dir), flags).map_err(open_error)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(open_error)?;
    // Commits survive a crash of the process; only a power failure may lose the last ones.
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    match migrations::migrate(&mut conn).map_err(open_error)? {
        SchemaVersion::Current => Ok(conn),
        SchemaVersion::Newer { found, known } => Err(DbError::Newer { path: path.clone(), found, known }),
    }
}

/// A connection to a database of exactly this schema version, without migrating it; None if it is missing or has another version.
pub fn open_current(data_dir: &Path) -> Result<Option<Connection>, DbError> {
    let path = files::database(data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags).map_err(|reason| DbError::Open { path, reason: reason.to_string() })?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    Ok(if migrations::is_current(&conn)? { Some(conn) } else { None })
}

/// A read-only connection, without migrating; None if there is no database yet.
pub fn open_to_read(data_dir: &Path) -> Result<Option<Connection>, DbError> {
    let path = files::database(data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags).map_err(|reason| DbError::Open { path, reason: reason.to_string() })?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    Ok(Some(conn))
}

#[cfg(test)]
mod tests;
