//! Counts failed attempts to sign in for the audit log. The first of a user name at an address becomes an entry at once; all others within the
//! next minutes become one more entry with their number. Strangers can cause no more entries than that. Writes nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::accounts::{attempts_key, network};
use crate::audit::{AuditEvent, Entry};
use crate::model::ActionResult;
use crate::text::cut;

/// Failures within this time are counted together.
const WINDOW: Duration = Duration::from_secs(600);
/// The user names of one network, and the pairs of network and name in all, that are counted separately; further ones are counted together.
const NAMES: usize = 10;
const PAIRS: usize = 100;
/// Characters of a typed name that are kept, as people type anything.
const LONGEST_NAME: usize = 64;

/// Stands for several user names, or several addresses.
const SEVERAL: &str = "*";

#[derive(Debug, Default)]
pub(in crate::http) struct FailedSignIns(Mutex<HashMap<WindowKey, Window>>);

/// The network and the key of the user name; None: all others.
type WindowKey = (Option<IpAddr>, Option<String>);

#[derive(Debug)]
struct Window {
    began: Instant,
    /// As typed at the first failure.
    name: String,
    address: String,
    /// Failures after the first.
    more: u64,
}

impl FailedSignIns {
    /// Counts a failure. Returns the entry that is to be written now, if any.
    pub(in crate::http) fn note(&self, name: &str, address: IpAddr, now: Instant) -> Option<Entry> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(&windows, name, address);
        if let Some(window) = windows.get_mut(&key) {
            window.more += 1;
            return None;
        }
        let name = if key.1.is_some() { typed_name(name) } else { SEVERAL.to_owned() };
        let address = if key.0.is_some() { address.to_string() } else { String::new() };
        let window = Window { began: now, name, address, more: 0 };
        let entry = window.entry(1);
        windows.insert(key, window);
        Some(entry)
    }

    /// The counts that are to be written now; `all`: also of windows that have not ended.
    pub(in crate::http) fn due(&self, now: Instant, all: bool) -> Vec<Entry> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        windows.retain(|_, window| {
            let over = all || now.saturating_duration_since(window.began) >= WINDOW;
            if over && window.more > 0 {
                due.push(window.entry(window.more));
            }
            !over
        });
        due
    }
}

impl Window {
    fn entry(&self, failures: u64) -> Entry {
        let detail = if failures == 1 { self.name.clone() } else { format!("{} × {failures}", self.name) };
        let address = self.address.as_str().into();
        Entry { address, ..Entry::of(AuditEvent::SignInFailed).ended(ActionResult::Refused).detail(detail) }
    }
}

fn key(windows: &HashMap<WindowKey, Window>, name: &str, address: IpAddr) -> WindowKey {
    let network = network(address);
    let own = (Some(network), Some(attempts_key(name)));
    let others = (Some(network), None);
    let of_network = windows.keys().filter(|(other, name)| *other == Some(network) && name.is_some()).count();
    // One window is kept for all failures that find no other.
    let full = windows.len() >= PAIRS;
    if windows.contains_key(&own) || (of_network < NAMES && !full) {
        own
    } else if windows.contains_key(&others) || !full {
        others
    } else {
        (None, None)
    }
}

/// A typed user name in one short line.
pub(in crate::http) fn typed_name(name: &str) -> String {
    let line: String = cut(name.trim(), LONGEST_NAME).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(n: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + n).to_be_bytes())
    }

    fn logged(entries: &[Entry]) -> Vec<(String, String)> {
        let mut logged: Vec<_> = entries.iter().map(|entry| (entry.address.to_string(), entry.detail.to_string())).collect();
        logged.sort();
        logged
    }

    fn pair(address: &str, detail: &str) -> (String, String) {
        (address.into(), detail.into())
    }

    #[test]
    fn the_first_failure_is_logged_at_once_and_all_others_with_their_number() {
        let (failed, start) = (FailedSignIns::default(), Instant::now());
        let first = failed.note(" Ana\n", from(1), start).expect("an entry");
        assert_eq!((&*first.detail, &*first.address, &*first.user, &*first.result), ("Ana", "10.0.0.1", "", "refused"));
        for n in 0..500 {
            assert!(failed.note("ana", from(1), start + Duration::from_secs(n)).is_none(), "{n}");
        }
        assert!(failed.note("ben", from(1), start).is_some() && failed.note("ana", from(2), start).is_some());
        assert!(failed.due(start + WINDOW / 2, false).is_empty());
        assert_eq!(logged(&failed.due(start + WINDOW, false)), [pair("10.0.0.1", "Ana × 500")]);
        assert!(failed.note("ana", from(1), start + WINDOW).is_some(), "anew");
    }

    #[test]
    fn strangers_can_make_no_more_entries_than_a_few() {
        let (failed, start) = (FailedSignIns::default(), Instant::now());
        let mut entries: Vec<Entry> = (0..1000).filter_map(|n| failed.note(&format!("name{n}"), from(1), start)).collect();
        assert_eq!(logged(&entries[10..]), [pair("10.0.0.1", "*")]);
        for n in 0..50_000 {
            entries.extend(failed.note(&"x".repeat(n as usize % 300), from(n), start));
        }
        entries.extend(failed.due(start, true));
        assert!(entries.len() <= 2 * (PAIRS + 1), "{}", entries.len());
        assert!(entries.iter().all(|entry| entry.detail.chars().count() < 80));
        let number = |entry: &Entry| entry.detail.split(" × ").nth(1).map_or(1, |number| number.parse::<u64>().expect("a number"));
        assert_eq!(entries.iter().map(number).sum::<u64>(), 51_000, "each is counted");
        assert!(failed.due(start, true).is_empty());
    }
}
