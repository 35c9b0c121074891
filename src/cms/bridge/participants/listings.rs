//! Takes in what rosters, events and single readings say of participants: who is listed in which call, and who left.

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
                // An update for an unknown participant can happen: it is read by REST (events.md section 6.1). One without a kind changes
                // something.
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
        // Where those who wait are not listed as connected, this is how an admission shows.
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
        if !page.whole {
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
            // Perhaps they are hosted here after all, as by a bridge that has just come back into the configuration.
            ctx.request(lane, Request::Participant(person));
        }
    }

    /// The call that a participant is in, by a response about them; None where it is of no use.
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
        // Where the response does not tell the call, or can't be read, it is the one that lists them here.
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
        // The response is the latest word on which call the participant is in.
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
            // Perhaps they are hosted elsewhere: their legs tell.
            if ctx.store.person_is(person, |person| person.home.is_none()) {
                self.request_list(ctx, Lane::Arrival, person);
            }
        } else {
            self.set_home(ctx, person, detail.call_bridge.as_deref(), call);
        }
        match ctx.home_of(person) {
            // Legs that could not be told are asked for again soon enough.
            Some(Home::Bridge(name)) if name == ctx.name && self.has_poll(ctx, person) => {}
            Some(Home::Bridge(name)) if name == ctx.name => self.read_legs(ctx, person, Lane::Arrival),
            Some(Home::Bridge(name)) => ctx.cluster.hint_home(&name, person),
            Some(Home::Elsewhere { .. }) => ctx.cluster.hint_home_unidentified(person),
            None => {}
        }
    }

    /// `missing`: they were asked for because a reading did not show them.
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
            // The reading had a cause, which still stands: perhaps they left, and no event told.
            ctx.timers.sooner(Timer::RequestAgain(person.clone()), now.instant + ctx.timing.poll_roster);
        }
    }

    /// REST says that this bridge does not know the participant.
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

    /// Asks for those whom the first list of their call's subscription left out; one that is late costs a request each, no more.
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
    /// They were on a call's roster `at` that time; a new participant may have admitted others. Tells what that changed, and whether it is
    /// news of a call whose roster is known: they came, or a ringing call was answered.
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
            // An answered leg rings no more, whatever a roster calls those who wait.
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

/// Remembers that Usher saw somebody arrive.
fn note_arrival(ctx: &Context, person: &ParticipantId) {
    ctx.store.update_person(person, |person| person.arrived = true);
}

fn was_answered(ctx: &Context, person: &ParticipantId) -> bool {
    ctx.store.person_is(person, |person| person.lobby.state != Lobby::Unknown)
}

/// Whether those in the call may be sent back when this participant leaves; None for somebody who only waited, which changes nothing.
fn effect_of_leaving(ctx: &Context, person: &ParticipantId) -> Option<bool> {
    let known = ctx.store.with_person(person, |person| (person.lobby.state == Lobby::Waiting, person.activator != Some(false)));
    let (waited, may) = known.unwrap_or_default();
    (!waited).then_some(may)
}

fn is_listed_here(ctx: &Context, person: &ParticipantId) -> bool {
    ctx.store.person_is(person, |person| person.listings.iter().any(|listing| listing.key.bridge == ctx.name))
}

/// The calls of this bridge that list a participant, by their key and when they last did.
fn listings_of(ctx: &Context, person: &ParticipantId, is_meant: impl Fn(&CallKey, Instant) -> bool) -> Vec<CallKey> {
    let keys = ctx.store.with_person(person, |person| {
        let here = person.listings.iter().filter(|listing| listing.key.bridge == ctx.name && is_meant(&listing.key, listing.at));
        here.map(|listing| listing.key.clone()).collect()
    });
    keys.unwrap_or_default()
}
