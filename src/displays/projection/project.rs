//! Projects the desk's rows to those of displays: leaves out everything that the audience may not see. Pure.

use std::sync::Arc;

use super::{Audience, InLine, NameDetail, WallBridge, WallMeeting, WallRow, WallServer, masked, name_masking};
use crate::model::{Lobby, NamedBy};
use crate::view::{BridgeRow, MeetingRow, PersonRow, ServerRow};

/// The most participants of a meeting that are named; the others are counted.
const MAX_NAMED: usize = 8;

/// A meeting and its waiting participants, the longest wait first and those on hold last. It is the same for every audience, so it is made
/// once.
#[derive(Debug)]
pub struct WaitingLine<'a> {
    meeting: &'a MeetingRow,
    waiting: Vec<&'a PersonRow>,
}

impl<'a> WaitingLine<'a> {
    pub fn new(meeting: &'a MeetingRow, people: impl Iterator<Item = &'a PersonRow>) -> Self {
        let mut waiting: Vec<_> = people.filter(|person| person.lobby == Lobby::Waiting).collect();
        waiting.sort_by(|a, b| (a.hold.is_some(), a.waiting_since, &a.id).cmp(&(b.hold.is_some(), b.waiting_since, &b.id)));
        Self { meeting, waiting }
    }

    /// The moderator who handles the meeting, or the first of its participants that is handled.
    fn handler(&self) -> Option<&Arc<str>> {
        let claims = std::iter::once(self.meeting.claim.as_ref()).chain(self.waiting.iter().map(|person| person.claim.as_ref()));
        claims.flatten().map(|claim| &claim.by).next()
    }

    /// The participants whose wait may alarm: it is neither acknowledged nor on hold.
    fn alarming(&self) -> impl Iterator<Item = &&PersonRow> {
        self.waiting.iter().filter(|person| person.acknowledged.is_none() && person.hold.is_none())
    }

    /// Whether a moderator handles the meeting, or each participant whose wait may alarm.
    fn is_handled(&self) -> bool {
        self.meeting.claim.is_some() || (self.handler().is_some() && self.alarming().all(|person| person.claim.is_some()))
    }
}

pub fn meeting(line: &WaitingLine<'_>, audience: &Audience) -> Option<WallRow> {
    let row = line.meeting;
    let views = audience.views_of(row);
    if views.is_empty() {
        return None;
    }
    let in_line = |(index, person): (usize, &&PersonRow)| {
        let name = person.label.as_ref().unwrap_or(&person.name);
        InLine { n: index + 1, name: masked(name, audience.names).map(Into::into), held: person.hold.is_some() }
    };
    let named = if audience.names == NameDetail::None { 0 } else { MAX_NAMED };
    // A display that shows no names shows no moderator's either, and the name that somebody signs in with may be an address.
    let nameless = matches!(audience.names, NameDetail::Number | NameDetail::None);
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
        alarm_since: line.alarming().next().and_then(|person| person.waiting_since),
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

/// The title of a meeting. None where the only label is an address or its owner's name: displays never show those.
fn title(row: &MeetingRow) -> Option<Arc<str>> {
    match row.named_by {
        NamedBy::Name | NamedBy::Space => name_masking::title(&row.name).map(Into::into),
        NamedBy::Address | NamedBy::Owner | NamedBy::Nothing => None,
    }
}

/// The row of a bridge. Displays of other bridges get it too: a meeting of theirs may also be on this one, and be stale with it.
pub fn bridge(row: &BridgeRow) -> WallRow {
    WallRow::Bridge(WallBridge { id: row.id.clone(), state: row.state, since: row.since, silent_since: row.silent_since })
}

pub fn server(row: &ServerRow) -> WallRow {
    WallRow::Server(WallServer { id: row.id.clone(), trouble: row.trouble.is_some() })
}
