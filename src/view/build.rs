//! How each row follows from facts. Pure: takes no clock, socket or lock.

use std::sync::Arc;

use super::{BridgeRow, MeetingRow, PersonRow};
use crate::config::MeetingFacts;
use crate::model::{
    BridgeFacts, BridgeName, CallFacts, CallKey, HasLobby, Home, LegState, Lobby, MeetingModeration, NamedBy, Participant, ParticipantId,
    PersonModeration,
};
use crate::text::is_blank;

/// What a meeting has in common with the next one at the same place: its space, or nothing but itself.
pub fn place(meeting: &Arc<str>, calls: &[(CallKey, CallFacts)]) -> Arc<str> {
    calls.iter().find_map(|(_, call)| call.space.clone()).unwrap_or_else(|| meeting.clone())
}

/// What the configured filter looks at.
pub fn filter_facts(call: &CallFacts) -> MeetingFacts<'_> {
    MeetingFacts { name: label(call).0, space: call.space.as_deref(), tenant: call.tenant.as_deref() }
}

pub fn person_row(id: &ParticipantId, person: &Participant, meeting: Arc<str>, desk: PersonModeration) -> Option<PersonRow> {
    let listing = person.primary_listing()?;
    let waiting = person.lobby.state == Lobby::Waiting;
    Some(PersonRow {
        id: id.clone(),
        meeting,
        name: listing.name.clone(),
        address: listing.address.clone(),
        lobby: person.lobby.state,
        waiting_since: person.lobby.since.filter(|_| waiting),
        waiting_up_to: waiting && person.lobby.up_to,
        seen_since: person.seen_since,
        bridge: match &person.home {
            Some(Home::Bridge(name)) => Some(name.clone()),
            Some(Home::Elsewhere { .. }) | None => None,
        },
        elsewhere: match &person.home {
            Some(Home::Elsewhere { id, name }) => Some(name.clone().unwrap_or_else(|| id.clone())),
            Some(Home::Bridge(_)) | None => None,
        },
        state: listing.state,
        unreadable: person.unreadable.leg || (person.unreadable.participant && person.home.is_none()),
        muted: listing.muted,
        presenter: listing.presenter,
        activator: person.activator,
        label: desk.label,
        pending: desk.acted.pending.map(Box::new),
        outcome: desk.acted.outcome.map(Box::new),
        admitted: desk.admitted.filter(|_| !waiting).map(Box::new),
        sent_back: desk.sent_back.filter(|_| waiting).map(Box::new),
        claim: desk.claim.map(Box::new),
        hold: desk.hold.filter(|_| person.lobby.state != Lobby::In).map(Box::new),
        acknowledged: desk.acknowledged.filter(|_| person.lobby.state != Lobby::In).map(Box::new),
    })
}

/// The row of a meeting from its instances and the rows of its people.
pub fn meeting_row<'a>(
    id: &Arc<str>,
    calls: &[(CallKey, CallFacts)],
    people: impl Iterator<Item = &'a PersonRow>,
    desk: MeetingModeration,
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
        claim: desk.claim.map(Box::new),
        thresholds: desk.thresholds,
        message: desk.message.map(Box::new),
        pending: desk.acted.pending.map(Box::new),
        outcome: desk.acted.outcome.map(Box::new),
    };
    let (mut activators, mut unread) = (0, 0);
    for person in people {
        row.out_of_sight += usize::from(person.elsewhere.is_some());
        row.unreadable += u32::from(person.unreadable);
        if person.lobby == Lobby::In {
            activators += usize::from(person.activator == Some(true));
            unread += usize::from(person.activator.is_none());
        }
        match person.lobby {
            Lobby::Waiting => {
                row.waiting += 1;
                if person.hold.is_some() {
                    row.held += 1;
                } else {
                    row.longest_since = row.longest_since.into_iter().chain(person.waiting_since).min();
                }
            }
            Lobby::In => row.in_call += 1,
            // Somebody who is still being rung cannot wait: only an answered call can be in a lobby (rest.md section 3.7).
            Lobby::Unknown if matches!(person.state, LegState::Initial | LegState::Ringing) => {}
            Lobby::Unknown => row.unknown += 1,
        }
    }
    let everybody_known = unread == 0 && row.unknown == 0;
    row.activator = (activators > 0 || everybody_known).then_some(activators > 0);
    row.lobby = has_lobby(calls, &row);
    Some(row)
}

/// `Yes` needs evidence, `No` needs every profile read and the lock known to be open; else nothing is claimed.
fn has_lobby(calls: &[(CallKey, CallFacts)], row: &MeetingRow) -> HasLobby {
    let seen = row.waiting > 0 || row.locked == Some(true) || calls.iter().any(|(_, call)| call.lobby_seen);
    let needs = |answer| calls.iter().any(|(_, call)| call.needs_activation == Some(answer));
    match () {
        () if seen || needs(true) => HasLobby::Yes,
        () if row.locked == Some(false) && needs(false) => HasLobby::No,
        () => HasLobby::Unknown,
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

pub fn bridge_row(name: &BridgeName, facts: &BridgeFacts) -> BridgeRow {
    BridgeRow {
        id: name.clone(),
        state: facts.state,
        since: facts.since,
        silent_since: facts.answered.filter(|_| facts.silent).map(|(_, unix_ms)| unix_ms),
        trouble: facts.trouble.clone(),
        version: facts.version.clone(),
        unique_name: facts.unique_name.clone().filter(|own| own != name),
        can_admit: facts.can_admit,
        can_send_back: facts.can_send_back,
        polled_calls: facts.polled_calls,
        unreadable_calls: facts.unreadable_calls,
        cdr: facts.cdr.state,
        cdr_trouble: facts.cdr.trouble.clone(),
        paused_by: facts.paused_by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::view::Row;

    /// There are 50,000 of them: what few have is boxed.
    #[test]
    fn a_row_is_small() {
        assert!(size_of::<Row>() <= 208, "{}", size_of::<Row>());
    }
}
