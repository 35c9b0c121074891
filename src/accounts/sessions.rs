//! Sessions in SQLite. They survive a restart, and end when they have been idle too long or have reached their maximum age. Sets no cookie.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use time::OffsetDateTime;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result};

use crate::clock::now_ms;
use crate::config::{LONGEST_SESSION, Live, WebConfig};
use crate::db::{Db, DbError};

/// The key of a session's data under which axum-login keeps the signed-in user.
pub(crate) const LOGIN_KEY: &str = "login";

/// The expiry is written only when it moves by at least this much, so that an open page costs few writes.
const TOUCH_EVERY_MS: i64 = 60_000;

#[derive(Debug, Clone)]
pub struct Sessions {
    db: Db,
    idle_ms: i64,
    /// Has the maximum age of a session; None: the default applies.
    config: Option<Live<WebConfig>>,
}

/// Whether a session is still valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// `ends`: when it reaches its maximum age; Unix milliseconds.
    Good {
        ends: i64,
    },
    /// It has reached its maximum age.
    TooOld,
    Ended,
}

/// The fields of a session that have columns of their own, because SQL compares them.
struct SessionRecord {
    user: Option<i64>,
    stamp: Option<Vec<u8>>,
}

impl Sessions {
    pub(super) fn new(db: Db, idle: std::time::Duration) -> Self {
        Self { db, idle_ms: i64::try_from(idle.as_millis()).unwrap_or(i64::MAX / 4), config: None }
    }

    /// Takes the maximum age from `session.max_hours`, also when it changes.
    pub(super) fn configured(self, config: Live<WebConfig>) -> Self {
        Self { config: Some(config), ..self }
    }

    /// The maximum age of a session.
    fn longest_ms(&self) -> i64 {
        let longest = self.config.as_ref().map_or(LONGEST_SESSION, |config| config.get().longest_session);
        i64::try_from(longest.as_millis()).unwrap_or(i64::MAX / 4)
    }

    /// Whether this session of this user is still valid. If so, its expiry is postponed.
    pub(super) async fn check(&self, id: Id, user: i64) -> std::result::Result<SessionStatus, DbError> {
        let key = id.to_string();
        // `+expires` keeps the index out: with a bound limit on an indexed column SQLite would plan the statement anew for each limit.
        let found = self.db.read(move |conn| {
            conn.prepare_cached(
                "SELECT expires, begun FROM sessions JOIN users ON users.id = sessions.user
                 WHERE sessions.id = ?1 AND users.id = ?2 AND sessions.stamp = users.stamp AND +expires > ?3",
            )?
            .query_row(params![key, user, now_ms()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()
        });
        let Some((expires, begun)) = found.await? else { return Ok(SessionStatus::Ended) };
        let ends = begun.saturating_add(self.longest_ms());
        if ends <= now_ms() {
            return Ok(SessionStatus::TooOld);
        }
        self.touch(id, expires);
        Ok(SessionStatus::Good { ends })
    }

    /// The first of these sessions that is valid.
    pub(super) async fn known(&self, ids: Vec<Id>) -> std::result::Result<Option<Id>, DbError> {
        let now = now_ms();
        self.db
            .read(move |conn| {
                let mut known = conn.prepare_cached(
                    "SELECT 1 FROM sessions JOIN users ON users.id = sessions.user
                     WHERE sessions.id = ?1 AND sessions.stamp = users.stamp AND +expires > ?2",
                )?;
                for id in ids {
                    if known.exists(params![id.to_string(), now])? {
                        return Ok(Some(id));
                    }
                }
                Ok(None)
            })
            .await
    }

    fn touch(&self, id: Id, expires: i64) {
        let target = now_ms() + self.idle_ms;
        if target - expires >= TOUCH_EVERY_MS.min(self.idle_ms / 4) {
            self.db.later(move |conn| {
                conn.prepare_cached("UPDATE sessions SET expires = max(expires, ?2) WHERE id = ?1")?
                    .execute(params![id.to_string(), target])
                    .map(drop)
            });
        }
    }

    /// Deletes the sessions that have ended; called now and then.
    pub(super) fn sweep(&self) {
        let (now, longest) = (now_ms(), self.longest_ms());
        self.db.later(move |conn| {
            conn.execute("DELETE FROM sessions WHERE expires <= ?1 OR begun <= ?2", [now, now.saturating_sub(longest)]).map(drop)
        });
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let (row, expires) = (record.clone(), now_ms() + self.idle_ms);
            let data = encode(&row)?;
            let inserted = self.db.write(move |conn| insert(conn, &row, &data, expires)).await.map_err(backend)?;
            if inserted {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    /// Only updates: a session that was ended meanwhile must not come back.
    async fn save(&self, record: &Record) -> Result<()> {
        let (row, data, expires) = (record.clone(), encode(record)?, now_ms() + self.idle_ms);
        self.db.write(move |conn| update(conn, &row, &data, expires)).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let (id, key, now, longest) = (*id, id.to_string(), now_ms(), self.longest_ms());
        let found = self.db.read(move |conn| {
            conn.prepare_cached("SELECT data, expires FROM sessions WHERE id = ?1 AND +expires > ?2 AND +begun > ?3")?
                .query_row(params![key, now, now.saturating_sub(longest)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
                .optional()
        });
        let Some((data, expires)) = found.await.map_err(backend)? else { return Ok(None) };
        self.touch(id, expires);
        let data: HashMap<String, serde_json::Value> = serde_json::from_str(&data).map_err(|e| Error::Decode(e.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(expires / 1000).map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let key = id.to_string();
        self.db.write(move |conn| conn.execute("DELETE FROM sessions WHERE id = ?1", [key]).map(drop)).await.map_err(backend)
    }
}

fn insert(conn: &Connection, record: &Record, data: &str, expires: i64) -> rusqlite::Result<bool> {
    let SessionRecord { user, stamp } = login(record);
    let count = conn.execute(
        "INSERT OR IGNORE INTO sessions (id, user, stamp, data, expires, begun) VALUES (?1, (SELECT id FROM users WHERE id = ?2), ?3, ?4, ?5, ?6)",
        params![record.id.to_string(), user, stamp, data, expires, now_ms()],
    )?;
    Ok(count == 1)
}

fn update(conn: &Connection, record: &Record, data: &str, expires: i64) -> rusqlite::Result<()> {
    let SessionRecord { user, stamp } = login(record);
    conn.execute(
        "UPDATE sessions SET user = (SELECT id FROM users WHERE id = ?2), stamp = ?3, data = ?4, expires = ?5 WHERE id = ?1",
        params![record.id.to_string(), user, stamp, data, expires],
    )
    .map(drop)
}

/// axum-login stores `{user_id, auth_hash}`.
fn login(record: &Record) -> SessionRecord {
    let value = record.data.get(LOGIN_KEY);
    let part = |name| value.and_then(|value| value.get(name)).cloned().unwrap_or_default();
    SessionRecord { user: part("user_id").as_i64(), stamp: serde_json::from_value(part("auth_hash")).ok() }
}

fn encode(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: DbError) -> Error {
    Error::Backend(error.to_string())
}
