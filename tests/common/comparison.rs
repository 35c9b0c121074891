//! Compares the rows of a page with the simulator's truth.

use usher::model::Lobby;
use usher::simulator::{Id, Lobby as TrueLobby};

use super::desk::Desk;
use super::page::Page;

/// All differences between the view and the truth, field by field; empty when there are none.
pub fn differences(page: &Page, desk: &Desk) -> Vec<String> {
    let truth = desk.control().truth();
    let mut found = Vec::new();
    for person in truth.participants() {
        match page.person(person.id) {
            Err(_) => found.push(format!("missing: {person:?}")),
            Ok(row) => {
                let expected = match person.lobby {
                    TrueLobby::Waiting => Lobby::Waiting,
                    TrueLobby::In => Lobby::In,
                    TrueLobby::Ringing => Lobby::Unknown,
                };
                let same = row.lobby == expected && *row.name == person.name && row.bridge.as_deref() == Some(&person.bridge);
                if !same || *row.meeting != person.meeting.to_string() {
                    found.push(format!("{person:?} is shown as {row:?}"));
                }
            }
        }
    }
    for row in page.people() {
        if Id::parse(&row.id).is_none_or(|id| truth.participant(id).is_none()) {
            found.push(format!("ghost: {row:?}"));
        }
    }
    for meeting in page.meetings() {
        match Id::parse(&meeting.id).and_then(|id| truth.meeting(id)) {
            None => found.push(format!("ghost meeting: {meeting:?}")),
            Some(true_meeting) if true_meeting.waiting != meeting.waiting || meeting.locked != Some(true_meeting.locked) => {
                found.push(format!("{} waiting, locked {}: {meeting:?}", true_meeting.waiting, true_meeting.locked));
            }
            Some(_) => {}
        }
    }
    found
}
