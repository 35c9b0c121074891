//! The SQLite database: one thread writes, one thread reads, async callers hand closures over, a third thread brings what was written from
//! the write-ahead log into the file, and a fourth gathers what is written behind (`behind.rs`). Knows no table but its version.
//!
//! Another process (`usher user add`) may write to the same file meanwhile: WAL and a busy timeout take care of that.

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
pub use write_behind::{WriteKey, contained, may_pass};

use migrations::SchemaVersion;
use threads::Job;
use write_behind::WriteBehind;

use crate::log_limit::LogLimit;

/// Jobs that may wait for a thread; beyond it callers wait, and [`Db::later`] gives up.
const QUEUE: usize = 1024;

/// The writing thread brings pages into the file itself only when so many wait for it (64 MB): that takes fsyncs, and a press must not wait
/// for them.
const LAST_RESORT_PAGES: u32 = 16_000;

/// How long one process waits for the other's write; ours take milliseconds.
const BUSY: Duration = Duration::from_secs(5);

/// Cheap handle; the threads end when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Db {
    writer: mpsc::Sender<Job>,
    reader: mpsc::Sender<Job>,
    behind: WriteBehind,
    data_dir: Arc<Path>,
    /// Ends the third thread when the last handle is dropped.
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
    /// Opens (or creates) `usher.db` in `data_dir`, brings it up to date and starts its threads.
    pub fn open(data_dir: &Path) -> Result<Self, DbError> {
        let writer = open_connection(data_dir)?;
        let reader = open_connection(data_dir)?;
        reader.pragma_update(None, "query_only", true)?;
        writer.pragma_update(None, "wal_autocheckpoint", LAST_RESORT_PAGES)?;
        let writer = threads::start("usher-db-write", writer, QUEUE)?;
        Ok(Self {
            behind: WriteBehind::start("usher-db-behind", writer.clone())?,
            writer,
            reader: threads::start("usher-db-read", reader, QUEUE)?,
            data_dir: data_dir.into(),
            _checkpoints: threads::checkpoint("usher-db-checkpoint", open_connection(data_dir)?)?,
        })
    }

    /// A connection beside the threads, for reading so much that nobody else's reading may wait for it. It blocks.
    pub fn apart(&self) -> Result<Connection, DbError> {
        let missing = || DbError::Open { path: files::database(&self.data_dir), reason: "there is no such file any more".into() };
        open_to_read(&self.data_dir)?.ok_or_else(missing)
    }

    /// Runs `work` in its own transaction on the writing thread; an `Err` rolls everything back. Returns once it is committed.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        on(&self.writer, |conn| threads::in_transaction(conn, work)).await
    }

    /// Hands over a write that nobody waits for and that must not be lost. It is written a moment later together with others, and tried again
    /// until it is. When several are about one thing (`key`), only the last is written. The caller bounds the number of things.
    pub fn keep(&self, key: WriteKey, work: impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        self.behind.keep(key, Box::new(work));
    }

    /// Hands over a write that nobody waits for and that can be missed. Several travel in one commit; when the queue is full it is dropped.
    pub fn later(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        if self.writer.try_send(Job::LaterWrite(Box::new(work))).is_err() {
            metrics::counter!("usher_db_dropped_writes_total").increment(1);
            static DROPPED: LogLimit = LogLimit::new();
            DROPPED.log(|suppressed| tracing::warn!(suppressed, "write dropped: the database does not keep up"));
        }
    }

    /// Runs `work` on the reading thread; it sees everything that was committed before.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        on(&self.reader, |conn| work(conn)).await
    }

    /// A number that is another one after any other process has written to this database (SQLite's `data_version`).
    pub async fn data_version(&self) -> Result<i64, DbError> {
        // On the writing thread: what it writes itself does not count there.
        on(&self.writer, |conn| conn.query_row("PRAGMA data_version", [], |row| row.get(0))).await
    }

    /// Returns when everything handed over so far is committed; call it last, before the process ends.
    pub async fn flush(&self) -> Result<(), DbError> {
        let behind = self.behind.clone();
        on(&self.writer, move |conn| behind.write(conn)).await
    }
}

/// Runs `work` on a thread's connection and waits for what comes of it.
async fn on<T: Send + 'static>(
    thread: &mpsc::Sender<Job>,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, DbError> {
    let (answer, result) = oneshot::channel();
    let job = Job::Now(Box::new(move |conn| {
        let _ = answer.send(work(conn));
    }));
    thread.send(job).await.map_err(|_| DbError::Ended)?;
    result.await.map_err(|_| DbError::Ended)?.map_err(DbError::Sqlite)
}

/// A connection of one's own, for the command line: same file, same rules, no threads.
pub fn open_connection(data_dir: &Path) -> Result<Connection, DbError> {
    let path = files::database(data_dir);
    files::prepare(data_dir)?;
    #[cfg(unix)]
    files::make_database(data_dir)?;
    let open_error = |reason: rusqlite::Error| DbError::Open { path: path.clone(), reason: reason.to_string() };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut conn = Connection::open_with_flags(files::uri(data_dir), flags).map_err(open_error)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(open_error)?;
    // Survives a crash of the process; only a power cut may cost the last commits.
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    match migrations::migrate(&mut conn).map_err(open_error)? {
        SchemaVersion::Current => Ok(conn),
        SchemaVersion::Newer { found, known } => Err(DbError::Newer { path: path.clone(), found, known }),
    }
}

/// A connection to a database of exactly this version, which it does not bring up to date; None for any other, or none.
pub fn open_current(data_dir: &Path) -> Result<Option<Connection>, DbError> {
    let path = files::database(data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags).map_err(|reason| DbError::Open { path, reason: reason.to_string() })?;
    conn.busy_timeout(BUSY)?;
    Ok(if migrations::is_current(&conn)? { Some(conn) } else { None })
}

/// A connection that reads and changes nothing, also no version of the database; None when there is no database yet.
pub fn open_to_read(data_dir: &Path) -> Result<Option<Connection>, DbError> {
    let path = files::database(data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags).map_err(|reason| DbError::Open { path, reason: reason.to_string() })?;
    conn.busy_timeout(BUSY)?;
    Ok(Some(conn))
}

#[cfg(test)]
mod tests;
