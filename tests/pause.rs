//! An administrator pauses a bridge, and sees the statistics of each bridge.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::{Page, check};
use common::{DEADLINE, wait_for};
use serde_json::{Value, json};
use usher::model::{BridgeState, Lobby};
use usher::simulator::Id;

async fn live(page: &mut Page, bridge: &str) {
    page.until("the bridge to be live", |page| check(page.bridge(bridge)?.state == BridgeState::Live, page.bridges())).await;
}

async fn waits(page: &mut Page, person: Id) {
    page.until("the person to wait", |page| check(page.person(person)?.lobby == Lobby::Waiting, page.people())).await;
}

async fn ask(page: &mut Page, word: &str, bridge: &str) {
    page.send(json!({ "type": word, "ref": word, "bridge": bridge })).await;
}

async fn paused(page: &mut Page, bridge: &str) -> i64 {
    page.until("the pause to show", |page| {
        let row = page.bridge(bridge)?;
        check(row.state == BridgeState::Paused && row.paused_by.as_deref() == Some("ana"), row)?;
        Ok(row.since)
    })
    .await
}

fn requests(desk: &Desk, bridge: &str) -> Value {
    let requests = serde_json::to_value(desk.control().requests()).expect("JSON");
    requests.as_array().expect("bridges").iter().find(|each| each["bridge"] == bridge).expect("bridge").clone()
}

#[tokio::test]
async fn a_paused_bridge_is_sent_nothing_keeps_its_rows_and_refuses_presses() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Leaves Meanwhile"]);
    let (_, others) = desk.meeting("Ward round", "eu-2", &["Ana Silva"]);
    let (mut admin, mut mo) = (desk.page("ana").await, desk.page("mo").await);
    for person in [people[0].id, people[1].id, others[0].id] {
        waits(&mut mo, person).await;
    }
    live(&mut mo, "eu-1").await;
    live(&mut mo, "eu-2").await;
    ask(&mut admin, "pause", "eu-1").await;
    let since = paused(&mut mo, "eu-1").await;
    wait_for(DEADLINE, "its sockets to be closed", async || {
        let seen = requests(&desk, "eu-1");
        check(seen["events_open"] == 0 && seen["in_flight"] == 0, seen)
    })
    .await;
    desk.control().reset_requests();
    desk.control().leave(people[1].id).expect("left");
    mo.retry("eu-1").await;
    mo.follow_for(Duration::from_secs(2)).await;
    assert_eq!(requests(&desk, "eu-1")["total"], 0, "not even when somebody tries again");
    assert_eq!(mo.person(people[1].id).expect("what was known stays").lobby, Lobby::Waiting);
    let results = mo.admit("a", &[people[0].id, others[0].id]).await;
    let refused = &results[&people[0].id.to_string()];
    assert_eq!((refused["result"].as_str(), refused["reason"].as_str()), (Some("refused"), Some("the bridge is paused by ana")));
    assert_eq!(results[&others[0].id.to_string()]["result"], "done", "the other bridge is not touched by it");
    assert_eq!(requests(&desk, "eu-1")["total"], 0);

    let desk = desk.restart().await;
    let mut mo = desk.page("mo").await;
    assert_eq!(paused(&mut mo, "eu-1").await, since, "since when, over a restart too");
    live(&mut mo, "eu-2").await;
    desk.control().reset_requests();
    mo.follow_for(Duration::from_secs(1)).await;
    assert_eq!(requests(&desk, "eu-1")["total"], 0);
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    let mut admin = desk.page("ana").await;
    ask(&mut admin, "resume", "eu-1").await;
    live(&mut mo, "eu-1").await;
    waits(&mut mo, late.id).await;
    mo.until("the truth", |page| check(page.person(people[1].id).is_err() && page.bridge("eu-1")?.paused_by.is_none(), page.people()))
        .await;
    assert_eq!(mo.admit("b", &[people[0].id]).await[&people[0].id.to_string()]["result"], "done");
    let desk = desk.restart().await;
    live(&mut desk.page("mo").await, "eu-1").await;
}

#[tokio::test]
async fn only_administrators_pause() {
    let desk = Desk::start(quiet(1)).await;
    for user in ["mo", "vi"] {
        let mut page = desk.page(user).await;
        live(&mut page, "eu-1").await;
        ask(&mut page, "pause", "eu-1").await;
        page.until("the refusal", |page| check(page.errors.iter().any(|error| error["code"] == "forbidden"), &page.errors)).await;
        page.follow_for(Duration::from_millis(300)).await;
        assert_eq!(page.bridge("eu-1").expect("row").state, BridgeState::Live);
    }
    let mut admin = desk.page("ana").await;
    ask(&mut admin, "pause", "nowhere").await;
    admin.until("the refusal", |page| check(page.errors.iter().any(|error| error["code"] == "unknown_bridge"), &page.errors)).await;
}

#[tokio::test]
async fn a_pause_in_the_middle_of_a_press_leaves_nobody_without_a_result_and_nobody_in_doubt() {
    let mut options = quiet(1);
    options.latency_ms = 30;
    let desk = Desk::start(options).await;
    let names: Vec<String> = (0..60).map(|n| format!("Guest {n}")).collect();
    let (_, people) = desk.meeting("Assembly", "eu-1", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    let (mut admin, mut page) = (desk.page("ana").await, desk.page("mo").await);
    for id in &ids {
        waits(&mut page, *id).await;
    }
    page.request_admit("a", &ids).await;
    wait_for(DEADLINE, "the first few to be sent", async || check(desk.request_count("PUT /participants/<id>") >= 8, ())).await;
    ask(&mut admin, "pause", "eu-1").await;
    let results = page.results("a").await;
    assert_eq!(results.len(), 60);
    let truth = desk.control().truth();
    let (mut refused, mut sent) = (0, 0);
    for person in &people {
        let result = &results[&person.id.to_string()];
        let let_in = truth.participant(person.id).is_some_and(|each| each.lobby == usher::simulator::Lobby::In);
        match result["result"].as_str().expect("word") {
            "refused" if !let_in => refused += 1,
            "done" | "unconfirmed" if let_in => sent += 1,
            _ => panic!("{result}, but let in: {let_in}"),
        }
    }
    assert!(refused > 0 && sent > 0, "{refused} refused, {sent} sent");
    assert_eq!(desk.request_count("PUT /participants/<id>"), sent);
}

#[tokio::test]
async fn a_pause_while_the_bridge_is_away_or_refuses_us_ends_the_trying() {
    let desk = Desk::start(quiet(1)).await;
    let mut admin = desk.page("ana").await;
    live(&mut admin, "eu-1").await;
    desk.control().set_switches(None, json!({ "rest_status": 500 })).expect("switch");
    desk.control().cut_events(None, usher::simulator::Cut::Hard).expect("cut");
    ask(&mut admin, "pause", "eu-1").await;
    paused(&mut admin, "eu-1").await;
    desk.control().reset_requests();
    admin.follow_for(Duration::from_secs(2)).await;
    assert_eq!((&requests(&desk, "eu-1")["total"], &requests(&desk, "eu-1")["events_open"]), (&json!(0), &json!(0)));
    desk.control().set_switches(None, json!({ "rest_status": null })).expect("switch");
    ask(&mut admin, "resume", "eu-1").await;
    live(&mut admin, "eu-1").await;
}

#[tokio::test]
async fn a_paused_bridge_stays_paused_when_its_configuration_changes() {
    let desk = Desk::start(quiet(1)).await;
    let mut admin = desk.page("ana").await;
    live(&mut admin, "eu-1").await;
    ask(&mut admin, "pause", "eu-1").await;
    paused(&mut admin, "eu-1").await;
    let mut config = desk.config.clone();
    config.bridges[0].trust = usher::config::Trust::Insecure;
    desk.control().reset_requests();
    desk.app.reload.apply(config).await.expect("taken over");
    admin.follow_for(Duration::from_secs(1)).await;
    paused(&mut admin, "eu-1").await;
    assert_eq!(requests(&desk, "eu-1")["total"], 0);
}

#[tokio::test]
async fn an_administrator_sees_what_each_bridge_is_asked_and_how_it_answers() {
    let desk = Desk::start(quiet(2)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut admin = desk.page("ana").await;
    waits(&mut admin, people[0].id).await;
    live(&mut admin, "eu-1").await;
    live(&mut admin, "eu-2").await;
    admin.send(json!({ "type": "watch", "ref": "w", "on": true })).await;
    let of = |page: &Page, bridge: &str| -> Result<Value, String> {
        let figures = page.figures.as_ref().ok_or("no figures yet")?;
        let bridges = figures["bridges"].as_array().expect("bridges");
        bridges.iter().find(|each| each["id"] == bridge).cloned().ok_or_else(|| figures.to_string())
    };
    admin
        .until("the figures", |page| {
            let (first, second) = (of(page, "eu-1")?, of(page, "eu-2")?);
            check(first["requests_per_s"].as_f64().is_some_and(|rate| rate > 0.5), &first)?;
            check((&first["calls"], &first["people"], &first["subscriptions"]) == (&json!(1), &json!(2), &json!(2)), &first)?;
            check((&first["sockets_open"], &first["sockets_wanted"]) == (&json!(1), &json!(1)), &first)?;
            check(first["slots"] == 4 && first["busy"] == 0 && first["cdr"].is_null() && first["answered"].is_i64(), &first)?;
            check((&second["calls"], &second["people"]) == (&json!(0), &json!(0)), &second)
        })
        .await;
    desk.control().set_switches(Some("eu-1"), json!({ "rate_503": 1.0 })).expect("switch");
    admin
        .until("503s to be counted", |page| {
            let (first, second) = (of(page, "eu-1")?, of(page, "eu-2")?);
            check(first["busy"].as_u64() > Some(0) && first["busy_last_minute"] == first["busy"] && second["busy"] == 0, (first, second))
        })
        .await;
    desk.control().set_switches(Some("eu-1"), json!({ "rate_503": null, "rest_hang": true })).expect("switch");
    admin
        .until("what waits to be counted", |page| {
            let first = of(page, "eu-1")?;
            check(first["in_flight"].as_u64() > Some(0), first)
        })
        .await;
}
