use super::*;

fn open() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().expect("directory");
    let db = Db::open(dir.path()).expect("database");
    (dir, db)
}

fn count(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
}

fn insert(conn: &Connection, id: &str) -> rusqlite::Result<()> {
    conn.execute("INSERT INTO sessions (id, data, expires) VALUES (?1, '{}', 0)", [id]).map(drop)
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, db) = open();
    db.write(|conn| insert(conn, "a")).await.expect("write");
    for file in ["usher.db", "usher.db-wal"] {
        let mode = std::fs::metadata(dir.path().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_behind() {
    let (_dir, db) = open();
    let failed = db.write(|conn| insert(conn, "a").and_then(|()| insert(conn, "a"))).await;
    assert!(matches!(failed, Err(DbError::Sqlite(_))));
    assert_eq!(db.read(count).await.expect("read"), 0);
}

#[tokio::test]
async fn deferred_writes_are_committed_in_order() {
    let (_dir, db) = open();
    for n in 0..600 {
        db.later(move |conn| insert(conn, &n.to_string()));
    }
    db.later(|conn| insert(conn, "0")); // fails alone
    db.flush().await.expect("flush");
    assert_eq!(db.read(count).await.expect("read"), 600);
}

fn data(conn: &Connection, id: &str) -> rusqlite::Result<String> {
    conn.query_row("SELECT data FROM sessions WHERE id = ?1", [id], |row| row.get(0))
}

fn keep(db: &Db, id: &'static str, data: &str) {
    let data = data.to_owned();
    db.keep(("session", id.into()), move |conn| {
        conn.execute("INSERT OR REPLACE INTO sessions (id, data, expires) VALUES (?1, ?2, 0)", [id, &data]).map(drop)
    });
}

#[tokio::test]
async fn what_is_kept_is_never_lost_and_of_each_thing_only_the_last_is_written() {
    let (_dir, db) = open();
    let (held, holds) = std::sync::mpsc::channel::<()>();
    db.later(move |_| {
        let _ = holds.recv();
        Ok(())
    });
    // More writes than the queue of the database holds.
    for n in 0..5000 {
        keep(&db, "flooded", &n.to_string());
        db.later(|_| Ok(()));
    }
    keep(&db, "once", "done");
    db.keep(("session", "broken".into()), |conn| conn.execute("INSERT INTO nowhere VALUES (1)", []).map(drop));
    db.keep(("session", "panics".into()), |_| panic!("on purpose"));
    held.send(()).expect("waits");
    db.flush().await.expect("flush");
    let found = db.read(|conn| Ok((data(conn, "flooded")?, data(conn, "once")?))).await.expect("read");
    assert_eq!(found, ("4999".to_owned(), "done".to_owned()));
}

#[tokio::test]
async fn a_kept_write_is_repeated_until_it_succeeds() {
    let (dir, db) = open();
    let full =
        |pages: i64| move |conn: &Connection| conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0));
    db.write(full(1)).await.expect("as full as it gets");
    keep(&db, "large", &"x".repeat(100_000));
    assert!(db.flush().await.is_err(), "there is no room");
    keep(&db, "large", &"y".repeat(100_000));
    db.write(full(1 << 30)).await.expect("room again");
    drop(db);
    let conn = open_connection(dir.path()).expect("database");
    let mut found = Err(rusqlite::Error::QueryReturnedNoRows);
    for _ in 0..1000 {
        found = data(&conn, "large");
        if found.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(found.expect("written without another word").chars().next(), Some('y'), "what came last");
}

#[tokio::test]
async fn a_panicking_job_costs_only_its_caller() {
    let (_dir, db) = open();
    let panicked = db.write(|_| -> rusqlite::Result<()> { panic!("on purpose") }).await;
    assert!(matches!(panicked, Err(DbError::Ended)));
    db.write(|conn| insert(conn, "a")).await.expect("the thread goes on");
}

#[tokio::test]
async fn another_process_may_write_meanwhile() {
    let (dir, db) = open();
    let other = open_connection(dir.path()).expect("second connection");
    insert(&other, "theirs").expect("write");
    db.write(|conn| insert(conn, "ours")).await.expect("write");
    assert_eq!(count(&other).expect("read"), 2);
}

#[tokio::test]
async fn a_checkpoint_empties_the_write_ahead_log_and_counts_as_no_external_change() {
    let (dir, db) = open();
    let third = open_connection(dir.path()).expect("third connection");
    let before = db.data_version().await.expect("version");
    let size = || std::fs::metadata(dir.path().join("usher.db-wal")).expect("file").len();
    let mut sizes = Vec::new();
    for round in 0..3 {
        for n in 0..50 {
            db.write(move |conn| insert(conn, &format!("{round} {n}"))).await.expect("write");
        }
        threads::run_checkpoints(&third).expect("a checkpoint");
        let left: (i64, i64) =
            third.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?))).expect("a checkpoint");
        assert_eq!(left.0, left.1, "everything is in the file");
        sizes.push(size());
    }
    assert_eq!(db.data_version().await.expect("version"), before);
    assert_eq!(db.read(count).await.expect("read"), 150);
    assert!(sizes[2] < 2 * sizes[0], "it begins anew after each: {sizes:?} bytes");
}

/// The number of POSIX locks that this process has on a file, from the system's list.
#[cfg(target_os = "linux")]
fn locks(path: &std::path::Path) -> usize {
    use std::os::unix::fs::MetadataExt;
    let (pid, inode) = (std::process::id().to_string(), std::fs::metadata(path).expect("file").ino().to_string());
    let all = std::fs::read_to_string("/proc/locks").expect("the system's locks");
    let ours = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.contains(&"POSIX") && words.contains(&&*pid) && words.iter().any(|word| word.rsplit(':').next() == Some(&*inode))
    };
    all.lines().filter(ours).count()
}

/// Other processes see by these locks that the database is in use. Nothing that this process does may drop them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_locks_on_the_database_are_kept() {
    let (dir, db) = open();
    db.write(|conn| insert(conn, "a")).await.expect("write");
    let (file, shm) = (dir.path().join("usher.db"), dir.path().join("usher.db-shm"));
    let held = |when: &str| assert!(locks(&file) > 0 && locks(&shm) > 0, "{when}: {} and {}", locks(&file), locks(&shm));
    held("at the beginning");
    drop(open_connection(dir.path()).expect("another connection"));
    held("after another connection");
    drop(open_to_read(dir.path()).expect("a connection to read").expect("a database"));
    held("after reading");
    drop(db.open_reader().expect("a connection apart"));
    held("after reading apart");
    drop(Db::open(dir.path()).expect("all of it again"));
    held("after all of it again");
    drop(DirectoryLock::take(dir.path()).expect("held"));
    held("after the directory was held");
    db.flush().await.expect("flush");
    held("after a write");
}
