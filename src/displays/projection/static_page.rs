//! A wall as a page without script shows it: computed once, at the moment of the request. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::{InLine, ViewFilter, WallMeeting, WallRow};
use crate::model::BridgeState;

/// So many meetings with people waiting are listed, and so many names in each line: without script nothing measures what fits.
const MEETINGS: usize = 6;
const NAMES: usize = 1;
/// So many of the meetings without anybody waiting are named.
const QUIET: usize = 4;
/// So many bridges that do not answer are named.
const SILENT: usize = 3;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Those on hold are counted in `held` alone.
    pub waiting: usize,
    pub held: usize,
    /// All who wait are as they were last known.
    pub waiting_old: bool,
    pub unknown: usize,
    pub longest: Option<Longest>,
    /// Meetings past a threshold.
    pub past: usize,
    pub past_old: bool,
    pub meetings: Vec<Busy>,
    /// Meetings with people waiting beyond those listed.
    pub more: usize,
    /// Why none is listed, as the words of the catalogue are called.
    pub empty: Option<&'static str>,
    pub quiet: Vec<Arc<str>>,
    pub quiet_count: usize,
    pub quiet_old: bool,
    /// Meetings without anybody waiting that have a title, beyond those named.
    pub quiet_more: usize,
    pub bridges: Vec<Bridge>,
    pub strip: Option<Strip>,
}

/// The longest wait.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Longest {
    pub ms: i64,
    /// Thresholds that its meeting has passed.
    pub level: u8,
    pub old: bool,
}

/// What says that something is old.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Strip {
    /// The bridges that do not answer, the longest silent first.
    pub bridges: String,
    pub age_ms: i64,
    /// Who waits where it is not known any more.
    pub doubtful: usize,
}

/// A meeting with people waiting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Busy {
    pub title: Option<Arc<str>>,
    pub bridges: Vec<Arc<str>>,
    pub waiting: usize,
    pub held: u32,
    /// None where all who wait are on hold.
    pub longest_ms: Option<i64>,
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

/// A meeting at the moment, as `order.js` judges it.
struct Judged<'a> {
    row: &'a WallMeeting,
    /// One of its bridges does not answer.
    old: bool,
    /// How long its longest wait was when last heard of.
    ms: i64,
    level: u8,
    /// The wait it is ordered by.
    need: i64,
}

impl<'a> Judged<'a> {
    fn new(row: &'a WallMeeting, ages: &HashMap<Arc<str>, i64>, now: i64) -> Self {
        let of = |bridge: &Arc<str>| ages.get(bridge).copied().unwrap_or(0);
        let old = row.bridges.iter().any(|bridge| of(bridge) > 0);
        // A wait goes on as long as one of its bridges answers.
        let until = now - row.bridges.iter().map(of).min().unwrap_or(0);
        let past = |since: Option<i64>| since.map_or(0, |since| (until - since).max(0));
        let (ms, alarm) = (past(row.longest_since), past(row.alarm_since));
        let level = [row.first_s, row.second_s].iter().filter(|seconds| alarm >= i64::from(**seconds) * 1000).count() as u8;
        Self { row, old, ms, level, need: if level > 0 { alarm } else { ms } }
    }
}

/// What the rows say at `now` (Unix milliseconds), the worst first; of the `first` of the display's views.
pub fn overview(rows: &[WallRow], first: &ViewFilter, now: i64) -> Overview {
    let mut bridges: Vec<Bridge> = rows.iter().filter_map(|row| bridge(row, now)).collect();
    let ages = bridges.iter().filter_map(|bridge| Some((bridge.id.clone(), bridge.age_ms?))).collect();
    if let ViewFilter::Bridges { bridges: only } = first {
        bridges.retain(|bridge| only.contains(&bridge.id));
    }
    let shown = rows.iter().filter_map(|row| match row {
        WallRow::Meeting(meeting) if meeting.views.contains(&0) => Some(Judged::new(meeting, &ages, now)),
        _ => None,
    });
    let (mut busy, mut quiet): (Vec<_>, Vec<_>) = shown.partition(|meeting| meeting.row.waiting > 0);
    busy.sort_by(|a, b| (b.level, b.need, &a.row.id).cmp(&(a.level, a.need, &b.row.id)));
    quiet.sort_by(|a, b| (&a.row.title, &a.row.id).cmp(&(&b.row.title, &b.row.id)));
    let unknown = busy.iter().chain(&quiet).map(|meeting| meeting.row.unknown).sum();
    let answer = bridges.iter().filter(|bridge| bridge.fine).count();
    // Nobody is said not to wait while that is not known.
    let empty = match () {
        () if !busy.is_empty() => None,
        () if answer == 0 => Some("no_bridge"),
        () if unknown > 0 => Some("nobody_checking_n"),
        () if answer < bridges.len() => Some("nobody_read"),
        () if quiet.is_empty() && matches!(first, ViewFilter::Meetings { .. }) => Some("none_chosen"),
        () if quiet.is_empty() => Some("no_meetings"),
        () => Some("nobody"),
    };
    let all_old = |of: &[&Judged<'_>]| answer == 0 || (!of.is_empty() && of.iter().all(|meeting| meeting.old));
    let past: Vec<_> = busy.iter().filter(|meeting| meeting.level > 0).collect();
    let longest = busy.iter().filter(|meeting| meeting.row.longest_since.is_some()).min_by_key(|meeting| std::cmp::Reverse(meeting.ms));
    let titled: Vec<&Arc<str>> = quiet.iter().filter_map(|meeting| meeting.row.title.as_ref()).collect();
    Overview {
        waiting: busy.iter().map(|meeting| meeting.row.waiting - meeting.row.held as usize).sum(),
        held: busy.iter().map(|meeting| meeting.row.held as usize).sum(),
        waiting_old: all_old(&busy.iter().collect::<Vec<_>>()),
        unknown,
        empty,
        longest: longest.map(|of| Longest { ms: of.ms, level: of.level, old: all_old(&[of]) }),
        past: past.len(),
        past_old: all_old(&past),
        meetings: busy.iter().take(MEETINGS).map(line).collect(),
        more: busy.len().saturating_sub(MEETINGS),
        quiet_count: quiet.len(),
        quiet_old: all_old(&quiet.iter().collect::<Vec<_>>()),
        quiet_more: titled.len().saturating_sub(QUIET),
        quiet: titled.into_iter().take(QUIET).cloned().collect(),
        strip: strip(&bridges, busy.iter().filter(|meeting| meeting.old).map(|meeting| meeting.row.waiting).sum()),
        bridges,
    }
}

fn line(of: &Judged<'_>) -> Busy {
    let row = of.row;
    Busy {
        title: row.title.clone(),
        bridges: row.bridges.clone(),
        waiting: row.waiting - row.held as usize,
        held: row.held,
        longest_ms: row.longest_since.map(|_| of.ms),
        level: of.level,
        names: row.in_line.iter().take(NAMES).cloned().collect(),
        more: if row.in_line.is_empty() { 0 } else { row.waiting.saturating_sub(row.in_line.len().min(NAMES)) },
        handled_by: row.handled_by.clone(),
        handled: row.handled,
        stale: of.old,
    }
}

fn strip(bridges: &[Bridge], doubtful: usize) -> Option<Strip> {
    let mut old: Vec<_> = bridges.iter().filter_map(|bridge| Some((bridge.age_ms?, &*bridge.id))).collect();
    old.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    let age_ms = old.first()?.0;
    let mut names: Vec<_> = old.iter().take(SILENT).map(|(_, id)| (*id).to_owned()).collect();
    if old.len() > SILENT {
        names.push(format!("+{}", old.len() - SILENT));
    }
    Some(Strip { bridges: names.join(", "), age_ms, doubtful })
}

fn bridge(row: &WallRow, now: i64) -> Option<Bridge> {
    let WallRow::Bridge(row) = row else { return None };
    let answers = matches!(row.state, BridgeState::Live | BridgeState::Polling);
    let since = row.silent_since.or((!answers).then_some(row.since));
    Some(Bridge { id: row.id.clone(), state: row.state, fine: since.is_none(), age_ms: since.map(|since| (now - since).max(1)) })
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
                meeting("b", 2, Some(now - 137_000), Some(now - 137_000), "eu-2"),
                meeting("c", 1, Some(now - 70_000), Some(now - 70_000), "eu-1"),
                meeting("d", 0, None, None, "eu-1"),
                elsewhere,
            ]),
            &ViewFilter::All,
            now,
        );
        let lines: Vec<_> = seen.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.level, line.stale)).collect();
        assert_eq!(lines, [("b", 2, true), ("c", 1, false), ("a", 0, false)]);
        assert_eq!((seen.waiting, seen.unknown, seen.past, seen.quiet_count), (4, 4, 2, 1));
        // The longest wait alarms nobody: it is not said to be too long because another one is.
        assert_eq!(seen.longest, Some(Longest { ms: 300_000, level: 0, old: false }));
        assert_eq!(seen.strip, Some(Strip { bridges: "eu-2".into(), age_ms: 7000, doubtful: 2 }));
        assert_eq!((seen.meetings[0].more, seen.meetings[1].more), (1, 0));
        assert_eq!((seen.bridges[0].age_ms, seen.bridges[1].age_ms), (None, Some(7000)));
        assert_eq!((seen.empty, seen.more, &*seen.quiet, seen.quiet_more), (None, 0, &["d".into()][..], 0));
    }

    #[test]
    fn a_wait_stands_still_where_no_bridge_answers_and_looks_old_wherever_it_is_told() {
        let now = 100_000_000;
        let hours = 3 * 3_600_000;
        let silent = |more: &[Value]| {
            let mut all = vec![
                bridge("eu-1", None),
                bridge("eu-2", Some(now - hours)),
                meeting("b", 2, Some(now - hours - 90_000), Some(now - hours - 90_000), "eu-2"),
                meeting("q", 0, None, None, "eu-2"),
            ];
            all.extend_from_slice(more);
            overview(&rows(&all), &ViewFilter::All, now)
        };
        let seen = silent(&[]);
        assert_eq!((seen.meetings[0].longest_ms, seen.meetings[0].level), (Some(90_000), 1), "and not three hours more");
        assert_eq!(seen.longest, Some(Longest { ms: 90_000, level: 1, old: true }));
        assert_eq!((seen.waiting_old, seen.past_old, seen.quiet_old), (true, true, true));
        assert_eq!(seen.strip, Some(Strip { bridges: "eu-2".into(), age_ms: hours, doubtful: 2 }));
        let mut both = meeting("c", 1, Some(now - 130_000), Some(now - 130_000), "eu-1");
        both["bridges"] = json!(["eu-1", "eu-2"]);
        let seen = silent(&[both, meeting("d", 1, Some(now - 200_000), None, "eu-1"), meeting("e", 0, None, None, "eu-1")]);
        let line = &seen.meetings[0];
        assert_eq!(
            (line.title.as_deref(), line.longest_ms, line.level, line.stale),
            (Some("c"), Some(130_000), 2, true),
            "it goes on at eu-1"
        );
        assert_eq!(seen.longest, Some(Longest { ms: 200_000, level: 0, old: false }));
        assert_eq!((seen.waiting_old, seen.past_old, seen.quiet_old), (false, true, false));
        let many: Vec<Value> = (1..6).map(|n| bridge(&format!("b{n}"), Some(now - n * 1000))).collect();
        let strip = overview(&rows(&many), &ViewFilter::All, now).strip.expect("a strip");
        assert_eq!((&*strip.bridges, strip.age_ms), ("b5, b4, b3, +2", 5000));
    }

    #[test]
    fn people_on_hold_are_counted_apart_and_are_never_the_longest_wait() {
        let (mut all_held, mut one_held) = (meeting("a", 2, None, None, "eu-1"), meeting("b", 3, Some(400_000), None, "eu-1"));
        (all_held["held"], one_held["held"]) = (json!(2), json!(1));
        let seen = overview(&rows(&[bridge("eu-1", None), all_held, one_held]), &ViewFilter::All, 1_000_000);
        let lines: Vec<_> =
            seen.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.waiting, line.held, line.longest_ms)).collect();
        assert_eq!(lines, [("b", 2, 1, Some(600_000)), ("a", 0, 2, None)]);
        assert_eq!((seen.waiting, seen.held, seen.longest.map(|longest| longest.ms)), (2, 3, Some(600_000)));
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let mut all = vec![bridge("eu-1", None)];
        all.extend((0..500).map(|n| meeting(&format!("m{n}"), n % 2, (n % 2 == 1).then_some(0), None, "eu-1")));
        let seen = overview(&rows(&all), &ViewFilter::All, 1000);
        assert_eq!((seen.meetings.len(), seen.more, seen.quiet.len(), seen.quiet_more, seen.quiet_count), (6, 244, 4, 246, 250));
    }

    #[test]
    fn nobody_is_said_not_to_wait_while_that_is_not_known() {
        let known = |unknown: usize| {
            let mut row = meeting("d", 0, None, None, "eu-1");
            row["unknown"] = json!(unknown);
            row
        };
        let said = |all: &[Value], first: &ViewFilter| overview(&rows(all), first, 10_000).empty;
        let (every, chosen) = (ViewFilter::All, ViewFilter::Meetings { meetings: Vec::new() });
        let of = |bridge: &str| ViewFilter::Bridges { bridges: vec![bridge.into()] };
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
