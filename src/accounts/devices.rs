//! Browsers in which a user has signed in before. Each has a random token in a cookie; the database keeps its digest. The token signs nobody
//! in: it only spares its user the pauses that other people's guesses cause (OWASP: device cookies). Sets no cookie.

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::clock::now_ms;

/// The most browsers remembered for one user; the one that was used the longest ago is forgotten first.
const MAX_DEVICES: u32 = 32;

/// A browser that was not used for this long is forgotten.
pub const DEVICE_KEPT_DAYS: u32 = 180;
const KEPT_MS: i64 = DEVICE_KEPT_DAYS as i64 * 24 * 3_600_000;

/// The most tokens of one request that are looked up: cookies of the same name may exist for several paths.
pub(super) const MAX_TOKENS: usize = 4;

/// The digest of a browser's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Device(pub(super) [u8; 32]);

impl Device {
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// A new token for a browser: 128 random bits.
pub(super) fn new_device_token() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

/// Whether a text could be a token.
pub fn is_device_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The first of these browsers in which the user with this name key has signed in. Does the same work for users who don't exist.
pub(super) fn known_to(conn: &Connection, devices: &[Device], name_key: &str) -> rusqlite::Result<Option<Device>> {
    let mut known = conn.prepare_cached(
        "SELECT 1 FROM devices JOIN users ON users.id = devices.user WHERE devices.id = ?1 AND users.name_key = ?2 AND devices.seen > ?3",
    )?;
    for device in devices.iter().take(MAX_TOKENS) {
        if known.exists(params![device.0, name_key, now_ms() - KEPT_MS])? {
            return Ok(Some(*device));
        }
    }
    Ok(None)
}

/// The first of these browsers in which anybody has signed in: several moderators may share one.
pub(super) fn known(conn: &Connection, devices: &[Device]) -> rusqlite::Result<Option<Device>> {
    let mut known = conn.prepare_cached("SELECT 1 FROM devices WHERE id = ?1 AND seen > ?2")?;
    for device in devices.iter().take(MAX_TOKENS) {
        if known.exists(params![device.0, now_ms() - KEPT_MS])? {
            return Ok(Some(*device));
        }
    }
    Ok(None)
}

pub(super) fn remember(conn: &Connection, device: Device, user: i64) -> rusqlite::Result<()> {
    conn.execute("INSERT OR REPLACE INTO devices (id, user, seen) VALUES (?1, ?2, ?3)", params![device.0, user, now_ms()])?;
    conn.execute(
        "DELETE FROM devices WHERE user = ?1 AND id NOT IN (SELECT id FROM devices WHERE user = ?1 ORDER BY seen DESC LIMIT ?2)",
        params![user, MAX_DEVICES],
    )
    .map(drop)
}

pub(super) fn sweep(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM devices WHERE seen <= ?1", [now_ms() - KEPT_MS]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::open_connection;

    #[test]
    fn the_browsers_of_a_user_are_bounded() {
        let dir = tempfile::tempdir().expect("directory");
        let conn = open_connection(dir.path()).expect("database");
        let add = "INSERT INTO users (id, name, name_key, role, hash, stamp, created) VALUES (?1, ?2, ?2, 'viewer', '', x'', 0)";
        conn.execute(add, params![1, "ana"]).expect("added");
        conn.execute(add, params![2, "ben"]).expect("added");
        for n in 0..100 {
            let (device, seen) = (Device::of(&n.to_string()), now_ms() - 1000 + n);
            remember(&conn, device, 1).expect("remembered");
            conn.execute("UPDATE devices SET seen = ?1 WHERE id = ?2", params![seen, device.0]).expect("aged");
        }
        let last = Device::of("99");
        remember(&conn, last, 2).expect("remembered");
        let count =
            |user: i64| -> i64 { conn.query_row("SELECT count(*) FROM devices WHERE user = ?1", [user], |row| row.get(0)).expect("count") };
        assert_eq!((count(1), count(2)), (32, 1));
        assert_eq!(known_to(&conn, &[Device::of("0")], "ana").expect("read"), None);
        assert_eq!(known_to(&conn, &[Device::of("x"), last], "ana").expect("read"), Some(last));
        conn.execute("UPDATE devices SET seen = ?1", [now_ms() - KEPT_MS]).expect("aged");
        assert_eq!(known(&conn, &[last]).expect("read"), None, "forgotten");
        sweep(&conn).expect("swept");
        assert_eq!((count(1), count(2)), (0, 0));
    }

    #[test]
    fn a_new_token_is_random_and_valid() {
        let token = new_device_token();
        assert!(is_device_token(&token) && token != new_device_token());
        assert!(!is_device_token("") && !is_device_token(&"x".repeat(32)) && !is_device_token(&token[1..]));
    }
}
