//! `usher backup FILE`: a consistent copy of the database, also while a server writes to it. Changes nothing in the original but adds an audit
//! entry.

use std::io::Write;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::audit::AuditEvent;
use crate::db::{DbError, open_to_read};

use super::audit;

#[derive(Debug, thiserror::Error)]
pub(super) enum BackupError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("there is no database in {0} (key `data_dir`); nothing was copied")]
    NoDatabase(PathBuf),
    #[error("{0} exists already and is not overwritten; expected the name of a new file")]
    Exists(PathBuf),
    #[error("cannot make {path}: {reason}; expected a file name in a directory that this user may write")]
    Target { path: PathBuf, reason: std::io::Error },
    #[error("the copy failed and was removed again: {0}; see whether there is room for it on the disk of {1}")]
    Copy(rusqlite::Error, PathBuf),
    #[error("the copy is damaged and was removed again: {0}; the database itself may be damaged too, so keep older backups")]
    Unsound(String),
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
}

/// Copies the database in `data_dir` to `file`, which must not exist; reports to `out`.
pub(super) fn run(data_dir: &Path, file: &Path, out: &mut impl Write) -> Result<(), BackupError> {
    let database = open_to_read(data_dir)?.ok_or_else(|| BackupError::NoDatabase(data_dir.to_owned()))?;
    create_private(file)?;
    match copy(&database, file) {
        Ok(entries) => {
            let (from, size) = (data_dir.join("usher.db"), file.metadata().map_or(0, |data| data.len()));
            let (from, to, kb) = (from.display(), file.display(), size.div_ceil(1024));
            let written = writeln!(out, "Copied {from} to {to}: {kb} KiB, {entries} entries in the log, checked.\n{RESTORE}");
            written.map_err(BackupError::Output)?;
            // The copy is complete even if the entry can't be written.
            let recorded = audit::record(data_dir, &audit::done(AuditEvent::Backup, &to.to_string()));
            let why = match recorded {
                Ok(true) => return Ok(()),
                Ok(false) => "the database is of another version of Usher".to_owned(),
                Err(error) => error.to_string(),
            };
            writeln!(out, "The log of actions does not tell of this copy: {why}").map_err(BackupError::Output)
        }
        Err(error) => {
            // This process created it a moment ago.
            let _ = std::fs::remove_file(file);
            Err(error)
        }
    }
}

const RESTORE: &str = "It holds password hashes and secrets: only this user may read it. To use it, stop Usher, remove usher.db-wal and usher.db-shm \
                       from data_dir, and put the copy in the place of usher.db.";

/// Copies the database as of one moment, and checks the copy; returns the number of its audit entries.
fn copy(database: &Connection, file: &Path) -> Result<i64, BackupError> {
    let failed = |error| BackupError::Copy(error, file.to_owned());
    database.execute("VACUUM INTO ?1", [file.to_string_lossy()]).map_err(failed)?;
    let copy = Connection::open(file).map_err(failed)?;
    let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(BackupError::Unsound(verdict));
    }
    let is_there: bool = copy.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'log'", [], |row| row.get(0)).map_err(failed)?;
    let entries = if is_there { copy.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).map_err(failed)? } else { 0 };
    // Closed before the file is opened again: see `db/files.rs`.
    drop(copy);
    // SQLite does not sync the copy.
    let synced = std::fs::File::open(file).and_then(|file| file.sync_all());
    synced.map_err(|reason| BackupError::Target { path: file.to_owned(), reason })?;
    Ok(entries)
}

/// Creates an empty file that only this user can read; fails if it exists.
fn create_private(path: &Path) -> Result<(), BackupError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop).map_err(|reason| match reason.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
        _ => BackupError::Target { path: path.to_owned(), reason },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::open_connection;

    fn backup(data_dir: &Path, file: &Path) -> Result<String, String> {
        let mut out = Vec::new();
        run(data_dir, file, &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn a_failed_backup_says_why_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("directory");
        let (data, file) = (dir.path().join("data"), dir.path().join("copy.db"));
        assert!(backup(&data, &file).expect_err("no database").contains("there is no database in"));
        assert!(!file.exists() && !data.exists());
        drop(open_connection(&data).expect("database"));
        std::fs::write(&file, "mine").expect("written");
        assert!(backup(&data, &file).expect_err("exists").contains("is not overwritten"));
        assert_eq!(std::fs::read_to_string(&file).expect("as it was"), "mine");
        assert!(backup(&data, &dir.path().join("nowhere/copy.db")).expect_err("no directory").contains("cannot make"));
    }

    #[test]
    fn a_broken_database_makes_no_copy() {
        let dir = tempfile::tempdir().expect("directory");
        std::fs::write(dir.path().join("usher.db"), "not a database at all, but long enough to be read as one".repeat(100))
            .expect("written");
        let file = dir.path().join("copy.db");
        assert!(backup(dir.path(), &file).expect_err("broken").contains("failed and was removed"));
        assert!(!file.exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_copy_is_for_its_owner_alone_and_a_whole_database() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("directory");
        drop(open_connection(dir.path()).expect("database"));
        let copies = tempfile::tempdir().expect("directory");
        let file = copies.path().join("usher.db");
        let text = backup(dir.path(), &file).expect("copied");
        assert!(text.contains("0 entries in the log") && text.contains("checked"), "{text}");
        assert_eq!(file.metadata().expect("data").permissions().mode() & 0o777, 0o600);
        let names: Vec<_> = std::fs::read_dir(copies.path()).expect("directory").map(|entry| entry.expect("entry").file_name()).collect();
        assert_eq!(names, ["usher.db"], "nothing beside it");
        open_connection(copies.path()).expect("Usher opens it");
    }
}
