//! The secret address at which each bridge delivers its Call Detail Records, and the door behind it. Reads no record.
//!
//! The secret names the bridge and is all that tells a bridge from a stranger (cdr.md section 1). It is made once and kept in the database.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use metrics::{Counter, counter};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::cms::Cluster;
use crate::config::{CdrMode, Config, Secret};
use crate::db::{Db, DbError};
use crate::model::BridgeName;

/// Bytes of records that may wait for one bridge's actor; more are dropped, which their numbers show.
const ROOM: usize = 4 << 20;

/// Whom a secret belongs to. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CdrEndpoints(Arc<ArcSwap<HashMap<[u8; 32], Door>>>);

#[derive(Debug)]
struct Door {
    bridge: BridgeName,
    cluster: Cluster,
    room: Arc<Semaphore>,
    dropped: Counter,
}

impl CdrEndpoints {
    /// These secrets are good from now on, and no others.
    pub fn set(&self, secrets: &HashMap<BridgeName, Secret>, cluster: &Cluster) {
        let door = |bridge: &BridgeName| Door {
            bridge: bridge.clone(),
            cluster: cluster.clone(),
            room: Arc::new(Semaphore::new(ROOM)),
            dropped: counter!("usher_cms_records_dropped_total", "bridge" => bridge.to_string()),
        };
        self.0.store(Arc::new(secrets.iter().map(|(bridge, secret)| (digest(secret.expose()), door(bridge))).collect()));
    }

    /// Does this secret belong to a bridge? Looked up by its digest, so that the time it takes tells nothing of the right ones.
    pub fn knows(&self, secret: &str) -> bool {
        self.0.load().contains_key(&digest(secret))
    }

    /// Hands a body over to its bridge's actor. It was accepted whatever becomes of it: what is dropped is found missing and read by REST.
    pub fn take(&self, secret: &str, body: Bytes) {
        let doors = self.0.load();
        let Some(door) = doors.get(&digest(secret)) else { return };
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let taken = door.room.clone().try_acquire_many_owned(size).is_ok_and(|room| door.cluster.records(&door.bridge, body, room));
        if !taken {
            door.dropped.increment(1);
        }
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Finds or makes the secrets of the bridges that send records, and notes the addresses that Usher is to register.
pub async fn prepare(db: &Db, config: &mut Config) -> Result<HashMap<BridgeName, Secret>, DbError> {
    let wanted: Vec<_> = config.bridges.iter().filter(|bridge| bridge.cdr != CdrMode::Off).map(|bridge| bridge.name.clone()).collect();
    let secrets = db.write(move |conn| crate::cdr_endpoints::secrets(conn, &wanted)).await?;
    for bridge in config.bridges.iter_mut().filter(|bridge| bridge.cdr == CdrMode::Register) {
        bridge.cdr_url = config.cdr_url.as_deref().zip(secrets.get(&bridge.name)).map(|(base, secret)| url(base, secret));
    }
    Ok(secrets)
}

/// The address that a bridge is told: the base, the path of the route, the secret.
pub fn url(base: &str, secret: &Secret) -> Secret {
    Secret::new(format!("{base}/cdr/{}", secret.expose()))
}

/// The secrets of these bridges; missing ones are made.
pub fn secrets(conn: &Connection, bridges: &[BridgeName]) -> rusqlite::Result<HashMap<BridgeName, Secret>> {
    let mut insert = conn.prepare("INSERT OR IGNORE INTO cdr_secrets (bridge, secret) VALUES (?1, ?2)")?;
    let mut read = conn.prepare("SELECT secret FROM cdr_secrets WHERE bridge = ?1")?;
    let mut secrets = HashMap::new();
    for bridge in bridges {
        insert.execute(params![&**bridge, hex::encode(rand::random::<[u8; 16]>())])?;
        let secret: String = read.query_row([&**bridge], |row| row.get(0))?;
        secrets.insert(bridge.clone(), Secret::new(secret));
    }
    Ok(secrets)
}

/// Makes a new secret for a bridge; the address with the old one is refused from the next start on.
pub fn renew(conn: &Connection, bridge: &str) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM cdr_secrets WHERE bridge = ?1", [bridge]).map(drop)
}

/// The secret of a bridge, if one was made.
pub fn secret(conn: &Connection, bridge: &str) -> rusqlite::Result<Option<Secret>> {
    let mut read = conn.prepare("SELECT secret FROM cdr_secrets WHERE bridge = ?1")?;
    read.query_map([bridge], |row| row.get::<_, String>(0))?.next().transpose().map(|secret| secret.map(Secret::new))
}

/// What a running Usher last wrote of a bridge's records, for `usher check`, which is another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// When the last record came; Unix milliseconds.
    pub at: i64,
    /// The index of the next one.
    pub next: u64,
}

pub fn note_arrived(conn: &Connection, bridge: &str, arrived: Arrived) -> rusqlite::Result<()> {
    let next = i64::try_from(arrived.next).unwrap_or(i64::MAX);
    conn.execute("UPDATE cdr_secrets SET last_at = ?2, next_index = ?3 WHERE bridge = ?1", params![bridge, arrived.at, next]).map(drop)
}

pub fn arrived(conn: &Connection, bridge: &str) -> rusqlite::Result<Option<Arrived>> {
    let mut read = conn.prepare("SELECT last_at, next_index FROM cdr_secrets WHERE bridge = ?1 AND last_at IS NOT NULL")?;
    let mut rows = read.query_map([bridge], |row| {
        let next: i64 = row.get(1)?;
        Ok(Arrived { at: row.get(0)?, next: next.unsigned_abs() })
    })?;
    rows.next().transpose()
}
