//! Decides who waits and who may enter: the rules of rest.md section 4 over the world. It has no wire format.

use crate::simulator::id::Id;

use super::change::{Change, call_element, roster_element};
use super::model::{DeactivationMode, LegState, LockMode};
use super::timers::DelayedAction;
use super::{Refusal, World};

impl World {
    /// Connects an answered leg: into the lobby or the call. An activator also admits guests.
    pub(super) fn connect(&mut self, participant: Id, now_ms: i64) {
        let waits = self.must_wait(participant);
        let Some(person) = self.participants.get_mut(&participant) else {
            return;
        };
        person.state = LegState::Connected;
        person.connected_ms = now_ms;
        person.since_ms = now_ms;
        person.waiting = waits;
        let (meeting, enters) = (person.meeting, person.admits_guests());
        if enters {
            self.on_activator_entered(meeting, now_ms);
        }
    }

    /// A locked call holds everybody (`all`) or those who need activation; an open one holds
    /// those who need activation while no activator is in it (rest.md 4, AP and HUB).
    fn must_wait(&self, participant: Id) -> bool {
        let Some(person) = self.participants.get(&participant) else {
            return false;
        };
        if let Some(given) = person.enters_waiting {
            return given;
        }
        let Some(meeting) = self.meetings.get(&person.meeting) else {
            return false;
        };
        match (meeting.is_locked_at(person.home), meeting.lock_mode) {
            (false, _) => person.needs_activation && meeting.activators == 0,
            (true, LockMode::All) => true,
            // Space members bypass this lock while an activator is present (HUB 3.11).
            (true, LockMode::NeedsActivation) => person.needs_activation && !(person.jid.is_some() && meeting.activators > 0),
        }
    }

    /// `deactivated=false` or `true` on a participant. Repeating it changes nothing (rest.md 5).
    pub(crate) fn set_waiting(&mut self, participant: Id, waiting: bool, now_ms: i64) -> Result<(), Refusal> {
        let person = self.participants.get_mut(&participant).ok_or(Refusal::NoParticipant)?;
        if !person.is_connected() {
            person.enters_waiting = Some(waiting);
            return Ok(());
        }
        if person.waiting == waiting {
            return Ok(());
        }
        let was_activator = person.admits_guests();
        person.waiting = waiting;
        person.since_ms = now_ms;
        let (meeting, is_activator) = (person.meeting, person.admits_guests());
        self.roster_changed(participant, roster_element::LOBBY);
        match (was_activator, is_activator) {
            (false, true) => self.on_activator_entered(meeting, now_ms),
            (true, false) => self.on_activator_left(meeting, now_ms),
            _ => {}
        }
        Ok(())
    }

    /// Locking sends nobody back; unlocking admits according to the mode (rest.md 4).
    /// `at`: only the instance on this bridge and the participants that it hosts.
    pub(crate) fn set_locked(&mut self, meeting: Id, locked: bool, at: Option<usize>, now_ms: i64) -> Result<(), Refusal> {
        let found = self.meetings.get_mut(&meeting).ok_or(Refusal::NoCall)?;
        let mut changed = false;
        for instance in found.instances_mut(at) {
            changed |= instance.locked != locked;
            instance.locked = locked;
        }
        if !changed {
            return Ok(());
        }
        let lets_all_in = found.lock_mode == LockMode::All;
        let activator_present = found.activators > 0;
        self.emit(Change::CallChanged { meeting, elements: call_element::LOCK_STATE, home: None });
        if locked {
            return Ok(());
        }
        for id in self.waiting_in(meeting) {
            let Some(person) = self.participants.get(&id).filter(|p| at.is_none_or(|bridge| p.home == bridge)) else { continue };
            let guest = person.needs_activation;
            if lets_all_in || activator_present || !guest {
                self.set_waiting(id, false, now_ms)?;
            }
        }
        Ok(())
    }

    /// An activator has entered: an unlocked call admits all waiting guests (HUB, Acano KB).
    fn on_activator_entered(&mut self, meeting: Id, now_ms: i64) {
        let Some(found) = self.meetings.get_mut(&meeting) else {
            return;
        };
        found.activators += 1;
        self.timers.retain(|timer| !timer.runs(DelayedAction::Deactivate(meeting)));
        let locked: Vec<usize> = found.instances.iter().filter(|instance| instance.locked).map(|instance| instance.bridge).collect();
        for id in self.waiting_in(meeting) {
            if self.participants.get(&id).is_some_and(|p| p.needs_activation && !locked.contains(&p.home)) {
                // The id comes from the meeting's own list, so it exists.
                let _ = self.set_waiting(id, false, now_ms);
            }
        }
    }

    /// When the last activator leaves, the deactivation timer starts; a returning activator stops it.
    pub(super) fn on_activator_left(&mut self, meeting: Id, now_ms: i64) {
        let Some(found) = self.meetings.get_mut(&meeting) else {
            return;
        };
        found.activators = found.activators.saturating_sub(1);
        if found.activators > 0 || found.deactivation == DeactivationMode::RemainActivated {
            return;
        }
        let at = now_ms + found.deactivation_s * 1000;
        self.schedule(at, DelayedAction::Deactivate(meeting));
    }

    /// The timer has expired: guests go back to the lobby or are disconnected.
    pub(super) fn deactivate(&mut self, meeting: Id, now_ms: i64) {
        let Some(found) = self.meetings.get(&meeting) else {
            return;
        };
        let mode = found.deactivation;
        let guests: Vec<Id> = found
            .people
            .iter()
            .filter(|id| self.participants.get(id).is_some_and(|p| p.needs_activation && p.is_connected() && !p.waiting))
            .collect();
        for id in guests {
            // The ids come from the meeting's own list; a participant who has left needs nothing.
            let _ = match mode {
                DeactivationMode::Deactivate => self.set_waiting(id, true, now_ms),
                DeactivationMode::Disconnect => self.leave(id, "callDeactivated", now_ms),
                DeactivationMode::RemainActivated => Ok(()),
            };
        }
    }

    fn waiting_in(&self, meeting: Id) -> Vec<Id> {
        let Some(found) = self.meetings.get(&meeting) else {
            return Vec::new();
        };
        found.people.iter().filter(|id| self.participants.get(id).is_some_and(|p| p.waiting)).collect()
    }
}
