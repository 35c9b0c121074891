//! Every fault of an events socket: what the page shows, that other bridges are not affected, that CMS gets few requests, and that
//! the view is true afterwards. docs/reliability.md lists them.

mod common;

use std::time::Duration;

use common::desk::quiet;
use common::fault_scenario::{BROKEN, FaultScenario, probes_within, timing};
use common::in_time;
use common::page::check;
use rstest::rstest;
use serde_json::{Value, json};
use usher::model::BridgeState;
use usher::simulator::Cut;

/// Nothing of a fault may come back before the test has looked: a pause that a slow machine can't miss.
async fn slow_to_reconnect() -> FaultScenario {
    FaultScenario::start_with(quiet(3), |config| config.timing.reconnect_min = Duration::from_secs(2)).await.until_settled().await
}

#[rstest]
#[case::hard(Cut::Hard, "")]
#[case::without_a_code(Cut::Close, "closed by the bridge without a code")]
#[case::with_a_code(Cut::Code(1001), "closed by the bridge (1001)")]
#[case::with_an_error(Cut::Code(1011), "closed by the bridge (1011)")]
#[tokio::test]
async fn a_socket_that_is_cut_comes_back_and_what_happened_meanwhile_is_read(#[case] cut: Cut, #[case] words: &str) {
    let mut scene = slow_to_reconnect().await;
    scene.start_counting();
    scene.desk.control().cut_events(Some(BROKEN), cut).expect("cut");
    scene.assert_fault_shown(BridgeState::Polling, "events_lost", words).await;
    scene.exercise_all_bridges().await;
    scene.until_recovered().await;
    scene.assert_requests_as_in_health(1);
    assert_eq!(scene.request_count("POST /authTokens"), 1);
}

/// Each is one that a reconnect does not mend.
#[rstest]
#[case::upgrade_refused(json!({ "events_status": 503 }), "events_lost", "503")]
#[case::upgrade_forbidden(json!({ "events_status": 403 }), "events_lost", "403")]
#[case::token_refused(json!({ "token_status": 503 }), "busy", "503")]
#[case::token_failed(json!({ "token_status": 500 }), "unexpected_answer", "500")]
#[case::token_expired(json!({ "token_lifetime_ms": 0 }), "events_lost", "401")]
#[case::subscriptions_refused(json!({ "subscribe_refused": true, "error_status": "too many" }), "events_refused", "too many")]
#[case::no_acks_heard_and_closed(json!({ "ignore_acks": true, "ack_window": 1, "ack_timeout_ms": 50, "no_ack": "close" }),
    "events_lost", "closed by the bridge")]
#[case::everything_closed_for_idleness(json!({ "idle_close_ms": 1 }), "events_lost", "closed by the bridge (1001)")]
#[tokio::test]
async fn without_events_a_bridge_is_polled_and_tried_less_and_less_often(#[case] switches: Value, #[case] code: &str, #[case] words: &str) {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_events_fault(switches);
    scene.assert_fault_shown(BridgeState::Polling, code, words).await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.page.follow_for(timing().reconnect_max).await;
    let (_, elapsed) = scene.requests_since_fault();
    let (tokens, most) = (scene.request_count("POST /authTokens"), probes_within(elapsed));
    assert!(tokens <= most, "{tokens} tokens in {elapsed:?}, at most {most}");
    scene.assert_requests_as_in_health(tokens);
    scene.assert_healthy_unchanged();
    scene.clear_fault();
    scene.until_recovered().await;
}

/// Open sockets that tell nothing: TCP says that all is well, only what REST shows tells that they are dead.
#[rstest]
#[case::half_open(json!({ "events_stall": true }))]
#[case::silent_without_acks(json!({ "ignore_acks": true, "ack_window": 1, "ack_timeout_ms": 50, "no_ack": "stall" }))]
#[tokio::test]
async fn a_socket_that_falls_silent_is_given_up_when_the_bridge_changes_without_it(#[case] switches: Value) {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_fault(switches);
    scene.exercise_all_bridges().await;
    scene.assert_fault_shown(BridgeState::Polling, "events_lost", "").await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    let (_, elapsed) = scene.requests_since_fault();
    assert!(scene.request_count("POST /authTokens") <= probes_within(elapsed));
    scene.assert_requests_as_in_health(scene.request_count("POST /authTokens") + 1);
    scene.clear_fault();
    // A socket that the bridge has given up stays silent, also when the bridge is well again: the next change shows it.
    scene.exercise_all_bridges().await;
    scene.until_recovered().await;
}

#[rstest]
#[case::forbidden(403)]
#[case::unauthorized(401)]
#[tokio::test]
async fn a_user_who_may_not_follow_events_is_not_asked_again_and_again(#[case] status: u16) {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_events_fault(json!({ "token_status": status }));
    scene.assert_fault_shown(BridgeState::Polling, "events_not_permitted", &status.to_string()).await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.page.follow_for(timing().reconnect_max).await;
    assert_eq!(scene.request_count("POST /authTokens"), 1, "each try may count towards a lock-out");
    scene.assert_requests_as_in_health(1);
    scene.clear_fault();
    scene.page.retry(BROKEN).await;
    scene.until_recovered().await;
}

#[rstest]
#[case::and_silent(json!({}))]
#[case::and_told_on_under_the_old_index(json!({ "late_updates": true }))]
#[tokio::test]
async fn rosters_that_are_pushed_no_longer_are_polled_and_asked_for_again_under_new_indexes(#[case] switches: Value) {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_fault(switches);
    scene.desk.control().deactivate_rosters(BROKEN).expect("deactivated");
    let polled = |page: &common::page::Page| check(page.bridge(BROKEN)?.polled_calls > 0, page.bridges());
    scene.page.until("polled calls to be said", polled).await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.until_recovered().await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.assert_requests_as_in_health(1);
    assert_eq!(scene.requests_since_fault().0.indexes_reused, 0, "late updates of an index would be taken for another call's");
    assert_eq!(scene.request_count("POST /authTokens"), 0, "the socket was good all the time");
}

/// The acknowledgement said yes, and nothing comes of it.
#[tokio::test]
async fn rosters_that_stay_pending_are_polled_and_asked_for_again() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_events_fault(json!({ "active_limit": 2 }));
    let polled = |page: &common::page::Page| check(page.bridge(BROKEN)?.polled_calls > 0, page.bridges());
    scene.page.until("polled calls to be said", polled).await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    scene.assert_healthy_unchanged();
    assert_eq!(scene.request_count("POST /authTokens"), 1, "the socket was good all the time");
    scene.assert_requests_as_in_health(2);
    scene.clear_fault();
    scene.until_recovered().await;
}

/// Without a list of calls a socket is of no use.
#[tokio::test]
async fn a_list_of_calls_that_stays_pending_is_no_subscription() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_events_fault(json!({ "never_active": true }));
    scene.assert_fault_shown(BridgeState::Polling, "events_lost", "pending").await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    let (_, elapsed) = scene.requests_since_fault();
    assert!(scene.request_count("POST /authTokens") <= probes_within(elapsed));
    scene.assert_healthy_unchanged();
    scene.clear_fault();
    scene.until_recovered().await;
}

#[tokio::test]
async fn a_list_of_calls_that_is_pushed_no_longer_is_asked_for_on_a_new_socket() {
    let mut scene = slow_to_reconnect().await;
    scene.start_counting();
    scene.desk.control().deactivate_calls(BROKEN).expect("deactivated");
    scene.assert_fault_shown(BridgeState::Polling, "events_lost", "pushed no longer").await;
    scene.exercise_all_bridges().await;
    scene.until_recovered().await;
    scene.assert_requests_as_in_health(1);
    assert_eq!(scene.request_count("POST /authTokens"), 1);
}

/// A bridge may refuse a whole set for one call that has ended: that says nothing of the others, and nothing of the elements asked for.
#[tokio::test]
async fn calls_that_ended_while_events_were_away_do_not_cost_the_others_theirs() {
    let mut scene = slow_to_reconnect().await;
    let short: Vec<_> = (0..4).map(|n| scene.desk.meeting(&format!("Short call {n}"), BROKEN, &[]).0).collect();
    scene.until_true().await;
    let live = scene.page.bridge(BROKEN).expect("row").clone();
    scene.set_events_fault(json!({ "unknown_call": "refused" }));
    scene.until_state(BROKEN, BridgeState::Polling).await;
    for meeting in short {
        scene.desk.control().end(meeting.id, None).expect("ended");
    }
    scene.until_state(BROKEN, BridgeState::Live).await;
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    let row = scene.page.bridge(BROKEN).expect("row");
    assert_eq!((row.polled_calls, &row.trouble), (0, &live.trouble));
    let (requests, _) = scene.requests_since_fault();
    assert!(requests.subscribe_requests <= 4, "refused, asked for again without them: {requests:?}");
    scene.assert_requests_as_in_health(1);
    scene.assert_healthy_unchanged();
}

/// Indexes of ended calls are not used again, and what still comes under them concerns nobody.
#[tokio::test]
async fn late_updates_of_ended_calls_make_no_ghosts_and_indexes_are_never_reused() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    scene.set_fault(json!({ "late_updates": true, "deactivated_at_end": "before" }));
    for n in 0..5 {
        let (meeting, people) = scene.desk.meeting(&format!("Short call {n}"), BROKEN, &["Ana Silva", "Bo Berg"]);
        scene.page.until("both to be shown", |page| people.iter().try_for_each(|person| page.person(person.id).map(drop))).await;
        // Only a call that was subscribed to has an index that could be reused.
        in_time("the roster to be subscribed to", async {
            while scene.requests_since_fault().0.subscribe_requests <= n {
                scene.page.follow_for(Duration::from_millis(20)).await;
            }
        })
        .await;
        scene.desk.control().end(meeting.id, None).expect("ended");
        scene.page.until("both to be gone", |page| check(people.iter().all(|p| page.person(p.id).is_err()), page.people())).await;
    }
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    let (requests, _) = scene.requests_since_fault();
    assert_eq!(requests.indexes_reused, 0);
    assert!(requests.subscribe_requests >= 5, "each call was subscribed to: {requests:?}");
    scene.assert_requests_as_in_health(1);
    scene.assert_healthy_unchanged();
}

/// Everything that a bridge may do differently and that nobody is to notice: no word on the page, no request more, the view true.
#[rstest]
#[case::pings_unanswered(json!({ "answer_pings": false }))]
#[case::pings_answered(json!({ "answer_pings": true }))]
#[case::tokens_for_several_sockets(json!({ "token_single_use": false }))]
#[case::unknown_types_and_fields(json!({ "unknown_updates": true }))]
#[case::a_lobby_element_that_nobody_knows(json!({ "lobby_hint": true }))]
#[case::update_before_add(json!({ "early_updates": true }))]
#[case::update_without_add(json!({ "lost_adds": true }))]
#[case::added_twice_removed_twice(json!({ "duplicate_updates": true }))]
#[case::in_reverse(json!({ "reorder_updates": true }))]
#[case::added_twice_in_reverse(json!({ "duplicate_updates": true, "reorder_updates": true, "early_updates": true }))]
#[case::deactivated_before_the_remove(json!({ "deactivated_at_end": "before" }))]
#[case::deactivated_after_the_remove(json!({ "deactivated_at_end": "after" }))]
#[case::roster_removed_before_the_call(json!({ "roster_removes_first": true, "deactivated_at_end": "before" }))]
#[case::roster_removed_and_deactivated_after(json!({ "roster_removes_first": true, "deactivated_at_end": "after" }))]
#[case::initial_list_in_pieces(json!({ "initial_split": 1, "empty_list_message": true }))]
#[case::states_one_by_one(json!({ "subscription_updates_split": true, "pending_again": true }))]
#[case::whole_set_added_again(json!({ "readd_on_replacement": true }))]
#[case::whole_set_added_again_in_pieces(json!({ "readd_on_replacement": true, "pending_again": true, "initial_split": 1 }))]
#[case::one_message_at_a_time(json!({ "ack_window": 1, "ack_timeout_ms": 2000, "no_ack": "close" }))]
#[case::frames_of_2_mb(json!({ "events_padding": 2_000_000 }))]
#[case::invalid_json_between(json!({ "invalid_json_events": true }))]
#[case::invalid_utf8_between(json!({ "invalid_utf8_events": true }))]
#[case::other_spellings(json!({ "on_hold_spelling": "onhold", "endpoint_recording_form": "boolean", "participants_count": "local" }))]
#[tokio::test]
async fn what_a_bridge_may_do_differently_is_not_noticed(#[case] switches: Value) {
    let mut scene = FaultScenario::start_differing(switches.clone()).await.until_settled().await;
    scene.set_fault(switches);
    scene.desk.control().cut_events(Some(BROKEN), Cut::Close).expect("cut");
    scene.until_state(BROKEN, BridgeState::Polling).await;
    scene.until_state(BROKEN, BridgeState::Live).await;
    let live = scene.page.bridge(BROKEN).expect("row").clone();
    let ended = scene.desk.meeting("Short call", BROKEN, &["Ana Silva", "Bo Berg"]).0;
    scene.exercise_all_bridges().await;
    scene.page.until("the short call", |page| check(page.meetings().iter().any(|m| *m.name == *"Short call"), page.meetings())).await;
    scene.desk.control().end(ended.id, None).expect("ended");
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    assert_eq!(scene.page.bridge(BROKEN).expect("row"), &live, "nothing is said of it");
    let (requests, _) = scene.requests_since_fault();
    assert_eq!((requests.events_silenced, requests.events_opened, requests.indexes_reused), (0, 1, 0), "{requests:?}");
    // Two meetings came and went with their people; a reading of the bridge for each is far more than they cost.
    scene.assert_requests_as_in_health(2);
}

/// A set that grows call by call is added again with each request: what is known already costs nothing.
#[tokio::test]
async fn a_set_that_is_added_again_with_every_new_call_makes_no_storm() {
    let mut scene = FaultScenario::start().await.until_settled().await;
    let names: Vec<String> = (0..60).map(|n| format!("Guest {n}")).collect();
    scene.desk.meeting("Assembly", BROKEN, &names.iter().map(String::as_str).collect::<Vec<_>>());
    scene.until_true().await;
    scene.set_fault(json!({ "readd_on_replacement": true, "pending_again": true }));
    for n in 0..8 {
        scene.desk.meeting(&format!("Call {n}"), BROKEN, &[]);
        scene.page.until("the call", |page| check(page.meetings().iter().any(|m| *m.name == *format!("Call {n}")), page.meetings())).await;
    }
    let (requests, elapsed) = scene.requests_since_fault();
    assert!(requests.subscribe_requests >= 2, "{requests:?}");
    let shape = |shape: &str| requests.by_shape.get(shape).copied().unwrap_or(0);
    let once = 1 + (elapsed.as_secs_f64() / timing().sweep_roster.as_secs_f64()) as u64;
    assert_eq!(shape("GET /participants/<id>"), 0, "nobody is new: {requests:?}");
    assert_eq!(shape("GET /participants/<id>/callLegs"), 0, "{requests:?}");
    // Seven pages of the sixty's roster for a sweep of the calls that were there; one page for each new, empty call.
    let rosters = shape("GET /calls/<id>/participants");
    assert!(rosters <= 8 + once * (7 + 4 + 8), "{rosters} pages of rosters in {elapsed:?}: {requests:?}");
    scene.assert_requests_as_in_health(0);
    scene.assert_healthy_unchanged();
}
