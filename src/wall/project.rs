//! From the desk's rows to a wall's: leaves out what the audience may not see. Pure.

use std::sync::Arc;

use super::{Audience, InLine, Names, WallBridge, WallMeeting, WallRow, WallServer, masked, names};
use crate::view::{BridgeRow, Lobby, MeetingRow, NamedBy, PersonRow, ServerRow};

/// So many of a line are named; the rest are counted.
const NAMED: usize = 8;

/// A meeting and who waits in it, the longest wait first. The same for every audience, so it is found once.
#[derive(Debug)]
pub struct Line<'a> {
    meeting: &'a MeetingRow,
    waiting: Vec<&'a PersonRow>,
}

impl<'a> Line<'a> {
    pub fn new(meeting: &'a MeetingRow, people: impl Iterator<Item = &'a PersonRow>) -> Self {
        let mut waiting: Vec<_> = people.filter(|person| person.lobby == Lobby::Waiting).collect();
        waiting.sort_by(|a, b| (a.waiting_since, &a.id).cmp(&(b.waiting_since, &b.id)));
        Self { meeting, waiting }
    }

    /// Somebody at the meeting, or at one of its people.
    fn handler(&self) -> Option<&Arc<str>> {
        let claims = std::iter::once(self.meeting.claim.as_ref()).chain(self.waiting.iter().map(|person| person.claim.as_ref()));
        claims.flatten().map(|claim| &claim.by).next()
    }
}

pub fn meeting(line: &Line<'_>, audience: &Audience) -> Option<WallRow> {
    let row = line.meeting;
    let views = audience.views_of(row);
    if views.is_empty() {
        return None;
    }
    // A wait that was seen to be too long is quiet for everybody, and who is on hold waits on purpose.
    let unseen = line.waiting.iter().find(|person| person.acknowledged.is_none() && person.hold.is_none());
    let in_line = |(index, person): (usize, &&PersonRow)| {
        let name = person.label.as_ref().unwrap_or(&person.name);
        InLine { n: index + 1, name: masked(name, audience.names).map(Into::into) }
    };
    let named = if audience.names == Names::None { 0 } else { NAMED };
    let handler = line.handler();
    Some(WallRow::Meeting(WallMeeting {
        id: row.id.clone(),
        title: audience.titles.then(|| title(row)).flatten(),
        waiting: row.waiting,
        unknown: row.unknown,
        in_call: row.in_call,
        longest_since: row.longest_since,
        up_to: line.waiting.first().is_some_and(|person| person.waiting_up_to),
        alarm_since: unseen.and_then(|person| person.waiting_since),
        first_s: row.thresholds.first_s,
        second_s: row.thresholds.second_s,
        in_line: line.waiting.iter().enumerate().take(named).map(in_line).collect(),
        handled_by: handler.filter(|_| audience.names != Names::None).cloned(),
        handled: handler.is_some(),
        locked: row.locked,
        lobby: row.lobby,
        bridges: row.bridges.clone(),
        views,
    }))
}

/// Addresses never, and the name of an owner is a person's.
fn title(row: &MeetingRow) -> Option<Arc<str>> {
    match row.named_by {
        NamedBy::Name | NamedBy::Space => names::title(&row.name).map(Into::into),
        NamedBy::Address | NamedBy::Owner | NamedBy::Nothing => None,
    }
}

pub fn bridge(row: &BridgeRow, audience: &Audience) -> Option<WallRow> {
    audience
        .concerns(&row.id)
        .then(|| WallRow::Bridge(WallBridge { id: row.id.clone(), state: row.state, since: row.since, silent_since: row.silent_since }))
}

pub fn server(row: &ServerRow) -> WallRow {
    WallRow::Server(WallServer { id: row.id.clone(), trouble: row.trouble.is_some() })
}
