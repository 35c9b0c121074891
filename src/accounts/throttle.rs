//! Slows sign-in attempts by their origin, with growing pauses, and delays nobody else.
//!
//! A browser in which the user has signed in before has a queue of its own, which nobody else's attempts touch. All other attempts are
//! counted by the pair of user and address, and by address. User names alone are not counted: guesses from many addresses could then keep
//! the user out. The hasher bounds the cost of such guesses instead, and each address has three free attempts per user. An IPv6 address
//! counts as its /64, which is what one customer has. Takes the time as a parameter.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::devices::Device;

/// The most entries of each table.
const REMEMBERED: usize = 10_000;
/// Attempts are forgotten when no other follows for this long.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// An attempt that would wait longer is refused at once.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The number of attempts without a pause, and the longest pause between later ones.
#[derive(Debug, Clone, Copy)]
struct Backoff {
    free: u32,
    longest: Duration,
}

/// For one user: people mistype up to three times. Then the pauses are 1, 2, 4, 8, 16 s.
const PERSON: Backoff = Backoff { free: 3, longest: Duration::from_secs(16) };
/// For one address: many people behind it may sign in at the start of a shift.
const ADDRESS: Backoff = Backoff { free: 50, longest: Duration::from_secs(2) };

#[derive(Debug, Default)]
pub struct Throttle {
    tables: Mutex<AttemptTables>,
}

#[derive(Debug, Default)]
struct AttemptTables {
    devices: HashMap<(String, Device), AttemptQueue>,
    pairs: HashMap<(String, IpAddr), AttemptQueue>,
    addresses: HashMap<IpAddr, AttemptQueue>,
}

/// The attempts under one key. Each waits for the one before it.
#[derive(Debug, Clone, Copy)]
struct AttemptQueue {
    attempts: u32,
    last: Instant,
    /// When the last accepted attempt may run.
    turn: Instant,
}

/// The user, address and browser of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The key of the user's name; the user need not exist.
    pub user: &'a str,
    pub address: IpAddr,
    /// The browser, if this user has signed in there before.
    pub device: Option<Device>,
}

/// Too many attempts; try again in about this long.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany {
    pub seconds: u64,
}

impl Throttle {
    /// Queues an attempt; returns how long it has to wait. It counts as failed until [`Throttle::succeeded`] is called.
    pub fn attempt(&self, attempt: Attempt<'_>, now: Instant) -> Result<Duration, TooMany> {
        let mut guard = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = &mut *guard;
        let (user, network) = (attempt.user.to_owned(), network(attempt.address));
        let queues = match attempt.device {
            Some(device) => vec![(queue_of(&mut tables.devices, (user, device), now), PERSON)],
            None => {
                vec![(queue_of(&mut tables.pairs, (user, network), now), PERSON), (queue_of(&mut tables.addresses, network, now), ADDRESS)]
            }
        };
        let turn = queues.iter().map(|(queue, backoff)| queue.turn + backoff.pause(queue.attempts)).fold(now, Instant::max);
        let wait = turn - now;
        if wait > LONGEST_WAIT {
            return Err(TooMany { seconds: wait.as_secs() });
        }
        for (queue, backoff) in queues {
            // Each queue advances by its own pause: the pause of one key is not passed on to the others.
            let own = (queue.turn + backoff.pause(queue.attempts)).max(now);
            *queue = AttemptQueue { attempts: queue.attempts.saturating_add(1), last: now, turn: own };
        }
        Ok(wait)
    }

    /// The password was right: forgets this user's attempts from here, and takes this one off the address.
    pub fn succeeded(&self, attempt: Attempt<'_>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let (user, network) = (attempt.user.to_owned(), network(attempt.address));
        match attempt.device {
            Some(device) => drop(tables.devices.remove(&(user, device))),
            None => {
                tables.pairs.remove(&(user, network));
                if let Some(queue) = tables.addresses.get_mut(&network) {
                    queue.attempts = queue.attempts.saturating_sub(1);
                }
            }
        }
    }
}

/// The network that counts as one source: an IPv4 address, or the /64 of an IPv6 one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address => address,
    }
}

impl Backoff {
    fn pause(self, attempts: u32) -> Duration {
        match attempts.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(1 << over.min(10)).min(self.longest),
        }
    }
}

fn queue_of<K: Hash + Eq + Clone>(table: &mut HashMap<K, AttemptQueue>, key: K, now: Instant) -> &mut AttemptQueue {
    make_room(table, now);
    let queue = table.entry(key).or_insert(AttemptQueue { attempts: 0, last: now, turn: now });
    if now.saturating_duration_since(queue.last) > FORGET {
        *queue = AttemptQueue { attempts: 0, last: now, turn: now };
    }
    queue
}

/// Keeps a table bounded: removes expired entries, then the half with the fewest attempts, older ones first.
fn make_room<K: Hash + Eq + Clone>(table: &mut HashMap<K, AttemptQueue>, now: Instant) {
    if table.len() < REMEMBERED {
        return;
    }
    table.retain(|_, queue| now.saturating_duration_since(queue.last) <= FORGET);
    if table.len() >= REMEMBERED {
        let mut ranks: Vec<(u32, Instant)> = table.values().map(|queue| (queue.attempts, queue.last)).collect();
        let (_, middle, _) = ranks.select_nth_unstable(REMEMBERED / 2);
        let middle = *middle;
        table.retain(|_, queue| (queue.attempts, queue.last) > middle);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn from(user: &str, n: u8) -> Attempt<'_> {
        Attempt { user, address: IpAddr::from([10, 0, 0, n]), device: None }
    }

    const DEVICE: Device = Device([7; 32]);

    #[test]
    fn pauses_grow_and_attempts_queue_behind_each_other() {
        for device in [None, Some(DEVICE)] {
            let (throttle, now) = (Throttle::default(), Instant::now());
            let attempt = Attempt { device, ..from("ana", 1) };
            let waits: Vec<_> = (0..7).map(|_| throttle.attempt(attempt, now).map(|wait| wait.as_secs())).collect();
            let too_many = throttle.attempt(attempt, now).expect_err("31 s is too long");
            assert_eq!(waits, [Ok(0), Ok(0), Ok(0), Ok(1), Ok(3), Ok(7), Ok(15)]);
            assert_eq!(too_many, TooMany { seconds: 31 });
        }
    }

    #[test]
    fn a_refused_attempt_does_not_make_the_queue_longer() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..1000 {
            let _ = throttle.attempt(from("ana", 1), now);
        }
        let later = now + Duration::from_secs(31);
        assert!(throttle.attempt(from("ana", 1), later).is_ok());
    }

    #[test]
    fn guesses_from_other_addresses_delay_nobody() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..30_000_u32 {
            let address = IpAddr::from((0x0b00_0000 + n).to_be_bytes());
            let _ = throttle.attempt(Attempt { user: "ana", address, device: None }, now);
        }
        assert_eq!(throttle.attempt(from("ana", 1), now), Ok(Duration::ZERO), "an address that tried nothing");
    }

    #[test]
    fn a_known_browser_is_not_delayed_by_other_attempts() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..200 {
            let _ = throttle.attempt(from("ana", 1), now);
            let _ = throttle.attempt(from(&format!("guess{n}"), 1), now);
        }
        assert!(throttle.attempt(from("ana", 1), now).is_err());
        assert_eq!(throttle.attempt(Attempt { device: Some(DEVICE), ..from("ana", 1) }, now), Ok(Duration::ZERO));
    }

    #[test]
    fn ipv6_addresses_of_one_customer_are_counted_together() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let attempt = |text: &str| {
            let address = text.parse().expect("address");
            throttle.attempt(Attempt { user: "ana", address, device: None }, now).map(|wait| wait.as_secs())
        };
        let waits: Vec<_> = (1..5).map(|n| attempt(&format!("2001:db8:1:2::{n}"))).collect();
        assert_eq!(waits, [Ok(0), Ok(0), Ok(0), Ok(1)]);
        assert_eq!((attempt("2001:db8:1:3::1"), attempt("::ffff:10.0.0.1")), (Ok(0), Ok(0)));
    }

    #[rstest]
    #[case("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    #[case("192.0.2.7", "192.0.2.7")]
    #[case("::ffff:192.0.2.7", "192.0.2.7")]
    fn a_network_is_an_ipv4_address_or_an_ipv6_64(#[case] address: &str, #[case] expected: &str) {
        assert_eq!(network(address.parse().expect("address")), expected.parse::<IpAddr>().expect("address"));
    }

    #[test]
    fn many_successful_sign_ins_from_one_address_are_not_delayed() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..200 {
            let user = format!("user{n}");
            assert_eq!(throttle.attempt(from(&user, 1), now), Ok(Duration::ZERO));
            throttle.succeeded(from(&user, 1));
        }
    }

    #[test]
    fn success_and_time_clear_the_attempts() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..5 {
            let _ = throttle.attempt(from("ana", 1), now);
        }
        throttle.succeeded(from("ana", 1));
        assert_eq!(throttle.attempt(from("ana", 1), now), Ok(Duration::ZERO));
        for _ in 0..9 {
            let _ = throttle.attempt(from("ben", 1), now);
        }
        assert_eq!(throttle.attempt(from("ben", 1), now + FORGET * 2), Ok(Duration::ZERO));
    }

    #[test]
    fn tables_are_bounded_and_a_flood_does_not_evict_the_most_attempts() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for _ in 0..20 {
            let _ = throttle.attempt(from("ana", 1), start);
        }
        for n in 0..30_000_u32 {
            let now = start + Duration::from_millis(n.into());
            let (user, address) = (format!("user{n}"), IpAddr::from((0x0b00_0000 + n).to_be_bytes()));
            let mut device = [0; 32];
            device[..4].copy_from_slice(&n.to_be_bytes());
            let _ = throttle.attempt(Attempt { user: &user, address, device: None }, now);
            let _ = throttle.attempt(Attempt { user: &user, address, device: Some(Device(device)) }, now);
        }
        let tables = throttle.tables.lock().expect("lock");
        assert!(tables.devices.len() <= REMEMBERED && tables.addresses.len() <= REMEMBERED && tables.pairs.len() <= REMEMBERED);
        let repeated = tables.pairs.get(&("ana".to_owned(), IpAddr::from([10, 0, 0, 1])));
        assert!(repeated.is_some_and(|queue| queue.attempts >= 7), "{repeated:?}");
    }
}
