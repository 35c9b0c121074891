//! Turns changed facts into changed rows: the one task between the store and the hub. Knows neither CMS nor browsers.
//!
//! It rebuilds only rows whose facts changed, and its result equals a rebuild from nothing (a property test).

mod lobby_totals;
mod pace;
mod totals;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::audit::{AuditLog, Entry, moved_elsewhere};
use crate::clock::Now;
use crate::config::MeetingFilter;
use crate::displays::projection::{AudienceHubs, DeskRows, WaitingLine};
use crate::hub::Hub;
use crate::model::{BridgeState, BridgeStats, CallFacts, CallKey, Fault, Lobby, LobbySummary, ParticipantId, meeting_id};
use crate::moderation::{Moderation, ModerationSettings};
use crate::saved_state::WaitingWriter;
use crate::store::{DirtyFacts, Store, meetings};
use crate::view;
use crate::view::{Kind, MeetingRow, PersonRow, Row, RowKey, ServerRow, View, ViewDelta};

use lobby_totals::LobbyTotals;
pub use totals::Totals;

/// The publisher's inputs besides the store, and its outputs.
pub struct PublisherIo {
    pub hub: Hub,
    pub waits: WaitingWriter,
    /// The problem of Usher itself that every moderator must know.
    pub problem: watch::Receiver<Option<Fault>>,
    /// The bridges' statistics for administrators, sent every second.
    pub bridge_stats: watch::Sender<Arc<[BridgeStats]>>,
    /// The numbers that a service manager shows. They are sent every second, and so are the sign that this task lives.
    pub totals: watch::Sender<Totals>,
    /// The sums of all lobbies, for pages without rows.
    pub lobbies: watch::Sender<LobbySummary>,
    /// The filter of meetings; it changes with the configuration.
    pub filter: watch::Receiver<MeetingFilter>,
    /// Turns true when the first bridge has been read completely.
    pub ready: watch::Sender<bool>,
    /// Takes an entry for each lobby change that was not made with Usher.
    pub audit_log: AuditLog,
    /// The hubs of displays.
    pub audience_hubs: AudienceHubs,
}

/// Publishes changes until `stop`: the first at once, the ones that follow within a tick together. A changed lobby state ends the tick
/// early, unless there are many rows or many followers.
pub async fn run(mut publisher: Publisher, io: PublisherIo, tick: Duration, stop: CancellationToken) {
    let PublisherIo { hub, mut waits, mut problem, bridge_stats, totals, lobbies, mut filter, ready, audit_log, mut audience_hubs } = io;
    let mut lobby_totals = LobbyTotals::default();
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = publisher.store.changed() => {}
            () = publisher.moderation.changed() => {}
            Ok(()) = problem.changed() => {}
            Ok(()) = filter.changed() => {}
            request = audience_hubs.next_request() => {
                audience_hubs.serve(request, &publisher);
                continue;
            }
            _ = every_second.tick() => {
                audience_hubs.remove_unwatched(&publisher);
                bridge_stats.send_replace(publisher.store.stats().into());
                totals.send_replace(publisher.totals());
                // The rows that this changes are published in the next round.
                publisher.moderation.expire(Now::read());
                continue;
            }
        }
        let current_problem = problem.borrow_and_update().clone();
        let mut dirty = publisher.store.take_dirty();
        if publisher.filter != *filter.borrow_and_update() {
            dirty = publisher.refilter(filter.borrow().clone(), dirty);
        }
        let delta = publisher.next(dirty, current_problem);
        waits.follow(&delta);
        for entry in std::mem::take(&mut publisher.external_changes) {
            audit_log.add(entry);
        }
        if delta.put.iter().any(|row| is_ready(row)) {
            ready.send_replace(true);
        }
        // Moderators act on what they see, so the desk comes before the displays.
        hub.publish(delta.put.clone(), delta.drop.clone());
        if lobby_totals.follow(&delta) {
            lobbies.send_replace(lobby_totals.summary());
        }
        audience_hubs.follow(&delta, &publisher);
        pace::pause(&publisher.store, pace::least(&delta, hub.followers() + audience_hubs.followers()), tick).await;
    }
}

/// The rows as last published, with the indexes that make a change cheap.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    moderation: Moderation,
    filter: MeetingFilter,
    view: View,
    /// The meeting each call was last seen in.
    meeting_of: HashMap<CallKey, Arc<str>>,
    calls_of: HashMap<Arc<str>, HashSet<CallKey>>,
    people_of: HashMap<Arc<str>, HashSet<ParticipantId>>,
    hidden: HashSet<Arc<str>>,
    problem: Option<Fault>,
    /// The settings with which the rows were made.
    settings: Arc<ModerationSettings>,
    /// Entries about lobby changes made elsewhere, not yet in the audit log.
    external_changes: Vec<Entry>,
}

impl Publisher {
    pub fn new(store: Store, moderation: Moderation, filter: MeetingFilter) -> Self {
        Self {
            settings: moderation.settings(),
            store,
            moderation,
            filter,
            view: View::new(),
            meeting_of: HashMap::new(),
            calls_of: HashMap::new(),
            people_of: HashMap::new(),
            hidden: HashSet::new(),
            problem: None,
            external_changes: Vec::new(),
        }
    }

    /// Applies another filter: marks every call as changed, so that the next rows follow it.
    pub fn refilter(&mut self, filter: MeetingFilter, mut dirty: DirtyFacts) -> DirtyFacts {
        self.filter = filter;
        dirty.calls.extend(self.store.all_calls());
        dirty
    }

    /// The first delta: everything that is known.
    pub fn first(&mut self) -> ViewDelta {
        self.moderation.mark_users_dirty();
        let dirty = DirtyFacts {
            calls: self.store.all_calls().into_iter().collect(),
            people: self.store.all_people().into_iter().collect(),
            bridges: self.store.all_bridges().into_iter().collect(),
            lobby: false,
        };
        self.next(dirty, None)
    }

    /// Rebuilds the rows whose facts changed, remembers them as published, and returns the difference. `problem` is the problem of Usher
    /// itself that every moderator must know.
    pub fn next(&mut self, dirty: DirtyFacts, problem: Option<Fault>) -> ViewDelta {
        self.problem = problem;
        let mut delta = ViewDelta::default();
        let mut meetings: HashSet<Arc<str>> = HashSet::new();
        let touched = self.moderation.take_dirty();
        let mut people = dirty.people;
        people.extend(touched.people);
        meetings.extend(touched.meetings);
        if self.moderation.settings() != self.settings {
            self.settings = self.moderation.settings();
            meetings.extend(self.calls_of.keys().cloned());
        }
        for key in &dirty.calls {
            self.index_call(key, &mut meetings, &mut people);
        }
        for id in &people {
            self.update_person_row(id, &mut meetings, &mut delta);
        }
        for id in &meetings {
            self.update_meeting_row(id, &mut delta);
        }
        for name in &dirty.bridges {
            self.update_bridge_row(name, &mut delta);
        }
        for name in &touched.users {
            let key = RowKey { kind: Kind::User, id: name.clone() };
            delta.record(&key, self.view.get(&key), self.moderation.user(name).map(Row::User));
        }
        let server = Row::Server(ServerRow {
            id: "server".into(),
            hidden_meetings: self.hidden.len(),
            trouble: self.problem.clone(),
            admit_delay_s: self.settings.admit_delay.as_secs(),
            ask_above: self.settings.ask_above,
            undo_s: self.settings.undo.as_secs(),
            claim_s: self.settings.claim.as_secs(),
        });
        delta.record(&server.key(), self.view.get(&server.key()), Some(server));
        view::apply(&mut self.view, &delta);
        delta
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    /// Finds the meeting of a changed call. Adds the meetings and participants whose rows a change of it (another correlator, another
    /// result of the filter) affects.
    fn index_call(&mut self, key: &CallKey, meetings: &mut HashSet<Arc<str>>, people: &mut HashSet<ParticipantId>) {
        let now = self.store.with_call(key, |call| meeting_id(key, &call.facts));
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
            if self.apply_filter(&id) {
                people.extend(self.people_of.get(&id).into_iter().flatten().cloned());
                people.extend(self.calls_of.get(&id).into_iter().flatten().flat_map(|key| self.roster(key)));
            }
            meetings.insert(id);
        }
    }

    fn roster(&self, key: &CallKey) -> Vec<ParticipantId> {
        self.store.with_call(key, |call| call.roster.iter().cloned().collect()).unwrap_or_default()
    }

    /// Applies the filter to a meeting; true when the result changed.
    fn apply_filter(&mut self, id: &Arc<str>) -> bool {
        let calls = self.calls_in(id);
        let shown = calls.is_empty() || calls.iter().any(|(_, call)| self.filter.shows(view::filter_facts(call)));
        if shown { self.hidden.remove(id) } else { self.hidden.insert(id.clone()) }
    }

    fn calls_in(&self, id: &Arc<str>) -> Vec<(CallKey, CallFacts)> {
        let keys = self.calls_of.get(id).into_iter().flatten();
        let mut calls: Vec<_> = keys.filter_map(|key| Some((key.clone(), self.store.call_facts(key)?))).collect();
        calls.sort_by(|a, b| a.0.cmp(&b.0));
        calls
    }

    fn update_person_row(&mut self, id: &ParticipantId, meetings: &mut HashSet<Arc<str>>, delta: &mut ViewDelta) {
        let key = RowKey { kind: Kind::Person, id: id.clone() };
        let old = self.view.get(&key).cloned();
        let before = old.as_deref().and_then(as_person).map(|row| row.meeting.clone());
        self.expire_moderation(id, old.as_deref().and_then(as_person));
        let row = self.person_row(id);
        let now = row.as_ref().map(|row| row.meeting.clone());
        if before != now {
            if let Some(meeting) = &before {
                remove_from(&mut self.people_of, meeting, id);
            }
            if let Some(meeting) = &now {
                self.people_of.entry(meeting.clone()).or_default().insert(id.clone());
            }
        }
        // The fields that a meeting's row is made of. A participant who is still being called is not counted, so the leg's state matters
        // too.
        let counted = |row: &PersonRow| (row.lobby, row.waiting_since, row.hold.is_some(), row.state, row.activator, row.elsewhere.clone());
        if before != now || old.as_deref().and_then(as_person).map(counted) != row.as_ref().map(counted) {
            meetings.extend(before.into_iter().chain(now));
        }
        if let (Some(old), Some(row)) = (old.as_deref().and_then(as_person), &row) {
            let entry = moved_elsewhere(old, row, self.meeting_name(&row.meeting));
            self.external_changes.extend(entry.map(|entry| entry.located(&self.store)));
        }
        let row = row.map(Row::Person);
        delta.record(&key, old.as_ref(), row.clone());
        match row {
            Some(row) => self.view.insert(key, Arc::new(row)),
            None => self.view.remove(&key),
        };
    }

    /// Ends the moderation of a wait with the wait, and forgets that of participants who left.
    fn expire_moderation(&self, id: &ParticipantId, old: Option<&PersonRow>) {
        match self.store.with_person(id, |person| (person.departed, person.lobby.state)) {
            None | Some((true, _)) => self.moderation.forget(id),
            Some((false, Lobby::In)) if old.is_none_or(|old| old.lobby != Lobby::In) => {
                self.moderation.on_entered(id, old.is_some_and(|old| old.lobby == Lobby::Waiting));
            }
            Some((false, Lobby::Waiting)) if old.is_some_and(|old| old.lobby == Lobby::In) => self.moderation.on_waiting_again(id),
            Some(_) => {}
        }
    }

    fn person_row(&self, id: &ParticipantId) -> Option<PersonRow> {
        let meeting = meetings::meeting_of(&self.store, id)?;
        if self.hidden.contains(&meeting) {
            return None;
        }
        let moderation = self.moderation.person(id);
        self.store.find_in_person(id, |person| view::person_row(id, person, meeting, moderation))
    }

    /// The name of a meeting as last published.
    fn meeting_name(&self, meeting: &Arc<str>) -> &str {
        self.meeting_row(meeting).map_or("", |row| &row.name)
    }

    /// The row of a meeting as last published.
    fn meeting_row(&self, meeting: &Arc<str>) -> Option<&MeetingRow> {
        match &**self.view.get(&RowKey { kind: Kind::Meeting, id: meeting.clone() })? {
            Row::Meeting(row) => Some(row),
            _ => None,
        }
    }

    /// The rows of a meeting's participants.
    fn people_in(&self, meeting: &Arc<str>) -> impl Iterator<Item = &PersonRow> {
        self.people_of.get(meeting).into_iter().flatten().filter_map(|person| {
            let key = RowKey { kind: Kind::Person, id: person.clone() };
            self.view.get(&key).map(|row| &**row).and_then(as_person)
        })
    }

    fn update_meeting_row(&mut self, id: &Arc<str>, delta: &mut ViewDelta) {
        let key = RowKey { kind: Kind::Meeting, id: id.clone() };
        let row = if self.hidden.contains(id) {
            None
        } else {
            let calls = self.calls_in(id);
            let moderation = self.moderation.meeting(id, &view::threshold_key(id, &calls));
            view::meeting_row(id, &calls, self.people_in(id), moderation).map(Row::Meeting)
        };
        if row.is_none() && !self.calls_of.contains_key(id) {
            self.moderation.forget_meeting(id);
        }
        delta.record(&key, self.view.get(&key), row);
    }

    fn update_bridge_row(&mut self, name: &Arc<str>, delta: &mut ViewDelta) {
        let key = RowKey { kind: Kind::Bridge, id: name.clone() };
        let row = self.store.with_bridge(name, |facts| Row::Bridge(view::bridge_row(name, facts)));
        delta.record(&key, self.view.get(&key), row);
    }
}

impl DeskRows for Publisher {
    fn view(&self) -> &View {
        &self.view
    }

    fn waiting_line(&self, meeting: &Arc<str>) -> Option<WaitingLine<'_>> {
        self.meeting_row(meeting).map(|row| WaitingLine::new(row, self.people_in(meeting)))
    }
}

/// Whether the row of a bridge allows Usher to report itself ready: its rows are true, or it is paused and an administrator needs the page
/// to resume it.
fn is_ready(row: &Row) -> bool {
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
