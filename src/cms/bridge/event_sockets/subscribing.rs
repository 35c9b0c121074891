//! Sends the subscriptions of each socket: always the whole set, one request at a time, until the bridge has acknowledged the plan.

use std::time::Instant;

use tracing::warn;

use super::EventSockets;
use crate::clock::Now;
use crate::cms::bridge::backoff::backoff;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::events::protocol;
use crate::cms::events::subscriptions::{AckOutcome, SocketId, Topic};
use crate::model::{CallId, Fault};

impl EventSockets {
    /// The plan of a socket changed: schedules a request, which also covers further changes until then.
    pub(in crate::cms::bridge) fn on_plan_changed(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        if entry.doubted.is_some() {
            // The set is sent again once it is known which of its calls have ended.
            return;
        }
        if ctx.coverage.is_open(socket) {
            ctx.timers.sooner(Timer::Subscribe(socket), now.instant + ctx.timing.subscribe_coalesce);
        } else if !ctx.timers.has(&Timer::Connect(socket)) && ctx.phase.is_up() {
            self.connect_soon(ctx, socket, now);
        }
    }

    /// Sends all subscriptions of a socket.
    pub(in crate::cms::bridge) fn subscribe(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        if !ctx.coverage.is_open(socket) {
            return;
        }
        let set = ctx.coverage.plan.subscription_set(socket);
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if entry.doubted.is_some_and(|since| !ctx.calls_listed && now.instant < since + ctx.timing.ack_timeout) {
            return ctx.timers.set(Timer::Subscribe(socket), now.instant + ctx.timing.second_look);
        }
        entry.doubted = None;
        if entry.unacknowledged.is_some() {
            entry.stale = true;
            return;
        }
        if set.is_empty() {
            // The socket has no topics left: closes it.
            return self.reset(ctx, socket, 0);
        }
        let indexes: Vec<i64> = set.iter().map(|subscription| subscription.index).collect();
        entry.message_id += 1;
        entry.stale = false;
        entry.repeats = ctx.coverage.plan.is_already_pushed(socket, &indexes);
        entry.unacknowledged = Some((entry.message_id, indexes));
        let timeout = entry.liveness.as_mut().map_or(ctx.timing.ack_timeout, |liveness| {
            liveness.on_request(now.instant);
            liveness.ack_timeout(&ctx.timing)
        });
        let sent = entry.session.as_ref().is_some_and(|session| session.send(protocol::subscribe_request(entry.message_id, &set)));
        if sent {
            ctx.timers.set(Timer::AckTimeout(socket), now.instant + timeout);
        } else {
            self.give_up(ctx, socket, "the socket takes no request", now);
        }
    }

    pub(super) fn on_ack(&mut self, ctx: &mut Context, socket: SocketId, message_id: Option<i64>, success: bool, status: &str, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        // One request is under way at a time, so an ack without a readable number can only mean that one.
        let Some((_, set)) = entry.unacknowledged.take_if(|(sent, _)| message_id.is_none_or(|id| id == *sent)) else { return };
        let (stale, repeats) = (entry.stale, std::mem::take(&mut entry.repeats));
        if let Some(liveness) = &mut entry.liveness {
            liveness.on_ack(now.instant);
        }
        ctx.timers.cancel(&Timer::AckTimeout(socket));
        if repeats {
            // Any acknowledgement shows that the socket is alive.
            self.health.unanswered = 0;
            if stale {
                self.subscribe(ctx, socket, now);
            }
            return;
        }
        if !success {
            warn!(bridge = %ctx.name, socket, status, subscriptions = set.len(), "subscribe request refused");
        }
        match ctx.coverage.plan.on_ack(socket, &set, success) {
            AckOutcome::Accepted(new) => self.on_accepted(ctx, socket, &set, new, stale, now),
            AckOutcome::RetryLater => {
                self.sockets.entry(socket).or_default().doubted = Some(now.instant);
                ctx.timers.set(Timer::Subscribe(socket), now.instant + ctx.timing.second_look);
            }
            AckOutcome::RetryNow => {
                self.subscribe(ctx, socket, now);
                self.spread(ctx, now);
            }
            AckOutcome::GiveUp => {
                let what = format!("the bridge refused the subscriptions ({status})");
                let pause = backoff(ctx.timing.reconnect_min, ctx.timing.reconnect_max, u32::MAX);
                self.lose_events(ctx, socket, Fault { code: "events_refused".into(), what: what.into() }, pause, now);
            }
        }
        ctx.emit(Effect::StatusDue);
    }

    fn on_accepted(&mut self, ctx: &mut Context, socket: SocketId, set: &[i64], new: Vec<Topic>, stale: bool, now: Now) {
        let begun = &mut ctx.coverage.socket(socket).begun;
        begun.extend(new.into_iter().map(|topic| (topic, now.instant)));
        if !begun.is_empty() {
            self.schedule_initial_sync(ctx, socket, now);
        }
        if stale || ctx.coverage.plan.differs_from(socket, set) {
            self.subscribe(ctx, socket, now);
        }
        self.spread(ctx, now);
    }

    /// Topics that had no room go to further sockets, and the rest to REST.
    fn spread(&mut self, ctx: &mut Context, now: Now) {
        for further in ctx.coverage.plan.assign_waiting() {
            self.on_plan_changed(ctx, further, now);
        }
        ctx.emit(Effect::PollUnpushed);
    }

    pub(in crate::cms::bridge) fn retry_refused(&mut self, ctx: &mut Context, now: Now) {
        if let Some(socket) = ctx.coverage.plan.retry_refused() {
            self.on_plan_changed(ctx, socket, now);
        }
        if ctx.coverage.plan.refused().next().is_some() {
            ctx.timers.set(Timer::RetryRefused, now.instant + ctx.timing.retry_refused);
        }
    }

    /// Polls a roster from now on, and subscribes to it again later.
    pub(super) fn stop_pushing(&mut self, ctx: &mut Context, socket: SocketId, call: &CallId, now: Now) {
        ctx.coverage.plan.on_deactivated(call);
        self.on_plan_changed(ctx, socket, now);
        ctx.timers.sooner(Timer::SweepRoster(call.clone()), now.instant + ctx.timing.poll_roster);
        ctx.timers.sooner(Timer::RetryRefused, now.instant + ctx.timing.retry_refused);
    }
}

/// First lists. A participant who left, or a call that ended, between the last reading and the start of a subscription is not on its first
/// list, and no event will report it.
impl EventSockets {
    /// Takes the topics whose first list is complete by now.
    pub(in crate::cms::bridge) fn take_begun(&mut self, ctx: &mut Context, socket: SocketId) -> Vec<(Topic, Instant)> {
        std::mem::take(&mut ctx.coverage.socket(socket).begun)
    }

    /// The call is being read, which requests missing participants itself: compares after that.
    pub(in crate::cms::bridge) fn compare_later(&mut self, ctx: &mut Context, socket: SocketId, begun: (Topic, Instant), now: Now) {
        ctx.coverage.socket(socket).begun.push(begun);
        self.schedule_initial_sync(ctx, socket, now);
    }

    fn schedule_initial_sync(&self, ctx: &mut Context, socket: SocketId, now: Now) {
        ctx.timers.sooner(Timer::InitialSync(socket), now.instant + ctx.timing.second_look);
    }
}
