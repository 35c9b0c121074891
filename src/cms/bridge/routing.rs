//! Routes effects: the only place that knows which component handles which effect.

use super::Bridge;
use super::effects::Effect;
use super::stats::CurrentCounts;
use super::status::ReadProgress;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::events::subscriptions::Topic;
use crate::cms::missed_events::Discrepancy;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::model::{CallId, Lobby, ParticipantId};

impl Bridge {
    /// Applies the effects of the component that ran last: each with all that it causes before the next one.
    pub(super) fn route(&mut self, now: Now) {
        loop {
            while let Some(effect) = self.ctx.effects.pop() {
                self.pending.push(effect);
            }
            let Some(effect) = self.pending.pop() else { return };
            self.refresh(now);
            self.apply(effect, now);
        }
    }

    /// Refreshes the facts that depend on the time.
    pub(super) fn refresh(&mut self, now: Now) {
        self.ctx.records_reliable = self.records.are_reliable(&self.ctx, now.instant);
    }

    fn apply(&mut self, effect: Effect, now: Now) {
        let ctx = &mut self.ctx;
        match effect {
            Effect::ReadAnew => self.read_anew(now),
            Effect::ReadEverything(lane) => self.calls.read_everything(ctx, lane, now),
            Effect::ReadLists(lane) => self.calls.read_lists(ctx, lane, now),
            Effect::RequestsStopped { error, close_sockets } => {
                // Before the queue forgets which requests were not sent.
                self.awaited.fail_all(ctx, &error);
                ctx.requests.queue.clear();
                self.calls.forget_reading();
                self.participants.forget_placement();
                self.events.forget_token_requests();
                if close_sockets {
                    self.events.close_all(ctx);
                }
            }
            Effect::ReconnectEvents => self.events.reconnect_now(ctx, now),
            Effect::EventsLost(fault) => {
                if ctx.phase.is_up() && !self.connection.is_unreadable() {
                    self.status.on_events_lost(ctx, self.calls.are_read(ctx), fault);
                    self.calls.poll_everything(ctx, now);
                }
            }
            Effect::StatusDue => self.decide_state(),
            Effect::CallsListed => self.profiles.renew_profiles(ctx, now.instant),
            Effect::DescribeCall(call) => self.profiles.describe_call(ctx, &call),
            Effect::SpaceRead(space) => self.profiles.describe_calls(ctx, &space, self.calls.call_ids()),
            Effect::SubscriptionsChanged(socket) => self.events.on_plan_changed(ctx, socket, now),
            Effect::PollUnpushed => self.calls.poll_unpushed(ctx, now),
            Effect::CallsDamaged => self.calls.on_calls_damaged(ctx, now),
            Effect::RosterDamaged(call) => self.calls.on_roster_damaged(ctx, &call, now),
            Effect::CallEnded { call, pending_legs } => {
                self.participants.on_call_ended(ctx, &call, pending_legs, now);
                ctx.store.remove_call(&ctx.key(&call));
                self.rechecks.forget_call(ctx, &call);
                self.events.on_call_ended(&call);
            }
            Effect::PresenterRead { call, leg, sent } => self.participants.on_presenter(ctx, &call, leg.as_ref(), sent, now),
            Effect::RosterRead { call, lane, full, stated } => {
                if !full && ctx.coverage.is_polled(&call) {
                    self.participants.read_unpushed(ctx, &call, &stated);
                }
                self.on_roster_read(&call, lane, full);
            }
            Effect::LegListRead(call) => self.participants.read_unlisted(ctx, &call),
            Effect::FindHome(person) => self.participants.find_home(ctx, &person, now),
            Effect::Shown { topic, subject, fact } => {
                let settled = if let Topic::Roster(call) = &topic { self.calls.is_settled(call) } else { true };
                self.events.on_shown(ctx, topic, subject, fact, settled, now);
            }
            Effect::NotShown(missing) => self.missed.expect(missing),
            Effect::LeftOut(missing) => self.missed.excuse(missing),
            Effect::Discrepancy(found) => self.missed.on_discrepancy(ctx, found, now),
            Effect::Arrived { call, person } => self.rechecks.on_arrival(ctx, &call, person, now),
            Effect::ArrivalEntered { call, person } => self.rechecks.on_arrival_entered(ctx, &call, &person, now),
            Effect::CallSuspected { call, all } => self.rechecks.suspect_call(ctx, &call, all, now),
            Effect::LobbyMoved { call, person, state, announced } => self.on_lobby_moved(call, person, state, announced, now),
            Effect::Recheck { call, all, lane } => self.participants.recheck_participants(ctx, &call, all, lane),
            Effect::MoveRequested(person) => self.participants.expect_move(&person),
            Effect::ReadLegs { person, lane } => self.participants.read_legs(ctx, &person, lane),
            Effect::ProbeAnswered { person, probe, sent } => {
                self.awaited.answer_probes(&person, &probe, sent.map(|sent| sent.instant));
            }
            Effect::LegAnnounced { leg, waiting, connected } => {
                let known = self.participants.on_leg_record(ctx, &leg, waiting, now);
                if !known && connected && !self.participants.is_link(&leg) {
                    self.records.watch_unknown_leg(ctx, leg, now);
                }
            }
            Effect::CallAnnounced(call) => self.calls.on_call_record(ctx, call),
        }
    }

    fn read_anew(&mut self, now: Now) {
        self.missed.forget_discrepancies();
        self.calls.read_anew(&mut self.ctx, now);
    }

    /// The probe was answered: reads everything, and connects the sockets once the responses are usable.
    pub(super) fn on_reachable(&mut self, now: Now) {
        self.connection.on_reachable(&mut self.ctx, now);
        self.status.forget_unusable();
        self.profiles.reset_profiles(now.instant);
        self.read_anew(now);
        if !self.connection.is_unreadable() {
            self.on_readable(now);
        }
    }

    pub(super) fn on_readable(&mut self, now: Now) {
        let ctx = &mut self.ctx;
        self.connection.on_readable(ctx);
        ctx.request(Lane::Resync, Request::ClusterName);
        ctx.request(Lane::Resync, Request::Bridges(0));
        ctx.timers.set(Timer::Register, now.instant);
        self.events.connect_all(ctx, now);
    }

    /// A roster was read: reads the legs of participants whose lobby state is open, in a new call from the list of its legs.
    fn on_roster_read(&mut self, call: &CallId, lane: Lane, full: bool) {
        let ctx = &mut self.ctx;
        let hosted = ctx.hosted_in(call);
        let lists_legs = full && self.participants.lacks_legs(&hosted);
        if lists_legs {
            self.calls.begin_leg_list(ctx, call, lane);
        }
        self.participants.read_roster(ctx, &hosted, lane, full);
        if !lists_legs {
            self.calls.settle(ctx, call);
        }
    }

    /// A participant was let in or sent back; that may have moved others.
    fn on_lobby_moved(&mut self, call: CallId, person: ParticipantId, state: Lobby, announced: bool, now: Now) {
        let ctx = &mut self.ctx;
        if announced || self.rechecks.expects_move(ctx, &call, now) {
            self.missed.on_moves_announced(&call);
        } else if state != Lobby::Unknown {
            ctx.emit_discrepancy(Discrepancy::Lobby(call.clone(), person));
        }
        self.rechecks.on_move(ctx, &call, state == Lobby::Waiting, now);
    }

    fn decide_state(&mut self) {
        let read = self.calls.are_read(&self.ctx);
        let progress = ReadProgress { read, unreadable: self.connection.is_unreadable(), calls: self.calls.count_calls() };
        self.status.decide_state(&mut self.ctx, progress);
    }

    pub(super) fn publish_stats(&mut self, now: Now) {
        let ctx = &mut self.ctx;
        let counts = CurrentCounts {
            sockets_open: ctx.coverage.open_sockets(),
            sockets_wanted: ctx.coverage.plan.sockets().count(),
            subscriptions: ctx.coverage.plan.subscriptions(),
            calls: self.calls.count_calls(),
            people: self.participants.count_hosted(),
            cdr: self.records.record_stats(ctx),
        };
        self.stats.publish(ctx, counts, now);
    }
}
