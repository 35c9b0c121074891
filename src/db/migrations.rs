//! The migrations of the database. Only append: a released step is never edited.

use rusqlite::Connection;

/// Step `n` (from 1) turns a database of version `n - 1` into one of version `n`; the version is SQLite's `user_version`.
const STEPS: &[&str] = &[
    // 1: users and their sessions.
    "CREATE TABLE users (
         id        INTEGER PRIMARY KEY AUTOINCREMENT,
         name      TEXT    NOT NULL,
         name_key  TEXT    NOT NULL UNIQUE,
         role      TEXT    NOT NULL CHECK (role IN ('viewer', 'moderator', 'admin')),
         hash      TEXT    NOT NULL,
         stamp     BLOB    NOT NULL,
         created   INTEGER NOT NULL,
         last_seen INTEGER
     ) STRICT;
     CREATE TABLE sessions (
         id      TEXT    PRIMARY KEY,
         user    INTEGER REFERENCES users (id) ON DELETE CASCADE,
         stamp   BLOB,
         data    TEXT    NOT NULL,
         expires INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX sessions_by_user ON sessions (user);
     CREATE INDEX sessions_by_expiry ON sessions (expires);",
    // 2: the journal of action requests with their results; waits and refused credentials, which must survive a restart.
    "CREATE TABLE presses (
         id      INTEGER PRIMARY KEY,
         at      INTEGER NOT NULL,
         user    TEXT    NOT NULL,
         address TEXT    NOT NULL,
         scope   TEXT    NOT NULL
     ) STRICT;
     CREATE TABLE press_people (
         press   INTEGER NOT NULL REFERENCES presses (id) ON DELETE CASCADE,
         person  TEXT    NOT NULL,
         name    TEXT    NOT NULL,
         address TEXT    NOT NULL,
         call    TEXT    NOT NULL,
         result  TEXT,
         reason  TEXT,
         ended   INTEGER,
         PRIMARY KEY (press, person)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX press_people_open ON press_people (press) WHERE result IS NULL;
     CREATE TABLE waiting (
         person TEXT    PRIMARY KEY,
         since  INTEGER NOT NULL,
         up_to  INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE refused_credentials (hash TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;",
    // 3: paused bridges; the secret addresses to which bridges post records, and the last record that arrived.
    "CREATE TABLE paused_bridges (
         bridge TEXT    PRIMARY KEY,
         user   TEXT    NOT NULL,
         since  INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE cdr_secrets (
         bridge     TEXT    PRIMARY KEY,
         secret     TEXT    NOT NULL,
         last_at    INTEGER,
         next_index INTEGER
     ) STRICT, WITHOUT ROWID;",
    // 4: what moderators set for participants, meetings and spaces (JSON); the preferences of each user.
    "CREATE TABLE desk (
         what  TEXT    NOT NULL,
         id    TEXT    NOT NULL,
         value TEXT    NOT NULL,
         at    INTEGER NOT NULL,
         PRIMARY KEY (what, id)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE prefs (
         user  INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
         value TEXT    NOT NULL
     ) STRICT;",
    // 5: the journal takes any action, on participants or meetings (`press_people.person` has the id of either).
    "ALTER TABLE presses ADD COLUMN action TEXT NOT NULL DEFAULT 'admit';",
    // 6: the audit log. Rows are added and never changed. Only rows older than `log_kept_from` may be deleted; only retention changes it.
    "CREATE TABLE log (
         id             INTEGER PRIMARY KEY AUTOINCREMENT,
         at             INTEGER NOT NULL,
         user           TEXT    NOT NULL,
         address        TEXT    NOT NULL,
         action         TEXT    NOT NULL,
         scope          TEXT    NOT NULL,
         person         TEXT    NOT NULL,
         name           TEXT    NOT NULL,
         person_address TEXT    NOT NULL,
         meeting        TEXT    NOT NULL,
         meeting_name   TEXT    NOT NULL,
         bridge         TEXT    NOT NULL,
         result         TEXT    NOT NULL,
         reason         TEXT    NOT NULL,
         waited_ms      INTEGER,
         detail         TEXT    NOT NULL
     ) STRICT;
     CREATE INDEX log_by_time ON log (at);
     CREATE INDEX log_by_user ON log (user, at);
     CREATE INDEX log_by_meeting ON log (meeting, at) WHERE meeting <> '';
     CREATE INDEX log_by_person ON log (person, at) WHERE person <> '';
     CREATE TABLE log_kept_from (
         only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
         at       INTEGER NOT NULL
     ) STRICT;
     INSERT INTO log_kept_from (only_row, at) VALUES (1, 0);
     CREATE TRIGGER log_is_not_changed BEFORE UPDATE ON log BEGIN
         SELECT RAISE(ABORT, 'the log is append-only: its rows are not changed');
     END;
     CREATE TRIGGER log_is_not_replaced BEFORE INSERT ON log WHEN EXISTS (SELECT 1 FROM log WHERE id = NEW.id) BEGIN
         SELECT RAISE(ABORT, 'the log is append-only: its rows are not replaced');
     END;
     CREATE TRIGGER log_is_kept BEFORE DELETE ON log WHEN OLD.at >= coalesce((SELECT at FROM log_kept_from), 0) BEGIN
         SELECT RAISE(ABORT, 'the log is append-only: only its retention deletes rows, those that are older than it keeps');
     END;",
    // 7: displays on walls; `token` is a digest.
    "CREATE TABLE displays (
         id         TEXT    PRIMARY KEY,
         token      BLOB    NOT NULL UNIQUE,
         settings   TEXT    NOT NULL,
         created    INTEGER NOT NULL,
         created_by TEXT    NOT NULL,
         revoked    INTEGER,
         last_seen  INTEGER,
         seen       TEXT
     ) STRICT, WITHOUT ROWID;",
    // 8: the bridge's id of the receiver that Usher registered there, and a digest of its address.
    "ALTER TABLE cdr_secrets ADD COLUMN receiver TEXT;",
    // 9: the log has CMS's ids, the id of each action on one target, and the id of the entry that an entry corrects. The journal has the
    // same, so that an entry about an interrupted action can have them too.
    "ALTER TABLE log ADD COLUMN space     TEXT NOT NULL DEFAULT '';
     ALTER TABLE log ADD COLUMN tenant    TEXT NOT NULL DEFAULT '';
     ALTER TABLE log ADD COLUMN bridge_id TEXT NOT NULL DEFAULT '';
     ALTER TABLE log ADD COLUMN action_id TEXT NOT NULL DEFAULT '';
     ALTER TABLE log ADD COLUMN corrects  TEXT NOT NULL DEFAULT '';
     CREATE INDEX log_by_space ON log (space, at) WHERE space <> '';
     CREATE INDEX log_by_tenant ON log (tenant, at) WHERE tenant <> '';
     ALTER TABLE press_people ADD COLUMN meeting_name TEXT NOT NULL DEFAULT '';
     ALTER TABLE press_people ADD COLUMN space        TEXT NOT NULL DEFAULT '';
     ALTER TABLE press_people ADD COLUMN tenant       TEXT NOT NULL DEFAULT '';
     ALTER TABLE press_people ADD COLUMN bridge       TEXT NOT NULL DEFAULT '';
     ALTER TABLE press_people ADD COLUMN bridge_id    TEXT NOT NULL DEFAULT '';
     ALTER TABLE press_people ADD COLUMN action_id    TEXT NOT NULL DEFAULT '';",
    // 10: when each session began, because its age is limited; browsers in which a user has signed in (`id` is a digest).
    "ALTER TABLE sessions ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
     UPDATE sessions SET begun = 1000 * unixepoch();
     CREATE TABLE devices (
         id   BLOB    NOT NULL,
         user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
         seen INTEGER NOT NULL,
         PRIMARY KEY (id, user)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX devices_by_user ON devices (user, seen);",
    // 11: an index of the journal by age, because it keeps names for a limited time.
    "CREATE INDEX presses_by_at ON presses (at);",
];

/// Applies the missing steps, all in one transaction. The caller refuses a database of a newer version.
pub(super) fn migrate(conn: &mut Connection) -> rusqlite::Result<SchemaVersion> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: usize = tx.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|n| n.max(0) as usize)?;
    if found > STEPS.len() {
        return Ok(SchemaVersion::Newer { found, known: STEPS.len() });
    }
    for step in &STEPS[found..] {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", STEPS.len() as i64)?;
    tx.commit()?;
    Ok(SchemaVersion::Current)
}

pub(super) fn is_current(conn: &Connection) -> rusqlite::Result<bool> {
    conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|version| version == STEPS.len() as i64)
}

pub(super) enum SchemaVersion {
    Current,
    Newer { found: usize, known: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_changes_nothing() {
        let mut conn = Connection::open_in_memory().expect("memory");
        assert!(matches!(migrate(&mut conn), Ok(SchemaVersion::Current)));
        assert!(matches!(migrate(&mut conn), Ok(SchemaVersion::Current)));
    }

    /// Older entries stay unchanged.
    #[test]
    fn an_older_log_gets_the_id_columns_and_keeps_its_entries() {
        let mut conn = Connection::open_in_memory().expect("memory");
        STEPS[..8].iter().for_each(|step| conn.execute_batch(step).expect("a step"));
        conn.pragma_update(None, "user_version", 8).expect("pragma");
        let old = "INSERT INTO log (at, user, address, action, scope, person, name, person_address, meeting, meeting_name, bridge, result, \
                   reason, detail) VALUES (1, 'mo', '', 'admit', '', 'p', 'Bo', '', '', '', '', 'done', '', '')";
        conn.execute(old, []).expect("an entry");
        assert!(matches!(migrate(&mut conn), Ok(SchemaVersion::Current)));
        let found: (String, String) =
            conn.query_row("SELECT name, action_id || space || corrects FROM log", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("one");
        assert_eq!(found, ("Bo".into(), String::new()));
        assert!(conn.execute("UPDATE log SET space = 's'", []).is_err(), "it can't be filled later");
    }

    #[test]
    fn a_database_of_a_newer_release_is_not_touched() {
        let mut conn = Connection::open_in_memory().expect("memory");
        conn.pragma_update(None, "user_version", 9999).expect("pragma");
        assert!(matches!(migrate(&mut conn), Ok(SchemaVersion::Newer { found: 9999, .. })));
    }
}
