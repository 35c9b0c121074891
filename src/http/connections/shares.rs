//! Limits the slots of strangers, in all and per network. When all are taken, the network with the most loses one: whoever opens
//! connections without end closes their own, and everybody else still gets in. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use crate::accounts::network;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct ShareLimits {
    pub(in crate::http) in_all: usize,
    pub(in crate::http) per_network: usize,
}

#[derive(Debug)]
pub(in crate::http) struct FairShares<T> {
    limits: ShareLimits,
    networks: HashMap<IpAddr, BTreeMap<u64, T>>,
    by_size: BTreeSet<(usize, IpAddr)>,
    next: u64,
    total: usize,
}

/// A taken slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Slot {
    network: IpAddr,
    number: u64,
}

impl ShareLimits {
    /// A quarter of the descriptors for connections of strangers, half of that for one network: known users, displays and bridges have the rest.
    pub(in crate::http) fn of_connections(descriptors: u64) -> Self {
        let quarter = usize::try_from(descriptors / 4).unwrap_or(usize::MAX);
        let in_all = quarter.clamp(32, 16_384);
        Self { in_all, per_network: in_all / 2 }
    }

    /// Fewer than connections, because screens that wait to be paired stay connected.
    pub(in crate::http) fn of_screens(self) -> Self {
        let in_all = (self.in_all / 2).min(256);
        Self { in_all, per_network: in_all / 4 }
    }
}

impl<T> FairShares<T> {
    pub(in crate::http) fn new(limits: ShareLimits) -> Self {
        Self { limits, networks: HashMap::new(), by_size: BTreeSet::new(), next: 0, total: 0 }
    }

    /// Takes a slot for `holder`. Where none was left, also returns the holder that loses its own: the oldest that is not `busy`, or else the
    /// oldest.
    pub(in crate::http) fn acquire(&mut self, address: IpAddr, holder: T, busy: impl Fn(&T) -> bool) -> (Slot, Option<T>) {
        let network = network(address);
        let own_share_is_full = self.size(network) >= self.limits.per_network;
        let from = if own_share_is_full { Some(network) } else { self.largest().filter(|_| self.total >= self.limits.in_all) };
        let evicted = from.and_then(|network| {
            let slots = self.networks.get(&network)?;
            let number = slots.iter().find(|(_, holder)| !busy(holder)).or_else(|| slots.iter().next()).map(|(number, _)| *number)?;
            self.release(Slot { network, number })
        });
        self.next += 1;
        let slot = Slot { network, number: self.next };
        self.change(network, |slots| slots.insert(slot.number, holder));
        (slot, evicted)
    }

    /// Frees a slot; None if it was evicted meanwhile.
    pub(in crate::http) fn release(&mut self, slot: Slot) -> Option<T> {
        self.change(slot.network, |slots| slots.remove(&slot.number))
    }

    #[cfg(test)]
    fn total(&self) -> usize {
        self.total
    }

    fn size(&self, network: IpAddr) -> usize {
        self.networks.get(&network).map_or(0, BTreeMap::len)
    }

    fn largest(&self) -> Option<IpAddr> {
        self.by_size.last().map(|(_, network)| *network)
    }

    fn change<R>(&mut self, network: IpAddr, change: impl FnOnce(&mut BTreeMap<u64, T>) -> R) -> R {
        let slots = self.networks.entry(network).or_default();
        let before = slots.len();
        let result = change(slots);
        let after = slots.len();
        if after == 0 {
            self.networks.remove(&network);
        }
        self.by_size.remove(&(before, network));
        if after > 0 {
            self.by_size.insert((after, network));
        }
        self.total = self.total + after - before;
        result
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LIMITS: ShareLimits = ShareLimits { in_all: 6, per_network: 4 };

    fn from(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    #[test]
    fn a_network_that_takes_too_much_loses_its_own_oldest() {
        let mut shares = FairShares::new(LIMITS);
        let lost: Vec<_> = (0..7).filter_map(|n| shares.acquire(from("192.0.2.1"), n, |_| false).1).collect();
        assert_eq!((lost, shares.total()), (vec![0, 1, 2], 4));
        assert_eq!(shares.acquire(from("192.0.2.2"), 10, |_| false).1, None, "another one gets in");
        assert_eq!(shares.acquire(from("192.0.2.3"), 11, |_| false).1, None);
        assert_eq!(
            shares.acquire(from("192.0.2.4"), 12, |_| false).1,
            Some(3),
            "and once all are taken, at the cost of the network with the most"
        );
        assert_eq!(shares.total(), 6);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let mut shares = FairShares::new(LIMITS);
        let lost: Vec<_> = (0..6).filter_map(|n| shares.acquire(from(&format!("2001:db8::{n}")), n, |_| false).1).collect();
        assert_eq!(lost, [0, 1]);
        assert_eq!(shares.acquire(from("2001:db8:0:1::1"), 9, |_| false).1, None);
    }

    #[test]
    fn a_busy_holder_is_evicted_last() {
        let mut shares = FairShares::new(LIMITS);
        let lost: Vec<_> = (0..6).filter_map(|n| shares.acquire(from("192.0.2.1"), n, |n| *n < 3).1).collect();
        assert_eq!(lost, [3, 4]);
        let lost: Vec<_> = (6..8).filter_map(|n| shares.acquire(from("192.0.2.1"), n, |_| true).1).collect();
        assert_eq!(lost, [0, 1]);
    }

    #[test]
    fn a_slot_is_released_once() {
        let mut shares = FairShares::new(LIMITS);
        let (slot, _) = shares.acquire(from("192.0.2.1"), 'a', |_| false);
        assert_eq!((shares.release(slot), shares.release(slot)), (Some('a'), None));
        assert_eq!((shares.total(), shares.networks.len(), shares.by_size.len()), (0, 0, 0));
    }

    #[rstest]
    #[case(256, ShareLimits { in_all: 64, per_network: 32 })]
    #[case(1024, ShareLimits { in_all: 256, per_network: 128 })]
    #[case(65_536, ShareLimits { in_all: 16_384, per_network: 8192 })]
    #[case(u64::MAX, ShareLimits { in_all: 16_384, per_network: 8192 })]
    fn most_descriptors_are_for_known_connections(#[case] descriptors: u64, #[case] expected: ShareLimits) {
        let limits = ShareLimits::of_connections(descriptors);
        assert_eq!(limits, expected);
        let screens = limits.of_screens();
        assert!(screens.in_all <= 256 && screens.in_all <= limits.in_all / 2 && screens.per_network <= 64, "{screens:?}");
    }
}
