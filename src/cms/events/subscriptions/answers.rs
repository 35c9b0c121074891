//! What a bridge's answers make of the plan: how much it takes on one socket, with which elements, and what is left to REST.

use std::collections::BTreeSet;

use super::{Plan, SocketId, Topic, Verdict};
use crate::cms::events::sizes::{Next, Search};

impl Plan {
    /// The bridge answered a request whose set was `sent`.
    pub(in crate::cms) fn answered(&mut self, id: SocketId, sent: &[i64], success: bool) -> Verdict {
        let learned = self.learned;
        let Some(socket) = self.sockets.get_mut(id) else { return Verdict::Accepted(Vec::new()) };
        if success {
            let before = socket.accepted.replace(sent.to_vec()).unwrap_or_default();
            let new = sent.iter().filter(|index| !before.contains(index));
            socket.doubted = false;
            let new = new.filter_map(|index| socket.topics.get(index).cloned()).collect();
            if socket.search.is_none() && learned.is_some_and(|learned| sent.len() > learned) {
                // It takes more than it did: how much is found out anew.
                self.learned = None;
                self.sockets.iter_mut().for_each(|socket| socket.cap = None);
                return Verdict::Accepted(new);
            }
            // Calls may have begun or ended meanwhile: only an answer to what the search asked for says something to it.
            let next = socket.search.as_mut().filter(|_| sent.len() == socket.topics.len()).map(|search| search.answered(sent.len(), true));
            if let Some(next) = next {
                self.go_on(id, next);
            }
            return Verdict::Accepted(new);
        }
        // Of a list of calls alone nothing can have ended.
        let has_rosters = socket.topics.values().any(|topic| matches!(topic, Topic::Roster(_)));
        if has_rosters && socket.search.is_none() && !std::mem::replace(&mut socket.doubted, true) {
            return Verdict::AskLater;
        }
        let size = sent.len();
        let next = match (&mut socket.search, &socket.accepted) {
            (Some(search), _) => search.answered(size, false),
            (None, None) => {
                let (search, next) = Search::of_first_set(size, learned);
                socket.search = Some(search);
                next
            }
            (None, Some(accepted)) => {
                // What was added since the last accepted set is what was refused.
                let kept = sent.iter().filter(|index| accepted.contains(index)).count();
                if kept == size {
                    return Verdict::GiveUp;
                }
                let (search, next) = Search::of_grown_set(kept, size, socket.short);
                socket.search = Some(search);
                next
            }
        };
        if next == Next::GiveUp {
            self.sockets[id].search = None;
            return if id == 0 { Verdict::GiveUp } else { self.abandon(id) };
        }
        self.go_on(id, next);
        Verdict::AskAgain
    }

    /// Brings a socket to the size and elements that are to be asked for next.
    fn go_on(&mut self, id: SocketId, next: Next) {
        let (size, short) = match next {
            Next::Ask { size, short } | Next::Done { size, short, .. } => (size, short),
            Next::GiveUp => return,
        };
        self.sockets[id].short = short;
        self.shrink(id, size);
        self.fill(id, size);
        if matches!(next, Next::Ask { .. }) && self.sockets[id].topics.len() < size {
            // So many are not there any more: what is left fits.
            self.sockets[id].search = None;
            return;
        }
        if let Next::Done { limited, .. } = next {
            let socket = &mut self.sockets[id];
            (socket.search, socket.cap) = (None, limited.then_some(size));
            match self.learned {
                // Less than another one takes: it is the bridge that takes no more.
                Some(learned) if id > 0 && size < learned => self.no_more_sockets = true,
                _ if limited => self.learned = Some(size),
                _ => {}
            }
        }
    }

    /// Leaves what is too much to REST, newest first.
    fn shrink(&mut self, id: SocketId, size: usize) {
        while self.sockets[id].topics.len() > size {
            let socket = &mut self.sockets[id];
            let last = socket.topics.iter().rev().find(|(_, topic)| **topic != Topic::Calls).map(|(index, _)| *index);
            let Some(Topic::Roster(call)) = last.and_then(|index| socket.topics.remove(&index)) else { return };
            self.place.remove(&call);
            self.set_aside(&call);
        }
    }

    /// Takes up what had no room, up to this size.
    fn fill(&mut self, id: SocketId, size: usize) {
        while self.sockets[id].topics.len() < size
            && let Some(call) = self.no_room.pop_first()
        {
            self.refused.retain(|refused| *refused != call);
            self.place_on(id, &call);
        }
    }

    /// A further socket takes nothing: its calls are read by REST, and no other is opened.
    fn abandon(&mut self, id: SocketId) -> Verdict {
        self.shrink(id, 0);
        self.no_more_sockets = true;
        (self.sockets[id].search, self.sockets[id].cap) = (None, Some(0));
        Verdict::AskAgain
    }

    /// Gives those a socket that had no room on another; returns the sockets whose sets changed.
    pub(in crate::cms) fn spread(&mut self) -> BTreeSet<SocketId> {
        let mut changed = BTreeSet::new();
        while !self.no_room.is_empty()
            && let Some(id) = self.socket_with_room()
        {
            let room = self.room(id);
            self.fill(id, room);
            changed.insert(id);
        }
        changed
    }

    /// What is to be asked for is not what was sent.
    pub(in crate::cms) fn differs(&self, id: SocketId, sent: &[i64]) -> bool {
        self.sockets.get(id).is_some_and(|socket| !socket.topics.keys().eq(sent))
    }

    /// Nothing came of a further socket that the bridge's own limit asked for; true where the bridge can do without it.
    pub(in crate::cms) fn does_without(&mut self, id: SocketId) -> bool {
        let may = id > 0 && self.learned.is_some() && self.sockets.get(id).is_some_and(|socket| socket.accepted.is_none());
        if may {
            self.abandon(id);
        }
        may
    }
}
