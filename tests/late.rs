//! Changes that CMS makes late, or answers late or never: no press sends two, and what was said of them is put right.

mod common;

use std::time::Duration;

use common::deeds::*;
use common::desk::{Desk, Page, check, quiet, to};
use serde_json::{Value, json};
use usher::simulator::Id;

/// Requests time out after 0.4 s.
async fn impatient(confirm_within: Duration) -> Desk {
    let change = |config: &mut usher::config::Config| {
        config.timing.rest_timeout = Duration::from_millis(400);
        config.timing.confirm_within = confirm_within;
    };
    Desk::start_with(quiet(1), "", change).await
}

/// Each action on a scene of its own, one after the other: three requests without an answer in a row and a bridge is unreachable.
async fn each_alone(desk: &Desk, page: &mut Page, switches: Value, mut judge: impl AsyncFnMut(&mut Page, Id, &str, Value)) {
    let (people, meetings) = scene(desk, page).await;
    let mut deeds = one_of_each(&people, &meetings);
    let (_, waiting) = desk.meeting("Hearing", "eu-1", &["Waits"]);
    page.waiting(&waiting).await;
    deeds.push((waiting[0].id, to("admit", &[waiting[0].id])));
    for (n, (target, deed)) in deeds.into_iter().enumerate() {
        desk.control().reset_requests();
        desk.control().set_switches(None, switches.clone()).expect("switch");
        let word = format!("alone-{n}");
        page.ask(&word, deed.clone()).await;
        let results = page.results(&word).await;
        judge(page, target, &word, results[&target.to_string()].clone()).await;
        let asked = sent(desk);
        assert_eq!(asked, 1, "{deed}");
        let off = switches.as_object().expect("switches").keys().map(|name| (name.clone(), Value::Null)).collect::<Value>();
        desk.control().set_switches(None, off).expect("switch");
        live(page).await;
    }
}

/// Requests that change a person, leg or call; also those that were hung up on.
fn sent(desk: &Desk) -> u64 {
    ["PUT /participants/<id>", "DELETE /participants/<id>", "PUT /calls/<id>", "PUT /callLegs/<id>"]
        .map(|shape| desk.asked(shape))
        .iter()
        .sum()
}

#[tokio::test]
async fn what_is_carried_out_after_its_request_timed_out_is_done_and_asked_for_once() {
    let desk = impatient(Duration::from_secs(5)).await;
    let mut page = desk.page("mo").await;
    // Under way while it is read for the first time after the silence: "not so" then is no reason to ask again.
    each_alone(&desk, &mut page, json!({ "put_slow_ms": 1200 }), async |_, _, _, result| {
        assert_eq!(result["result"], "done", "{result}");
    })
    .await;
}

#[tokio::test]
async fn what_is_never_answered_nor_seen_is_not_confirmed_and_asked_for_once() {
    let desk = impatient(Duration::from_millis(300)).await;
    let mut page = desk.page("mo").await;
    each_alone(&desk, &mut page, json!({ "put_slow_ms": 3_600_000 }), async |_, _, _, result| {
        let reason = result["reason"].as_str().unwrap_or_default();
        assert!(result["result"] == "unconfirmed" && reason.starts_with("CMS has not answered the request"), "{result}");
    })
    .await;
}

/// The fate of the first is not known; a moderator who presses again all the same means it.
#[tokio::test]
async fn another_press_is_another_request() {
    let desk = impatient(Duration::from_millis(300)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = desk.meeting("Hearing", "eu-1", &["Waits"]);
    page.waiting(&people).await;
    desk.control().set_switches(None, json!({ "put_slow_ms": 3_600_000 })).expect("switch");
    assert_eq!(page.admit("a", &[people[0].id]).await[&people[0].id.to_string()]["result"], "unconfirmed");
    desk.control().set_switches(None, json!({ "put_slow_ms": null })).expect("switch");
    assert_eq!(page.admit("b", &[people[0].id]).await[&people[0].id.to_string()]["result"], "done");
    assert_eq!(puts(&desk), 2);
}

#[tokio::test]
async fn a_lock_that_one_bridge_does_not_answer_is_asked_of_each_bridge_once() {
    let change = |config: &mut usher::config::Config| config.timing.rest_timeout = Duration::from_millis(400);
    let desk = Desk::start_with(quiet(2), "", change).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = desk.meeting("Hearing", "eu-1", &["One"]);
    desk.join(meeting.id, "eu-2", "Two");
    page.until("both bridges", |page| check(page.meeting(meeting.id)?.bridges.len() == 2, page.meetings())).await;
    live(&mut page).await;
    desk.control().reset_requests();
    desk.control().set_switches(None, json!({ "call_changes": "local" })).expect("switch");
    desk.control().set_switches(Some("eu-1"), json!({ "put_slow_ms": 1500 })).expect("switch");
    assert_eq!(result(&mut page, "a", meeting.id, lock(meeting.id, true)).await, "done");
    assert_eq!(desk.asked("PUT /calls/<id>"), 2, "one for each bridge");
}
