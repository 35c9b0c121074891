//! Finds the bridge that hosts a participant. In a call of one bridge the response for a leg proves it, which saves a request; in any other
//! case the participant is requested.

use tracing::debug;

use super::Participants;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::cluster::LegProbe;
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{LegDetail, LegList};
use crate::model::{CallId, Home, LegState, ParticipantId};

/// A longer list is not the list of one participant.
const MOST_LEGS_OF_ONE: usize = 4;

/// Requests.
impl Participants {
    /// Makes sure that some bridge finds the home of a participant, and reads their legs if it is here. Ringing participants have nothing
    /// to read yet. But it is only inferred that waiting participants are listed as connected (events.md section 5.4), so those who ring
    /// for long are read all the same.
    pub(in crate::cms::bridge) fn find_home(&mut self, ctx: &mut Context, person: &ParticipantId, now: Now) {
        if is_ringing(ctx, person) {
            ctx.timers.sooner(Timer::FindHome(person.clone()), now.instant + ctx.timing.read_again);
        } else {
            self.request_home(ctx, person, now);
        }
    }

    fn request_home(&mut self, ctx: &mut Context, person: &ParticipantId, now: Now) {
        match ctx.store.with_person(person, |person| person.home.clone()) {
            None | Some(Some(Home::Elsewhere { .. })) => {}
            Some(Some(Home::Bridge(name))) if name == ctx.name => self.read_legs(ctx, person, Lane::Arrival),
            Some(Some(Home::Bridge(_))) => {}
            Some(None) => {
                let patience = ctx.timing.home_patience();
                if ctx.store.begin_home_search(person, &ctx.name, now.instant, patience) {
                    self.begin_placement(ctx, person);
                }
                ctx.timers.sooner(Timer::FindHome(person.clone()), now.instant + patience);
            }
        }
    }

    /// The home of the participant is still unknown, or they have been ringing for a while. Does nothing while their first requests are
    /// queued, or if they are polled anyway.
    pub(in crate::cms::bridge) fn check_homeless(&mut self, ctx: &mut Context, person: &ParticipantId, now: Now) {
        if self.is_being_placed(ctx, person) {
            ctx.timers.sooner(Timer::FindHome(person.clone()), now.instant + ctx.timing.home_patience());
        } else if !self.has_poll(ctx, person) {
            self.request_home(ctx, person, now);
        }
    }

    fn is_being_placed(&self, ctx: &Context, person: &ParticipantId) -> bool {
        let queue = &ctx.requests.queue;
        let waits = || {
            queue.contains(&Request::Legs(person.clone()))
                || self.legs.legs_of(person).iter().any(|leg| queue.contains(&Request::Leg(leg.id.clone())))
        };
        self.unplaced.contains(person) && waits()
    }

    /// Requests the legs of a new participant where they can be expected here, else the participant.
    fn begin_placement(&mut self, ctx: &mut Context, person: &ParticipantId) {
        if self.expects_legs_of(ctx, person) {
            self.unplaced.insert(person.clone());
            ctx.request(Lane::Arrival, Request::Legs(person.clone()));
        } else {
            ctx.request(Lane::Arrival, Request::Participant(person.clone()));
        }
    }

    /// No other bridge lists the participant, nobody in their call is hosted elsewhere, and the other facts in a response about them (name,
    /// state) are known.
    fn expects_legs_of(&self, ctx: &Context, person: &ParticipantId) -> bool {
        if self.legs_by_filter || ctx.requests.queue.contains(&Request::Participant(person.clone())) {
            return false;
        }
        only_call_of(ctx, person).is_some_and(|call| !self.hosted_apart.contains(&call))
    }

    /// The legs prove nothing: requests the participant, and from now on also each newcomer to their call first.
    pub(super) fn request_participant(&mut self, ctx: &mut Context, person: &ParticipantId) {
        self.unplaced.remove(person);
        let calls = ctx.store.with_person(person, |person| {
            let here = person.listings.iter().filter(|listing| listing.key.bridge == ctx.name);
            here.map(|listing| listing.key.call.clone()).collect::<Vec<_>>()
        });
        let Some(calls) = calls else { return };
        for call in calls {
            self.note_hosted_apart(ctx, &call);
        }
        self.legs.forget_owner(person);
        ctx.request(Lane::Arrival, Request::Participant(person.clone()));
    }

    /// A listed leg is not theirs after all; if they have no other, nothing shows where they are hosted.
    pub(super) fn on_leg_lost(&mut self, ctx: &mut Context, person: &ParticipantId) {
        if self.unplaced.contains(person) && !self.legs.has_legs(person) {
            self.request_participant(ctx, person);
        }
    }

    /// Some participant of this call is hosted elsewhere.
    pub(super) fn note_hosted_apart(&mut self, ctx: &Context, call: &CallId) {
        if ctx.knows_call(call) {
            self.hosted_apart.insert(call.clone());
        }
    }

    /// Another bridge says that this one hosts the participant.
    pub(in crate::cms::bridge) fn on_hosted_here(&mut self, ctx: &mut Context, person: &ParticipantId) {
        if ctx.phase.is_up() && (!self.legs.has_legs(person) || self.has_unwritten_state(ctx, person)) {
            self.read_legs(ctx, person, Lane::Arrival);
        }
    }
}

/// Responses.
impl Participants {
    /// Sets the home of a participant, as this bridge says: `call_bridge` is present only for those hosted elsewhere.
    pub(super) fn set_home(&mut self, ctx: &mut Context, person: &ParticipantId, call_bridge: Option<&str>, call: &CallId) {
        let home = call_bridge.map_or_else(|| Home::Bridge(ctx.name.clone()), |id| home_by_id(ctx, person, id));
        if home == Home::Bridge(ctx.name.clone()) {
            if ctx.store.with_person(person, |_| ()).is_none() {
                // Their call is not followed, so nothing would ever remove their legs.
                return;
            }
            self.unplaced.remove(person);
            self.legs.host(person).call = Some(call.clone());
        } else {
            self.legs.forget_owner(person);
            self.note_hosted_apart(ctx, call);
        }
        ctx.store.update_person(person, |person| {
            if person.home.as_ref() != Some(&home) {
                person.departed = false;
                person.home = Some(home);
            }
        });
    }

    /// Takes the home of a participant from one of their legs. False where the leg does not prove it; then requests the participant.
    pub(super) fn place_by_leg(&mut self, ctx: &mut Context, person: &ParticipantId, detail: &LegDetail) -> bool {
        if !self.unplaced.contains(person) {
            return true;
        }
        let call = only_call_of(ctx, person);
        let is_theirs = detail.group.as_ref().is_none_or(|group| group == person);
        let is_of_call = call.is_some() && detail.call.as_ref().is_none_or(|named| Some(named) == call.as_ref());
        let is_free = ctx.home_of(person).is_none_or(|home| home == Home::Bridge(ctx.name.clone()));
        match call {
            Some(call) if is_theirs && is_of_call && is_free && !detail.unreadable => {
                self.set_home(ctx, person, None, &call);
                true
            }
            _ => {
                self.request_participant(ctx, person);
                false
            }
        }
    }

    pub(in crate::cms::bridge) fn on_leg_list(&mut self, ctx: &mut Context, lane: Lane, person: &ParticipantId, list: LegList) {
        let unplaced = self.unplaced.contains(person);
        if unplaced && (list.legs.is_empty() || list.call_bridge.is_some()) {
            return self.request_participant(ctx, person);
        }
        if list.legs.is_empty() {
            return self.on_no_legs_here(ctx, person, list.call_bridge.as_deref());
        }
        let hosted = ctx.store.update_person(person, |entry| {
            if !unplaced {
                entry.home = Some(Home::Bridge(ctx.name.clone()));
            }
        });
        if hosted.is_none() {
            return;
        }
        let legs: Vec<_> = list.legs.into_iter().filter(|leg| !self.legs.is_link(leg)).collect();
        if unplaced && legs.is_empty() {
            return self.request_participant(ctx, person);
        }
        for leg in legs {
            self.legs.assign(person, &leg);
        }
        self.request_details(ctx, person, lane);
    }

    /// A bridge may not know the path of a participant's legs, but the filter. One that ignores the filter lists everybody's legs: a list
    /// that long is not believed, and the response for each leg says whose it is.
    pub(in crate::cms::bridge) fn on_filtered_leg_list(&mut self, ctx: &mut Context, lane: Lane, person: &ParticipantId, list: LegList) {
        if list.legs.len() > MOST_LEGS_OF_ONE {
            return self.on_no_legs_here(ctx, person, None);
        }
        self.legs_by_filter |= !list.legs.is_empty();
        self.on_leg_list(ctx, lane, person, list);
    }

    /// A participant without legs here is hosted elsewhere after all, or about to leave.
    fn on_no_legs_here(&mut self, ctx: &mut Context, person: &ParticipantId, call_bridge: Option<&str>) {
        debug!(bridge = %ctx.name, person = %person, "no legs found");
        if ctx.home_of(person) == Some(Home::Bridge(ctx.name.clone())) {
            let call = self.legs.hosted.get(person).and_then(|hosted| hosted.call.clone());
            match (call_bridge, call) {
                (Some(id), Some(call)) => self.set_home(ctx, person, Some(id), &call),
                _ => {
                    ctx.timers.sooner(Timer::PollLegs(person.clone()), Now::read().instant + ctx.timing.read_again);
                    // They may have left without an event.
                    ctx.request(Lane::Suspected, Request::Participant(person.clone()));
                }
            }
        }
        ctx.emit(Effect::ProbeAnswered { person: person.clone(), probe: LegProbe::Unclear, sent: None });
    }

    pub(in crate::cms::bridge) fn on_leg_list_failed(
        &mut self,
        ctx: &mut Context,
        lane: Lane,
        person: &ParticipantId,
        error: RequestError,
        now: Now,
    ) {
        match error {
            _ if self.unplaced.contains(person) => self.request_participant(ctx, person),
            // The participant is gone, or this bridge does not know the path.
            RequestError::Gone(_) => ctx.request(lane, Request::LegsByFilter(person.clone())),
            error => self.on_legs_unknown(ctx, person, error, now),
        }
    }
}

/// The bridge with this id. The id of a bridge that does not know its own name is learnt from participants whom it hosts.
fn home_by_id(ctx: &Context, person: &ParticipantId, id: &str) -> Home {
    if let Some(name) = ctx.cluster.bridge_name(id) {
        return Home::Bridge(name);
    }
    match ctx.home_of(person) {
        Some(Home::Bridge(name)) if name != ctx.name => {
            ctx.cluster.set_bridge_id(&id.into(), &name);
            Home::Bridge(name)
        }
        _ => {
            let name = ctx.peers.iter().find(|(known, _)| **known == *id).map(|(_, name)| name.clone());
            Home::Elsewhere { id: id.into(), name }
        }
    }
}

fn is_ringing(ctx: &Context, person: &ParticipantId) -> bool {
    let state = ctx.store.with_person(person, |person| person.listings.iter().map(|listing| listing.state).max_by_key(|s| *s as u8));
    matches!(state.flatten(), Some(LegState::Initial | LegState::Ringing))
}

/// The call that lists a participant, if it is the only one, on this bridge, and lists them by name and as connected.
fn only_call_of(ctx: &Context, person: &ParticipantId) -> Option<CallId> {
    let call = ctx.store.with_person(person, |person| match &person.listings[..] {
        [only] if only.key.bridge == ctx.name && !only.name.is_empty() => {
            matches!(only.state, LegState::Connected | LegState::OnHold).then(|| only.key.call.clone())
        }
        _ => None,
    });
    call.flatten()
}
