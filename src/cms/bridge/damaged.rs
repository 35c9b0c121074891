//! Frames that could not be read whole: what was lost of them is read by REST, and asked for again, since no reading tells all that events do.

use tracing::debug;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::events::protocol::Body;
use crate::cms::events::renewals::Pace;
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::rest::queue::Lane;
use crate::model::CallId;

impl Bridge {
    /// Makes up for the roster or the list of calls that a damaged frame was about, or for all that its socket tells.
    pub(super) fn frame_damaged(&mut self, socket: SocketId, body: &Body, now: Now) {
        self.counters.unreadable.increment(1);
        debug!(bridge = %self.name, socket, "event damaged");
        match body {
            Body::Ack { .. } | Body::Subscriptions(_) | Body::CallInfo { .. } => {}
            Body::Unknown(kind) if !kind.is_empty() && kind != "message" => {}
            Body::Calls { .. } => self.make_up_for(&Topic::Calls, now),
            Body::Roster { index: Some(index), .. } => {
                if let Some(topic @ Topic::Roster(_)) = self.plan.topic(socket, *index).cloned() {
                    self.make_up_for(&topic, now);
                }
            }
            Body::Roster { index: None, .. } | Body::Unknown(_) => {
                self.make_up_for(&Topic::Calls, now);
                for call in self.calls.keys().filter(|call| self.plan.socket_of(call) == Some(socket)).cloned().collect::<Vec<_>>() {
                    self.make_up_for(&Topic::Roster(call), now);
                }
            }
        }
    }

    /// A mute that stands with no leg, or a lock, is told by no list of REST: the subscription is renewed, too.
    fn make_up_for(&mut self, topic: &Topic, now: Now) {
        match topic {
            Topic::Calls => self.read_lost_calls(now),
            Topic::Roster(call) => self.read_lost_roster(call, now),
        }
        let due = self.renewals.due(topic, now.instant);
        self.timers.sooner(Due::Renew(topic.clone()), due);
    }

    /// Asks for a list under another index, so that it is told from its beginning.
    pub(super) fn renew(&mut self, topic: Topic, now: Now) {
        if let Some(socket) = self.plan.renew(&topic) {
            self.set_changed(socket, now);
            let pace = Pace { shortest: self.timing.poll_roster, longest: self.timing.reconnect_max };
            self.renewals.renewed(topic, pace, now.instant);
        }
    }

    /// At once, but not again before a roster that is polled would be: a bridge may damage every frame.
    fn read_lost_roster(&mut self, call: &CallId, now: Now) {
        let pause = self.timing.poll_roster;
        let Some(work) = self.calls.get_mut(call) else { return };
        if work.lost.is_some_and(|last| now.instant < last + pause) {
            return self.timers.sooner(Due::SweepRoster(call.clone()), now.instant + pause);
        }
        work.lost = Some(now.instant);
        if work.reading.is_none() {
            self.begin_roster(call, Lane::Resync, false, now);
        }
    }

    fn read_lost_calls(&mut self, now: Now) {
        let pause = self.timing.poll_roster;
        let at = self.lost_calls.map_or(now.instant, |last| (last + pause).max(now.instant));
        self.lost_calls = Some(at);
        self.timers.sooner(Due::SweepCalls, at);
    }
}
