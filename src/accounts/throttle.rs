//! Slows log-in attempts down by user and by address, with growing pauses. Never locks anybody out: others stay unaffected.
//!
//! Attempts of one (user, address) pair queue behind each other. The pauses of a user's name and of an address as such are shorter
//! and spare every pair that has logged in before: an attacker elsewhere does not slow down the real user, and one attacker in a
//! room does not slow down those who work there. Takes the time as a parameter.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pairs, names and addresses remembered, each.
const REMEMBERED: usize = 10_000;
/// Failures are forgotten after this long without another.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Who would have to wait longer is told so at once.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Attempts that are free, and the longest pause between further ones.
#[derive(Debug, Clone, Copy)]
struct Pace {
    free: u32,
    longest: Duration,
}

/// A person mistypes three times; then 1, 2, 4, 8, 16 s.
const PAIR: Pace = Pace { free: 3, longest: Duration::from_secs(16) };
const USER: Pace = Pace { free: 10, longest: Duration::from_secs(5) };
/// A room behind one address logs in at the start of a shift.
const ADDRESS: Pace = Pace { free: 50, longest: Duration::from_secs(2) };

#[derive(Debug, Default)]
pub struct Throttle {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    pairs: HashMap<(String, IpAddr), Line>,
    users: HashMap<String, Line>,
    addresses: HashMap<IpAddr, Line>,
    /// Pairs that have logged in, and when last.
    known: HashMap<(String, IpAddr), Instant>,
}

/// The attempts of one key, waiting behind each other.
#[derive(Debug, Clone, Copy)]
struct Line {
    attempts: u32,
    last: Instant,
    /// When the last attempt let in may run.
    turn: Instant,
}

/// Too many attempts; try again in about this long.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany {
    pub seconds: u64,
}

impl Throttle {
    /// Takes a turn: how long this attempt has to wait. It counts as failed until [`Throttle::succeeded`].
    pub fn attempt(&self, user: &str, address: IpAddr, now: Instant) -> Result<Duration, TooMany> {
        let mut guard = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = &mut *guard;
        let pair = (user.to_owned(), address);
        let known = tables.known.contains_key(&pair);
        let mut lines = vec![(line(&mut tables.pairs, pair, now), PAIR)];
        if !known {
            lines.push((line(&mut tables.users, user.to_owned(), now), USER));
            lines.push((line(&mut tables.addresses, address, now), ADDRESS));
        }
        let turn = lines.iter().map(|(line, pace)| line.turn + pace.pause(line.attempts)).fold(now, Instant::max);
        let wait = turn - now;
        if wait > LONGEST_WAIT {
            return Err(TooMany { seconds: wait.as_secs() });
        }
        for (line, pace) in lines {
            // Only a line that makes attempts wait moves on: one key's pause is not passed on to the others.
            let own = (line.turn + pace.pause(line.attempts)).max(now);
            *line = Line { attempts: line.attempts.saturating_add(1), last: now, turn: own };
        }
        Ok(wait)
    }

    /// The password was right: this pair starts afresh and is spared from now on.
    pub fn succeeded(&self, user: &str, address: IpAddr, now: Instant) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (user.to_owned(), address);
        tables.pairs.remove(&pair);
        make_room(&mut tables.known, |at| *at, Duration::MAX, now);
        tables.known.insert(pair, now);
    }
}

impl Pace {
    fn pause(self, attempts: u32) -> Duration {
        match attempts.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(1 << over.min(10)).min(self.longest),
        }
    }
}

fn line<K: Hash + Eq + Clone>(table: &mut HashMap<K, Line>, key: K, now: Instant) -> &mut Line {
    make_room(table, |line| line.last, FORGET, now);
    let line = table.entry(key).or_insert(Line { attempts: 0, last: now, turn: now });
    if now.saturating_duration_since(line.last) > FORGET {
        *line = Line { attempts: 0, last: now, turn: now };
    }
    line
}

/// Keeps a table bounded: first the forgotten leave, then the older half.
fn make_room<K: Hash + Eq + Clone, V>(table: &mut HashMap<K, V>, at: impl Fn(&V) -> Instant, keep: Duration, now: Instant) {
    if table.len() < REMEMBERED {
        return;
    }
    table.retain(|_, value| now.saturating_duration_since(at(value)) <= keep);
    if table.len() >= REMEMBERED {
        let mut ages: Vec<Instant> = table.values().map(&at).collect();
        let (_, middle, _) = ages.select_nth_unstable(REMEMBERED / 2);
        let middle = *middle;
        table.retain(|_, value| at(value) > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    #[test]
    fn pauses_grow_and_attempts_queue_behind_each_other() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let waits: Vec<_> = (0..7).map(|_| throttle.attempt("ana", address(1), now).map(|wait| wait.as_secs())).collect();
        let too_many = throttle.attempt("ana", address(1), now).expect_err("31 s is too long");
        assert_eq!(waits, [Ok(0), Ok(0), Ok(0), Ok(1), Ok(3), Ok(7), Ok(15)]);
        assert_eq!(too_many, TooMany { seconds: 31 });
    }

    #[test]
    fn a_refused_attempt_does_not_make_the_queue_longer() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..1000 {
            let _ = throttle.attempt("ana", address(1), now);
        }
        let later = now + Duration::from_secs(31);
        assert!(throttle.attempt("ana", address(1), later).is_ok());
    }

    #[test]
    fn a_room_and_a_name_under_attack_stay_open() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        throttle.succeeded("ana", address(1), now);
        for n in 0..200 {
            let _ = throttle.attempt("ana", address(2), now);
            let _ = throttle.attempt(&format!("guess{n}"), address(1), now);
        }
        assert_eq!(throttle.attempt("ana", address(1), now), Ok(Duration::ZERO), "she has logged in here before");
        assert!(throttle.attempt("ben", address(3), now).is_ok_and(|wait| wait.is_zero()));
    }

    #[test]
    fn success_starts_afresh_and_time_forgets() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..5 {
            let _ = throttle.attempt("ana", address(1), now);
        }
        throttle.succeeded("ana", address(1), now);
        assert_eq!(throttle.attempt("ana", address(1), now), Ok(Duration::ZERO));
        for _ in 0..9 {
            let _ = throttle.attempt("ben", address(1), now);
        }
        assert_eq!(throttle.attempt("ben", address(1), now + FORGET * 2), Ok(Duration::ZERO));
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for n in 0..30_000u32 {
            let now = start + Duration::from_millis(n.into());
            let _ = throttle.attempt(&format!("user{n}"), IpAddr::from(n.to_be_bytes()), now);
            throttle.succeeded(&format!("user{n}"), IpAddr::from(n.to_be_bytes()), now);
        }
        let tables = throttle.tables.lock().expect("lock");
        assert!(tables.users.len() <= REMEMBERED && tables.addresses.len() <= REMEMBERED && tables.known.len() <= REMEMBERED);
    }
}
