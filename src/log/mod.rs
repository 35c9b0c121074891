//! The log of actions: who did what to whom, when, from where, why, and how it ended. Added to and never changed; decides nothing.
//!
//! Whoever acts builds an [`Entry`] and hands it to [`Log::add`], which neither waits nor fails. A task of its own ([`Writer`]) brings the
//! entries into SQLite, many in one commit, and keeps them while that can't be done. Reading ([`look`]) is done on connections beside the
//! database's threads, because it may take long.

mod elsewhere;
mod entry;
mod export;
mod filter;
mod read;
mod table;
mod times;
mod writer;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::config::Timing;
use crate::db::Db;
use crate::trouble::Troubles;

pub use elsewhere::moved_elsewhere;
pub use entry::{Action, Entry, Whom, new_action_id};
pub use export::{Form, Report};
pub use filter::{Filter, Moderator};
pub use read::{Cursor, Line, Slice, look};
pub use times::{parse, rfc3339};
pub use writer::Writer;

/// Entries that are held in memory at most: a press of 5,000 people several times over, some ten megabytes.
pub const HELD: usize = 20_000;

/// Where entries are added; cheap to clone.
#[derive(Debug, Clone)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Mutex<Queue>,
    added: Notify,
    /// Days that entries are kept, 0 for ever.
    keep_days: watch::Sender<u32>,
    db: Db,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Entry>,
    /// Taken by the writer and not in the file yet.
    under_way: usize,
    /// Entries for which there was no room since the last one that was written.
    lost: u64,
    /// The last try to write failed.
    failing: bool,
}

impl Log {
    /// A handle, and the writer behind it, which somebody has to run. `keep_days` 0: for ever.
    pub fn new(db: Db, keep_days: u32, timing: &Timing, troubles: Troubles) -> (Self, Writer) {
        let (keep_days, kept) = watch::channel(keep_days);
        let log = Self(Arc::new(Inner { queue: Mutex::default(), added: Notify::new(), keep_days, db }));
        (log.clone(), Writer::new(log, kept, timing, troubles))
    }

    /// Adds an entry. Never waits and never fails: with [`HELD`] entries in memory it is counted as lost, which every moderator is told.
    pub fn add(&self, entry: Entry) {
        {
            let mut queue = self.queue();
            if queue.waiting.len() + queue.under_way >= HELD {
                queue.lost += 1;
                metrics::counter!("usher_log_lost_total").increment(1);
            } else {
                queue.waiting.push_back(entry);
            }
        }
        self.0.added.notify_one();
    }

    /// How long entries are kept from now on; 0: for ever.
    pub fn keep(&self, days: u32) {
        self.0.keep_days.send_if_modified(|keep| std::mem::replace(keep, days) != days);
    }

    /// A reading of all that `filter` lets through, to be taken piece by piece.
    pub fn report(&self, filter: Filter, form: Form) -> Report {
        Report::new(self.0.db.clone(), filter, form)
    }

    /// One page: up to `want` lines older than `before`. Looks at a bounded number of entries, see [`Slice::looked_to`].
    pub async fn page(&self, filter: Filter, before: Option<Cursor>, want: usize) -> Result<Slice, crate::db::DbError> {
        read::page(self.0.db.clone(), filter, before, want).await
    }

    /// Entries that wait in memory because they could not be written; 0 while all is well.
    pub fn unwritten(&self) -> usize {
        let queue = self.queue();
        if queue.failing { queue.waiting.len() + queue.under_way } else { 0 }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
