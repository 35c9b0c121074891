//! Entries of the log about what is done on the command line, and by whom.

use std::path::Path;

use rusqlite::Connection;

use crate::accounts::{AuditNote, User};
use crate::audit::{AuditEvent, Entry, write};
use crate::db::{DbError, open_current};

/// No account can be named so.
const COMMAND_LINE: &str = "command line";

/// The entry of something that was done.
pub(super) fn done(action: AuditEvent, detail: &str) -> Entry {
    Entry { user: who().into(), ..Entry::of(action).ended("done").detail(detail) }
}

/// For the transaction in which an account is changed. `detail` is about the account.
pub(super) fn note(action: AuditEvent, detail: impl FnOnce(&User) -> String + Send + 'static) -> AuditNote {
    Box::new(move |conn, user| write(conn, &done(action, &detail(user))))
}

/// Writes an entry into a database that is only read else: one of another version is left as it is. False where nothing was written.
pub(super) fn tell(data_dir: &Path, entry: &Entry) -> Result<bool, DbError> {
    let Some(conn) = open_current(data_dir)? else { return Ok(false) };
    write(&conn, entry)?;
    Ok(true)
}

/// The same on a connection that is open.
pub(super) fn tell_on(conn: &Connection, entry: &Entry) -> Result<(), DbError> {
    Ok(write(conn, entry)?)
}

/// `command line (max)`, by the user of the system; `command line (max as root)` with sudo.
pub(super) fn who() -> String {
    let sudo = std::env::var("SUDO_USER").ok().filter(|name| is_name(name));
    match (system_user(), sudo) {
        (Some(user), Some(sudo)) if sudo != user => format!("{COMMAND_LINE} ({sudo} as {user})"),
        (Some(user), _) => format!("{COMMAND_LINE} ({user})"),
        (None, _) => COMMAND_LINE.to_owned(),
    }
}

/// By the system's word, not by a variable that anybody can set.
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

/// From the text of `/etc/passwd`.
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
    fn a_user_of_the_system_is_named_and_nothing_else() {
        let users = "root:x:0:0:root:/root:/bin/sh\nmax:x:1000:1000::/home/max:\nodd name:x:7:7::/:\nbroken\n";
        assert_eq!([0, 1000, 7, 8].map(|id| name_of(id, users)), [Some("root".to_owned()), Some("max".to_owned()), None, None]);
        assert!(who().starts_with(COMMAND_LINE), "{}", who());
    }
}
