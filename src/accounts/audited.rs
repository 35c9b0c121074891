//! Changes of accounts, each in one transaction with a note that the caller provides. Does not know where the note is written.

use rusqlite::Connection;

use super::user::{AccountError, User};
use super::{Accounts, ChangeError, OfflineAccounts, password, table, user};
use crate::db::DbError;
use crate::model::Role;

/// Records a change of an account; if that fails, the change is rolled back. Gets the user as it was before the change, or as it was added.
pub type AuditNote = Box<dyn FnOnce(&Connection, &User) -> rusqlite::Result<()> + Send>;

/// Records nothing.
pub(super) fn no_note() -> AuditNote {
    Box::new(|_, _| Ok(()))
}

/// One change of an account, to be written together with its note.
pub struct AuditedAccounts<'a> {
    accounts: &'a Accounts,
    note: AuditNote,
}

impl Accounts {
    pub fn noted(&self, note: AuditNote) -> AuditedAccounts<'_> {
        AuditedAccounts { accounts: self, note }
    }
}

impl AuditedAccounts<'_> {
    pub async fn add(self, name: &str, role: Role, password: &str) -> Result<(), ChangeError> {
        let name = user::check_name(name)?;
        let password = user::check_password(&name, password)?;
        let hash = self.accounts.hasher.hash(password).await;
        self.write(move |conn| table::add(conn, &name, role, &hash)).await.map(drop)
    }

    /// Signs the user out everywhere. Call [`Accounts::notify`] afterwards, once the session that replaces the current one is saved.
    pub async fn set_password(self, name: &str, password: &str) -> Result<User, ChangeError> {
        let password = user::check_password(name, password)?;
        let hash = self.accounts.hasher.hash(password).await;
        let name = name.to_owned();
        self.write(move |conn| table::set_password(conn, &name, &hash)).await
    }

    pub async fn set_role(self, name: &str, role: Role) -> Result<(), ChangeError> {
        let (accounts, name) = (self.accounts, name.to_owned());
        self.write(move |conn| table::set_role(conn, &name, role)).await?;
        accounts.notify();
        Ok(())
    }

    pub async fn remove(self, name: &str) -> Result<(), ChangeError> {
        let (accounts, name) = (self.accounts, name.to_owned());
        self.write(move |conn| table::remove(conn, &name)).await?;
        accounts.notify();
        Ok(())
    }

    async fn write(self, work: impl FnOnce(&Connection) -> table::ChangeResult<User> + Send + 'static) -> Result<User, ChangeError> {
        let note = self.note;
        Ok(self.accounts.db.write(move |conn| with_note(conn, work, note)).await??)
    }
}

fn with_note(conn: &Connection, work: impl FnOnce(&Connection) -> table::ChangeResult<User>, note: AuditNote) -> table::ChangeResult<User> {
    let done = work(conn)?;
    if let Ok(user) = &done {
        note(conn, user)?;
    }
    Ok(done)
}

/// Like [`AuditedAccounts`], for the command line.
pub struct AuditedOffline<'a> {
    conn: &'a mut Connection,
    note: AuditNote,
}

impl OfflineAccounts<'_> {
    pub fn noted(&mut self, note: AuditNote) -> AuditedOffline<'_> {
        AuditedOffline { conn: self.0, note }
    }
}

impl AuditedOffline<'_> {
    pub fn add(self, name: &str, role: Role, password: &str) -> Result<(), ChangeError> {
        let name = user::check_name(name)?;
        let hash = password::hash(&user::check_password(&name, password)?);
        self.commit(|conn| table::add(conn, &name, role, &hash))
    }

    pub fn set_password(self, name: &str, password: &str) -> Result<(), ChangeError> {
        let hash = password::hash(&user::check_password(name, password)?);
        self.commit(|conn| table::set_password(conn, name, &hash))
    }

    pub fn set_role(self, name: &str, role: Role) -> Result<(), ChangeError> {
        self.commit(|conn| table::set_role(conn, name, role))
    }

    pub fn remove(self, name: &str) -> Result<(), ChangeError> {
        self.commit(|conn| table::remove(conn, name))
    }

    fn commit(self, work: impl FnOnce(&Connection) -> table::ChangeResult<User>) -> Result<(), ChangeError> {
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(DbError::from)?;
        let done: Result<User, AccountError> = with_note(&tx, work, self.note).map_err(DbError::from)?;
        done?;
        tx.commit().map_err(DbError::from)?;
        Ok(())
    }
}
