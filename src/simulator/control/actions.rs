//! Actions of people in and on calls, from outside: join, leave, admit, lock, end.

use crate::simulator::id::Id;

use super::{Control, ControlError, Dial, Join, Move, Role, StartCall};
use crate::simulator::world::calls::NewMeeting;
use crate::simulator::world::edit::{CallEdit, Edit};
use crate::simulator::world::membership::{Dialing, NewParticipant};
use crate::simulator::world::model::{CallType, DeactivationMode, EndpointKind, LockMode};
use crate::simulator::world::truth::{MeetingTruth, ParticipantTruth};
use crate::simulator::world::{Refusal, World};

impl Control {
    pub fn start_call(&self, call: StartCall) -> Result<MeetingTruth, ControlError> {
        let bridge = match &call.bridge {
            Some(name) => self.bridge(name)?,
            None => 0,
        };
        let meeting = self.core.change(|world, now| {
            let lock_mode = match call.lock_mode.as_str() {
                "needsActivation" => LockMode::NeedsActivation,
                _ => LockMode::All,
            };
            let space = call.space.then(|| {
                let number = 900 + world.directory.space_order.len() as u64;
                let profile = usize::from(lock_mode == LockMode::NeedsActivation);
                world.add_space(call.name.clone(), number, call.owner.clone(), None, profile, 0)
            });
            let new = NewMeeting {
                name: call.name.clone(),
                call_type: if space.is_some() { CallType::CoSpace } else { CallType::AdHoc },
                space,
                owner: call.owner.clone(),
                lock_mode,
                deactivation: match call.deactivation_mode.as_str() {
                    "disconnect" => DeactivationMode::Disconnect,
                    "remainActivated" => DeactivationMode::RemainActivated,
                    _ => DeactivationMode::Deactivate,
                },
                deactivation_s: call.deactivation_s,
                ..NewMeeting::default()
            };
            let id = world.start_meeting(bridge, new, now);
            if call.active_when_empty {
                // The call was started just now, so it exists.
                let _ = world.edit_call(id, CallEdit::ActiveWhenEmpty(true), None, now);
            }
            id
        });
        self.meeting(meeting)
    }

    fn meeting(&self, id: Id) -> Result<MeetingTruth, ControlError> {
        let truth = self.truth();
        truth.meeting(id).cloned().ok_or(ControlError::Refused(Refusal::NoCall))
    }

    pub fn join(&self, join: Join) -> Result<ParticipantTruth, ControlError> {
        let named = join.bridge.as_deref().map(|name| self.bridge(name)).transpose()?;
        self.core.change(|world, now| {
            let meeting = world.find_meeting(join.meeting)?;
            let bridge = home(world, meeting, named)?;
            let uri = match &join.uri {
                Some(uri) => uri.clone(),
                None => format!("caller{}@example.org", world.next_seq()),
            };
            let person = NewParticipant {
                name: join.name.clone(),
                jid: (join.role != Role::Guest).then(|| uri.clone()),
                uri,
                kind: match (join.web_app, join.sharing) {
                    (true, _) => EndpointKind::WebApp,
                    (_, true) => EndpointKind::Lync,
                    _ => EndpointKind::Sip,
                },
                activator: join.role == Role::Host,
                needs_activation: join.role == Role::Guest,
                enters_waiting: None,
                can_move: !join.sharing,
            };
            let id = world.join(meeting, bridge, person, now)?;
            if join.sharing {
                world.add_sharing_leg(id);
            }
            Ok(world.person_truth(world.participant(id)?))
        })
    }

    /// The meeting calls somebody: shown as initial, ringing, then connected or gone.
    pub fn dial(&self, dial: Dial) -> Result<ParticipantTruth, ControlError> {
        let named = dial.bridge.as_deref().map(|name| self.bridge(name)).transpose()?;
        self.core.change(|world, now| {
            let meeting = world.find_meeting(dial.meeting)?;
            let bridge = home(world, meeting, named)?;
            let person = NewParticipant {
                name: dial.name.clone(),
                uri: dial.uri.clone(),
                jid: None,
                kind: EndpointKind::Sip,
                activator: false,
                needs_activation: false,
                enters_waiting: Some(false),
                can_move: true,
            };
            let fails = dial.fails.as_deref().map(|reason| match reason {
                "timeout" => "timeout",
                "remoteRejected" => "remoteRejected",
                _ => "remoteBusy",
            });
            let dialing = Dialing { ring_after_ms: dial.ring_after_ms, end_after_ms: dial.end_after_ms, fails };
            let id = world.dial(meeting, bridge, person, dialing, now)?;
            Ok(world.person_truth(world.participant(id)?))
        })
    }

    pub fn leave(&self, participant: Id) -> Result<(), ControlError> {
        Ok(self.core.change(|world, now| world.leave(participant, "remoteTeardown", now))?)
    }

    /// Admits somebody from elsewhere, as a host in the web app does.
    pub fn admit(&self, participant: Id) -> Result<(), ControlError> {
        Ok(self.core.change(|world, now| world.set_waiting(participant, false, now))?)
    }

    /// Sends somebody back to the lobby.
    pub fn lobby(&self, participant: Id) -> Result<(), ControlError> {
        Ok(self.core.change(|world, now| world.set_waiting(participant, true, now))?)
    }

    pub fn lock(&self, meeting: Id) -> Result<(), ControlError> {
        self.set_locked(meeting, true)
    }

    pub fn unlock(&self, meeting: Id) -> Result<(), ControlError> {
        self.set_locked(meeting, false)
    }

    fn set_locked(&self, meeting: Id, locked: bool) -> Result<(), ControlError> {
        Ok(self.core.change(|world, now| {
            let meeting = world.find_meeting(meeting)?;
            world.set_locked(meeting, locked, None, now)
        })?)
    }

    /// Ends the meeting on all bridges, or its call on one.
    pub fn end(&self, meeting: Id, bridge: Option<&str>) -> Result<(), ControlError> {
        let bridge = bridge.map(|name| self.bridge(name)).transpose()?;
        Ok(self.core.change(|world, now| {
            let meeting = world.find_meeting(meeting)?;
            match bridge {
                Some(bridge) => world.end_instance(meeting, bridge, "participantInitiated", now),
                None => world.end_meeting(meeting, "participantInitiated", now),
            }
        })?)
    }

    /// Moves somebody to another meeting, where they get a new id.
    pub fn move_to(&self, order: Move) -> Result<ParticipantTruth, ControlError> {
        let named = order.bridge.as_deref().map(|name| self.bridge(name)).transpose()?;
        self.core.change(|world, now| {
            let target = world.find_meeting(order.meeting)?;
            let bridge = home(world, target, named)?;
            let id = world.move_to(order.participant, target, bridge, None, now)?;
            Ok(world.person_truth(world.participant(id)?))
        })
    }

    pub fn mute(&self, participant: Id, muted: bool) -> Result<(), ControlError> {
        Ok(self.core.change(|world, _| world.edit(participant, Edit::RxAudioMute(muted)))?)
    }

    pub fn hold(&self, participant: Id, held: bool) -> Result<(), ControlError> {
        Ok(self.core.change(|world, _| world.edit(participant, Edit::Hold(held)))?)
    }

    pub fn rename(&self, participant: Id, name: &str) -> Result<(), ControlError> {
        let label = Some(name.to_owned()).filter(|n| !n.is_empty());
        Ok(self.core.change(|world, _| world.edit(participant, Edit::Label(label)))?)
    }

    pub fn record(&self, meeting: Id, on: bool) -> Result<(), ControlError> {
        Ok(self.core.change(|world, now| {
            let meeting = world.find_meeting(meeting)?;
            world.edit_call(meeting, CallEdit::Recording(on), None, now)
        })?)
    }
}

/// The named bridge, or the one where the meeting began.
fn home(world: &World, meeting: Id, named: Option<usize>) -> Result<usize, Refusal> {
    let first = || world.meetings.get(&meeting).and_then(|m| m.instances.first()).map(|i| i.bridge);
    named.or_else(first).ok_or(Refusal::NoCall)
}
