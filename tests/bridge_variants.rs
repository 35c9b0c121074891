//! Bridges that differ or refuse a part: Usher follows them, and the view is true. `faults_*.rs` have the faults.

mod common;

use common::comparison::differences;
use common::desk::{Desk, quiet};
use common::page::{Page, check};
use rstest::rstest;
use serde_json::json;
use usher::model::{BridgeState, Lobby};
use usher::simulator::{Id, TlsMode};

async fn live(page: &mut Page, bridge: &str) {
    page.until("the bridge to be live", |page| check(page.bridge(bridge)?.state == BridgeState::Live, page.bridges())).await;
}

async fn waits(page: &mut Page, person: Id) {
    page.until("the person to wait", |page| check(page.person(person)?.lobby == Lobby::Waiting, page.people())).await;
}

fn equals_truth(page: &Page, desk: &Desk) -> Result<(), String> {
    let found = differences(page, desk);
    check(found.is_empty(), found)
}

#[tokio::test]
async fn what_a_bridge_refuses_to_push_is_read_by_rest_and_said() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "subscription_limit": 3 }).to_string());
    let desk = Desk::start(options).await;
    for n in 0..4 {
        desk.meeting(&format!("Call {n}"), "eu-1", &[]);
    }
    let mut page = desk.page("mo").await;
    page.until("refused calls to be said", |page| check(page.bridge("eu-1")?.polled_calls > 0, page.bridges())).await;
    let meetings: Vec<Id> = desk.control().truth().meetings.iter().map(|meeting| meeting.id).collect();
    let people: Vec<_> = meetings.iter().map(|meeting| desk.join(*meeting, "eu-1", "Bo Berg")).collect();
    for person in people {
        waits(&mut page, person.id).await;
    }
}

#[rstest]
#[case::one_at_a_time(json!({ "ack_window": 1, "ack_timeout_ms": 300 }))]
#[case::closing(json!({ "ack_window": 1, "ack_timeout_ms": 300, "no_ack": "close" }))]
#[tokio::test]
async fn every_message_is_acknowledged_at_once(#[case] switches: serde_json::Value) {
    let mut options = quiet(1);
    options.switches = Some(switches.to_string());
    let desk = Desk::start(options).await;
    let names: Vec<String> = (0..40).map(|n| format!("Guest {n}")).collect();
    let (_, people) = desk.meeting("Board call", "eu-1", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    for person in &people[..30] {
        desk.control().leave(person.id).expect("left");
    }
    page.until("ten to stay", |page| check(page.people().len() == 10, page.people().len())).await;
    let requests = serde_json::to_value(desk.control().requests()).expect("JSON");
    assert_eq!((&requests[0]["events_silenced"], &requests[0]["events_opened"]), (&json!(0), &json!(1)), "never stalled, never closed");
}

#[rstest]
#[case(json!({ "readd_on_replacement": true, "pending_again": true, "subscription_updates_split": true }))]
#[case(json!({ "deactivated_at_end": "before", "roster_removes_first": true, "initial_split": 1, "empty_list_message": true }))]
#[case(json!({ "duplicate_updates": true, "reorder_updates": true, "unknown_updates": true }))]
#[case(json!({ "invalid_json_events": true, "lobby_hint": true, "on_hold_spelling": "onhold", "endpoint_recording_form": "boolean" }))]
#[case(json!({ "missing": "body400", "missing_participant": "bare404", "active_leg": "false", "empty_list": "self_closing" }))]
#[case(json!({ "missing": "bare404", "sub_type_spelling": "subtype", "xml_declaration": false, "remote_legs": "call_bridge" }))]
#[case(json!({ "participant_legs": "singular" }))]
#[case(json!({ "cap_calls": 2, "cap_legs": 3, "cap_participants": 1, "participant_deactivated": true, "link_name": "empty" }))]
#[case(json!({ "rate_503": 0.2, "latency_ms": 5, "latency_jitter_ms": 20, "participants_count": "local", "events_padding": 200000 }))]
#[tokio::test]
async fn every_plausible_reading_of_the_notes_gives_the_same_view(#[case] switches: serde_json::Value) {
    let mut options = quiet(3);
    options.switches = Some(switches.to_string());
    (options.calls, options.people) = (4, 24);
    let desk = Desk::start(options).await;
    let mut page = desk.page("mo").await;
    page.until("the first view", |page| equals_truth(page, &desk)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    desk.join(meeting.id, "us-1", "Li Wei");
    desk.control().leave(people[0].id).expect("left");
    let ended = desk.control().truth().meetings[0].id;
    desk.control().end(ended, None).expect("ended");
    page.until("the changed view", |page| equals_truth(page, &desk)).await;
    let results = page.admit("a", &[people[1].id]).await;
    assert_eq!(results[&people[1].id.to_string()]["result"], "done", "{results:?}");
}

#[tokio::test]
async fn a_bridge_is_followed_over_https_with_its_own_authority() {
    let mut options = quiet(1);
    options.tls = TlsMode::Ca;
    let desk = Desk::start(options).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, people[0].id).await;
}

#[tokio::test]
async fn many_calls_take_further_sockets() {
    let mut options = quiet(1);
    (options.calls, options.people) = (20, 40);
    let desk = Desk::start_with(options, "[cms]\nsubscriptions_per_socket = 6\n", |_| {}).await;
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    page.until("the view to equal the truth", |page| equals_truth(page, &desk)).await;
    let requests = serde_json::to_value(desk.control().requests()).expect("JSON");
    assert!(requests[0]["events_open"].as_u64().is_some_and(|open| open >= 4), "{requests}");
    let truth = desk.control().truth();
    for meeting in &truth.meetings {
        let late = desk.join(meeting.id, "eu-1", "Late Comer");
        page.until("the arrival", |page| page.person(late.id).map(drop)).await;
    }
}

#[tokio::test]
async fn addresses_are_known_without_events() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "token_status": 403 }).to_string());
    let desk = Desk::start(options).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until("the address", |page| check(*page.person(people[0].id)?.address == people[0].uri, page.people())).await;
}
