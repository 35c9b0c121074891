//! The table of the log: inserts entries and deletes expired ones. `query` reads them.

use rusqlite::Connection;

use super::entry::Entry;
use crate::clock;
use crate::model::wire_name::to_wire;

/// Adds an entry in the caller's transaction, for a change of the database alone.
pub fn write(conn: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    insert(conn, [entry], clock::offset_ms())
}

/// Adds entries in the caller's transaction. `clock_offset`: see [`clock::offset_ms`].
pub(super) fn insert<'a>(conn: &Connection, entries: impl IntoIterator<Item = &'a Entry>, clock_offset: i64) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO log (at, user, address, action, scope, person, name, person_address, meeting, meeting_name, bridge, result, reason, \
         waited_ms, detail, space, tenant, bridge_id, action_id, corrects) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
         ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
    )?;
    for entry in entries {
        let subject = &entry.subject;
        insert.execute(rusqlite::params![
            entry.at + clock_offset,
            &*entry.user,
            &*entry.address,
            &*to_wire(&entry.action),
            &*entry.scope,
            &*subject.person,
            &*subject.name,
            &*subject.address,
            &*subject.meeting,
            &*subject.meeting_name,
            &*subject.bridge,
            &*entry.result,
            &*entry.reason,
            entry.waited_ms(),
            &*entry.detail,
            &*subject.space,
            &*subject.tenant,
            &*subject.bridge_id,
            &*entry.action_id,
            &*entry.corrects,
        ])?;
    }
    Ok(())
}

/// Deletes up to `at_most` of the oldest entries from before `kept_from` (Unix milliseconds); returns their number.
pub(super) fn delete_before(conn: &Connection, kept_from: i64, at_most: usize) -> rusqlite::Result<usize> {
    conn.execute("UPDATE log_kept_from SET at = ?1 WHERE at <> ?1", [kept_from])?;
    let mut delete = conn.prepare_cached("DELETE FROM log WHERE id IN (SELECT id FROM log WHERE at < ?1 ORDER BY at LIMIT ?2)")?;
    delete.execute((kept_from, i64::try_from(at_most).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::audit::AuditEvent;
    use crate::clock::now_ms;
    use crate::db::open_connection;

    fn filled() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().expect("directory");
        let conn = open_connection(dir.path()).expect("database");
        let now = now_ms();
        let entries: Vec<Entry> = (0..10).map(|n| Entry { at: now - 1000 * n, ..Entry::elsewhere(AuditEvent::LetIn) }).collect();
        insert(&conn, &entries, 0).expect("added");
        (dir, conn)
    }

    fn count(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).expect("count")
    }

    #[rstest]
    #[case("UPDATE log SET user = 'mo'")]
    #[case("UPDATE log SET id = id + 100 WHERE id = 1")]
    #[case("DELETE FROM log")]
    #[case("DELETE FROM log WHERE id = 1")]
    #[case(
        "INSERT OR REPLACE INTO log (id, at, user, address, action, scope, person, name, person_address, meeting, meeting_name, bridge, \
         result, reason, detail) VALUES (1, 1, 'eve', '', '', '', '', '', '', '', '', '', '', '', '')"
    )]
    #[case("UPDATE OR REPLACE log SET id = 1 WHERE id = 2")]
    fn nothing_but_adding_is_possible(#[case] statement: &str) {
        let (_dir, conn) = filled();
        let error = conn.execute(statement, []).expect_err("refused").to_string();
        assert!(error.contains("append-only"), "{error}");
        let users: i64 = conn.query_row("SELECT count(*) FROM log WHERE user = ''", [], |row| row.get(0)).expect("count");
        assert_eq!((count(&conn), users), (10, 10));
    }

    #[test]
    fn expired_entries_are_deleted_oldest_first_and_a_few_at_a_time() {
        let (_dir, conn) = filled();
        let kept_from = now_ms() - 4500;
        assert_eq!(delete_before(&conn, kept_from, 3).expect("deleted"), 3);
        let oldest: i64 = conn.query_row("SELECT min(at) FROM log", [], |row| row.get(0)).expect("oldest");
        assert!(oldest < kept_from && oldest > kept_from - 3000, "the oldest went first");
        assert_eq!(delete_before(&conn, kept_from, 100).expect("deleted"), 2);
        assert_eq!(delete_before(&conn, kept_from, 100).expect("deleted"), 0);
        assert_eq!(count(&conn), 5);
        assert!(conn.execute("DELETE FROM log", []).is_err(), "what is kept stays kept");
    }

    #[test]
    fn an_id_is_never_used_twice() {
        let (_dir, conn) = filled();
        delete_before(&conn, now_ms() + 1000, 100).expect("deleted");
        insert(&conn, &[Entry::elsewhere(AuditEvent::LetIn)], 0).expect("added");
        assert_eq!(conn.query_row("SELECT id FROM log", [], |row| row.get::<_, i64>(0)).expect("one"), 11);
    }
}
