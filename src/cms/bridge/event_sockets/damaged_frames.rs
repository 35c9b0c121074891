//! Frames that could not be read whole: what was lost is read by REST, and the subscription is renewed, since no reading tells everything
//! that events do.

use tracing::debug;

use super::EventSockets;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::events::protocol::Body;
use crate::cms::events::renewals::RenewalPace;
use crate::cms::events::subscriptions::{SocketId, Topic};

impl EventSockets {
    /// Makes up for the roster or the list of calls that a damaged frame was about, or for all topics of its socket.
    pub(super) fn on_damaged(&mut self, ctx: &mut Context, socket: SocketId, body: &Body, now: Now) {
        ctx.metrics.unreadable.increment(1);
        debug!(bridge = %ctx.name, socket, "event damaged");
        match body {
            Body::Ack { .. } | Body::Subscriptions(_) | Body::CallInfo { .. } => {}
            Body::Unknown(kind) if !kind.is_empty() && kind != "message" => {}
            Body::Calls { .. } => self.make_up_for(ctx, Topic::Calls, now),
            Body::Roster { index: Some(index), .. } => {
                if let Some(topic @ Topic::Roster(_)) = ctx.coverage.plan.topic_of(socket, *index).cloned() {
                    self.make_up_for(ctx, topic, now);
                }
            }
            Body::Roster { index: None, .. } | Body::Unknown(_) => {
                self.make_up_for(ctx, Topic::Calls, now);
                for call in ctx.coverage.plan.subscription_set(socket).into_iter().filter_map(|subscription| subscription.call) {
                    self.make_up_for(ctx, Topic::Roster(call), now);
                }
            }
        }
    }

    /// No list of REST tells of a lock, or of a mute that stands with no leg: the subscription is renewed, too.
    fn make_up_for(&mut self, ctx: &mut Context, topic: Topic, now: Now) {
        ctx.emit(match &topic {
            Topic::Calls => Effect::CallsDamaged,
            Topic::Roster(call) => Effect::RosterDamaged(call.clone()),
        });
        let due = self.renewals.due_at(&topic, now.instant);
        ctx.timers.sooner(Timer::Renew(topic), due);
    }

    /// Subscribes to a topic under another index, so that its list is told from the beginning.
    pub(in crate::cms::bridge) fn renew(&mut self, ctx: &mut Context, topic: Topic, now: Now) {
        if let Some(socket) = ctx.coverage.plan.renew(&topic) {
            self.on_plan_changed(ctx, socket, now);
            let pace = RenewalPace { shortest: ctx.timing.poll_roster, longest: ctx.timing.reconnect_max };
            self.renewals.on_renewed(topic, pace, now.instant);
        }
    }
}
