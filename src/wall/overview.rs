//! A wall as a page without script shows it: computed once, at the moment of the request. Pure.

use std::sync::Arc;

use serde::Serialize;

use super::{InLine, WallMeeting, WallRow};
use crate::view::BridgeState;

/// So many meetings with people waiting are listed, and so many names in each line.
const MEETINGS: usize = 12;
const NAMES: usize = 4;
/// So many of the meetings without anybody waiting are named.
const QUIET: usize = 12;

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Overview {
    pub waiting: usize,
    pub unknown: usize,
    pub longest_ms: Option<i64>,
    /// Meetings past a threshold.
    pub past: usize,
    pub meetings: Vec<Busy>,
    /// Meetings with people waiting beyond those listed.
    pub more: usize,
    pub quiet: Vec<Option<Arc<str>>>,
    pub quiet_count: usize,
    pub bridges: Vec<Bridge>,
}

/// A meeting with people waiting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Busy {
    pub title: Option<Arc<str>>,
    pub bridges: Vec<Arc<str>>,
    pub waiting: usize,
    pub longest_ms: i64,
    /// Thresholds passed: 0, 1 or 2.
    pub level: u8,
    pub names: Vec<InLine>,
    /// Who waits beyond those named.
    pub more: usize,
    pub handled_by: Option<Arc<str>>,
    pub handled: bool,
    pub stale: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bridge {
    pub id: Arc<str>,
    pub state: BridgeState,
    pub fine: bool,
    pub age_ms: Option<i64>,
}

/// What the rows say at `now` (Unix milliseconds), the worst first; of the first of the display's views.
pub fn overview(rows: &[WallRow], now: i64) -> Overview {
    let bridges: Vec<Bridge> = rows.iter().filter_map(|row| bridge(row, now)).collect();
    let silent = |name: &Arc<str>| bridges.iter().any(|bridge| bridge.id == *name && !bridge.fine);
    let first = rows.iter().filter_map(|row| match row {
        WallRow::Meeting(meeting) if meeting.views.contains(&0) => Some(meeting),
        _ => None,
    });
    let (mut busy, mut quiet): (Vec<_>, Vec<_>) = first.partition(|meeting| meeting.waiting > 0);
    let past = |since: Option<i64>, seconds: u32| since.is_some_and(|since| now - since >= i64::from(seconds) * 1000);
    let level = |meeting: &WallMeeting| match meeting.alarm_since {
        since if past(since, meeting.second_s) => 2u8,
        since => u8::from(past(since, meeting.first_s)),
    };
    busy.sort_by_key(|meeting| (std::cmp::Reverse(level(meeting)), meeting.longest_since, meeting.id.clone()));
    quiet.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
    let age = |since: Option<i64>| since.map_or(0, |since| (now - since).max(0));
    let line = |meeting: &&WallMeeting| Busy {
        title: meeting.title.clone(),
        bridges: meeting.bridges.clone(),
        waiting: meeting.waiting,
        longest_ms: age(meeting.longest_since),
        level: level(meeting),
        names: meeting.in_line.iter().take(NAMES).cloned().collect(),
        more: if meeting.in_line.is_empty() { 0 } else { meeting.waiting.saturating_sub(meeting.in_line.len().min(NAMES)) },
        handled_by: meeting.handled_by.clone(),
        handled: meeting.handled,
        stale: meeting.bridges.iter().any(silent),
    };
    Overview {
        waiting: busy.iter().map(|meeting| meeting.waiting).sum(),
        unknown: busy.iter().chain(&quiet).map(|meeting| meeting.unknown).sum(),
        longest_ms: busy.iter().filter_map(|meeting| meeting.longest_since).min().map(|since| age(Some(since))),
        past: busy.iter().filter(|meeting| level(meeting) > 0).count(),
        meetings: busy.iter().take(MEETINGS).map(line).collect(),
        more: busy.len().saturating_sub(MEETINGS),
        quiet_count: quiet.len(),
        quiet: quiet.iter().take(QUIET).map(|meeting| meeting.title.clone()).collect(),
        bridges,
    }
}

fn bridge(row: &WallRow, now: i64) -> Option<Bridge> {
    let WallRow::Bridge(row) = row else { return None };
    let answers = matches!(row.state, BridgeState::Live | BridgeState::Polling);
    let since = row.silent_since.or((!answers).then_some(row.since));
    Some(Bridge { id: row.id.clone(), state: row.state, fine: since.is_none(), age_ms: since.map(|since| (now - since).max(0)) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rows(rows: &[Value]) -> Vec<WallRow> {
        rows.iter().map(|row| serde_json::from_value(row.clone()).expect("a row")).collect()
    }

    fn meeting(id: &str, waiting: usize, since: Option<i64>, alarm: Option<i64>, bridge: &str) -> Value {
        json!({
            "kind": "meeting", "id": id, "title": id, "waiting": waiting, "unknown": 1, "in_call": 0, "longest_since": since, "up_to": false,
            "alarm_since": alarm, "first_s": 60, "second_s": 120, "in_line": [{ "n": 1, "name": "Bo B." }], "handled_by": null, "handled": false,
            "locked": true, "lobby": "yes", "bridges": [bridge], "views": [0]
        })
    }

    fn bridge(id: &str, silent_since: Option<i64>) -> Value {
        json!({ "kind": "bridge", "id": id, "state": "live", "since": 0, "silent_since": silent_since })
    }

    #[test]
    fn the_worst_comes_first_and_only_what_is_old_looks_old() {
        let now = 1_000_000;
        let mut elsewhere = meeting("e", 9, Some(0), Some(0), "eu-1");
        elsewhere["views"] = json!([1]);
        let seen = overview(
            &rows(&[
                bridge("eu-1", None),
                bridge("eu-2", Some(now - 7000)),
                meeting("a", 1, Some(now - 300_000), None, "eu-1"),
                meeting("b", 2, Some(now - 130_000), Some(now - 130_000), "eu-2"),
                meeting("c", 1, Some(now - 70_000), Some(now - 70_000), "eu-1"),
                meeting("d", 0, None, None, "eu-1"),
                elsewhere,
            ]),
            now,
        );
        let lines: Vec<_> = seen.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.level, line.stale)).collect();
        assert_eq!(lines, [("b", 2, true), ("c", 1, false), ("a", 0, false)]);
        assert_eq!((seen.waiting, seen.unknown, seen.longest_ms, seen.past, seen.quiet_count), (4, 4, Some(300_000), 2, 1));
        assert_eq!((seen.meetings[0].more, seen.meetings[1].more), (1, 0));
        assert_eq!((seen.bridges[0].age_ms, seen.bridges[1].age_ms), (None, Some(7000)));
    }
}
