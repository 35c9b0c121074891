//! From the desk's rows to a wall's: leaves out what the audience may not see. Pure.

use std::sync::Arc;

use super::{Audience, InLine, Names, WallBridge, WallMeeting, WallRow, WallServer, masked, name_masking};
use crate::model::{Lobby, NamedBy};
use crate::view::{BridgeRow, MeetingRow, PersonRow, ServerRow};

/// So many of a line are named; the rest are counted.
const NAMED: usize = 8;

/// A meeting and who waits in it, the longest wait first and those on hold last. The same for every audience, so it is found once.
#[derive(Debug)]
pub struct Line<'a> {
    meeting: &'a MeetingRow,
    waiting: Vec<&'a PersonRow>,
}

impl<'a> Line<'a> {
    pub fn new(meeting: &'a MeetingRow, people: impl Iterator<Item = &'a PersonRow>) -> Self {
        let mut waiting: Vec<_> = people.filter(|person| person.lobby == Lobby::Waiting).collect();
        waiting.sort_by(|a, b| (a.hold.is_some(), a.waiting_since, &a.id).cmp(&(b.hold.is_some(), b.waiting_since, &b.id)));
        Self { meeting, waiting }
    }

    /// Somebody at the meeting, or at one of its people.
    fn handler(&self) -> Option<&Arc<str>> {
        let claims = std::iter::once(self.meeting.claim.as_ref()).chain(self.waiting.iter().map(|person| person.claim.as_ref()));
        claims.flatten().map(|claim| &claim.by).next()
    }

    /// Those who may wait too long: a wait that was seen to be so is quiet for everybody, and who is on hold waits on purpose.
    fn unseen(&self) -> impl Iterator<Item = &&PersonRow> {
        self.waiting.iter().filter(|person| person.acknowledged.is_none() && person.hold.is_none())
    }

    /// Somebody is at each of those who may wait too long.
    fn is_handled(&self) -> bool {
        self.meeting.claim.is_some() || (self.handler().is_some() && self.unseen().all(|person| person.claim.is_some()))
    }
}

pub fn meeting(line: &Line<'_>, audience: &Audience) -> Option<WallRow> {
    let row = line.meeting;
    let views = audience.views_of(row);
    if views.is_empty() {
        return None;
    }
    let in_line = |(index, person): (usize, &&PersonRow)| {
        let name = person.label.as_ref().unwrap_or(&person.name);
        InLine { n: index + 1, name: masked(name, audience.names).map(Into::into), held: person.hold.is_some() }
    };
    let named = if audience.names == Names::None { 0 } else { NAMED };
    // Where no name leaves the server, none does; and what one signs in with may be an address.
    let nameless = matches!(audience.names, Names::Number | Names::None);
    let named_handler = line.handler().filter(|by| !nameless && !by.contains('@'));
    Some(WallRow::Meeting(WallMeeting {
        id: row.id.clone(),
        title: audience.titles.then(|| title(row)).flatten(),
        waiting: row.waiting,
        held: row.held,
        unknown: row.unknown,
        in_call: row.in_call,
        longest_since: row.longest_since,
        up_to: line.waiting.first().is_some_and(|person| person.hold.is_none() && person.waiting_up_to),
        alarm_since: line.unseen().next().and_then(|person| person.waiting_since),
        first_s: row.thresholds.first_s,
        second_s: row.thresholds.second_s,
        in_line: line.waiting.iter().enumerate().take(named).map(in_line).collect(),
        handled_by: named_handler.cloned(),
        handled: line.is_handled(),
        locked: row.locked,
        lobby: row.lobby,
        bridges: row.bridges.clone(),
        views,
    }))
}

/// Addresses never, and the name of an owner is a person's.
fn title(row: &MeetingRow) -> Option<Arc<str>> {
    match row.named_by {
        NamedBy::Name | NamedBy::Space => name_masking::title(&row.name).map(Into::into),
        NamedBy::Address | NamedBy::Owner | NamedBy::Nothing => None,
    }
}

/// Also for those whose views are of other bridges: a meeting of theirs may be on this one as well, and old with it.
pub fn bridge(row: &BridgeRow) -> WallRow {
    WallRow::Bridge(WallBridge { id: row.id.clone(), state: row.state, since: row.since, silent_since: row.silent_since })
}

pub fn server(row: &ServerRow) -> WallRow {
    WallRow::Server(WallServer { id: row.id.clone(), trouble: row.trouble.is_some() })
}
