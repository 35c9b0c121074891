//! Rows with every field set, for servers whose hub is controlled by a test.

use std::sync::Arc;

use usher::model::*;
use usher::view::*;

pub fn server() -> Arc<Row> {
    let trouble = Fault { code: "journal".into(), what: "the journal can't be written".into() };
    Arc::new(Row::Server(ServerRow {
        id: "server".into(),
        hidden_meetings: 12,
        trouble: Some(trouble),
        admit_delay_s: 3,
        ask_above: 10,
        undo_s: 8,
        claim_s: 20,
    }))
}

pub fn bridge(name: &str) -> Arc<Row> {
    Arc::new(Row::Bridge(BridgeRow {
        id: name.into(),
        state: BridgeState::Refused,
        since: 1,
        silent_since: Some(2),
        trouble: Some(Fault { code: "credentials_refused".into(), what: "401".into() }),
        version: Some("3.9".into()),
        unique_name: Some("cms-1".into()),
        can_admit: true,
        can_send_back: false,
        polled_calls: 1,
        unreadable_calls: 2,
        cdr: CdrState::Stalled,
        cdr_trouble: Some(Fault { code: "cdr_no_slot".into(), what: "all are taken".into() }),
        paused_by: Some("ana".into()),
    }))
}

pub fn meeting(id: &str) -> Arc<Row> {
    Arc::new(Row::Meeting(MeetingRow {
        id: id.into(),
        name: "Tuesday \u{2028} <script>".into(),
        named_by: NamedBy::Space,
        waiting: 1,
        held: 1,
        in_call: 2,
        unknown: 3,
        longest_since: Some(4),
        locked: Some(true),
        lock_mode: Some(LockMode::NeedsActivation),
        activator: Some(false),
        unreadable: 1,
        out_of_sight: 2,
        lobby: HasLobby::Yes,
        recording: true,
        streaming: false,
        bridges: vec!["a".into()],
        claim: Some(Box::new(claim())),
        thresholds: Thresholds { first_s: 120, second_s: 300, own: true },
        message: Some(Box::new(Banner { text: "A minute, please".into(), until: Some(9) })),
        pending: Some(Box::new(Pending { action: ActionKind::Lock, by: "ben".into(), since: 5, until: None })),
        outcome: Some(Box::new(Outcome {
            action: ActionKind::Message,
            result: ActionResult::Unreachable,
            reason: "no".into(),
            by: "ben".into(),
            at: 6,
        })),
    }))
}

pub fn person(id: &str, name: &str) -> Arc<Row> {
    Arc::new(Row::Person(PersonRow {
        id: id.into(),
        meeting: "m".into(),
        name: name.into(),
        address: "ana@example.org".into(),
        lobby: Lobby::Waiting,
        waiting_since: Some(1),
        waiting_up_to: true,
        seen_since: 1,
        bridge: Some("a".into()),
        elsewhere: Some("cms-9".into()),
        state: LegState::OnHold,
        unreadable: true,
        muted: true,
        presenter: false,
        activator: Some(false),
        label: Some("Ana (court 3)".into()),
        pending: Some(Box::new(Pending { action: ActionKind::Admit, by: "ben".into(), since: 5, until: Some(8) })),
        outcome: Some(Box::new(Outcome {
            action: ActionKind::SendBack,
            result: ActionResult::Refused,
            reason: "no".into(),
            by: "ben".into(),
            at: 6,
        })),
        admitted: Some(Box::new(Mark { by: "ben".into(), at: 7 })),
        sent_back: Some(Box::new(Mark { by: "ben".into(), at: 8 })),
        claim: Some(Box::new(claim())),
        hold: Some(Box::new(Hold { by: "ben".into(), at: 6, reason: "no papers".into(), remind_at: Some(9) })),
        acknowledged: Some(Box::new(Mark { by: "ben".into(), at: 7 })),
    }))
}

pub fn user(name: &str) -> Arc<Row> {
    let looks_at = vec!["m".into()];
    Arc::new(Row::User(UserRow { id: name.into(), role: usher::model::Role::Moderator, looks_at, idle_since: Some(1) }))
}

fn claim() -> Claim {
    Claim { id: "c7".into(), by: "ben".into(), since: 3 }
}

pub fn key(kind: Kind, id: &str) -> RowKey {
    RowKey { kind, id: id.into() }
}
