//! Records which socket watches what on which bridge, indexed by call. It writes to queues, never to sockets.

use std::collections::HashMap;

use crate::simulator::id::Id;
use tokio::sync::mpsc::UnboundedSender;

use super::outbox::{self, Item, Watch};
use super::subscription::{Subscription, Target};
use crate::simulator::switches::Switches;
use crate::simulator::world::World;

/// A command from the hub to a socket's task.
#[derive(Debug)]
pub(crate) enum SocketCommand {
    /// A message without the start of its envelope and `messageId`.
    Message(String),
    /// Makes the socket read the switches again.
    Wake,
    /// Breaks the connection without a close frame.
    Cut,
    /// Closes with this code, or without one.
    Close(Option<u16>),
}

/// The subscriptions that a bridge stops serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubscriptionKind {
    Calls,
    Rosters,
}

#[derive(Debug)]
struct Session {
    bridge: usize,
    queue: UnboundedSender<SocketCommand>,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) calls: Vec<Watch>,
    pub(crate) by_call: HashMap<Id, Vec<Watch>>,
}

#[derive(Debug)]
pub(crate) struct Hub {
    sessions: HashMap<u64, Session>,
    pub(crate) bridges: Vec<Index>,
    next: u64,
}

impl Hub {
    pub(crate) fn new(bridges: usize) -> Self {
        Self { sessions: HashMap::new(), bridges: (0..bridges).map(|_| Index::default()).collect(), next: 0 }
    }

    pub(crate) fn open(&mut self, bridge: usize, queue: UnboundedSender<SocketCommand>) -> u64 {
        self.next += 1;
        self.sessions.insert(self.next, Session { bridge, queue, subscriptions: Vec::new() });
        self.next
    }

    pub(crate) fn close(&mut self, session: u64) {
        self.unwatch(session);
        self.sessions.remove(&session);
    }

    pub(crate) fn send(&self, session: u64, command: SocketCommand) {
        if let Some(session) = self.sessions.get(&session) {
            // A socket that has just ended needs no command.
            let _ = session.queue.send(command);
        }
    }

    /// Sends a command to every socket of one bridge, or of all.
    pub(crate) fn broadcast(&self, bridge: Option<usize>, command: impl Fn() -> SocketCommand) {
        for session in self.sessions.values() {
            if bridge.is_none_or(|b| b == session.bridge) {
                let _ = session.queue.send(command());
            }
        }
    }

    /// Replaces the whole set (events.md 3): pending, active, then the current objects as `add` (4.1, 6.1).
    pub(crate) fn replace(&mut self, id: u64, wanted: &[Subscription], world: &World, switches: &Switches) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let bridge = session.bridge;
        let kept = |s: &Subscription| session.subscriptions.contains(s);
        let (dead, live): (Vec<Subscription>, Vec<Subscription>) =
            wanted.iter().copied().partition(|s| !target_exists(world, bridge, s.target));
        let limit = match switches.active_limit {
            _ if switches.never_active => 0,
            0 => live.len(),
            limit => limit.min(live.len()),
        };
        let restated = |s: &&Subscription| switches.pending_again || !kept(s);
        let pending: Vec<i64> = live.iter().filter(restated).map(|s| s.index).collect();
        let live = &live[..limit];
        let active: Vec<i64> = live.iter().filter(restated).map(|s| s.index).collect();
        let filled: Vec<Subscription> = live.iter().filter(|s| switches.readd_on_replacement || !kept(s)).copied().collect();
        let gone: Vec<i64> = dead.iter().map(|s| s.index).collect();
        let mut watched = live.to_vec();
        if switches.late_updates {
            watched.extend(session.subscriptions.iter().filter(|old| !wanted.contains(old) && target_exists(world, bridge, old.target)));
        }
        self.watch(id, bridge, watched);
        self.send_states(id, &pending, "pending", switches);
        self.send_states(id, &active, "active", switches);
        self.send_states(id, &gone, "deactivated", switches);
        for subscription in filled {
            self.send_initial_items(id, bridge, subscription, world, switches);
        }
    }

    pub(crate) fn send_states(&self, session: u64, indexes: &[i64], state: &str, switches: &Switches) {
        let items: Vec<String> = indexes.iter().map(|index| format!(r#"{{"index":{index},"state":"{state}"}}"#)).collect();
        let size = if switches.subscription_updates_split { 1 } else { items.len().max(1) };
        for part in items.chunks(size) {
            let list = part.join(",");
            let body = format!(r#""type":"subscriptionUpdate","subscriptions":[{list}]}}}}"#);
            self.send(session, SocketCommand::Message(body));
        }
    }

    /// Removes the subscriptions to a call that has ended; returns their sessions and indexes.
    pub(crate) fn end_call(&mut self, bridge: usize, call: Id) -> Vec<(u64, i64)> {
        let ended = self.bridges[bridge].by_call.remove(&call).unwrap_or_default();
        for watch in &ended {
            if let Some(session) = self.sessions.get_mut(&watch.session) {
                session.subscriptions.retain(|s| s.index != watch.index);
            }
        }
        ended.iter().map(|w| (w.session, w.index)).collect()
    }

    /// Stops pushing all rosters of a bridge, or its list of calls, while the calls go on (events.md 4.2).
    pub(crate) fn stop_pushing(&mut self, bridge: usize, kind: SubscriptionKind, switches: &Switches) {
        let sessions: Vec<u64> = self.sessions.iter().filter(|(_, session)| session.bridge == bridge).map(|(id, _)| *id).collect();
        for id in sessions {
            let all = self.sessions.get(&id).map(|session| session.subscriptions.clone()).unwrap_or_default();
            let is_of_kind = |s: &Subscription| match kind {
                SubscriptionKind::Rosters => matches!(s.target, Target::Roster(_)),
                SubscriptionKind::Calls => s.target == Target::Calls,
            };
            let (stopped, others): (Vec<Subscription>, Vec<Subscription>) = all.iter().copied().partition(is_of_kind);
            let kept = if switches.late_updates { all } else { others };
            self.watch(id, bridge, kept);
            let indexes: Vec<i64> = stopped.iter().map(|s| s.index).collect();
            if !indexes.is_empty() {
                self.send_states(id, &indexes, "deactivated", switches);
            }
        }
    }

    fn watch(&mut self, id: u64, bridge: usize, live: Vec<Subscription>) {
        self.unwatch(id);
        for s in &live {
            let watch = Watch { session: id, index: s.index, target: s.target, elements: s.elements };
            match s.target {
                Target::Calls => self.bridges[bridge].calls.push(watch),
                Target::Info(call) | Target::Roster(call) => {
                    self.bridges[bridge].by_call.entry(call).or_default().push(watch);
                }
            }
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.subscriptions = live;
        }
    }

    fn unwatch(&mut self, id: u64) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let index = &mut self.bridges[session.bridge];
        for s in session.subscriptions.drain(..) {
            match s.target {
                Target::Calls => index.calls.retain(|w| w.session != id),
                Target::Info(call) | Target::Roster(call) => {
                    if let Some(watches) = index.by_call.get_mut(&call) {
                        watches.retain(|w| w.session != id);
                        if watches.is_empty() {
                            index.by_call.remove(&call);
                        }
                    }
                }
            }
        }
    }

    fn send_initial_items(&self, id: u64, bridge: usize, s: Subscription, world: &World, switches: &Switches) {
        let items: Vec<Item> = match s.target {
            Target::Calls => world.bridges[bridge].calls.iter().map(Item::Add).collect(),
            Target::Info(call) => vec![Item::Add(call)],
            Target::Roster(call) => {
                world.meeting_of_call(bridge, call).map(|m| m.people.iter().map(Item::Add).collect()).unwrap_or_default()
            }
        };
        if items.is_empty() && !switches.empty_list_message {
            return;
        }
        let watch = Watch { session: id, index: s.index, target: s.target, elements: s.elements };
        for body in outbox::messages(world, bridge, &watch, &items, switches) {
            self.send(id, SocketCommand::Message(body));
        }
    }
}

/// Whether the subject of a subscription exists.
pub(crate) fn target_exists(world: &World, bridge: usize, target: Target) -> bool {
    match target {
        Target::Calls => true,
        Target::Info(call) | Target::Roster(call) => world.meeting_of_call(bridge, call).is_some(),
    }
}
