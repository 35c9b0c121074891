//! The restart of a bridge: its calls end, and its participants call in again under new ids.

use crate::simulator::id::Id;

use super::World;
use super::change::Change;
use super::membership::NewParticipant;
use super::model::Meeting;

impl World {
    pub(crate) fn restart(&mut self, bridge: usize, now_ms: i64) {
        self.emit(Change::Restarted { bridge });
        let calls: Vec<Id> = self.bridges[bridge].calls.iter().collect();
        for call in calls {
            let Some(meeting) = self.bridges[bridge].call_index.get(&call).copied() else {
                continue;
            };
            self.restart_call(meeting, bridge, now_ms);
        }
        self.bridges[bridge].started_ms = now_ms;
        self.bridges[bridge].legs_completed = 0;
    }

    fn restart_call(&mut self, meeting: Id, bridge: usize, now_ms: i64) {
        let Some(found) = self.meetings.get(&meeting) else {
            return;
        };
        let again: Vec<NewParticipant> = found
            .people
            .iter()
            .filter_map(|id| self.participants.get(&id))
            .filter(|p| p.home == bridge && p.is_connected())
            .map(|p| NewParticipant {
                name: p.name.clone(),
                uri: p.uri.clone(),
                jid: p.jid.clone(),
                kind: p.kind,
                activator: p.activator,
                needs_activation: p.needs_activation,
                enters_waiting: None,
                can_move: p.can_move,
            })
            .collect();
        let copy = settings_of(found);
        // The instance exists: the call was in the bridge's own index.
        let _ = self.end_instance(meeting, bridge, "error", now_ms);
        let meeting = match self.meetings.contains_key(&meeting) {
            true => meeting,
            false => self.start_meeting(bridge, copy, now_ms),
        };
        self.add_instance(meeting, bridge, now_ms);
        for person in again {
            // The meeting exists: it was created or found just now.
            let _ = self.join(meeting, bridge, person, now_ms);
        }
    }
}

fn settings_of(meeting: &Meeting) -> super::calls::NewMeeting {
    super::calls::NewMeeting {
        name: meeting.name.clone(),
        call_type: meeting.call_type,
        space: meeting.space,
        tenant: meeting.tenant,
        owner: meeting.owner.clone(),
        lock_mode: meeting.lock_mode,
        deactivation: meeting.deactivation,
        deactivation_s: meeting.deactivation_s,
    }
}
