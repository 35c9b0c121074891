//! Audit entries for commands, with the system user who ran them.

use std::path::Path;

use rusqlite::Connection;

use crate::accounts::{AuditNote, User};
use crate::audit::{AuditEvent, Entry, write};
use crate::db::{DbError, open_current};

/// The user of the entries. No account can have this name.
const COMMAND_LINE: &str = "command line";

/// An entry about a command that succeeded.
pub(super) fn done(action: AuditEvent, detail: &str) -> Entry {
    Entry { user: command_line_user().into(), ..Entry::of(action).ended("done").detail(detail) }
}

/// Writes the entry in the transaction that changes an account. `detail` describes the account.
pub(super) fn note(action: AuditEvent, detail: impl FnOnce(&User) -> String + Send + 'static) -> AuditNote {
    Box::new(move |conn, user| write(conn, &done(action, &detail(user))))
}

/// Writes an entry for a command that otherwise only reads. Returns false, and writes nothing, if the database has another version.
pub(super) fn record(data_dir: &Path, entry: &Entry) -> Result<bool, DbError> {
    let Some(conn) = open_current(data_dir)? else { return Ok(false) };
    write(&conn, entry)?;
    Ok(true)
}

/// Writes an entry on an open connection.
pub(super) fn record_on(conn: &Connection, entry: &Entry) -> Result<(), DbError> {
    Ok(write(conn, entry)?)
}

/// `command line (max)`, with the system user; `command line (max as root)` with sudo.
pub(super) fn command_line_user() -> String {
    let sudo = std::env::var("SUDO_USER").ok().filter(|name| is_name(name));
    match (system_user(), sudo) {
        (Some(user), Some(sudo)) if sudo != user => format!("{COMMAND_LINE} ({sudo} as {user})"),
        (Some(user), _) => format!("{COMMAND_LINE} ({user})"),
        (None, _) => COMMAND_LINE.to_owned(),
    }
}

/// From the system, not from a variable that anybody can set.
#[cfg(unix)]
fn system_user() -> Option<String> {
    let id = crate::system::user()?;
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(name_of(id, &users).unwrap_or_else(|| format!("uid {id}")))
}

#[cfg(not(unix))]
fn system_user() -> Option<String> {
    std::env::var("USERNAME").ok().filter(|name| is_name(name))
}

/// The name of a user, from the text of `/etc/passwd`.
#[cfg_attr(not(unix), allow(dead_code, reason = "other systems have no such file"))]
fn name_of(id: u32, users: &str) -> Option<String> {
    let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let own = fields.find(|fields| fields.get(2).and_then(|field| field.parse().ok()) == Some(id))?;
    own.first().filter(|name| is_name(name)).map(|name| (*name).to_owned())
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_alphanumeric() || "._-@+$\\".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_of_a_system_user_is_used() {
        let users = "root:x:0:0:root:/root:/bin/sh\nmax:x:1000:1000::/home/max:\nodd name:x:7:7::/:\nbroken\n";
        assert_eq!([0, 1000, 7, 8].map(|id| name_of(id, users)), [Some("root".to_owned()), Some("max".to_owned()), None, None]);
        assert!(command_line_user().starts_with(COMMAND_LINE), "{}", command_line_user());
    }
}
