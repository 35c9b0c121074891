//! The log of actions: who did what to whom, when, from where, why, and how it ended. Added to and never changed; decides nothing.
//!
//! An action takes [`Reservation`] for its entries first, and adds them to it when it has ended: without room nothing is done. Changes that happened
//! without Usher are handed to [`AuditLog::add`], which neither waits nor fails. A task of its own ([`AuditWriter`]) brings the
//! entries into SQLite, many in one commit, and keeps them while that can't be done. Changes of the database alone are written
//! in one transaction with their entry ([`write()`]). Reading ([`find_entries`]) is done on connections beside the database's threads, because it may take long.

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

/// Entries beyond which [`AuditLog::add`] counts instead of adding. A third of them can't be taken by users, see [`Quota`].
pub const HELD: usize = 45_000;

/// How long somebody waits for what they did to be on disk, before they are told that it is done. A full disk makes nobody wait longer.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// Where entries are added; cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Mutex<EntryQueue>,
    shares: Quotas,
    added: Notify,
    /// A caller waits for what was added: the writer writes at once instead of gathering more.
    hurry: Notify,
    /// Entries that are on disk, of all that were ever added.
    written: watch::Sender<u64>,
    /// Days that entries are kept, 0 for ever.
    keep_days: watch::Sender<u32>,
    db: Db,
}

#[derive(Debug, Default)]
struct EntryQueue {
    waiting: VecDeque<QueuedEntry>,
    /// Taken by the writer and not in the file yet.
    under_way: usize,
    /// Entries ever added.
    added: u64,
    /// Entries for which there was no room since the last one that was written.
    lost: u64,
    /// Requests that were refused for want of room, and not told of yet; by user.
    refused: BTreeMap<Arc<str>, u64>,
    /// The last try to write failed.
    failing: bool,
}

/// An entry on its way to the disk, and what goes with it.
struct QueuedEntry {
    entry: Entry,
    also: Option<WrittenTogether>,
    /// Given back when this is dropped.
    _place: Option<Permits>,
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

    fn push(&mut self, entry: Entry, also: Option<WrittenTogether>, place: Option<Permits>) {
        self.added += 1;
        self.waiting.push_back(QueuedEntry { entry, also, _place: place });
    }
}

impl AuditLog {
    /// A handle, and the writer behind it, which somebody has to run. `keep_days` 0: for ever.
    pub fn new(db: Db, keep_days: u32, timing: &Timing, troubles: Problems) -> (Self, AuditWriter) {
        let (keep_days, kept) = watch::channel(keep_days);
        let log = Self(Arc::new(Inner {
            queue: Mutex::default(),
            shares: Quotas::default(),
            added: Notify::new(),
            hurry: Notify::new(),
            written: watch::channel(0).0,
            keep_days,
            db,
        }));
        (log.clone(), AuditWriter::new(log, kept, timing, troubles))
    }

    /// Adds an entry of what happened anyway. Never waits and never fails: with [`HELD`] entries in memory it is counted as lost, which every
    /// moderator is told. Requests need [`Reservation`].
    pub fn add(&self, entry: Entry) {
        {
            let mut queue = self.queue();
            if queue.held() >= HELD {
                queue.lost += 1;
                metrics::counter!("usher_log_lost_total").increment(1);
            } else {
                queue.push(entry, None, None);
            }
        }
        self.0.added.notify_one();
    }

    fn push(&self, entry: Entry, also: Option<WrittenTogether>, place: Option<Permits>) {
        self.queue().push(entry, also, place);
        self.0.added.notify_one();
    }

    /// Writes an entry now, and returns when it is on disk; while that can't be done it is kept like others.
    pub async fn record(&self, entry: Entry) {
        let row = entry.clone();
        if let Err(error) = self.0.db.write(move |conn| write(conn, &row)).await {
            tracing::warn!(%error, "audit entry not written at once; to be tried again");
            self.add(entry);
        }
    }

    /// Returns when all that was added so far is on disk, or after a moment while it can't be written.
    pub async fn written(&self) {
        let added = self.queue().added;
        let mut written = self.0.written.subscribe();
        self.0.hurry.notify_one();
        let _ = tokio::time::timeout(WRITTEN_WITHIN, written.wait_for(|written| *written >= added)).await;
    }

    /// How long entries are kept from now on; 0: for ever.
    pub fn keep(&self, days: u32) {
        self.0.keep_days.send_if_modified(|keep| std::mem::replace(keep, days) != days);
    }

    /// A reading of all that `filter` lets through, to be taken piece by piece.
    pub fn report(&self, filter: LogFilter, form: ExportFormat) -> Export {
        Export::new(self.0.db.clone(), filter, form)
    }

    /// One page: up to `want` lines older than `before`. Looks at a bounded number of entries, see [`LogPage::looked_to`].
    pub async fn page(&self, filter: LogFilter, before: Option<Cursor>, want: usize) -> Result<LogPage, crate::db::DbError> {
        query::page(self.0.db.clone(), filter, before, want).await
    }

    /// Entries that wait in memory because they could not be written; 0 while all is well.
    pub fn unwritten(&self) -> usize {
        let queue = self.queue();
        if queue.failing { queue.held() } else { 0 }
    }

    fn queue(&self) -> MutexGuard<'_, EntryQueue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
