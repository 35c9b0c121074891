//! The records that one receiver has not acknowledged yet: order, numbers, overflow (cdr.md 2 and 3). It sends nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::simulator::id::Id;

/// A record as it is stored for all receivers.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) kind: &'static str,
    pub(crate) time_ms: i64,
    pub(crate) correlator: u64,
    /// The element inside `<record>`.
    pub(crate) body: String,
}

/// A record with the number that it has for one receiver.
#[derive(Debug, Clone)]
pub(crate) struct NumberedRecord {
    pub(crate) record: Arc<Record>,
    pub(crate) index: u64,
    /// Number of records discarded just before this one.
    pub(crate) missing: u64,
}

/// The body of one POST.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The bridge's session that the records belong to.
    pub(crate) session: Id,
    pub(crate) body: String,
}

#[derive(Debug)]
struct QueuedRecord {
    record: Arc<Record>,
    missing: u64,
    /// Its 200 has been lost once already.
    repeated: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    records: VecDeque<QueuedRecord>,
    /// This many records at the front are being sent and keep their places.
    in_flight: usize,
    acknowledged: u64,
    /// The highest number that has been sent.
    highest: u64,
}

impl Buffer {
    /// With `overtakes`, the record goes before the newest waiting one.
    pub(crate) fn push(&mut self, record: Arc<Record>, limit: usize, overtakes: bool) {
        let end = self.records.len();
        let at = if overtakes && end > self.in_flight { end - 1 } else { end };
        self.records.insert(at, QueuedRecord { record, missing: 0, repeated: false });
        self.trim(limit);
    }

    /// Discards the oldest waiting records; the next one carries their number.
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

    /// Takes the next records and marks them as being sent. Numbers count the records sent, so a discarded record leaves no gap (CG).
    pub(crate) fn take(&mut self, max: usize) -> Vec<NumberedRecord> {
        self.in_flight = self.records.len().min(max.max(1));
        self.highest = self.highest.max(self.acknowledged + self.in_flight as u64);
        let numbered = |(at, held): (usize, &QueuedRecord)| NumberedRecord {
            record: held.record.clone(),
            index: self.acknowledged + 1 + at as u64,
            missing: held.missing,
        };
        self.records.iter().take(self.in_flight).enumerate().map(numbered).collect()
    }

    /// Removes the records that were being sent: the receiver has them.
    pub(crate) fn acknowledge(&mut self) {
        self.records.drain(..self.in_flight);
        self.acknowledged += self.in_flight as u64;
        self.in_flight = 0;
    }

    /// Keeps the records that were being sent, to send them again.
    pub(crate) fn requeue(&mut self, limit: usize) {
        self.in_flight = 0;
        self.trim(limit);
    }

    /// Whether the 200 for the records being sent may get lost: once for each record.
    pub(crate) fn may_lose_answer(&mut self) -> bool {
        let mut fresh = false;
        for held in self.records.iter_mut().take(self.in_flight) {
            fresh |= !held.repeated;
            held.repeated = true;
        }
        fresh
    }

    /// Discards the waiting records; the next number follows the last one sent, or is 1.
    pub(crate) fn clear(&mut self, index_continues: bool) {
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
    fn taken(buffer: &mut Buffer, max: usize) -> Vec<(u64, u64, u64)> {
        buffer.take(max).iter().map(|n| (n.index, n.record.correlator, n.missing)).collect()
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
        buffer.requeue(1);
        assert_eq!(taken(&mut buffer, 1), [(2, 4, 3)]);
    }

    #[test]
    fn an_answer_is_lost_once_for_a_record() {
        let mut buffer = filled(2, 9);
        buffer.take(1);
        assert!(buffer.may_lose_answer());
        buffer.requeue(9);
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
        buffer.clear(true);
        push(&mut buffer, 0..1, 9);
        assert_eq!(taken(&mut buffer, 9), [(2, 0, 0)]);
        buffer.clear(false);
        push(&mut buffer, 0..1, 9);
        assert_eq!(taken(&mut buffer, 9), [(1, 0, 0)]);
    }
}
