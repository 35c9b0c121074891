//! The calls of one bridge and their facts, from REST and from events. Calls are read when they are first seen, after a reconnect, and
//! periodically to find changes that no event reported. `sweep` reads the list of calls, `facts` one call, `rosters` the participants in
//! them. Knows participants only by id.
//!
//! Absence from a list removes nothing, because pages are no snapshots (rest.md section 2): only a GET of the call itself does.

mod facts;
mod rosters;
mod sweep;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::context::Context;
use super::effects::{Effect, RosterKnowledge};
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::events::subscriptions::Topic;
use crate::cms::events::unreported::Fact;
use crate::cms::missed_events::{Discrepancy, Expected};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::model::{CallId, LegId};
use rosters::RosterPass;
use sweep::CallSweep;

/// How far a call has been read.
#[derive(Debug, Default)]
struct CallWork {
    reading: Option<RosterPass>,
    /// When its roster was last read because of a damaged frame.
    damaged: Option<Instant>,
    /// Not read again yet since the last (re)connect.
    stale: bool,
    /// Its participants and legs were read once since the last (re)connect; from here on participants are read one by one.
    settled: bool,
    /// When an event last reported it.
    last_event: Option<Instant>,
    /// The time of the newest facts (name, lock, recording, streaming).
    facts_at: Option<Instant>,
    /// When a reading of its roster last failed because the call was gone.
    roster_gone: Option<Instant>,
    /// The call began while Usher watched: its participants arrived when they were first listed.
    fresh: bool,
    /// Listed legs whose details have not come yet.
    pending_legs: HashSet<LegId>,
    legs_listed: bool,
}

impl CallWork {
    /// A participant who is first listed now has just arrived.
    fn sees_arrivals(&self) -> bool {
        self.fresh || self.knows_its_roster()
    }

    /// Its roster has been read in full: a participant who is first listed now is new, and is read at once, even while the legs of others
    /// are still being read.
    fn knows_its_roster(&self) -> bool {
        self.reading.as_ref().is_none_or(|read| !read.full)
    }
}

#[derive(Debug, Default)]
pub(super) struct FollowedCalls {
    known: HashMap<CallId, CallWork>,
    /// Calls that ended, and when: a late response must not bring one back.
    ended: HashMap<CallId, Instant>,
    sweep: Option<CallSweep>,
    /// When the list of calls is read because of a damaged frame.
    damaged: Option<Instant>,
}

/// State.
impl FollowedCalls {
    pub(super) fn count_calls(&self) -> usize {
        self.known.len()
    }

    pub(super) fn call_ids(&self) -> impl Iterator<Item = &CallId> {
        self.known.keys()
    }

    /// The participants and legs of this call were read since the last (re)connect.
    pub(super) fn is_settled(&self, call: &CallId) -> bool {
        self.known.get(call).is_some_and(|work| work.settled)
    }

    /// All calls were read since the bridge was last reached.
    pub(super) fn are_read(&self, ctx: &Context) -> bool {
        ctx.calls_listed && self.known.values().all(|work| work.settled)
    }

    pub(super) fn roster_knowledge(&self, call: &CallId) -> Option<RosterKnowledge> {
        let work = self.known.get(call)?;
        Some(RosterKnowledge { sees_arrivals: work.sees_arrivals(), is_known: work.knows_its_roster() })
    }

    /// The roster of this call is being read, or will be soon.
    pub(super) fn awaits_roster(&self, call: &CallId) -> bool {
        self.known.get(call).is_some_and(|work| work.reading.is_some() || work.stale)
    }
}

/// Beginning and end of a call.
impl FollowedCalls {
    /// Takes over the calls that the previous actor left in the store; they are compared with the bridge as after a reconnect.
    pub(super) fn adopt(&mut self, ctx: &mut Context, now: Now) {
        for key in ctx.store.calls_of(&ctx.name) {
            self.known.insert(key.call.clone(), CallWork::default());
            self.subscribe_to(ctx, &key.call, now);
        }
    }

    /// Follows a call: when it is first seen, subscribes to it and reads it in full.
    fn follow_call(&mut self, ctx: &mut Context, call: &CallId, lane: Lane, now: Now) {
        if self.known.contains_key(call) {
            return;
        }
        self.known.insert(call.clone(), CallWork { fresh: ctx.calls_listed, ..CallWork::default() });
        ctx.store.put_call(&ctx.key(call), |_| {});
        self.subscribe_to(ctx, call, now);
        let lane = if ctx.calls_listed { lane.min(Lane::Arrival) } else { Lane::Resync };
        ctx.request(lane, Request::Call(call.clone()));
        self.begin_roster(ctx, call, lane, true, now);
    }

    /// Reads the roster of a call that still has none, unless it was gone a moment ago.
    fn read_if_stale(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        let recent = |at: Instant| now.instant < at + ctx.timing.poll_roster;
        if self.known.get(call).is_some_and(|work| work.stale && !work.roster_gone.is_some_and(recent)) {
            self.begin_roster(ctx, call, Lane::Resync, true, now);
        }
    }

    /// `missing`: the call was requested because a reading of the list did not show it.
    pub(super) fn on_call_failed(&mut self, ctx: &mut Context, call: &CallId, error: &RequestError, missing: bool, now: Now) {
        if !matches!(error, RequestError::Gone(_)) {
            return ctx.timers.sooner(Timer::SweepRoster(call.clone()), now.instant + ctx.timing.poll_roster);
        }
        if self.known.contains_key(call) {
            ctx.emit(Effect::Shown { topic: Topic::Calls, subject: call.clone(), fact: Fact::Listed });
            if missing {
                ctx.emit_discrepancy(Discrepancy::Call(call.clone()));
            }
        }
        self.end_call(ctx, call, now);
    }

    /// Ends the call of this bridge; the meeting's calls on other bridges may go on.
    fn end_call(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        self.ended.insert(call.clone(), now.instant);
        let Some(work) = self.known.remove(call) else { return };
        ctx.emit(Effect::CallEnded { call: call.clone(), pending_legs: work.pending_legs });
        self.unsubscribe_from(ctx, call);
        ctx.timers.cancel(&Timer::SweepRoster(call.clone()));
        ctx.emit(Effect::StatusDue);
    }

    /// A record announced a call.
    pub(super) fn on_call_record(&mut self, ctx: &mut Context, call: CallId) {
        if !self.ended.contains_key(&call) {
            ctx.request(Lane::Announced, Request::Call(call));
        }
    }

    /// A leg in this call belongs to nobody on its roster: a participant came without an event.
    pub(super) fn on_unexplained_leg(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        match self.known.get(call) {
            None => self.on_call_record(ctx, call.clone()),
            Some(work) if work.reading.is_none() => self.begin_roster(ctx, call, Lane::Suspected, false, now),
            Some(_) => {}
        }
    }

    /// Requests the calls that the first list of their subscription left out. A list that is only late costs one request for each.
    pub(super) fn request_left_out(&mut self, ctx: &mut Context, since: Instant) {
        for (call, _) in self.known.iter().filter(|(_, work)| work.last_event.is_none_or(|at| at < since)) {
            ctx.emit(Effect::LeftOut(Expected::Call(call.clone())));
            ctx.request(Lane::Suspected, Request::Call(call.clone()));
        }
    }

    /// The bridge is gone: readings in progress start over when it is back.
    pub(super) fn forget_reading(&mut self) {
        self.sweep = None;
        for work in self.known.values_mut() {
            (work.reading, work.legs_listed, work.settled) = (None, false, false);
            work.pending_legs.clear();
        }
    }

    pub(super) fn tidy_ended(&mut self, keep: Duration, now: Instant) {
        self.ended.retain(|_, at| now.duration_since(*at) < keep);
    }
}

/// Subscriptions.
impl FollowedCalls {
    /// Adds a call to the subscription plan; polls it where it has no room.
    fn subscribe_to(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        match ctx.coverage.plan.add(call) {
            Some(socket) => ctx.emit(Effect::SubscriptionsChanged(socket)),
            None if ctx.coverage.plan.is_refused(call) => self.poll_unpushed(ctx, now),
            None => {}
        }
    }

    fn unsubscribe_from(&self, ctx: &mut Context, call: &CallId) {
        if let Some(socket) = ctx.coverage.plan.remove(call) {
            ctx.emit(Effect::SubscriptionsChanged(socket));
        }
    }

    /// Polls the calls that are not pushed in full, and schedules a retry of refused subscriptions.
    pub(super) fn poll_unpushed(&self, ctx: &mut Context, now: Now) {
        if ctx.coverage.plan.pushes_everything() {
            return;
        }
        for call in self.known.keys() {
            if ctx.coverage.is_polled(call) {
                ctx.timers.sooner(Timer::SweepRoster(call.clone()), now.instant + ctx.timing.second_look);
            }
        }
        if ctx.coverage.plan.refused().next().is_some() {
            ctx.timers.sooner(Timer::RetryRefused, now.instant + ctx.timing.retry_refused);
        }
    }

    /// Events were lost: everything is read again soon.
    pub(super) fn poll_everything(&self, ctx: &mut Context, now: Now) {
        let at = now.instant + ctx.timing.poll_roster;
        ctx.timers.sooner(Timer::SweepCalls, at);
        for call in self.known.keys() {
            ctx.timers.sooner(Timer::SweepRoster(call.clone()), at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::events::protocol::Update;
    use crate::cms::rest::response::{CallItem, ListPage};

    fn update(kind: &str) -> Update {
        Update { update_type: Some(kind.into()), call: Some("c".into()), ..Update::default() }
    }

    #[test]
    fn an_event_adds_a_call_that_is_read_in_full_or_removes_it() {
        let (mut ctx, mut calls, now) = (Context::for_tests(), FollowedCalls::default(), Now::read());
        calls.on_call_update(&mut ctx, update("add"), now);
        assert!(ctx.requests.queue.contains(&Request::Call("c".into())) && ctx.requests.queue.contains(&Request::Roster("c".into(), 0)));
        assert_eq!(ctx.emitted(), ["SubscriptionsChanged(0)"]);
        calls.on_call_update(&mut ctx, update("remove"), now);
        assert!(ctx.emitted()[0].starts_with("CallEnded") && calls.count_calls() == 0);
        calls.on_call(&mut ctx, &"c".into(), Default::default(), now, now);
        assert_eq!(calls.count_calls(), 0, "a late response must not bring it back");
    }

    #[test]
    fn absence_from_the_list_of_calls_removes_nothing() {
        let (mut ctx, mut calls, now) = (Context::for_tests(), FollowedCalls::default(), Now::read());
        calls.on_call_update(&mut ctx, update("add"), now);
        ctx.requests.queue.clear();
        calls.read_anew(&mut ctx, now);
        let empty = ListPage { items: Vec::new(), total: Some(0), unreadable: 0, damaged: false };
        calls.on_calls(&mut ctx, 0, empty, now, now);
        assert!(calls.count_calls() == 1 && ctx.requests.queue.contains(&Request::Call("c".into())) && ctx.calls_listed);
        calls.on_call_failed(&mut ctx, &"c".into(), &RequestError::Gone(String::new()), false, now);
        assert_eq!(calls.count_calls(), 0);
    }
    #[test]
    fn a_changed_name_is_no_evidence_against_the_events_while_everything_is_read_anew() {
        let (mut ctx, mut calls, now) = (Context::for_tests(), FollowedCalls::default(), Now::read());
        let listed = |name: &str| {
            let item = CallItem { id: "c".into(), name: Some(name.into()), space: None, tenant: None, correlator: None };
            ListPage { items: vec![item], total: Some(1), unreadable: 0, damaged: false }
        };
        let shows_name = |ctx: &mut Context| ctx.emitted().iter().any(|effect| effect.starts_with("Shown") && effect.contains("Name"));
        calls.read_anew(&mut ctx, now);
        calls.on_calls(&mut ctx, 0, listed("Ward"), now, now);
        calls.read_anew(&mut ctx, now);
        calls.on_calls(&mut ctx, 0, listed("Ward 2"), now, now);
        assert!(!shows_name(&mut ctx), "it changed while there was no socket");
        calls.sweep_calls(&mut ctx, Lane::InCall, now);
        calls.on_calls(&mut ctx, 0, listed("Ward 3"), now, now);
        assert!(shows_name(&mut ctx), "it changed while a socket was there");
    }
}
