//! What was pressed and what came of it, in SQLite: one commit before anything of a press is sent. Decides nothing.

use std::sync::Arc;

use super::Subject;
use crate::actions::{Press, Target, TargetResult};
use crate::db::{Db, DbError};
use crate::view::Verb;

/// Cheap handle.
#[derive(Clone)]
pub struct Journal(Db);

/// One target of a press whose end is not known: Usher stopped in between.
#[derive(Debug, Clone)]
pub struct OpenPress {
    pub press: i64,
    pub target: Target,
    pub verb: Verb,
    pub user: Arc<str>,
}

/// A row of `press_people`; `id` is that of a person or a meeting, as the action says.
struct Entry {
    id: String,
    name: String,
    address: String,
    call: String,
}

impl Journal {
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    /// Writes a press and everybody in it; returns its number.
    pub(super) async fn begin(&self, press: &Press, subjects: &[Subject]) -> Result<i64, DbError> {
        let entries: Vec<Entry> = subjects.iter().map(entry).collect();
        let (user, address) = (press.actor.user.to_string(), press.actor.address.to_string());
        let (action, scope) = (press.deed.verb().word(), press.scope.word());
        self.0
            .write(move |conn| {
                let mut insert =
                    conn.prepare_cached("INSERT INTO presses (at, user, address, scope, action) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                let press = insert.insert((crate::db::now_ms(), user, address, scope, action))?;
                let mut insert =
                    conn.prepare_cached("INSERT INTO press_people (press, person, name, address, call) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                for entry in &entries {
                    insert.execute((press, &entry.id, &entry.name, &entry.address, &entry.call))?;
                }
                Ok(press)
            })
            .await
    }

    /// Adds how it ended for one of them; batched with others.
    pub fn result(&self, press: i64, result: &TargetResult) {
        let (Target::Person(id) | Target::Meeting(id)) = &result.target;
        let (id, word) = (id.to_string(), result.result.word());
        let reason = result.reason.as_deref().unwrap_or_default().to_owned();
        self.0.later(move |conn| {
            let mut update =
                conn.prepare_cached("UPDATE press_people SET result = ?3, reason = ?4, ended = ?5 WHERE press = ?1 AND person = ?2")?;
            update.execute((press, id, word, reason, crate::db::now_ms())).map(drop)
        });
    }

    /// What a stop of the process left open.
    pub async fn open(&self) -> Result<Vec<OpenPress>, DbError> {
        self.0
            .read(|conn| {
                let mut query = conn.prepare(
                    "SELECT p.press, p.person, presses.user, presses.action
                     FROM press_people p JOIN presses ON presses.id = p.press WHERE p.result IS NULL",
                )?;
                let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
                let rows = rows.collect::<rusqlite::Result<Vec<(i64, String, String, String)>>>()?;
                Ok(rows.into_iter().filter_map(|(press, id, user, action)| open_press(press, id.into(), user.into(), &action)).collect())
            })
            .await
    }
}

/// None for an action of another Usher's.
fn open_press(press: i64, id: Arc<str>, user: Arc<str>, action: &str) -> Option<OpenPress> {
    let verb: Verb = serde_json::from_value(action.into()).ok()?;
    let target = match verb {
        Verb::Lock | Verb::Unlock | Verb::Message => Target::Meeting(id),
        _ => Target::Person(id),
    };
    Some(OpenPress { press, target, verb, user })
}

fn entry(subject: &Subject) -> Entry {
    let (Target::Person(id) | Target::Meeting(id)) = &subject.target;
    Entry { id: id.to_string(), name: subject.name.to_string(), address: subject.address.to_string(), call: subject.call.clone() }
}
