//! Every fault of a bridge's REST interface, and its restart: what the page shows meanwhile, that other bridges are not affected, that CMS
//! gets few requests, and that the view is true afterwards. docs/reliability.md lists them. Admissions that CMS swallows are in `admit.rs`.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::fault_scenario::{BROKEN, FaultScenario, scaled_timing, timing};
use common::page::check;
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::{Value, json};
use usher::model::{BridgeState, Lobby};
use usher::simulator::Cut;

/// Requests that may be under way at once.
const SLOTS: u64 = 4;

fn unauthorized(desk: &Desk) -> u64 {
    desk.control().requests().iter().map(|bridge| bridge.unauthorized).sum()
}

#[tokio::test]
async fn a_password_that_is_refused_at_once_is_tried_once_also_over_restarts_and_again_on_request() {
    let desk = Desk::start_with(quiet(2), "", |config| config.bridges[0].password = usher::config::Secret::new("wrong")).await;
    desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (_, others) = desk.meeting("Ward round", "eu-2", &["Ana Silva"]);
    let mut page = desk.page("mo").await;
    let refused = |page: &common::page::Page| {
        let row = page.bridge("eu-1")?;
        let code = row.trouble.as_ref().map(|trouble| &*trouble.code);
        check(row.state == BridgeState::Refused && code == Some("credentials_refused"), row)
    };
    page.until("the refusal to be said", refused).await;
    page.until("the other bridge's guest to wait", |page| check(page.person(others[0].id)?.lobby == Lobby::Waiting, page.people())).await;
    page.follow_for(Duration::from_secs(1)).await;
    assert_eq!(unauthorized(&desk), 1, "accounts lock: one request, not a loop");
    let desk = desk.restart().await;
    let mut page = desk.page("mo").await;
    page.until("the refusal to be said", refused).await;
    page.follow_for(Duration::from_millis(500)).await;
    assert_eq!(unauthorized(&desk), 1, "a restart does not try them again");
    page.retry("eu-1").await;
    wait_for(DEADLINE, "the one further try", async || check(unauthorized(&desk) == 2, unauthorized(&desk))).await;
    page.until("the refusal to be said", refused).await;
}

#[tokio::test]
async fn a_password_that_is_refused_later_on_ends_everything_until_somebody_tries_again() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_fault(json!({ "rest_status": 401 }));
    scene.assert_fault_shown(BridgeState::Refused, "credentials_refused", "401").await;
    scene.exercise_all_bridges().await;
    scene.page.follow_for(timing().reconnect_max).await;
    let (requests, elapsed) = scene.requests_since_fault();
    assert!(requests.total <= SLOTS, "only what was under way: {requests:?} in {elapsed:?}");
    scene.assert_healthy_unchanged();
    scene.clear_fault();
    scene.page.follow_for(timing().reconnect_max).await;
    assert!(scene.requests_since_fault().0.total <= SLOTS, "nothing by itself");
    scene.page.retry(BROKEN).await;
    scene.until_recovered().await;
}

/// The bridge answers everything, and nothing of it can be used.
#[rstest]
#[case::forbidden(json!({ "rest_status": 403 }), "forbidden", "403")]
#[case::busy(json!({ "rate_503": 1.0 }), "busy", "503")]
#[case::busy_for_seconds(json!({ "rate_503": 1.0, "retry_after_s": 1 }), "busy", "503")]
#[case::failing(json!({ "rest_status": 500 }), "unexpected_answer", "500")]
#[case::no_xml(json!({ "garbage_xml": true }), "unexpected_answer", "cannot be read")]
#[case::bodies_cut_off(json!({ "truncated_body": true }), "unexpected_answer", "cannot be read")]
#[tokio::test]
async fn answers_that_help_nobody_are_said_and_asked_for_less_and_less_often(
    #[case] switches: Value,
    #[case] code: &str,
    #[case] words: &str,
) {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_fault(switches);
    let since = scene.assert_fault_shown(BridgeState::Unreachable, code, words).await.since;
    scene.assert_requests_as_in_health(1);
    scene.restart_counting();
    let known = scene.page.people().len();
    scene.exercise_all_bridges().await;
    scene.page.follow_for(timing().reconnect_max).await;
    let row = scene.assert_fault_shown(BridgeState::Unreachable, code, words).await;
    assert_eq!(row.since, since, "one trouble, one beginning: no try in between restarts it");
    assert!(scene.page.people().len() + 4 >= known, "who is known stays: {known} before, {:?}", scene.page.people());
    // A try is the status and, where that is answered, a page of calls.
    scene.assert_only_probes(SLOTS, 2);
    scene.assert_healthy_unchanged();
    scene.clear_fault();
    scene.until_recovered().await;
}

#[tokio::test]
async fn a_bridge_that_is_busy_now_and_then_is_asked_again_and_nothing_is_said() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_fault(json!({ "rate_503": 0.2 }));
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.assert_healthy_unchanged();
    assert_eq!(scene.page.bridge(BROKEN).expect("row").state, BridgeState::Live);
    scene.assert_requests_as_in_health(1);
}

/// No answer at all, in three ways.
#[rstest]
#[case::hanging(json!({ "rest_hang": true }), "timed_out")]
#[case::slow_by_ten_seconds(json!({ "latency_ms": 1000, "latency_jitter_ms": 50 }), "timed_out")]
#[tokio::test]
async fn a_bridge_that_does_not_answer_in_time_is_unreachable(#[case] switches: Value, #[case] code: &str) {
    // Ten seconds are one here, as every other wait is a tenth.
    let mut scene = FaultScenario::start_with(quiet(3), scaled_timing).await.until_settled().await;
    scene.set_fault(switches);
    scene.assert_fault_shown(BridgeState::Unreachable, code, "no answer within").await;
    scene.restart_counting();
    scene.exercise_all_bridges().await;
    scene.page.follow_for(timing().reconnect_max).await;
    scene.assert_only_probes(SLOTS, 1);
    scene.assert_healthy_unchanged();
    scene.clear_fault();
    scene.until_recovered().await;
}

#[tokio::test]
async fn a_slow_bridge_is_followed_in_its_own_time() {
    let mut scene = FaultScenario::start_with(quiet(3), scaled_timing).await.until_settled().await;
    scene.set_fault(json!({ "latency_ms": 300, "latency_jitter_ms": 200 }));
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.assert_healthy_unchanged();
    let (requests, _) = scene.requests_since_fault();
    assert!(requests.in_flight_max <= SLOTS, "{requests:?}");
    assert_ne!(scene.page.bridge(BROKEN).expect("row").state, BridgeState::Unreachable);
    scene.assert_requests_as_in_health(1);
    scene.clear_fault();
    scene.until_recovered().await;
}

#[tokio::test]
async fn a_bridge_that_refuses_connections_fades_and_comes_back_true() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.start_counting();
    scene.desk.control().stop_bridge(BROKEN).expect("stopped");
    scene.assert_fault_shown(BridgeState::Unreachable, "unreachable", "").await;
    scene.page.until("the age to be said", |page| check(page.bridge(BROKEN)?.silent_since.is_some(), page.bridges())).await;
    let known = scene.page.people().len();
    scene.exercise_all_bridges().await;
    assert!(scene.page.people().len() >= known, "what was known stays");
    scene.desk.control().start_bridge(BROKEN).await.expect("started");
    scene.until_recovered().await;
    scene.assert_requests_as_in_health(1);
}

#[tokio::test]
async fn a_restarted_bridge_has_new_ids_for_everything_and_leaves_no_ghosts() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.start_counting();
    let before: Vec<String> =
        scene.page.people().iter().filter(|row| row.bridge.as_deref() == Some(BROKEN)).map(|row| row.id.to_string()).collect();
    assert!(before.len() >= 4);
    scene.desk.control().restart_bridge(BROKEN).await.expect("restarted");
    scene.until_true().await;
    let left: Vec<_> = scene.page.people().into_iter().filter(|row| before.contains(&row.id.to_string())).collect();
    assert!(left.is_empty(), "ids of before the restart: {left:?}");
    scene.until_recovered().await;
    scene.assert_requests_as_in_health(2);
}

/// Everything that a bridge may say differently and that nobody is to notice.
#[rstest]
#[case::gone_is_404_with_a_reason(json!({ "missing": "body404" }))]
#[case::gone_is_400_with_a_reason(json!({ "missing": "body400", "missing_participant": "bare404" }))]
#[case::gone_is_a_bare_404(json!({ "missing": "bare404" }))]
#[case::with_declaration(json!({ "xml_declaration": true }))]
#[case::without_declaration(json!({ "xml_declaration": false }))]
#[case::empty_collections_opened_and_closed(json!({ "empty_list": "open_close" }))]
#[case::empty_collections_in_one(json!({ "empty_list": "self_closing" }))]
#[case::sub_type_in_camels(json!({ "sub_type_spelling": "subType" }))]
#[case::sub_type_in_lower_case(json!({ "sub_type_spelling": "subtype" }))]
#[case::deactivated_absent_for_active_legs(json!({ "active_leg": "omit" }))]
#[case::deactivated_false_for_active_legs(json!({ "active_leg": "false" }))]
#[case::deactivated_late_for_waiting_legs(json!({ "late_deactivated_ms": 60 }))]
#[case::waiting_legs_without_a_state(json!({ "waiting_state": "absent" }))]
#[case::waiting_legs_of_a_state_that_nobody_knows(json!({ "waiting_state": "other" }))]
#[case::who_waits_is_listed_as_ringing(json!({ "waiting_participant": "ringing" }))]
#[case::who_waits_is_listed_without_a_state(json!({ "waiting_participant": "absent" }))]
#[case::deactivated_in_participants_too(json!({ "participant_deactivated": true }))]
#[case::legs_by_filter_only(json!({ "participant_legs": "singular" }))]
#[case::legs_by_filter_only_and_unknown_paths_are_400(json!({ "participant_legs": "singular", "unknown_path": "status400" }))]
#[case::legs_of_others_name_their_bridge(json!({ "remote_legs": "call_bridge", "link_name": "empty" }))]
#[case::small_pages(json!({ "cap_calls": 2, "cap_legs": 3, "cap_participants": 1 }))]
#[case::unknown_counts(json!({ "count_lobby": false, "count_links": true }))]
#[tokio::test]
async fn what_a_bridge_may_say_differently_is_not_noticed(#[case] switches: Value) {
    let mut scene = FaultScenario::start_differing(switches.clone()).await.until_settled().await;
    let live = scene.page.bridge(BROKEN).expect("row").clone();
    scene.set_fault(switches);
    let (ended, people) = scene.desk.meeting("Short call", BROKEN, &["Ana Silva", "Bo Berg"]);
    scene.exercise_all_bridges().await;
    for person in &people {
        scene.page.until("them to wait", |page| check(page.person(person.id)?.lobby == Lobby::Waiting, page.people())).await;
    }
    scene.desk.control().leave(people[0].id).expect("left");
    scene.desk.control().end(ended.id, None).expect("ended");
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    assert_eq!(scene.page.bridge(BROKEN).expect("row"), &live, "nothing is said of it");
    // A page for each object, where pages are small.
    scene.assert_requests_as_in_health(4);
}

/// Two paths of one bridge that do not agree: asked again with a pause.
#[tokio::test]
async fn a_roster_that_is_not_there_although_its_call_is_makes_no_storm() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    let meeting = scene.desk.meeting("Ward round without a roster", BROKEN, &[]).0;
    scene.page.until("it", |page| check(page.meetings().len() == 5, page.meetings())).await;
    let call = meeting.calls[0].call;
    scene.set_fault(json!({ "rest_status": 404, "rest_status_under": format!("/calls/{call}/participants") }));
    // Everything is read anew after a reconnect.
    scene.desk.control().cut_events(Some(BROKEN), Cut::Hard).expect("cut");
    scene.exercise_all_bridges().await;
    scene.page.follow_for(timing().poll_roster * 4).await;
    let (requests, elapsed) = scene.requests_since_fault();
    let tries = 5 + 2 * (elapsed.as_secs_f64() / timing().poll_roster.as_secs_f64()) as u64;
    let failed = requests.by_status.get(&404).copied().unwrap_or(0);
    assert!((1..=tries).contains(&failed), "{failed} in {elapsed:?}, at most {tries}: {requests:?}");
    scene.clear_fault();
    scene.until_recovered().await;
}

/// No participant is lost or doubled by a list that changes while it is read, with events and with REST only.
#[rstest]
#[case::with_events(json!({}))]
#[case::without_events(json!({ "token_status": 503 }))]
#[tokio::test]
async fn pages_that_shift_while_they_are_read_lose_and_double_nobody(#[case] more: Value) {
    let mut shifting = json!({ "pages_shift": 1, "cap_calls": 2, "cap_legs": 3, "cap_participants": 2 });
    shifting.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
    let mut scene = FaultScenario::start().await.until_settled().await;
    let names: Vec<String> = (0..30).map(|n| format!("Guest {n}")).collect();
    let (_, people) = scene.desk.meeting("Assembly", BROKEN, &names.iter().map(String::as_str).collect::<Vec<_>>());
    scene.until_true().await;
    let polled = shifting.get("token_status").is_some();
    scene.set_fault(shifting);
    scene.desk.control().cut_events(Some(BROKEN), Cut::Hard).expect("cut");
    if polled {
        scene.assert_fault_shown(BridgeState::Polling, "busy", "503").await;
    }
    for person in &people[..10] {
        scene.desk.control().leave(person.id).expect("left");
    }
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.assert_healthy_unchanged();
    assert!(scene.request_count("GET /calls") > 1, "the list of calls has several pages");
    // Each object of a list is a page of its own at worst.
    scene.assert_requests_as_in_health(scene.request_count("POST /authTokens") + 2);
    scene.clear_fault();
    scene.until_recovered().await;
}
