//! What was pressed and what came of it, in SQLite: one commit before anything of a press is sent. Decides nothing.
//!
//! A press has its number before it is written, and the database takes what it is given in order: a press that is written late, when its
//! targets are under way already, is written before their results.

use std::sync::Arc;

use super::Subject;
use crate::actions::{Press, Target, TargetResult};
use crate::db::{Db, DbError};
use crate::log::Whom;
use crate::view::Verb;
use crate::word::{self, word};

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
    pub address: Arc<str>,
    pub scope: Arc<str>,
    /// As they were shown then.
    pub whom: Whom,
}

/// A row of `press_people`; `id` is that of a person or a meeting, as the action says.
struct Entry {
    id: String,
    name: String,
    address: String,
    meeting: String,
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
    pub(super) async fn begin(&self, id: i64, press: &Press, subjects: &[Subject]) -> Result<(), DbError> {
        let entries: Vec<Entry> = subjects.iter().map(entry).collect();
        let (user, address) = (press.actor.user.to_string(), press.actor.address.to_string());
        let (action, scope) = (word(&press.deed.verb()), word(&press.scope));
        self.0
            .write(move |conn| {
                let mut insert =
                    conn.prepare_cached("INSERT INTO presses (id, at, user, address, scope, action) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
                insert.execute((id, crate::db::now_ms(), user, address, &*scope, &*action))?;
                let mut insert =
                    conn.prepare_cached("INSERT INTO press_people (press, person, name, address, call) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                for entry in &entries {
                    insert.execute((id, &entry.id, &entry.name, &entry.address, &entry.meeting))?;
                }
                Ok(())
            })
            .await
    }

    /// Adds how it ended for one of them; batched with others.
    pub fn result(&self, press: i64, result: &TargetResult) {
        let (Target::Person(id) | Target::Meeting(id)) = &result.target;
        let (id, word) = (id.to_string(), word(&result.result));
        let reason = result.reason.as_deref().unwrap_or_default().to_owned();
        self.0.later(move |conn| {
            let mut update =
                conn.prepare_cached("UPDATE press_people SET result = ?3, reason = ?4, ended = ?5 WHERE press = ?1 AND person = ?2")?;
            update.execute((press, id, &*word, reason, crate::db::now_ms())).map(drop)
        });
    }

    /// What a stop of the process left open.
    pub async fn open(&self) -> Result<Vec<OpenPress>, DbError> {
        self.0
            .read(|conn| {
                let mut query = conn.prepare(
                    "SELECT p.press, presses.action, p.person, presses.user, presses.address, presses.scope, p.name, p.address
                     FROM press_people p JOIN presses ON presses.id = p.press WHERE p.result IS NULL",
                )?;
                let rows = query.query_map([], |row| {
                    let text = |column| row.get::<_, String>(column).map(Arc::<str>::from);
                    // Of another Usher's.
                    let Some(verb) = word::read(&text(1)?) else { return Ok(None) };
                    let target = target(verb, text(2)?);
                    let whom = Whom { name: text(6)?, address: text(7)?, ..Whom::target_only(&target) };
                    let (user, address, scope) = (text(3)?, text(4)?, text(5)?);
                    Ok(Some(OpenPress { press: row.get(0)?, target, verb, user, address, scope, whom }))
                })?;
                rows.filter_map(Result::transpose).collect()
            })
            .await
    }
}

fn target(verb: Verb, id: Arc<str>) -> Target {
    match verb {
        Verb::Lock | Verb::Unlock | Verb::Message => Target::Meeting(id),
        _ => Target::Person(id),
    }
}

fn entry(Subject { target, whom }: &Subject) -> Entry {
    let (Target::Person(id) | Target::Meeting(id)) = target;
    let name = if whom.person.is_empty() { &whom.meeting_name } else { &whom.name };
    Entry { id: id.to_string(), name: name.to_string(), address: whom.address.to_string(), meeting: whom.meeting.to_string() }
}
