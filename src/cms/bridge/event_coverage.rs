//! The topics that events sockets report at the moment: subscribed, accepted, listed. The events sockets write it (the calls add and remove
//! themselves in the plan); components read it to decide what to read by REST.

use std::collections::HashMap;
use std::time::Instant;

use crate::cms::events::subscriptions::{SocketId, SubscriptionPlan, Topic};
use crate::model::CallId;

#[derive(Debug, Default)]
pub(super) struct SocketCoverage {
    pub(super) open: bool,
    /// Connections that failed in a row.
    pub(super) attempts: u32,
    /// It did not answer in time, so its topics were read by REST.
    pub(super) unanswering: bool,
    /// Topics that were accepted, and when, until their first list is complete.
    pub(super) begun: Vec<(Topic, Instant)>,
}

#[derive(Debug)]
pub(super) struct EventCoverage {
    pub(super) plan: SubscriptionPlan,
    sockets: HashMap<SocketId, SocketCoverage>,
}

impl EventCoverage {
    pub(super) fn new(plan: SubscriptionPlan) -> Self {
        Self { plan, sockets: HashMap::new() }
    }

    pub(super) fn socket(&mut self, socket: SocketId) -> &mut SocketCoverage {
        self.sockets.entry(socket).or_default()
    }

    /// Resets a socket, which has failed this many times in a row.
    pub(super) fn reset_socket(&mut self, socket: SocketId, attempts: u32) {
        self.sockets.insert(socket, SocketCoverage { attempts, ..SocketCoverage::default() });
    }

    pub(super) fn is_open(&self, socket: SocketId) -> bool {
        self.sockets.get(&socket).is_some_and(|socket| socket.open)
    }

    pub(super) fn open_sockets(&self) -> usize {
        self.sockets.values().filter(|socket| socket.open).count()
    }

    /// The socket is open and the bridge has accepted its subscriptions.
    pub(super) fn is_live(&self, socket: SocketId) -> bool {
        self.is_open(socket) && self.plan.has_accepted(socket)
    }

    /// The first list of a topic may still be incomplete.
    pub(super) fn is_beginning(&self, socket: SocketId, topic: &Topic) -> bool {
        self.sockets.get(&socket).is_some_and(|socket| socket.begun.iter().any(|(begun, _)| begun == topic))
    }

    /// A topic that should be pushed is not, at the moment.
    pub(super) fn is_blind(&self) -> bool {
        self.plan.sockets().any(|id| !self.is_live(id))
    }

    /// Events failed to come, apart from a first attempt in progress.
    fn has_lost_events(&self) -> bool {
        let lost = |socket: &SocketCoverage| socket.attempts > 0 || socket.unanswering;
        self.plan.sockets().any(|id| !self.is_live(id) && self.sockets.get(&id).is_some_and(lost))
    }

    /// A part of a call (its participants, who is muted, on hold or presenting, lock, recording) is not pushed: its changes are found by
    /// reading.
    pub(super) fn is_polled(&self, call: &CallId) -> bool {
        let plan = &self.plan;
        let short = || (plan.has_accepted(0) && !plan.reports_locks()) || (plan.is_accepted(call) && !plan.reports_mutes(call));
        plan.is_refused(call) || self.has_lost_events() || (plan.is_short() && short())
    }

    /// A call's roster is pushed, and its first list is complete.
    pub(super) fn pushes_roster(&self, call: &CallId) -> bool {
        let begins = |(topic, _): &(Topic, Instant)| matches!(topic, Topic::Roster(of) if of == call);
        self.plan.is_accepted(call) && !self.sockets.values().flat_map(|socket| &socket.begun).any(begins)
    }

    /// The list of calls is pushed, and its first list is complete.
    pub(super) fn pushes_calls(&self) -> bool {
        self.is_open(0) && !self.is_beginning(0, &Topic::Calls)
    }

    /// Events report who is muted in this call.
    pub(super) fn pushes_mutes(&self, call: &CallId) -> bool {
        self.plan.reports_mutes(call) && self.plan.socket_of(call).is_some_and(|socket| self.is_live(socket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_counts_as_pushed_once_it_is_accepted_and_its_first_list_is_complete() {
        let call: CallId = "c".into();
        let mut coverage = EventCoverage::new(SubscriptionPlan::new(10));
        assert_eq!(coverage.plan.add(&call), Some(0));
        coverage.socket(0).open = true;
        assert!(coverage.is_blind() && !coverage.pushes_roster(&call));
        let set: Vec<i64> = coverage.plan.subscription_set(0).iter().map(|subscription| subscription.index).collect();
        coverage.plan.on_ack(0, &set, true);
        coverage.socket(0).begun.push((Topic::Roster(call.clone()), Instant::now()));
        assert!(!coverage.is_blind() && !coverage.pushes_roster(&call));
        coverage.socket(0).begun.clear();
        assert!(coverage.pushes_roster(&call) && !coverage.is_polled(&call));
    }

    #[test]
    fn calls_are_polled_once_events_were_lost_and_not_before_the_first_attempt_ended() {
        let call: CallId = "c".into();
        let mut coverage = EventCoverage::new(SubscriptionPlan::new(10));
        coverage.plan.add(&call);
        assert!(!coverage.is_polled(&call));
        coverage.reset_socket(0, 1);
        assert!(coverage.is_polled(&call));
    }
}
