//! Handles the reports of events sockets. Derives no lobby state, because no event carries it (events.md section 5.4).

use std::sync::Arc;

use tracing::{debug, info};

use super::EventSockets;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::{Effect, EventUpdates};
use crate::cms::bridge::timers::Timer;
use crate::cms::events::liveness::Liveness;
use crate::cms::events::protocol::{Body, EventFrame, SubscriptionState};
use crate::cms::events::socket::{SocketEvent, SocketReport};
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;

impl EventSockets {
    /// Returns the frame of a report; handles every other report itself.
    pub(in crate::cms::bridge) fn on_report(
        &mut self,
        ctx: &mut Context,
        report: SocketReport,
        now: Now,
    ) -> Option<(SocketId, Box<EventFrame>)> {
        let current = self.sockets.get(&report.socket).and_then(|entry| entry.session.as_ref()).map(|session| session.generation);
        if current != Some(report.generation) {
            return None;
        }
        match report.event {
            SocketEvent::Open => self.on_open(ctx, report.socket, now),
            SocketEvent::Frame(frame) => return Some((report.socket, frame)),
            SocketEvent::Closed(reason) => {
                info!(bridge = %ctx.name, socket = report.socket, %reason, "events socket closed");
                self.on_lost(ctx, report.socket, &reason, now);
            }
        }
        None
    }

    fn on_open(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let entry = self.sockets.entry(socket).or_default();
        entry.opened = Some(now.instant);
        entry.liveness = Some(Liveness::new(now.instant));
        let again = entry.generation > 1;
        ctx.coverage.socket(socket).open = true;
        self.forget_evidence(ctx, socket);
        ctx.timers.set(Timer::Liveness(socket), now.instant + ctx.timing.doubt);
        for changed in ctx.coverage.plan.on_reconnected(socket) {
            self.on_plan_changed(ctx, changed, now);
        }
        self.subscribe(ctx, socket, now);
        if again {
            // Events are not replayed: only REST shows what happened in between.
            ctx.emit(Effect::ReadAnew);
        }
    }

    /// Handles everything about the socket itself and hands back the updates of calls and participants.
    pub(in crate::cms::bridge) fn on_frame(
        &mut self,
        ctx: &mut Context,
        socket: SocketId,
        frame: EventFrame,
        now: Now,
    ) -> Option<EventUpdates> {
        ctx.metrics.events.increment(1);
        if let Some(liveness) = self.sockets.get_mut(&socket).and_then(|entry| entry.liveness.as_mut()) {
            liveness.on_frame(now.instant);
        }
        if frame.skipped > 0 {
            ctx.metrics.skipped.increment(frame.skipped as u64);
        }
        if frame.damaged {
            self.on_damaged(ctx, socket, &frame.body, now);
        }
        self.clear_pending(ctx, socket, &frame.body);
        match frame.body {
            Body::Ack { message_id, success, status } => self.on_ack(ctx, socket, message_id, success, &status, now),
            Body::Subscriptions(states) => states.iter().for_each(|state| self.on_subscription(ctx, socket, state, now)),
            // A bridge might omit the index of the only list of calls.
            Body::Calls { index, updates }
                if index.is_none_or(|index| ctx.coverage.plan.topic_of(socket, index) == Some(&Topic::Calls)) =>
            {
                self.note_reported(&Topic::Calls, updates.iter().filter_map(|update| update.call.as_ref()), now);
                return Some(EventUpdates::Calls(updates));
            }
            Body::Roster { index, updates } => {
                if let Some(Topic::Roster(call)) = index.and_then(|index| ctx.coverage.plan.topic_of(socket, index)).cloned() {
                    let people = updates.iter().filter_map(|update| update.participant.as_ref());
                    self.note_reported(&Topic::Roster(call.clone()), people, now);
                    return Some(EventUpdates::Roster(call, updates));
                }
            }
            Body::Calls { .. } | Body::CallInfo { .. } => {}
            Body::Unknown(kind) => debug!(bridge = %ctx.name, kind, "unknown event received"),
        }
        None
    }

    fn note_reported<'a>(&mut self, topic: &Topic, subjects: impl Iterator<Item = &'a Arc<str>>, now: Now) {
        subjects.for_each(|subject| self.health.evidence.on_event(topic, subject, now.instant));
    }

    /// `deactivated` for a call's roster means that the call ended or is no longer pushed: REST tells which.
    fn on_subscription(&mut self, ctx: &mut Context, socket: SocketId, state: &SubscriptionState, now: Now) {
        let Some(index) = state.index else { return };
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if state.state.as_deref() == Some("pending") {
            entry.pending.entry(index).or_insert(now.instant);
            return ctx.timers.sooner(Timer::Pending(socket), now.instant + ctx.timing.ack_timeout);
        }
        entry.pending.remove(&index);
        if state.state.as_deref() != Some("deactivated") {
            return;
        }
        match ctx.coverage.plan.topic_of(socket, index).cloned() {
            Some(Topic::Roster(call)) => {
                ctx.request(Lane::Arrival, Request::Call(call.clone()));
                self.stop_pushing(ctx, socket, &call, now);
            }
            Some(Topic::Calls) => self.give_up(ctx, socket, "the list of calls is pushed no longer", now),
            None => {}
        }
    }

    /// A subscription that reports something is pushed, so it is not pending.
    fn clear_pending(&mut self, ctx: &Context, socket: SocketId, body: &Body) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        match body.index() {
            Some(index) => drop(entry.pending.remove(&index)),
            // A bridge might omit the index of the only list of calls.
            None if matches!(body, Body::Calls { .. }) => {
                entry.pending.retain(|index, _| ctx.coverage.plan.topic_of(socket, *index) != Some(&Topic::Calls));
            }
            None => {}
        }
    }

    /// A subscription that was accepted and stays pending is not pushed, whatever the acknowledgement said.
    pub(in crate::cms::bridge) fn check_pending(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let patience = ctx.timing.ack_timeout;
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        let overdue: Vec<i64> = entry.pending.extract_if(|_, since| *since + patience <= now.instant).map(|(index, _)| index).collect();
        if let Some(first) = entry.pending.values().min() {
            ctx.timers.set(Timer::Pending(socket), *first + patience);
        }
        for index in overdue {
            match ctx.coverage.plan.topic_of(socket, index).cloned() {
                Some(Topic::Calls) => return self.give_up(ctx, socket, "the list of calls stayed pending", now),
                Some(Topic::Roster(call)) => self.stop_pushing(ctx, socket, &call, now),
                None => {}
            }
        }
    }
}
