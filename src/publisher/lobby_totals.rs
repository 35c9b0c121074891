//! The sums over all meetings and bridges, kept up with each change of rows. Pure: takes no clock, socket or lock.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{BridgeState, LobbySummary};
use crate::view::{BridgeRow, Kind, MeetingRow, Row, ViewDelta};

#[derive(Debug, Default)]
pub(super) struct LobbyTotals {
    /// The lobbies of meetings in which someone waits, or may wait.
    meetings: HashMap<Arc<str>, MeetingLobby>,
    /// Whether the data of each bridge is current.
    bridges: HashMap<Arc<str>, bool>,
}

#[derive(Debug, PartialEq, Eq)]
struct MeetingLobby {
    waiting: usize,
    held: usize,
    unknown: usize,
    longest_since: Option<i64>,
    long_at: Option<i64>,
    too_long_at: Option<i64>,
}

impl LobbyTotals {
    /// Applies a change of rows. True if it may have changed the summary.
    pub(super) fn follow(&mut self, delta: &ViewDelta) -> bool {
        let mut changed = false;
        for key in &delta.drop {
            changed |= match key.kind {
                Kind::Meeting => self.meetings.remove(&key.id).is_some(),
                Kind::Bridge => self.bridges.remove(&key.id).is_some(),
                Kind::Server | Kind::Person | Kind::User => false,
            };
        }
        for row in &delta.put {
            changed |= match &**row {
                Row::Meeting(row) => self.put_meeting(row),
                Row::Bridge(row) => self.bridges.insert(row.id.clone(), is_current(row)) != Some(is_current(row)),
                Row::Server(_) | Row::Person(_) | Row::User(_) => false,
            };
        }
        changed
    }

    fn put_meeting(&mut self, row: &MeetingRow) -> bool {
        match MeetingLobby::of(row) {
            None => self.meetings.remove(&row.id).is_some(),
            Some(lobby) => {
                let changed = self.meetings.get(&row.id) != Some(&lobby);
                self.meetings.insert(row.id.clone(), lobby);
                changed
            }
        }
    }

    pub(super) fn summary(&self) -> LobbySummary {
        let bridges_out_of_date = self.bridges.values().filter(|current| !**current).count();
        let nothing = LobbySummary { bridges: self.bridges.len(), bridges_out_of_date, ..LobbySummary::default() };
        self.meetings.values().fold(nothing, |sum, lobby| LobbySummary {
            waiting: sum.waiting + lobby.waiting,
            held: sum.held + lobby.held,
            unknown: sum.unknown + lobby.unknown,
            longest_since: earlier(sum.longest_since, lobby.longest_since),
            long_at: earlier(sum.long_at, lobby.long_at),
            too_long_at: earlier(sum.too_long_at, lobby.too_long_at),
            ..sum
        })
    }
}

impl MeetingLobby {
    /// None where nobody waits and everyone's lobby state is known.
    fn of(row: &MeetingRow) -> Option<Self> {
        let held = row.held as usize;
        let after = |seconds: u32| Some(row.longest_since?.saturating_add(i64::from(seconds) * 1000));
        (row.waiting > 0 || row.unknown > 0).then(|| Self {
            waiting: row.waiting.saturating_sub(held),
            held,
            unknown: row.unknown,
            longest_since: row.longest_since,
            long_at: after(row.thresholds.first_s),
            too_long_at: after(row.thresholds.second_s),
        })
    }
}

/// Whether the bridge is read and answers, so that its people are the present ones.
fn is_current(row: &BridgeRow) -> bool {
    matches!(row.state, BridgeState::Live | BridgeState::Polling) && row.silent_since.is_none()
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CallFacts, CallKey, CdrState, Hold, Lobby, MeetingModeration, Thresholds};
    use crate::view::{PersonRow, RowKey, meeting_row};

    fn waiting(since: i64, held: bool) -> PersonRow {
        let hold = held.then(|| Box::new(Hold { by: "mo".into(), at: since, reason: "".into(), remind_at: None }));
        PersonRow { lobby: Lobby::Waiting, waiting_since: Some(since), hold, ..PersonRow::default() }
    }

    fn meeting(id: &str, first_s: u32, people: &[PersonRow]) -> Arc<Row> {
        let calls = [(CallKey { bridge: "a".into(), call: id.into() }, CallFacts::default())];
        let thresholds = Thresholds { first_s, second_s: first_s * 2, own: true };
        let moderation = MeetingModeration { thresholds, ..MeetingModeration::default() };
        Arc::new(Row::Meeting(meeting_row(&id.into(), &calls, people.iter(), moderation).expect("a row")))
    }

    fn bridge(id: &str, state: BridgeState) -> Arc<Row> {
        Arc::new(Row::Bridge(BridgeRow {
            id: id.into(),
            state,
            since: 0,
            silent_since: None,
            trouble: None,
            version: None,
            unique_name: None,
            can_admit: true,
            can_send_back: true,
            polled_calls: 0,
            unreadable_calls: 0,
            cdr: CdrState::default(),
            cdr_trouble: None,
            paused_by: None,
        }))
    }

    fn put(rows: Vec<Arc<Row>>) -> ViewDelta {
        ViewDelta { put: rows, drop: Vec::new() }
    }

    #[test]
    fn the_summary_adds_up_all_meetings_and_leaves_those_on_hold_out_of_the_longest_wait() {
        let mut totals = LobbyTotals::default();
        let board = meeting("board", 300, &[waiting(1_000, true), waiting(5_000, false)]);
        let ward = meeting("ward", 60, &[waiting(9_000, false), PersonRow::default()]);
        assert!(totals.follow(&put(vec![board, ward, bridge("a", BridgeState::Live), bridge("b", BridgeState::Unreachable)])));
        let expected = LobbySummary {
            waiting: 2,
            held: 1,
            longest_since: Some(5_000),
            long_at: Some(69_000),
            too_long_at: Some(129_000),
            unknown: 1,
            bridges: 2,
            bridges_out_of_date: 1,
        };
        assert_eq!(totals.summary(), expected);
    }

    #[test]
    fn a_change_without_effect_is_none() {
        let mut totals = LobbyTotals::default();
        let rows = || put(vec![meeting("board", 300, &[waiting(5_000, false)]), bridge("a", BridgeState::Live)]);
        assert!(totals.follow(&rows()));
        assert!(!totals.follow(&rows()));
        assert!(!totals.follow(&put(vec![meeting("empty", 300, &[])])));
        assert!(totals.follow(&put(vec![bridge("a", BridgeState::Paused)])));
    }

    #[test]
    fn ended_meetings_and_removed_bridges_no_longer_count() {
        let mut totals = LobbyTotals::default();
        totals.follow(&put(vec![meeting("board", 300, &[waiting(5_000, false)]), bridge("a", BridgeState::Live)]));
        let key = |kind, id: &str| RowKey { kind, id: id.into() };
        assert!(totals.follow(&ViewDelta { put: Vec::new(), drop: vec![key(Kind::Meeting, "board"), key(Kind::Bridge, "a")] }));
        assert_eq!(totals.summary(), LobbySummary::default());
    }
}
