//! Applies rosters, events and single readings: who is listed in which call, and who left.

use std::time::Instant;

use super::Participants;
use super::leg_facts::emit_listing_shown;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::{Effect, RosterKnowledge, RosterPage};
use crate::cms::bridge::timers::Timer;
use crate::cms::events::protocol::Update;
use crate::cms::events::subscriptions::Topic;
use crate::cms::events::unreported::Fact;
use crate::cms::missed_events::{Discrepancy, Expected};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{ParticipantDetail, RosterItem};
use crate::model::{CallId, CallKey, Home, LegState, Lobby, ParticipantId, RosterPatch};
use crate::store::ListingChange;

/// Events.
impl Participants {
    pub(in crate::cms::bridge) fn on_roster_update(
        &mut self,
        ctx: &mut Context,
        call: &CallId,
        update: Update,
        roster: Option<RosterKnowledge>,
        now: Now,
    ) {
        let Some(person) = update.participant.clone() else { return };
        match update.update_type.as_deref() {
            Some("remove") => return self.on_left(ctx, call, &person, now),
            Some("add") => drop(self.removed.remove(&person)),
            kind if !ctx.store.with_call(&ctx.key(call), |call| call.roster.contains(&person)).unwrap_or(false) => {
                // An update for an unknown participant can happen: REST is asked (events.md section 6.1). An update without a type counts
                // as `update`.
                if matches!(kind, None | Some("update")) && !self.removed.contains_key(&person) {
                    ctx.request(Lane::Arrival, Request::Participant(person));
                }
                return;
            }
            _ => {}
        }
        let patch = update.roster_patch();
        let connects = update.update_type.as_deref() == Some("update") && patch.state == Some(LegState::Connected);
        let (_, is_news) = self.list(ctx, call, &person, patch, roster, (now.instant, now));
        // If waiting participants are not listed as connected, this update shows an admission.
        let admitted = || ctx.store.person_is(&person, |person| person.lobby.state == Lobby::Waiting);
        if is_news || (connects && admitted()) {
            self.find_home(ctx, &person, now);
        }
    }

    /// An event says that a participant left a call.
    fn on_left(&mut self, ctx: &mut Context, call: &CallId, person: &ParticipantId, now: Now) {
        let effect = effect_of_leaving(ctx, person);
        if ctx.store.unlist_person(&ctx.key(call), person) && !is_listed_here(ctx, person) {
            self.removed.insert(person.clone(), now.instant);
            self.forget_participant(ctx, person);
        }
        if let Some(all) = effect {
            ctx.emit(Effect::CallSuspected { call: call.clone(), all });
        }
    }
}

/// Responses.
impl Participants {
    /// One entry of a page of a call's roster.
    pub(in crate::cms::bridge) fn on_roster_item(
        &mut self,
        ctx: &mut Context,
        lane: Lane,
        call: &CallId,
        item: RosterItem,
        page: RosterPage,
        (sent, now): (Now, Now),
    ) {
        let RosterItem { id: person, name, address, state, .. } = item;
        let patch = RosterPatch { name, address, state, ..RosterPatch::default() };
        let listed = ctx.store.list_person(&ctx.key(call), &person, patch, sent.instant, now);
        if !page.full {
            emit_listing_shown(ctx, call, &person, listed);
            if listed.new_listing {
                ctx.emit(Effect::Arrived { call: call.clone(), person: person.clone() });
            }
        }
        if listed.new_listing && page.reveals {
            ctx.emit_discrepancy(Discrepancy::Roster(call.clone(), person.clone()));
        }
        if listed.new_person && page.sees_arrivals {
            note_arrival(ctx, &person);
        }
        if !item.unreadable {
            self.set_home(ctx, &person, item.call_bridge.as_deref(), call);
        } else if matches!(ctx.home_of(&person), Some(Home::Elsewhere { .. })) {
            // They may be hosted here after all, as on a bridge that has just returned to the configuration.
            ctx.request(lane, Request::Participant(person));
        }
    }

    /// Reads from a response which call a participant is in; None where the response is outdated or names none.
    pub(in crate::cms::bridge) fn on_participant(
        &mut self,
        ctx: &mut Context,
        person: &ParticipantId,
        detail: &ParticipantDetail,
        sent: Now,
    ) -> Option<CallId> {
        ctx.timers.cancel(&Timer::RequestAgain(person.clone()));
        if self.removed.get(person).is_some_and(|at| sent.instant <= *at) {
            // Ignore responses to requests sent before the removal.
            return None;
        }
        ctx.store.update_person(person, |person| {
            person.activator = detail.activator.or(person.activator);
            person.unreadable.participant = detail.unreadable;
        });
        // An unreadable response may not name the call: then it is the one that lists them here.
        let listed = || listings_of(ctx, person, |_, _| true).into_iter().next().map(|key| key.call);
        detail.call.clone().or_else(|| if detail.unreadable { listed() } else { None })
    }

    /// A response says that a participant is in this call, and where they are hosted.
    pub(in crate::cms::bridge) fn place_in_call(
        &mut self,
        ctx: &mut Context,
        person: &ParticipantId,
        call: &CallId,
        detail: ParticipantDetail,
        roster: Option<RosterKnowledge>,
        (sent, now): (Now, Now),
    ) {
        let key = ctx.key(call);
        // The response is newer than these listings, so the participant has left their calls.
        let elsewhere = listings_of(ctx, person, |listed, at| *listed != key && at < sent.instant);
        if roster.is_some() {
            let patch = RosterPatch { name: detail.name, address: detail.address, state: detail.state, ..RosterPatch::default() };
            let (listed, _) = self.list(ctx, call, person, patch, roster, (sent.instant, now));
            emit_listing_shown(ctx, call, person, listed);
            for old in elsewhere {
                ctx.store.unlist_person(&old, person);
            }
        }
        if detail.unreadable && detail.call_bridge.is_none() {
            // They may be hosted elsewhere: their legs show it.
            if ctx.store.person_is(person, |person| person.home.is_none()) {
                self.request_list(ctx, Lane::Arrival, person);
            }
        } else {
            self.set_home(ctx, person, detail.call_bridge.as_deref(), call);
        }
        match ctx.home_of(person) {
            // Their legs are polled anyway.
            Some(Home::Bridge(name)) if name == ctx.name && self.has_poll(ctx, person) => {}
            Some(Home::Bridge(name)) if name == ctx.name => self.read_legs(ctx, person, Lane::Arrival),
            Some(Home::Bridge(name)) => ctx.cluster.hint_home(&name, person),
            Some(Home::Elsewhere { .. }) => ctx.cluster.hint_home_unidentified(person),
            None => {}
        }
    }

    /// `missing`: the participant was requested because a reading did not show them.
    pub(in crate::cms::bridge) fn on_participant_failed(
        &mut self,
        ctx: &mut Context,
        person: &ParticipantId,
        error: &RequestError,
        missing: bool,
        now: Now,
    ) {
        if matches!(error, RequestError::Gone(_)) {
            self.on_gone(ctx, person, missing, now);
        } else if is_listed_here(ctx, person) {
            // The cause of the reading remains: they may have left without an event.
            ctx.timers.sooner(Timer::RequestAgain(person.clone()), now.instant + ctx.timing.poll_roster);
        }
    }

    /// The bridge no longer knows the participant.
    fn on_gone(&mut self, ctx: &mut Context, person: &ParticipantId, missing: bool, now: Now) {
        let effect = effect_of_leaving(ctx, person);
        for key in listings_of(ctx, person, |_, _| true) {
            if missing {
                ctx.emit_discrepancy(Discrepancy::Roster(key.call.clone(), person.clone()));
            }
            ctx.emit(Effect::Shown { topic: Topic::Roster(key.call.clone()), subject: person.clone(), fact: Fact::Listed });
            ctx.store.unlist_person(&key, person);
            if let Some(all) = effect {
                ctx.emit(Effect::CallSuspected { call: key.call, all });
            }
        }
        self.removed.insert(person.clone(), now.instant);
        self.forget_participant(ctx, person);
    }

    /// Requests the participants whom the first list of their call's subscription left out. A list that is only late costs one request for
    /// each.
    pub(in crate::cms::bridge) fn request_left_out_of(&self, ctx: &mut Context, call: &CallId, since: Instant) {
        let key = ctx.key(call);
        for person in ctx.roster(call) {
            if !listings_of(ctx, &person, |listed, at| *listed == key && at < since).is_empty() {
                ctx.emit(Effect::LeftOut(Expected::Participant(person.clone())));
                ctx.request(Lane::Suspected, Request::Participant(person));
            }
        }
    }
}

impl Participants {
    /// Lists a participant in a call as of `at`. Returns the change, and whether it is news for a known roster: the participant arrived, or
    /// answered a ringing call.
    fn list(
        &mut self,
        ctx: &mut Context,
        call: &CallId,
        person: &ParticipantId,
        mut patch: RosterPatch,
        roster: Option<RosterKnowledge>,
        (at, now): (Instant, Now),
    ) -> (ListingChange, bool) {
        if matches!(patch.state, Some(LegState::Initial | LegState::Ringing)) && was_answered(ctx, person) {
            // An answered leg no longer rings, whichever state a roster gives to waiting participants.
            patch.state = Some(LegState::Connected);
        }
        let listed = ctx.store.list_person(&ctx.key(call), person, patch, at, now);
        let Some(RosterKnowledge { sees_arrivals, is_known }) = roster else { return (listed, false) };
        if listed.elsewhere {
            self.note_hosted_apart(ctx, call);
        }
        if listed.new_person && sees_arrivals {
            note_arrival(ctx, person);
        }
        if is_known && listed.new_listing {
            ctx.emit(Effect::Arrived { call: call.clone(), person: person.clone() });
        }
        (listed, is_known && (listed.new_listing || listed.connected))
    }
}

/// Notes that Usher saw the participant arrive.
fn note_arrival(ctx: &Context, person: &ParticipantId) {
    ctx.store.update_person(person, |person| person.arrived = true);
}

fn was_answered(ctx: &Context, person: &ParticipantId) -> bool {
    ctx.store.person_is(person, |person| person.lobby.state != Lobby::Unknown)
}

/// Whether others in the call may be sent back when this participant leaves; None for a waiting participant, whose leaving changes nothing.
fn effect_of_leaving(ctx: &Context, person: &ParticipantId) -> Option<bool> {
    let known = ctx.store.with_person(person, |person| (person.lobby.state == Lobby::Waiting, person.activator != Some(false)));
    let (waited, may) = known.unwrap_or_default();
    (!waited).then_some(may)
}

fn is_listed_here(ctx: &Context, person: &ParticipantId) -> bool {
    ctx.store.person_is(person, |person| person.listings.iter().any(|listing| listing.key.bridge == ctx.name))
}

/// The calls of this bridge that list a participant and fulfil a condition on their key and the time of the listing.
fn listings_of(ctx: &Context, person: &ParticipantId, is_meant: impl Fn(&CallKey, Instant) -> bool) -> Vec<CallKey> {
    let keys = ctx.store.with_person(person, |person| {
        let here = person.listings.iter().filter(|listing| listing.key.bridge == ctx.name && is_meant(&listing.key, listing.at));
        here.map(|listing| listing.key.clone()).collect()
    });
    keys.unwrap_or_default()
}
