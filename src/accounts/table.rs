//! The accounts in SQLite. Each function works within the caller's transaction. Hashes nothing.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::user::{AccountError, User, UserSummary, name_key, old_name_key};
use crate::clock::now_ms;
use crate::model::Role;

/// The outer error is of the database, the inner one is a rule that forbids the change.
pub(super) type ChangeResult<T> = rusqlite::Result<Result<T, AccountError>>;

pub(super) fn new_stamp() -> Vec<u8> {
    rand::random::<[u8; 16]>().to_vec()
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User { id: row.get("id")?, name: row.get::<_, String>("name")?.into(), role: role(row)?, stamp: row.get("stamp")? })
}

fn role(row: &Row<'_>) -> rusqlite::Result<Role> {
    let text: String = row.get("role")?;
    // The table's CHECK allows no other text; the role with the fewest rights is the safe fallback.
    Ok(Role::parse(&text).unwrap_or(Role::Viewer))
}

pub(super) fn by_id(conn: &Connection, id: i64) -> rusqlite::Result<Option<User>> {
    conn.prepare_cached("SELECT * FROM users WHERE id = ?1")?.query_row([id], user).optional()
}

/// The account and its password hash.
pub(super) fn by_name(conn: &Connection, name: &str) -> rusqlite::Result<Option<(User, String)>> {
    let mut found = conn.prepare_cached("SELECT * FROM users WHERE name_key = ?1")?;
    let mut by_key = |key: String| found.query_row([key], |row| Ok((user(row)?, row.get("hash")?))).optional();
    // Two users saved by an older version may have the same key now; each is then found by the exact spelling.
    match by_key(old_name_key(name))? {
        Some(found) => Ok(Some(found)),
        None => by_key(name_key(name)),
    }
}

/// Gives users that an older version saved the key of this version, unless another user has it.
pub(super) fn renew_keys(conn: &Connection) -> rusqlite::Result<()> {
    let mut all = conn.prepare("SELECT id, name, name_key FROM users")?;
    let rows = all.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
    for (id, name, key) in rows.collect::<Result<Vec<_>, _>>()? {
        let wanted = name_key(&name);
        if wanted != key {
            conn.execute("UPDATE OR IGNORE users SET name_key = ?2 WHERE id = ?1", params![id, wanted])?;
        }
    }
    Ok(())
}

/// Replaces the hash by one of the same password in normal form.
pub(super) fn renew_hash(conn: &Connection, id: i64, old: &str, new: &str) -> rusqlite::Result<()> {
    conn.execute("UPDATE users SET hash = ?3 WHERE id = ?1 AND hash = ?2", params![id, old, new]).map(drop)
}

pub(super) fn list(conn: &Connection) -> rusqlite::Result<Vec<UserSummary>> {
    let mut all = conn.prepare_cached("SELECT id, name, role, created, last_seen FROM users ORDER BY name_key")?;
    let rows = all.query_map([], |row| {
        let name: Arc<str> = row.get::<_, String>("name")?.into();
        Ok(UserSummary { id: row.get("id")?, name, role: role(row)?, created: row.get("created")?, last_seen: row.get("last_seen")? })
    })?;
    rows.collect()
}

pub(super) fn count(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
}

/// Adds a user; returns it.
pub(super) fn add(conn: &Connection, name: &str, role: Role, hash: &str) -> ChangeResult<User> {
    renew_keys(conn)?;
    if by_name(conn, name)?.is_some() {
        return Ok(Err(AccountError::Taken(name.to_owned())));
    }
    let stamp = new_stamp();
    conn.execute(
        "INSERT INTO users (name, name_key, role, hash, stamp, created) VALUES (:name, :key, :role, :hash, :stamp, :now)",
        named_params! {
            ":name": name.trim(), ":key": name_key(name), ":role": role.as_str(), ":hash": hash, ":stamp": stamp, ":now": now_ms()
        },
    )?;
    Ok(Ok(User { id: conn.last_insert_rowid(), name: name.trim().into(), role, stamp }))
}

/// Sets the password and ends every session of the user.
pub(super) fn set_password(conn: &Connection, name: &str, hash: &str) -> ChangeResult<User> {
    let Some((mut user, _)) = by_name(conn, name)? else {
        return Ok(Err(AccountError::Unknown(name.to_owned())));
    };
    user.stamp = new_stamp();
    conn.execute("UPDATE users SET hash = ?2, stamp = ?3 WHERE id = ?1", params![user.id, hash, user.stamp])?;
    conn.execute("DELETE FROM sessions WHERE user = ?1", [user.id])?;
    Ok(Ok(user))
}

/// Changes the role and ends every session; returns the user with the old role.
pub(super) fn set_role(conn: &Connection, name: &str, role: Role) -> ChangeResult<User> {
    let Some((user, _)) = by_name(conn, name)? else {
        return Ok(Err(AccountError::Unknown(name.to_owned())));
    };
    if role != Role::Admin && is_last_admin(conn, &user)? {
        return Ok(Err(AccountError::LastAdmin(user.name.to_string())));
    }
    if role != user.role {
        conn.execute("UPDATE users SET role = ?2, stamp = ?3 WHERE id = ?1", params![user.id, role.as_str(), new_stamp()])?;
        conn.execute("DELETE FROM sessions WHERE user = ?1", [user.id])?;
    }
    Ok(Ok(user))
}

/// Removes a user; the foreign key removes the user's sessions.
pub(super) fn remove(conn: &Connection, name: &str) -> ChangeResult<User> {
    let Some((user, _)) = by_name(conn, name)? else {
        return Ok(Err(AccountError::Unknown(name.to_owned())));
    };
    if is_last_admin(conn, &user)? {
        return Ok(Err(AccountError::LastAdmin(user.name.to_string())));
    }
    conn.execute("DELETE FROM users WHERE id = ?1", [user.id])?;
    Ok(Ok(user))
}

fn is_last_admin(conn: &Connection, user: &User) -> rusqlite::Result<bool> {
    let others: i64 = conn.query_row("SELECT count(*) FROM users WHERE role = 'admin' AND id <> ?1", [user.id], |row| row.get(0))?;
    Ok(user.role == Role::Admin && others == 0)
}

pub(super) fn seen(conn: &Connection, id: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE users SET last_seen = ?2 WHERE id = ?1")?.execute([id, now_ms()]).map(drop)
}
