//! Which records a change of the world makes, and in which order (cdr.md 3.1 to 3.5 and 7); not what is in them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::simulator::id::Id;
use crate::simulator::switchboard::Switchboard;
use crate::simulator::switches::{CdrFirstUpdate, Switches};
use crate::simulator::world::World;
use crate::simulator::world::change::{Change, roster_element as el};
use crate::simulator::world::model::{Meeting, Participant};

use super::Cdr;
use super::book::{Call, Leg, LinkLeg, Shown, legs_of};
use super::feed::Feed;
use super::fields::{self, LegView};

/// Changes of a participant that a callLegUpdate can carry.
const CARRIED: u32 = el::NAME | el::STATE | el::CAN_MOVE | el::LOBBY;

/// What all records of one operation share.
struct Operation<'a> {
    world: &'a World,
    switches: Arc<Switches>,
    now_ms: i64,
}

impl Cdr {
    /// Each bridge tells of its own calls and of the legs it runs.
    pub(crate) fn record(&mut self, world: &World, changes: &[Change], board: &Switchboard, now_ms: i64) {
        let at = |bridge: usize| Operation { world, switches: board.of(bridge), now_ms };
        // Those who came and went within this one operation: the world no longer has them.
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
                    Some(person) => self.told(&at(person.home), person),
                    None => {
                        fleeting.insert(*participant);
                    }
                },
                Change::Changed { participant, elements, .. } => {
                    if elements & CARRIED != 0
                        && let Some(person) = world.participants.get(participant)
                    {
                        self.told(&at(person.home), person);
                    }
                }
                Change::Left { participant, reason, last, .. } => {
                    let known = legs_of(last).any(|(leg, _)| self.feeds[last.home].book.legs.contains_key(&leg));
                    if known || fleeting.contains(participant) {
                        self.told(&at(last.home), last);
                        self.feeds[last.home].legs_ended(&at(last.home), last, reason);
                    }
                }
                Change::Restarted { bridge } => self.feeds[*bridge].restart(&board.of(*bridge)),
                Change::CallChanged { .. } => {}
            }
        }
    }

    /// Tells what is new about the legs of a participant.
    fn told(&mut self, operation: &Operation<'_>, person: &Participant) {
        let moved_from = person.moved_from.and_then(|(old, home)| {
            let leg = self.feeds.get(home)?.book.legs.iter().find(|(_, leg)| leg.participant == old)?.0;
            Some((*leg, operation.world.bridges[home].id))
        });
        self.feeds[person.home].legs_told(operation, person, moved_from);
    }

    /// Only with the switch: since 2021 distribution links are not in the documented list (CH).
    fn links_started<'a>(&mut self, meeting: &Meeting, at: &impl Fn(usize) -> Operation<'a>) {
        for instance in &meeting.instances {
            let operation = at(instance.bridge);
            if operation.switches.cdr_links {
                for link in &instance.links {
                    self.feeds[instance.bridge].link_started(&operation, meeting.id, link.leg, link.peer);
                }
            }
        }
    }
}

impl Feed {
    fn call_started(&mut self, operation: &Operation<'_>, meeting: &Meeting) {
        let Some(instance) = meeting.instance(self.bridge) else {
            return;
        };
        let call = Call { id: instance.call, started_ms: instance.started_ms, active: 0, most: 0, completed: 0 };
        self.book.calls.insert(meeting.id, call);
        self.write("callStart", &operation.switches, operation.now_ms, || {
            fields::call_start(meeting, instance.call, meeting.correlator(instance.bridge, operation.switches.correlator_first))
        });
    }

    /// What began before a restart has no end.
    fn call_ended(&mut self, operation: &Operation<'_>, meeting: Id) {
        let Operation { switches, now_ms, .. } = operation;
        if let Some(call) = self.book.calls.remove(&meeting) {
            self.write("callEnd", switches, *now_ms, || fields::call_end(&call, switches, *now_ms));
        }
    }

    fn legs_told(&mut self, operation: &Operation<'_>, person: &Participant, moved_from: Option<(Id, Id)>) {
        let call = self.book.calls.get(&person.meeting).map(|c| c.id);
        let bridge = self.name.clone();
        for (leg, sharing) in legs_of(person) {
            let view = LegView { leg, sharing, person, bridge: &bridge };
            if !self.book.legs.contains_key(&leg) {
                self.leg_started(operation, view, call, moved_from);
            }
            self.leg_updated(operation, view, Shown::of(person, call));
        }
    }

    fn leg_started(&mut self, operation: &Operation<'_>, view: LegView<'_>, call: Option<Id>, moved_from: Option<(Id, Id)>) {
        let Operation { world, switches, now_ms } = operation;
        let first = fields::call_at_start(view.person, call);
        if let Some(call) = self.book.calls.get_mut(&view.person.meeting) {
            call.leg_started();
        }
        self.book.legs.insert(view.leg, Leg::new(view.person, first));
        self.write("callLegStart", switches, *now_ms, || fields::leg_start(view, world, first, moved_from, switches));
    }

    /// A snapshot when anything it carries has changed (CG).
    fn leg_updated(&mut self, operation: &Operation<'_>, view: LegView<'_>, shown: Shown) {
        let Operation { switches, now_ms, .. } = operation;
        let Some(told) = self.book.legs.get_mut(&view.leg).filter(|told| told.shown != shown) else {
            return;
        };
        let enters_waiting = told.shown.deactivated.is_none() && shown.deactivated == Some(true);
        let lobby_alone = told.shown.connected && told.shown == Shown { deactivated: told.shown.deactivated, ..shown.clone() };
        told.follow(shown.clone(), *now_ms);
        let renamed = told.renamed;
        if lobby_alone && !switches.cdr_lobby_changes {
            return;
        }
        if enters_waiting && switches.cdr_first_update == CdrFirstUpdate::TwoRecords {
            self.write("callLegUpdate", switches, *now_ms, || fields::leg_update(view, &shown, renamed, None, switches));
        }
        let deactivated = fields::deactivated(&shown, switches);
        self.write("callLegUpdate", switches, *now_ms, || fields::leg_update(view, &shown, renamed, deactivated, switches));
    }

    /// A leg that was connected first loses its state (CD2), then ends.
    fn legs_ended(&mut self, operation: &Operation<'_>, person: &Participant, reason: &str) {
        let Operation { switches, now_ms, .. } = operation;
        let bridge = self.name.clone();
        for (leg, sharing) in legs_of(person) {
            let Some(told) = self.book.legs.remove(&leg) else {
                continue;
            };
            if let Some(call) = self.book.calls.get_mut(&person.meeting) {
                call.leg_ended();
            }
            if told.shown.connected {
                let view = LegView { leg, sharing, person, bridge: &bridge };
                let shown = Shown { connected: false, ..told.shown.clone() };
                let deactivated = fields::deactivated(&shown, switches);
                self.write("callLegUpdate", switches, *now_ms, || fields::leg_update(view, &shown, told.renamed, deactivated, switches));
            }
            self.write("callLegEnd", switches, *now_ms, || fields::leg_end(leg, &told, reason, *now_ms));
        }
    }

    fn link_started(&mut self, operation: &Operation<'_>, meeting: Id, leg: Id, peer: usize) {
        let Operation { world, switches, now_ms } = operation;
        if self.book.links.contains_key(&leg) {
            return;
        }
        self.book.links.insert(leg, LinkLeg { meeting, peer, started_ms: *now_ms });
        let call = self.book.calls.get(&meeting).map(|c| c.id);
        let peer = &world.bridges[peer].name;
        self.write("callLegStart", switches, *now_ms, || fields::link_start(leg, call, peer));
        self.write("callLegUpdate", switches, *now_ms, || fields::link_update(leg, call, peer));
    }

    /// The meeting's call on a bridge is over, and so are the links from there and to there.
    fn links_ended(&mut self, operation: &Operation<'_>, meeting: Id, bridge: usize) {
        let (own, switches, now_ms) = (self.bridge, &operation.switches, operation.now_ms);
        let over = |link: &LinkLeg| link.meeting == meeting && (own == bridge || link.peer == bridge);
        let mut gone: Vec<(Id, LinkLeg)> = self.book.links.extract_if(|_, link| over(link)).collect();
        gone.sort_unstable_by_key(|(leg, _)| *leg);
        for (leg, link) in gone {
            self.write("callLegEnd", switches, now_ms, || fields::link_end(leg, link, now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::population::{self, Role};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// What was told is what runs on each bridge.
    fn check(cdr: &Cdr, world: &World) {
        for feed in &cdr.feeds {
            let local = world.participants.values().filter(|p| p.home == feed.bridge);
            let legs: HashSet<Id> = local.flat_map(|p| legs_of(p).map(|(leg, _)| leg)).collect();
            assert_eq!(feed.book.legs.keys().copied().collect::<HashSet<_>>(), legs);
            let calls: HashSet<Id> = world.bridges[feed.bridge].calls.iter().collect();
            assert_eq!(feed.book.calls.values().map(|c| c.id).collect::<HashSet<_>>(), calls);
            for person in world.participants.values().filter(|p| p.home == feed.bridge) {
                let told = &feed.book.legs[&person.leg].shown;
                assert_eq!(*told, Shown::of(person, feed.book.calls.get(&person.meeting).map(|c| c.id)));
            }
        }
    }

    #[test]
    fn after_anything_what_was_told_is_what_is() {
        let names: Vec<String> = ["eu-1", "eu-2", "us-1"].map(str::to_owned).to_vec();
        let mut rng = StdRng::seed_from_u64(5);
        let mut world = World::new(&names, 5, 0);
        population::fill(&mut world, 10, 100, 5, 0);
        world.take_changes();
        let (mut cdr, _jobs) = super::super::start(&world, 0);
        let board = Switchboard::new(&names);
        for n in 0..3_000_i64 {
            let now_ms = n * 100;
            let somebody = world.participants.keys().min().copied();
            let meetings = world.meeting_order.len();
            let meeting = if meetings == 0 { None } else { world.meeting_order.get(rng.random_range(0..meetings)) };
            let bridge = rng.random_range(0..3);
            // Refusals do not matter: then nothing has changed.
            match (rng.random_range(0..20), meeting, somebody) {
                (0, _, _) => world.restart(bridge, now_ms),
                (1, Some(id), _) => _ = world.end_instance(id, bridge, "participantInitiated", now_ms),
                (2, Some(to), Some(id)) => _ = world.move_to(id, to, bridge, None, now_ms),
                (3..6, _, Some(id)) => _ = world.leave(id, "remoteTeardown", now_ms),
                (6..9, _, Some(id)) => _ = world.set_waiting(id, rng.random_bool(0.5), now_ms),
                (9..11, Some(id), _) => _ = world.set_locked(id, rng.random_bool(0.5), None, now_ms),
                (11..18, Some(id), _) => {
                    let role = if rng.random_bool(0.8) { Role::Guest } else { Role::Host };
                    _ = world.join(id, bridge, population::newcomer(&mut rng, role), now_ms);
                }
                _ => {
                    population::start(&mut world, &mut rng, bridge, now_ms);
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
