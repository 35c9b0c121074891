//! What happens by itself: arrivals, departures, hosts, mutes, locks, dial-outs, at a given rate; seeded, but timed by the clock.

use std::sync::Arc;
use std::time::Duration;

use crate::simulator::id::Id;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::core::Core;
use super::options::Options;
use super::population::{self, Role};
use super::world::World;
use super::world::edit::{CallEdit, Edit};
use super::world::membership::Dialing;

/// Events are dealt out this often; several at once at high rates.
const BEAT: Duration = Duration::from_millis(10);

pub(crate) fn spawn(core: &Arc<Core>, options: &Options) {
    if options.rate <= 0.0 {
        return;
    }
    let core = core.clone();
    let rate = options.rate;
    let mut life = Life { rng: StdRng::seed_from_u64(options.seed ^ 0x006c_6966_6520), calls: options.calls, people: options.people };
    core.tasks.clone().spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut last = tokio::time::Instant::now();
        let mut owed = 0.0;
        loop {
            tokio::select! {
                () = core.cancel.cancelled() => return,
                _ = beat.tick() => {}
            }
            owed += rate * last.elapsed().as_secs_f64();
            last = tokio::time::Instant::now();
            while owed >= 1.0 {
                owed -= 1.0;
                core.change(|world, now_ms| life.event(world, now_ms));
            }
        }
    });
}

struct Life {
    rng: StdRng,
    /// What the numbers stay near.
    calls: usize,
    people: usize,
}

impl Life {
    /// One thing happens. Ids come from the world just before, so refusals cannot matter.
    fn event(&mut self, world: &mut World, now_ms: i64) {
        if world.meeting_order.len() < self.calls {
            let bridge = self.rng.random_range(0..world.bridges.len());
            let meeting = population::start(world, &mut self.rng, bridge, now_ms);
            self.arrive(world, meeting, Role::Guest, now_ms);
            return;
        }
        let Some(meeting) = self.meeting(world) else {
            return;
        };
        match self.rng.random_range(0..100) {
            0..42 => self.come_or_go(world, meeting, now_ms),
            42..47 => self.arrive(world, meeting, Role::Host, now_ms),
            47..65 => self.speak(world, meeting),
            65..80 => self.mute(world),
            80..84 => self.hold(world),
            84..88 => self.present(world, meeting),
            88..92 => self.dial(world, meeting, now_ms),
            92..95 => self.lock(world, meeting, now_ms),
            95..97 => self.record(world, meeting, now_ms),
            97..98 => self.move_somebody(world, meeting, now_ms),
            98..99 => self.lose_the_host(world, meeting, now_ms),
            _ => {
                let _ = world.end_meeting(meeting, "participantInitiated", now_ms);
            }
        }
    }

    fn meeting(&mut self, world: &World) -> Option<Id> {
        let n = world.meeting_order.len();
        (n > 0).then(|| world.meeting_order.get(self.rng.random_range(0..n)))?
    }

    fn anybody(&mut self, world: &World) -> Option<Id> {
        let known = &world.bridges[self.rng.random_range(0..world.bridges.len())].known;
        (!known.is_empty()).then(|| known.get(self.rng.random_range(0..known.len())))?
    }

    fn anybody_in(&mut self, world: &World, meeting: Id) -> Option<Id> {
        let people = &world.meetings.get(&meeting)?.people;
        (!people.is_empty()).then(|| people.get(self.rng.random_range(0..people.len())))?
    }

    fn come_or_go(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let (now, wanted) = (world.participants.len() as f64, self.people as f64);
        let likely = (0.5 + (wanted - now) / wanted.max(1.0) * 4.0).clamp(0.05, 0.95);
        if self.rng.random_bool(likely) {
            let role = if self.rng.random_bool(0.8) { Role::Guest } else { Role::Member };
            self.arrive(world, meeting, role, now_ms);
        } else if let Some(id) = self.anybody(world) {
            let _ = world.leave(id, "remoteTeardown", now_ms);
        }
    }

    fn arrive(&mut self, world: &mut World, meeting: Id, role: Role, now_ms: i64) {
        let Some(found) = world.meetings.get(&meeting) else {
            return;
        };
        let instances = found.instances.len();
        let home = if instances == 0 || self.rng.random_bool(0.05) {
            self.rng.random_range(0..world.bridges.len())
        } else {
            found.instances[self.rng.random_range(0..instances)].bridge
        };
        let person = population::newcomer(&mut self.rng, role);
        let _ = world.join(meeting, home, person, now_ms);
    }

    fn speak(&mut self, world: &mut World, meeting: Id) {
        let speaker = self.anybody_in(world, meeting);
        let heard = speaker.filter(|id| world.participants.get(id).is_some_and(|p| p.is_connected() && !p.waiting));
        world.set_speaker(meeting, heard);
    }

    fn mute(&mut self, world: &mut World) {
        if let Some(id) = self.anybody(world) {
            let muted = self.rng.random_bool(0.6);
            let edit = if self.rng.random_bool(0.8) { Edit::RxAudioMute(muted) } else { Edit::RxVideoMute(muted) };
            let _ = world.edit(id, edit);
        }
    }

    fn hold(&mut self, world: &mut World) {
        if let Some(id) = self.anybody(world) {
            let held = self.rng.random_bool(0.3);
            let _ = world.edit(id, Edit::Hold(held));
        }
    }

    fn present(&mut self, world: &mut World, meeting: Id) {
        let presenter =
            self.anybody_in(world, meeting).filter(|id| world.participants.get(id).is_some_and(|p| p.is_connected() && !p.waiting));
        let presenter = presenter.filter(|_| self.rng.random_bool(0.6));
        world.set_presenter(meeting, presenter);
    }

    fn dial(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
        let Some(bridge) = world.meetings.get(&meeting).and_then(|m| m.instances.first()).map(|i| i.bridge) else {
            return;
        };
        let person = population::newcomer(&mut self.rng, Role::Member);
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

    fn move_somebody(&mut self, world: &mut World, target: Id, now_ms: i64) {
        let bridge = world.meetings.get(&target).and_then(|m| m.instances.first()).map(|i| i.bridge);
        let person = self.anybody(world);
        if let (Some(id), Some(bridge)) = (person, bridge)
            && world.participants.get(&id).is_some_and(|p| p.meeting != target)
        {
            let _ = world.move_to(id, target, bridge, None, now_ms);
        }
    }

    fn lose_the_host(&mut self, world: &mut World, meeting: Id, now_ms: i64) {
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

    /// Every index says what the objects say.
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
            assert_eq!(meeting.activators, people.iter().filter(|p| p.lets_guests_in()).count());
            for instance in &meeting.instances {
                assert_eq!(instance.local, people.iter().filter(|p| p.home == instance.bridge).count());
                assert_eq!(instance.links.len(), meeting.instances.len() - 1);
            }
        }
    }

    #[test]
    fn a_long_life_leaves_every_index_true() {
        let names: Vec<String> = ["eu-1", "eu-2", "us-1"].map(str::to_owned).to_vec();
        for seed in 0..4 {
            let mut world = World::new(&names, seed, 0);
            population::fill(&mut world, 30, 300, seed, 0);
            let mut life = Life { rng: StdRng::seed_from_u64(seed), calls: 30, people: 300 };
            for n in 0..6_000 {
                let now_ms = n * 50;
                life.event(&mut world, now_ms);
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
