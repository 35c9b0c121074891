//! Rows with every field set, for servers whose hub a test drives by hand.

use std::sync::Arc;

use usher::view::*;

pub fn server() -> Arc<Row> {
    let trouble = Trouble { code: "journal".into(), what: "the journal can't be written".into() };
    Arc::new(Row::Server(ServerRow { id: "server".into(), hidden_meetings: 12, trouble: Some(trouble) }))
}

pub fn bridge(name: &str) -> Arc<Row> {
    Arc::new(Row::Bridge(BridgeRow {
        id: name.into(),
        state: BridgeState::Refused,
        since: 1,
        silent_since: Some(2),
        trouble: Some(Trouble { code: "credentials_refused".into(), what: "401".into() }),
        version: Some("3.9".into()),
        can_admit: true,
        polled_calls: 1,
        cdr: CdrState::Stalled,
        cdr_trouble: Some(Trouble { code: "cdr_no_slot".into(), what: "all are taken".into() }),
        paused_by: Some("ana".into()),
    }))
}

pub fn meeting(id: &str) -> Arc<Row> {
    Arc::new(Row::Meeting(MeetingRow {
        id: id.into(),
        name: "Tuesday \u{2028} <script>".into(),
        named_by: NamedBy::Space,
        waiting: 1,
        in_call: 2,
        unknown: 3,
        longest_since: Some(4),
        locked: Some(true),
        lobby: HasLobby::Yes,
        recording: true,
        streaming: false,
        bridges: vec!["a".into()],
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
        state: LegState::OnHold,
        muted: true,
        presenter: false,
        activator: Some(false),
        admitting: Some(Admitting { by: "ben".into(), since: 5 }),
        outcome: Some(Outcome { result: ActionResult::Refused, reason: "no".into(), by: "ben".into(), at: 6 }),
        admitted: Some(Admitted { by: "ben".into(), at: 7 }),
    }))
}

pub fn key(kind: Kind, id: &str) -> RowKey {
    RowKey { kind, id: id.into() }
}
