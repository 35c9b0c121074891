//! A wall as a page without script shows it: computed once, at the moment of the request. Pure.

use std::sync::Arc;

use serde::Serialize;

use super::{InLine, WallMeeting, WallRow, What};
use crate::view::BridgeState;

/// So many meetings with people waiting are listed, and so many names in each line: without script nothing measures what fits.
const MEETINGS: usize = 6;
const NAMES: usize = 1;
/// So many of the meetings without anybody waiting are named.
const QUIET: usize = 4;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    pub waiting: usize,
    pub unknown: usize,
    pub longest_ms: Option<i64>,
    /// Meetings past a threshold.
    pub past: usize,
    pub meetings: Vec<Busy>,
    /// Meetings with people waiting beyond those listed.
    pub more: usize,
    /// Why none is listed, as the words of the catalogue are called.
    pub empty: Option<&'static str>,
    pub quiet: Vec<Arc<str>>,
    pub quiet_count: usize,
    /// Meetings without anybody waiting that have a title, beyond those named.
    pub quiet_more: usize,
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

/// What the rows say at `now` (Unix milliseconds), the worst first; of the `first` of the display's views.
pub fn overview(rows: &[WallRow], first: &What, now: i64) -> Overview {
    let mut bridges: Vec<Bridge> = rows.iter().filter_map(|row| bridge(row, now)).collect();
    let silent: Vec<Arc<str>> = bridges.iter().filter(|bridge| !bridge.fine).map(|bridge| bridge.id.clone()).collect();
    if let What::Bridges { bridges: only } = first {
        bridges.retain(|bridge| only.contains(&bridge.id));
    }
    let shown = rows.iter().filter_map(|row| match row {
        WallRow::Meeting(meeting) if meeting.views.contains(&0) => Some(meeting),
        _ => None,
    });
    let (mut busy, mut quiet): (Vec<_>, Vec<_>) = shown.partition(|meeting| meeting.waiting > 0);
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
        stale: meeting.bridges.iter().any(|bridge| silent.contains(bridge)),
    };
    let unknown = busy.iter().chain(&quiet).map(|meeting| meeting.unknown).sum();
    let answer = bridges.iter().filter(|bridge| bridge.fine).count();
    // Nobody is said not to wait while that is not known.
    let empty = match () {
        () if !busy.is_empty() => None,
        () if answer == 0 => Some("no_bridge"),
        () if unknown > 0 => Some("nobody_checking_n"),
        () if answer < bridges.len() => Some("nobody_read"),
        () if quiet.is_empty() && matches!(first, What::Meetings { .. }) => Some("none_chosen"),
        () if quiet.is_empty() => Some("no_meetings"),
        () => Some("nobody"),
    };
    let titled: Vec<&Arc<str>> = quiet.iter().filter_map(|meeting| meeting.title.as_ref()).collect();
    Overview {
        waiting: busy.iter().map(|meeting| meeting.waiting).sum(),
        unknown,
        empty,
        longest_ms: busy.iter().filter_map(|meeting| meeting.longest_since).min().map(|since| age(Some(since))),
        past: busy.iter().filter(|meeting| level(meeting) > 0).count(),
        meetings: busy.iter().take(MEETINGS).map(line).collect(),
        more: busy.len().saturating_sub(MEETINGS),
        quiet_count: quiet.len(),
        quiet_more: titled.len().saturating_sub(QUIET),
        quiet: titled.into_iter().take(QUIET).cloned().collect(),
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
            &What::All,
            now,
        );
        let lines: Vec<_> = seen.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.level, line.stale)).collect();
        assert_eq!(lines, [("b", 2, true), ("c", 1, false), ("a", 0, false)]);
        assert_eq!((seen.waiting, seen.unknown, seen.longest_ms, seen.past, seen.quiet_count), (4, 4, Some(300_000), 2, 1));
        assert_eq!((seen.meetings[0].more, seen.meetings[1].more), (1, 0));
        assert_eq!((seen.bridges[0].age_ms, seen.bridges[1].age_ms), (None, Some(7000)));
        assert_eq!((seen.empty, seen.more, &*seen.quiet, seen.quiet_more), (None, 0, &["d".into()][..], 0));
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let mut all = vec![bridge("eu-1", None)];
        all.extend((0..500).map(|n| meeting(&format!("m{n}"), n % 2, (n % 2 == 1).then_some(0), None, "eu-1")));
        let seen = overview(&rows(&all), &What::All, 1000);
        assert_eq!((seen.meetings.len(), seen.more, seen.quiet.len(), seen.quiet_more, seen.quiet_count), (6, 244, 4, 246, 250));
    }

    #[test]
    fn nobody_is_said_not_to_wait_while_that_is_not_known() {
        let known = |unknown: usize| {
            let mut row = meeting("d", 0, None, None, "eu-1");
            row["unknown"] = json!(unknown);
            row
        };
        let said = |all: &[Value], first: &What| overview(&rows(all), first, 10_000).empty;
        let (every, chosen) = (What::All, What::Meetings { meetings: Vec::new() });
        let of = |bridge: &str| What::Bridges { bridges: vec![bridge.into()] };
        let (fine, silent) = (bridge("eu-1", None), bridge("eu-2", Some(1)));
        assert_eq!(said(&[], &every), Some("no_bridge"));
        assert_eq!(said(&[silent.clone(), known(0)], &every), Some("no_bridge"));
        assert_eq!(said(&[fine.clone(), known(3)], &every), Some("nobody_checking_n"));
        assert_eq!(said(&[fine.clone(), silent.clone()], &every), Some("nobody_read"));
        assert_eq!(said(&[fine.clone(), silent.clone(), known(0)], &every), Some("nobody_read"));
        let both = [fine.clone(), silent, known(0)];
        assert_eq!(["eu-1", "eu-2", "gone"].map(|id| said(&both, &of(id))), [Some("nobody"), Some("no_bridge"), Some("no_bridge")]);
        assert_eq!(said(&[fine.clone(), known(0)], &every), Some("nobody"));
        let none = [fine];
        assert_eq!((said(&none, &every), said(&none, &chosen)), (Some("no_meetings"), Some("none_chosen")));
    }
}
