//! Plans which call is followed on which events socket under which index. Pure; sends nothing.
//!
//! Each request replaces the whole set of its socket, and an index is never used for another call on one socket: late updates of a
//! dropped subscription would be misread (events.md section 3).

mod acks;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::protocol::{ROSTER_ELEMENTS, Subscription};
use super::size_search::SizeSearch;
use crate::model::CallId;

const CALLS: &[&str] = &["name", "participants", "recording", "streaming", "lockState", "callCorrelator"];
const CALLS_SHORT: &[&str] = &["name", "participants"];
const ROSTER_SHORT: &[&str] = &["name", "uri", "state"];

/// Usher opens further sockets only where each takes this many subscriptions. A bridge that takes fewer would get dozens of sockets; it is
/// polled for the rest instead.
const WORTH_A_SOCKET: usize = 10;
/// How many sockets to open at most, where a bridge's own limit asks for more than one.
const MOST_SOCKETS: usize = 10;

/// Number of an events socket of one bridge; the first also follows the list of calls.
pub(in crate::cms) type SocketId = usize;

/// The list that a subscription follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::cms) enum Topic {
    Calls,
    Roster(CallId),
}

/// The next thing to do after the bridge accepted or refused a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cms) enum AckOutcome {
    /// The bridge pushes these topics from now on.
    Accepted(Vec<Topic>),
    /// Send the set once more, after a while: one of its calls may have ended, and leaves the set as soon as that is known.
    RetryLater,
    /// Send the set again: it now has fewer elements, or lacks the calls that are in [`SubscriptionPlan::refused`].
    RetryNow,
    /// Close the socket: the bridge does not even accept the last accepted set.
    GiveUp,
}

/// All sockets of one bridge.
#[derive(Debug)]
pub(in crate::cms) struct SubscriptionPlan {
    /// The largest set of one socket, as configured.
    limit: usize,
    /// The largest set that this bridge takes on one socket, once it refused a larger one. Outlives connections.
    learned_limit: Option<usize>,
    /// A further socket took less than the first one: the limit is one of the bridge, not of one socket.
    no_more_sockets: bool,
    sockets: Vec<SocketSet>,
    socket_by_call: HashMap<CallId, SocketId>,
    /// All calls whose roster is not subscribed to, in the order in which they are tried again.
    refused: VecDeque<CallId>,
    /// The calls among them that found no room, and were not refused for themselves.
    no_room: BTreeSet<CallId>,
}

#[derive(Debug, Default)]
struct SocketSet {
    next_index: i64,
    topics: BTreeMap<i64, Topic>,
    /// Indexes of the last set that the bridge accepted.
    accepted: Option<Vec<i64>>,
    /// The bridge refused the last set; Usher sends it once more before concluding anything.
    doubted: bool,
    /// The set has fewer elements.
    short: bool,
    /// Usher is finding out how much the socket takes.
    search: Option<SizeSearch>,
    /// The bridge refused more than this on this socket.
    cap: Option<usize>,
}

/// Assigning calls to sockets.
impl SubscriptionPlan {
    /// `limit` is the largest set of one socket.
    pub(in crate::cms) fn new(limit: usize) -> Self {
        Self {
            limit,
            learned_limit: None,
            no_more_sockets: false,
            sockets: vec![SocketSet::with_calls()],
            socket_by_call: HashMap::new(),
            refused: VecDeque::new(),
            no_room: BTreeSet::new(),
        }
    }

    /// The largest set to send on a socket.
    fn capacity(&self, id: SocketId) -> usize {
        let cap = self.sockets.get(id).and_then(|socket| socket.cap);
        [self.learned_limit, cap].into_iter().flatten().fold(self.limit, usize::min)
    }

    fn is_searching(&self) -> bool {
        self.sockets.iter().any(|socket| socket.search.is_some())
    }

    fn socket_with_room(&mut self) -> Option<SocketId> {
        let has_room = |id: &SocketId| self.sockets[*id].search.is_none() && self.sockets[*id].topics.len() < self.capacity(*id);
        if let Some(id) = (0..self.sockets.len()).find(has_room) {
            return Some(id);
        }
        let worth = self.capacity(self.sockets.len()) >= WORTH_A_SOCKET && self.sockets.len() < MOST_SOCKETS && !self.no_more_sockets;
        (!self.is_searching() && (self.learned_limit.is_none() || worth)).then(|| {
            self.sockets.push(SocketSet::empty());
            self.sockets.len() - 1
        })
    }

    /// Follows a call; returns the socket whose set changed. None also where there is no room: the call is then among the refused.
    pub(in crate::cms) fn add(&mut self, call: &CallId) -> Option<SocketId> {
        if self.socket_by_call.contains_key(call) || self.refused.contains(call) {
            return None;
        }
        let Some(id) = self.socket_with_room() else {
            self.set_aside(call);
            return None;
        };
        self.assign(id, call);
        Some(id)
    }

    fn assign(&mut self, id: SocketId, call: &CallId) {
        self.sockets[id].add(Topic::Roster(call.clone()));
        self.socket_by_call.insert(call.clone(), id);
    }

    fn set_aside(&mut self, call: &CallId) {
        self.refused.push_back(call.clone());
        self.no_room.insert(call.clone());
    }

    /// Stops following a call; returns the socket whose set changed.
    pub(in crate::cms) fn remove(&mut self, call: &CallId) -> Option<SocketId> {
        self.refused.retain(|refused| refused != call);
        self.no_room.remove(call);
        let id = self.socket_by_call.remove(call)?;
        self.sockets[id].topics.retain(|_, topic| !matches!(topic, Topic::Roster(roster) if roster == call));
        // A call that had no room takes its slot.
        if self.sockets[id].search.is_none()
            && self.sockets[id].topics.len() < self.capacity(id)
            && let Some(next) = self.no_room.pop_first()
        {
            self.refused.retain(|refused| *refused != next);
            self.assign(id, &next);
        }
        Some(id)
    }

    /// The bridge stopped pushing a call's roster, though the call may go on: it is read by REST, and subscribed to again later.
    pub(in crate::cms) fn on_deactivated(&mut self, call: &CallId) {
        if self.remove(call).is_some() {
            self.refused.push_back(call.clone());
        }
    }

    /// Gives a topic a new index, so that the bridge sends its list again; returns the socket whose set changed.
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

    /// The socket on which a call is followed.
    pub(in crate::cms) fn socket_of(&self, call: &CallId) -> Option<SocketId> {
        self.socket_by_call.get(call).copied()
    }

    /// The whole set to send on a socket.
    pub(in crate::cms) fn subscription_set(&self, socket: SocketId) -> Vec<Subscription> {
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

    /// The topic of an index; None for one that was dropped or never used.
    pub(in crate::cms) fn topic_of(&self, socket: SocketId, index: i64) -> Option<&Topic> {
        self.sockets.get(socket)?.topics.get(&index)
    }
}

/// Reading the plan.
impl SubscriptionPlan {
    /// The calls whose roster the bridge does not push; they are read by REST.
    pub(in crate::cms) fn refused(&self) -> impl Iterator<Item = &CallId> {
        self.refused.iter()
    }

    pub(in crate::cms) fn is_refused(&self, call: &CallId) -> bool {
        self.refused.contains(call)
    }

    /// Whether the bridge accepted the subscription of this call's roster.
    pub(in crate::cms) fn is_accepted(&self, call: &CallId) -> bool {
        let Some(socket) = self.socket_of(call).and_then(|id| self.sockets.get(id)) else { return false };
        let accepted = |index: &i64| socket.accepted.as_ref().is_some_and(|set| set.contains(index));
        socket.topics.iter().any(|(index, topic)| matches!(topic, Topic::Roster(roster) if roster == call) && accepted(index))
    }

    /// Whether the bridge has accepted exactly this set.
    pub(in crate::cms) fn is_already_pushed(&self, id: SocketId, indexes: &[i64]) -> bool {
        self.sockets.get(id).is_some_and(|socket| socket.search.is_none() && socket.accepted.as_deref() == Some(indexes))
    }

    /// Whether the bridge pushes everything, so that nothing is left to REST.
    pub(in crate::cms) fn pushes_everything(&self) -> bool {
        self.refused.is_empty() && !self.is_short()
    }

    /// How many calls, out of `all`, have something that is not pushed.
    pub(in crate::cms) fn count_polled(&self, all: usize) -> usize {
        if self.sockets.first().is_some_and(|socket| socket.short && socket.search.is_none()) {
            return all;
        }
        let short = self.sockets.iter().filter(|socket| socket.short && socket.search.is_none());
        self.refused.len() + short.map(|socket| socket.topics.len()).sum::<usize>()
    }

    /// Whether the bridge accepted any set of this connection.
    pub(in crate::cms) fn has_accepted(&self, id: SocketId) -> bool {
        self.sockets.get(id).is_some_and(|socket| socket.accepted.is_some())
    }

    /// Whether events report who is muted in this call.
    pub(in crate::cms) fn reports_mutes(&self, call: &CallId) -> bool {
        let short = self.socket_of(call).and_then(|id| self.sockets.get(id)).is_some_and(|socket| socket.short);
        self.is_accepted(call) && !short
    }

    /// Whether events report locks, recordings and streams.
    pub(in crate::cms) fn reports_locks(&self) -> bool {
        self.sockets.first().is_some_and(|socket| socket.accepted.is_some() && !socket.short)
    }

    /// Adds one refused call again, also where there was no room; returns the socket whose set changed.
    pub(in crate::cms) fn retry_refused(&mut self) -> Option<SocketId> {
        if self.is_searching() {
            return None;
        }
        let call = self.refused.pop_front()?;
        self.no_room.remove(&call);
        self.no_more_sockets = false;
        let id = self.socket_with_room().or_else(|| self.sockets.iter().position(|socket| socket.topics.len() < self.limit));
        match id {
            Some(id) => self.assign(id, &call),
            None => self.set_aside(&call),
        }
        id
    }

    /// A new connection knows nothing: calls stay on their sockets, and all refused calls are added again at once. Returns the sockets whose
    /// sets changed.
    pub(in crate::cms) fn on_reconnected(&mut self, id: SocketId) -> BTreeSet<SocketId> {
        if let Some(socket) = self.sockets.get_mut(id) {
            (socket.accepted, socket.doubted, socket.short, socket.search) = (None, false, false, None);
        }
        if id >= self.sockets.len() || id > 0 && self.learned_limit.is_some() {
            // It was opened for the calls that had no room: the bridge would refuse more.
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
                self.assign(id, call);
                Some(id)
            })
            .collect()
    }

    /// Whether the events of a socket come with fewer elements than Usher wants.
    pub(in crate::cms) fn is_short(&self) -> bool {
        self.sockets.iter().any(|socket| socket.short && socket.search.is_none() && !socket.topics.is_empty())
    }

    /// The number of subscriptions on all sockets.
    pub(in crate::cms) fn subscriptions(&self) -> usize {
        self.sockets.iter().map(|socket| socket.topics.len()).sum()
    }

    /// The sockets that have something to follow.
    pub(in crate::cms) fn sockets(&self) -> impl Iterator<Item = SocketId> + '_ {
        self.sockets.iter().enumerate().filter(|(_, socket)| !socket.topics.is_empty()).map(|(id, _)| id)
    }
}

impl SocketSet {
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
