//! Checks of single fields, which messages of all kinds share. Knows no message.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::config::MAX_WAIT_S;

/// The most ids that one action may hold.
pub const MAX_PEOPLE: usize = 5000;
/// Claims that one action may override, and ids of one claim.
pub(super) const MAX_CLAIMS: usize = 200;
/// Bytes of an id.
const MAX_ID: usize = 128;

pub(super) fn check_ids<'a>(
    field: &str,
    ids: impl IntoIterator<Item = &'a Arc<str>, IntoIter: ExactSizeIterator>,
    count: RangeInclusive<usize>,
) -> Result<(), String> {
    let mut ids = ids.into_iter();
    if !count.contains(&ids.len()) {
        return Err(format!("{field} has {} ids; allowed: {} to {}", ids.len(), count.start(), count.end()));
    }
    match ids.find(|id| id.is_empty() || id.len() > MAX_ID) {
        Some(id) => Err(format!("{field} has an id of {} bytes; allowed: 1 to {MAX_ID}", id.len())),
        None => Ok(()),
    }
}

/// Refuses control characters: a meeting would show line breaks in another way than the audit log.
pub(super) fn check_text(field: &str, text: &str, length: usize, most: usize, unit: &str) -> Result<(), String> {
    if length > most {
        return Err(format!("{field} has {length} {unit}; allowed: up to {most}"));
    }
    match text.chars().find(|char| char.is_control()) {
        Some(char) => Err(format!("{field} has the control character {char:?}; allowed: plain text in one line")),
        None => Ok(()),
    }
}

pub(super) fn check_seconds(field: &str, seconds: Option<u32>) -> Result<(), String> {
    match seconds {
        Some(n) if !(1..=MAX_WAIT_S).contains(&n) => Err(format!("{field} is {n}; allowed: 1 to {MAX_WAIT_S}, or null")),
        _ => Ok(()),
    }
}
