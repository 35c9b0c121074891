//! The participants of one bridge: where they are hosted, which legs they have here, and whether they wait. Knows calls only by id.
//!
//! `listings` applies rosters and events, `placement` finds the bridge that hosts a participant, `legs` reads legs, `lobby` derives the
//! lobby state from them, and `leg_facts` the rest. A new participant takes at most three requests, however many bridges list them: for the
//! home (which `placement` saves in a call of one bridge), the list of legs, and one leg.

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
    /// Participants whose legs were requested before their home was known.
    unplaced: HashSet<ParticipantId>,
    /// Calls with a participant hosted elsewhere, or whose legs did not show the home: their newcomers' home is requested before their
    /// legs.
    hosted_apart: HashSet<CallId>,
    /// This bridge lists a participant's legs by filter only.
    legs_by_filter: bool,
    /// Participants who left, and when: a late response must not bring one back.
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

    /// The legs have a lobby state that the store lacks: no bridge listed the participant for a while, and the store forgot them. This
    /// happens when another bridge's call ends before this bridge's roster is read.
    fn has_unwritten_state(&self, ctx: &Context, person: &ParticipantId) -> bool {
        let unknown = ctx.store.with_person(person, |person| person.lobby.state == Lobby::Unknown).unwrap_or(true);
        unknown && lobby_state::merge(self.legs.legs_of(person)) != Lobby::Unknown
    }

    /// A record announced a leg, which is read before anything but moderators' requests. False where its owner is not known.
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

    /// The next lobby change of this participant is expected.
    pub(super) fn expect_move(&mut self, person: &ParticipantId) {
        if let Some(hosted) = self.legs.hosted.get_mut(person) {
            hosted.announced = true;
        }
    }

    /// CMS accepted a change. Responses to earlier requests say nothing of the lobby state any more.
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
        ctx.emit(Effect::ProbeAnswered { person: person.clone(), probe: LegProbe::Gone, sent: None });
    }

    /// The queue was cleared.
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
        assert!(ctx.emitted().last().is_some_and(|last| last.contains("probe: Waiting")));
    }

    #[test]
    fn legs_that_prove_nothing_make_usher_request_the_participant() {
        let (mut ctx, mut participants, _) = arrived();
        participants.on_leg_list(&mut ctx, Lane::Arrival, &"ana".into(), LegList::default());
        assert!(ctx.requests.queue.contains(&Request::Participant("ana".into())) && participants.count_hosted() == 0);
    }

    #[test]
    fn a_late_response_does_not_bring_back_a_participant_who_left() {
        let (mut ctx, mut participants, now) = arrived();
        let remove = Update { update_type: Some("remove".into()), participant: Some("ana".into()), ..Update::default() };
        participants.on_roster_update(&mut ctx, &"c".into(), remove, KNOWN, now);
        assert_eq!((lobby(&ctx), ctx.timers.has(&Timer::FindHome("ana".into()))), (None, false));
        assert_eq!(participants.on_participant(&mut ctx, &"ana".into(), &Default::default(), now), None);
    }
}
