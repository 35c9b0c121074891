//! Accounts: who may sign in, with which role, and whether a session is still valid. Knows no pages and no cookies.

mod audited;
mod devices;
mod ended_sessions;
mod password;
mod sessions;
mod table;
mod throttle;
mod user;
mod weak_passwords;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OnceCell, watch};
use tower_sessions_core::session::Id;

use crate::config::{Live, WebConfig};
use crate::db::{Db, DbError};
use crate::text::normalize;

use crate::model::Role;
pub use audited::{AuditNote, AuditedAccounts, AuditedOffline};
pub use devices::{DEVICE_KEPT_DAYS, Device, is_device_token};
pub use ended_sessions::SessionEnd;
pub use password::{HashQueue, HasherBusy};
pub(crate) use sessions::LOGIN_KEY;
pub use sessions::{SessionStatus, Sessions};
pub use throttle::{Attempt, Throttle, TooMany, network};
pub use user::{AccountError, MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, User, UserSummary, broken_password_rule, broken_rules};

use ended_sessions::EndedSessions;
use password::Hasher;
use user::name_key;

/// The database failed, or a rule forbids the change.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Rule(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Cheap handle to the accounts of one database.
#[derive(Debug, Clone)]
pub struct Accounts {
    db: Db,
    sessions: Sessions,
    /// Why sessions ended recently, for their sockets that are still open.
    ended: EndedSessions,
    hasher: Hasher,
    /// Rises when an account or session changes, so that open sockets check theirs at once.
    changed: Arc<watch::Sender<u64>>,
    /// The database's version when changes by other processes were last checked for.
    last_data_version: Arc<AtomicI64>,
    keys_renewed: Arc<OnceCell<()>>,
}

/// Characters of a typed name that are read.
const MAX_TYPED_NAME: usize = 4 * MAX_NAME;

/// The key under which sign-in attempts for a typed name are counted; the same for all spellings of the name.
pub fn attempts_key(name: &str) -> String {
    name_key(&name.chars().take(MAX_TYPED_NAME).collect::<String>()).chars().take(MAX_NAME).collect()
}

impl Accounts {
    /// `session_idle`: how long a session lasts that no request and no open page uses.
    pub fn new(db: Db, session_idle: Duration) -> Self {
        let sessions = Sessions::new(db.clone(), session_idle);
        Self {
            db,
            sessions,
            ended: EndedSessions::default(),
            hasher: Hasher::new(),
            changed: Arc::new(watch::channel(0).0),
            last_data_version: Arc::default(),
            keys_renewed: Arc::default(),
        }
    }

    /// Takes the maximum age of sessions from the configuration, also when it changes.
    pub fn configured(mut self, config: Live<WebConfig>) -> Self {
        self.sessions = self.sessions.configured(config);
        self
    }

    pub fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    /// Wakes when an account or session has changed; when the command line changed it, only after [`Self::check_for_external_changes`].
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Makes every socket check its session again.
    pub fn notify(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Calls [`Self::notify`] if another process has written to the database since the last call.
    pub async fn check_for_external_changes(&self) -> Result<(), DbError> {
        let version = self.db.data_version().await?;
        if self.last_data_version.swap(version, Ordering::Relaxed) != version {
            self.notify();
        }
        Ok(())
    }

    pub async fn count(&self) -> Result<i64, DbError> {
        self.db.read(table::count).await
    }

    pub async fn list(&self) -> Result<Vec<UserSummary>, DbError> {
        self.db.read(table::list).await
    }

    pub async fn get(&self, id: i64) -> Result<Option<User>, DbError> {
        self.db.read(move |conn| table::by_id(conn, id)).await
    }

    /// The user with this name if the password is right. Takes as long for names that don't exist.
    pub async fn verify(&self, name: &str, password: &str, queue: HashQueue) -> Result<Result<Option<User>, HasherBusy>, DbError> {
        self.renew_keys().await?;
        let name: String = name.chars().take(MAX_TYPED_NAME).collect();
        let found = self.db.read(move |conn| table::by_name(conn, &name)).await?;
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
        let right = match self.hasher.verify(user::candidates(password), hash.clone(), queue).await {
            Ok(right) => right,
            Err(busy) => return Ok(Err(busy)),
        };
        if let (Some(user), Some(right), Some(old)) = (&user, &right, hash)
            && normalize::password(right) != *right
        {
            let (id, new) = (user.id, self.hasher.hash(normalize::password(right)).await);
            self.db.later(move |conn| table::renew_hash(conn, id, &old, &new));
        }
        Ok(Ok(user.filter(|_| right.is_some())))
    }

    /// Once per start: gives users that an older version saved the name keys of this version.
    async fn renew_keys(&self) -> Result<(), DbError> {
        self.keys_renewed.get_or_try_init(|| self.db.write(table::renew_keys)).await.map(drop)
    }

    /// The first of these browsers in which this user has signed in before, if any.
    pub async fn known_device(&self, name: &str, devices: Vec<Device>) -> Result<Option<Device>, DbError> {
        let key: String = name_key(&name.chars().take(MAX_TYPED_NAME).collect::<String>());
        self.db.read(move |conn| devices::known_to(conn, &devices, &key)).await
    }

    /// Remembers the browser for this user. Returns a new token for it, unless one of its tokens is known already.
    pub async fn remember_device(&self, user: i64, devices: Vec<Device>) -> Result<Option<String>, DbError> {
        let new = devices::new_device_token();
        let fresh = Device::of(&new);
        let known = self.db.write(move |conn| {
            // A token that nobody has signed in with is never adopted: it may have been planted.
            let known = devices::known(conn, &devices)?;
            devices::remember(conn, known.unwrap_or(fresh), user)?;
            Ok(known)
        });
        Ok(if known.await?.is_some() { None } else { Some(new) })
    }

    /// Like [`AuditedAccounts::add`], without a note; so are the next three.
    pub async fn add(&self, name: &str, role: Role, password: &str) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).add(name, role, password).await
    }

    pub async fn set_password(&self, name: &str, password: &str) -> Result<User, ChangeError> {
        self.noted(audited::no_note()).set_password(name, password).await
    }

    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).set_role(name, role).await
    }

    pub async fn remove(&self, name: &str) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).remove(name).await
    }

    /// Whether this session of this user is still valid. If so, its end is postponed.
    pub async fn check_session(&self, session: Id, user: i64) -> Result<SessionStatus, DbError> {
        self.sessions.check(session, user).await
    }

    /// Remembers for a while why a session ended, for its sockets that are still open.
    pub fn note_end(&self, session: Id, why: SessionEnd) {
        self.ended.note(session, why);
    }

    pub fn why_ended(&self, session: Id) -> SessionEnd {
        self.ended.why(session)
    }

    /// Records the time of a user's last visit; the write may be dropped.
    pub fn seen(&self, user: i64) {
        self.db.later(move |conn| table::seen(conn, user));
    }

    /// The first of these sessions that is valid.
    pub async fn known_session(&self, sessions: Vec<Id>) -> Result<Option<Id>, DbError> {
        self.sessions.known(sessions).await
    }

    pub fn sweep_sessions(&self) {
        self.sessions.sweep();
        self.db.later(devices::sweep);
    }
}

/// The accounts for the command line: blocking, on a connection of its own, while a server may be running.
pub struct OfflineAccounts<'a>(pub &'a mut Connection);

impl OfflineAccounts<'_> {
    pub fn list(&mut self) -> Result<Vec<UserSummary>, ChangeError> {
        Ok(table::list(self.0).map_err(DbError::from)?)
    }

    /// Checks whether a new user may have this name, before the password is asked for.
    pub fn check_new_name(&mut self, name: &str) -> Result<String, ChangeError> {
        let name = user::check_name(name)?;
        match self.exists(&name)? {
            true => Err(AccountError::Taken(name).into()),
            false => Ok(name),
        }
    }

    /// Checks whether a user may have this password, before anything is written.
    pub fn check_password(name: &str, password: &str) -> Result<(), AccountError> {
        user::check_password(name, password).map(drop)
    }

    pub fn exists(&mut self, name: &str) -> Result<bool, ChangeError> {
        self.commit(|conn| {
            table::renew_keys(conn)?;
            Ok(Ok(table::by_name(conn, name)?.is_some()))
        })
    }

    /// Like [`AuditedOffline::add`], without a note; so are the next three.
    pub fn add(&mut self, name: &str, role: Role, password: &str) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).add(name, role, password)
    }

    pub fn set_password(&mut self, name: &str, password: &str) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).set_password(name, password)
    }

    pub fn set_role(&mut self, name: &str, role: Role) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).set_role(name, role)
    }

    pub fn remove(&mut self, name: &str) -> Result<(), ChangeError> {
        self.noted(audited::no_note()).remove(name)
    }

    fn commit<T>(&mut self, work: impl FnOnce(&Connection) -> table::ChangeResult<T>) -> Result<T, ChangeError> {
        let tx = self.0.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(DbError::from)?;
        let value = work(&tx).map_err(DbError::from)??;
        tx.commit().map_err(DbError::from)?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
