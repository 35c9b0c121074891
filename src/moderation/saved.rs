//! The state that survives a restart, in SQLite: holds, acknowledgements, labels, thresholds, banners, ended waits, and preferences of users.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::now_ms;
use crate::db::{Db, DbError};
use crate::model::wire_name::to_wire;
use crate::model::{Banner, EndedWait, Hold, Mark, ParticipantId, wire_name};

/// How long an unchanged value is kept: by then its participant or meeting no longer exists.
const KEEP_MS: i64 = 7 * 24 * 3600 * 1000;

/// How long a change may take to be on disk before its success is reported anyway. Pages give up on a response after two seconds.
const WRITE_WAIT: Duration = Duration::from_secs(1);

/// The thresholds that moderators set for all meetings of a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnThresholds {
    pub first_s: u32,
    pub second_s: u32,
}

/// Everything that was saved.
#[derive(Debug, Default)]
pub struct SavedModeration {
    pub(super) holds: HashMap<ParticipantId, Hold>,
    pub(super) acknowledged: HashMap<ParticipantId, Mark>,
    pub(super) labels: HashMap<ParticipantId, Arc<str>>,
    pub(super) waits: HashMap<ParticipantId, EndedWait>,
    pub(super) messages: HashMap<Arc<str>, Banner>,
    pub(super) thresholds: HashMap<Arc<str>, OwnThresholds>,
    pub(super) prefs: HashMap<i64, Arc<str>>,
}

/// The kind of a saved value; its name stands in the column `what`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedKind {
    Hold,
    Acknowledged,
    Label,
    #[serde(rename = "waited")]
    EndedWait,
    Message,
    Thresholds,
}

/// Writes changes in the background and in order. Without a database nothing is saved.
#[derive(Debug, Clone, Default)]
pub struct ModerationDb(Option<Db>);

impl ModerationDb {
    pub fn new(db: Db) -> Self {
        Self(Some(db))
    }

    /// Reads everything, once at the start, and deletes values that are too old.
    pub async fn load(&self) -> Result<SavedModeration, DbError> {
        let Some(db) = &self.0 else { return Ok(SavedModeration::default()) };
        let (rows, prefs) = db
            .write(|conn| {
                conn.execute("DELETE FROM desk WHERE at < ?1 AND what <> 'thresholds'", [now_ms() - KEEP_MS])?;
                let mut query = conn.prepare("SELECT what, id, value FROM desk")?;
                let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                let rows = rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>()?;
                let mut query = conn.prepare("SELECT user, value FROM prefs")?;
                let prefs = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?.into())))?;
                Ok((rows, prefs.collect::<rusqlite::Result<HashMap<i64, Arc<str>>>>()?))
            })
            .await?;
        let mut saved = SavedModeration { prefs, ..SavedModeration::default() };
        for (what, id, value) in rows {
            let id = Arc::from(id);
            match wire_name::from_wire(&what) {
                Some(SavedKind::Hold) => put(&mut saved.holds, id, &value),
                Some(SavedKind::Acknowledged) => put(&mut saved.acknowledged, id, &value),
                Some(SavedKind::Label) => put(&mut saved.labels, id, &value),
                Some(SavedKind::EndedWait) => put(&mut saved.waits, id, &value),
                Some(SavedKind::Message) => put(&mut saved.messages, id, &value),
                Some(SavedKind::Thresholds) => put(&mut saved.thresholds, id, &value),
                None => tracing::warn!(what, "saved value of an unknown kind ignored: written by a newer version"),
            }
        }
        Ok(saved)
    }

    /// Saves or deletes a value that has changed.
    pub(super) fn save_change<T: Serialize + PartialEq>(&self, kind: SavedKind, id: &Arc<str>, before: Option<&T>, value: Option<&T>) {
        let Some(db) = self.0.as_ref().filter(|_| before != value) else { return };
        let (wire_name, id) = (to_wire(&kind), id.clone());
        let value = value.map(|value| serde_json::to_string(value).expect("plain data with text keys"));
        db.keep((kind.key(), id.clone()), move |conn| {
            match &value {
                Some(value) => conn.prepare_cached("INSERT OR REPLACE INTO desk (what, id, value, at) VALUES (?1, ?2, ?3, ?4)")?.execute((
                    &*wire_name,
                    &*id,
                    value,
                    now_ms(),
                )),
                None => conn.prepare_cached("DELETE FROM desk WHERE what = ?1 AND id = ?2")?.execute((&*wire_name, &*id)),
            }
            .map(drop)
        });
    }

    /// Saves nothing if the user has been removed meanwhile.
    pub(super) fn save_prefs(&self, user: i64, value: Arc<str>) {
        let Some(db) = &self.0 else { return };
        db.keep(("prefs", user.to_string().into()), move |conn| {
            let mut insert = conn.prepare_cached("INSERT OR REPLACE INTO prefs (user, value) SELECT id, ?2 FROM users WHERE id = ?1")?;
            insert.execute((user, &*value)).map(drop)
        });
    }

    /// Returns when all changes so far are on disk; or after a moment if they can't be written. The database keeps retrying.
    pub(super) async fn written(&self) {
        let Some(db) = &self.0 else { return };
        if let Ok(Err(error)) = tokio::time::timeout(WRITE_WAIT, db.flush()).await {
            tracing::debug!(%error, "moderation not written yet");
        }
    }
}

impl SavedKind {
    /// The key for [`Db::keep`]: of two pending values with the same key and id only the later is written.
    fn key(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Acknowledged => "acknowledged",
            Self::Label => "label",
            Self::EndedWait => "waited",
            Self::Message => "message",
            Self::Thresholds => "thresholds",
        }
    }
}

fn put<T: DeserializeOwned>(map: &mut HashMap<Arc<str>, T>, id: Arc<str>, value: &str) {
    match serde_json::from_str(value) {
        Ok(value) => drop(map.insert(id, value)),
        Err(error) => tracing::warn!(%id, %error, "unreadable saved value ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_the_database_stay() {
        use SavedKind::{Acknowledged, EndedWait, Hold, Label, Message, Thresholds};
        let kinds = [Hold, Acknowledged, Label, EndedWait, Message, Thresholds];
        let words = ["hold", "acknowledged", "label", "waited", "message", "thresholds"];
        assert_eq!(kinds.map(|kind| to_wire(&kind).to_string()), words);
        assert_eq!(kinds.map(SavedKind::key), words);
    }
}
