//! Handles damaged frames: reads by REST what was lost and renews the subscription, because no reading shows everything that events report.

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
    /// Recovers the roster or the list of calls that a damaged frame was about, or all topics of its socket.
    pub(super) fn on_damaged(&mut self, ctx: &mut Context, socket: SocketId, body: &Body, now: Now) {
        ctx.metrics.unreadable.increment(1);
        debug!(bridge = %ctx.name, socket, "event damaged");
        match body {
            Body::Ack { .. } | Body::Subscriptions(_) | Body::CallInfo { .. } => {}
            Body::Unknown(kind) if !kind.is_empty() && kind != "message" => {}
            Body::Calls { .. } => self.recover(ctx, Topic::Calls, now),
            Body::Roster { index: Some(index), .. } => {
                if let Some(topic @ Topic::Roster(_)) = ctx.coverage.plan.topic_of(socket, *index).cloned() {
                    self.recover(ctx, topic, now);
                }
            }
            Body::Roster { index: None, .. } | Body::Unknown(_) => {
                self.recover(ctx, Topic::Calls, now);
                for call in ctx.coverage.plan.subscription_set(socket).into_iter().filter_map(|subscription| subscription.call) {
                    self.recover(ctx, Topic::Roster(call), now);
                }
            }
        }
    }

    /// Reads a topic and renews its subscription: no list of REST shows a lock, or a mute that no leg has.
    fn recover(&mut self, ctx: &mut Context, topic: Topic, now: Now) {
        ctx.emit(match &topic {
            Topic::Calls => Effect::CallsDamaged,
            Topic::Roster(call) => Effect::RosterDamaged(call.clone()),
        });
        let due = self.renewals.due_at(&topic, now.instant);
        ctx.timers.sooner(Timer::Renew(topic), due);
    }

    /// Subscribes to a topic under a new index, so that the bridge sends its list again.
    pub(in crate::cms::bridge) fn renew(&mut self, ctx: &mut Context, topic: Topic, now: Now) {
        if let Some(socket) = ctx.coverage.plan.renew(&topic) {
            self.on_plan_changed(ctx, socket, now);
            let pace = RenewalPace { shortest: ctx.timing.poll_roster, longest: ctx.timing.reconnect_max };
            self.renewals.on_renewed(topic, pace, now.instant);
        }
    }
}
