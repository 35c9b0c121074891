//! What was pressed and what came of it, in SQLite: one commit before the first PUT of a press. Decides nothing.
//!
//! A press has its number before it is written, and the database takes what it is given in order: a press that is written late, when its
//! people are under way already, is written before their results.

use std::sync::Arc;

use crate::actions::{PersonResult, Press};
use crate::db::{Db, DbError};
use crate::log::Whom;
use crate::model::ParticipantId;
use crate::store::Store;
use crate::view;

/// Cheap handle.
#[derive(Clone)]
pub struct Journal(Db);

/// One person of a press whose end is not known: Usher stopped in between.
#[derive(Debug, Clone)]
pub struct OpenPress {
    pub press: i64,
    pub user: Arc<str>,
    pub address: Arc<str>,
    pub scope: Arc<str>,
    /// As they were shown then.
    pub whom: Whom,
}

/// Whom an entry is about, as they were shown when the button was pressed.
struct Entry {
    person: String,
    name: String,
    address: String,
    call: String,
}

impl Journal {
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    /// A number that no press has.
    pub fn number(&self) -> i64 {
        rand::random_range(1..=i64::MAX)
    }

    /// Writes a press and everybody in it.
    pub async fn begin(&self, id: i64, press: &Press, people: &[ParticipantId], store: &Store) -> Result<(), DbError> {
        let entries: Vec<Entry> = people.iter().map(|person| entry(store, person)).collect();
        let (user, address) = (press.actor.user.to_string(), press.actor.address.to_string());
        let scope = format!("{:?}", press.scope).to_lowercase();
        self.0
            .write(move |conn| {
                let mut insert = conn.prepare_cached("INSERT INTO presses (id, at, user, address, scope) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                insert.execute((id, crate::db::now_ms(), user, address, scope))?;
                let mut insert =
                    conn.prepare_cached("INSERT INTO press_people (press, person, name, address, call) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                for entry in &entries {
                    insert.execute((id, &entry.person, &entry.name, &entry.address, &entry.call))?;
                }
                Ok(())
            })
            .await
    }

    /// Adds how it ended for one person; batched with others.
    pub fn result(&self, press: i64, result: &PersonResult) {
        let (person, reason) = (result.person.to_string(), result.reason.as_deref().unwrap_or_default().to_owned());
        let word = serde_json::to_value(result.result).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        self.0.later(move |conn| {
            let mut update =
                conn.prepare_cached("UPDATE press_people SET result = ?3, reason = ?4, ended = ?5 WHERE press = ?1 AND person = ?2")?;
            update.execute((press, person, word, reason, crate::db::now_ms())).map(drop)
        });
    }

    /// Whose admission a stop of the process left open.
    pub async fn open(&self) -> Result<Vec<OpenPress>, DbError> {
        self.0
            .read(|conn| {
                let mut query = conn.prepare(
                    "SELECT p.press, p.person, p.name, p.address, presses.user, presses.address, presses.scope \
                     FROM press_people p JOIN presses ON presses.id = p.press WHERE p.result IS NULL",
                )?;
                let rows = query.query_map([], |row| {
                    let text = |column| row.get::<_, String>(column).map(Arc::from);
                    let whom = Whom { person: text(1)?, name: text(2)?, address: text(3)?, ..Whom::default() };
                    Ok(OpenPress { press: row.get(0)?, user: text(4)?, address: text(5)?, scope: text(6)?, whom })
                })?;
                rows.collect()
            })
            .await
    }
}

fn entry(store: &Store, person: &ParticipantId) -> Entry {
    let face = store.with_person(person, |person| {
        view::face(person).map(|listing| (listing.name.clone(), listing.address.clone(), listing.key.to_string()))
    });
    let (name, address, call) = face.flatten().unwrap_or_default();
    Entry { person: person.to_string(), name: name.to_string(), address: address.to_string(), call }
}
