//! Decides which records a change of the world makes, and in which order (cdr.md 3.1 to 3.5 and 7); `fields` makes their content.

use std::collections::HashSet;
use std::sync::Arc;

use crate::simulator::id::Id;
use crate::simulator::switchboard::Switchboard;
use crate::simulator::switches::{CdrFirstUpdate, Switches};
use crate::simulator::world::World;
use crate::simulator::world::change::{Change, roster_element as el};
use crate::simulator::world::model::{Meeting, Participant};

use super::Cdr;
use super::feed::Feed;
use super::fields::{self, LegView};
use super::reported::{LegSnapshot, ReportedCall, ReportedLeg, ReportedLink, legs_of};

/// Changes of a participant that a callLegUpdate can carry.
const CARRIED: u32 = el::NAME | el::STATE | el::CAN_MOVE | el::LOBBY;

/// The values that all records of one operation share.
struct RecordContext<'a> {
    world: &'a World,
    switches: Arc<Switches>,
    now_ms: i64,
}

impl Cdr {
    /// Each bridge reports its own calls and the legs that it runs.
    pub(crate) fn record(&mut self, world: &World, changes: &[Change], board: &Switchboard, now_ms: i64) {
        let at = |bridge: usize| RecordContext { world, switches: board.of(bridge), now_ms };
        // Participants who joined and left within this operation: the world no longer has them.
        let mut fleeting: HashSet<Id> = HashSet::new();
        for change in changes {
            match change {
                Change::CallStarted { meeting, bridge } => {
                    if let Some(found) = world.meetings.get(meeting) {
                        self.feeds[*bridge].call_started(&at(*bridge), found);
                        self.links_started(found, &at);
                    }
                }
                Change::CallEnded { meeting, bridge, .. } => {
                    for feed in &mut self.feeds {
                        feed.links_ended(&at(feed.bridge), *meeting, *bridge);
                    }
                    self.feeds[*bridge].call_ended(&at(*bridge), *meeting);
                }
                Change::Joined { participant, .. } => match world.participants.get(participant) {
                    Some(person) => self.report_participant(&at(person.home), person),
                    None => {
                        fleeting.insert(*participant);
                    }
                },
                Change::Changed { participant, elements, .. } => {
                    if elements & CARRIED != 0
                        && let Some(person) = world.participants.get(participant)
                    {
                        self.report_participant(&at(person.home), person);
                    }
                }
                Change::Left { participant, reason, last, .. } => {
                    let known = legs_of(last).any(|(leg, _)| self.feeds[last.home].reported.legs.contains_key(&leg));
                    if known || fleeting.contains(participant) {
                        self.report_participant(&at(last.home), last);
                        self.feeds[last.home].legs_ended(&at(last.home), last, reason);
                    }
                }
                Change::Restarted { bridge } => self.feeds[*bridge].restart(&board.of(*bridge)),
                Change::CallChanged { .. } => {}
            }
        }
    }

    /// Reports changes to the legs of a participant.
    fn report_participant(&mut self, context: &RecordContext<'_>, person: &Participant) {
        let moved_from = person.moved_from.and_then(|(old, home)| {
            let leg = self.feeds.get(home)?.reported.legs.iter().find(|(_, leg)| leg.participant == old)?.0;
            Some((*leg, context.world.bridges[home].id))
        });
        self.feeds[person.home].report_legs(context, person, moved_from);
    }

    /// Only with the switch: since 2021 distribution links are not in the documented list (CH).
    fn links_started<'a>(&mut self, meeting: &Meeting, at: &impl Fn(usize) -> RecordContext<'a>) {
        for instance in &meeting.instances {
            let context = at(instance.bridge);
            if context.switches.cdr_links {
                for link in &instance.links {
                    self.feeds[instance.bridge].link_started(&context, meeting.id, link.leg, link.peer);
                }
            }
        }
    }
}

impl Feed {
    fn call_started(&mut self, context: &RecordContext<'_>, meeting: &Meeting) {
        let Some(instance) = meeting.instance(self.bridge) else {
            return;
        };
        let call = ReportedCall { id: instance.call, started_ms: instance.started_ms, active: 0, max_active: 0, completed: 0 };
        self.reported.calls.insert(meeting.id, call);
        self.write("callStart", &context.switches, context.now_ms, || {
            fields::call_start(meeting, instance.call, meeting.correlator(instance.bridge, context.switches.correlator_first))
        });
    }

    /// A call that began before a restart gets no callEnd.
    fn call_ended(&mut self, context: &RecordContext<'_>, meeting: Id) {
        let RecordContext { switches, now_ms, .. } = context;
        if let Some(call) = self.reported.calls.remove(&meeting) {
            self.write("callEnd", switches, *now_ms, || fields::call_end(&call, switches, *now_ms));
        }
    }

    fn report_legs(&mut self, context: &RecordContext<'_>, person: &Participant, moved_from: Option<(Id, Id)>) {
        let call = self.reported.calls.get(&person.meeting).map(|c| c.id);
        let bridge = self.name.clone();
        for (leg, sharing) in legs_of(person) {
            let view = LegView { leg, sharing, person, bridge: &bridge };
            if !self.reported.legs.contains_key(&leg) {
                self.leg_started(context, view, call, moved_from);
            }
            self.leg_updated(context, view, LegSnapshot::of(person, call));
        }
    }

    fn leg_started(&mut self, context: &RecordContext<'_>, view: LegView<'_>, call: Option<Id>, moved_from: Option<(Id, Id)>) {
        let RecordContext { world, switches, now_ms } = context;
        let first = fields::call_at_start(view.person, call);
        if let Some(call) = self.reported.calls.get_mut(&view.person.meeting) {
            call.leg_started();
        }
        self.reported.legs.insert(view.leg, ReportedLeg::new(view.person, first));
        self.write("callLegStart", switches, *now_ms, || fields::leg_start(view, world, first, moved_from, switches));
    }

    /// Writes a snapshot when anything in it has changed (CG).
    fn leg_updated(&mut self, context: &RecordContext<'_>, view: LegView<'_>, snapshot: LegSnapshot) {
        let RecordContext { switches, now_ms, .. } = context;
        let Some(reported) = self.reported.legs.get_mut(&view.leg).filter(|reported| reported.snapshot != snapshot) else {
            return;
        };
        let enters_waiting = reported.snapshot.deactivated.is_none() && snapshot.deactivated == Some(true);
        let lobby_alone = reported.snapshot.connected
            && reported.snapshot == LegSnapshot { deactivated: reported.snapshot.deactivated, ..snapshot.clone() };
        reported.update(snapshot.clone(), *now_ms);
        let renamed = reported.renamed;
        if lobby_alone && !switches.cdr_lobby_changes {
            return;
        }
        if enters_waiting && switches.cdr_first_update == CdrFirstUpdate::TwoRecords {
            self.write("callLegUpdate", switches, *now_ms, || fields::leg_update(view, &snapshot, renamed, None, switches));
        }
        let deactivated = fields::deactivated(&snapshot, switches);
        self.write("callLegUpdate", switches, *now_ms, || fields::leg_update(view, &snapshot, renamed, deactivated, switches));
    }

    /// A connected leg first loses its state (CD2), then ends.
    fn legs_ended(&mut self, context: &RecordContext<'_>, person: &Participant, reason: &str) {
        let RecordContext { switches, now_ms, .. } = context;
        let bridge = self.name.clone();
        for (leg, sharing) in legs_of(person) {
            let Some(reported) = self.reported.legs.remove(&leg) else {
                continue;
            };
            if let Some(call) = self.reported.calls.get_mut(&person.meeting) {
                call.leg_ended();
            }
            if reported.snapshot.connected {
                let view = LegView { leg, sharing, person, bridge: &bridge };
                let snapshot = LegSnapshot { connected: false, ..reported.snapshot.clone() };
                let deactivated = fields::deactivated(&snapshot, switches);
                self.write("callLegUpdate", switches, *now_ms, || {
                    fields::leg_update(view, &snapshot, reported.renamed, deactivated, switches)
                });
            }
            self.write("callLegEnd", switches, *now_ms, || fields::leg_end(leg, &reported, reason, *now_ms));
        }
    }

    fn link_started(&mut self, context: &RecordContext<'_>, meeting: Id, leg: Id, peer: usize) {
        let RecordContext { world, switches, now_ms } = context;
        if self.reported.links.contains_key(&leg) {
            return;
        }
        self.reported.links.insert(leg, ReportedLink { meeting, peer, started_ms: *now_ms });
        let call = self.reported.calls.get(&meeting).map(|c| c.id);
        let peer = &world.bridges[peer].name;
        self.write("callLegStart", switches, *now_ms, || fields::link_start(leg, call, peer));
        self.write("callLegUpdate", switches, *now_ms, || fields::link_update(leg, call, peer));
    }

    /// Ends the links from and to a bridge on which the meeting's call has ended.
    fn links_ended(&mut self, context: &RecordContext<'_>, meeting: Id, bridge: usize) {
        let (own, switches, now_ms) = (self.bridge, &context.switches, context.now_ms);
        let over = |link: &ReportedLink| link.meeting == meeting && (own == bridge || link.peer == bridge);
        let mut gone: Vec<(Id, ReportedLink)> = self.reported.links.extract_if(|_, link| over(link)).collect();
        gone.sort_unstable_by_key(|(leg, _)| *leg);
        for (leg, link) in gone {
            self.write("callLegEnd", switches, now_ms, || fields::link_end(leg, link, now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::population::{self, NewcomerRole};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// The reported state equals the state of each bridge.
    fn check(cdr: &Cdr, world: &World) {
        for feed in &cdr.feeds {
            let local = world.participants.values().filter(|p| p.home == feed.bridge);
            let legs: HashSet<Id> = local.flat_map(|p| legs_of(p).map(|(leg, _)| leg)).collect();
            assert_eq!(feed.reported.legs.keys().copied().collect::<HashSet<_>>(), legs);
            let calls: HashSet<Id> = world.bridges[feed.bridge].calls.iter().collect();
            assert_eq!(feed.reported.calls.values().map(|c| c.id).collect::<HashSet<_>>(), calls);
            for person in world.participants.values().filter(|p| p.home == feed.bridge) {
                let reported = &feed.reported.legs[&person.leg].snapshot;
                assert_eq!(*reported, LegSnapshot::of(person, feed.reported.calls.get(&person.meeting).map(|c| c.id)));
            }
        }
    }

    #[test]
    fn the_reported_state_always_equals_the_world() {
        let names: Vec<String> = ["eu-1", "eu-2", "us-1"].map(str::to_owned).to_vec();
        let mut rng = StdRng::seed_from_u64(5);
        let mut world = World::new(&names, 5, 0);
        population::fill(&mut world, 10, 100, 5, 0);
        world.take_changes();
        let (mut cdr, _jobs) = super::super::start(&world, 0);
        let board = Switchboard::new(&names);
        for n in 0..3_000_i64 {
            let now_ms = n * 100;
            let participant = world.participants.keys().min().copied();
            let meetings = world.meeting_order.len();
            let meeting = if meetings == 0 { None } else { world.meeting_order.get(rng.random_range(0..meetings)) };
            let bridge = rng.random_range(0..3);
            // A refused operation does not matter: it changes nothing.
            match (rng.random_range(0..20), meeting, participant) {
                (0, _, _) => world.restart(bridge, now_ms),
                (1, Some(id), _) => _ = world.end_instance(id, bridge, "participantInitiated", now_ms),
                (2, Some(to), Some(id)) => _ = world.move_to(id, to, bridge, None, now_ms),
                (3..6, _, Some(id)) => _ = world.leave(id, "remoteTeardown", now_ms),
                (6..9, _, Some(id)) => _ = world.set_waiting(id, rng.random_bool(0.5), now_ms),
                (9..11, Some(id), _) => _ = world.set_locked(id, rng.random_bool(0.5), None, now_ms),
                (11..18, Some(id), _) => {
                    let role = if rng.random_bool(0.8) { NewcomerRole::Guest } else { NewcomerRole::Host };
                    _ = world.join(id, bridge, population::random_participant(&mut rng, role), now_ms);
                }
                _ => {
                    population::start_random_meeting(&mut world, &mut rng, bridge, now_ms);
                }
            }
            world.tick(now_ms);
            let changes = world.take_changes();
            cdr.record(&world, &changes, &board, now_ms);
            check(&cdr, &world);
        }
        assert!(world.participants.len() > 20, "{}", world.participants.len());
    }
}
