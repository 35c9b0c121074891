//! Clusters: one meeting on several bridges that report it differently and at different times; changes at the hosting bridge; hidden parts.

mod common;

use std::time::Duration;

use common::comparison::differences;
use common::desk::{Desk, quiet};
use common::page::{Page, check};
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::json;
use usher::model::{Home, Lobby, LockMode};
use usher::simulator::{Id, MeetingTruth, Move, StartCall};
use usher::view::MeetingRow;

const BRIDGES: [&str; 3] = ["eu-1", "eu-2", "us-1"];

async fn start(switches: serde_json::Value) -> Desk {
    let mut options = quiet(3);
    options.switches = Some(switches.to_string());
    Desk::start(options).await
}

/// A meeting on all three bridges with one guest on each.
fn spread(desk: &Desk) -> (MeetingTruth, Vec<Id>) {
    let (meeting, _) = desk.meeting("Board", "eu-1", &[]);
    let guests = BRIDGES.map(|bridge| desk.join(meeting.id, bridge, &format!("Guest of {bridge}")).id);
    (meeting, guests.to_vec())
}

fn is_true(page: &Page, desk: &Desk) -> Result<(), String> {
    let found = differences(page, desk);
    check(found.is_empty(), found)
}

fn the_meeting(page: &Page) -> Result<&MeetingRow, String> {
    match page.meetings()[..] {
        [row] => Ok(row),
        _ => Err(format!("{:?}", page.meetings())),
    }
}

#[tokio::test]
async fn a_correlator_that_comes_late_or_changes_joins_the_parts_of_a_meeting() {
    for first in ["absent", "own"] {
        let desk = start(json!({ "correlator_ms": 600, "correlator_first": first })).await;
        let mut page = desk.page("vi").await;
        let (_, guests) = spread(&desk);
        page.until("the parts, each for itself", |page| check(page.meetings().len() > 1, page.meetings())).await;
        page.until("one meeting", |page| is_true(page, &desk)).await;
        let row = the_meeting(&page).expect("one meeting");
        assert_eq!((row.waiting, row.bridges.len()), (3, 3), "{first}: {row:?}");
        let results = {
            let mut moderator = desk.page("mo").await;
            moderator.until("all three", |page| is_true(page, &desk)).await;
            moderator.admit("all", &guests).await
        };
        assert!(results.values().all(|result| result["result"] == "done"), "{first}: {results:?}");
    }
}

#[tokio::test]
async fn who_is_moved_to_another_call_or_bridge_is_shown_there_and_only_there() {
    let desk = start(json!({})).await;
    let mut page = desk.page("vi").await;
    let (_, guests) = spread(&desk);
    let (other, _) = desk.meeting("Another", "us-1", &["Stays"]);
    page.until("both meetings", |page| is_true(page, &desk)).await;
    let moved = desk.control().move_to(Move { participant: guests[0], meeting: other.id, bridge: Some("us-1".into()) }).expect("moved");
    page.until("the new place", |page| {
        check(page.person(moved.id)?.bridge.as_deref() == Some("us-1"), page.person(moved.id))?;
        is_true(page, &desk)
    })
    .await;
    let back = desk.control().move_to(Move { participant: moved.id, meeting: other.id, bridge: Some("eu-2".into()) }).expect("moved");
    page.until("another bridge of the same call", |page| {
        check(page.person(back.id)?.bridge.as_deref() == Some("eu-2"), page.person(back.id))?;
        is_true(page, &desk)
    })
    .await;
}

#[tokio::test]
async fn a_refusal_of_the_wrong_bridge_leads_to_the_right_one_which_is_remembered() {
    let desk = start(json!({ "remote_put": "reject" })).await;
    let mut page = desk.page("mo").await;
    let (_, guests) = spread(&desk);
    page.until("three who wait", |page| is_true(page, &desk)).await;
    // As after an answer that was true when it was given.
    desk.app.store.update_person(&guests[0].to_string(), |person| person.home = Some(Home::Bridge("us-1".into())));
    let results = page.admit("one", &guests[..1]).await;
    assert_eq!(results[&guests[0].to_string()]["result"], "done", "{results:?}");
    let puts: Vec<(String, u64)> = desk
        .control()
        .requests()
        .iter()
        .map(|bridge| (bridge.bridge.clone(), bridge.changes.iter().filter(|change| change.method == "PUT").count() as u64))
        .collect();
    assert_eq!(puts, [("eu-1".to_owned(), 1), ("eu-2".to_owned(), 0), ("us-1".to_owned(), 1)], "refused once, then the right one");
    page.until("where the person is", |page| check(page.person(guests[0])?.bridge.as_deref() == Some("eu-1"), page.person(guests[0])))
        .await;
}

#[tokio::test]
async fn a_bridge_that_drops_out_keeps_its_part_and_comes_back_to_the_truth() {
    let desk = start(json!({})).await;
    let mut page = desk.page("vi").await;
    let (meeting, guests) = spread(&desk);
    page.until("three who wait", |page| is_true(page, &desk)).await;
    desk.control().stop_bridge("eu-2").expect("stopped");
    page.until("its absence", |page| check(page.bridge("eu-2")?.silent_since.is_some(), page.bridges())).await;
    let row = the_meeting(&page).expect("one meeting");
    assert!(row.bridges.iter().any(|bridge| &**bridge == "eu-2"), "its part is still named: {row:?}");
    assert_eq!(page.person(guests[1]).expect("kept").bridge.as_deref(), Some("eu-2"));
    let late = desk.join(meeting.id, "us-1", "Late").id;
    page.until("news of the others", |page| check(page.person(late)?.lobby == Lobby::Waiting, page.person(late))).await;
    desk.control().leave(guests[1]).expect("left");
    desk.control().start_bridge("eu-2").await.expect("started");
    page.until("the truth", |page| is_true(page, &desk)).await;
}

#[tokio::test]
async fn people_of_a_bridge_that_is_not_configured_are_said_to_be_out_of_sight() {
    let mut options = quiet(3);
    options.switches = Some(json!({}).to_string());
    let desk = Desk::start_with(options, "", |config| config.bridges.truncate(2)).await;
    let mut page = desk.page("mo").await;
    let (_, guests) = spread(&desk);
    page.until("who is out of sight", |page| {
        let (meeting, person) = (the_meeting(page)?, page.person(guests[2])?);
        check(meeting.out_of_sight == 1 && meeting.waiting == 2 && person.elsewhere.as_deref() == Some("us-1"), (meeting, person))
    })
    .await;
    let results = page.admit("one", &guests[2..]).await;
    let result = &results[&guests[2].to_string()];
    assert_eq!(result["result"], "refused", "{result}");
    assert!(result["reason"].as_str().is_some_and(|reason| reason.contains("us-1") && reason.contains("not configured")), "{result}");
}

#[tokio::test]
async fn a_bridge_says_its_own_name_where_it_has_another_one() {
    let desk = Desk::start_with(quiet(2), "", |config| config.bridges[0].name = "Frankfurt".into()).await;
    let mut page = desk.page("vi").await;
    page.until("both names", |page| {
        let (first, second) = (page.bridge("Frankfurt")?, page.bridge("eu-2")?);
        check(first.unique_name.as_deref() == Some("eu-1") && second.unique_name.is_none(), (first, second))
    })
    .await;
}

#[tokio::test]
async fn a_meeting_says_whom_its_lock_holds_and_whether_somebody_lets_others_in() {
    let desk = start(json!({})).await;
    let control = desk.control();
    let mut page = desk.page("vi").await;
    for (mode, expected) in [("all", LockMode::All), ("needsActivation", LockMode::NeedsActivation)] {
        let call =
            StartCall { name: mode.into(), bridge: Some("eu-1".into()), space: true, lock_mode: mode.into(), ..StartCall::default() };
        let meeting = control.start_call(call).expect("started");
        let row =
            |page: &Page| page.meetings().into_iter().find(|row| *row.id == meeting.id.to_string()).cloned().ok_or("no row".to_owned());
        desk.join(meeting.id, "eu-2", "Guest");
        page.until("nobody who lets others in", |page| {
            let row = row(page)?;
            check((row.lock_mode, row.activator, row.locked) == (Some(expected), Some(false), Some(false)), row)
        })
        .await;
        let host = desk.host(meeting.id, "us-1");
        page.until("a host", |page| {
            check(row(page)?.activator == Some(true), (row(page), page.people(), desk.request_count("GET /participants/<id>")))
        })
        .await;
        control.lock(meeting.id).expect("locked");
        page.until("the lock", |page| check(row(page)?.locked == Some(true), row(page))).await;
        control.leave(host.id).expect("left");
        page.until("no host any more", |page| check(row(page)?.activator == Some(false), row(page))).await;
    }
    // Without a space there is no profile that says it.
    let plain = StartCall { name: "plain".into(), bridge: Some("eu-1".into()), space: false, ..StartCall::default() };
    let plain = control.start_call(plain).expect("started");
    page.until("a call without a space", |page| {
        let row = page.meetings().into_iter().find(|row| *row.id == plain.id.to_string()).ok_or("no row")?;
        check(row.lock_mode.is_none(), row)
    })
    .await;
}

#[tokio::test]
async fn a_space_that_could_not_be_read_for_a_while_is_read_later() {
    let desk = start(json!({ "rest_status": 503, "rest_status_under": "/coSpaces" })).await;
    let control = desk.control();
    let call =
        StartCall { name: "Board".into(), bridge: Some("eu-1".into()), space: true, lock_mode: "all".into(), ..StartCall::default() };
    let meeting = control.start_call(call).expect("started");
    let mut page = desk.page("vi").await;
    let row = |page: &Page| page.meetings().into_iter().find(|row| *row.id == meeting.id.to_string()).cloned().ok_or("no row".to_owned());
    page.until("the meeting", |page| row(page)).await;
    // The first asking and its repeats, of which there are ten.
    wait_for(DEADLINE, "the repeats to end", async || {
        let asked = desk.request_count("GET /coSpaces/<id>");
        if asked > 10 { Ok(()) } else { Err(asked) }
    })
    .await;
    control.set_switches(None, json!({ "rest_status": 0 })).expect("switch");
    page.until("what the space says", |page| check(row(page)?.lock_mode == Some(LockMode::All), row(page))).await;
}

/// Facts that a bridge once refused to tell, or that administrators change, are read again: rarely, but not only after a restart.
#[rstest]
#[case::a_space("/coSpaces")]
#[case::a_profile("/callProfiles")]
#[tokio::test]
async fn what_was_refused_of_a_space_is_asked_for_again(#[case] under: &str) {
    let mut options = quiet(1);
    options.switches = Some(json!({ "rest_status": 403, "rest_status_under": under }).to_string());
    let desk = Desk::start_with(options, "", |config| config.timing.labels = Duration::from_millis(500)).await;
    let control = desk.control();
    let call =
        StartCall { name: "Board".into(), bridge: Some("eu-1".into()), space: true, lock_mode: "all".into(), ..StartCall::default() };
    control.start_call(call).expect("started");
    let mut page = desk.page("vi").await;
    page.until("the meeting", |page| the_meeting(page).map(drop)).await;
    let refused = format!("GET {under}/<id>");
    wait_for(DEADLINE, "the refusal", async || check(desk.request_count(&refused) > 0, desk.control().requests())).await;
    control.set_switches(None, json!({ "rest_status": 0 })).expect("switch");
    page.until("what the space says", |page| check(the_meeting(page)?.lock_mode == Some(LockMode::All), the_meeting(page))).await;
}

#[tokio::test]
async fn who_was_in_before_usher_came_is_asked_once_whether_they_let_others_in() {
    let sim = usher::simulator::start(quiet(1)).await.expect("simulator");
    let control = sim.control();
    let call = StartCall { name: "Board".into(), bridge: Some("eu-1".into()), space: true, ..StartCall::default() };
    let meeting = control.start_call(call).expect("started");
    let desk = Desk::start_on(sim, "", |_| {}).await;
    desk.host(meeting.id, "eu-1");
    let desk = desk.restart().await;
    let mut page = desk.page("vi").await;
    page.until("the host", |page| check(the_meeting(page)?.activator == Some(true), the_meeting(page))).await;
}
