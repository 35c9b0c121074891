//! The facts of one call, from REST and from events.

use super::FollowedCalls;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::events::protocol::Update;
use crate::cms::events::subscriptions::Topic;
use crate::cms::events::unreported::Fact;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::CallDetail;
use crate::model::{CallFacts, CallId};

impl FollowedCalls {
    pub(in crate::cms::bridge) fn on_call(&mut self, ctx: &mut Context, call: &CallId, detail: CallDetail, sent: Now, now: Now) {
        if self.ended.contains_key(call) {
            return;
        }
        self.follow_call(ctx, call, Lane::Arrival, now);
        self.subscribe_to(ctx, call, now);
        let Some(work) = self.known.get_mut(call) else { return };
        // An event or response that is newer than this request counts more.
        let newest = work.facts_at.is_none_or(|at| at <= sent.instant);
        if newest {
            work.facts_at = Some(sent.instant);
        } else {
            ctx.request(Lane::Suspected, Request::Call(call.clone()));
        }
        let key = ctx.key(call);
        let before = ctx.store.call_facts(&key).unwrap_or_default();
        let presenter = detail.presenter.clone();
        ctx.store.put_call(&key, |facts| apply_detail(facts, detail, newest));
        let locked = ctx.store.find_in_call(&key, |call| call.facts.locked);
        if before.locked.is_some() && locked != before.locked {
            ctx.emit(Effect::CallSuspected { call: call.clone(), all: true });
        }
        emit_changes_shown(ctx, call, &before);
        if ctx.coverage.is_polled(call) {
            ctx.emit(Effect::PresenterRead { call: call.clone(), leg: presenter, sent });
        }
        ctx.emit(Effect::DescribeCall(call.clone()));
        // The pages of the list may have shifted during the reading, and skipped this call.
        self.read_if_stale(ctx, call, now);
    }

    pub(in crate::cms::bridge) fn on_call_update(&mut self, ctx: &mut Context, update: Update, now: Now) {
        let Some(call) = update.call.clone() else { return };
        match update.update_type.as_deref() {
            Some("remove") => return self.end_call(ctx, &call, now),
            Some("add") => drop(self.ended.remove(&call)),
            kind if !self.known.contains_key(&call) => {
                // Only `add` says that a call exists; for any other update of an unknown call REST is asked once. An update without a type
                // counts as `update`.
                if matches!(kind, None | Some("update")) && !self.ended.contains_key(&call) {
                    ctx.request(Lane::Arrival, Request::Call(call));
                }
                return;
            }
            _ => {}
        }
        let key = ctx.key(&call);
        let locked_before = ctx.store.find_in_call(&key, |call| call.facts.locked);
        self.follow_call(ctx, &call, Lane::Arrival, now);
        if let Some(work) = self.known.get_mut(&call) {
            work.last_event = Some(now.instant);
            // An update of the number of participants alone is no news of these facts.
            if update.name.is_some() || update.lock_state.is_some() || update.recording.is_some() || update.streaming.is_some() {
                work.facts_at = Some(now.instant);
            }
        }
        ctx.store.put_call(&key, |facts| apply_update(facts, &update));
        let locked = ctx.store.find_in_call(&key, |call| call.facts.locked);
        if locked_before.is_some() && locked != locked_before {
            ctx.emit(Effect::CallSuspected { call, all: true });
        }
    }
}

/// Emits the facts that a reading of a call changed.
pub(super) fn emit_changes_shown(ctx: &mut Context, call: &CallId, before: &CallFacts) {
    let facts = ctx.store.with_call(&ctx.key(call), |call| {
        let after = &call.facts;
        [
            (!before.name.is_empty() && before.name != after.name, Fact::Name),
            (before.locked.is_some() && before.locked != after.locked, Fact::Locked),
            (before.recording != after.recording, Fact::Recording),
            (before.streaming != after.streaming, Fact::Streaming),
        ]
    });
    for (_, fact) in facts.into_iter().flatten().filter(|(changed, _)| *changed) {
        ctx.emit(Effect::Shown { topic: Topic::Calls, subject: call.clone(), fact });
    }
}

fn apply_detail(facts: &mut CallFacts, detail: CallDetail, newest: bool) {
    facts.space = detail.space.or(facts.space.take());
    facts.tenant = detail.tenant.or(facts.tenant.take());
    facts.correlator = detail.correlator.or(facts.correlator.take());
    facts.owner = detail.owner.or(facts.owner.take());
    if !newest {
        return;
    }
    if let Some(name) = detail.name {
        facts.name = name;
    }
    facts.locked = detail.locked.or(facts.locked);
    facts.recording = detail.recording.unwrap_or(facts.recording);
    facts.streaming = detail.streaming.unwrap_or(facts.streaming);
}

fn apply_update(facts: &mut CallFacts, update: &Update) {
    if let Some(name) = &update.name {
        facts.name = name.clone();
    }
    if let Some(correlator) = update.call_correlator.as_ref().filter(|correlator| !correlator.is_empty()) {
        facts.correlator = Some(correlator.clone());
    }
    if let Some(word) = &update.lock_state {
        facts.locked = Some(word == "locked");
    }
    if let Some(word) = &update.recording {
        facts.recording = word == "active" || word == "true";
    }
    if let Some(word) = &update.streaming {
        facts.streaming = word == "active" || word == "true";
    }
}
