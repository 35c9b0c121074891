//! Deadlines by key, at most one for each. Pure; the caller passes the time.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// A set of deadlines by key.
#[derive(Debug)]
pub(super) struct Timers<K> {
    by_time: BTreeSet<(Instant, u64)>,
    by_serial: HashMap<u64, K>,
    by_key: HashMap<K, (Instant, u64)>,
    serial: u64,
}

impl<K: Eq + Hash + Clone> Timers<K> {
    pub(super) fn new() -> Self {
        Self { by_time: BTreeSet::new(), by_serial: HashMap::new(), by_key: HashMap::new(), serial: 0 }
    }

    /// Sets or moves a deadline.
    pub(super) fn set(&mut self, key: K, at: Instant) {
        self.cancel(&key);
        self.serial += 1;
        self.by_time.insert((at, self.serial));
        self.by_serial.insert(self.serial, key.clone());
        self.by_key.insert(key, (at, self.serial));
    }

    /// Sets a deadline unless the key has an earlier one.
    pub(super) fn sooner(&mut self, key: K, at: Instant) {
        if self.by_key.get(&key).is_none_or(|(current, _)| *current > at) {
            self.set(key, at);
        }
    }

    pub(super) fn cancel(&mut self, key: &K) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_time.remove(&entry);
            self.by_serial.remove(&entry.1);
        }
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes a key whose deadline has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (at, serial) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.by_time.pop_first();
        let key = self.by_serial.remove(&serial)?;
        self.by_key.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_key_has_one_deadline() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut timers = Timers::new();
        timers.set("a", at(5));
        timers.set("b", at(3));
        timers.set("a", at(1));
        timers.sooner("b", at(4));
        assert_eq!(timers.next(), Some(at(1)));
        assert_eq!(timers.pop_due(at(3)), Some("a"));
        assert_eq!(timers.pop_due(at(3)), Some("b"));
        assert_eq!(timers.pop_due(at(9)), None);
    }

    #[test]
    fn a_cancelled_deadline_never_comes() {
        let start = Instant::now();
        let mut timers = Timers::new();
        timers.set("a", start);
        timers.cancel(&"a");
        assert_eq!((timers.pop_due(start), timers.next()), (None, None));
    }
}
