//! State that survives a restart, besides accounts and the journal: wait times, refused credentials, paused bridges, CDR receivers, and the
//! last record of each bridge.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::cdr_endpoints::LastRecord;
use crate::cms::{SavedBridgeState, SavedWait};
use crate::config::BridgeConfig;
use crate::db::{Db, DbError};
use crate::model::{BridgeName, Lobby, ParticipantId, Paused};
use crate::store::Store;
use crate::view::{Kind, Row, ViewDelta};
use crate::{cdr_endpoints, clock};

/// A saved wait that began before this time is deleted.
const KEEP_WAITING_MS: i64 = 24 * 3600 * 1000;

/// Since when participants wait; read once at the start.
pub async fn load_waiting(db: &Db) -> Result<HashMap<ParticipantId, SavedWait>, DbError> {
    db.write(|conn| {
        conn.execute("DELETE FROM waiting WHERE since < ?1", [clock::now_ms() - KEEP_WAITING_MS])?;
        let mut query = conn.prepare("SELECT person, since, up_to FROM waiting")?;
        let rows = query.query_map([], |row| {
            let person: String = row.get(0)?;
            Ok((ParticipantId::from(person), SavedWait { since: row.get(1)?, up_to: row.get(2)? }))
        })?;
        rows.collect()
    })
    .await
}

/// Follows published changes and saves since when participants wait.
pub struct WaitingWriter {
    db: Db,
    written: HashMap<ParticipantId, i64>,
    /// Times are saved by the system clock, which the next start reads; this is its offset from Usher's.
    clock_offset: i64,
}

impl WaitingWriter {
    pub fn new(db: Db, loaded: &HashMap<ParticipantId, SavedWait>) -> Self {
        Self { db, written: loaded.iter().map(|(person, saved)| (person.clone(), saved.since)).collect(), clock_offset: 0 }
    }

    /// Shifts saved wait times when the system clock was set, so that no wait is longer or shorter after a restart.
    fn follow_clock(&mut self) {
        let (clock_offset, moved) = (clock::offset_ms(), clock::offset_ms() - self.clock_offset);
        if moved.abs() >= clock::MIN_STEP_MS {
            warn!(
                seconds = moved / 1000,
                "system clock set; waits stay correct, times of day follow the old clock until Usher is restarted"
            );
            self.clock_offset = clock_offset;
            let key = ("waiting, by the clock", clock_offset.to_string().into());
            self.db.keep(key, move |conn| conn.execute("UPDATE waiting SET since = since + ?1", [moved]).map(drop));
        }
    }

    /// An unknown lobby state changes nothing: the participant may still wait.
    pub fn follow(&mut self, change: &ViewDelta) {
        self.follow_clock();
        for row in &change.put {
            let Row::Person(person) = &**row else { continue };
            match person.waiting_since {
                Some(since) if self.written.get(&person.id) != Some(&since) => {
                    self.written.insert(person.id.clone(), since);
                    self.keep(&person.id, since + self.clock_offset, person.waiting_up_to);
                }
                None if person.lobby == Lobby::In => self.forget(&person.id),
                _ => {}
            }
        }
        change.drop.iter().filter(|key| key.kind == Kind::Person).for_each(|key| self.forget(&key.id));
    }

    fn keep(&self, person: &ParticipantId, since: i64, up_to: bool) {
        let id = person.clone();
        self.db.keep(("waiting", person.clone()), move |conn| {
            let mut insert = conn.prepare_cached("INSERT OR REPLACE INTO waiting (person, since, up_to) VALUES (?1, ?2, ?3)")?;
            insert.execute((&*id, since, up_to)).map(drop)
        });
    }

    fn forget(&mut self, person: &ParticipantId) {
        if self.written.remove(person).is_none() {
            return;
        }
        let id = person.clone();
        self.db.keep(("waiting", person.clone()), move |conn| {
            conn.prepare_cached("DELETE FROM waiting WHERE person = ?1")?.execute([&*id]).map(drop)
        });
    }
}

/// Saves the last record of each bridge every `interval` until `stop`, for `usher check`.
pub async fn save_record_positions(db: Db, store: Store, interval: Duration, stop: CancellationToken) {
    let mut written: HashMap<BridgeName, LastRecord> = HashMap::new();
    while tokio::time::timeout(interval, stop.cancelled()).await.is_err() {
        for bridge in store.all_bridges() {
            let cdr = store.find_in_bridge(&bridge, |facts| facts.cdr.last.zip(facts.cdr.next));
            let Some(arrived) = cdr.map(|(at, next)| LastRecord { at, next }) else { continue };
            if written.insert(bridge.clone(), arrived) != Some(arrived) {
                db.later(move |conn| cdr_endpoints::save_last_record(conn, &bridge, arrived));
            }
        }
    }
}

/// The saved state of each bridge: hashes of credentials that CMS refused, which are not tried again until they change or a user retries;
/// who paused it; and which of its CDR receivers is Usher's.
pub struct SavedBridges {
    db: Db,
    refused: Mutex<HashSet<String>>,
    paused: Mutex<HashMap<BridgeName, Paused>>,
    receivers: Mutex<HashMap<BridgeName, String>>,
}

impl SavedBridges {
    pub async fn load(db: Db) -> Result<Self, DbError> {
        let (refused, paused, receivers) = db
            .read(|conn| {
                let refused =
                    conn.prepare("SELECT hash FROM refused_credentials")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                let entry = |row: &rusqlite::Row<'_>| {
                    let (bridge, by): (String, String) = (row.get(0)?, row.get(1)?);
                    Ok((Arc::from(bridge), Paused { by: by.into(), since: row.get(2)? }))
                };
                let paused =
                    conn.prepare("SELECT bridge, user, since FROM paused_bridges")?.query_map([], entry)?.collect::<Result<_, _>>()?;
                let receiver = |row: &rusqlite::Row<'_>| Ok((Arc::from(row.get::<_, String>(0)?), row.get(1)?));
                let receivers = conn
                    .prepare("SELECT bridge, receiver FROM cdr_secrets WHERE receiver IS NOT NULL")?
                    .query_map([], receiver)?
                    .collect::<Result<_, _>>()?;
                Ok((refused, paused, receivers))
            })
            .await?;
        Ok(Self { db, refused: Mutex::new(refused), paused: Mutex::new(paused), receivers: Mutex::new(receivers) })
    }

    fn receivers(&self) -> MutexGuard<'_, HashMap<BridgeName, String>> {
        self.receivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pauses(&self) -> MutexGuard<'_, HashMap<BridgeName, Paused>> {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SavedBridgeState for SavedBridges {
    fn is_refused(&self, bridge: &BridgeConfig) -> bool {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&fingerprint(bridge))
    }

    fn set_refused(&self, bridge: &BridgeConfig, refused: bool) {
        let hash = fingerprint(bridge);
        let mut hashes = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = if refused { hashes.insert(hash.clone()) } else { hashes.remove(&hash) };
        if changed {
            self.db.keep(("refused credentials", hash.as_str().into()), move |conn| {
                let statement = if refused {
                    "INSERT OR REPLACE INTO refused_credentials (hash) VALUES (?1)"
                } else {
                    "DELETE FROM refused_credentials WHERE hash = ?1"
                };
                conn.execute(statement, [&hash]).map(drop)
            });
        }
    }

    fn paused(&self, bridge: &BridgeName) -> Option<Paused> {
        self.pauses().get(bridge).cloned()
    }

    fn set_paused(&self, bridge: &BridgeName, paused: Option<&Paused>) {
        let name = bridge.to_string();
        match paused.cloned() {
            Some(paused) => {
                self.pauses().insert(bridge.clone(), paused.clone());
                self.db.keep(("pause", bridge.clone()), move |conn| {
                    let statement = "INSERT OR REPLACE INTO paused_bridges (bridge, user, since) VALUES (?1, ?2, ?3)";
                    conn.execute(statement, (&name, &*paused.by, paused.since)).map(drop)
                });
            }
            None => {
                self.pauses().remove(bridge);
                let delete = "DELETE FROM paused_bridges WHERE bridge = ?1";
                self.db.keep(("pause", bridge.clone()), move |conn| conn.execute(delete, [&name]).map(drop));
            }
        }
    }

    fn receiver(&self, bridge: &BridgeName) -> Option<String> {
        self.receivers().get(bridge).cloned()
    }

    fn set_receiver(&self, bridge: &BridgeName, receiver: String) {
        self.receivers().insert(bridge.clone(), receiver.clone());
        let (key, bridge) = (("receiver", bridge.clone()), bridge.to_string());
        let update = "UPDATE cdr_secrets SET receiver = ?2 WHERE bridge = ?1";
        self.db.keep(key, move |conn| conn.execute(update, [&bridge, &receiver]).map(drop));
    }
}

fn fingerprint(bridge: &BridgeConfig) -> String {
    let mut hash = Sha256::new();
    for part in [&*bridge.url, &bridge.username, bridge.password.expose()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}
