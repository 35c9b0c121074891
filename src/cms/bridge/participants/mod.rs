//! The participants of one bridge: where they are hosted, which legs they have here, and whether these wait. Knows calls but by name.
//!
//! `listings` takes what rosters and events say of them, `placement` finds the bridge that hosts them, `legs` reads their legs, `lobby`
//! decides by these, and `leg_facts` notes what else they tell. At most three requests for somebody new, however many bridges list them:
//! where hosted (`placement` saves that one in a call of one bridge), which legs, one leg.

mod known_legs;
mod leg_facts;
mod legs;
mod listings;
mod lobby;
mod placement;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::context::Context;
use super::effects::Effect;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::cluster::LegProbe;
use crate::cms::lobby_state;
use crate::cms::rest::mutation::Mutation;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::model::{Action, CallId, LegId, Lobby, ParticipantId};
use known_legs::KnownLegs;
pub(super) use lobby::LegReading;

#[derive(Debug, Default)]
pub(super) struct Participants {
    legs: KnownLegs,
    /// Participants whose legs were asked for before anybody said where they are hosted.
    unplaced: HashSet<ParticipantId>,
    /// Calls in which somebody was hosted elsewhere, or whose legs did not tell: where a participant is hosted is asked before which legs
    /// they have.
    hosted_apart: HashSet<CallId>,
    /// This bridge tells a participant's legs by filter only.
    legs_by_filter: bool,
    /// Participants who left, and when: an answer that was on its way brings nobody back.
    removed: HashMap<ParticipantId, Instant>,
}

impl Participants {
    pub(super) fn count_hosted(&self) -> usize {
        self.legs.hosted.len()
    }

    pub(super) fn knows_leg(&self, leg: &LegId) -> bool {
        self.legs.owner_of(leg).is_some()
    }

    pub(super) fn is_link(&self, leg: &LegId) -> bool {
        self.legs.is_link(leg)
    }

    /// Legs are known that nothing is said of: nobody listed the participant for a while, as when another bridge's part of the meeting
    /// ended before this one's roster was read, and what had been read was forgotten with them.
    fn has_unreported_legs(&self, ctx: &Context, person: &ParticipantId) -> bool {
        let unknown = ctx.store.with_person(person, |person| person.lobby.state == Lobby::Unknown).unwrap_or(true);
        unknown && lobby_state::merge(self.legs.legs_of(person)) != Lobby::Unknown
    }

    /// A record tells of a leg, which is read before anything else but what moderators ask for. False where its owner is not known.
    pub(super) fn on_leg_record(&mut self, ctx: &mut Context, leg: &LegId, waiting: Option<bool>, now: Now) -> bool {
        let Some((announced, known)) = self.legs.find_leg(leg) else { return false };
        *announced = true;
        known.on_record(waiting, now.instant);
        ctx.request(Lane::Announced, Request::Leg(leg.clone()));
        true
    }

    /// Whether a record announced this state of a leg; None for a leg that is gone.
    pub(super) fn was_announced(&mut self, leg: &LegId, waiting: bool, since: Instant) -> Option<bool> {
        self.legs.find_leg(leg).map(|(_, known)| known.was_announced(waiting, since))
    }

    /// A moderator has them admitted or sent back.
    pub(super) fn expect_move(&mut self, person: &ParticipantId) {
        if let Some(hosted) = self.legs.hosted.get_mut(person) {
            hosted.announced = true;
        }
    }

    /// CMS accepted a change. Lobby answers that were sent before this moment are dropped from here on.
    pub(super) fn on_change_accepted(&self, ctx: &Context, change: &Mutation, now: Now) {
        if let Mutation { action: Action::Admit | Action::SendBack, id: person } = change {
            ctx.store.update_person(person, |entry| entry.lobby.changed_at = Some(now.instant));
        }
    }

    /// A call ended: everybody in it left.
    pub(super) fn on_call_ended(&mut self, ctx: &mut Context, call: &CallId, pending_legs: HashSet<LegId>, now: Now) {
        for leg in pending_legs {
            self.legs.unmark_link(&leg);
        }
        for person in ctx.roster(call) {
            if self.legs.hosted.get(&person).is_some_and(|hosted| hosted.call.as_ref().is_none_or(|of| of == call)) {
                self.forget_participant(ctx, &person);
            }
            self.unplaced.remove(&person);
            self.removed.insert(person, now.instant);
        }
        self.hosted_apart.remove(call);
    }

    /// Ends all work on a participant.
    fn forget_participant(&mut self, ctx: &mut Context, person: &ParticipantId) {
        self.legs.forget_owner(person);
        self.unplaced.remove(person);
        ctx.timers.cancel(&Timer::PollLegs(person.clone()));
        ctx.timers.cancel(&Timer::FindHome(person.clone()));
        ctx.timers.cancel(&Timer::RequestAgain(person.clone()));
        ctx.emit(Effect::ProbeAnswered { person: person.clone(), look: LegProbe::Gone, sent: None });
    }

    /// The requests that waited were forgotten.
    pub(super) fn forget_placement(&mut self) {
        self.unplaced.clear();
    }

    /// Has left lately: lists that were requested before may still name them.
    pub(super) fn has_left(&self, person: &ParticipantId) -> bool {
        self.removed.contains_key(person)
    }

    pub(super) fn tidy_removed(&mut self, keep: Duration, now: Instant) {
        self.legs.tidy_links();
        self.removed.retain(|_, at| now.duration_since(*at) < keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::bridge::effects::RosterKnowledge;
    use crate::cms::events::protocol::Update;
    use crate::cms::rest::response::{LegDetail, LegList};

    const KNOWN: Option<RosterKnowledge> = Some(RosterKnowledge { sees_arrivals: true, is_known: true });

    /// A participant has just come to a call of this bridge.
    fn arrived() -> (Context, Participants, Now) {
        let (mut ctx, mut participants, now) = (Context::for_tests(), Participants::default(), Now::read());
        ctx.store.put_call(&ctx.key(&"c".into()), |_| {});
        let add = Update {
            update_type: Some("add".into()),
            participant: Some("ana".into()),
            name: Some("Ana".into()),
            state: Some("connected".into()),
            ..Update::default()
        };
        participants.on_roster_update(&mut ctx, &"c".into(), add, KNOWN, now);
        (ctx, participants, now)
    }

    fn lobby(ctx: &Context) -> Option<Lobby> {
        ctx.store.with_person("ana", |person| person.lobby.state)
    }

    #[test]
    fn a_leg_that_is_deactivated_makes_its_participant_wait() {
        let (mut ctx, mut participants, now) = arrived();
        assert!(ctx.requests.queue.contains(&Request::Legs("ana".into())), "in a call of one bridge the legs tell where they run");
        assert!(ctx.emitted()[0].starts_with("Arrived"));
        participants.on_leg_list(&mut ctx, Lane::Arrival, &"ana".into(), LegList { legs: vec!["l".into()], call_bridge: None });
        assert!(ctx.requests.queue.contains(&Request::Leg("l".into())) && lobby(&ctx) == Some(Lobby::Unknown));
        let detail = LegDetail { connected: true, deactivated: true, call: Some("c".into()), ..LegDetail::default() };
        participants.on_leg(&mut ctx, LegReading { lane: Lane::Arrival, leg: &"l".into(), detail: &detail, sent: now }, now);
        assert!(lobby(&ctx) == Some(Lobby::Waiting) && ctx.timers.has(&Timer::PollLegs("ana".into())));
        assert!(ctx.emitted().last().is_some_and(|last| last.contains("look: Waiting")));
    }

    #[test]
    fn legs_that_prove_nothing_lead_to_the_question_where_somebody_is_hosted() {
        let (mut ctx, mut participants, _) = arrived();
        participants.on_leg_list(&mut ctx, Lane::Arrival, &"ana".into(), LegList::default());
        assert!(ctx.requests.queue.contains(&Request::Participant("ana".into())) && participants.count_hosted() == 0);
    }

    #[test]
    fn somebody_who_left_is_not_brought_back_by_an_answer_that_was_on_its_way() {
        let (mut ctx, mut participants, now) = arrived();
        let remove = Update { update_type: Some("remove".into()), participant: Some("ana".into()), ..Update::default() };
        participants.on_roster_update(&mut ctx, &"c".into(), remove, KNOWN, now);
        assert_eq!((lobby(&ctx), ctx.timers.has(&Timer::FindHome("ana".into()))), (None, false));
        assert_eq!(participants.on_participant(&mut ctx, &"ana".into(), &Default::default(), now), None);
    }
}
