//! Follows the numbers of a bridge's records: which are new, which are missing, whether they keep up, and whether they can be relied on.
//! Pure.
//!
//! Rules of cdr.md section 4. `correlatorIndex` counts the records of a session; `/system/status` has the next one as `cdrCorrelatorIndex`,
//! so that missing records can be told from a quiet bridge.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many skipped indexes to remember, to tell a late record from a repeated one.
const MAX_SKIPPED: usize = 1024;

/// A record's index this far ahead of the one from REST is wrong.
const IMPLAUSIBLE_JUMP: u64 = 1_000_000;

/// How one record follows those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cms) enum RecordOrder {
    /// Sent again after a lost answer.
    Duplicate,
    /// The expected one, or a late one.
    InOrder,
    /// Records before it are missing: everything must be read again.
    Gap,
    /// The bridge has restarted: nothing that was known of it holds.
    Restarted,
}

/// Whether records announce every lobby change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reliability {
    Unknown,
    /// A record had announced the lobby change that REST showed.
    Proven,
    /// No record had announced it: this bridge does not announce everything.
    Disproven,
}

/// The records of one bridge.
#[derive(Debug)]
pub(in crate::cms) struct RecordSequence {
    /// None until the first record.
    session: Option<Arc<str>>,
    /// The next index; before the first record, the one from REST.
    next: Option<u64>,
    skipped: BTreeSet<u64>,
    /// An index from REST that no record has reached, and when it was read.
    behind: Option<(u64, Instant)>,
    /// The records stayed behind for too long, and none has come since.
    stalled: bool,
    /// When REST last showed that nothing is missing.
    confirmed: Option<Instant>,
    /// When records were last known to be missing.
    disturbed: Option<Instant>,
    reliability: Reliability,
}

impl RecordSequence {
    pub(in crate::cms) fn new() -> Self {
        Self {
            session: None,
            next: None,
            skipped: BTreeSet::new(),
            behind: None,
            stalled: false,
            confirmed: None,
            disturbed: None,
            reliability: Reliability::Unknown,
        }
    }

    /// Takes in the numbers of one record. The caller reads everything again after a [`RecordOrder::Gap`] or [`RecordOrder::Restarted`].
    pub(in crate::cms) fn on_record(&mut self, session: &Arc<str>, index: u64, missing: u64, now: Instant) -> RecordOrder {
        let anew = self.session.as_ref().is_some_and(|known| known != session);
        if anew {
            *self = Self { session: Some(session.clone()), disturbed: Some(now), ..Self::new() };
        }
        self.session.get_or_insert_with(|| session.clone());
        let expected = self.next.unwrap_or(index);
        if index < expected {
            return if self.skipped.remove(&index) { RecordOrder::InOrder } else { RecordOrder::Duplicate };
        }
        // The index jumps by the records that the bridge threw away; if it does not, `missing` counts them.
        let gap = index > expected || missing > 0 || self.next.is_none();
        self.skipped.extend(expected..index.min(expected.saturating_add(MAX_SKIPPED as u64)));
        while self.skipped.len() > MAX_SKIPPED {
            self.skipped.pop_first();
        }
        self.next = Some(index.saturating_add(1));
        self.stalled = false;
        if self.behind.is_some_and(|(target, _)| index.saturating_add(1) >= target) {
            self.behind = None;
        }
        if gap {
            self.disturbed = Some(now);
        }
        match (anew, gap) {
            (true, _) => RecordOrder::Restarted,
            (false, true) => RecordOrder::Gap,
            (false, false) => RecordOrder::InOrder,
        }
    }

    /// REST gave the index of the next record; before the first record, the one that it should have.
    pub(in crate::cms) fn on_status_index(&mut self, index: u64, now: Instant) {
        if self.next.is_some_and(|next| next.saturating_sub(index) > IMPLAUSIBLE_JUMP) {
            // No bridge makes so many records between two readings: one had a wrong index, and all records after it looked old.
            (self.next, self.disturbed) = (None, Some(now));
            self.skipped.clear();
        }
        let next = *self.next.get_or_insert(index);
        if index > next {
            self.behind.get_or_insert((index, now));
        } else if index == next {
            self.behind = None;
            self.confirmed = Some(now);
        }
        // A smaller index is older than the last records, or comes from a bridge that has restarted: the next record says which.
    }

    /// Usher is about to read everything. If no record has come yet, only records from now on can be missed.
    pub(in crate::cms) fn on_full_read(&mut self) {
        if self.session.is_none() {
            *self = Self::new();
        }
    }

    /// True once, when the records have stayed behind for `patience`.
    pub(in crate::cms) fn take_stall(&mut self, patience: Duration, now: Instant) -> bool {
        let stalls = !self.stalled && self.behind.is_some_and(|(_, since)| now.duration_since(since) >= patience);
        if stalls {
            self.stalled = true;
            self.disturbed = Some(now);
        }
        stalls
    }

    pub(in crate::cms) fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Whether a record has come in this session.
    pub(in crate::cms) fn has_begun(&self) -> bool {
        self.session.is_some()
    }

    /// The index of the next record, once any has come.
    pub(in crate::cms) fn next_index(&self) -> Option<u64> {
        self.next.filter(|_| self.has_begun())
    }

    /// REST showed a lobby change; `announced`: a record had announced it. A change while records are missing proves nothing.
    pub(in crate::cms) fn on_lobby_change(&mut self, announced: bool, since: Instant) {
        if !self.has_begun() || self.behind.is_some() || self.stalled || self.disturbed.is_some_and(|at| at >= since) {
            return;
        }
        self.reliability = match (self.reliability, announced) {
            (Reliability::Disproven, _) | (_, false) => Reliability::Disproven,
            (Reliability::Unknown | Reliability::Proven, true) => Reliability::Proven,
        };
    }

    /// Whether the bridge failed to announce a lobby change.
    pub(in crate::cms) fn is_partial(&self) -> bool {
        self.reliability == Reliability::Disproven
    }

    /// Whether Usher may poll participants more slowly: records come, none is missing (REST said so within `fresh`), and they have
    /// announced lobby changes.
    pub(in crate::cms) fn is_reliable(&self, fresh: Duration, now: Instant) -> bool {
        const ON_THE_WAY: Duration = Duration::from_secs(1);
        self.has_begun()
            && !self.stalled
            && self.reliability == Reliability::Proven
            && self.behind.is_none_or(|(_, since)| now.duration_since(since) < ON_THE_WAY)
            && self.confirmed.is_some_and(|at| now.duration_since(at) < fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn s(name: &str) -> Arc<str> {
        name.into()
    }

    fn begun(now: Instant) -> RecordSequence {
        let mut sequence = RecordSequence::new();
        sequence.on_status_index(5, now);
        assert_eq!(sequence.on_record(&s("a"), 5, 0, now), RecordOrder::InOrder);
        sequence
    }

    #[test]
    fn the_first_record_is_no_gap_when_it_has_the_index_from_rest() {
        begun(Instant::now());
        assert_eq!(RecordSequence::new().on_record(&s("a"), 0, 0, Instant::now()), RecordOrder::Gap, "no index was read before");
    }

    #[test]
    fn a_gap_is_noticed_once_and_a_late_record_is_no_repetition() {
        let now = Instant::now();
        let mut sequence = begun(now);
        assert_eq!(sequence.on_record(&s("a"), 8, 0, now), RecordOrder::Gap);
        assert_eq!(sequence.on_record(&s("a"), 9, 0, now), RecordOrder::InOrder);
        assert_eq!(sequence.on_record(&s("a"), 6, 0, now), RecordOrder::InOrder);
        assert_eq!(sequence.on_record(&s("a"), 6, 0, now), RecordOrder::Duplicate);
        assert_eq!(sequence.on_record(&s("a"), 9, 0, now), RecordOrder::Duplicate);
        assert_eq!(sequence.on_record(&s("a"), 10, 3, now), RecordOrder::Gap, "the bridge says that it threw records away");
    }

    #[test]
    fn a_new_session_is_a_restart_and_counts_anew() {
        let now = Instant::now();
        let mut sequence = begun(now);
        assert_eq!(sequence.on_record(&s("b"), 0, 0, now), RecordOrder::Restarted);
        assert_eq!(sequence.on_record(&s("b"), 1, 0, now), RecordOrder::InOrder);
        sequence.on_status_index(1, now);
        assert!(!sequence.take_stall(Duration::ZERO, now), "read before the last record came");
    }

    #[test]
    fn silence_is_no_stall_and_falling_behind_is_one_once() {
        let now = Instant::now();
        let mut sequence = begun(now);
        sequence.on_status_index(6, now);
        assert!(!sequence.take_stall(PATIENCE, now + 100 * PATIENCE));
        sequence.on_status_index(7, now);
        assert!(!sequence.take_stall(PATIENCE, now + PATIENCE / 2));
        assert!(sequence.take_stall(PATIENCE, now + PATIENCE));
        assert!(!sequence.take_stall(PATIENCE, now + 2 * PATIENCE));
        assert!(sequence.is_stalled());
        assert_eq!(sequence.on_record(&s("a"), 6, 0, now), RecordOrder::InOrder);
        assert!(!sequence.is_stalled());
    }

    #[test]
    fn records_that_never_come_stall_too() {
        let now = Instant::now();
        let mut sequence = RecordSequence::new();
        sequence.on_status_index(3, now);
        assert!(!sequence.take_stall(PATIENCE, now + PATIENCE));
        sequence.on_status_index(4, now + PATIENCE);
        assert!(sequence.take_stall(PATIENCE, now + 2 * PATIENCE));
    }

    #[test]
    fn records_are_reliable_after_a_proof_and_while_rest_confirms_them() {
        let now = Instant::now();
        let mut sequence = begun(now);
        sequence.on_status_index(6, now);
        assert!(!sequence.is_reliable(PATIENCE, now), "no proof yet");
        sequence.on_lobby_change(true, now);
        assert!(sequence.is_reliable(PATIENCE, now));
        assert!(!sequence.is_reliable(PATIENCE, now + PATIENCE), "not confirmed for too long");
        sequence.on_status_index(7, now);
        assert!(sequence.is_reliable(PATIENCE, now), "a record may be on its way");
        assert!(!sequence.is_reliable(PATIENCE, now + PATIENCE / 2));
        sequence.on_record(&s("a"), 6, 0, now);
        sequence.on_lobby_change(false, now + PATIENCE);
        assert!(sequence.is_partial() && !sequence.is_reliable(PATIENCE, now));
    }

    #[test]
    fn a_change_while_records_are_missing_proves_nothing() {
        let now = Instant::now();
        let mut sequence = begun(now);
        sequence.on_record(&s("a"), 9, 0, now);
        sequence.on_lobby_change(false, now);
        assert!(!sequence.is_partial());
        sequence.on_lobby_change(false, now + PATIENCE);
        assert!(sequence.is_partial());
    }
}
