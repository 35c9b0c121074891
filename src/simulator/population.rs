//! Creates meetings and participants from a seed: the state at the start, and newcomers later. The world's rules decide who waits.

use crate::simulator::id::Id;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::names;
use super::world::World;
use super::world::calls::NewMeeting;
use super::world::membership::NewParticipant;
use super::world::model::{CallType, EndpointKind, LockMode};
use super::world::spaces::GUEST_PROFILES;

/// The greatest age of a meeting at the start.
const OLDEST_MS: i64 = 40 * 60 * 1000;

/// The situation of a meeting when the simulator starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MeetingPhase {
    /// Guests wait for the host.
    BeforeTheHost,
    Running,
    /// The host has locked the call; latecomers wait.
    Locked,
    /// Participants never wait here.
    NoLobby,
}

/// Fills an empty world; the same seed makes the same participants.
pub(crate) fn fill(world: &mut World, calls: usize, people: usize, seed: u64, now_ms: i64) {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x7075_6c61_7465);
    let sizes = sizes(&mut rng, calls, people);
    for (number, size) in sizes.into_iter().enumerate() {
        let phase = match rng.random_range(0..10) {
            0..4 => MeetingPhase::BeforeTheHost,
            4..7 => MeetingPhase::Running,
            7..9 => MeetingPhase::Locked,
            _ => MeetingPhase::NoLobby,
        };
        open_meeting(world, &mut rng, number, size, phase, now_ms);
    }
}

/// Distributes people unevenly over meetings, with at least one in each while there are enough.
fn sizes(rng: &mut StdRng, calls: usize, people: usize) -> Vec<usize> {
    let mut sizes = vec![usize::from(people >= calls); calls];
    let mut bounds = Vec::with_capacity(calls);
    let mut sum = 0.0;
    for _ in 0..calls {
        sum += rng.random_range(0.05_f64..1.0).powi(2);
        bounds.push(sum);
    }
    let placed: usize = sizes.iter().sum();
    for _ in placed..people {
        if calls > 0 {
            let at = bounds.partition_point(|b| *b < rng.random_range(0.0..sum));
            sizes[at.min(calls - 1)] += 1;
        }
    }
    sizes
}

fn open_meeting(world: &mut World, rng: &mut StdRng, number: usize, size: usize, phase: MeetingPhase, now_ms: i64) {
    let bridges = world.bridges.len();
    let first = number % bridges;
    let second = if bridges > 1 && rng.random_bool(0.35) { Some((first + rng.random_range(1..bridges)) % bridges) } else { None };
    let began = now_ms - rng.random_range(60_000..OLDEST_MS);
    let step = (now_ms - began) / (size as i64 + 1);
    let meeting = start_random_meeting(world, rng, first, began);
    let mut last_name = String::new();
    for n in 0..size {
        let at = began + step * (n as i64 + 1);
        let role = random_role(rng, phase, n);
        let mut person = random_participant(rng, role);
        // Two participants of one call with the same name are common enough to matter.
        if rng.random_bool(0.03) && !last_name.is_empty() {
            person.name.clone_from(&last_name);
        }
        last_name.clone_from(&person.name);
        let home = second.filter(|_| rng.random_bool(0.4)).unwrap_or(first);
        let lync = person.kind == EndpointKind::Lync;
        // The meeting and the bridges exist, so joining succeeds.
        if let Ok(id) = world.join(meeting, home, person, at)
            && lync
            && rng.random_bool(0.3)
        {
            world.add_sharing_leg(id);
        }
        if phase == MeetingPhase::Locked && n == size / 2 {
            let _ = world.set_locked(meeting, true, None, at);
        }
    }
    world.tick(now_ms);
}

/// A random role that fits the meeting's situation.
fn random_role(rng: &mut StdRng, phase: MeetingPhase, n: usize) -> NewcomerRole {
    match phase {
        MeetingPhase::NoLobby => NewcomerRole::Member,
        MeetingPhase::BeforeTheHost if rng.random_bool(0.1) => NewcomerRole::Member,
        MeetingPhase::BeforeTheHost => NewcomerRole::Guest,
        MeetingPhase::Running | MeetingPhase::Locked if n == 0 => NewcomerRole::Host,
        MeetingPhase::Running | MeetingPhase::Locked => match rng.random_range(0..10) {
            0 => NewcomerRole::Host,
            1..3 => NewcomerRole::Member,
            _ => NewcomerRole::Guest,
        },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewcomerRole {
    Guest,
    Member,
    Host,
}

/// Starts a meeting in a space of its own, ad hoc, or forwarded.
pub(crate) fn start_random_meeting(world: &mut World, rng: &mut StdRng, bridge: usize, now_ms: i64) -> Id {
    let number = world.next_seq();
    let name = names::meeting_name(rng, number % 1000);
    if rng.random_bool(0.1) {
        let call_type = if rng.random_bool(0.2) { CallType::Forwarding } else { CallType::AdHoc };
        let lock_mode = if rng.random_bool(0.5) { LockMode::All } else { LockMode::NeedsActivation };
        let new = NewMeeting { name, call_type, lock_mode, deactivation_s: 10, ..NewMeeting::default() };
        return world.start_meeting(bridge, new, now_ms);
    }
    let (_, owner) = names::person_name(rng);
    let tenant = match rng.random_range(0..10) {
        0..3 => world.directory.tenants.get(rng.random_range(0..3)).map(|t| t.id),
        _ => None,
    };
    let call_profile = usize::from(rng.random_bool(0.4));
    let guest_profile = rng.random_range(0..GUEST_PROFILES.len());
    let owner = format!("{owner}@example.org");
    let space = world.add_space(name.clone(), number, owner, tenant, call_profile, guest_profile);
    world
        .start_in_space(space, bridge, now_ms)
        .unwrap_or_else(|| world.start_meeting(bridge, NewMeeting { name, ..NewMeeting::default() }, now_ms))
}

/// A person with a matching name, address and endpoint.
pub(crate) fn random_participant(rng: &mut StdRng, role: NewcomerRole) -> NewParticipant {
    let (name, user) = names::person_name(rng);
    let number: u32 = rng.random_range(10..10_000);
    let kind = match (role, rng.random_range(0..100)) {
        (NewcomerRole::Guest, 0..45) => EndpointKind::WebApp,
        (_, 45..60) => EndpointKind::Phone,
        (_, 60..66) => EndpointKind::Lync,
        (_, 0..25) => EndpointKind::WebApp,
        _ => EndpointKind::Sip,
    };
    let signed_in = role != NewcomerRole::Guest;
    let (name, uri) = match kind {
        EndpointKind::Phone => {
            let line =
                format!("+{}{:09}", [1, 33, 44, 49, 81, 972][rng.random_range(0..6)], rng.random_range(100_000_000..999_999_999_u32));
            (line.clone(), line)
        }
        EndpointKind::WebApp if !signed_in => (name, format!("guest{number}{}@meet.example.org", rng.random_range(100..999))),
        _ => (name, format!("{user}{number}@{}", ["example.org", "example.com", "partner.example.net"][rng.random_range(0..3)])),
    };
    NewParticipant {
        name,
        jid: (signed_in && kind != EndpointKind::Phone).then(|| uri.clone()),
        uri,
        kind,
        activator: role == NewcomerRole::Host,
        needs_activation: role == NewcomerRole::Guest,
        enters_waiting: None,
        can_move: kind != EndpointKind::Lync,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seed: u64) -> World {
        let names: Vec<String> = ["eu-1", "eu-2", "us-1"].map(str::to_owned).to_vec();
        let mut world = World::new(&names, seed, 1_000_000_000);
        fill(&mut world, 40, 500, seed, 1_000_000_000);
        world
    }

    #[test]
    fn a_seed_makes_the_same_people_and_ids_again() {
        let up = [true; 3];
        assert_eq!(filled(7).truth(&up, 0), filled(7).truth(&up, 0));
        assert_ne!(filled(7).truth(&up, 0), filled(8).truth(&up, 0));
    }

    #[test]
    fn the_numbers_asked_for_are_there_and_some_wait() {
        let truth = filled(3).truth(&[true; 3], 0);
        assert_eq!(truth.meetings.len(), 40);
        assert_eq!(truth.participants().count(), 500);
        assert!(truth.meetings.iter().any(|m| m.waiting > 0 && m.activators == 0));
        assert!(truth.meetings.iter().any(|m| m.locked && m.waiting > 0));
        assert!(truth.meetings.iter().any(|m| m.calls.len() > 1));
    }
}
