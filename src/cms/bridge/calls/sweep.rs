//! Reading the list of calls, at first and again and again. Absence from it removes nothing.

use std::collections::HashSet;
use std::time::Instant;

use super::FollowedCalls;
use super::facts::emit_changes_shown;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::events::subscriptions::Topic;
use crate::cms::events::unreported::Fact;
use crate::cms::missed_events::{Discrepancy, Expected};
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{CallItem, ListPage};
use crate::model::CallId;

/// One pass over the list of calls.
#[derive(Debug)]
pub(super) struct CallSweep {
    lane: Lane,
    started: Instant,
    /// The page that comes next; responses to an earlier pass are ignored.
    next: usize,
    listed: HashSet<CallId>,
    /// Entries that nothing could be read from.
    unreadable: u32,
    /// Calls known when the pass began.
    before: HashSet<CallId>,
}

impl FollowedCalls {
    /// Reads everything again: after a reconnect nothing that was known can be relied on.
    pub(in crate::cms::bridge) fn read_anew(&mut self, ctx: &mut Context, now: Now) {
        for work in self.known.values_mut() {
            // A reading under way may have seen what was there before.
            (work.reading, work.stale, work.settled) = (None, true, false);
        }
        ctx.calls_listed = false;
        ctx.requests.queue.begin_initial_sync();
        self.begin_call_sweep(ctx, Lane::Resync, now);
        ctx.timers.set(Timer::SweepCalls, now.instant + ctx.timing.sweep_calls);
    }

    pub(in crate::cms::bridge) fn sweep_calls(&mut self, ctx: &mut Context, lane: Lane, now: Now) {
        if ctx.phase.is_up() {
            if self.sweep.is_none() {
                self.begin_call_sweep(ctx, lane, now);
            }
            let interval = if ctx.coverage.is_blind() { ctx.timing.poll_roster } else { ctx.timing.sweep_calls };
            ctx.timers.set(Timer::SweepCalls, now.instant + interval);
        }
    }

    fn begin_call_sweep(&mut self, ctx: &mut Context, lane: Lane, now: Now) {
        let before = self.known.keys().cloned().collect();
        self.sweep = Some(CallSweep { lane, started: now.instant, next: 0, listed: HashSet::new(), unreadable: 0, before });
        ctx.request(lane, Request::Calls(0));
    }

    /// Reads calls, rosters and legs while everything known goes on to count.
    pub(in crate::cms::bridge) fn read_everything(&mut self, ctx: &mut Context, lane: Lane, now: Now) {
        self.sweep_calls(ctx, lane, now);
        for call in self.known.keys() {
            ctx.request(lane, Request::Call(call.clone()));
        }
        self.read_rosters(ctx, lane, now);
        for call in self.known.keys() {
            ctx.emit(Effect::Recheck { call: call.clone(), all: true, lane });
        }
    }

    /// Reads calls and rosters.
    pub(in crate::cms::bridge) fn read_lists(&mut self, ctx: &mut Context, lane: Lane, now: Now) {
        self.sweep_calls(ctx, lane, now);
        self.read_rosters(ctx, lane, now);
    }

    fn read_rosters(&mut self, ctx: &mut Context, lane: Lane, now: Now) {
        let idle: Vec<CallId> = self.known.iter().filter(|(_, work)| work.reading.is_none()).map(|(call, _)| call.clone()).collect();
        for call in idle {
            self.begin_roster(ctx, &call, lane, false, now);
        }
    }

    pub(in crate::cms::bridge) fn on_calls(&mut self, ctx: &mut Context, offset: usize, page: ListPage<CallItem>, sent: Now, now: Now) {
        let Some(mut sweep) = self.sweep.take_if(|sweep| sweep.next == offset && sweep.started <= sent.instant) else { return };
        let next = page.next(offset);
        sweep.unreadable = sweep.unreadable.saturating_add(page.lost());
        ctx.emit(Effect::CallsListed);
        for item in page.items {
            sweep.listed.insert(item.id.clone());
            if !self.ended.contains_key(&item.id) {
                self.on_call_item(ctx, sweep.lane, item, sent, now);
            }
        }
        match next {
            Some(offset) => {
                sweep.next = offset;
                ctx.request(sweep.lane, Request::Calls(offset));
                self.sweep = Some(sweep);
            }
            None => self.finish_sweep(ctx, sweep),
        }
    }

    fn on_call_item(&mut self, ctx: &mut Context, lane: Lane, item: CallItem, sent: Now, now: Now) {
        let call = item.id;
        if ctx.calls_listed && !self.known.contains_key(&call) {
            ctx.emit(Effect::Shown { topic: Topic::Calls, subject: call.clone(), fact: Fact::Listed });
            if lane != Lane::Resync && ctx.coverage.pushes_calls() {
                ctx.emit_discrepancy(Discrepancy::Call(call.clone()));
            }
        }
        self.follow_call(ctx, &call, lane, now);
        self.read_if_stale(ctx, &call, now);
        let key = ctx.key(&call);
        let before = ctx.store.call_facts(&key).unwrap_or_default();
        let newest = self.known.get(&call).is_some_and(|work| work.facts_at.is_none_or(|at| at <= sent.instant));
        ctx.store.put_call(&key, |facts| {
            if let Some(name) = item.name.filter(|_| newest) {
                facts.name = name;
            }
            facts.space = item.space.or(facts.space.take());
            facts.tenant = item.tenant.or(facts.tenant.take());
            facts.correlator = item.correlator.or(facts.correlator.take());
        });
        // While everything is read anew, what was known is no evidence against the events.
        if ctx.calls_listed {
            emit_changes_shown(ctx, &call, &before);
        }
        ctx.emit(Effect::DescribeCall(call));
    }

    fn finish_sweep(&self, ctx: &mut Context, sweep: CallSweep) {
        ctx.store.put_bridge(&ctx.name, |bridge| bridge.unreadable_calls = sweep.unreadable);
        for call in sweep.before.difference(&sweep.listed) {
            if sweep.lane == Lane::Resync {
                // It has most likely ended: subscriptions that name it may be refused whole. If it goes on, it is followed again.
                self.unsubscribe_from(ctx, call);
            } else if ctx.calls_listed && ctx.coverage.pushes_calls() {
                ctx.emit(Effect::NotShown(Expected::Call(call.clone())));
            }
            ctx.request(sweep.lane, Request::Call(call.clone()));
        }
        ctx.calls_listed = true;
        ctx.emit(Effect::StatusDue);
    }

    pub(in crate::cms::bridge) fn on_calls_failed(&mut self, ctx: &mut Context, now: Now) {
        self.sweep = None;
        ctx.timers.sooner(Timer::SweepCalls, now.instant + ctx.timing.reconnect_min);
    }

    /// At once, but not more often than a roster is polled: a bridge may damage every frame.
    pub(in crate::cms::bridge) fn on_calls_damaged(&mut self, ctx: &mut Context, now: Now) {
        let at = self.damaged.map_or(now.instant, |last| (last + ctx.timing.poll_roster).max(now.instant));
        self.damaged = Some(at);
        ctx.timers.sooner(Timer::SweepCalls, at);
    }
}
