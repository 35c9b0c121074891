//! Bridges that fail, refuse, restart or differ: what the page says meanwhile, and that the view is true afterwards.

mod common;

use std::time::Duration;

use common::desk::{Desk, Page, check, quiet};
use rstest::rstest;
use serde_json::json;
use usher::simulator::{Cut, Id, TlsMode};
use usher::view::{BridgeState, Lobby};

async fn live(page: &mut Page, bridge: &str) {
    page.until("the bridge to be live", |page| check(page.bridge(bridge)?.state == BridgeState::Live, page.bridges())).await;
}

async fn in_state(page: &mut Page, bridge: &str, state: BridgeState) -> String {
    page.until("the bridge's state", |page| {
        let row = page.bridge(bridge)?;
        check(row.state == state, row)?;
        Ok(row.trouble.as_ref().map(|trouble| trouble.code.to_string()).unwrap_or_default())
    })
    .await
}

async fn waits(page: &mut Page, person: Id) {
    page.until("the person to wait", |page| check(page.person(person)?.lobby == Lobby::Waiting, page.people())).await;
}

fn unauthorized(desk: &Desk) -> usize {
    let requests = serde_json::to_value(desk.control().requests()).expect("JSON");
    requests.as_array().expect("bridges").iter().map(|bridge| bridge["unauthorized"].as_u64().unwrap_or(0) as usize).sum()
}

#[tokio::test]
async fn refused_credentials_are_tried_once_remembered_over_restarts_and_tried_again_on_request() {
    let desk = Desk::start_with(quiet(2), "", |config| config.bridges[0].password = usher::config::Secret::new("wrong")).await;
    desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (_, others) = desk.meeting("Ward round", "eu-2", &["Ana Silva"]);
    let mut page = desk.page("mo").await;
    assert_eq!(in_state(&mut page, "eu-1", BridgeState::Refused).await, "credentials_refused");
    waits(&mut page, others[0].id).await;
    page.follow_for(Duration::from_secs(1)).await;
    assert_eq!(unauthorized(&desk), 1, "accounts lock: one request, not a loop");
    let desk = desk.restart().await;
    let mut page = desk.page("mo").await;
    in_state(&mut page, "eu-1", BridgeState::Refused).await;
    page.follow_for(Duration::from_millis(500)).await;
    assert_eq!(unauthorized(&desk), 1, "a restart does not try them again");
    page.retry("eu-1").await;
    common::wait_for(common::DEADLINE, "the one further try", async || check(unauthorized(&desk) == 2, unauthorized(&desk))).await;
    in_state(&mut page, "eu-1", BridgeState::Refused).await;
}

#[tokio::test]
async fn a_password_that_is_refused_later_on_ends_everything_at_the_first_refusal() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    waits(&mut page, people[0].id).await;
    desk.control().set_switches(None, json!({ "rest_status": 401 })).expect("switch");
    in_state(&mut page, "eu-1", BridgeState::Refused).await;
    page.follow_for(Duration::from_secs(1)).await;
    let sent = unauthorized(&desk);
    assert!(sent <= 4, "only what was under way: {sent}");
    assert_eq!(page.person(people[0].id).expect("kept").lobby, Lobby::Waiting, "what is known stays, under the bridge's state");
    desk.control().set_switches(None, json!({ "rest_status": null })).expect("switch");
    page.retry("eu-1").await;
    live(&mut page, "eu-1").await;
}

#[rstest]
#[case::hard(Cut::Hard)]
#[case::without_a_code(Cut::Close)]
#[case::with_a_code(Cut::Code(1001))]
#[tokio::test]
async fn a_cut_events_socket_comes_back_and_nothing_is_lost_or_left_over(#[case] cut: Cut) {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, people[1].id).await;
    desk.control().set_switches(Some("eu-1"), json!({ "events_status": 503 })).expect("switch");
    desk.control().cut_events(Some("eu-1"), cut).expect("cut");
    in_state(&mut page, "eu-1", BridgeState::Polling).await;
    assert_eq!(page.bridge("eu-2").expect("row").state, BridgeState::Live, "the other bridge is not touched");
    desk.control().leave(people[0].id).expect("left");
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    page.until("polling to find both", |page| check(page.person(people[0].id).is_err() && page.person(late.id).is_ok(), page.people()))
        .await;
    desk.control().set_switches(Some("eu-1"), json!({ "events_status": null })).expect("switch");
    live(&mut page, "eu-1").await;
    waits(&mut page, late.id).await;
    assert_eq!(page.people().len(), 2);
}

#[tokio::test]
async fn a_bridge_that_goes_away_fades_and_comes_back_true() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, people[0].id).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    in_state(&mut page, "eu-1", BridgeState::Unreachable).await;
    page.until("the age to be said", |page| check(page.bridge("eu-1")?.silent_since.is_some(), page.bridges())).await;
    assert!(page.bridge("eu-2").expect("row").silent_since.is_none(), "only that bridge's data fades");
    assert_eq!(page.people().len(), 2, "what was known stays");
    desk.control().leave(people[0].id).expect("left");
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    desk.control().start_bridge("eu-1").await.expect("started");
    live(&mut page, "eu-1").await;
    waits(&mut page, late.id).await;
    page.until("who left to be gone", |page| {
        check(page.person(people[0].id).is_err() && page.bridge("eu-1")?.silent_since.is_none(), page.people())
    })
    .await;
}

#[tokio::test]
async fn a_restarted_bridge_has_new_ids_for_everything_and_no_ghosts_stay() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    desk.join(meeting.id, "eu-2", "Li Wei");
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, people[0].id).await;
    desk.control().restart_bridge("eu-1").await.expect("restarted");
    page.until("the view to equal the truth", |page| equals_truth(page, &desk)).await;
}

/// Everybody of the truth, nobody else, at the right bridge and in the right state.
fn equals_truth(page: &Page, desk: &Desk) -> Result<(), String> {
    let truth = desk.control().truth();
    let expected: Vec<_> = truth.participants().collect();
    check(expected.len() == page.people().len(), (expected.len(), page.people()))?;
    for person in expected {
        let row = page.person(person.id)?;
        let lobby = format!("{:?}", person.lobby);
        check(format!("{:?}", row.lobby) == lobby && row.bridge.as_deref() == Some(person.bridge.as_str()), (row, lobby))?;
    }
    Ok(())
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
#[case::token_refused(json!({ "token_status": 503 }))]
#[case::token_forbidden(json!({ "token_status": 403 }))]
#[case::socket_refused(json!({ "events_status": 403 }))]
#[case::subscriptions_refused(json!({ "subscription_limit": 0, "error_status": "failure", "events_status": 404 }))]
#[tokio::test]
async fn without_events_everything_is_polled_and_the_page_says_so(#[case] switches: serde_json::Value) {
    let mut options = quiet(1);
    options.switches = Some(switches.to_string());
    let desk = Desk::start(options).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    in_state(&mut page, "eu-1", BridgeState::Polling).await;
    waits(&mut page, people[0].id).await;
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    waits(&mut page, late.id).await;
    page.until("readiness to hold", |page| check(page.bridge("eu-1")?.trouble.is_some(), page.bridges())).await;
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

#[rstest]
#[case::no_xml(json!({ "garbage_xml": true }))]
#[case::half_of_it(json!({ "truncated_body": true }))]
#[case::server_errors(json!({ "rest_status": 500 }))]
#[tokio::test]
async fn answers_that_cannot_be_read_do_not_hammer_the_bridge_and_pass(#[case] switches: serde_json::Value) {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    waits(&mut page, people[0].id).await;
    live(&mut page, "eu-1").await;
    let changes = switches.as_object().expect("object").keys().map(|key| (key.clone(), json!(null))).collect::<serde_json::Map<_, _>>();
    desk.control().set_switches(Some("eu-1"), switches).expect("switch");
    desk.control().reset_requests();
    page.follow_for(Duration::from_secs(2)).await;
    let requests = serde_json::to_value(desk.control().requests()).expect("JSON");
    let total = requests.as_array().expect("bridges").iter().find(|bridge| bridge["bridge"] == "eu-1").and_then(|b| b["total"].as_u64());
    assert!(total.is_some_and(|total| total < 400), "two seconds, every wait a tenth as long: {total:?}");
    assert!(page.person(people[0].id).is_ok(), "nobody is dropped on an answer that cannot be read");
    desk.control().set_switches(Some("eu-1"), serde_json::Value::Object(changes)).expect("switch");
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    waits(&mut page, late.id).await;
    page.until("the view to equal the truth", |page| equals_truth(page, &desk)).await;
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
async fn a_stalled_socket_is_given_up_when_the_bridge_changes_without_it() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, people[0].id).await;
    desk.control().set_switches(None, json!({ "events_stall": true })).expect("switch");
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    waits(&mut page, late.id).await;
    assert_eq!(in_state(&mut page, "eu-1", BridgeState::Polling).await, "events_lost");
    desk.control().set_switches(None, json!({ "events_stall": null })).expect("switch");
    live(&mut page, "eu-1").await;
}

#[tokio::test]
async fn a_user_who_may_not_follow_events_is_not_asked_again_and_again() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "token_status": 401 }).to_string());
    let desk = Desk::start(options).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    assert_eq!(in_state(&mut page, "eu-1", BridgeState::Polling).await, "events_not_permitted");
    waits(&mut page, people[0].id).await;
    page.follow_for(Duration::from_secs(2)).await;
    assert_eq!(desk.asked("POST /authTokens"), 1, "each try may count towards a lock-out");
    desk.control().set_switches(None, json!({ "token_status": null })).expect("switch");
    page.retry("eu-1").await;
    live(&mut page, "eu-1").await;
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
