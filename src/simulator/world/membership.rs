//! Participants of the world: join, dial-out, leave, move. `lobby` decides whether they wait.

use crate::simulator::id::Id;

use super::change::{Change, call_element, roster_element};
use super::model::{EndpointKind, LegOwner, LegState, Participant};
use super::timers::DelayedAction;
use super::{Refusal, World};

/// A participant who joins or is called.
#[derive(Debug, Clone)]
pub(crate) struct NewParticipant {
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) jid: Option<String>,
    pub(crate) kind: EndpointKind,
    pub(crate) activator: bool,
    pub(crate) needs_activation: bool,
    /// `deactivated` as given on a dial-out; `None` leaves it to the lobby rules.
    pub(crate) enters_waiting: Option<bool>,
    pub(crate) can_move: bool,
}

/// The behaviour of a called party.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialing {
    pub(crate) ring_after_ms: i64,
    pub(crate) end_after_ms: i64,
    /// `None`: the call is answered. `Some(reason)`: it fails with this reason.
    pub(crate) fails: Option<&'static str>,
}

impl World {
    /// A participant calls in and is connected.
    pub(crate) fn join(&mut self, meeting: Id, bridge: usize, person: NewParticipant, now_ms: i64) -> Result<Id, Refusal> {
        let id = self.add_participant(meeting, bridge, person, false, now_ms)?;
        self.connect(id, now_ms);
        self.emit_joined(meeting, id);
        Ok(id)
    }

    /// The bridge calls a participant: shown as `initial`, then `ringing`, then connected or gone (events.md 4.5).
    pub(crate) fn dial(
        &mut self,
        meeting: Id,
        bridge: usize,
        person: NewParticipant,
        dialing: Dialing,
        now_ms: i64,
    ) -> Result<Id, Refusal> {
        let id = self.add_participant(meeting, bridge, person, true, now_ms)?;
        self.emit_joined(meeting, id);
        self.schedule(now_ms + dialing.ring_after_ms, DelayedAction::Ring(id));
        let outcome = match dialing.fails {
            None => DelayedAction::Answer(id),
            Some(reason) => DelayedAction::Fail(id, reason),
        };
        let end = dialing.end_after_ms.max(dialing.ring_after_ms);
        self.schedule(now_ms + end, outcome);
        Ok(id)
    }

    /// Moves a participant to another meeting: they get a new id there, and the old one ends (rest.md 5).
    pub(crate) fn move_to(
        &mut self,
        participant: Id,
        target: Id,
        bridge: usize,
        needs_activation: Option<bool>,
        now_ms: i64,
    ) -> Result<Id, Refusal> {
        let old = self.participant(participant)?.clone();
        if !old.can_move || !old.is_connected() {
            return Err(Refusal::CannotMove);
        }
        if !self.meetings.contains_key(&target) {
            return Err(Refusal::NoCall);
        }
        let person = NewParticipant {
            name: old.name.clone(),
            uri: old.uri.clone(),
            jid: old.jid.clone(),
            kind: old.kind,
            activator: old.activator,
            needs_activation: needs_activation.unwrap_or(old.needs_activation),
            enters_waiting: None,
            can_move: true,
        };
        let id = self.add_participant(target, bridge, person, old.outgoing, now_ms)?;
        if let Some(new) = self.participants.get_mut(&id) {
            new.moved_from = Some((old.id, old.home));
        }
        self.connect(id, now_ms);
        self.emit_joined(target, id);
        self.leave(participant, "callMoved", now_ms)?;
        Ok(id)
    }

    /// Removes a participant; an instance without local participants ends (reason `allLeft`, events.md 4.3).
    pub(crate) fn leave(&mut self, participant: Id, reason: &'static str, now_ms: i64) -> Result<(), Refusal> {
        let person = self.participant(participant)?;
        let (meeting, home) = (person.meeting, person.home);
        let mut roster: Vec<Id> = Vec::new();
        let ends = self.meetings.get(&meeting).is_some_and(|m| !m.active_when_empty && m.instance(home).is_some_and(|i| i.local == 1));
        if ends && let Some(m) = self.meetings.get(&meeting) {
            roster = m.people.iter().collect();
        }
        self.detach(participant, reason, now_ms);
        if ends {
            self.drop_instance(meeting, home, "allLeft", roster);
        }
        Ok(())
    }

    /// Removes the participant from every index without ending the instance.
    pub(super) fn detach(&mut self, participant: Id, reason: &'static str, now_ms: i64) {
        let Some(person) = self.participants.remove(&participant) else {
            return;
        };
        self.remove_leg(person.home, person.leg);
        if let Some((_, leg)) = person.sharing_leg {
            self.remove_leg(person.home, leg);
        }
        let Some(meeting) = self.meetings.get_mut(&person.meeting) else {
            return;
        };
        meeting.people.remove(person.seq);
        let mut elements = call_element::PARTICIPANTS;
        if let Some(instance) = meeting.instance_mut(person.home) {
            instance.local = instance.local.saturating_sub(1);
            if instance.local == 0 {
                elements |= call_element::DISTRIBUTED;
            }
        }
        if meeting.presenter == Some(participant) {
            meeting.presenter = None;
        }
        if meeting.speaker == Some(participant) {
            meeting.speaker = None;
        }
        let bridges: Vec<usize> = meeting.instances.iter().map(|i| i.bridge).collect();
        for bridge in bridges {
            self.bridges[bridge].known.remove(person.seq);
        }
        let (meeting, home, admitted_guests) = (person.meeting, Some(person.home), person.admits_guests());
        self.emit(Change::Left { meeting, participant, reason, last: Box::new(person) });
        self.emit(Change::CallChanged { meeting, elements, home });
        if admitted_guests {
            self.on_activator_left(meeting, now_ms);
        }
    }

    fn add_participant(&mut self, meeting: Id, bridge: usize, person: NewParticipant, outgoing: bool, now_ms: i64) -> Result<Id, Refusal> {
        if bridge >= self.bridges.len() {
            return Err(Refusal::NoBridge);
        }
        self.add_instance(meeting, bridge, now_ms).ok_or(Refusal::NoCall)?;
        let id = self.new_id();
        // Web app legs share the participant's id, SIP legs have their own (rest.md 3.7).
        let leg = if person.kind == EndpointKind::WebApp { id } else { self.new_id() };
        let leg_seq = self.add_leg(bridge, leg, LegOwner::Participant(id));
        let seq = self.next_seq();
        let entered = Participant {
            id,
            seq,
            meeting,
            home: bridge,
            leg,
            leg_seq,
            sharing_leg: None,
            name: person.name,
            label: None,
            uri: person.uri,
            jid: person.jid,
            kind: person.kind,
            activator: person.activator,
            needs_activation: person.needs_activation,
            outgoing,
            state: LegState::Initial,
            waiting: false,
            enters_waiting: person.enters_waiting,
            leg_started_ms: now_ms,
            connected_ms: now_ms,
            since_ms: now_ms,
            rx_audio_mute: false,
            sharing_rx_audio_mute: false,
            tx_audio_mute: false,
            rx_video_mute: false,
            tx_video_mute: false,
            importance: None,
            layout: "allEqual".to_owned(),
            can_move: person.can_move,
            moved_from: None,
        };
        self.participants.insert(id, entered);
        self.index_participant(meeting, bridge, seq, id);
        Ok(id)
    }

    fn index_participant(&mut self, meeting: Id, home: usize, seq: u64, id: Id) {
        let Some(found) = self.meetings.get_mut(&meeting) else {
            return;
        };
        found.people.insert(seq, id);
        if let Some(instance) = found.instance_mut(home) {
            instance.local += 1;
            instance.max_legs = instance.max_legs.max(instance.local);
        }
        for instance in &found.instances {
            self.bridges[instance.bridge].known.insert(seq, id);
        }
    }

    fn emit_joined(&mut self, meeting: Id, participant: Id) {
        self.emit(Change::Joined { meeting, participant });
        let home = self.participants.get(&participant).map(|p| p.home);
        let first_here = home.is_some_and(|home| self.meetings.get(&meeting).and_then(|m| m.instance(home)).is_some_and(|i| i.local == 1));
        let mut elements = call_element::PARTICIPANTS;
        if first_here {
            elements |= call_element::DISTRIBUTED;
        }
        self.emit(Change::CallChanged { meeting, elements, home });
    }

    /// A Lync participant starts to share content on a second leg (cdr.md 5, CG).
    pub(crate) fn add_sharing_leg(&mut self, participant: Id) {
        let Some(home) = self.participants.get(&participant).map(|p| p.home) else {
            return;
        };
        let leg = self.new_id();
        let seq = self.add_leg(home, leg, LegOwner::Sharing(participant));
        if let Some(person) = self.participants.get_mut(&participant) {
            person.sharing_leg = Some((seq, leg));
        }
    }

    pub(super) fn roster_changed(&mut self, participant: Id, elements: u32) {
        if let Some(person) = self.participants.get(&participant) {
            let meeting = person.meeting;
            self.emit(Change::Changed { meeting, participant, elements });
        }
    }

    pub(super) fn ring(&mut self, participant: Id) {
        if let Some(person) = self.participants.get_mut(&participant)
            && person.state == LegState::Initial
        {
            person.state = LegState::Ringing;
            self.roster_changed(participant, roster_element::STATE);
        }
    }

    pub(super) fn answer(&mut self, participant: Id, now_ms: i64) {
        let unanswered = self.participants.get(&participant).is_some_and(|p| !p.is_connected());
        if unanswered {
            self.connect(participant, now_ms);
            self.roster_changed(participant, roster_element::STATE);
        }
    }
}
