//! Schedules readings after a join, leave or lock change: it may have moved others between lobby and call, which no event reports. Reads
//! nothing itself.

use std::collections::HashMap;
use std::time::Instant;

use super::context::Context;
use super::effects::Effect;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::rest::queue::Lane;
use crate::model::{CallId, Home, Lobby, ParticipantId};

/// The suspicions of one call.
#[derive(Debug, Default)]
struct CallSuspicions {
    /// Participants who arrived, and when, until it is known whether they wait.
    arrived: Vec<(ParticipantId, Instant)>,
    /// When a move between lobby and call was last suspected.
    suspected: Option<Instant>,
    /// When a participant last left or the lock changed: those in the call may have been sent back too.
    suspected_all: Option<Instant>,
    /// When a participant was last seen to have moved between lobby and call: others may have moved with them.
    moved: Option<Instant>,
    /// A participant was sent back: those in the call are read too.
    moved_back: bool,
    /// When the others were last read for that.
    others_read: Option<Instant>,
}

#[derive(Debug, Default)]
pub(super) struct Rechecks(HashMap<CallId, CallSuspicions>);

impl Rechecks {
    /// None for a call that is not followed: nothing would ever remove it.
    fn of(&mut self, ctx: &Context, call: &CallId) -> Option<&mut CallSuspicions> {
        ctx.knows_call(call).then(|| self.0.entry(call.clone()).or_default())
    }

    /// A participant arrived. One who waits lets nobody in: the others are read only if this one does not wait, or if that is not known
    /// soon.
    pub(super) fn on_arrival(&mut self, ctx: &mut Context, call: &CallId, person: ParticipantId, now: Now) {
        let Some(suspicions) = self.of(ctx, call) else { return };
        suspicions.arrived.push((person, now.instant));
        ctx.timers.sooner(Timer::Arrivals(call.clone()), now.instant + ctx.timing.second_look / 2);
    }

    /// Checks whether recent arrivals wait: any other may have let others in.
    pub(super) fn check_arrivals(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        let Some(suspicions) = self.0.get_mut(call).filter(|suspicions| !suspicions.arrived.is_empty()) else { return };
        let (here, mut suspect, mut open) = (Home::Bridge(ctx.name.clone()), false, Vec::new());
        for (person, at) in std::mem::take(&mut suspicions.arrived) {
            let known =
                ctx.store.with_person(&person, |person| (person.lobby.state, person.home.as_ref().is_none_or(|home| *home == here)));
            match known {
                None | Some((Lobby::Waiting, _)) => {}
                // Their legs are being read here, and the result is acted on at once.
                Some((Lobby::Unknown, true)) if now.instant < at + ctx.timing.second_look => open.push((person, at)),
                Some(_) => suspect = true,
            }
        }
        suspicions.arrived = open;
        if !suspicions.arrived.is_empty() {
            ctx.timers.sooner(Timer::Arrivals(call.clone()), now.instant + ctx.timing.second_look / 2);
        }
        if suspect {
            self.suspect_call(ctx, call, false, now);
        } else if !ctx.records_reliable {
            // Something else may have changed with them: one reading, however many arrive meanwhile.
            let last = ctx.timing.recheck.len() - 1;
            ctx.timers.sooner(Timer::Recheck(call.clone(), last), now.instant + ctx.timing.recheck[last]);
        }
    }

    /// An arrival reads as in the call: they may have let others in.
    pub(super) fn on_arrival_entered(&mut self, ctx: &mut Context, call: &CallId, person: &ParticipantId, now: Now) {
        let Some(suspicions) = self.0.get_mut(call) else { return };
        let before = suspicions.arrived.len();
        suspicions.arrived.retain(|(arrived, _)| arrived != person);
        if suspicions.arrived.len() < before {
            self.suspect_call(ctx, call, false, now);
        }
    }

    /// A join, leave or lock change may have moved others, at once or later; with `all` also those in the call.
    pub(super) fn suspect_call(&mut self, ctx: &mut Context, call: &CallId, all: bool, now: Now) {
        if ctx.records_reliable {
            // Records announce each move.
            return;
        }
        let Some(suspicions) = self.of(ctx, call) else { return };
        suspicions.suspected = Some(now.instant);
        if all {
            suspicions.suspected_all = Some(now.instant);
        }
        for n in 0..ctx.timing.recheck.len() {
            ctx.timers.sooner(Timer::Recheck(call.clone(), n), now.instant + ctx.timing.recheck[n]);
        }
    }

    /// Whether a recent change may have caused a move in this call.
    pub(super) fn expects_move(&self, ctx: &Context, call: &CallId, now: Now) -> bool {
        let window = ctx.timing.recheck[ctx.timing.recheck.len() - 1] + ctx.timing.silent_after;
        self.0.get(call).and_then(|of| of.suspected.max(of.moved)).is_some_and(|at| now.instant < at + window)
    }

    /// Whatever moved one participant may have moved others at the same moment. They are read once; for a crowd that is found one by one,
    /// at most every `second_look`. Later effects follow from a join, leave or lock change, which is a suspicion of its own.
    pub(super) fn on_move(&mut self, ctx: &mut Context, call: &CallId, back: bool, now: Now) {
        if ctx.records_reliable {
            return;
        }
        let interval = ctx.timing.second_look;
        let Some(suspicions) = self.of(ctx, call) else { return };
        suspicions.moved = Some(now.instant);
        suspicions.moved_back |= back;
        let at = suspicions.others_read.map_or(now.instant, |last| (last + interval).max(now.instant));
        ctx.timers.sooner(Timer::RecheckOthers(call.clone()), at);
    }

    pub(super) fn recheck_others(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        let Some(suspicions) = self.0.get_mut(call) else { return };
        suspicions.others_read = Some(now.instant);
        let all = std::mem::take(&mut suspicions.moved_back);
        ctx.emit(Effect::Recheck { call: call.clone(), all, lane: Lane::Suspected });
    }

    /// The `n`th reading after a suspicion. A later suspicion gets its own `n`th reading, so that in a busy call the last change is followed up
    /// for as long as the first.
    pub(super) fn recheck(&mut self, ctx: &mut Context, call: &CallId, n: usize, now: Now) {
        let after = ctx.timing.recheck[n];
        let Some(suspicions) = self.of(ctx, call) else { return };
        let all = suspicions.suspected_all.is_some();
        let again = suspicions.suspected.map(|at| at + after).filter(|at| *at > now.instant);
        if n + 1 == ctx.timing.recheck.len() {
            suspicions.suspected_all = suspicions.suspected_all.filter(|at| *at + after > now.instant);
        }
        if let Some(again) = again {
            ctx.timers.sooner(Timer::Recheck(call.clone(), n), again);
        }
        ctx.emit(Effect::Recheck { call: call.clone(), all, lane: Lane::Suspected });
    }

    pub(super) fn forget_call(&mut self, ctx: &mut Context, call: &CallId) {
        self.0.remove(call);
        ctx.timers.cancel(&Timer::Arrivals(call.clone()));
        ctx.timers.cancel(&Timer::RecheckOthers(call.clone()));
        for n in 0..ctx.timing.recheck.len() {
            ctx.timers.cancel(&Timer::Recheck(call.clone(), n));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed_call() -> (Context, Rechecks, CallId, Now) {
        let (ctx, call) = (Context::for_tests(), CallId::from("c"));
        ctx.store.put_call(&ctx.key(&call), |_| {});
        (ctx, Rechecks::default(), call, Now::read())
    }

    #[test]
    fn a_suspicion_schedules_readings_unless_records_tell() {
        let (mut ctx, mut rechecks, call, now) = followed_call();
        ctx.records_reliable = true;
        rechecks.suspect_call(&mut ctx, &call, true, now);
        assert!(!ctx.timers.has(&Timer::Recheck(call.clone(), 0)));
        ctx.records_reliable = false;
        rechecks.suspect_call(&mut ctx, &"unknown".into(), true, now);
        rechecks.suspect_call(&mut ctx, &call, true, now);
        assert!(ctx.timers.has(&Timer::Recheck(call.clone(), 0)) && rechecks.expects_move(&ctx, &call, now));
        rechecks.recheck(&mut ctx, &call, 0, now);
        assert!(ctx.emitted()[0].contains("all: true"), "those in the call may have been sent back");
        rechecks.forget_call(&mut ctx, &call);
        assert!(!ctx.timers.has(&Timer::Recheck(call.clone(), 0)) && rechecks.0.is_empty());
    }

    #[test]
    fn an_arrival_is_a_suspicion_once_it_is_in_the_call() {
        let (mut ctx, mut rechecks, call, now) = followed_call();
        rechecks.on_arrival(&mut ctx, &call, "ana".into(), now);
        rechecks.on_arrival_entered(&mut ctx, &call, &"bo".into(), now);
        assert!(!rechecks.expects_move(&ctx, &call, now), "another one");
        rechecks.on_arrival_entered(&mut ctx, &call, &"ana".into(), now);
        assert!(rechecks.expects_move(&ctx, &call, now));
    }
}
