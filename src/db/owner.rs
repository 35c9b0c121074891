//! The owner of new files in a data directory. A command run by root must not leave files that the server's user can't use, so new files get
//! the owner of their parent directory. If that is root as well, the command warns.

use std::path::{Path, PathBuf};

use super::DbError;

/// The ownership that a new file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ownership {
    /// The owner is right, or only root could change it.
    Keep,
    Give(Owner),
    /// Root created it in a directory of root's: the server's user is not known.
    StaysRoot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub user: u32,
    pub group: u32,
}

/// `creator`: the user that creates the file. `parent`: the owner of its directory.
pub(super) fn decide(creator: u32, parent: Owner) -> Ownership {
    match (creator, parent.user) {
        (0, 0) => Ownership::StaysRoot,
        (0, _) => Ownership::Give(parent),
        _ => Ownership::Keep,
    }
}

/// The directories missing on the way to `dir`, outermost first, and the owner of the directory that contains them.
#[cfg(unix)]
pub(super) fn missing(dir: &Path) -> (Vec<PathBuf>, Option<Owner>) {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let mut missing: Vec<PathBuf> = absolute.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    let parent = absolute.ancestors().nth(missing.len()).and_then(of);
    missing.reverse();
    (missing, parent)
}

#[cfg(unix)]
pub(super) fn of(path: &Path) -> Option<Owner> {
    use std::os::unix::fs::MetadataExt;
    let data = std::fs::metadata(path).ok()?;
    Some(Owner { user: data.uid(), group: data.gid() })
}

/// Gives directories that this process has just created to their owner.
#[cfg(unix)]
pub(super) fn fix_directory_owners(created: &[PathBuf], parent: Option<Owner>) -> Result<(), DbError> {
    for path in created {
        let Some((me, parent)) = of(path).zip(parent) else { continue };
        if let Ownership::Give(owner) = decide(me.user, parent) {
            let given = std::os::unix::fs::lchown(path, Some(owner.user), Some(owner.group));
            given.map_err(|reason| not_given(path, owner, reason))?;
        }
    }
    Ok(())
}

/// Gives a file that this process has just created to its owner. By its handle, because its name may lead to another file by now.
#[cfg(unix)]
pub(super) fn fix_file_owner(path: &Path, file: &std::fs::File, parent: Option<Owner>) -> Result<(), DbError> {
    use std::os::unix::fs::MetadataExt;
    let creator = file.metadata().ok().map(|data| data.uid());
    match creator.zip(parent).map(|(creator, parent)| decide(creator, parent)) {
        Some(Ownership::Give(owner)) => std::os::unix::fs::fchown(file, Some(owner.user), Some(owner.group)).map_err(|reason| {
            // It was created a moment ago, and only root could use it.
            let _ = std::fs::remove_file(path);
            not_given(path, owner, reason)
        }),
        Some(Ownership::Keep | Ownership::StaysRoot) | None => Ok(()),
    }
}

#[cfg(unix)]
fn not_given(path: &Path, owner: Owner, reason: std::io::Error) -> DbError {
    DbError::Owner { path: path.to_owned(), user: owner.user, reason }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const USHER: Owner = Owner { user: 7, group: 8 };
    const ROOT: Owner = Owner { user: 0, group: 0 };

    #[rstest]
    #[case::root_at_a_users(0, USHER, Ownership::Give(USHER))]
    #[case::root_at_its_own(0, ROOT, Ownership::StaysRoot)]
    #[case::the_user(7, USHER, Ownership::Keep)]
    #[case::another_user(9, USHER, Ownership::Keep)]
    #[case::a_user_at_roots(7, ROOT, Ownership::Keep)]
    fn what_root_makes_belongs_to_whoever_owns_the_directory(#[case] creator: u32, #[case] parent: Owner, #[case] expected: Ownership) {
        assert_eq!(decide(creator, parent), expected);
    }

    /// `dir` and everything below it, with the owners.
    #[cfg(unix)]
    fn owners(dir: &Path) -> Vec<(String, Owner)> {
        let mut all = vec![(dir.display().to_string(), of(dir).expect("owner"))];
        for entry in std::fs::read_dir(dir).expect("directory") {
            let path = entry.expect("entry").path();
            if path.is_dir() { all.extend(owners(&path)) } else { all.push((path.display().to_string(), of(&path).expect("owner"))) }
        }
        all
    }

    #[cfg(unix)]
    #[test]
    fn a_database_that_root_makes_in_somebodys_directory_is_theirs_with_all_that_belongs_to_it() {
        let dir = tempfile::tempdir().expect("directory");
        if of(dir.path()).expect("owner").user != 0 {
            eprintln!("not tried: only root can give files away; what is decided is tried above");
            return;
        }
        let theirs = Owner { user: 4321, group: 4322 };
        std::os::unix::fs::chown(dir.path(), Some(theirs.user), Some(theirs.group)).expect("given");
        for data in [dir.path().to_owned(), dir.path().join("usher-data"), dir.path().join("a/b")] {
            let conn = crate::db::open_connection(&data).expect("database");
            conn.execute("INSERT INTO refused_credentials (hash) VALUES ('x')", []).expect("written");
            for file in ["usher.db", "usher.db-wal", "usher.db-shm", "usher.lock"] {
                assert!(data.join(file).exists(), "{file}");
            }
            for (path, owner) in owners(dir.path()) {
                assert_eq!(owner, theirs, "{path}");
            }
            drop(conn);
            drop(crate::db::DirectoryLock::take(&data).expect("held"));
            drop(crate::db::open_to_read(&data).expect("read").expect("a database"));
            for (path, owner) in owners(dir.path()) {
                assert_eq!(owner, theirs, "{path}, after others");
            }
        }
    }
}
