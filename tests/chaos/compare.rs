//! Compares the rows of one page with the truth, field by field, once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use usher::model::{BridgeState, LegState, Lobby};
use usher::simulator::{Id, Lobby as TrueLobby, MeetingTruth, ParticipantTruth, Truth};
use usher::view::{MeetingRow, PersonRow, Row};

use crate::run::BRIDGES;
use crate::tab::Key;

/// The facts that a comparison needs besides the rows.
pub struct Facts<'a> {
    pub truth: &'a Truth,
    /// The arrival of each participant; Unix milliseconds.
    pub arrived: &'a std::collections::HashMap<Id, i64>,
    /// The end of the last fault; Unix milliseconds.
    pub healed_ms: i64,
    /// The delay within which a change must have been seen.
    pub slack: Duration,
}

/// Describes every difference.
pub fn differences(rows: &BTreeMap<Key, Value>, known: &Facts<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let (mut people, mut meetings, mut bridges) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for row in rows.values() {
        match serde_json::from_value::<Row>(row.clone()) {
            Ok(Row::Person(row)) => {
                people.insert(row.id.to_string(), row);
            }
            Ok(Row::Meeting(row)) => {
                meetings.insert(row.id.to_string(), row);
            }
            Ok(Row::Bridge(row)) => {
                bridges.insert(row.id.to_string(), row);
            }
            Ok(Row::Server(_) | Row::User(_)) => {}
            Err(error) => found.push(format!("no row: {row}: {error}")),
        }
    }
    for person in known.truth.participants() {
        match people.remove(&person.id.to_string()) {
            None => found.push(format!("missing: {person:?}")),
            Some(row) => compare_person(person, &row, known, &mut found),
        }
    }
    found.extend(people.values().map(|row| format!("ghost: {row:?}")));
    for meeting in &known.truth.meetings {
        match meetings.remove(&meeting.id.to_string()) {
            None => found.push(format!("missing meeting: {} {} {:?}", meeting.id, meeting.name, meeting.calls)),
            Some(row) => compare_meeting(meeting, &row, &mut found),
        }
    }
    found.extend(meetings.values().map(|row| format!("ghost meeting: {row:?}")));
    for name in BRIDGES {
        match bridges.remove(name) {
            Some(row) if row.state == BridgeState::Live && row.trouble.is_none() && row.silent_since.is_none() => {}
            other => found.push(format!("bridge {name}: {other:?}")),
        }
    }
    found.extend(bridges.keys().map(|name| format!("nobody's bridge: {name}")));
    found
}

fn compare_person(person: &ParticipantTruth, row: &PersonRow, known: &Facts<'_>, found: &mut Vec<String>) {
    let lobby = match person.lobby {
        TrueLobby::Waiting => Lobby::Waiting,
        TrueLobby::In => Lobby::In,
        TrueLobby::Ringing => Lobby::Unknown,
    };
    let state = match person.lobby {
        TrueLobby::Ringing => matches!(row.state, LegState::Initial | LegState::Ringing),
        _ => !matches!(row.state, LegState::Initial | LegState::Ringing),
    };
    let wrong: Vec<&str> = [
        ("lobby", row.lobby == lobby),
        ("name", *row.name == *person.name),
        ("home", row.bridge.as_deref() == Some(&person.bridge)),
        ("meeting", *row.meeting == person.meeting.to_string()),
        ("address", *row.address == *person.uri),
        ("state", state),
        ("activator", row.activator.is_none_or(|activator| activator == person.activator)),
        ("pending", row.pending.is_none()),
        ("waiting since", since_is_plausible(person, row, known)),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(field, _)| field)
    .collect();
    if !wrong.is_empty() {
        found.push(format!("{}: {person:?} (there since {:?}) is shown as {row:?}", wrong.join(", "), known.arrived.get(&person.id)));
    }
}

/// A wait starts neither before the participant came (a leg's age has whole seconds) nor after the wait could be seen.
fn since_is_plausible(person: &ParticipantTruth, row: &PersonRow, known: &Facts<'_>) -> bool {
    let Some(since) = row.waiting_since else { return row.lobby != Lobby::Waiting };
    let arrived = known.arrived.get(&person.id).copied().unwrap_or(person.since_ms);
    let seen = person.since_ms.max(known.healed_ms) + known.slack.as_millis() as i64;
    row.lobby == Lobby::Waiting && since >= arrived - 2000 && since <= seen
}

fn compare_meeting(meeting: &MeetingTruth, row: &MeetingRow, found: &mut Vec<String>) {
    let mut bridges: Vec<&str> = meeting.calls.iter().map(|call| &*call.bridge).collect();
    bridges.sort_unstable();
    bridges.dedup();
    let is_in = meeting.participants.iter().filter(|person| person.lobby == TrueLobby::In).count();
    let wrong: Vec<&str> = [
        ("waiting", row.waiting == meeting.waiting),
        ("in the call", row.in_call == is_in),
        ("unknown", row.unknown == 0),
        ("locked", row.locked == Some(meeting.locked)),
        ("name", *row.name == *meeting.name),
        ("recording", row.recording == meeting.recording),
        ("bridges", row.bridges.iter().map(|bridge| &**bridge).eq(bridges.iter().copied())),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(field, _)| field)
    .collect();
    if !wrong.is_empty() {
        let short = (&meeting.name, meeting.waiting, is_in, meeting.locked, &meeting.calls);
        found.push(format!("{} of meeting {short:?}: {row:?}", wrong.join(", ")));
    }
}

/// Differences between pages: all must show the same, and a new page must show the content of the hub.
pub fn differences_between_pages(views: &[(String, BTreeMap<Key, Value>)]) -> Vec<String> {
    let Some((first, rows)) = views.first() else { return vec!["no page".into()] };
    let others = views.iter().filter(|(_, others)| others != rows);
    others
        .map(|(name, others)| {
            let keys = rows.keys().chain(others.keys()).filter(|key| rows.get(*key) != others.get(*key));
            let keys = keys.collect::<std::collections::BTreeSet<_>>();
            let rows: Vec<_> = keys.iter().take(3).map(|key| (others.get(*key), rows.get(*key))).collect();
            format!("{name} differs from {first} in {keys:?}; the first of them, (here, there): {rows:?}")
        })
        .collect()
}
