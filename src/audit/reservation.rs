//! Reservation for entries that are to come: an action takes it before anything is done, and it is given back when the entry is on disk. Nothing is
//! done that the log could not tell of.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AuditLog;
use super::entry::Entry;

/// The reason of a refusal for want of room; pages have words for it.
pub const LOG_FULL: &str = "the log of actions has no room; nothing was done";

/// A request waits for room this long: the log writes thousands of entries meanwhile, unless its disk is full.
const PATIENCE: Duration = Duration::from_secs(2);
/// Users remembered with nothing on their way, before they are forgotten.
const IDLE_USERS: usize = 1000;

/// The kinds of entries. Each has room of its own: requests at the desk can't take that of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Requests to CMS.
    Actions,
    /// Holds, acknowledgements, thresholds.
    Requests,
}

/// There is no room for entries, and so nothing may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{LOG_FULL}")]
pub struct LogFull;

/// Reservation for some entries. Unused room is given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    log: AuditLog,
    place: Permits,
}

/// Something that is written in the same transaction as an entry; repeated when that could not be committed.
pub(super) type WrittenTogether = Box<dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync>;

/// The user's part, and that of all: both are given back together.
#[derive(Debug)]
pub(super) struct Permits {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Reservation {
    /// Adds an entry for which there is room.
    pub fn add(&mut self, entry: Entry) {
        self.put(entry, None);
    }

    /// The same, with something that is written together with it, or not at all.
    pub fn add_with(&mut self, entry: Entry, also: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static) {
        self.put(entry, Some(Box::new(also)));
    }

    fn put(&mut self, entry: Entry, also: Option<WrittenTogether>) {
        let place = self.place.own.split(1).zip(self.place.all.split(1)).map(|(own, all)| Permits { own, all });
        if place.is_none() {
            tracing::error!(action = ?entry.action, "more audit entries than reserved");
        }
        self.log.push(entry, also, place);
    }
}

/// The room of one kind.
#[derive(Debug)]
struct QuotaPool {
    all: Arc<Semaphore>,
    of_each: usize,
    users: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl QuotaPool {
    fn new(all: usize, of_each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), of_each, users: Mutex::default() }
    }

    fn of(&self, user: &Arc<str>) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = users.get(user).and_then(Weak::upgrade) {
            return own;
        }
        if users.len() >= IDLE_USERS {
            users.retain(|_, own| own.strong_count() > 0);
        }
        let own = Arc::new(Semaphore::new(self.of_each));
        users.insert(user.clone(), Arc::downgrade(&own));
        own
    }

    fn at_once(&self, user: &Arc<str>, entries: u32) -> Option<Permits> {
        let own = self.of(user).try_acquire_many_owned(entries).ok()?;
        let all = self.all.clone().try_acquire_many_owned(entries).ok()?;
        Some(Permits { own, all })
    }

    /// The user's own first: whoever has too much on their way keeps nobody else waiting.
    async fn wait(&self, user: &Arc<str>, entries: u32) -> Option<Permits> {
        // Never closed.
        let own = self.of(user).acquire_many_owned(entries).await.ok()?;
        let all = self.all.clone().acquire_many_owned(entries).await.ok()?;
        Some(Permits { own, all })
    }
}

#[derive(Debug)]
pub(super) struct Quotas {
    actions: QuotaPool,
    requests: QuotaPool,
}

impl Default for Quotas {
    /// For the largest press several times over, of which one user can take half; some thirty megabytes in all.
    fn default() -> Self {
        Self { actions: QuotaPool::new(20_000, 10_000), requests: QuotaPool::new(10_000, 6_000) }
    }
}

impl Quotas {
    fn of(&self, share: Quota) -> &QuotaPool {
        match share {
            Quota::Actions => &self.actions,
            Quota::Requests => &self.requests,
        }
    }
}

impl AuditLog {
    /// Waits a moment until there is room for so many entries. Without it nothing may be done.
    pub async fn reserve(&self, share: Quota, user: &Arc<str>, entries: usize) -> Result<Reservation, LogFull> {
        let pool = self.0.shares.of(share);
        match tokio::time::timeout(PATIENCE, pool.wait(user, number(entries))).await {
            Ok(Some(place)) => Ok(Reservation { log: self.clone(), place }),
            _ => Err(self.refuse(user)),
        }
    }

    /// The same without waiting.
    pub fn try_reserve(&self, share: Quota, user: &Arc<str>, entries: usize) -> Result<Reservation, LogFull> {
        let place = self.0.shares.of(share).at_once(user, number(entries));
        place.map(|place| Reservation { log: self.clone(), place }).ok_or_else(|| self.refuse(user))
    }

    /// The same, however long it takes: of what has been done already.
    pub async fn reserve_eventually(&self, share: Quota, user: &Arc<str>, entries: usize) -> Option<Reservation> {
        let place = self.0.shares.of(share).wait(user, number(entries)).await?;
        Some(Reservation { log: self.clone(), place })
    }

    fn refuse(&self, user: &Arc<str>) -> LogFull {
        metrics::counter!("usher_log_refused_total").increment(1);
        *self.queue().refused.entry(user.clone()).or_default() += 1;
        LogFull
    }
}

/// More than there ever is can't be had: it is refused in the end.
fn number(entries: usize) -> u32 {
    u32::try_from(entries).unwrap_or(u32::MAX)
}
