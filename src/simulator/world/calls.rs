//! Calls of the world: start, instances on bridges and their links, end. It does not decide who is in them.

use crate::simulator::id::Id;

use super::change::{Change, call_element as el};
use super::model::{Banner, CallType, DeactivationMode, Instance, LegOwner, Link, LockMode, Meeting};
use super::ordered::OrderedIds;
use super::timers::DelayedAction;
use super::{Refusal, World};

/// The properties of a new meeting.
#[derive(Debug, Clone)]
pub(crate) struct NewMeeting {
    pub(crate) name: String,
    pub(crate) call_type: CallType,
    pub(crate) space: Option<Id>,
    pub(crate) tenant: Option<Id>,
    pub(crate) owner: String,
    pub(crate) lock_mode: LockMode,
    pub(crate) deactivation: DeactivationMode,
    pub(crate) deactivation_s: i64,
}

impl Default for NewMeeting {
    fn default() -> Self {
        Self {
            name: String::new(),
            call_type: CallType::AdHoc,
            space: None,
            tenant: None,
            owner: String::new(),
            lock_mode: LockMode::All,
            deactivation: DeactivationMode::Deactivate,
            deactivation_s: 0,
        }
    }
}

impl World {
    /// Starts a meeting with an empty instance on one bridge; returns its correlator.
    pub(crate) fn start_meeting(&mut self, bridge: usize, new: NewMeeting, now_ms: i64) -> Id {
        let id = self.new_id();
        let seq = self.next_seq();
        self.meeting_order.insert(seq, id);
        self.meetings.insert(
            id,
            Meeting {
                id,
                seq,
                name: new.name,
                call_type: new.call_type,
                space: new.space,
                tenant: new.tenant,
                owner: new.owner,
                lock_mode: new.lock_mode,
                deactivation: new.deactivation,
                deactivation_s: new.deactivation_s,
                recording: false,
                streaming: false,
                endpoint_recording: false,
                join_audio_mute: None,
                all_mute_self: false,
                all_presentation: false,
                active_when_empty: false,
                instances: Vec::new(),
                people: OrderedIds::default(),
                activators: 0,
                presenter: None,
                speaker: None,
            },
        );
        self.add_instance(id, bridge, now_ms);
        id
    }

    /// Starts a call in a space, with the settings of its profiles; `None` when there is no such space.
    pub(crate) fn start_in_space(&mut self, space: Id, bridge: usize, now_ms: i64) -> Option<Id> {
        let found = self.directory.spaces.get(&space)?;
        let guests = &self.directory.leg_profiles[2 + found.guest_profile];
        let new = NewMeeting {
            name: found.name.clone(),
            call_type: CallType::CoSpace,
            space: Some(space),
            tenant: found.tenant,
            owner: found.owner_jid.clone(),
            lock_mode: self.directory.call_profiles[found.call_profile].lock_mode,
            deactivation: guests.deactivation,
            deactivation_s: guests.deactivation_s,
        };
        Some(self.start_meeting(bridge, new, now_ms))
    }

    /// Ensures that the meeting has a call on this bridge; returns the call's id.
    pub(crate) fn add_instance(&mut self, meeting: Id, bridge: usize, now_ms: i64) -> Option<Id> {
        let known = self.meetings.get(&meeting)?;
        if let Some(instance) = known.instance(bridge) {
            return Some(instance.call);
        }
        let peers: Vec<usize> = known.instances.iter().map(|i| i.bridge).collect();
        let people: Vec<Id> = known.people.iter().collect();
        let (locked, banner) = (known.is_locked(), known.instances.first().map_or_else(Banner::default, |first| first.banner.clone()));
        let call = self.new_id();
        let seq = self.next_seq();
        let late_ms = self.bridges[bridge].correlator_ms;
        let correlated = peers.is_empty() || late_ms == 0;
        if !correlated {
            self.schedule(now_ms + late_ms, DelayedAction::Correlate(meeting, bridge));
        }
        let instance =
            Instance { bridge, call, seq, started_ms: now_ms, correlated, locked, banner, local: 0, max_legs: 0, links: Vec::new() };
        self.meetings.get_mut(&meeting)?.instances.push(instance);
        for id in people {
            let person_seq = self.participants.get(&id).map_or(0, |p| p.seq);
            self.bridges[bridge].known.insert(person_seq, id);
        }
        self.bridges[bridge].calls.insert(seq, call);
        self.bridges[bridge].call_index.insert(call, meeting);
        for peer in peers {
            self.add_link(meeting, bridge, peer);
            self.add_link(meeting, peer, bridge);
        }
        self.emit(Change::CallStarted { meeting, bridge });
        Some(call)
    }

    /// Gives the instance its meeting's correlator.
    pub(super) fn correlate(&mut self, meeting: Id, bridge: usize) {
        let Some(instance) = self.meetings.get_mut(&meeting).and_then(|found| found.instance_mut(bridge)) else { return };
        instance.correlated = true;
        self.emit(Change::CallChanged { meeting, elements: el::CORRELATOR, home: None });
    }

    /// Each instance holds one `distributionLink` leg per peer (rest.md 7, LM and UCR).
    fn add_link(&mut self, meeting: Id, bridge: usize, peer: usize) {
        let leg = self.new_id();
        let seq = self.add_leg(bridge, leg, LegOwner::Link { meeting, peer });
        if let Some(instance) = self.meetings.get_mut(&meeting).and_then(|m| m.instance_mut(bridge)) {
            instance.links.push(Link { peer, leg, seq });
        }
    }

    /// Ends the meeting's call on one bridge: its own participants leave, other instances stay (rest.md 3.2).
    pub(crate) fn end_instance(&mut self, meeting: Id, bridge: usize, reason: &'static str, now_ms: i64) -> Result<(), Refusal> {
        let found = self.meetings.get(&meeting).ok_or(Refusal::NoCall)?;
        found.instance(bridge).ok_or(Refusal::NoCall)?;
        let local: Vec<Id> = found.people.iter().filter(|id| self.participants.get(id).is_some_and(|p| p.home == bridge)).collect();
        let mut roster: Vec<Id> = found.people.iter().collect();
        for id in &local {
            self.detach(*id, reason, now_ms);
        }
        roster.retain(|id| self.participants.contains_key(id) || local.contains(id));
        self.drop_instance(meeting, bridge, reason, roster);
        Ok(())
    }

    /// Ends every instance of the meeting.
    pub(crate) fn end_meeting(&mut self, meeting: Id, reason: &'static str, now_ms: i64) -> Result<(), Refusal> {
        let found = self.meetings.get(&meeting).ok_or(Refusal::NoCall)?;
        let bridges: Vec<usize> = found.instances.iter().map(|i| i.bridge).collect();
        for bridge in bridges {
            self.end_instance(meeting, bridge, reason, now_ms)?;
        }
        Ok(())
    }

    /// Removes the instance, with its links on both sides; with its last instance, the meeting.
    pub(crate) fn drop_instance(&mut self, meeting: Id, bridge: usize, reason: &'static str, roster: Vec<Id>) {
        let Some(found) = self.meetings.get_mut(&meeting) else {
            return;
        };
        let Some(at) = found.instances.iter().position(|i| i.bridge == bridge) else {
            return;
        };
        let gone = found.instances.remove(at);
        let people: Vec<Id> = found.people.iter().collect();
        let mut legs: Vec<(usize, Id)> = gone.links.iter().map(|l| (bridge, l.leg)).collect();
        for other in &mut found.instances {
            legs.extend(other.links.iter().filter(|l| l.peer == bridge).map(|l| (other.bridge, l.leg)));
            other.links.retain(|l| l.peer != bridge);
        }
        let (seq, empty) = (found.seq, found.instances.is_empty());
        for (at_bridge, leg) in legs {
            self.remove_leg(at_bridge, leg);
        }
        for id in people {
            if let Some(person) = self.participants.get(&id) {
                self.bridges[bridge].known.remove(person.seq);
            }
        }
        self.bridges[bridge].calls.remove(gone.seq);
        self.bridges[bridge].call_index.remove(&gone.call);
        self.emit(Change::CallEnded { meeting, bridge, call: gone.call, reason, roster });
        if empty {
            self.meetings.remove(&meeting);
            self.meeting_order.remove(seq);
        } else {
            self.emit(Change::CallChanged { meeting, elements: el::DISTRIBUTED, home: None });
        }
    }
}
