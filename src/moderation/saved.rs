//! What moderators set and a restart must not lose: holds, acknowledgements, labels, thresholds, banners, and what each user's pages keep.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::now_ms;
use crate::db::{Db, DbError};
use crate::model::wire_name::to_wire;
use crate::model::{EndedWait, Hold, Mark, Message, ParticipantId, wire_name};

/// What is about people and meetings that were not touched for this long is about nobody any more.
const KEEP_MS: i64 = 7 * 24 * 3600 * 1000;

/// How long somebody waits for what they set to be on disk, before they are told that it is done. Pages
/// doubt what is not answered within two seconds.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// Which wait is long, for all meetings of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnThresholds {
    pub first_s: u32,
    pub second_s: u32,
}

/// Everything as it was left.
#[derive(Debug, Default)]
pub struct Kept {
    pub(super) holds: HashMap<ParticipantId, Hold>,
    pub(super) acknowledged: HashMap<ParticipantId, Mark>,
    pub(super) labels: HashMap<ParticipantId, Arc<str>>,
    pub(super) waits: HashMap<ParticipantId, EndedWait>,
    pub(super) messages: HashMap<Arc<str>, Message>,
    pub(super) thresholds: HashMap<Arc<str>, OwnThresholds>,
    pub(super) prefs: HashMap<i64, Arc<str>>,
}

/// What a kept value is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Hold,
    Acknowledged,
    Label,
    EndedWait,
    Message,
    Thresholds,
}

/// Writes behind, and loses nothing. Without a database nothing is kept.
#[derive(Debug, Clone, Default)]
pub struct Keeper(Option<Db>);

impl Keeper {
    pub fn new(db: Db) -> Self {
        Self(Some(db))
    }

    /// Reads what is kept, once at the start, and throws away what is too old to be about anybody.
    pub async fn load(&self) -> Result<Kept, DbError> {
        let Some(db) = &self.0 else { return Ok(Kept::default()) };
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
        let mut kept = Kept { prefs, ..Kept::default() };
        for (what, id, value) in rows {
            let id = Arc::from(id);
            match wire_name::from_wire(&what) {
                Some(What::Hold) => put(&mut kept.holds, id, &value),
                Some(What::Acknowledged) => put(&mut kept.acknowledged, id, &value),
                Some(What::Label) => put(&mut kept.labels, id, &value),
                Some(What::EndedWait) => put(&mut kept.waits, id, &value),
                Some(What::Message) => put(&mut kept.messages, id, &value),
                Some(What::Thresholds) => put(&mut kept.thresholds, id, &value),
                None => tracing::warn!(what, "the database keeps something of another Usher; it is left alone"),
            }
        }
        Ok(kept)
    }

    /// Keeps a value, or no longer, where it is another one than before.
    pub(super) fn follow<T: Serialize + PartialEq>(&self, what: What, id: &Arc<str>, before: Option<&T>, value: Option<&T>) {
        let Some(db) = self.0.as_ref().filter(|_| before != value) else { return };
        let (to_wire, id) = (to_wire(&what), id.clone());
        let value = value.map(|value| serde_json::to_string(value).expect("plain data with text keys"));
        db.keep((what.key(), id.clone()), move |conn| {
            match &value {
                Some(value) => conn.prepare_cached("INSERT OR REPLACE INTO desk (what, id, value, at) VALUES (?1, ?2, ?3, ?4)")?.execute((
                    &*to_wire,
                    &*id,
                    value,
                    now_ms(),
                )),
                None => conn.prepare_cached("DELETE FROM desk WHERE what = ?1 AND id = ?2")?.execute((&*to_wire, &*id)),
            }
            .map(drop)
        });
    }

    /// The user may have been removed meanwhile: then nothing is kept.
    pub(super) fn keep_prefs(&self, user: i64, value: Arc<str>) {
        let Some(db) = &self.0 else { return };
        db.keep(("prefs", user.to_string().into()), move |conn| {
            let mut insert = conn.prepare_cached("INSERT OR REPLACE INTO prefs (user, value) SELECT id, ?2 FROM users WHERE id = ?1")?;
            insert.execute((user, &*value)).map(drop)
        });
    }

    /// Returns when everything that was kept so far is on disk, or after a moment while it can't be written; then it is tried on.
    pub(super) async fn written(&self) {
        let Some(db) = &self.0 else { return };
        if let Ok(Err(error)) = tokio::time::timeout(WRITTEN_WITHIN, db.flush()).await {
            tracing::debug!(%error, "what the desk keeps is not written yet");
        }
    }
}

impl What {
    /// Of two values about one thing the later is written.
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
        Err(error) => tracing::warn!(%id, %error, "the database keeps a value that can't be read; it is left alone"),
    }
}
