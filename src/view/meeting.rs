//! The row of a meeting, and how it follows from facts. Pure: takes no clock, socket or lock.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PersonRow;
use super::rows::is_zero;
use crate::config::MeetingFacts;
use crate::model::{
    Banner, BridgeName, CallFacts, CallKey, Claim, HasLobby, LegState, Lobby, LockMode, MeetingModeration, NamedBy, Outcome, Pending,
    Thresholds,
};
use crate::text::is_blank;

/// One meeting: all calls with the same `callCorrelator`, on any bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeetingRow {
    pub id: Arc<str>,
    /// The label; empty only when nothing names the meeting.
    pub name: Arc<str>,
    pub named_by: NamedBy,
    pub waiting: usize,
    /// How many of the waiting participants are held by a moderator. The JSON omits 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held: u32,
    pub in_call: usize,
    /// Participants whose lobby state is not known yet.
    pub unknown: usize,
    /// The earliest `waiting_since` of its participants who are not held.
    pub longest_since: Option<i64>,
    pub locked: Option<bool>,
    /// The participants that the lock keeps in the lobby; None where the profiles don't say.
    pub lock_mode: Option<LockMode>,
    /// Whether an activator is in the call; None where that is not known of everybody.
    pub activator: Option<bool>,
    /// Participants about whom CMS's answers are unreadable: the rows marked so, and the unreadable entries of its participant list, on the
    /// bridge that has most of them. The JSON omits 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreadable: u32,
    /// Participants hosted on Call Bridges that Usher does not follow, so that their lobby state can't be known.
    pub out_of_sight: usize,
    pub lobby: HasLobby,
    pub recording: bool,
    pub streaming: bool,
    /// Configured names of the bridges that have an instance, sorted.
    pub bridges: Vec<Arc<str>>,
    /// The moderator who handles the meeting's participants that have no claim of their own.
    pub claim: Option<Box<Claim>>,
    pub thresholds: Thresholds,
    /// The text that Usher had the meeting show to everybody in it.
    pub message: Option<Box<Banner>>,
    /// The current action on the whole meeting.
    pub pending: Option<Box<Pending>>,
    pub outcome: Option<Box<Outcome>>,
}

/// The key under which a meeting's own thresholds are stored: its space, so that the next meeting there has them too, or else its id.
pub fn threshold_key(meeting: &Arc<str>, calls: &[(CallKey, CallFacts)]) -> Arc<str> {
    calls.iter().find_map(|(_, call)| call.space.clone()).unwrap_or_else(|| meeting.clone())
}

/// The facts that the configured filter checks.
pub fn filter_facts(call: &CallFacts) -> MeetingFacts<'_> {
    MeetingFacts { name: label(call).0, space: call.space.as_deref(), tenant: call.tenant.as_deref() }
}

/// The row of a meeting from its instances and the rows of its participants. None where there is no instance.
pub fn meeting_row<'a>(
    id: &Arc<str>,
    calls: &[(CallKey, CallFacts)],
    people: impl Iterator<Item = &'a PersonRow>,
    moderation: MeetingModeration,
) -> Option<MeetingRow> {
    let first = &calls.first()?.1;
    let (name, named_by) = calls.iter().map(|(_, call)| label(call)).min_by_key(|(_, by)| *by as u8).unwrap_or(("", NamedBy::Nothing));
    let mut bridges: Vec<BridgeName> = calls.iter().map(|(key, _)| key.bridge.clone()).collect();
    bridges.sort();
    bridges.dedup();
    let mut row = MeetingRow {
        id: id.clone(),
        name: name.into(),
        named_by,
        waiting: 0,
        held: 0,
        in_call: 0,
        unknown: 0,
        longest_since: None,
        locked: calls.iter().filter_map(|(_, call)| call.locked).max().or(first.locked),
        lock_mode: calls.iter().find_map(|(_, call)| call.lock_mode),
        activator: None,
        unreadable: calls.iter().map(|(_, call)| call.unreadable).max().unwrap_or(0),
        out_of_sight: 0,
        lobby: HasLobby::Unknown,
        recording: calls.iter().any(|(_, call)| call.recording),
        streaming: calls.iter().any(|(_, call)| call.streaming),
        bridges,
        claim: moderation.claim.map(Box::new),
        thresholds: moderation.thresholds,
        message: moderation.message.map(Box::new),
        pending: moderation.status.pending.map(Box::new),
        outcome: moderation.status.outcome.map(Box::new),
    };
    count_people(&mut row, people);
    row.lobby = has_lobby(calls, &row);
    Some(row)
}

/// Fills the fields that follow from the rows of the meeting's participants.
fn count_people<'a>(row: &mut MeetingRow, people: impl Iterator<Item = &'a PersonRow>) {
    let (mut activators, mut unread) = (0, 0);
    for person in people {
        row.out_of_sight += usize::from(person.elsewhere.is_some());
        row.unreadable += u32::from(person.unreadable);
        match person.lobby {
            Lobby::Waiting => {
                row.waiting += 1;
                if person.hold.is_some() {
                    row.held += 1;
                } else {
                    row.longest_since = row.longest_since.into_iter().chain(person.waiting_since).min();
                }
            }
            Lobby::In => {
                row.in_call += 1;
                activators += usize::from(person.activator == Some(true));
                unread += usize::from(person.activator.is_none());
            }
            // A participant who is still being rung cannot wait: only an answered call can be in a lobby (rest.md section 3.7).
            Lobby::Unknown if matches!(person.state, LegState::Initial | LegState::Ringing) => {}
            Lobby::Unknown => row.unknown += 1,
        }
    }
    let everybody_known = unread == 0 && row.unknown == 0;
    row.activator = (activators > 0 || everybody_known).then_some(activators > 0);
}

/// `Yes` needs evidence, `No` needs every profile read and the lock known to be open; otherwise the answer is `Unknown`.
fn has_lobby(calls: &[(CallKey, CallFacts)], row: &MeetingRow) -> HasLobby {
    let seen = row.waiting > 0 || row.locked == Some(true) || calls.iter().any(|(_, call)| call.lobby_seen);
    let needs = |answer| calls.iter().any(|(_, call)| call.needs_activation == Some(answer));
    if seen || needs(true) {
        HasLobby::Yes
    } else if row.locked == Some(false) && needs(false) {
        HasLobby::No
    } else {
        HasLobby::Unknown
    }
}

/// The best name a call has, and what kind of name it is.
fn label(call: &CallFacts) -> (&str, NamedBy) {
    let candidates = [
        (Some(&call.name), NamedBy::Name),
        (call.space_name.as_ref(), NamedBy::Space),
        (call.space_uri.as_ref(), NamedBy::Address),
        (call.owner.as_ref(), NamedBy::Owner),
    ];
    candidates
        .into_iter()
        .find_map(|(text, by)| text.map(|text| text.trim()).filter(|text| !is_blank(text)).map(|text| (text, by)))
        .unwrap_or(("", NamedBy::Nothing))
}
