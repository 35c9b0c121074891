//! The files in the data directory: readable by their owner only, and locked by one server at a time. Reads and writes no database.
//!
//! Nothing but SQLite ever opens the database or its `-wal` and `-shm` files: POSIX locks belong to the process, and closing any descriptor of a
//! file drops all of them, also those that SQLite relies on. Another process would then believe that it is the only one and delete the
//! write-ahead log that the server uses (sqlite.org/howtocorrupt.html, section 2.2).

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::DbError;
#[cfg(unix)]
use super::owner::{self, Ownership};

/// The file that a running server locks. SQLite also copies the permissions of the database from it.
const LOCK_FILE: &str = "usher.lock";

/// The most bytes of a process id.
const MAX_PID_LEN: u64 = 20;

pub(super) fn database(data_dir: &Path) -> PathBuf {
    data_dir.join("usher.db")
}

/// The data directory and SQLite's files in it, with a description of each.
pub fn files_in(data_dir: &Path) -> [(&'static str, PathBuf); 4] {
    let file = |name: &str| data_dir.join(name);
    [
        ("data_dir", data_dir.to_owned()),
        ("the database", database(data_dir)),
        ("the write-ahead log", file("usher.db-wal")),
        ("the index of the write-ahead log", file("usher.db-shm")),
    ]
}

/// Creates the directory and the lock file if they are missing.
pub(super) fn prepare(data_dir: &Path) -> Result<(), DbError> {
    let unusable = |reason| DbError::Directory { path: data_dir.to_owned(), reason };
    let mut directory = DirBuilder::new();
    directory.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        directory.mode(0o700);
        let (missing, parent) = owner::missing(data_dir);
        directory.create(data_dir).map_err(unusable)?;
        owner::fix_directory_owners(&missing, parent)?;
    }
    #[cfg(not(unix))]
    directory.create(data_dir).map_err(unusable)?;
    // An existing lock file is not opened: on NFS its lock is a POSIX lock, and closing the file would drop the server's.
    create_file(&data_dir.join(LOCK_FILE), data_dir)
}

/// Creates an empty database if root runs this and the directory is another user's: SQLite gives its journal files to the owner of the
/// database, but leaves the database to its creator. No process can have it open, since it did not exist.
#[cfg(unix)]
pub(super) fn create_database(data_dir: &Path) -> Result<(), DbError> {
    let ownership = crate::system::user().zip(owner::of(data_dir)).map(|(me, parent)| owner::decide(me, parent));
    if matches!(ownership, Some(Ownership::Give(_))) { create_file(&database(data_dir), data_dir) } else { Ok(()) }
}

/// Whether a database created here now would belong to root: root runs this, and the directory is root's too.
pub fn is_made_for_root(data_dir: &Path) -> bool {
    #[cfg(unix)]
    {
        // If the directory is missing, the nearest existing parent decides.
        let parent = data_dir.ancestors().find(|path| path.exists() || path.as_os_str().is_empty());
        let parent = parent.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let ownership = crate::system::user().zip(owner::of(parent)).map(|(me, parent)| owner::decide(me, parent));
        !database(data_dir).exists() && ownership == Some(Ownership::StaysRoot)
    }
    #[cfg(not(unix))]
    {
        let _ = data_dir;
        false
    }
}

/// Creates an empty file with the right owner; leaves an existing file alone.
fn create_file(path: &Path, data_dir: &Path) -> Result<(), DbError> {
    match private().write(true).create_new(true).open(path) {
        #[cfg(unix)]
        Ok(file) => owner::fix_file_owner(path, &file, owner::of(data_dir)),
        #[cfg(not(unix))]
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(reason) => Err(DbError::Directory { path: data_dir.to_owned(), reason }),
    }
}

fn private() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "there is no mode to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// A URI that has SQLite create the database with the permissions of the lock file. It creates `-wal` and `-shm` with those of the database.
#[cfg(unix)]
pub(super) fn uri(data_dir: &Path) -> PathBuf {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let encoded = |path: &Path| {
        let bytes = path.as_os_str().as_bytes().iter();
        bytes
            .flat_map(|b| if matches!(b, b'%' | b'?' | b'#' | b'&') { format!("%{b:02X}").into_bytes() } else { vec![*b] })
            .collect::<Vec<u8>>()
    };
    // Absolute, because a URI that begins with two slashes would name a host.
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let parts: [Vec<u8>; 4] = [b"file:".to_vec(), encoded(&database(&absolute)), b"?modeof=".to_vec(), encoded(&absolute.join(LOCK_FILE))];
    OsString::from_vec(parts.concat()).into()
}

/// Elsewhere the permissions come from the directory.
#[cfg(not(unix))]
pub(super) fn uri(data_dir: &Path) -> PathBuf {
    database(data_dir)
}

/// Makes this process the only server of a data directory while it lives. The system releases the lock however the process ends.
#[derive(Debug)]
pub struct DirectoryLock(#[allow(dead_code, reason = "its lock ends when it is closed")] File);

impl DirectoryLock {
    /// Locks the directory, or says which process has it.
    pub fn take(data_dir: &Path) -> Result<Self, DbError> {
        prepare(data_dir)?;
        let path = data_dir.join(LOCK_FILE);
        let unusable = |reason| DbError::Lock { path: path.clone(), reason };
        let mut file = private().read(true).write(true).create(true).truncate(false).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DbError::Held { path: data_dir.to_owned(), by: holder(&mut file) }),
            Err(TryLockError::Error(reason)) => return Err(unusable(reason)),
        }
        // Only for the error message of a second server, which works without it on a full disk.
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = noted {
            tracing::warn!(path = %path.display(), %error, "process id not written to the lock file");
        }
        Ok(Self(file))
    }
}

/// Describes the process that holds the lock; its id may not be written yet.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(MAX_PID_LEN).read_to_string(&mut text);
    match read.ok().and_then(|_| text.trim().parse::<u32>().ok()) {
        Some(pid) => format!("process {pid}"),
        None => "another process".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::open_connection;

    #[test]
    fn a_directory_is_held_once_and_its_holder_is_named() {
        let dir = tempfile::tempdir().expect("directory");
        let hold = DirectoryLock::take(dir.path()).expect("free");
        let refused = DirectoryLock::take(dir.path()).expect_err("held").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())) && refused.contains("data_dir"), "{refused}");
        open_connection(dir.path()).expect("the database is no server");
        drop(hold);
        drop(DirectoryLock::take(dir.path()).expect("free again"));
        std::fs::write(dir.path().join(LOCK_FILE), "2147483647 and more text than any process id has").expect("written");
        drop(DirectoryLock::take(dir.path()).expect("what is in the file does not count"));
        assert_eq!(std::fs::read_to_string(dir.path().join(LOCK_FILE)).expect("text"), format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_lock_file_that_cannot_be_used_is_named_with_what_to_do() {
        let dir = tempfile::tempdir().expect("directory");
        std::fs::create_dir(dir.path().join(LOCK_FILE)).expect("a directory in its place");
        let refused = DirectoryLock::take(dir.path()).expect_err("unusable").to_string();
        assert!(refused.contains("usher.lock") && refused.contains("local disk"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn the_database_is_made_for_its_owner_alone_whatever_its_path_looks_like() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("directory");
        let names: [&[u8]; 6] = [b"plain", b"a b", b"100%41", b"what?mode=ro", b"x#y&z", b"caf\xe9"];
        for name in names {
            let data = dir.path().join(OsStr::from_bytes(name));
            let conn = open_connection(&data).unwrap_or_else(|error| panic!("{}: {error}", data.display()));
            conn.execute("INSERT INTO refused_credentials (hash) VALUES ('x')", []).expect("written");
            for file in ["usher.db", "usher.db-wal", "usher.db-shm", LOCK_FILE] {
                let mode = std::fs::metadata(data.join(file)).unwrap_or_else(|error| panic!("{file}: {error}")).permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{file} in {}", data.display());
            }
            assert_eq!(std::fs::metadata(&data).expect("data").permissions().mode() & 0o777, 0o700);
        }
    }
}
