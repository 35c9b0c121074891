//! The first page of a display, which browsers without script keep. Built once, at the moment of the request. Pure.
//!
//! The script in `web/wall/` holds the rules of displays: order by need, thresholds, waits at silent bridges, rotation. This page does not
//! repeat them. It lists the fields that the rows have, the longest wait first, and shows no wait that a silent bridge may have ended.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::{InLine, ViewFilter, WallBridge, WallMeeting, WallRow};
use crate::model::BridgeState;

/// The most meetings with waiting participants that are listed, and the most names in each: without script nothing measures what fits.
const MAX_MEETINGS: usize = 6;
const MAX_NAMES: usize = 1;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StaticPage {
    /// Waiting participants who are not on hold.
    pub waiting: usize,
    pub held: usize,
    /// No bridge answers, or none of those with waiting participants: the numbers are the last known ones.
    pub stale: bool,
    /// Waiting participants of stale meetings, whether or not on hold.
    pub doubtful: usize,
    /// The longest wait at bridges that answer.
    pub longest_ms: Option<i64>,
    pub meetings: Vec<ListedMeeting>,
    /// Meetings with waiting participants beyond those listed.
    pub more: usize,
    /// Participants who may be waiting: their lobby state is not known yet.
    pub unknown: usize,
    /// Where no meeting is listed: the text that says why, by its key below `wall.`.
    pub empty: Option<&'static str>,
    /// Meetings without waiting participants.
    pub quiet: usize,
    /// All meetings without waiting participants are stale.
    pub quiet_stale: bool,
    /// All bridges of the view; the ones that don't answer come first, the longest silent before the others.
    pub bridges: Vec<ListedBridge>,
}

/// A meeting with waiting participants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedMeeting {
    pub title: Option<Arc<str>>,
    pub bridges: Vec<Arc<str>>,
    pub waiting: usize,
    pub held: usize,
    /// None where all are on hold, or the meeting is stale.
    pub longest_ms: Option<i64>,
    pub names: Vec<InLine>,
    /// Waiting participants beyond those named.
    pub more: usize,
    pub handled_by: Option<Arc<str>>,
    pub handled: bool,
    /// One of its bridges does not answer.
    pub stale: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedBridge {
    pub id: Arc<str>,
    pub state: BridgeState,
    /// The age of its last answer; None while it answers.
    pub age_ms: Option<i64>,
}

impl StaticPage {
    /// The page at `now` (Unix milliseconds) for `first`, the first of the display's views.
    pub fn new(rows: &[WallRow], first: &ViewFilter, now: i64) -> Self {
        let all_bridges: Vec<&WallBridge> = rows.iter().filter_map(WallRow::as_bridge).collect();
        let silent: HashSet<&str> = all_bridges.iter().filter(|bridge| bridge.stale_since().is_some()).map(|bridge| &*bridge.id).collect();
        let bridges = listed_bridges(&all_bridges, first, now);
        let none_answers = bridges.iter().all(|bridge| bridge.age_ms.is_some());
        let shown: Vec<&WallMeeting> = rows.iter().filter_map(WallRow::as_meeting).filter(|row| row.views.contains(&0)).collect();
        let mut waiting: Vec<&WallMeeting> = shown.iter().copied().filter(|row| row.waiting > 0).collect();
        waiting.sort_by_key(|row| (row.longest_since.unwrap_or(i64::MAX), row.id.clone()));
        let meetings: Vec<ListedMeeting> = waiting.iter().map(|row| listed_meeting(row, &silent, now)).collect();
        let unknown = shown.iter().map(|row| row.unknown).sum();
        let mut quiet = shown.iter().filter(|row| row.waiting == 0).peekable();
        Self {
            waiting: meetings.iter().map(|meeting| meeting.waiting).sum(),
            held: meetings.iter().map(|meeting| meeting.held).sum(),
            stale: none_answers || (!meetings.is_empty() && meetings.iter().all(|meeting| meeting.stale)),
            doubtful: meetings.iter().filter(|meeting| meeting.stale).map(|meeting| meeting.waiting + meeting.held).sum(),
            longest_ms: meetings.iter().filter_map(|meeting| meeting.longest_ms).max(),
            more: meetings.len().saturating_sub(MAX_MEETINGS),
            unknown,
            empty: meetings.is_empty().then(|| empty_reason(&bridges, unknown)),
            quiet: shown.len() - meetings.len(),
            quiet_stale: quiet.peek().is_some() && quiet.all(|row| is_stale(row, &silent)),
            meetings: meetings.into_iter().take(MAX_MEETINGS).collect(),
            bridges,
        }
    }
}

/// Why no meeting is listed. A participant whose state is not known, or a bridge that doesn't answer, may hide a wait.
fn empty_reason(bridges: &[ListedBridge], unknown: usize) -> &'static str {
    if bridges.iter().all(|bridge| bridge.age_ms.is_some()) {
        "no_bridge"
    } else if unknown > 0 {
        "nobody_checking_n"
    } else if bridges.iter().any(|bridge| bridge.age_ms.is_some()) {
        "nobody_read"
    } else {
        "nobody"
    }
}

fn is_stale(row: &WallMeeting, silent: &HashSet<&str>) -> bool {
    row.bridges.iter().any(|bridge| silent.contains(&**bridge))
}

fn listed_meeting(row: &WallMeeting, silent: &HashSet<&str>, now: i64) -> ListedMeeting {
    let stale = is_stale(row, silent);
    let held = row.held as usize;
    ListedMeeting {
        title: row.title.clone(),
        bridges: row.bridges.clone(),
        waiting: row.waiting.saturating_sub(held),
        held,
        longest_ms: row.longest_since.filter(|_| !stale).map(|since| (now - since).max(0)),
        names: row.in_line.iter().take(MAX_NAMES).cloned().collect(),
        more: if row.in_line.is_empty() { 0 } else { row.waiting.saturating_sub(row.in_line.len().min(MAX_NAMES)) },
        handled_by: row.handled_by.clone(),
        handled: row.handled,
        stale,
    }
}

fn listed_bridges(bridges: &[&WallBridge], first: &ViewFilter, now: i64) -> Vec<ListedBridge> {
    let in_view = |bridge: &WallBridge| match first {
        ViewFilter::Bridges { bridges } => bridges.contains(&bridge.id),
        ViewFilter::All | ViewFilter::Meetings { .. } => true,
    };
    let listed = |bridge: &WallBridge| ListedBridge {
        id: bridge.id.clone(),
        state: bridge.state,
        age_ms: bridge.stale_since().map(|since| (now - since).max(1)),
    };
    let mut list: Vec<ListedBridge> = bridges.iter().filter(|bridge| in_view(bridge)).map(|bridge| listed(bridge)).collect();
    list.sort_by_key(|bridge| (Reverse(bridge.age_ms), bridge.id.clone()));
    list
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rows(rows: &[Value]) -> Vec<WallRow> {
        rows.iter().map(|row| serde_json::from_value(row.clone()).expect("a row")).collect()
    }

    fn meeting(id: &str, waiting: usize, since: Option<i64>, bridge: &str) -> Value {
        json!({
            "kind": "meeting", "id": id, "title": id, "waiting": waiting, "unknown": 0, "in_call": 0, "longest_since": since, "up_to": false,
            "alarm_since": since, "first_s": 60, "second_s": 120, "in_line": [{ "n": 1, "name": "Bo B." }], "handled_by": null, "handled": false,
            "locked": true, "lobby": "yes", "bridges": [bridge], "views": [0]
        })
    }

    fn bridge(id: &str, silent_since: Option<i64>) -> Value {
        json!({ "kind": "bridge", "id": id, "state": "live", "since": 0, "silent_since": silent_since })
    }

    fn page(all: &[Value], now: i64) -> StaticPage {
        StaticPage::new(&rows(all), &ViewFilter::All, now)
    }

    #[test]
    fn the_longest_wait_comes_first_and_only_the_first_view_is_shown() {
        let now = 1_000_000;
        let mut other_view = meeting("e", 9, Some(0), "eu-1");
        other_view["views"] = json!([1]);
        let page = page(
            &[
                bridge("eu-1", None),
                meeting("c", 1, Some(now - 70_000), "eu-1"),
                meeting("a", 2, Some(now - 300_000), "eu-1"),
                meeting("d", 0, None, "eu-1"),
                other_view,
            ],
            now,
        );
        let lines: Vec<_> = page.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.longest_ms, line.more)).collect();
        assert_eq!(lines, [("a", Some(300_000), 1), ("c", Some(70_000), 0)]);
        assert_eq!((page.waiting, page.longest_ms, page.quiet, page.stale, page.empty), (3, Some(300_000), 1, false, None));
    }

    #[test]
    fn data_of_a_silent_bridge_looks_old_and_its_waits_are_not_told() {
        let now = 100_000_000;
        let hours = 3 * 3_600_000;
        let mut both = meeting("c", 1, Some(now - 130_000), "eu-1");
        both["bridges"] = json!(["eu-1", "eu-2"]);
        let page = page(
            &[
                bridge("eu-1", None),
                bridge("eu-2", Some(now - hours)),
                bridge("eu-3", Some(now - 7000)),
                meeting("b", 2, Some(now - hours - 90_000), "eu-2"),
                meeting("d", 1, Some(now - 200_000), "eu-1"),
                both,
            ],
            now,
        );
        let lines: Vec<_> = page.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.longest_ms, line.stale)).collect();
        assert_eq!(lines, [("b", None, true), ("d", Some(200_000), false), ("c", None, true)]);
        assert_eq!((page.waiting, page.doubtful, page.longest_ms, page.stale), (4, 3, Some(200_000), false));
        let bridges: Vec<_> = page.bridges.iter().map(|bridge| (&*bridge.id, bridge.age_ms)).collect();
        assert_eq!(bridges, [("eu-2", Some(hours)), ("eu-3", Some(7000)), ("eu-1", None)]);
    }

    #[test]
    fn the_numbers_are_old_where_no_bridge_answers_or_none_with_people_waiting() {
        let now = 100_000;
        let waits = meeting("b", 2, Some(0), "eu-2");
        assert!(page(&[bridge("eu-2", Some(now - 7000)), waits.clone()], now).stale);
        let one_answers = [bridge("eu-2", Some(now - 7000)), bridge("eu-1", None), meeting("q", 0, None, "eu-1")];
        assert!(!page(&one_answers, now).stale);
        assert!(page(&[one_answers.as_slice(), std::slice::from_ref(&waits)].concat(), now).stale);
        assert!(!page(&[one_answers.as_slice(), &[waits.clone(), meeting("w", 1, Some(0), "eu-1")]].concat(), now).stale);
        let only = ViewFilter::Bridges { bridges: vec!["eu-2".into()] };
        let all = rows(&[bridge("eu-2", Some(now - 7000)), bridge("eu-1", None)]);
        assert!(StaticPage::new(&all, &only, now).stale);
    }

    #[test]
    fn people_on_hold_are_counted_apart_and_are_never_the_longest_wait() {
        let (mut all_held, mut one_held) = (meeting("a", 2, None, "eu-1"), meeting("b", 3, Some(400_000), "eu-1"));
        (all_held["held"], one_held["held"]) = (json!(2), json!(1));
        let page = page(&[bridge("eu-1", None), all_held, one_held], 1_000_000);
        let lines: Vec<_> =
            page.meetings.iter().map(|line| (line.title.as_deref().unwrap_or(""), line.waiting, line.held, line.longest_ms)).collect();
        assert_eq!(lines, [("b", 2, 1, Some(600_000)), ("a", 0, 2, None)]);
        assert_eq!((page.waiting, page.held, page.longest_ms), (2, 3, Some(600_000)));
    }

    #[test]
    fn meetings_that_are_not_listed_are_counted() {
        let mut all = vec![bridge("eu-1", None)];
        all.extend((0..500).map(|n| meeting(&format!("m{n}"), n % 2, (n % 2 == 1).then_some(0), "eu-1")));
        let page = page(&all, 1000);
        assert_eq!((page.meetings.len(), page.more, page.quiet, page.waiting), (6, 244, 250, 250));
    }

    #[test]
    fn an_empty_list_says_that_nobody_waits_only_where_that_is_known() {
        let mut checking = meeting("d", 0, None, "eu-1");
        checking["unknown"] = json!(3);
        let (fine, silent, quiet) = (bridge("eu-1", None), bridge("eu-2", Some(1)), meeting("d", 0, None, "eu-1"));
        let empty = |all: &[&Value]| page(&all.iter().map(|row| (*row).clone()).collect::<Vec<_>>(), 10_000).empty;
        assert_eq!(empty(&[]), Some("no_bridge"));
        assert_eq!(empty(&[&silent, &quiet]), Some("no_bridge"));
        assert_eq!(empty(&[&fine, &checking]), Some("nobody_checking_n"));
        assert_eq!(empty(&[&fine, &silent, &checking]), Some("nobody_checking_n"));
        assert_eq!(empty(&[&fine, &silent, &quiet]), Some("nobody_read"));
        assert_eq!(empty(&[&fine, &quiet]), Some("nobody"));
        assert_eq!(empty(&[&fine]), Some("nobody"));
        assert_eq!(empty(&[&fine, &meeting("w", 1, Some(0), "eu-1")]), None);
        assert_eq!(page(&[fine.clone(), checking], 10_000).unknown, 3);
    }

    #[test]
    fn only_the_bridges_of_the_view_say_whether_the_list_is_complete() {
        let all = rows(&[bridge("eu-1", None), bridge("eu-2", Some(1))]);
        let of = |bridge: &str| StaticPage::new(&all, &ViewFilter::Bridges { bridges: vec![bridge.into()] }, 10_000).empty;
        assert_eq!((of("eu-1"), of("eu-2")), (Some("nobody"), Some("no_bridge")));
    }

    #[test]
    fn quiet_meetings_look_old_where_all_of_them_are() {
        let (fine, silent) = (bridge("eu-1", None), bridge("eu-2", Some(1)));
        let (old, live) = (meeting("o", 0, None, "eu-2"), meeting("l", 0, None, "eu-1"));
        let stale = |quiet: &[&Value]| {
            let all = [&fine, &silent].into_iter().chain(quiet.iter().copied());
            page(&all.cloned().collect::<Vec<_>>(), 10_000).quiet_stale
        };
        assert_eq!((stale(&[&old]), stale(&[&old, &live]), stale(&[])), (true, false, false));
    }
}
