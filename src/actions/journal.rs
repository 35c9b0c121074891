//! The journal of actions in SQLite: each request is committed before anything of it is sent, and later the result of each target. Decides nothing.
//!
//! A request has its id before it is written, and the database writes in the order of the calls: a request that is written late, when its
//! targets are under way already, is still written before their results.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio_util::sync::CancellationToken;

use super::target::TargetSnapshot;
use crate::audit::{AuditSubject, new_action_id};
use crate::clock::now_ms;
use crate::db::{Db, DbError};
use crate::model::wire_name::to_wire;
use crate::model::{ActionKind, ActionRequest, Target, TargetResult, wire_name};

/// How long a request stays in the journal once every result is known, for the analysis of mistakes. The audit log keeps the actions for
/// `log.keep_days`.
const KEEP_MS: i64 = 7 * 24 * 3600 * 1000;
/// How often old requests are deleted.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// Requests that are deleted in one commit.
const AT_ONCE: i64 = 500;

/// Cheap handle.
#[derive(Clone)]
pub struct Journal(Db);

/// An action on one target whose result is not known, because Usher stopped before it ended.
#[derive(Debug, Clone)]
pub struct InterruptedAction {
    /// The id of its request in the journal.
    pub journal_id: i64,
    pub target: Target,
    pub kind: ActionKind,
    pub user: Arc<str>,
    pub address: Arc<str>,
    pub scope: Arc<str>,
    /// The names as they were shown then.
    pub subject: AuditSubject,
    pub action_id: Arc<str>,
}

impl Journal {
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    /// An id that no other request has.
    pub(super) fn new_id(&self) -> i64 {
        rand::random_range(1..=i64::MAX)
    }

    /// Writes a request and its targets.
    pub(super) async fn begin(&self, id: i64, request: &ActionRequest, snapshots: &[TargetSnapshot]) -> Result<(), DbError> {
        let snapshots = snapshots.to_vec();
        let (user, address) = (request.actor.user.to_string(), request.actor.address.to_string());
        let (action, scope) = (to_wire(&request.action.kind()), to_wire(&request.scope));
        self.0
            .write(move |conn| {
                let mut insert =
                    conn.prepare_cached("INSERT INTO presses (id, at, user, address, scope, action) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
                insert.execute((id, now_ms(), user, address, &*scope, &*action))?;
                snapshots.iter().try_for_each(|snapshot| insert_target(conn, id, snapshot))
            })
            .await
    }

    /// Deletes requests that ended long ago, with the names in them, until `stop`. Open ones stay.
    pub async fn tidy(self, stop: CancellationToken) {
        let mut interval = tokio::time::interval(TIDY_EVERY);
        while stop.run_until_cancelled(interval.tick()).await.is_some() {
            self.delete_old();
        }
    }

    fn delete_old(&self) {
        self.0.later(|conn| delete_ended_before(conn, now_ms() - KEEP_MS));
    }

    /// The actions that a stop of the process interrupted.
    pub async fn interrupted(&self) -> Result<Vec<InterruptedAction>, DbError> {
        self.0
            .read(|conn| {
                let mut query = conn.prepare(
                    "SELECT p.press, presses.action, p.person, presses.user, presses.address, presses.scope, p.name, p.address,
                            p.call, p.meeting_name, p.space, p.tenant, p.bridge, p.bridge_id, p.action_id
                     FROM press_people p JOIN presses ON presses.id = p.press WHERE p.result IS NULL",
                )?;
                let rows = query.query_map([], |row| {
                    let text = |column| row.get::<_, String>(column).map(Arc::<str>::from);
                    // A newer version wrote it.
                    let Some(kind) = wire_name::from_wire(&text(1)?) else { return Ok(None) };
                    let target = target(kind, text(2)?);
                    let subject = AuditSubject {
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
                    // Versions before the ids wrote none.
                    let action_id = Some(text(14)?).filter(|id| !id.is_empty()).unwrap_or_else(new_action_id);
                    Ok(Some(InterruptedAction { journal_id: row.get(0)?, target, kind, user, address, scope, subject, action_id }))
                })?;
                rows.filter_map(Result::transpose).collect()
            })
            .await
    }
}

/// Writes the result of one target, in the transaction that writes its entry of the audit log.
pub(super) fn closing(journal_id: i64, result: &TargetResult) -> impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + use<> {
    let (Target::Person(id) | Target::Meeting(id)) = &result.target;
    let (id, result_name) = (id.clone(), to_wire(&result.result));
    let (reason, ended) = (result.reason.clone().unwrap_or_default(), now_ms());
    move |conn| {
        let mut update =
            conn.prepare_cached("UPDATE press_people SET result = ?3, reason = ?4, ended = ?5 WHERE press = ?1 AND person = ?2")?;
        update.execute((journal_id, &*id, &*result_name, &*reason, ended)).map(drop)
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

fn target(kind: ActionKind, id: Arc<str>) -> Target {
    if kind.is_for_meetings() { Target::Meeting(id) } else { Target::Person(id) }
}

/// The column `person` has the id of a participant or a meeting, according to the action.
fn insert_target(
    conn: &Connection,
    journal_id: i64,
    TargetSnapshot { target, subject, action_id }: &TargetSnapshot,
) -> rusqlite::Result<()> {
    let (Target::Person(id) | Target::Meeting(id)) = target;
    let mut insert = conn.prepare_cached(
        "INSERT INTO press_people (press, person, name, address, call, meeting_name, space, tenant, bridge, bridge_id, action_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let texts =
        [id, &subject.name, &subject.address, &subject.meeting, &subject.meeting_name, &subject.space, &subject.tenant, &subject.bridge];
    let [id, name, address, call, meeting_name, space, tenant, bridge] = texts.map(|text| &**text);
    let (bridge_id, action_id) = (&*subject.bridge_id, &**action_id);
    insert.execute(params![journal_id, id, name, address, call, meeting_name, space, tenant, bridge, bridge_id, action_id]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::open_connection;

    #[test]
    fn ended_requests_go_after_a_week_and_open_ones_stay() {
        let dir = tempfile::tempdir().expect("directory");
        let conn = open_connection(dir.path()).expect("database");
        let insert = |id: i64, at: i64, results: &[Option<&str>]| {
            conn.execute(
                "INSERT INTO presses (id, at, user, address, scope, action) VALUES (?1, ?2, 'mo', '', 'person', 'admit')",
                (id, at),
            )
            .expect("a request");
            for (n, result) in results.iter().enumerate() {
                let row = params![id, format!("p{n}"), result];
                conn.execute(
                    "INSERT INTO press_people (press, person, name, address, call, result) VALUES (?1, ?2, 'Bo', '', '', ?3)",
                    row,
                )
                .expect("a person");
            }
        };
        let old = now_ms() - KEEP_MS - 1000;
        insert(1, old, &[Some("done"), Some("left")]);
        insert(2, old, &[Some("done"), None]);
        insert(3, now_ms(), &[Some("done")]);
        delete_ended_before(&conn, now_ms() - KEEP_MS).expect("deleted");
        let left = |sql: &str| -> Vec<i64> {
            let mut query = conn.prepare(sql).expect("query");
            let rows = query.query_map([], |row| row.get(0)).expect("rows");
            rows.collect::<rusqlite::Result<_>>().expect("ids")
        };
        assert_eq!(left("SELECT id FROM presses ORDER BY id"), [2, 3]);
        assert_eq!(left("SELECT DISTINCT press FROM press_people ORDER BY press"), [2, 3]);
    }
}
