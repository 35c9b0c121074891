//! Reservations for future entries. An action takes one before it does anything, and room is released when the entry is on disk. So nothing is
//! done that the log could not record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AuditLog;
use super::entry::Entry;

/// The reason of a refusal for want of room; pages translate it.
pub const LOG_FULL: &str = "the log of actions has no room; nothing was done";

/// How long a request waits for room: meanwhile the log writes thousands of entries, unless the disk is full.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// The number of users from which those without unwritten entries are forgotten.
const IDLE_USERS: usize = 1000;

/// The kinds of entries. Each has room of its own, so that holds and acknowledgements can't use up the room of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Requests to CMS.
    Actions,
    /// Holds, acknowledgements, thresholds.
    Requests,
}

/// The log has no room for the entries, so nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{LOG_FULL}")]
pub struct LogFull;

/// Room for a number of entries. Unused room is released when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    log: AuditLog,
    permits: Permits,
}

/// A write in the same transaction as an entry; repeated if the commit failed.
pub(super) type WrittenTogether = Box<dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync>;

/// Permits from the user's own quota and from the quota of all users.
#[derive(Debug)]
pub(super) struct Permits {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Reservation {
    /// Adds an entry, using one place of this reservation.
    pub fn add(&mut self, entry: Entry) {
        self.put(entry, None);
    }

    /// Adds an entry and a write that is committed together with it.
    pub fn add_with(&mut self, entry: Entry, also: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static) {
        self.put(entry, Some(Box::new(also)));
    }

    fn put(&mut self, entry: Entry, also: Option<WrittenTogether>) {
        let permits = self.permits.own.split(1).zip(self.permits.all.split(1)).map(|(own, all)| Permits { own, all });
        if permits.is_none() {
            tracing::error!(action = ?entry.action, "more audit entries than reserved");
        }
        self.log.push(entry, also, permits);
    }
}

/// The room of one kind.
#[derive(Debug)]
struct QuotaPool {
    all: Arc<Semaphore>,
    per_user: usize,
    users: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl QuotaPool {
    fn new(all: usize, per_user: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_user, users: Mutex::default() }
    }

    fn of(&self, user: &Arc<str>) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = users.get(user).and_then(Weak::upgrade) {
            return own;
        }
        if users.len() >= IDLE_USERS {
            users.retain(|_, own| own.strong_count() > 0);
        }
        let own = Arc::new(Semaphore::new(self.per_user));
        users.insert(user.clone(), Arc::downgrade(&own));
        own
    }

    fn try_acquire(&self, user: &Arc<str>, entries: u32) -> Option<Permits> {
        let own = self.of(user).try_acquire_many_owned(entries).ok()?;
        let all = self.all.clone().try_acquire_many_owned(entries).ok()?;
        Some(Permits { own, all })
    }

    /// Takes the user's own permits first, so that a user with too many unwritten entries delays nobody else.
    async fn acquire(&self, user: &Arc<str>, entries: u32) -> Option<Permits> {
        // The semaphores are never closed.
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
    /// Room for several of the largest action requests, about half of it for one user; some thirty megabytes in all.
    fn default() -> Self {
        Self { actions: QuotaPool::new(20_000, 10_000), requests: QuotaPool::new(10_000, 6_000) }
    }
}

impl Quotas {
    fn of(&self, quota: Quota) -> &QuotaPool {
        match quota {
            Quota::Actions => &self.actions,
            Quota::Requests => &self.requests,
        }
    }
}

impl AuditLog {
    /// Waits a moment until there is room for `entries`. Without it the caller must do nothing.
    pub async fn reserve(&self, quota: Quota, user: &Arc<str>, entries: usize) -> Result<Reservation, LogFull> {
        let pool = self.0.quotas.of(quota);
        match tokio::time::timeout(MAX_WAIT, pool.acquire(user, permit_count(entries))).await {
            Ok(Some(permits)) => Ok(Reservation { log: self.clone(), permits }),
            _ => Err(self.refuse(user)),
        }
    }

    /// Like [`AuditLog::reserve`], without waiting.
    pub fn try_reserve(&self, quota: Quota, user: &Arc<str>, entries: usize) -> Result<Reservation, LogFull> {
        let permits = self.0.quotas.of(quota).try_acquire(user, permit_count(entries));
        permits.map(|permits| Reservation { log: self.clone(), permits }).ok_or_else(|| self.refuse(user))
    }

    /// Like [`AuditLog::reserve`], but waits as long as it takes: for actions that were done already.
    pub async fn reserve_eventually(&self, quota: Quota, user: &Arc<str>, entries: usize) -> Option<Reservation> {
        let permits = self.0.quotas.of(quota).acquire(user, permit_count(entries)).await?;
        Some(Reservation { log: self.clone(), permits })
    }

    fn refuse(&self, user: &Arc<str>) -> LogFull {
        metrics::counter!("usher_log_refused_total").increment(1);
        *self.queue().refused.entry(user.clone()).or_default() += 1;
        LogFull
    }
}

/// A number beyond every quota is refused in the end.
fn permit_count(entries: usize) -> u32 {
    u32::try_from(entries).unwrap_or(u32::MAX)
}
