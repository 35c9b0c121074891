//! Changes the plan by a bridge's acknowledgements: how much it takes on one socket, with which elements, and what is left to REST.

use std::collections::BTreeSet;

use super::{AckOutcome, SocketId, SubscriptionPlan, Topic};
use crate::cms::events::size_search::{SearchStep, SizeSearch};

impl SubscriptionPlan {
    /// The bridge accepted or refused the set `sent`.
    pub(in crate::cms) fn on_ack(&mut self, id: SocketId, sent: &[i64], success: bool) -> AckOutcome {
        let learned_limit = self.learned_limit;
        let Some(socket) = self.sockets.get_mut(id) else { return AckOutcome::Accepted(Vec::new()) };
        if success {
            let before = socket.accepted.replace(sent.to_vec()).unwrap_or_default();
            let new = sent.iter().filter(|index| !before.contains(index));
            socket.doubted = false;
            let new = new.filter_map(|index| socket.topics.get(index).cloned()).collect();
            if socket.search.is_none() && learned_limit.is_some_and(|limit| sent.len() > limit) {
                // It takes more than before: forget the limits and find out again.
                self.learned_limit = None;
                self.sockets.iter_mut().for_each(|socket| socket.cap = None);
                return AckOutcome::Accepted(new);
            }
            // Calls may have begun or ended meanwhile: only an acknowledgement of the search's own set tells it something.
            let next =
                socket.search.as_mut().filter(|_| sent.len() == socket.topics.len()).map(|search| search.on_answer(sent.len(), true));
            if let Some(next) = next {
                self.apply_step(id, next);
            }
            return AckOutcome::Accepted(new);
        }
        // A set of only the list of calls cannot contain an ended call.
        let has_rosters = socket.topics.values().any(|topic| matches!(topic, Topic::Roster(_)));
        if has_rosters && socket.search.is_none() && !std::mem::replace(&mut socket.doubted, true) {
            return AckOutcome::RetryLater;
        }
        let size = sent.len();
        let next = match (&mut socket.search, &socket.accepted) {
            (Some(search), _) => search.on_answer(size, false),
            (None, None) => {
                let (search, next) = SizeSearch::of_first_set(size, learned_limit);
                socket.search = Some(search);
                next
            }
            (None, Some(accepted)) => {
                // The bridge refused what was added since the last accepted set.
                let kept = sent.iter().filter(|index| accepted.contains(index)).count();
                if kept == size {
                    return AckOutcome::GiveUp;
                }
                let (search, next) = SizeSearch::of_grown_set(kept, size, socket.short);
                socket.search = Some(search);
                next
            }
        };
        if next == SearchStep::GiveUp {
            self.sockets[id].search = None;
            return if id == 0 { AckOutcome::GiveUp } else { self.abandon(id) };
        }
        self.apply_step(id, next);
        AckOutcome::RetryNow
    }

    /// Gives a socket's set the size and elements of the search's next step.
    fn apply_step(&mut self, id: SocketId, next: SearchStep) {
        let (size, short) = match next {
            SearchStep::Try { size, short } | SearchStep::Found { size, short, .. } => (size, short),
            SearchStep::GiveUp => return,
        };
        self.sockets[id].short = short;
        self.shrink(id, size);
        self.fill(id, size);
        if matches!(next, SearchStep::Try { .. }) && self.sockets[id].topics.len() < size {
            // There are fewer calls than that by now: the rest fits.
            self.sockets[id].search = None;
            return;
        }
        if let SearchStep::Found { limited, .. } = next {
            let socket = &mut self.sockets[id];
            (socket.search, socket.cap) = (None, limited.then_some(size));
            match self.learned_limit {
                // It takes less than another socket: the limit is one of the bridge.
                Some(limit) if id > 0 && size < limit => self.no_more_sockets = true,
                _ if limited => self.learned_limit = Some(size),
                _ => {}
            }
        }
    }

    /// Leaves the calls beyond this size to REST, newest first.
    fn shrink(&mut self, id: SocketId, size: usize) {
        while self.sockets[id].topics.len() > size {
            let socket = &mut self.sockets[id];
            let last = socket.topics.iter().rev().find(|(_, topic)| **topic != Topic::Calls).map(|(index, _)| *index);
            let Some(Topic::Roster(call)) = last.and_then(|index| socket.topics.remove(&index)) else { return };
            self.socket_by_call.remove(&call);
            self.set_aside(&call);
        }
    }

    /// Adds calls that had no room, up to this size.
    fn fill(&mut self, id: SocketId, size: usize) {
        while self.sockets[id].topics.len() < size
            && let Some(call) = self.no_room.pop_first()
        {
            self.refused.retain(|refused| *refused != call);
            self.assign(id, &call);
        }
    }

    /// A further socket takes nothing: leaves its calls to REST and opens no other socket.
    fn abandon(&mut self, id: SocketId) -> AckOutcome {
        self.shrink(id, 0);
        self.no_more_sockets = true;
        (self.sockets[id].search, self.sockets[id].cap) = (None, Some(0));
        AckOutcome::RetryNow
    }

    /// Gives the calls that had no room another socket; returns the sockets whose sets changed.
    pub(in crate::cms) fn assign_waiting(&mut self) -> BTreeSet<SocketId> {
        let mut changed = BTreeSet::new();
        while !self.no_room.is_empty()
            && let Some(id) = self.socket_with_room()
        {
            let room = self.capacity(id);
            self.fill(id, room);
            changed.insert(id);
        }
        changed
    }

    /// Whether the planned set differs from the one that was sent.
    pub(in crate::cms) fn differs_from(&self, id: SocketId, sent: &[i64]) -> bool {
        self.sockets.get(id).is_some_and(|socket| !socket.topics.keys().eq(sent))
    }

    /// A further socket, opened because of the bridge's own limit, failed. Abandons it where nothing was accepted on it; true when it did.
    pub(in crate::cms) fn give_up_spare_socket(&mut self, id: SocketId) -> bool {
        let is_spare = id > 0 && self.learned_limit.is_some() && self.sockets.get(id).is_some_and(|socket| socket.accepted.is_none());
        if is_spare {
            self.abandon(id);
        }
        is_spare
    }
}
