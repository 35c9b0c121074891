//! What the numbers of records say: which are new, which are missing, whether the feed keeps up, and whether it can be relied on. Pure.
//!
//! Rules of cdr.md section 4. `correlatorIndex` counts the records of a session; `/system/status` tells the next one as
//! `cdrCorrelatorIndex`, so that a feed that stops can be told from a bridge where nothing happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Skipped indexes that are remembered, so that one which comes late is told from one that comes twice.
const MOST_SKIPPED: usize = 1024;

/// A number that is so far ahead of what REST tells is wrong.
const IMPLAUSIBLE: u64 = 1_000_000;

/// What one record's numbers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cms) enum Noted {
    /// Sent again after a lost answer.
    Twice,
    /// As expected, or late.
    Fine,
    /// Records before it are missing: everything must be read again.
    Gap,
    /// The bridge has started anew: nothing that was known of it holds.
    Restarted,
}

/// Whether what the records announce is what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    None,
    /// A lobby change that was read had been announced.
    Held,
    /// One had not: this bridge does not announce everything.
    Failed,
}

/// The records of one bridge.
#[derive(Debug)]
pub(in crate::cms) struct Feed {
    /// None until the first record.
    session: Option<Arc<str>>,
    /// The next index; before the first record the one that REST told.
    next: Option<u64>,
    skipped: BTreeSet<u64>,
    /// REST told an index that no record has reached, since when.
    behind: Option<(u64, Instant)>,
    /// The records stayed behind for too long; nothing has come since.
    stalled: bool,
    /// When REST last told that nothing is missing.
    confirmed: Option<Instant>,
    /// When records were last known to be missing.
    disturbed: Option<Instant>,
    proof: Proof,
}

impl Feed {
    pub(in crate::cms) fn new() -> Self {
        Self {
            session: None,
            next: None,
            skipped: BTreeSet::new(),
            behind: None,
            stalled: false,
            confirmed: None,
            disturbed: None,
            proof: Proof::None,
        }
    }

    /// Takes in the numbers of one record. The caller reads everything again after a [`Noted::Gap`] or [`Noted::Restarted`].
    pub(in crate::cms) fn take(&mut self, session: &Arc<str>, index: u64, missing: u64, now: Instant) -> Noted {
        let anew = self.session.as_ref().is_some_and(|known| known != session);
        if anew {
            *self = Self { session: Some(session.clone()), disturbed: Some(now), ..Self::new() };
        }
        self.session.get_or_insert_with(|| session.clone());
        let expected = self.next.unwrap_or(index);
        if index < expected {
            return if self.skipped.remove(&index) { Noted::Fine } else { Noted::Twice };
        }
        // The index jumps by what the bridge threw away; should it not, the count says so.
        let gap = index > expected || missing > 0 || self.next.is_none();
        self.skipped.extend(expected..index.min(expected.saturating_add(MOST_SKIPPED as u64)));
        while self.skipped.len() > MOST_SKIPPED {
            self.skipped.pop_first();
        }
        self.next = Some(index.saturating_add(1));
        self.stalled = false;
        if self.behind.is_some_and(|(told, _)| index.saturating_add(1) >= told) {
            self.behind = None;
        }
        if gap {
            self.disturbed = Some(now);
        }
        match (anew, gap) {
            (true, _) => Noted::Restarted,
            (false, true) => Noted::Gap,
            (false, false) => Noted::Fine,
        }
    }

    /// REST tells the index of the next record. Before the first record it is what the first one should carry.
    pub(in crate::cms) fn told(&mut self, index: u64, now: Instant) {
        if self.next.is_some_and(|next| next.saturating_sub(index) > IMPLAUSIBLE) {
            // No bridge makes so many between two looks: a record had a wrong number, and all that came since looked old.
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
        // A smaller one was told before the last records came, or by a bridge that has started anew: the next record says which.
    }

    /// Everything is about to be read: of a feed that has not begun, only what is recorded from now on is missed.
    pub(in crate::cms) fn begin_reading(&mut self) {
        if self.session.is_none() {
            *self = Self::new();
        }
    }

    /// True once when the records have stayed behind for `patience`.
    pub(in crate::cms) fn stalls(&mut self, patience: Duration, now: Instant) -> bool {
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

    /// At least one record has come in this session.
    pub(in crate::cms) fn has_begun(&self) -> bool {
        self.session.is_some()
    }

    /// The index of the next record, once any has come.
    pub(in crate::cms) fn next(&self) -> Option<u64> {
        self.next.filter(|_| self.has_begun())
    }

    /// A lobby change was read by REST; had a record announced it? What happens while records are missing proves nothing.
    pub(in crate::cms) fn judge(&mut self, announced: bool, since: Instant) {
        if !self.has_begun() || self.behind.is_some() || self.stalled || self.disturbed.is_some_and(|at| at >= since) {
            return;
        }
        self.proof = match (self.proof, announced) {
            (Proof::Failed, _) | (_, false) => Proof::Failed,
            (Proof::None | Proof::Held, true) => Proof::Held,
        };
    }

    /// The bridge was seen not to announce a lobby change.
    pub(in crate::cms) fn is_partial(&self) -> bool {
        self.proof == Proof::Failed
    }

    /// Whether reading people in turn may be slowed down: records come, nothing is missing (REST said so within `fresh`), and they were
    /// seen to announce lobby changes.
    pub(in crate::cms) fn is_reliable(&self, fresh: Duration, now: Instant) -> bool {
        const ON_THE_WAY: Duration = Duration::from_secs(1);
        self.has_begun()
            && !self.stalled
            && self.proof == Proof::Held
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

    fn begun(now: Instant) -> Feed {
        let mut feed = Feed::new();
        feed.told(5, now);
        assert_eq!(feed.take(&s("a"), 5, 0, now), Noted::Fine);
        feed
    }

    #[test]
    fn the_first_record_is_no_gap_when_it_is_the_one_that_rest_told() {
        begun(Instant::now());
        assert_eq!(Feed::new().take(&s("a"), 0, 0, Instant::now()), Noted::Gap, "nothing was told before");
    }

    #[test]
    fn a_gap_is_noticed_once_and_what_comes_late_is_no_repetition() {
        let now = Instant::now();
        let mut feed = begun(now);
        assert_eq!(feed.take(&s("a"), 8, 0, now), Noted::Gap);
        assert_eq!(feed.take(&s("a"), 9, 0, now), Noted::Fine);
        assert_eq!(feed.take(&s("a"), 6, 0, now), Noted::Fine);
        assert_eq!(feed.take(&s("a"), 6, 0, now), Noted::Twice);
        assert_eq!(feed.take(&s("a"), 9, 0, now), Noted::Twice);
        assert_eq!(feed.take(&s("a"), 10, 3, now), Noted::Gap, "the bridge says that it threw records away");
    }

    #[test]
    fn a_new_session_is_a_restart_and_counts_anew() {
        let now = Instant::now();
        let mut feed = begun(now);
        assert_eq!(feed.take(&s("b"), 0, 0, now), Noted::Restarted);
        assert_eq!(feed.take(&s("b"), 1, 0, now), Noted::Fine);
        feed.told(1, now);
        assert!(!feed.stalls(Duration::ZERO, now), "told before the last record came");
    }

    #[test]
    fn quiet_is_no_stall_and_staying_behind_is_one_once() {
        let now = Instant::now();
        let mut feed = begun(now);
        feed.told(6, now);
        assert!(!feed.stalls(PATIENCE, now + 100 * PATIENCE));
        feed.told(7, now);
        assert!(!feed.stalls(PATIENCE, now + PATIENCE / 2));
        assert!(feed.stalls(PATIENCE, now + PATIENCE));
        assert!(!feed.stalls(PATIENCE, now + 2 * PATIENCE));
        assert!(feed.is_stalled());
        assert_eq!(feed.take(&s("a"), 6, 0, now), Noted::Fine);
        assert!(!feed.is_stalled());
    }

    #[test]
    fn a_feed_of_which_nothing_ever_came_stalls_too() {
        let now = Instant::now();
        let mut feed = Feed::new();
        feed.told(3, now);
        assert!(!feed.stalls(PATIENCE, now + PATIENCE));
        feed.told(4, now + PATIENCE);
        assert!(feed.stalls(PATIENCE, now + 2 * PATIENCE));
    }

    #[test]
    fn it_is_relied_on_only_after_a_proof_and_while_rest_confirms_it() {
        let now = Instant::now();
        let mut feed = begun(now);
        feed.told(6, now);
        assert!(!feed.is_reliable(PATIENCE, now), "no proof yet");
        feed.judge(true, now);
        assert!(feed.is_reliable(PATIENCE, now));
        assert!(!feed.is_reliable(PATIENCE, now + PATIENCE), "not confirmed for too long");
        feed.told(7, now);
        assert!(feed.is_reliable(PATIENCE, now), "a record may be on its way");
        assert!(!feed.is_reliable(PATIENCE, now + PATIENCE / 2));
        feed.take(&s("a"), 6, 0, now);
        feed.judge(false, now + PATIENCE);
        assert!(feed.is_partial() && !feed.is_reliable(PATIENCE, now));
    }

    #[test]
    fn what_happens_while_records_are_missing_proves_nothing() {
        let now = Instant::now();
        let mut feed = begun(now);
        feed.take(&s("a"), 9, 0, now);
        feed.judge(false, now);
        assert!(!feed.is_partial());
        feed.judge(false, now + PATIENCE);
        assert!(feed.is_partial());
    }
}
