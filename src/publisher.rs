//! Turns changed facts into changed rows: the one task between the store and the hub. Knows neither CMS nor browsers.
//!
//! It rebuilds only rows whose facts changed, and its result equals a rebuild from nothing (a property test).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Filter;
use crate::desk::Desk;
use crate::hub::Hub;
use crate::log::{Entry, Log, moved_elsewhere};
use crate::memory::WaitingWriter;
use crate::model::{CallFacts, CallKey, ParticipantId};
use crate::store::{Dirty, Store};
use crate::view::{self, BridgeFigures, BridgeState, Change, Kind, PersonRow, Row, RowKey, ServerRow, Trouble, View};

/// Where changes go, and what else the publisher listens to.
pub struct Outlets {
    pub hub: Hub,
    pub memory: WaitingWriter,
    /// What every moderator must know about Usher itself.
    pub trouble: watch::Receiver<Option<Trouble>>,
    /// What administrators see of the bridges, every second.
    pub figures: watch::Sender<Arc<[BridgeFigures]>>,
    /// Which meetings are shown, from now on.
    pub filter: watch::Receiver<Filter>,
    /// Turns true when the first bridge has been read completely.
    pub ready: watch::Sender<bool>,
    /// Where lobby changes go that nobody at Usher made.
    pub log: Log,
}

/// Publishes changes until `stop`: the first at once, what follows within a tick together.
pub async fn run(mut publisher: Publisher, outlets: Outlets, tick: Duration, stop: CancellationToken) {
    let Outlets { hub, mut memory, mut trouble, figures, mut filter, ready, log } = outlets;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = publisher.store.changed() => {}
            Ok(()) = trouble.changed() => {}
            Ok(()) = filter.changed() => {}
            _ = second.tick() => {
                figures.send_replace(publisher.store.figures().into());
                let expired = publisher.desk.expire(Instant::now());
                if expired.is_empty() {
                    continue;
                }
                publisher.store.touch_people(&expired);
            }
        }
        let standing = trouble.borrow_and_update().clone();
        let mut dirty = publisher.store.take_dirty();
        if publisher.filter != *filter.borrow_and_update() {
            dirty = publisher.refilter(filter.borrow().clone(), dirty);
        }
        let change = publisher.next(dirty, standing);
        memory.follow(&change);
        std::mem::take(&mut publisher.moved).into_iter().for_each(|entry| log.add(entry));
        if change.put.iter().any(|row| is_settled(row)) {
            ready.send_replace(true);
        }
        hub.publish(change.put, change.drop);
        tokio::time::sleep(tick).await;
    }
}

/// The rows as last published, with the indexes that make a change cheap.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    desk: Desk,
    filter: Filter,
    view: View,
    /// The meeting each call was last seen in.
    meeting_of: HashMap<CallKey, Arc<str>>,
    calls_of: HashMap<Arc<str>, HashSet<CallKey>>,
    people_of: HashMap<Arc<str>, HashSet<ParticipantId>>,
    hidden: HashSet<Arc<str>>,
    trouble: Option<Trouble>,
    /// Who was let in or put back elsewhere, not yet logged.
    moved: Vec<Entry>,
}

impl Publisher {
    pub fn new(store: Store, desk: Desk, filter: Filter) -> Self {
        Self {
            store,
            desk,
            filter,
            view: View::new(),
            meeting_of: HashMap::new(),
            calls_of: HashMap::new(),
            people_of: HashMap::new(),
            hidden: HashSet::new(),
            trouble: None,
            moved: Vec::new(),
        }
    }

    /// Judges every meeting by another filter; what that changes comes with the next rows.
    pub fn refilter(&mut self, filter: Filter, mut dirty: Dirty) -> Dirty {
        self.filter = filter;
        dirty.calls.extend(self.store.all_calls());
        dirty
    }

    /// Everything that is known, as the first change.
    pub fn first(&mut self) -> Change {
        let dirty = Dirty {
            calls: self.store.all_calls().into_iter().collect(),
            people: self.store.all_people().into_iter().collect(),
            bridges: self.store.all_bridges().into_iter().collect(),
        };
        self.next(dirty, None)
    }

    /// The rows that differ now, and remembers them as published. `trouble` is what every moderator must know about Usher itself.
    pub fn next(&mut self, dirty: Dirty, trouble: Option<Trouble>) -> Change {
        self.trouble = trouble;
        let mut change = Change::default();
        let mut meetings: HashSet<Arc<str>> = HashSet::new();
        let mut people = dirty.people;
        for key in &dirty.calls {
            self.place_call(key, &mut meetings, &mut people);
        }
        for id in &people {
            self.place_person(id, &mut meetings, &mut change);
        }
        for id in &meetings {
            self.rebuild_meeting(id, &mut change);
        }
        for name in &dirty.bridges {
            self.rebuild_bridge(name, &mut change);
        }
        let server = Row::Server(ServerRow { id: "server".into(), hidden_meetings: self.hidden.len(), trouble: self.trouble.clone() });
        change.note(&server.key(), self.view.get(&server.key()), Some(server));
        view::apply(&mut self.view, &change);
        change
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    /// Finds the meeting of a changed call, and whom a change of it (new correlator, other filter verdict) touches.
    fn place_call(&mut self, key: &CallKey, meetings: &mut HashSet<Arc<str>>, people: &mut HashSet<ParticipantId>) {
        let now = self.store.with_call(key, |call| view::meeting_id(key, &call.facts));
        let before = self.meeting_of.get(key).cloned();
        if before != now {
            if let Some(id) = &before {
                self.meeting_of.remove(key);
                remove_from(&mut self.calls_of, id, key);
            }
            if let Some(id) = &now {
                self.meeting_of.insert(key.clone(), id.clone());
                self.calls_of.entry(id.clone()).or_default().insert(key.clone());
            }
        }
        for id in before.into_iter().chain(now) {
            if self.judge(&id) {
                people.extend(self.people_of.get(&id).into_iter().flatten().cloned());
                people.extend(self.calls_of.get(&id).into_iter().flatten().flat_map(|key| self.roster(key)));
            }
            meetings.insert(id);
        }
    }

    fn roster(&self, key: &CallKey) -> Vec<ParticipantId> {
        self.store.with_call(key, |call| call.roster.iter().cloned().collect()).unwrap_or_default()
    }

    /// Applies the filter to a meeting; true when the verdict changed.
    fn judge(&mut self, id: &Arc<str>) -> bool {
        let calls = self.calls(id);
        let shown = calls.is_empty() || calls.iter().any(|(_, call)| self.filter.shows(view::filter_facts(call)));
        if shown { self.hidden.remove(id) } else { self.hidden.insert(id.clone()) }
    }

    fn calls(&self, id: &Arc<str>) -> Vec<(CallKey, CallFacts)> {
        let keys = self.calls_of.get(id).into_iter().flatten();
        let mut calls: Vec<_> = keys.filter_map(|key| Some((key.clone(), self.store.with_call(key, |call| call.facts.clone())?))).collect();
        calls.sort_by(|a, b| a.0.cmp(&b.0));
        calls
    }

    fn place_person(&mut self, id: &ParticipantId, meetings: &mut HashSet<Arc<str>>, change: &mut Change) {
        let key = RowKey { kind: Kind::Person, id: id.clone() };
        let old = self.view.get(&key).cloned();
        let before = old.as_deref().and_then(as_person).map(|row| row.meeting.clone());
        let row = self.person(id);
        let now = row.as_ref().map(|row| row.meeting.clone());
        if before != now {
            if let Some(meeting) = &before {
                remove_from(&mut self.people_of, meeting, id);
            }
            if let Some(meeting) = &now {
                self.people_of.entry(meeting.clone()).or_default().insert(id.clone());
            }
        }
        if row.is_none() && old.is_some() {
            self.desk.forget(id);
        }
        // What a meeting's row is made of: who is still being called counts as nobody, so that the state matters as well.
        let counted = |row: &PersonRow| (row.lobby, row.waiting_since, row.state, row.activator, row.elsewhere.clone());
        if before != now || old.as_deref().and_then(as_person).map(counted) != row.as_ref().map(counted) {
            meetings.extend(before.into_iter().chain(now));
        }
        if let (Some(old), Some(row)) = (old.as_deref().and_then(as_person), &row) {
            self.moved.extend(moved_elsewhere(old, row, self.name_of(&row.meeting)));
        }
        let row = row.map(Row::Person);
        change.note(&key, old.as_ref(), row.clone());
        match row {
            Some(row) => self.view.insert(key, Arc::new(row)),
            None => self.view.remove(&key),
        };
    }

    fn person(&self, id: &ParticipantId) -> Option<PersonRow> {
        let call = self.store.with_person(id, |person| view::face(person).map(|listing| listing.key.clone()))??;
        let meeting = self.store.with_call(&call, |facts| view::meeting_id(&call, &facts.facts))?;
        if self.hidden.contains(&meeting) {
            return None;
        }
        let desk = self.desk.get(id);
        self.store.with_person(id, |person| view::person_row(id, person, meeting, desk))?
    }

    /// The name of a meeting as last published.
    fn name_of(&self, meeting: &Arc<str>) -> &str {
        match self.view.get(&RowKey { kind: Kind::Meeting, id: meeting.clone() }).map(|row| &**row) {
            Some(Row::Meeting(row)) => &row.name,
            _ => "",
        }
    }

    fn rebuild_meeting(&mut self, id: &Arc<str>, change: &mut Change) {
        let key = RowKey { kind: Kind::Meeting, id: id.clone() };
        let row = if self.hidden.contains(id) {
            None
        } else {
            let people = self.people_of.get(id).into_iter().flatten();
            let rows = people.filter_map(|person| {
                let key = RowKey { kind: Kind::Person, id: person.clone() };
                self.view.get(&key).map(|row| &**row).and_then(as_person)
            });
            view::meeting_row(id, &self.calls(id), rows).map(Row::Meeting)
        };
        change.note(&key, self.view.get(&key), row);
    }

    fn rebuild_bridge(&mut self, name: &Arc<str>, change: &mut Change) {
        let key = RowKey { kind: Kind::Bridge, id: name.clone() };
        let row = self.store.with_bridge(name, |facts| Row::Bridge(view::bridge_row(name, facts)));
        change.note(&key, self.view.get(&key), row);
    }
}

/// There is something true to show of it; or it is paused, and whoever may end that must get to the page.
fn is_settled(row: &Row) -> bool {
    matches!(row, Row::Bridge(bridge) if matches!(bridge.state, BridgeState::Live | BridgeState::Polling | BridgeState::Paused))
}

fn as_person(row: &Row) -> Option<&PersonRow> {
    match row {
        Row::Person(person) => Some(person),
        _ => None,
    }
}

fn remove_from<V: Eq + std::hash::Hash>(map: &mut HashMap<Arc<str>, HashSet<V>>, key: &Arc<str>, value: &V) {
    if let Some(set) = map.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Now;
    use crate::config::Rules;
    use crate::model::{Home, LegState, Lobby, LobbyFact, RosterPatch};

    /// One thing that a bridge or a moderator may do, on few enough objects that they meet.
    #[derive(Debug, Clone)]
    enum Step {
        Call { bridge: u8, call: u8, correlator: Option<u8>, name: u8 },
        End { bridge: u8, call: u8 },
        List { bridge: u8, call: u8, person: u8, name: u8, state: LegState },
        Unlist { bridge: u8, call: u8, person: u8 },
        Home { person: u8, bridge: u8 },
        Lobby { person: u8, state: Lobby },
        Admit { person: u8 },
        Activator { person: u8, activator: Option<bool> },
        Away { person: u8 },
        Publish,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let (bridge, call, person) = (0..3u8, 0..3u8, 0..6u8);
        let state = prop_oneof![Just(LegState::Ringing), Just(LegState::Connected)];
        let step =
            prop_oneof![
                (bridge.clone(), call.clone(), proptest::option::of(0..3u8), 0..3u8)
                    .prop_map(|(bridge, call, correlator, name)| Step::Call { bridge, call, correlator, name }),
                (bridge.clone(), call.clone()).prop_map(|(bridge, call)| Step::End { bridge, call }),
                (bridge.clone(), call.clone(), person.clone(), 0..3u8, state).prop_map(|(bridge, call, person, name, state)| Step::List {
                    bridge,
                    call,
                    person,
                    name,
                    state
                }),
                (bridge.clone(), call, person.clone()).prop_map(|(bridge, call, person)| Step::Unlist { bridge, call, person }),
                (person.clone(), bridge).prop_map(|(person, bridge)| Step::Home { person, bridge }),
                (person.clone(), prop_oneof![Just(Lobby::Unknown), Just(Lobby::Waiting), Just(Lobby::In)])
                    .prop_map(|(person, state)| Step::Lobby { person, state }),
                (person.clone(), proptest::option::of(proptest::bool::ANY))
                    .prop_map(|(person, activator)| Step::Activator { person, activator }),
                person.clone().prop_map(|person| Step::Away { person }),
                person.prop_map(|person| Step::Admit { person }),
                Just(Step::Publish),
            ];
        proptest::collection::vec(step, 0..60)
    }

    fn key(bridge: u8, call: u8) -> CallKey {
        CallKey { bridge: format!("b{bridge}").into(), call: format!("c{call}").into() }
    }

    fn person(n: u8) -> ParticipantId {
        format!("p{n}").into()
    }

    fn take(store: &Store, desk: &Desk, step: &Step, now: Now) {
        match step {
            Step::Call { bridge, call, correlator, name } => {
                store.put_call(&key(*bridge, *call), |facts| {
                    facts.name = format!("n{name}").into();
                    facts.correlator = correlator.map(|n| format!("m{n}").into());
                });
            }
            Step::End { bridge, call } => store.remove_call(&key(*bridge, *call)),
            Step::List { bridge, call, person: n, name, state } => {
                let patch = RosterPatch { name: Some(format!("n{name}").into()), state: Some(*state), ..RosterPatch::default() };
                store.list_person(&key(*bridge, *call), &person(*n), patch, now.instant, now);
            }
            Step::Unlist { bridge, call, person: n } => drop(store.unlist_person(&key(*bridge, *call), &person(*n))),
            Step::Home { person: n, bridge } => {
                store.update_person(&person(*n), |entry| entry.home = Some(Home::Bridge(format!("b{bridge}").into())));
            }
            Step::Lobby { person: n, state } => {
                let since = (*state == Lobby::Waiting).then_some(1);
                store.update_person(&person(*n), |entry| entry.lobby = LobbyFact { state: *state, since, ..LobbyFact::default() });
            }
            Step::Activator { person: n, activator } => drop(store.update_person(&person(*n), |entry| entry.activator = *activator)),
            Step::Away { person: n } => {
                store.update_person(&person(*n), |entry| entry.home = Some(Home::Elsewhere { id: "x".into(), name: None }));
            }
            Step::Admit { person: n } => {
                desk.begin(&person(*n), &"mo".into(), now);
                store.touch_people([&person(*n)]);
            }
            Step::Publish => {}
        }
    }

    proptest! {
        #[test]
        fn following_changes_gives_the_same_view_as_building_it_from_nothing(steps in steps(), hidden in proptest::bool::ANY) {
            let exclude = if hidden { Rules { names: vec!["n1".into()], ..Rules::default() } } else { Rules::default() };
            let filter = Filter { exclude, ..Filter::default() };
            let (store, desk) = (Store::default(), Desk::default());
            let mut publisher = Publisher::new(store.clone(), desk.clone(), filter.clone());
            let mut page = View::new();
            let now = Now { instant: Instant::now(), unix_ms: 1 };
            for step in steps.iter().chain([&Step::Publish]) {
                take(&store, &desk, step, now);
                if matches!(step, Step::Publish) {
                    view::apply(&mut page, &publisher.next(store.take_dirty(), None));
                }
            }
            let mut anew = Publisher::new(store.clone(), desk.clone(), filter);
            anew.first();
            prop_assert_eq!(publisher.view(), anew.view());
            prop_assert_eq!(&page, anew.view());
        }
    }
}
