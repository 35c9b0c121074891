//! Derives lobby states from the details of legs (by `lobby_state`) and writes them. Nothing else sets a lobby state.

use std::time::Instant;

use tracing::debug;

use super::Participants;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::cluster::LegProbe;
use crate::cms::lobby_state::{self, LegLobby, WaitStart};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::LegDetail;
use crate::model::{CallId, LegId, Lobby, ParticipantId};

/// One reading of a leg.
#[derive(Debug, Clone, Copy)]
pub(in crate::cms::bridge) struct LegReading<'a> {
    pub(in crate::cms::bridge) lane: Lane,
    pub(in crate::cms::bridge) leg: &'a LegId,
    pub(in crate::cms::bridge) detail: &'a LegDetail,
    pub(in crate::cms::bridge) sent: Now,
}

impl Participants {
    pub(in crate::cms::bridge) fn on_leg(&mut self, ctx: &mut Context, reading: LegReading<'_>, now: Now) {
        let LegReading { leg, detail, sent, .. } = reading;
        if detail.unreadable {
            debug!(bridge = %ctx.name, leg = %leg, "lobby state unreadable");
        }
        if detail.distribution_link {
            return self.on_link(ctx, leg);
        }
        let Some(person) = self.find_owner(ctx, leg, detail).filter(|person| self.place_by_leg(ctx, person, detail)) else { return };
        if let Some(before) = self.legs.owner_of(leg).filter(|before| **before != person).cloned() {
            self.legs.unassign(leg);
            self.on_leg_lost(ctx, &before);
        }
        self.legs.assign(&person, leg);
        self.note_listing(ctx, &person, detail, sent, now);
        self.read_leg(ctx, &person, reading, now);
    }

    /// The leg is a link between bridges and belongs to no participant.
    fn on_link(&mut self, ctx: &mut Context, leg: &LegId) {
        let owner = self.legs.unassign(leg);
        self.legs.mark_link(leg);
        if let Some(person) = owner {
            self.on_leg_lost(ctx, &person);
        }
    }

    /// `groupId` is only a candidate: it counts when this bridge lists that participant as its own (rest.md section 3.7).
    fn find_owner(&self, ctx: &Context, leg: &LegId, detail: &LegDetail) -> Option<ParticipantId> {
        let candidates = detail.group.iter().chain(std::iter::once(leg));
        let named = candidates.into_iter().find(|id| self.legs.hosted.contains_key(*id) && ctx.store.has_person(id));
        named.or_else(|| self.legs.owner_of(leg)).cloned()
    }

    fn read_leg(&mut self, ctx: &mut Context, person: &ParticipantId, reading: LegReading<'_>, now: Now) {
        let LegReading { lane, leg: id, detail, sent } = reading;
        let known = ctx.store.with_person(person, |person| (person.lobby, person.arrived.then_some(person.seen_since)));
        let Some((fact, arrived)) = known else {
            // No bridge lists the participant any more.
            return self.forget_participant(ctx, person);
        };
        if fact.changed_at.is_some_and(|at| sent.instant < at) {
            return self.schedule_poll(ctx, person, now);
        }
        let confirm_after = ctx.timing.second_look;
        let Some(hosted) = self.legs.hosted.get_mut(person) else { return };
        let Some(leg) = hosted.legs.iter_mut().find(|leg| leg.id == *id) else { return };
        let before = (leg.seen, leg.sent());
        leg.on_response(detail, sent.instant, confirm_after);
        let after = leg.seen;
        let (state, muted, on_hold) = (lobby_state::merge(&hosted.legs), lobby_state::is_muted(&hosted.legs), detail.on_hold);
        let (read_muted, read_on_hold) = (hosted.read_muted.replace(muted), std::mem::replace(&mut hosted.read_on_hold, on_hold));
        let call = hosted.call.clone().or_else(|| detail.call.clone());
        self.note_mute(ctx, person, muted, read_muted, sent, now);
        self.note_on_hold(ctx, person, on_hold, read_on_hold, sent, now);
        let saved = ctx.cluster.saved_wait(person).map(|wait| (wait.since, wait.up_to));
        let beginning = WaitStart { now_unix_ms: now.unix_ms, arrived, duration_s: detail.duration_s, saved };
        let state_before = self.write_lobby(ctx, person, state, beginning, now);
        if let Some(call) = call {
            note_lobby_seen(ctx, &call, detail, state);
            if state_before != Lobby::Unknown && state != state_before {
                self.emit_move(ctx, lane, call.clone(), person, state);
            }
            if matches!(after, LegLobby::FirstIn(_) | LegLobby::In) {
                ctx.emit(Effect::ArrivalEntered { call, person: person.clone() });
            }
        }
        let first_reading = lane == Lane::Arrival && matches!(after, LegLobby::FirstIn(_));
        if first_reading || (state == Lobby::In && state_before != Lobby::In) {
            request_role(ctx, person, first_reading || state_before == Lobby::Waiting);
        }
        schedule_verification(ctx, id, before, after, now);
        self.schedule_poll(ctx, person, now);
        ctx.emit(Effect::ProbeAnswered { person: person.clone(), probe: probe_of(state), sent: Some(sent) });
    }

    /// Writes the lobby fact; returns the state before.
    fn write_lobby(&self, ctx: &Context, person: &ParticipantId, state: Lobby, beginning: WaitStart, now: Now) -> Lobby {
        let unreadable = lobby_state::is_unreadable(self.legs.legs_of(person));
        let before = ctx.store.update_person(person, |entry| {
            let before = entry.lobby;
            entry.unreadable.leg = unreadable;
            entry.lobby = lobby_state::next_fact(lobby_state::without_expired_resume(before, now.instant), state, beginning);
            before.state
        });
        before.unwrap_or_default()
    }

    /// A participant was let in or sent back: announced, or found by plain polling.
    fn emit_move(&mut self, ctx: &mut Context, lane: Lane, call: CallId, person: &ParticipantId, state: Lobby) {
        let announced = self.legs.hosted.get_mut(person).is_some_and(|hosted| std::mem::take(&mut hosted.announced));
        let polled = matches!(lane, Lane::Waiting | Lane::InCall);
        ctx.emit(Effect::LobbyMoved { call, person: person.clone(), state, announced: announced || !polled });
    }

    pub(in crate::cms::bridge) fn on_leg_failed(&mut self, ctx: &mut Context, leg: &LegId, error: RequestError, now: Now) {
        let Some(person) = self.legs.owner_of(leg).cloned() else { return };
        if self.unplaced.contains(&person) {
            return self.request_participant(ctx, &person);
        }
        if matches!(error, RequestError::Gone(_)) {
            self.legs.unassign(leg);
            // Another leg may have taken its place, or the participant is gone.
            self.request_list(ctx, Lane::Suspected, &person);
            return self.derive_again(ctx, &person, now);
        }
        // The cause of the reading remains.
        self.expect_move(&person);
        ctx.timers.sooner(Timer::PollLegs(person.clone()), now.instant + ctx.timing.read_again);
        ctx.emit(Effect::ProbeAnswered { person, probe: LegProbe::Failed(error), sent: None });
    }

    /// Derives the state from the remaining legs.
    fn derive_again(&mut self, ctx: &mut Context, person: &ParticipantId, now: Now) {
        if self.legs.hosted.contains_key(person) {
            let state = lobby_state::merge(self.legs.legs_of(person));
            let beginning = WaitStart { now_unix_ms: now.unix_ms, arrived: None, duration_s: None, saved: None };
            self.write_lobby(ctx, person, state, beginning, now);
            self.schedule_poll(ctx, person, now);
        }
    }
}

/// Reads once whether a participant is an activator. `soon`: a page shows them entering; otherwise with the lowest priority.
fn request_role(ctx: &mut Context, person: &ParticipantId, soon: bool) {
    if ctx.store.person_is(person, |person| person.activator.is_none()) {
        ctx.request(if soon { Lane::Confirmation } else { Lane::InCall }, Request::Participant(person.clone()));
    }
}

/// A reading changed the lobby state of a leg: schedules a check that a record announced it.
fn schedule_verification(ctx: &mut Context, leg: &LegId, before: (LegLobby, Option<Instant>), after: LegLobby, now: Now) {
    if let ((LegLobby::Waiting, Some(since)), LegLobby::In) | ((LegLobby::In, Some(since)), LegLobby::Waiting) = (before, after)
        && ctx.takes_records()
    {
        let waiting = after == LegLobby::Waiting;
        ctx.timers.set(Timer::VerifyRecords { leg: leg.clone(), waiting, since }, now.instant + ctx.timing.cdr_check);
    }
}

fn note_lobby_seen(ctx: &Context, call: &CallId, detail: &LegDetail, state: Lobby) {
    if (state == Lobby::Waiting || detail.needs_activation == Some(true)) && ctx.knows_call(call) {
        ctx.store.put_call(&ctx.key(call), |facts| facts.lobby_seen = true);
    }
}

fn probe_of(state: Lobby) -> LegProbe {
    match state {
        Lobby::Waiting => LegProbe::Waiting,
        Lobby::In => LegProbe::In,
        Lobby::Unknown => LegProbe::Unclear,
    }
}
