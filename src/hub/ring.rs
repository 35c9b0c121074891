//! The last frames, by seq, bounded by count and bytes. Not a history: a follower that is further behind gets a snapshot.

use std::collections::VecDeque;

use super::Frame;

#[derive(Debug)]
pub(super) struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Seq of the newest frame; 0 before the first.
    newest: u64,
    max_frames: usize,
    max_bytes: usize,
}

/// The entry at a seq.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RingEntry {
    Frame(Frame),
    /// Not published yet.
    NotYet,
    /// No longer held.
    Gone,
}

impl Ring {
    pub(super) fn new(max_frames: usize, max_bytes: usize) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, newest: 0, max_frames: max_frames.max(1), max_bytes }
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.newest += 1;
        self.bytes += frame.byte_count();
        self.frames.push_back(frame);
        // The newest frame always stays, however large.
        while self.frames.len() > self.max_frames || (self.bytes > self.max_bytes && self.frames.len() > 1) {
            if let Some(old) = self.frames.pop_front() {
                self.bytes -= old.byte_count();
            }
        }
    }

    /// Whether every frame from `seq` on is still here or yet to come.
    pub(super) fn holds(&self, seq: u64) -> bool {
        !matches!(self.index(seq), Index::Gone)
    }

    pub(super) fn get(&self, seq: u64) -> RingEntry {
        match self.index(seq) {
            Index::Held(n) => RingEntry::Frame(self.frames[n].clone()),
            Index::Ahead => RingEntry::NotYet,
            Index::Gone => RingEntry::Gone,
        }
    }

    fn index(&self, seq: u64) -> Index {
        if seq > self.newest {
            return Index::Ahead;
        }
        let behind = usize::try_from(self.newest - seq).unwrap_or(usize::MAX);
        match self.frames.len().checked_sub(1 + behind.min(self.frames.len())) {
            Some(n) if behind < self.frames.len() => Index::Held(n),
            _ => Index::Gone,
        }
    }
}

enum Index {
    Held(usize),
    Ahead,
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_frames_leave_by_count_and_by_bytes() {
        let mut ring = Ring::new(3, 16);
        assert_eq!((ring.get(1), ring.get(0)), (RingEntry::NotYet, RingEntry::Gone));
        for text in ["aaaa", "bbbb", "cc", "dd"] {
            ring.push(Frame::text(text));
        }
        assert_eq!((ring.get(1), ring.holds(1)), (RingEntry::Gone, false));
        assert_eq!(ring.get(2), RingEntry::Frame(Frame::text("bbbb")));
        ring.push(Frame::text("eeeeeeeeeeeeeeee"));
        assert_eq!((ring.get(4), ring.newest()), (RingEntry::Gone, 5));
        assert_eq!(ring.get(5), RingEntry::Frame(Frame::text("eeeeeeeeeeeeeeee")));
        assert_eq!((ring.get(6), ring.holds(6)), (RingEntry::NotYet, true));
    }
}
