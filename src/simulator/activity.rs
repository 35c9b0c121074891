//! Random activity at a given rate: arrivals, departures, hosts, mutes, locks, dial-outs. The seed decides what happens, the clock when.

use std::sync::Arc;
use std::time::Duration;

use crate::simulator::id::Id;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::core::Core;
use super::options::Options;
use super::population::{self, NewcomerRole};
use super::world::World;
use super::world::edit::{CallEdit, Edit};
use super::world::membership::Dialing;

/// The interval at which due events are run; several at once at high rates.
const TICK: Duration = Duration::from_millis(10);

pub(crate) fn spawn(core: &Arc<Core>, options: &Options) {
    if options.rate <= 0.0 {
        return;
    }
    let core = core.clone();
    let rate = options.rate;
    let mut activity =
        Activity { rng: StdRng::seed_from_u64(options.seed ^ 0x006c_6966_6520), calls: options.calls, people: options.people };
    core.tasks.clone().spawn(async move {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut last = tokio::time::Instant::now();
        let mut owed = 0.0;
        loop {
            tokio::select! {
                () = core.cancel.cancelled() => return,
                _ = interval.tick() => {}
            }
            owed += rate * last.elapsed().as_secs_f64();
            last = tokio::time::Instant::now();
            while owed >= 1.0 {
                owed -= 1.0;
                core.change(|world, now_ms| activity.run_random_event(world, now_ms));
            }
        }
    });
}

struct Activity {
    rng: StdRng,
    /// The numbers of calls and participants to stay near.
    calls: usize,
    people: usize,
}

impl Activity {
    /// Runs one random event. Ids come from the world just before, so a refusal does not matter.
    fn run_random_event(&mut self, world: &mut World, now_ms: i64) {
        if world.meeting_order.len() < self.calls {
            let bridge = self.rng.random_range(0..world.bridges.len());
            let meeting = population::start_random_meeting(world, &mut self.rng, bridge, now_ms);
            self.add_participant(world, meeting, NewcomerRole::Guest, now_ms);
            return;
        }
        let Some(meeting) = self.random_meeting(world) else {
            return;
        };
        match self.rng.random_range(0..100) {
            0..42 => self.join_or_leave(world, meeting, now_ms),
            42..47 => self.add_participant(world, meeting, NewcomerRole::Host, now_ms),
            47..65 => self.change_speaker(world, meeting),
            65..80 => self.mute(world),
            80..84 => self.hold(world),
            84..88 => self.change_presenter(world, meeting),
            88..92 => self.dial(world, meeting, now_ms),
            92..95 => self.lock(world, meeting, now_ms),
            95..97 => self.record(world, meeting, now_ms),
            97..98 => self.move_participant(world, meeting, now_ms),
            98..99 => self.remove_host(world, meeting, now_ms),
            _ => {
                let _ = world.end_meeting(meeting, "participantInitiated", now_ms);
            }
        }
    }

    fn random_meeting(&mut self, world: &World) -> Option<Id> {
        let n = world.meeting_order.len();
        (n > 0).then(|| world.meeting_order.get(self.rng.random_range(0..n)))?
    }

    fn random_participant(&mut self, world: &World) -> Option<Id> {
        let known = &world.bridges[self.rng.random_range(0..world.bridges.len())].known;
        (!known.is_empty()).then(|| known.get(self.rng.random_range(0..known.len())))?
    }

    fn random_participant_in(&mut self, world: &World, meeting: Id) -> Option<Id> {
        let people = &world.meetings.get(&meeting)?.people;
        (!people.is_empty()).then(|| people.get(self.rng.random_range(0..people.len())))?
    }

    fn join_or_leave(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let (now, wanted) = (world.participants.len() as f64, self.people as f64);
        let likely = (0.5 + (wanted - now) / wanted.max(1.0) * 4.0).clamp(0.05, 0.95);
        if self.rng.random_bool(likely) {
            let role = if self.rng.random_bool(0.8) { NewcomerRole::Guest } else { NewcomerRole::Member };
            self.add_participant(world, meeting, role, now_ms);
        } else if let Some(id) = self.random_participant(world) {
            let _ = world.leave(id, "remoteTeardown", now_ms);
        }
    }

    fn add_participant(&mut self, world: &mut World, meeting: Id, role: NewcomerRole, now_ms: i64) {
        let Some(found) = world.meetings.get(&meeting) else {
            return;
        };
        let instances = found.instances.len();
        let home = if instances == 0 || self.rng.random_bool(0.05) {
            self.rng.random_range(0..world.bridges.len())
        } else {
            found.instances[self.rng.random_range(0..instances)].bridge
        };
        let person = population::random_participant(&mut self.rng, role);
        let _ = world.join(meeting, home, person, now_ms);
    }

    fn change_speaker(&mut self, world: &mut World, meeting: Id) {
        let speaker = self.random_participant_in(world, meeting);
        let heard = speaker.filter(|id| world.participants.get(id).is_some_and(|p| p.is_connected() && !p.waiting));
        world.set_speaker(meeting, heard);
    }

    fn mute(&mut self, world: &mut World) {
        if let Some(id) = self.random_participant(world) {
            let muted = self.rng.random_bool(0.6);
            let edit = if self.rng.random_bool(0.8) { Edit::RxAudioMute(muted) } else { Edit::RxVideoMute(muted) };
            let _ = world.edit(id, edit);
        }
    }

    fn hold(&mut self, world: &mut World) {
        if let Some(id) = self.random_participant(world) {
            let held = self.rng.random_bool(0.3);
            let _ = world.edit(id, Edit::Hold(held));
        }
    }

    fn change_presenter(&mut self, world: &mut World, meeting: Id) {
        let presenter = self
            .random_participant_in(world, meeting)
            .filter(|id| world.participants.get(id).is_some_and(|p| p.is_connected() && !p.waiting));
        let presenter = presenter.filter(|_| self.rng.random_bool(0.6));
        world.set_presenter(meeting, presenter);
    }

    fn dial(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let Some(bridge) = world.meetings.get(&meeting).and_then(|m| m.instances.first()).map(|i| i.bridge) else {
            return;
        };
        let person = population::random_participant(&mut self.rng, NewcomerRole::Member);
        let fails = match self.rng.random_range(0..10) {
            0..2 => Some("remoteBusy"),
            2..4 => Some("timeout"),
            4 => Some("remoteRejected"),
            _ => None,
        };
        let dialing = Dialing { ring_after_ms: self.rng.random_range(100..600), end_after_ms: self.rng.random_range(1_000..12_000), fails };
        let _ = world.dial(meeting, bridge, person, dialing, now_ms);
    }

    fn lock(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let locked = world.meetings.get(&meeting).is_some_and(|m| m.is_locked());
        let _ = world.set_locked(meeting, !locked, None, now_ms);
    }

    fn record(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let recording = world.meetings.get(&meeting).is_some_and(|m| m.recording);
        let _ = world.edit_call(meeting, CallEdit::Recording(!recording), None, now_ms);
    }

    fn move_participant(&mut self, world: &mut World, target: Id, now_ms: i64) {
        let bridge = world.meetings.get(&target).and_then(|m| m.instances.first()).map(|i| i.bridge);
        let person = self.random_participant(world);
        if let (Some(id), Some(bridge)) = (person, bridge)
            && world.participants.get(&id).is_some_and(|p| p.meeting != target)
        {
            let _ = world.move_to(id, target, bridge, None, now_ms);
        }
    }

    fn remove_host(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let host =
            world.meetings.get(&meeting).and_then(|m| m.people.iter().find(|id| world.participants.get(id).is_some_and(|p| p.activator)));
        if let Some(id) = host {
            let _ = world.leave(id, "remoteTeardown", now_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Every index agrees with the objects.
    fn check(world: &World) {
        for (ix, bridge) in world.bridges.iter().enumerate() {
            let here = || world.meetings.values().filter(|m| m.instance(ix).is_some());
            let known: HashSet<Id> = here().flat_map(|m| m.people.iter()).collect();
            assert_eq!(bridge.known.iter().collect::<HashSet<_>>(), known);
            assert_eq!(bridge.calls.len(), here().count());
            assert_eq!(bridge.call_index.len(), bridge.calls.len());
            let local = world.participants.values().filter(|p| p.home == ix);
            let legs = local.map(|p| 1 + usize::from(p.sharing_leg.is_some())).sum::<usize>();
            let links: usize = here().map(|m| m.instances.len() - 1).sum();
            assert_eq!(bridge.legs.len(), legs + links);
            assert_eq!(bridge.leg_index.len(), bridge.legs.len());
        }
        assert_eq!(world.meetings.values().map(|m| m.people.len()).sum::<usize>(), world.participants.len());
        for meeting in world.meetings.values() {
            let people: Vec<_> = meeting.people.iter().map(|id| &world.participants[&id]).collect();
            assert_eq!(meeting.activators, people.iter().filter(|p| p.admits_guests()).count());
            for instance in &meeting.instances {
                assert_eq!(instance.local, people.iter().filter(|p| p.home == instance.bridge).count());
                assert_eq!(instance.links.len(), meeting.instances.len() - 1);
            }
        }
    }

    #[test]
    fn long_activity_leaves_every_index_true() {
        let names: Vec<String> = ["eu-1", "eu-2", "us-1"].map(str::to_owned).to_vec();
        for seed in 0..4 {
            let mut world = World::new(&names, seed, 0);
            population::fill(&mut world, 30, 300, seed, 0);
            let mut activity = Activity { rng: StdRng::seed_from_u64(seed), calls: 30, people: 300 };
            for n in 0..6_000 {
                let now_ms = n * 50;
                activity.run_random_event(&mut world, now_ms);
                world.tick(now_ms);
                if n % 1_500 == 1_499 {
                    world.restart((n as usize / 1_500) % 3, now_ms);
                }
                if n % 100 == 0 {
                    check(&world);
                }
            }
            check(&world);
            assert!((150..450).contains(&world.participants.len()), "{}", world.participants.len());
            assert!(world.participants.values().any(|p| p.waiting));
        }
    }
}
