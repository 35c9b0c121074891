//! Decides when, and in which lane, the legs of participants are read. Reads no response.

use std::collections::HashSet;
use std::time::Instant;

use super::Participants;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::cluster::LegProbe;
use crate::cms::lobby_state::{LegLobby, TrackedLeg};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::model::{CallId, Home, Lobby, ParticipantId};

/// Requests.
impl Participants {
    /// Reads the legs of a participant hosted here.
    pub(in crate::cms::bridge) fn read_legs(&mut self, ctx: &mut Context, person: &ParticipantId, lane: Lane) {
        if self.legs.host(person).legs.is_empty() {
            self.request_list(ctx, lane, person);
        } else {
            self.request_details(ctx, person, lane);
        }
    }

    pub(super) fn request_list(&self, ctx: &mut Context, lane: Lane, person: &ParticipantId) {
        let request = if self.legs_by_filter { Request::LegsByFilter(person.clone()) } else { Request::Legs(person.clone()) };
        ctx.request(lane, request);
    }

    pub(super) fn request_details(&self, ctx: &mut Context, person: &ParticipantId, lane: Lane) {
        for leg in self.legs.legs_of(person) {
            ctx.request(lane, Request::Leg(leg.id.clone()));
        }
    }

    /// Reads the legs of participants whom a join, leave or lock change may have moved: those waiting, and with `all` also those in the
    /// call.
    pub(in crate::cms::bridge) fn recheck_participants(&mut self, ctx: &mut Context, call: &CallId, all: bool, lane: Lane) {
        for person in ctx.hosted_in(call) {
            let state = ctx.store.with_person(&person, |person| person.lobby.state).unwrap_or_default();
            if all || state == Lobby::Waiting {
                self.request_details(ctx, &person, lane);
            }
        }
    }

    /// Reads the legs of the remaining participants one by one: the list of the call's legs did not show them.
    pub(in crate::cms::bridge) fn read_unlisted(&mut self, ctx: &mut Context, call: &CallId) {
        for person in ctx.hosted_in(call) {
            if !self.legs.has_legs(&person) {
                self.read_legs(ctx, &person, Lane::Resync);
            }
        }
    }

    /// At least one of these has no known legs.
    pub(in crate::cms::bridge) fn lacks_legs(&self, people: &[ParticipantId]) -> bool {
        people.iter().any(|person| !self.legs.has_legs(person))
    }

    /// A roster was read: reads the legs of participants whose lobby state is still open.
    pub(in crate::cms::bridge) fn read_roster(&mut self, ctx: &mut Context, hosted: &[ParticipantId], lane: Lane, full: bool) {
        for person in hosted {
            let known = self.legs.has_legs(person);
            if known && full {
                self.request_details(ctx, person, lane);
            } else if !full && (!known || self.has_unwritten_state(ctx, person)) {
                self.read_legs(ctx, person, Lane::Arrival);
            }
        }
    }

    /// Reads what no event reports: on hold is a property of the participant, muted of each leg. That takes two requests for each, at the
    /// pace of polling.
    pub(in crate::cms::bridge) fn read_unpushed(&self, ctx: &mut Context, call: &CallId, stated: &HashSet<ParticipantId>) {
        for person in ctx.roster(call) {
            // The bridge that hosts them reads them.
            if matches!(ctx.home_of(&person), Some(Home::Bridge(name)) if name != ctx.name) {
                continue;
            }
            if !stated.contains(&person) {
                ctx.request(Lane::InCall, Request::Participant(person.clone()));
            }
            self.request_details(ctx, &person, Lane::InCall);
        }
    }
}

/// Polling.
impl Participants {
    /// Sets when a participant's legs are read next.
    pub(super) fn schedule_poll(&self, ctx: &mut Context, person: &ParticipantId, now: Now) {
        let timing = &ctx.timing;
        let (waiting, in_call) = match ctx.records_reliable {
            true => (timing.rotate_waiting_with_records, timing.rotate_in_call_with_records),
            false => (timing.rotate_waiting, timing.rotate_in_call),
        };
        let due = |leg: &TrackedLeg| match leg.seen {
            LegLobby::FirstIn(first) => first + timing.second_look,
            // A record contradicts REST, which is about to change.
            _ if leg.is_contradicted(timing.cdr_patience, now.instant) => now.instant + timing.second_look,
            LegLobby::In => now.instant + in_call,
            LegLobby::Waiting => now.instant + waiting,
            LegLobby::Unread | LegLobby::Unclear => now.instant + timing.read_again,
        };
        if let Some(at) = self.legs.legs_of(person).iter().map(due).min() {
            ctx.timers.set(Timer::PollLegs(person.clone()), at.max(now.instant));
        }
    }

    /// The intervals have changed.
    pub(in crate::cms::bridge) fn reschedule_polls(&self, ctx: &mut Context, now: Now) {
        for person in self.legs.hosted.keys() {
            self.schedule_poll(ctx, person, now);
        }
    }

    pub(in crate::cms::bridge) fn poll_legs(&mut self, ctx: &mut Context, person: &ParticipantId) {
        let Some(hosted) = self.legs.hosted.get(person) else { return };
        if !ctx.phase.is_up() {
            // All legs are read again when the bridge is back; a participant who is missed by that is still polled.
            return ctx.timers.sooner(Timer::PollLegs(person.clone()), Instant::now() + ctx.timing.poll_roster);
        }
        if hosted.legs.is_empty() {
            return self.request_list(ctx, Lane::Waiting, person);
        }
        let legs = hosted.legs.iter().map(|leg| (&leg.id, poll_lane(leg.seen)));
        let confirms = legs.clone().any(|(_, lane)| lane == Lane::Confirmation);
        for (leg, lane) in legs {
            // While one leg is due for its confirmation, the others are not read.
            if !confirms || lane == Lane::Confirmation {
                ctx.request(lane, Request::Leg(leg.clone()));
            }
        }
    }

    pub(super) fn has_poll(&self, ctx: &Context, person: &ParticipantId) -> bool {
        ctx.timers.has(&Timer::PollLegs(person.clone())) && !self.has_unwritten_state(ctx, person)
    }

    /// The legs could not be read: schedules another reading, and checks that the participant is still there.
    pub(in crate::cms::bridge) fn on_legs_unknown(&mut self, ctx: &mut Context, person: &ParticipantId, error: RequestError, now: Now) {
        ctx.timers.sooner(Timer::PollLegs(person.clone()), now.instant + ctx.timing.read_again);
        if matches!(error, RequestError::Gone(_)) {
            ctx.request(Lane::Suspected, Request::Participant(person.clone()));
        }
        ctx.emit(Effect::ProbeAnswered { person: person.clone(), probe: LegProbe::Failed(error), sent: None });
    }
}

fn poll_lane(seen: LegLobby) -> Lane {
    match seen {
        LegLobby::FirstIn(_) => Lane::Confirmation,
        LegLobby::In => Lane::InCall,
        LegLobby::Unread | LegLobby::Unclear | LegLobby::Waiting => Lane::Waiting,
    }
}
