//! The number of requests that a new participant costs, and that they are found on the bridge that hosts them.

mod common;

use std::time::Duration;

use common::comparison::differences;
use common::desk::{Desk, quiet};
use common::page::{Page, check};
use rstest::rstest;
use serde_json::{Value, json};
use usher::config::Config;
use usher::model::Lobby;
use usher::simulator::Id;

/// The shapes of requests about participants, for one or for lists.
const ABOUT_PEOPLE: [&str; 6] = [
    "GET /participants/<id>",
    "GET /participants/<id>/callLegs",
    "GET /callLegs/<id>",
    "GET /callLegs",
    "GET /calls/<id>/callLegs",
    "GET /calls/<id>/participants",
];

/// Nothing is read again because time passed, also not because the machine is slow.
fn once(config: &mut Config) {
    config.timing = config.timing.clone().without_rotation();
    config.timing.recheck = [Duration::from_secs(3600); 4];
    config.timing.read_again = Duration::from_secs(3600);
}

async fn start(bridges: usize, switches: Value) -> Desk {
    let mut options = quiet(bridges);
    options.switches = Some(switches.to_string());
    Desk::start_with(options, "", once).await
}

async fn waiting(page: &mut Page, people: &[Id]) {
    page.until("everybody to wait", |page| {
        people.iter().try_for_each(|person| check(page.person(*person)?.lobby == Lobby::Waiting, page.person(*person)))
    })
    .await;
}

fn asked(desk: &Desk) -> [u64; 6] {
    ABOUT_PEOPLE.map(|shape| desk.request_count(shape))
}

#[tokio::test]
async fn who_comes_to_a_call_of_one_bridge_costs_two_requests() {
    let desk = start(2, json!({})).await;
    let mut page = desk.page("vi").await;
    let meetings: Vec<_> = ["eu-1", "eu-2", "eu-1"].map(|bridge| (desk.meeting("Board", bridge, &["First"]), bridge)).into();
    for ((_, first), _) in &meetings {
        waiting(&mut page, &[first[0].id]).await;
    }
    let before = asked(&desk);
    let people: Vec<Id> = (0..60)
        .map(|n| {
            let ((meeting, _), bridge) = &meetings[n % 3];
            desk.join(meeting.id, bridge, &format!("Guest {n}")).id
        })
        .collect();
    waiting(&mut page, &people).await;
    let after = asked(&desk);
    let spent: Vec<u64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    assert_eq!(spent[0], 0, "nobody is asked about who is hosted where they are listed: {ABOUT_PEOPLE:?} {spent:?}");
    assert!(spent.iter().sum::<u64>() as f64 <= 2.1 * people.len() as f64, "{ABOUT_PEOPLE:?} {spent:?}");
}

#[tokio::test]
async fn who_comes_in_at_once_is_known_with_their_role_for_four_requests() {
    let desk = start(1, json!({})).await;
    let mut page = desk.page("vi").await;
    let (meeting, _) = desk.meeting("Board", "eu-1", &[]);
    let host = desk.host(meeting.id, "eu-1").id;
    let known = |page: &Page, person: Id, activator: bool| {
        let row = page.person(person)?;
        check(row.lobby == Lobby::In && row.activator == Some(activator), row)
    };
    page.until("the host", |page| known(page, host, true)).await;
    let before: u64 = asked(&desk).iter().sum();
    let guests: Vec<Id> = (0..20).map(|n| desk.join(meeting.id, "eu-1", &format!("Guest {n}")).id).collect();
    page.until("all guests in", |page| guests.iter().try_for_each(|guest| known(page, *guest, false))).await;
    let spent = asked(&desk).iter().sum::<u64>() - before;
    assert!(spent <= 4 * guests.len() as u64, "{spent} requests: which legs, two looks at one, whether they let others in");
}

#[tokio::test]
async fn a_call_that_others_host_too_is_asked_about_first_and_costs_three_requests() {
    let desk = start(2, json!({})).await;
    let mut page = desk.page("vi").await;
    let (meeting, first) = desk.meeting("Board", "eu-1", &["First"]);
    waiting(&mut page, &[first[0].id]).await;
    let other = desk.join(meeting.id, "eu-2", "Other").id;
    waiting(&mut page, &[other]).await;
    page.until("the other bridge", |page| check(page.person(other)?.bridge.as_deref() == Some("eu-2"), page.person(other))).await;
    // Both bridges have seen somebody of the other one.
    let before = asked(&desk);
    let people: Vec<Id> = (0..20).map(|n| desk.join(meeting.id, ["eu-1", "eu-2"][n % 2], &format!("Guest {n}")).id).collect();
    waiting(&mut page, &people).await;
    let after = asked(&desk);
    let spent: Vec<u64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    assert_eq!(spent[0], 20, "each is asked about once: {ABOUT_PEOPLE:?} {spent:?}");
    // Two causes may lead to the same reading at the same moment.
    assert!(spent[1] + spent[2] <= 60, "which legs, one leg: {ABOUT_PEOPLE:?} {spent:?}");
}

/// The call is one of the first bridge alone until each of these comes; nobody is ever shown as in, and all are shown where they are.
#[rstest]
#[case::no_legs(json!({ "remote_legs": "empty_list" }))]
#[case::the_bridge_that_has_them(json!({ "remote_legs": "call_bridge" }))]
#[case::not_there(json!({ "remote_legs": "missing" }))]
#[case::not_there_without_a_word(json!({ "remote_legs": "missing", "missing_participant": "bare404" }))]
#[case::links_alone(json!({ "remote_legs": "links" }))]
#[case::links_in_other_letters(json!({ "remote_legs": "links", "sub_type_spelling": "subtype", "link_name": "empty" }))]
#[case::no_such_path(json!({ "participant_legs": "singular" }))]
#[case::no_such_path_by_400(json!({ "participant_legs": "singular", "unknown_path": "status400" }))]
#[case::listed_as_ringing(json!({ "remote_legs": "links", "waiting_participant": "ringing" }))]
#[case::listed_without_a_state(json!({ "waiting_participant": "absent" }))]
#[case::a_late_mark(json!({ "late_deactivated_ms": 60 }))]
#[case::false_in_words(json!({ "active_leg": "false", "participant_deactivated": true, "waiting_state": "absent" }))]
#[case::told_by_updates(json!({ "lost_adds": true }))]
#[case::told_early(json!({ "early_updates": true, "duplicate_updates": true }))]
#[case::busy(json!({ "rate_503": 0.2, "remote_legs": "call_bridge" }))]
#[tokio::test]
async fn people_of_other_bridges_are_found_whatever_their_legs_say(#[case] switches: Value) {
    let mut options = quiet(3);
    options.switches = Some(switches.to_string());
    let desk = Desk::start_with(options, "", |config| config.timing = config.timing.clone().without_rotation()).await;
    let mut page = desk.page("vi").await;
    for round in 0..3 {
        let (meeting, first) = desk.meeting(&format!("Board {round}"), "eu-1", &["First"]);
        let mut people = vec![first[0].id];
        until_true(&mut page, &desk, &people).await;
        for (n, bridge) in ["eu-2", "eu-1", "us-1", "eu-2"].iter().enumerate() {
            people.push(desk.join(meeting.id, bridge, &format!("Guest {n}")).id);
            if round == n {
                until_true(&mut page, &desk, &people).await;
            }
        }
        until_true(&mut page, &desk, &people).await;
    }
}

async fn until_true(page: &mut Page, desk: &Desk, people: &[Id]) {
    page.until("the truth", |page| {
        for person in people {
            if let Ok(row) = page.person(*person) {
                assert_ne!(row.lobby, Lobby::In, "nobody is shown as in who is not: {row:?}");
            }
        }
        let found = differences(page, desk);
        check(found.is_empty(), found)
    })
    .await;
}

#[tokio::test]
async fn somebody_hosted_where_nobody_looks_is_said_to_be_out_of_sight() {
    for remote_legs in ["empty_list", "call_bridge", "missing", "links"] {
        let mut options = quiet(2);
        options.switches = Some(json!({ "remote_legs": remote_legs }).to_string());
        let desk = Desk::start_with(options, "", |config| config.bridges.truncate(1)).await;
        let mut page = desk.page("vi").await;
        let (meeting, first) = desk.meeting("Board", "eu-1", &["First"]);
        waiting(&mut page, &[first[0].id]).await;
        let other = desk.join(meeting.id, "eu-2", "Other").id;
        page.until("who is out of sight", |page| {
            let row = page.person(other)?;
            assert_eq!(row.lobby, Lobby::Unknown, "nothing is known of them: {row:?}");
            check(row.elsewhere.as_deref() == Some("eu-2"), row)
        })
        .await;
    }
}

#[tokio::test]
async fn who_leaves_while_they_are_being_found_leaves_no_ghost() {
    let desk = start(2, json!({ "latency_ms": 40 })).await;
    let mut page = desk.page("vi").await;
    let (meeting, first) = desk.meeting("Board", "eu-1", &["First"]);
    waiting(&mut page, &[first[0].id]).await;
    for n in 0..6 {
        let passer_by = desk.join(meeting.id, ["eu-1", "eu-2"][n % 2], &format!("Passer-by {n}")).id;
        page.until("their name", |page| page.person(passer_by).map(drop)).await;
        // At each step of the two or three requests.
        page.follow_for(Duration::from_millis(25 * n as u64)).await;
        desk.control().leave(passer_by).expect("left");
        page.until("the truth", |page| {
            let found = differences(page, &desk);
            check(found.is_empty(), found)
        })
        .await;
    }
    let last = desk.join(meeting.id, "eu-1", "Stays").id;
    waiting(&mut page, &[last]).await;
}
