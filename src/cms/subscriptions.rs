//! Which call is followed on which events socket under which index. Pure; speaks to nobody.
//!
//! Each request replaces the whole set of its socket, and an index is never used for another call on one socket: late updates of a
//! dropped subscription would be misread (events.md section 3).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::wire::Subscription;
use crate::model::CallId;

const CALLS: &[&str] = &["name", "participants", "recording", "streaming", "lockState", "callCorrelator"];
const CALLS_SHORT: &[&str] = &["name", "participants"];
const ROSTER: &[&str] = &["name", "uri", "state", "audioMuted", "presenter"];
const ROSTER_SHORT: &[&str] = &["name", "uri", "state"];

/// Number of an events socket of one bridge; the first also follows the list of calls.
pub(super) type SocketId = usize;

/// What an index stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topic {
    Calls,
    Roster(CallId),
}

/// What to do after the bridge answered a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
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
pub(super) struct Plan {
    limit: usize,
    sockets: Vec<Socket>,
    place: HashMap<CallId, SocketId>,
    refused: VecDeque<CallId>,
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
}

impl Plan {
    /// `limit` is the largest set of one socket.
    pub(super) fn new(limit: usize) -> Self {
        let mut plan = Self { limit, sockets: Vec::new(), place: HashMap::new(), refused: VecDeque::new() };
        plan.sockets.push(Socket::with_calls());
        plan
    }

    /// Follows a call; returns the socket whose set changed.
    pub(super) fn add(&mut self, call: &CallId) -> Option<SocketId> {
        if self.place.contains_key(call) || self.refused.contains(call) {
            return None;
        }
        let free = self.sockets.iter().position(|socket| socket.topics.len() < self.limit);
        let id = free.unwrap_or_else(|| {
            self.sockets.push(Socket::empty());
            self.sockets.len() - 1
        });
        self.sockets[id].add(Topic::Roster(call.clone()));
        self.place.insert(call.clone(), id);
        Some(id)
    }

    /// Follows a call no longer; returns the socket whose set changed.
    pub(super) fn remove(&mut self, call: &CallId) -> Option<SocketId> {
        self.refused.retain(|refused| refused != call);
        let id = self.place.remove(call)?;
        self.sockets[id].topics.retain(|_, topic| !matches!(topic, Topic::Roster(roster) if roster == call));
        Some(id)
    }

    /// The bridge pushes a call's roster no longer, though the call may go on: it is read by REST and tried again later.
    pub(super) fn deactivated(&mut self, call: &CallId) {
        if self.remove(call).is_some() {
            self.refused.push_back(call.clone());
        }
    }

    /// Where a call is followed.
    pub(super) fn socket_of(&self, call: &CallId) -> Option<SocketId> {
        self.place.get(call).copied()
    }

    /// The whole set of a socket, as it is to be asked for.
    pub(super) fn request(&self, socket: SocketId) -> Vec<Subscription> {
        let Some(socket) = self.sockets.get(socket) else { return Vec::new() };
        let short = socket.short;
        let subscription = |(index, topic): (&i64, &Topic)| match topic {
            Topic::Calls => Subscription { index: *index, kind: "calls", call: None, elements: if short { CALLS_SHORT } else { CALLS } },
            Topic::Roster(call) => Subscription {
                index: *index,
                kind: "callRoster",
                call: Some(call.clone()),
                elements: if short { ROSTER_SHORT } else { ROSTER },
            },
        };
        socket.topics.iter().map(subscription).collect()
    }

    /// What an update is about; None for what was dropped or never asked for.
    pub(super) fn topic(&self, socket: SocketId, index: i64) -> Option<&Topic> {
        self.sockets.get(socket)?.topics.get(&index)
    }

    /// The bridge answered a request whose set was `sent`.
    pub(super) fn answered(&mut self, id: SocketId, sent: &[i64], success: bool) -> Verdict {
        let Some(socket) = self.sockets.get_mut(id) else { return Verdict::Accepted(Vec::new()) };
        if success {
            let before = socket.accepted.replace(sent.to_vec()).unwrap_or_default();
            let new = sent.iter().filter(|index| !before.contains(index));
            socket.doubted = false;
            return Verdict::Accepted(new.filter_map(|index| socket.topics.get(index).cloned()).collect());
        }
        // Of a list of calls alone nothing can have ended.
        let has_rosters = socket.topics.values().any(|topic| matches!(topic, Topic::Roster(_)));
        if has_rosters && !std::mem::replace(&mut socket.doubted, true) {
            return Verdict::AskLater;
        }
        let Some(accepted) = socket.accepted.clone() else {
            if socket.short {
                return self.refuse_half(id, sent);
            }
            socket.short = true;
            return Verdict::AskAgain;
        };
        // What was added since the last accepted set is what was refused.
        let added: Vec<i64> = sent.iter().copied().filter(|index| !accepted.contains(index)).collect();
        if added.is_empty() {
            return Verdict::GiveUp;
        }
        self.refuse(id, &added);
        Verdict::AskAgain
    }

    /// A first set that is refused whole may just be too large: half of its rosters are left to REST.
    fn refuse_half(&mut self, id: SocketId, sent: &[i64]) -> Verdict {
        let rosters: Vec<i64> = sent.iter().copied().filter(|index| matches!(self.topic(id, *index), Some(Topic::Roster(_)))).collect();
        if rosters.is_empty() {
            return Verdict::GiveUp;
        }
        self.refuse(id, &rosters[rosters.len() / 2..]);
        Verdict::AskAgain
    }

    fn refuse(&mut self, id: SocketId, indexes: &[i64]) {
        for index in indexes {
            if let Some(Topic::Roster(call)) = self.sockets[id].topics.remove(index) {
                self.place.remove(&call);
                self.refused.push_back(call);
            }
        }
    }

    /// Calls whose roster the bridge does not push; they are read by REST.
    pub(super) fn refused(&self) -> impl Iterator<Item = &CallId> {
        self.refused.iter()
    }

    pub(super) fn is_refused(&self, call: &CallId) -> bool {
        self.refused.contains(call)
    }

    /// Whether the bridge said that it pushes a call's roster.
    pub(super) fn is_accepted(&self, call: &CallId) -> bool {
        let Some(socket) = self.socket_of(call).and_then(|id| self.sockets.get(id)) else { return false };
        let accepted = |index: &i64| socket.accepted.as_ref().is_some_and(|set| set.contains(index));
        socket.topics.iter().any(|(index, topic)| matches!(topic, Topic::Roster(roster) if roster == call) && accepted(index))
    }

    /// Whether it said so of who is muted there, too.
    pub(super) fn tells_mutes(&self, call: &CallId) -> bool {
        let short = self.socket_of(call).and_then(|id| self.sockets.get(id)).is_some_and(|socket| socket.short);
        self.is_accepted(call) && !short
    }

    /// Tries one refused call again; returns the socket whose set changed.
    pub(super) fn retry_refused(&mut self) -> Option<SocketId> {
        let call = self.refused.pop_front()?;
        self.add(&call)
    }

    /// A fresh connection knows nothing: calls stay where they are, and what was refused is asked for again, all of it at once. Returns the
    /// sockets whose sets changed.
    pub(super) fn reconnected(&mut self, id: SocketId) -> BTreeSet<SocketId> {
        if let Some(socket) = self.sockets.get_mut(id) {
            (socket.accepted, socket.doubted, socket.short) = (None, false, false);
        }
        let refused = std::mem::take(&mut self.refused);
        refused.iter().filter_map(|call| self.add(call)).collect()
    }

    /// Some socket's events come with fewer elements than asked for first.
    pub(super) fn is_short(&self) -> bool {
        self.sockets.iter().any(|socket| socket.short)
    }

    /// How much is followed over all sockets.
    pub(super) fn subscriptions(&self) -> usize {
        self.sockets.iter().map(|socket| socket.topics.len()).sum()
    }

    /// Sockets that have something to follow.
    pub(super) fn sockets(&self) -> impl Iterator<Item = SocketId> + '_ {
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
mod tests {
    use super::*;

    fn call(n: usize) -> CallId {
        format!("call-{n}").into()
    }

    fn indexes(plan: &Plan, socket: SocketId) -> Vec<i64> {
        plan.request(socket).iter().map(|subscription| subscription.index).collect()
    }

    fn refuse(plan: &mut Plan, n: usize) -> Vec<Verdict> {
        (0..n).map(|_| plan.answered(0, &indexes(plan, 0), false)).collect()
    }

    #[test]
    fn a_full_socket_opens_a_further_one() {
        let mut plan = Plan::new(3);
        assert_eq!((0..5).map(|n| plan.add(&call(n))).collect::<Vec<_>>(), [Some(0), Some(0), Some(1), Some(1), Some(1)]);
        assert_eq!((plan.request(0).len(), plan.request(1).len()), (3, 3));
        assert_eq!(plan.request(0)[0].kind, "calls");
    }

    #[test]
    fn an_index_is_never_used_for_another_call() {
        let mut plan = Plan::new(90);
        plan.add(&call(0));
        let first = indexes(&plan, 0)[1];
        plan.remove(&call(0));
        plan.add(&call(1));
        assert!(!indexes(&plan, 0).contains(&first));
        assert_eq!(plan.topic(0, first), None);
    }

    #[test]
    fn a_refused_request_is_repeated_with_fewer_elements() {
        let mut plan = Plan::new(90);
        assert_eq!(plan.answered(0, &indexes(&plan, 0), false), Verdict::AskAgain);
        assert_eq!(plan.request(0)[0].elements, ["name", "participants"]);
        assert_eq!(plan.answered(0, &indexes(&plan, 0), false), Verdict::GiveUp);
    }

    #[test]
    fn what_a_bridge_refuses_is_left_to_rest_and_tried_again() {
        let mut plan = Plan::new(90);
        plan.add(&call(0));
        assert!(matches!(plan.answered(0, &indexes(&plan, 0), true), Verdict::Accepted(_)));
        plan.add(&call(1));
        assert_eq!(refuse(&mut plan, 2), [Verdict::AskLater, Verdict::AskAgain]);
        assert_eq!(plan.request(0)[0].elements.len(), 6, "a set that grew too large keeps its elements");
        assert_eq!(plan.refused().collect::<Vec<_>>(), [&call(1)]);
        assert_eq!(plan.request(0).len(), 2);
        assert_eq!(plan.add(&call(1)), None);
        assert_eq!(plan.retry_refused(), Some(0));
        assert_eq!(plan.request(0).len(), 3);
    }

    #[test]
    fn a_fresh_connection_asks_for_everything_that_was_refused() {
        let mut plan = Plan::new(90);
        for n in 0..8 {
            plan.add(&call(n));
        }
        refuse(&mut plan, 3);
        assert_eq!(plan.refused().count(), 4);
        assert_eq!(plan.reconnected(0), BTreeSet::from([0]));
        assert_eq!((plan.request(0).len(), plan.refused().count()), (9, 0));
    }

    #[test]
    fn a_first_set_that_is_too_large_is_halved() {
        let mut plan = Plan::new(90);
        for n in 0..8 {
            plan.add(&call(n));
        }
        assert_eq!(refuse(&mut plan, 3), [Verdict::AskLater, Verdict::AskAgain, Verdict::AskAgain]);
        assert_eq!((plan.request(0).len(), plan.refused().count()), (5, 4));
    }

    #[test]
    fn a_set_that_is_refused_may_hold_calls_that_have_ended() {
        let mut plan = Plan::new(90);
        plan.add(&call(0));
        plan.add(&call(1));
        refuse(&mut plan, 1);
        plan.remove(&call(0));
        assert!(!plan.is_short());
        assert_eq!(plan.request(0).len(), 2);
        assert!(matches!(plan.answered(0, &indexes(&plan, 0), true), Verdict::Accepted(_)));
        assert!(plan.tells_mutes(&call(1)));
        assert_eq!(refuse(&mut plan, 2), [Verdict::AskLater, Verdict::GiveUp], "nothing was added that could be refused");
    }
}
