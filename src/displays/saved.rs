//! The displays in SQLite. Not here: which screens are connected.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::params;

use super::{Digest, Display, DisplayError, DisplaySettings, ScreenInfo};
use crate::audit;
use crate::audit::Entry;
use crate::db::{Db, DbError};

pub(super) async fn load(db: &Db) -> Result<HashMap<Arc<str>, Display>, DbError> {
    type StoredDisplay = (String, Digest, String, i64, String, Option<i64>, Option<i64>, Option<String>);
    let rows: Vec<StoredDisplay> = db
        .read(|conn| {
            let mut query = conn.prepare("SELECT id, token, settings, created, created_by, revoked, last_seen, seen FROM displays")?;
            let rows = query.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
            })?;
            rows.collect()
        })
        .await?;
    let mut displays = HashMap::new();
    for (id, token, settings, created, created_by, revoked, last_seen, info) in rows {
        let Ok(settings) = serde_json::from_str::<DisplaySettings>(&settings) else {
            tracing::warn!(id, "unreadable display skipped");
            continue;
        };
        let mut display = Display::new(token, settings, created, created_by.into());
        display.screen_state.send_modify(|state| state.revoked = revoked.is_some());
        display.revoked = revoked;
        display.last_seen = last_seen;
        display.info = info.and_then(|info| serde_json::from_str(&info).ok());
        displays.insert(id.into(), display);
    }
    Ok(displays)
}

/// Writes the display and the audit log's entry about it in one transaction, as the next functions do.
pub(super) async fn add(db: &Db, id: &str, display: &Display, entry: Entry) -> Result<(), DisplayError> {
    let settings = text(&*display.screen_state.borrow().settings);
    let (id, token, created, by) = (id.to_owned(), display.token, display.created, display.created_by.clone());
    db.write(move |conn| {
        let insert = "INSERT INTO displays (id, token, settings, created, created_by) VALUES (?1, ?2, ?3, ?4, ?5)";
        conn.execute(insert, params![id, token, settings, created, &*by])?;
        audit::write(conn, &entry)
    })
    .await?;
    Ok(())
}

pub(super) async fn set(db: &Db, id: &str, settings: &DisplaySettings, entry: Entry) -> Result<(), DisplayError> {
    let (id, settings) = (id.to_owned(), text(settings));
    db.write(move |conn| {
        conn.execute("UPDATE displays SET settings = ?2 WHERE id = ?1", params![id, settings])?;
        audit::write(conn, &entry)
    })
    .await?;
    Ok(())
}

pub(super) async fn revoke(db: &Db, id: &str, at: i64, entry: Entry) -> Result<(), DisplayError> {
    let id = id.to_owned();
    db.write(move |conn| {
        conn.execute("UPDATE displays SET revoked = coalesce(revoked, ?2) WHERE id = ?1", params![id, at])?;
        audit::write(conn, &entry)
    })
    .await?;
    Ok(())
}

pub(super) async fn forget(db: &Db, id: &str, entry: Entry) -> Result<(), DisplayError> {
    let id = id.to_owned();
    db.write(move |conn| {
        conn.execute("DELETE FROM displays WHERE id = ?1", [id])?;
        audit::write(conn, &entry)
    })
    .await?;
    Ok(())
}

/// Writes when a screen was last connected, without waiting for it.
pub(super) fn record_screen(db: &Db, id: &Arc<str>, last_seen: Option<i64>, info: Option<ScreenInfo>) {
    let key = ("display seen", id.clone());
    let (id, info) = (id.clone(), info.map(|info| text(&info)));
    db.keep(key, move |conn| {
        conn.execute("UPDATE displays SET last_seen = ?2, seen = ?3 WHERE id = ?1", params![&*id, last_seen, info]).map(drop)
    });
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data with text keys")
}
