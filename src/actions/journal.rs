//! What was pressed and what came of it, in SQLite: one commit before anything of a press is sent. Decides nothing.
//!
//! A press has its number before it is written, and the database takes what it is given in order: a press that is written late, when its
//! targets are under way already, is written before their results.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::Subject;
use crate::audit::{AuditSubject, new_action_id};
use crate::db::{Db, DbError};
use crate::model::wire_name::to_wire;
use crate::model::{ActionKind, ActionRequest, Target, TargetResult, wire_name};

/// How long an action stays in the journal after its press, once every result is known: for whoever examines a mistake. What was done is in the
/// log for as long as `log.keep_days` says.
const KEPT_MS: i64 = 7 * 24 * 3600 * 1000;
/// Presses that are deleted in one commit.
const AT_ONCE: i64 = 500;

/// Cheap handle.
#[derive(Clone)]
pub struct Journal(Db);

/// One target of a press whose end is not known: Usher stopped in between.
#[derive(Debug, Clone)]
pub struct OpenPress {
    pub press: i64,
    pub target: Target,
    pub verb: ActionKind,
    pub user: Arc<str>,
    pub address: Arc<str>,
    pub scope: Arc<str>,
    /// As they were shown then.
    pub whom: AuditSubject,
    pub action_id: Arc<str>,
}

impl Journal {
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    /// A number that no press has.
    pub(super) fn number(&self) -> i64 {
        rand::random_range(1..=i64::MAX)
    }

    /// Writes a press and everybody in it.
    pub(super) async fn begin(&self, id: i64, press: &ActionRequest, subjects: &[Subject]) -> Result<(), DbError> {
        let subjects = subjects.to_vec();
        let (user, address) = (press.actor.user.to_string(), press.actor.address.to_string());
        let (action, scope) = (to_wire(&press.deed.verb()), to_wire(&press.scope));
        self.0
            .write(move |conn| {
                let mut insert =
                    conn.prepare_cached("INSERT INTO presses (id, at, user, address, scope, action) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
                insert.execute((id, crate::clock::now_ms(), user, address, &*scope, &*action))?;
                subjects.iter().try_for_each(|subject| insert_target(conn, id, subject))
            })
            .await
    }

    /// Deletes some of what has been kept long enough, with the names in it. What is still open stays.
    pub(super) fn forget_ended(&self) {
        self.0.later(|conn| delete_ended_before(conn, crate::clock::now_ms() - KEPT_MS));
    }

    /// What a stop of the process left open.
    pub async fn open(&self) -> Result<Vec<OpenPress>, DbError> {
        self.0
            .read(|conn| {
                let mut query = conn.prepare(
                    "SELECT p.press, presses.action, p.person, presses.user, presses.address, presses.scope, p.name, p.address,
                            p.call, p.meeting_name, p.space, p.tenant, p.bridge, p.bridge_id, p.action_id
                     FROM press_people p JOIN presses ON presses.id = p.press WHERE p.result IS NULL",
                )?;
                let rows = query.query_map([], |row| {
                    let text = |column| row.get::<_, String>(column).map(Arc::<str>::from);
                    // Of another Usher's.
                    let Some(verb) = wire_name::from_wire(&text(1)?) else { return Ok(None) };
                    let target = target(verb, text(2)?);
                    let whom = AuditSubject {
                        name: text(6)?,
                        address: text(7)?,
                        meeting: text(8)?,
                        meeting_name: text(9)?,
                        space: text(10)?,
                        tenant: text(11)?,
                        bridge: text(12)?,
                        bridge_id: text(13)?,
                        ..AuditSubject::target_only(&target)
                    };
                    let (user, address, scope) = (text(3)?, text(4)?, text(5)?);
                    // One of before there were ids gets one now.
                    let action_id = Some(text(14)?).filter(|id| !id.is_empty()).unwrap_or_else(new_action_id);
                    Ok(Some(OpenPress { press: row.get(0)?, target, verb, user, address, scope, whom, action_id }))
                })?;
                rows.filter_map(Result::transpose).collect()
            })
            .await
    }
}

/// Adds how it ended for one of them; for the transaction in which its entry of the log is written.
pub(super) fn closing(press: i64, result: &TargetResult) -> impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + use<> {
    let (Target::Person(id) | Target::Meeting(id)) = &result.target;
    let (id, to_wire) = (id.clone(), to_wire(&result.result));
    let (reason, ended) = (result.reason.clone().unwrap_or_default(), crate::clock::now_ms());
    move |conn| {
        let mut update =
            conn.prepare_cached("UPDATE press_people SET result = ?3, reason = ?4, ended = ?5 WHERE press = ?1 AND person = ?2")?;
        update.execute((press, &*id, &*to_wire, &*reason, ended)).map(drop)
    }
}

fn delete_ended_before(conn: &Connection, before: i64) -> rusqlite::Result<()> {
    let mut ended = conn.prepare_cached(
        "SELECT id FROM presses WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM press_people WHERE press = presses.id AND result IS NULL) \
         ORDER BY at LIMIT ?2",
    )?;
    let ids: Vec<i64> = ended.query_map(params![before, AT_ONCE], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for id in ids {
        conn.execute("DELETE FROM press_people WHERE press = ?1", [id])?;
        conn.execute("DELETE FROM presses WHERE id = ?1", [id])?;
    }
    Ok(())
}

fn target(verb: ActionKind, id: Arc<str>) -> Target {
    match verb {
        ActionKind::Lock | ActionKind::Unlock | ActionKind::Message => Target::Meeting(id),
        _ => Target::Person(id),
    }
}

/// `person` is the id of a person or a meeting, as the action says.
fn insert_target(conn: &Connection, press: i64, Subject { target, whom, action_id }: &Subject) -> rusqlite::Result<()> {
    let (Target::Person(id) | Target::Meeting(id)) = target;
    let mut insert = conn.prepare_cached(
        "INSERT INTO press_people (press, person, name, address, call, meeting_name, space, tenant, bridge, bridge_id, action_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let texts = [id, &whom.name, &whom.address, &whom.meeting, &whom.meeting_name, &whom.space, &whom.tenant, &whom.bridge];
    let [id, name, address, call, meeting_name, space, tenant, bridge] = texts.map(|text| &**text);
    let (bridge_id, action_id) = (&*whom.bridge_id, &**action_id);
    insert.execute(params![press, id, name, address, call, meeting_name, space, tenant, bridge, bridge_id, action_id]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now_ms;
    use crate::db::open_connection;

    #[test]
    fn what_has_ended_goes_after_a_week_and_what_is_open_stays() {
        let dir = tempfile::tempdir().expect("directory");
        let conn = open_connection(dir.path()).expect("database");
        let press = |id: i64, at: i64, results: &[Option<&str>]| {
            conn.execute(
                "INSERT INTO presses (id, at, user, address, scope, action) VALUES (?1, ?2, 'mo', '', 'person', 'admit')",
                (id, at),
            )
            .expect("a press");
            for (n, result) in results.iter().enumerate() {
                let row = params![id, format!("p{n}"), result];
                conn.execute(
                    "INSERT INTO press_people (press, person, name, address, call, result) VALUES (?1, ?2, 'Bo', '', '', ?3)",
                    row,
                )
                .expect("a person");
            }
        };
        let old = now_ms() - KEPT_MS - 1000;
        press(1, old, &[Some("done"), Some("left")]);
        press(2, old, &[Some("done"), None]);
        press(3, now_ms(), &[Some("done")]);
        delete_ended_before(&conn, now_ms() - KEPT_MS).expect("deleted");
        let left = |sql: &str| -> Vec<i64> {
            let mut query = conn.prepare(sql).expect("query");
            let rows = query.query_map([], |row| row.get(0)).expect("rows");
            rows.collect::<rusqlite::Result<_>>().expect("ids")
        };
        assert_eq!(left("SELECT id FROM presses ORDER BY id"), [2, 3]);
        assert_eq!(left("SELECT DISTINCT press FROM press_people ORDER BY press"), [2, 3]);
    }
}
