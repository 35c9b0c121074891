//! Which call is followed on which events socket under which index. Pure; speaks to nobody.
//!
//! Each request replaces the whole set of its socket, and an index is never used for another call on one socket: late updates of a
//! dropped subscription would be misread (events.md section 3).

mod answers;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::protocol::{ROSTER_ELEMENTS, Subscription};
use super::sizes::Search;
use crate::model::CallId;

const CALLS: &[&str] = &["name", "participants", "recording", "streaming", "lockState", "callCorrelator"];
const CALLS_SHORT: &[&str] = &["name", "participants"];
const ROSTER_SHORT: &[&str] = &["name", "uri", "state"];

/// A limit on one socket is met by further sockets only where each of them takes this many subscriptions: a bridge that takes fewer would be
/// given dozens of sockets, and is polled for the rest.
const WORTH_A_SOCKET: usize = 10;
/// So many sockets at most, where a bridge's own limit asks for more than one.
const MOST_SOCKETS: usize = 10;

/// Number of an events socket of one bridge; the first also follows the list of calls.
pub(in crate::cms) type SocketId = usize;

/// What an index stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::cms) enum Topic {
    Calls,
    Roster(CallId),
}

/// What to do after the bridge answered a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cms) enum Verdict {
    /// What is pushed from now on that was not before.
    Accepted(Vec<Topic>),
    /// Ask once more, after a while: a call of the set may have ended, and is taken out as soon as that is known.
    AskLater,
    /// Ask again: with fewer elements, or without the calls that are now in [`Plan::refused`].
    AskAgain,
    /// Not even the last accepted set is accepted: give the socket up.
    GiveUp,
}

/// All sockets of one bridge.
#[derive(Debug)]
pub(in crate::cms) struct Plan {
    /// The largest set of one socket, as configured.
    limit: usize,
    /// The largest set that this bridge takes on one socket, once it refused a larger one. Remembered over connections.
    learned: Option<usize>,
    /// A further socket takes less than the first one: the limit is of the bridge, not of one socket.
    no_more_sockets: bool,
    sockets: Vec<Socket>,
    place: HashMap<CallId, SocketId>,
    /// All calls whose roster is not asked for, in the order in which they are tried again.
    refused: VecDeque<CallId>,
    /// Those of them for which there was no room, and not refused for themselves.
    no_room: BTreeSet<CallId>,
}

#[derive(Debug, Default)]
struct Socket {
    next_index: i64,
    topics: BTreeMap<i64, Topic>,
    /// Indexes of the last set that the bridge accepted.
    accepted: Option<Vec<i64>>,
    /// The last set was refused, and is asked for once more before anything is made of that.
    doubted: bool,
    /// Asked for with fewer elements.
    short: bool,
    /// How much it takes is being found out.
    search: Option<Search>,
    /// It refused more than this.
    cap: Option<usize>,
}

/// What is followed where.
impl Plan {
    /// `limit` is the largest set of one socket.
    pub(in crate::cms) fn new(limit: usize) -> Self {
        Self {
            limit,
            learned: None,
            no_more_sockets: false,
            sockets: vec![Socket::with_calls()],
            place: HashMap::new(),
            refused: VecDeque::new(),
            no_room: BTreeSet::new(),
        }
    }

    /// What one socket is asked for at most.
    fn room(&self, id: SocketId) -> usize {
        let cap = self.sockets.get(id).and_then(|socket| socket.cap);
        [self.learned, cap].into_iter().flatten().fold(self.limit, usize::min)
    }

    fn is_searching(&self) -> bool {
        self.sockets.iter().any(|socket| socket.search.is_some())
    }

    fn socket_with_room(&mut self) -> Option<SocketId> {
        let has_room = |id: &SocketId| self.sockets[*id].search.is_none() && self.sockets[*id].topics.len() < self.room(*id);
        if let Some(id) = (0..self.sockets.len()).find(has_room) {
            return Some(id);
        }
        let worth = self.room(self.sockets.len()) >= WORTH_A_SOCKET && self.sockets.len() < MOST_SOCKETS && !self.no_more_sockets;
        (!self.is_searching() && (self.learned.is_none() || worth)).then(|| {
            self.sockets.push(Socket::empty());
            self.sockets.len() - 1
        })
    }

    /// Follows a call; returns the socket whose set changed. None also where there is no room: then it is among the refused.
    pub(in crate::cms) fn add(&mut self, call: &CallId) -> Option<SocketId> {
        if self.place.contains_key(call) || self.refused.contains(call) {
            return None;
        }
        let Some(id) = self.socket_with_room() else {
            self.set_aside(call);
            return None;
        };
        self.place_on(id, call);
        Some(id)
    }

    fn place_on(&mut self, id: SocketId, call: &CallId) {
        self.sockets[id].add(Topic::Roster(call.clone()));
        self.place.insert(call.clone(), id);
    }

    fn set_aside(&mut self, call: &CallId) {
        self.refused.push_back(call.clone());
        self.no_room.insert(call.clone());
    }

    /// Follows a call no longer; returns the socket whose set changed.
    pub(in crate::cms) fn remove(&mut self, call: &CallId) -> Option<SocketId> {
        self.refused.retain(|refused| refused != call);
        self.no_room.remove(call);
        let id = self.place.remove(call)?;
        self.sockets[id].topics.retain(|_, topic| !matches!(topic, Topic::Roster(roster) if roster == call));
        // Whoever had no room takes the place.
        if self.sockets[id].search.is_none()
            && self.sockets[id].topics.len() < self.room(id)
            && let Some(next) = self.no_room.pop_first()
        {
            self.refused.retain(|refused| *refused != next);
            self.place_on(id, &next);
        }
        Some(id)
    }

    /// The bridge pushes a call's roster no longer, though the call may go on: it is read by REST and tried again later.
    pub(in crate::cms) fn deactivated(&mut self, call: &CallId) {
        if self.remove(call).is_some() {
            self.refused.push_back(call.clone());
        }
    }

    /// Asks for something under a new index, so that its list is told anew; returns the socket whose set changed.
    pub(in crate::cms) fn renew(&mut self, topic: &Topic) -> Option<SocketId> {
        let id = match topic {
            Topic::Calls => 0,
            Topic::Roster(call) => self.socket_of(call)?,
        };
        let socket = &mut self.sockets[id];
        socket.topics.retain(|_, known| known != topic);
        socket.add(topic.clone());
        Some(id)
    }

    /// Where a call is followed.
    pub(in crate::cms) fn socket_of(&self, call: &CallId) -> Option<SocketId> {
        self.place.get(call).copied()
    }

    /// The whole set of a socket, as it is to be asked for.
    pub(in crate::cms) fn request(&self, socket: SocketId) -> Vec<Subscription> {
        let Some(socket) = self.sockets.get(socket) else { return Vec::new() };
        let short = socket.short;
        let subscription = |(index, topic): (&i64, &Topic)| match topic {
            Topic::Calls => Subscription { index: *index, kind: "calls", call: None, elements: if short { CALLS_SHORT } else { CALLS } },
            Topic::Roster(call) => Subscription {
                index: *index,
                kind: "callRoster",
                call: Some(call.clone()),
                elements: if short { ROSTER_SHORT } else { ROSTER_ELEMENTS },
            },
        };
        socket.topics.iter().map(subscription).collect()
    }

    /// What an update is about; None for what was dropped or never asked for.
    pub(in crate::cms) fn topic(&self, socket: SocketId, index: i64) -> Option<&Topic> {
        self.sockets.get(socket)?.topics.get(&index)
    }
}

/// What is so now.
impl Plan {
    /// Calls whose roster the bridge does not push; they are read by REST.
    pub(in crate::cms) fn refused(&self) -> impl Iterator<Item = &CallId> {
        self.refused.iter()
    }

    pub(in crate::cms) fn is_refused(&self, call: &CallId) -> bool {
        self.refused.contains(call)
    }

    /// Whether the bridge said that it pushes this.
    pub(in crate::cms) fn is_accepted(&self, call: &CallId) -> bool {
        let Some(socket) = self.socket_of(call).and_then(|id| self.sockets.get(id)) else { return false };
        let accepted = |index: &i64| socket.accepted.as_ref().is_some_and(|set| set.contains(index));
        socket.topics.iter().any(|(index, topic)| matches!(topic, Topic::Roster(roster) if roster == call) && accepted(index))
    }

    /// Whether exactly this is pushed already.
    pub(in crate::cms) fn has_all(&self, id: SocketId, indexes: &[i64]) -> bool {
        self.sockets.get(id).is_some_and(|socket| socket.search.is_none() && socket.accepted.as_deref() == Some(indexes))
    }

    /// Nothing is left to REST.
    pub(in crate::cms) fn pushes_everything(&self) -> bool {
        self.refused.is_empty() && !self.is_short()
    }

    /// Of how many calls something is not pushed, out of `all`.
    pub(in crate::cms) fn polled(&self, all: usize) -> usize {
        if self.sockets.first().is_some_and(|socket| socket.short && socket.search.is_none()) {
            return all;
        }
        let short = self.sockets.iter().filter(|socket| socket.short && socket.search.is_none());
        self.refused.len() + short.map(|socket| socket.topics.len()).sum::<usize>()
    }

    /// Whether a set of this connection was ever accepted.
    pub(in crate::cms) fn has_accepted(&self, id: SocketId) -> bool {
        self.sockets.get(id).is_some_and(|socket| socket.accepted.is_some())
    }

    /// Whether it said so of who is muted there, too.
    pub(in crate::cms) fn tells_mutes(&self, call: &CallId) -> bool {
        let short = self.socket_of(call).and_then(|id| self.sockets.get(id)).is_some_and(|socket| socket.short);
        self.is_accepted(call) && !short
    }

    /// Whether it tells locks, recordings and streams.
    pub(in crate::cms) fn tells_locks(&self) -> bool {
        self.sockets.first().is_some_and(|socket| socket.accepted.is_some() && !socket.short)
    }

    /// Tries one refused call again, also where there was no room; returns the socket whose set changed.
    pub(in crate::cms) fn retry_refused(&mut self) -> Option<SocketId> {
        if self.is_searching() {
            return None;
        }
        let call = self.refused.pop_front()?;
        self.no_room.remove(&call);
        self.no_more_sockets = false;
        let id = self.socket_with_room().or_else(|| self.sockets.iter().position(|socket| socket.topics.len() < self.limit));
        match id {
            Some(id) => self.place_on(id, &call),
            None => self.set_aside(&call),
        }
        id
    }

    /// A fresh connection knows nothing: calls stay where they are, and what was refused is asked for again, all of it at once. Returns the
    /// sockets whose sets changed.
    pub(in crate::cms) fn reconnected(&mut self, id: SocketId) -> BTreeSet<SocketId> {
        if let Some(socket) = self.sockets.get_mut(id) {
            (socket.accepted, socket.doubted, socket.short, socket.search) = (None, false, false, None);
        }
        if id >= self.sockets.len() || id > 0 && self.learned.is_some() {
            // It was opened for what had no room: asking it for more would be refused.
            return BTreeSet::new();
        }
        (self.no_more_sockets, self.sockets[id].cap) = (false, None);
        self.no_room.clear();
        let refused = std::mem::take(&mut self.refused);
        let limit = self.limit;
        refused
            .iter()
            .filter_map(|call| {
                if self.sockets[id].topics.len() >= limit {
                    return self.add(call);
                }
                self.place_on(id, call);
                Some(id)
            })
            .collect()
    }

    /// Some socket's events come with fewer elements than asked for first.
    pub(in crate::cms) fn is_short(&self) -> bool {
        self.sockets.iter().any(|socket| socket.short && socket.search.is_none() && !socket.topics.is_empty())
    }

    /// How much is followed over all sockets.
    pub(in crate::cms) fn subscriptions(&self) -> usize {
        self.sockets.iter().map(|socket| socket.topics.len()).sum()
    }

    /// Sockets that have something to follow.
    pub(in crate::cms) fn sockets(&self) -> impl Iterator<Item = SocketId> + '_ {
        self.sockets.iter().enumerate().filter(|(_, socket)| !socket.topics.is_empty()).map(|(id, _)| id)
    }
}

impl Socket {
    fn empty() -> Self {
        Self { next_index: 1, ..Self::default() }
    }

    fn with_calls() -> Self {
        let mut socket = Self::empty();
        socket.add(Topic::Calls);
        socket
    }

    fn add(&mut self, topic: Topic) {
        self.topics.insert(self.next_index, topic);
        self.next_index += 1;
    }
}

#[cfg(test)]
#[path = "subscriptions/tests.rs"]
mod tests;
