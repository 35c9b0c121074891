//! The audit log: who did what to whom, when, from where, why, and how it ended. Entries are added and never changed. Decides nothing.
//!
//! An action first takes a [`Reservation`] for its entries and adds them when it has ended; without room in the log nothing is done. Changes
//! that happen without Usher go to [`AuditLog::add`], which neither waits nor fails. One task ([`AuditWriter`]) writes the entries to SQLite,
//! many in one commit, and keeps them in memory while that fails. Changes of the database alone are written in one transaction with their
//! entry ([`write()`]). Queries ([`find_entries`]) have connections of their own, because they may take long.

mod entry;
mod event;
mod export;
mod external_changes;
mod filter;
mod query;
mod reservation;
mod subject;
mod table;
mod times;
mod writer;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::config::Timing;
use crate::db::Db;
use crate::system_status::Problems;

use reservation::{Permits, Quotas, WrittenTogether};

pub use entry::{Entry, new_action_id};
pub use event::AuditEvent;
pub use export::{Export, ExportFormat};
pub use external_changes::moved_elsewhere;
pub use filter::{LogFilter, ModeratorFilter};
pub use query::{Cursor, LogLine, LogPage, find_entries};
pub use reservation::{LOG_FULL, LogFull, Quota, Reservation};
pub use subject::AuditSubject;
pub use table::write;
pub use times::{parse, rfc3339};
pub use writer::AuditWriter;

/// The most entries in memory; [`AuditLog::add`] only counts those beyond. Users can take two thirds of them, see [`Quota`].
pub const MAX_UNWRITTEN: usize = 45_000;

/// How long a user waits for an entry to be on disk before the action is reported as done. A full disk makes nobody wait longer.
const WRITE_WAIT: Duration = Duration::from_secs(1);

/// Takes entries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Mutex<EntryQueue>,
    quotas: Quotas,
    added: Notify,
    /// A caller waits for its entries: the writer writes at once instead of gathering more.
    write_now: Notify,
    /// The number of entries that are on disk.
    written: watch::Sender<u64>,
    /// For how many days entries are kept; 0: for ever.
    keep_days: watch::Sender<u32>,
    db: Db,
}

#[derive(Debug, Default)]
struct EntryQueue {
    waiting: VecDeque<QueuedEntry>,
    /// Entries that the writer has taken and not committed yet.
    under_way: usize,
    /// The number of entries ever added.
    added: u64,
    /// Entries dropped for want of room since the last successful write.
    lost: u64,
    /// Requests refused for want of room that no entry records yet; by user.
    refused: BTreeMap<Arc<str>, u64>,
    /// The last write failed.
    failing: bool,
}

/// An entry that is not written yet.
struct QueuedEntry {
    entry: Entry,
    also: Option<WrittenTogether>,
    /// Released when this is dropped.
    _permits: Option<Permits>,
}

impl std::fmt::Debug for QueuedEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.entry.fmt(f)
    }
}

impl EntryQueue {
    fn held(&self) -> usize {
        self.waiting.len() + self.under_way
    }

    fn push(&mut self, entry: Entry, also: Option<WrittenTogether>, permits: Option<Permits>) {
        self.added += 1;
        self.waiting.push_back(QueuedEntry { entry, also, _permits: permits });
    }
}

impl AuditLog {
    /// A handle, and the writer, which the caller runs. `keep_days` 0: for ever.
    pub fn new(db: Db, keep_days: u32, timing: &Timing, problems: Problems) -> (Self, AuditWriter) {
        let (keep_days, kept) = watch::channel(keep_days);
        let log = Self(Arc::new(Inner {
            queue: Mutex::default(),
            quotas: Quotas::default(),
            added: Notify::new(),
            write_now: Notify::new(),
            written: watch::channel(0).0,
            keep_days,
            db,
        }));
        (log.clone(), AuditWriter::new(log, kept, timing, problems))
    }

    /// Adds an entry about something that has happened already. Never waits and never fails: with [`MAX_UNWRITTEN`] entries in memory it is
    /// counted as lost, which every moderator is told. Actions need a [`Reservation`].
    pub fn add(&self, entry: Entry) {
        {
            let mut queue = self.queue();
            if queue.held() >= MAX_UNWRITTEN {
                queue.lost += 1;
                metrics::counter!("usher_log_lost_total").increment(1);
            } else {
                queue.push(entry, None, None);
            }
        }
        self.0.added.notify_one();
    }

    fn push(&self, entry: Entry, also: Option<WrittenTogether>, permits: Option<Permits>) {
        self.queue().push(entry, also, permits);
        self.0.added.notify_one();
    }

    /// Writes an entry at once and returns when it is on disk. If that fails, the entry is kept in memory like others.
    pub async fn record(&self, entry: Entry) {
        let row = entry.clone();
        if let Err(error) = self.0.db.write(move |conn| write(conn, &row)).await {
            tracing::warn!(%error, "audit entry not written; kept in memory to be retried");
            self.add(entry);
        }
    }

    /// Returns when all entries added so far are on disk; or after a moment if they can't be written.
    pub async fn written(&self) {
        let added = self.queue().added;
        let mut written = self.0.written.subscribe();
        self.0.write_now.notify_one();
        let _ = tokio::time::timeout(WRITE_WAIT, written.wait_for(|written| *written >= added)).await;
    }

    /// Sets for how many days entries are kept; 0: for ever.
    pub fn set_keep_days(&self, days: u32) {
        self.0.keep_days.send_if_modified(|keep| std::mem::replace(keep, days) != days);
    }

    /// An export of all entries that match `filter`, to be read chunk by chunk.
    pub fn export(&self, filter: LogFilter, format: ExportFormat) -> Export {
        Export::new(self.0.db.clone(), filter, format)
    }

    /// One page: up to `want` lines older than `before`. Scans a bounded number of entries, see [`LogPage::searched_back_to`].
    pub async fn page(&self, filter: LogFilter, before: Option<Cursor>, want: usize) -> Result<LogPage, crate::db::DbError> {
        query::page(self.0.db.clone(), filter, before, want).await
    }

    /// Entries in memory that could not be written; 0 while writing works.
    pub fn unwritten(&self) -> usize {
        let queue = self.queue();
        if queue.failing { queue.held() } else { 0 }
    }

    fn queue(&self) -> MutexGuard<'_, EntryQueue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
