//! Accounts: who may log in, as what, and whether a log-in is still good. Knows no pages and no cookies.

mod ended;
mod password;
mod sessions;
mod table;
mod throttle;
mod user;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;
use tower_sessions_core::session::Id;

use crate::config::{Live, WebConfig};
use crate::db::{Db, DbError};

pub use ended::Why;
pub(crate) use sessions::LOGIN_KEY;
pub use sessions::{LogIn, Sessions};
pub use throttle::{Throttle, TooMany};
pub use user::{AccountError, Listed, MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, Role, User};

use ended::Ended;
use password::Hasher;

/// A database failure, or a rule that says no.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
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
    /// Why sessions ended that were replaced a moment ago, for the sockets that still belong to them.
    ended: Ended,
    hasher: Hasher,
    /// Rises when an account or log-in changed, so that open sockets look at once.
    changed: Arc<watch::Sender<u64>>,
    /// The database's version when its other writers were last looked for.
    foreign: Arc<AtomicI64>,
}

impl Accounts {
    /// `session_idle`: how long a log-in lasts that no request and no open page uses.
    pub fn new(db: Db, session_idle: Duration) -> Self {
        let sessions = Sessions::new(db.clone(), session_idle);
        Self {
            db,
            sessions,
            ended: Ended::default(),
            hasher: Hasher::new(),
            changed: Arc::new(watch::channel(0).0),
            foreign: Arc::default(),
        }
    }

    /// With the end of sessions that the configuration sets, also when it changes.
    pub fn configured(mut self, config: Live<WebConfig>) -> Self {
        self.sessions = self.sessions.configured(config);
        self
    }

    pub fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    /// Wakes when an account or log-in has changed; by the command line only where [`Self::look_for_foreign_changes`] is called.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Makes every socket look at its log-in again.
    pub fn notify(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Makes every socket look again if another process has written to the database since the last call.
    pub async fn look_for_foreign_changes(&self) -> Result<(), DbError> {
        let version = self.db.foreign_version().await?;
        if self.foreign.swap(version, Ordering::Relaxed) != version {
            self.notify();
        }
        Ok(())
    }

    pub async fn count(&self) -> Result<i64, DbError> {
        self.db.read(table::count).await
    }

    pub async fn list(&self) -> Result<Vec<Listed>, DbError> {
        self.db.read(table::list).await
    }

    pub async fn get(&self, id: i64) -> Result<Option<User>, DbError> {
        self.db.read(move |conn| table::by_id(conn, id)).await
    }

    /// The user of this name if the password is right. Takes as long for names that don't exist.
    pub async fn verify(&self, name: &str, password: &str) -> Result<Option<User>, DbError> {
        let name = name.to_owned();
        let found = self.db.read(move |conn| table::by_name(conn, &name)).await?;
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
        // Longer ones can't have been set; hashing them would only cost time.
        let password = if password.chars().count() > MAX_PASSWORD { String::new() } else { password.to_owned() };
        let right = self.hasher.verify(password, hash).await;
        Ok(user.filter(|_| right))
    }

    pub async fn add(&self, name: &str, role: Role, password: &str) -> Result<(), Refused> {
        let name = user::check_name(name)?.to_owned();
        user::check_password(&name, password)?;
        let hash = self.hasher.hash(password.to_owned()).await;
        Ok(self.db.write(move |conn| table::add(conn, &name, role, &hash)).await??)
    }

    /// Signs the user out everywhere. Call [`Accounts::notify`] when a session that takes the place of one of these is saved.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<User, Refused> {
        user::check_password(name, password)?;
        let hash = self.hasher.hash(password.to_owned()).await;
        let name = name.to_owned();
        Ok(self.db.write(move |conn| table::set_password(conn, &name, &hash)).await??)
    }

    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), Refused> {
        let name = name.to_owned();
        self.db.write(move |conn| table::set_role(conn, &name, role)).await??;
        self.notify();
        Ok(())
    }

    pub async fn remove(&self, name: &str) -> Result<(), Refused> {
        let name = name.to_owned();
        self.db.write(move |conn| table::remove(conn, &name)).await??;
        self.notify();
        Ok(())
    }

    /// Is this session still a log-in of this user? If so it lasts on.
    pub async fn still_logged_in(&self, session: Id, user: i64) -> Result<LogIn, DbError> {
        self.sessions.check(session, user).await
    }

    /// Remembers for a while why a session was ended; its sockets are told when they look.
    pub fn note_end(&self, session: Id, why: Why) {
        self.ended.note(session, why);
    }

    pub fn why_ended(&self, session: Id) -> Why {
        self.ended.why(session)
    }

    /// Notes when somebody was last here; may be lost.
    pub fn seen(&self, user: i64) {
        self.db.later(move |conn| table::seen(conn, user));
    }

    /// The first of these that is somebody's log-in.
    pub async fn known_session(&self, sessions: Vec<Id>) -> Result<Option<Id>, DbError> {
        self.sessions.known(sessions).await
    }

    pub fn sweep_sessions(&self) {
        self.sessions.sweep();
    }
}

/// The same for the command line: at once, on a connection of its own, while a server may be running.
pub struct Offline<'a>(pub &'a mut Connection);

impl Offline<'_> {
    pub fn list(&mut self) -> Result<Vec<Listed>, Refused> {
        Ok(table::list(self.0).map_err(DbError::from)?)
    }

    /// Would this name and password do? Asked before anything is written.
    pub fn check(name: &str, password: &str) -> Result<(), AccountError> {
        user::check_password(user::check_name(name)?, password)
    }

    pub fn exists(&mut self, name: &str) -> Result<bool, Refused> {
        Ok(table::by_name(self.0, name).map_err(DbError::from)?.is_some())
    }

    pub fn add(&mut self, name: &str, role: Role, password: &str) -> Result<(), Refused> {
        Self::check(name, password)?;
        let hash = password::hash(password);
        self.commit(|conn| table::add(conn, name, role, &hash))
    }

    pub fn set_password(&mut self, name: &str, password: &str) -> Result<(), Refused> {
        user::check_password(name, password)?;
        let hash = password::hash(password);
        self.commit(|conn| table::set_password(conn, name, &hash)).map(drop)
    }

    pub fn set_role(&mut self, name: &str, role: Role) -> Result<(), Refused> {
        self.commit(|conn| table::set_role(conn, name, role))
    }

    pub fn remove(&mut self, name: &str) -> Result<(), Refused> {
        self.commit(|conn| table::remove(conn, name))
    }

    fn commit<T>(&mut self, work: impl FnOnce(&Connection) -> table::Outcome<T>) -> Result<T, Refused> {
        let tx = self.0.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(DbError::from)?;
        let value = work(&tx).map_err(DbError::from)??;
        tx.commit().map_err(DbError::from)?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
