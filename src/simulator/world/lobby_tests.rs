//! The lobby rules of rest.md section 4, one test per row of its table.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use crate::simulator::id::Id;

use super::World;
use super::calls::NewMeeting;
use super::edit::CallEdit;
use super::membership::NewParticipant;
use super::model::{DeactivationMode, EndpointKind, LockMode};
use super::truth::Lobby;

const GUEST: (bool, bool) = (false, true);
const MEMBER: (bool, bool) = (false, false);
const HOST: (bool, bool) = (true, false);

struct Room {
    world: World,
    meeting: Id,
}

impl Room {
    fn new(lock_mode: LockMode, deactivation: DeactivationMode, deactivation_s: i64) -> Self {
        let mut world = World::new(&["eu-1".to_owned(), "eu-2".to_owned()], 1, 0);
        let new = NewMeeting { name: "Room".to_owned(), lock_mode, deactivation, deactivation_s, ..NewMeeting::default() };
        let meeting = world.start_meeting(0, new, 0);
        world.edit_call(meeting, CallEdit::ActiveWhenEmpty(true), None, 0).unwrap();
        Self { world, meeting }
    }

    fn open() -> Self {
        Self::new(LockMode::All, DeactivationMode::Deactivate, 0)
    }

    fn join(&mut self, (activator, needs_activation): (bool, bool)) -> Id {
        self.join_as(activator, needs_activation, None)
    }

    fn join_as(&mut self, activator: bool, needs_activation: bool, jid: Option<&str>) -> Id {
        let person = NewParticipant {
            name: "Somebody".to_owned(),
            uri: "somebody@example.org".to_owned(),
            jid: jid.map(str::to_owned),
            kind: EndpointKind::Sip,
            activator,
            needs_activation,
            enters_waiting: None,
            can_move: true,
        };
        self.world.join(self.meeting, 0, person, 0).unwrap()
    }

    fn lock(&mut self, locked: bool) {
        self.world.set_locked(self.meeting, locked, None, 0).unwrap();
    }

    fn leave(&mut self, id: Id) {
        self.world.leave(id, "remoteTeardown", 0).unwrap();
    }

    fn lobby(&self, id: Id) -> Lobby {
        let person = self.world.participant(id).unwrap();
        self.world.person_truth(person).lobby
    }

    fn waits(&self, id: Id) -> bool {
        self.lobby(id) == Lobby::Waiting
    }
}

#[test]
fn an_activator_lets_everybody_in_and_a_member_does_not() {
    let mut room = Room::open();
    let guest = room.join(GUEST);
    assert!(room.waits(guest));
    let member = room.join(MEMBER);
    assert!(room.waits(guest) && !room.waits(member));
    room.join(HOST);
    assert!(!room.waits(guest));
    let later = room.join(GUEST);
    assert!(!room.waits(later));
}

#[test]
fn when_the_last_activator_leaves_guests_wait_again_after_the_time() {
    let mut room = Room::new(LockMode::All, DeactivationMode::Deactivate, 10);
    let (guest, member) = (room.join(GUEST), room.join(MEMBER));
    let (first, second) = (room.join(HOST), room.join(HOST));
    room.leave(first);
    room.world.tick(60_000);
    assert!(!room.waits(guest), "one activator is left");
    room.leave(second);
    room.world.tick(9_999);
    assert!(!room.waits(guest));
    room.world.tick(10_000);
    assert!(room.waits(guest) && !room.waits(member));
}

#[test]
fn an_activator_who_returns_in_time_stops_the_clock() {
    let mut room = Room::new(LockMode::All, DeactivationMode::Deactivate, 10);
    let guest = room.join(GUEST);
    let host = room.join(HOST);
    room.leave(host);
    let again = room.join(HOST);
    room.world.tick(9_000);
    room.world.leave(again, "remoteTeardown", 9_000).unwrap();
    room.world.tick(18_999);
    assert!(!room.waits(guest), "it began anew");
    room.world.tick(19_000);
    assert!(room.waits(guest));
}

#[test]
fn guests_may_be_disconnected_or_stay_instead() {
    let mut room = Room::new(LockMode::All, DeactivationMode::Disconnect, 0);
    let guest = room.join(GUEST);
    let host = room.join(HOST);
    room.leave(host);
    room.world.tick(0);
    assert!(room.world.participant(guest).is_err());

    let mut room = Room::new(LockMode::All, DeactivationMode::RemainActivated, 0);
    let guest = room.join(GUEST);
    let host = room.join(HOST);
    room.leave(host);
    room.world.tick(1_000_000);
    assert!(!room.waits(guest));
    let later = room.join(GUEST);
    assert!(room.waits(later), "nobody is there to let them in");
}

#[test]
fn lock_mode_all_holds_everybody_and_unlocking_lets_all_in() {
    let mut room = Room::new(LockMode::All, DeactivationMode::Deactivate, 0);
    let inside = room.join(MEMBER);
    room.lock(true);
    assert!(!room.waits(inside), "locking sends nobody back");
    let everybody = [room.join(GUEST), room.join(MEMBER), room.join(HOST)];
    assert!(everybody.iter().all(|id| room.waits(*id)));
    room.lock(false);
    assert!(everybody.iter().all(|id| !room.waits(*id)));
}

#[test]
fn lock_mode_needs_activation_holds_guests_only() {
    let mut room = Room::new(LockMode::NeedsActivation, DeactivationMode::Deactivate, 0);
    room.lock(true);
    let (member, host, guest) = (room.join(MEMBER), room.join(HOST), room.join(GUEST));
    assert!(!room.waits(member) && !room.waits(host) && room.waits(guest), "an activator does not open a locked door");
    let signed_in = room.join_as(false, true, Some("member@example.org"));
    assert!(!room.waits(signed_in), "space members bypass the lock while an activator is present");
    room.leave(host);
    room.lock(false);
    assert!(room.waits(guest), "without an activator the open call still holds guests");
    room.join(HOST);
    assert!(!room.waits(guest));
}

#[test]
fn unlocking_with_an_activator_lets_guests_in() {
    let mut room = Room::new(LockMode::NeedsActivation, DeactivationMode::Deactivate, 0);
    room.join(HOST);
    room.lock(true);
    let guest = room.join(GUEST);
    room.lock(false);
    assert!(!room.waits(guest));
}

#[test]
fn an_admitted_activator_counts_and_one_sent_back_does_not() {
    let mut room = Room::new(LockMode::All, DeactivationMode::Deactivate, 0);
    room.lock(true);
    let (host, guest) = (room.join(HOST), room.join(GUEST));
    room.world.set_waiting(host, false, 5).unwrap();
    assert!(room.waits(guest), "the door is locked");
    assert_eq!(room.world.meetings[&room.meeting].activators, 1);
    room.world.set_waiting(guest, false, 6).unwrap();
    room.world.set_waiting(host, true, 7).unwrap();
    room.world.tick(7);
    assert!(room.waits(guest), "the last activator is out");
}

#[test]
fn a_distributed_meeting_has_one_lobby_and_an_id_per_bridge() {
    let mut room = Room::open();
    let guest = room.join(GUEST);
    let person = NewParticipant {
        name: String::new(),
        uri: "host@example.org".to_owned(),
        jid: None,
        kind: EndpointKind::WebApp,
        activator: true,
        needs_activation: false,
        enters_waiting: None,
        can_move: true,
    };
    let host = room.world.join(room.meeting, 1, person, 0).unwrap();
    assert!(!room.waits(guest), "an activator on another bridge is one");
    let meeting = &room.world.meetings[&room.meeting];
    assert_ne!(meeting.instances[0].call, meeting.instances[1].call);
    assert!(meeting.instances.iter().all(|i| i.links.len() == 1));
    assert_eq!(room.world.participant(host).unwrap().leg, host, "a web app leg shares its participant's id");
    room.leave(host);
    let meeting = &room.world.meetings[&room.meeting];
    assert_eq!(meeting.instances.len(), 2, "activeWhenEmpty keeps the empty instance");
    assert!(room.world.bridges[1].legs.len() == 1 && room.world.bridges[1].known.len() == 1);
}
