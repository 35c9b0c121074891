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
async fn writes_nobody_waits_for_are_committed_in_order() {
    let (_dir, db) = open();
    for n in 0..600 {
        db.later(move |conn| insert(conn, &n.to_string()));
    }
    db.later(|conn| insert(conn, "0")); // fails alone
    db.flush().await.expect("flush");
    assert_eq!(db.read(count).await.expect("read"), 600);
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
