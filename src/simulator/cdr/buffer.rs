//! The records one receiver has not acknowledged: order, numbers, overflow (cdr.md 2 and 3). It sends nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::simulator::id::Id;

/// A record as all receivers get it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) kind: &'static str,
    pub(crate) time_ms: i64,
    pub(crate) correlator: u64,
    /// The element inside `<record>`.
    pub(crate) body: String,
}

/// A record as one receiver gets it.
#[derive(Debug, Clone)]
pub(crate) struct Numbered {
    pub(crate) record: Arc<Record>,
    pub(crate) index: u64,
    /// Records just before this one that were discarded.
    pub(crate) missing: u64,
}

/// What one POST carries.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The session of the bridge that it belongs to.
    pub(crate) session: Id,
    pub(crate) body: String,
}

#[derive(Debug)]
struct Held {
    record: Arc<Record>,
    missing: u64,
    /// Its 200 was lost once already.
    repeated: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    records: VecDeque<Held>,
    /// So many from the front are under way and stay where they are.
    in_flight: usize,
    acknowledged: u64,
    /// The highest number that was ever sent.
    highest: u64,
}

impl Buffer {
    /// `overtakes`: stands before the newest record that waits.
    pub(crate) fn push(&mut self, record: Arc<Record>, limit: usize, overtakes: bool) {
        let end = self.records.len();
        let at = if overtakes && end > self.in_flight { end - 1 } else { end };
        self.records.insert(at, Held { record, missing: 0, repeated: false });
        self.trim(limit);
    }

    /// The oldest of those that wait go; the next one says how many.
    fn trim(&mut self, limit: usize) {
        while self.records.len() - self.in_flight > limit.max(1) {
            let Some(gone) = self.records.remove(self.in_flight) else {
                return;
            };
            if let Some(next) = self.records.get_mut(self.in_flight) {
                next.missing += gone.missing + 1;
            }
        }
    }

    /// The next records to send, from now on under way. Numbers count what is sent, so a discarded record leaves no gap (CG).
    pub(crate) fn take(&mut self, most: usize) -> Vec<Numbered> {
        self.in_flight = self.records.len().min(most.max(1));
        self.highest = self.highest.max(self.acknowledged + self.in_flight as u64);
        let numbered = |(at, held): (usize, &Held)| Numbered {
            record: held.record.clone(),
            index: self.acknowledged + 1 + at as u64,
            missing: held.missing,
        };
        self.records.iter().take(self.in_flight).enumerate().map(numbered).collect()
    }

    /// What was under way is the receiver's now.
    pub(crate) fn acknowledge(&mut self) {
        self.records.drain(..self.in_flight);
        self.acknowledged += self.in_flight as u64;
        self.in_flight = 0;
    }

    /// What was under way will be sent again.
    pub(crate) fn keep(&mut self, limit: usize) {
        self.in_flight = 0;
        self.trim(limit);
    }

    /// Whether the 200 for what is under way can get lost: it does so once for a record.
    pub(crate) fn may_lose_answer(&mut self) -> bool {
        let mut fresh = false;
        for held in self.records.iter_mut().take(self.in_flight) {
            fresh |= !held.repeated;
            held.repeated = true;
        }
        fresh
    }

    /// What waited is gone; the next number is the one after the last that was sent, or 1.
    pub(crate) fn forget(&mut self, index_continues: bool) {
        let acknowledged = if index_continues { self.highest } else { 0 };
        *self = Self { acknowledged, highest: acknowledged, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(records: u64, limit: usize) -> Buffer {
        let mut buffer = Buffer::default();
        push(&mut buffer, 0..records, limit);
        buffer
    }

    fn push(buffer: &mut Buffer, correlators: std::ops::Range<u64>, limit: usize) {
        for correlator in correlators {
            let record = Record { kind: "callStart", time_ms: 0, correlator, body: String::new() };
            buffer.push(Arc::new(record), limit, false);
        }
    }

    /// `recordIndex`, `correlatorIndex`, missing.
    fn taken(buffer: &mut Buffer, most: usize) -> Vec<(u64, u64, u64)> {
        buffer.take(most).iter().map(|n| (n.index, n.record.correlator, n.missing)).collect()
    }

    #[test]
    fn overflow_drops_the_oldest_and_the_next_one_says_so() {
        let mut buffer = filled(5, 2);
        assert_eq!(taken(&mut buffer, 1), [(1, 3, 3)]);
        buffer.acknowledge();
        assert_eq!(taken(&mut buffer, 9), [(2, 4, 0)]);
    }

    #[test]
    fn what_is_under_way_is_not_dropped_before_its_answer() {
        let mut buffer = filled(1, 1);
        assert_eq!(taken(&mut buffer, 1), [(1, 0, 0)]);
        push(&mut buffer, 1..4, 1);
        buffer.acknowledge();
        assert_eq!(taken(&mut buffer, 1), [(2, 3, 2)]);
        push(&mut buffer, 4..5, 1);
        buffer.keep(1);
        assert_eq!(taken(&mut buffer, 1), [(2, 4, 3)]);
    }

    #[test]
    fn an_answer_is_lost_once_for_a_record() {
        let mut buffer = filled(2, 9);
        buffer.take(1);
        assert!(buffer.may_lose_answer());
        buffer.keep(9);
        buffer.take(1);
        assert!(!buffer.may_lose_answer());
        buffer.acknowledge();
        buffer.take(1);
        assert!(buffer.may_lose_answer());
    }

    #[test]
    fn a_restart_forgets_records_and_perhaps_the_number() {
        let mut buffer = filled(2, 9);
        buffer.take(1);
        buffer.acknowledge();
        buffer.forget(true);
        push(&mut buffer, 0..1, 9);
        assert_eq!(taken(&mut buffer, 9), [(2, 0, 0)]);
        buffer.forget(false);
        push(&mut buffer, 0..1, 9);
        assert_eq!(taken(&mut buffer, 9), [(1, 0, 0)]);
    }
}
