//! The secret address to which each bridge posts its Call Detail Records, and the delivery to the bridge's actor. Parses no record.
//!
//! The secret alone identifies the bridge (cdr.md section 1). It is generated once and kept in the database.

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

/// The most bytes of records that wait for one bridge's actor. Others are dropped; the records' numbers show that some are missing.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// The endpoints of all bridges, by the digest of their secrets. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CdrEndpoints(Arc<ArcSwap<HashMap<[u8; 32], Endpoint>>>);

#[derive(Debug)]
struct Endpoint {
    bridge: BridgeName,
    cluster: Cluster,
    room: Arc<Semaphore>,
    dropped: Counter,
}

impl CdrEndpoints {
    /// Accepts these secrets from now on, and no others.
    pub fn set(&self, secrets: &HashMap<BridgeName, Secret>, cluster: &Cluster) {
        let endpoint = |bridge: &BridgeName| Endpoint {
            bridge: bridge.clone(),
            cluster: cluster.clone(),
            room: Arc::new(Semaphore::new(MAX_WAITING_BYTES)),
            dropped: counter!("usher_cms_records_dropped_total", "bridge" => bridge.to_string()),
        };
        self.0.store(Arc::new(secrets.iter().map(|(bridge, secret)| (digest(secret.expose()), endpoint(bridge))).collect()));
    }

    /// Whether this secret belongs to a bridge. The lookup is by digest, so that its time reveals nothing about the secrets.
    pub fn knows(&self, secret: &str) -> bool {
        self.0.load().contains_key(&digest(secret))
    }

    /// Hands a body to its bridge's actor, or drops it: the actor notices missing records and reads by REST.
    pub fn deliver(&self, secret: &str, body: Bytes) {
        let endpoints = self.0.load();
        let Some(endpoint) = endpoints.get(&digest(secret)) else { return };
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let delivered = endpoint
            .room
            .clone()
            .try_acquire_many_owned(size)
            .is_ok_and(|room| endpoint.cluster.deliver_records(&endpoint.bridge, body, room));
        if !delivered {
            endpoint.dropped.increment(1);
        }
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Finds or generates the secrets of the bridges that send records, and sets the addresses that Usher registers.
pub async fn prepare(db: &Db, config: &mut Config) -> Result<HashMap<BridgeName, Secret>, DbError> {
    let wanted: Vec<_> = config.bridges.iter().filter(|bridge| bridge.cdr != CdrMode::Off).map(|bridge| bridge.name.clone()).collect();
    let secrets = db.write(move |conn| secrets(conn, &wanted)).await?;
    for bridge in config.bridges.iter_mut().filter(|bridge| bridge.cdr == CdrMode::Register) {
        bridge.cdr_url = config.cdr_url.as_deref().zip(secrets.get(&bridge.name)).map(|(base, secret)| url(base, secret));
    }
    Ok(secrets)
}

/// The address for a bridge: the base, the path of the route, the secret.
pub fn url(base: &str, secret: &Secret) -> Secret {
    Secret::new(format!("{base}/cdr/{}", secret.expose()))
}

/// The secrets of these bridges; generates missing ones.
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

/// Deletes the secret of a bridge, so that the next start generates a new one and refuses the old one.
pub fn renew(conn: &Connection, bridge: &str) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM cdr_secrets WHERE bridge = ?1", [bridge]).map(drop)
}

/// The secret of a bridge, if it has one.
pub fn secret(conn: &Connection, bridge: &str) -> rusqlite::Result<Option<Secret>> {
    let mut read = conn.prepare("SELECT secret FROM cdr_secrets WHERE bridge = ?1")?;
    read.query_map([bridge], |row| row.get::<_, String>(0))?.next().transpose().map(|secret| secret.map(Secret::new))
}

/// The last record of a bridge, as a running Usher saved it for `usher check`, which is another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRecord {
    /// When it came; Unix milliseconds.
    pub at: i64,
    /// The index of the next record.
    pub next: u64,
}

pub fn save_last_record(conn: &Connection, bridge: &str, last: LastRecord) -> rusqlite::Result<()> {
    let next = i64::try_from(last.next).unwrap_or(i64::MAX);
    conn.execute("UPDATE cdr_secrets SET last_at = ?2, next_index = ?3 WHERE bridge = ?1", params![bridge, last.at, next]).map(drop)
}

pub fn last_record(conn: &Connection, bridge: &str) -> rusqlite::Result<Option<LastRecord>> {
    let mut read = conn.prepare("SELECT last_at, next_index FROM cdr_secrets WHERE bridge = ?1 AND last_at IS NOT NULL")?;
    let mut rows = read.query_map([bridge], |row| {
        let next: i64 = row.get(1)?;
        Ok(LastRecord { at: row.get(0)?, next: next.unsigned_abs() })
    })?;
    rows.next().transpose()
}
