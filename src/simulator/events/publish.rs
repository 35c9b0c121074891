//! Turns changes of the world into updates for subscribers. The order of messages at the end of a call is a switch (events.md 6.2).

use crate::simulator::id::Id;

use super::hub::{Hub, SocketCommand};
use super::outbox::{self, Item, Outbox};
use super::subscription::Target;
use crate::simulator::switchboard::Switchboard;
use crate::simulator::switches::{Count, Order, Switches};
use crate::simulator::world::World;
use crate::simulator::world::change::{Change, call_element};

impl Hub {
    pub(crate) fn publish(&mut self, world: &World, changes: &[Change], board: &Switchboard) {
        let mut outboxes: Vec<Outbox> = self.bridges.iter().map(|_| Outbox::default()).collect();
        for change in changes {
            match change {
                Change::CallStarted { meeting, bridge } => {
                    if let Some(call) = call_at(world, *meeting, *bridge) {
                        self.add_to_call_lists(&mut outboxes[*bridge], *bridge, &Item::Add(call));
                    }
                }
                Change::CallChanged { meeting, elements, home } => {
                    self.call_changed(&mut outboxes, world, *meeting, *elements, *home, board);
                }
                Change::CallEnded { bridge, call, reason, roster, .. } => {
                    self.flush(&mut outboxes[*bridge], world, *bridge, &board.of(*bridge));
                    self.call_ended(world, *bridge, *call, reason, roster, &board.of(*bridge));
                }
                Change::Joined { meeting, participant } => {
                    self.add_to_rosters(&mut outboxes, world, *meeting, &Item::Add(*participant));
                }
                Change::Changed { meeting, participant, elements } => {
                    self.add_to_rosters(&mut outboxes, world, *meeting, &Item::Update(*participant, *elements));
                }
                Change::Left { meeting, participant, reason, .. } => {
                    self.add_to_rosters(&mut outboxes, world, *meeting, &Item::Remove(*participant, reason));
                }
                // Its sockets were cut, and the following changes describe the rest.
                Change::Restarted { .. } => {}
            }
        }
        for (bridge, outbox) in outboxes.iter_mut().enumerate() {
            self.flush(outbox, world, bridge, &board.of(bridge));
        }
    }

    fn flush(&self, outbox: &mut Outbox, world: &World, bridge: usize, switches: &Switches) {
        for (watch, items) in outbox.take() {
            for body in outbox::messages(world, bridge, &watch, &items, switches) {
                self.send(watch.session, SocketCommand::Message(body));
            }
        }
    }

    fn add_to_call_lists(&self, outbox: &mut Outbox, bridge: usize, item: &Item) {
        for watch in &self.bridges[bridge].calls {
            let concerns = match item {
                Item::Update(_, elements) => elements & watch.elements != 0,
                _ => true,
            };
            if concerns {
                outbox.push(*watch, item.clone());
            }
        }
    }

    fn call_changed(&self, outboxes: &mut [Outbox], world: &World, meeting: Id, elements: u32, home: Option<usize>, board: &Switchboard) {
        let Some(found) = world.meetings.get(&meeting) else {
            return;
        };
        for instance in &found.instances {
            let bridge = instance.bridge;
            let mut here = elements;
            if home == Some(bridge) {
                here &= !call_element::DISTRIBUTED;
            } else if home.is_some() && board.of(bridge).participants_count == Count::Local {
                here &= !call_element::PARTICIPANTS;
            }
            let item = Item::Update(instance.call, here);
            self.add_to_call_lists(&mut outboxes[bridge], bridge, &item);
            for watch in self.bridges[bridge].by_call.get(&instance.call).into_iter().flatten() {
                if matches!(watch.target, Target::Info(_)) && here & watch.elements != 0 {
                    outboxes[bridge].push(*watch, item.clone());
                }
            }
        }
    }

    /// Rosters are cluster-wide: every bridge with an instance of the meeting sends the update (events.md 6.5).
    fn add_to_rosters(&self, outboxes: &mut [Outbox], world: &World, meeting: Id, item: &Item) {
        let Some(found) = world.meetings.get(&meeting) else {
            return;
        };
        for instance in &found.instances {
            for watch in self.bridges[instance.bridge].by_call.get(&instance.call).into_iter().flatten() {
                if matches!(watch.target, Target::Roster(_)) {
                    outboxes[instance.bridge].push(*watch, item.clone());
                }
            }
        }
    }

    fn call_ended(&mut self, world: &World, bridge: usize, call: Id, reason: &'static str, roster: &[Id], switches: &Switches) {
        let mut removal = Outbox::default();
        if switches.roster_removes_first {
            for watch in self.bridges[bridge].by_call.get(&call).into_iter().flatten() {
                if matches!(watch.target, Target::Roster(_)) {
                    for id in roster {
                        removal.push(*watch, Item::Remove(*id, reason));
                    }
                }
            }
            self.flush(&mut removal, world, bridge, switches);
        }
        let watches = self.bridges[bridge].by_call.get(&call).into_iter().flatten();
        let rosters: Vec<(u64, i64)> = watches.filter(|w| matches!(w.target, Target::Roster(_))).map(|w| (w.session, w.index)).collect();
        let ended = self.end_call(bridge, call);
        if switches.deactivated_at_end == Order::Before {
            self.deactivate(&ended, switches);
        }
        self.add_to_call_lists(&mut removal, bridge, &Item::Remove(call, reason));
        self.flush(&mut removal, world, bridge, switches);
        if switches.deactivated_at_end == Order::After {
            self.deactivate(&ended, switches);
        }
        if switches.late_updates {
            self.send_late_updates(&rosters, roster);
        }
    }

    /// Sends updates after the call's end, under the indexes of its rosters (events.md 3 and 6.2).
    fn send_late_updates(&self, rosters: &[(u64, i64)], people: &[Id]) {
        let late: Vec<String> =
            people.iter().map(|id| format!(r#"{{"participant":"{id}","updateType":"update","state":"connected"}}"#)).collect();
        for (session, index) in rosters.iter().filter(|_| !late.is_empty()) {
            let updates = late.join(",");
            let body = format!(r#""type":"rosterUpdate","subscriptionIndex":{index},"updates":[{updates}]}}}}"#);
            self.send(*session, SocketCommand::Message(body));
        }
    }

    fn deactivate(&self, ended: &[(u64, i64)], switches: &Switches) {
        let mut sessions: Vec<u64> = ended.iter().map(|(session, _)| *session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        for session in sessions {
            let indexes: Vec<i64> = ended.iter().filter(|(s, _)| *s == session).map(|(_, index)| *index).collect();
            self.send_states(session, &indexes, "deactivated", switches);
        }
    }
}

fn call_at(world: &World, meeting: Id, bridge: usize) -> Option<Id> {
    Some(world.meetings.get(&meeting)?.instance(bridge)?.call)
}
