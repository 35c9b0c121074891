//! Turns changed facts into changed rows: the one task between the store and the hub. Knows neither CMS nor browsers.
//!
//! It rebuilds only rows whose facts changed, and its result equals a rebuild from nothing (a property test).

mod pace;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::audit::{AuditLog, Entry, moved_elsewhere};
use crate::clock::Now;
use crate::config::MeetingFilter;
use crate::displays::projection::{Fan, Line, Rows};
use crate::hub::Hub;
use crate::model::{BridgeState, BridgeStats, CallFacts, CallKey, Fault, Lobby, ParticipantId};
use crate::moderation::{Moderation, Settings};
use crate::saved_state::WaitingWriter;
use crate::store::{Dirty, Store, meetings};
use crate::view;
use crate::view::{Change, Kind, PersonRow, Row, RowKey, ServerRow, View};

/// Where changes go, and what else the publisher listens to.
pub struct Outlets {
    pub hub: Hub,
    pub memory: WaitingWriter,
    /// What every moderator must know about Usher itself.
    pub trouble: watch::Receiver<Option<Fault>>,
    /// What administrators see of the bridges, every second.
    pub figures: watch::Sender<Arc<[BridgeStats]>>,
    /// Which meetings are shown, from now on.
    pub filter: watch::Receiver<MeetingFilter>,
    /// Turns true when the first bridge has been read completely.
    pub ready: watch::Sender<bool>,
    /// Where lobby changes go that nobody at Usher made.
    pub log: AuditLog,
    /// What displays on walls are shown.
    pub walls: Fan,
}

/// Publishes changes until `stop`: the first at once, what follows within a tick together. Whether somebody waits is not held up by the tick,
/// unless many are found at once or many follow.
pub async fn run(mut publisher: Publisher, outlets: Outlets, tick: Duration, stop: CancellationToken) {
    let Outlets { hub, mut memory, mut trouble, figures, mut filter, ready, log, mut walls } = outlets;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = publisher.store.changed() => {}
            () = publisher.desk.changed() => {}
            Ok(()) = trouble.changed() => {}
            Ok(()) = filter.changed() => {}
            wish = walls.wish() => {
                walls.grant(wish, &publisher);
                continue;
            }
            _ = second.tick() => {
                walls.tidy(&publisher);
                figures.send_replace(publisher.store.figures().into());
                // What that changes is published next.
                publisher.desk.expire(Now::read());
                continue;
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
        // Whoever acts comes first.
        hub.publish(change.put.clone(), change.drop.clone());
        walls.follow(&change, &publisher);
        pace::pause(&publisher.store, pace::least(&change, hub.followers() + walls.followers()), tick).await;
    }
}

/// The rows as last published, with the indexes that make a change cheap.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    desk: Moderation,
    filter: MeetingFilter,
    view: View,
    /// The meeting each call was last seen in.
    meeting_of: HashMap<CallKey, Arc<str>>,
    calls_of: HashMap<Arc<str>, HashSet<CallKey>>,
    people_of: HashMap<Arc<str>, HashSet<ParticipantId>>,
    hidden: HashSet<Arc<str>>,
    trouble: Option<Fault>,
    /// Those that the rows were made with.
    settings: Arc<Settings>,
    /// Who was let in or put back elsewhere, not yet logged.
    moved: Vec<Entry>,
}

impl Publisher {
    pub fn new(store: Store, desk: Moderation, filter: MeetingFilter) -> Self {
        Self {
            settings: desk.settings(),
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
    pub fn refilter(&mut self, filter: MeetingFilter, mut dirty: Dirty) -> Dirty {
        self.filter = filter;
        dirty.calls.extend(self.store.all_calls());
        dirty
    }

    /// Everything that is known, as the first change.
    pub fn first(&mut self) -> Change {
        self.desk.touch_users();
        let dirty = Dirty {
            calls: self.store.all_calls().into_iter().collect(),
            people: self.store.all_people().into_iter().collect(),
            bridges: self.store.all_bridges().into_iter().collect(),
            lobby: false,
        };
        self.next(dirty, None)
    }

    /// The rows that differ now, and remembers them as published. `trouble` is what every moderator must know about Usher itself.
    pub fn next(&mut self, dirty: Dirty, trouble: Option<Fault>) -> Change {
        self.trouble = trouble;
        let mut change = Change::default();
        let mut meetings: HashSet<Arc<str>> = HashSet::new();
        let touched = self.desk.take_touched();
        let mut people = dirty.people;
        people.extend(touched.people);
        meetings.extend(touched.meetings);
        if self.desk.settings() != self.settings {
            self.settings = self.desk.settings();
            meetings.extend(self.calls_of.keys().cloned());
        }
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
        for name in &touched.users {
            let key = RowKey { kind: Kind::User, id: name.clone() };
            change.note(&key, self.view.get(&key), self.desk.user(name).map(Row::User));
        }
        let server = Row::Server(ServerRow {
            id: "server".into(),
            hidden_meetings: self.hidden.len(),
            trouble: self.trouble.clone(),
            admit_delay_s: self.settings.admit_delay.as_secs(),
            ask_above: self.settings.ask_above,
            undo_s: self.settings.undo.as_secs(),
            claim_s: self.settings.claim.as_secs(),
        });
        change.note(&server.key(), self.view.get(&server.key()), Some(server));
        view::apply(&mut self.view, &change);
        change
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    /// Finds the meeting of a changed call, and whom a change of it (new correlator, other filter verdict) touches.
    fn place_call(&mut self, key: &CallKey, meetings: &mut HashSet<Arc<str>>, people: &mut HashSet<ParticipantId>) {
        let now = self.store.with_call(key, |call| crate::model::meeting_id(key, &call.facts));
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
        self.settle(id, old.as_deref().and_then(as_person));
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
        // What a meeting's row is made of: who is still being called counts as nobody, so that the state matters as well.
        let counted = |row: &PersonRow| (row.lobby, row.waiting_since, row.hold.is_some(), row.state, row.activator, row.elsewhere.clone());
        if before != now || old.as_deref().and_then(as_person).map(counted) != row.as_ref().map(counted) {
            meetings.extend(before.into_iter().chain(now));
        }
        if let (Some(old), Some(row)) = (old.as_deref().and_then(as_person), &row) {
            let entry = moved_elsewhere(old, row, self.name_of(&row.meeting));
            self.moved.extend(entry.map(|entry| entry.located(&self.store)));
        }
        let row = row.map(Row::Person);
        change.note(&key, old.as_ref(), row.clone());
        match row {
            Some(row) => self.view.insert(key, Arc::new(row)),
            None => self.view.remove(&key),
        };
    }

    /// What moderators did about somebody's wait ends with it; what they did about somebody who is gone is forgotten.
    fn settle(&self, id: &ParticipantId, old: Option<&PersonRow>) {
        match self.store.with_person(id, |person| (person.departed, person.lobby.state)) {
            None | Some((true, _)) => self.desk.forget(id),
            Some((false, Lobby::In)) if old.is_none_or(|old| old.lobby != Lobby::In) => {
                self.desk.entered(id, old.is_some_and(|old| old.lobby == Lobby::Waiting));
            }
            Some((false, Lobby::Waiting)) if old.is_some_and(|old| old.lobby == Lobby::In) => self.desk.waits_again(id),
            Some(_) => {}
        }
    }

    fn person(&self, id: &ParticipantId) -> Option<PersonRow> {
        let meeting = meetings::meeting_of(&self.store, id)?;
        if self.hidden.contains(&meeting) {
            return None;
        }
        let desk = self.desk.person(id);
        self.store.with_person(id, |person| view::person_row(id, person, meeting, desk))?
    }

    /// The name of a meeting as last published.
    fn name_of(&self, meeting: &Arc<str>) -> &str {
        match self.view.get(&RowKey { kind: Kind::Meeting, id: meeting.clone() }).map(|row| &**row) {
            Some(Row::Meeting(row)) => &row.name,
            _ => "",
        }
    }

    /// The rows of who is in a meeting.
    fn people(&self, meeting: &Arc<str>) -> impl Iterator<Item = &PersonRow> {
        self.people_of.get(meeting).into_iter().flatten().filter_map(|person| {
            let key = RowKey { kind: Kind::Person, id: person.clone() };
            self.view.get(&key).map(|row| &**row).and_then(as_person)
        })
    }

    fn rebuild_meeting(&mut self, id: &Arc<str>, change: &mut Change) {
        let key = RowKey { kind: Kind::Meeting, id: id.clone() };
        let row = if self.hidden.contains(id) {
            None
        } else {
            let calls = self.calls(id);
            let desk = self.desk.meeting(id, &view::place(id, &calls));
            view::meeting_row(id, &calls, self.people(id), desk).map(Row::Meeting)
        };
        if row.is_none() && !self.calls_of.contains_key(id) {
            self.desk.forget_meeting(id);
        }
        change.note(&key, self.view.get(&key), row);
    }

    fn rebuild_bridge(&mut self, name: &Arc<str>, change: &mut Change) {
        let key = RowKey { kind: Kind::Bridge, id: name.clone() };
        let row = self.store.with_bridge(name, |facts| Row::Bridge(view::bridge_row(name, facts)));
        change.note(&key, self.view.get(&key), row);
    }
}

impl Rows for Publisher {
    fn view(&self) -> &View {
        &self.view
    }

    fn line(&self, meeting: &Arc<str>) -> Option<Line<'_>> {
        match self.view.get(&RowKey { kind: Kind::Meeting, id: meeting.clone() }).map(|row| &**row) {
            Some(Row::Meeting(row)) => Some(Line::new(row, self.people(meeting))),
            _ => None,
        }
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
mod tests;
