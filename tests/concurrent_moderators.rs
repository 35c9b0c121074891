//! Several moderators at once: claims, holds, stops, delays, undo, and two different actions on one participant.

mod common;

use std::time::{Duration, Instant};

use common::actions::{claim, participant_puts};
use common::desk::{Desk, quiet};
use common::page::{Page, action_on, check, with_fields};
use common::{DEADLINE, wait_for};
use serde_json::json;
use usher::model::{BridgeState, Lobby};
use usher::simulator::{Id, Lobby as TrueLobby, MeetingTruth, ParticipantTruth};

async fn start(admit_delay: Duration) -> Desk {
    Desk::start_with(quiet(1), "", |config| {
        config.timing.claim = Duration::from_secs(60);
        config.desk.admit_delay = admit_delay;
    })
    .await
}

/// A meeting whose guests wait, as two moderators see it.
async fn waiting(desk: &Desk, guests: &[&str]) -> (Page, Page, MeetingTruth, Vec<ParticipantTruth>) {
    let (meeting, people) = desk.meeting("Board call", "eu-1", guests);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    mo.until_lobby(&people, Lobby::Waiting).await;
    max.until_lobby(&people, Lobby::Waiting).await;
    (mo, max, meeting, people)
}

/// The requests about participants, in order.
fn forms(desk: &Desk) -> Vec<String> {
    let requests = desk.control().requests();
    let changes = requests.into_iter().flat_map(|bridge| bridge.changes);
    changes.filter(|change| change.path.contains("/participants/")).map(|change| change.form).collect()
}

#[tokio::test]
async fn nothing_is_sent_for_somebody_whom_another_handles_unless_the_press_names_the_claim() {
    let desk = start(Duration::ZERO).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg", "Ana Silva"]).await;
    let ids = [people[0].id, people[1].id];
    let claimed = mo.run_action("c", claim("person", &ids[..1])).await[&ids[0].to_string()].clone();
    let results = max.run_action("a", action_on("admit", &ids)).await;
    let first = &results[&ids[0].to_string()];
    assert_eq!(
        (&first["result"], &first["by"], &first["claim"], &first["at"]),
        (&json!("claimed"), &json!("mo"), &claimed["claim"], &claimed["at"])
    );
    assert_eq!((&results[&ids[1].to_string()]["result"], participant_puts(&desk)), (&json!("done"), 1), "the others go on");
    let another = with_fields(action_on("admit", &ids[..1]), json!({ "over": ["another"] }));
    assert_eq!(max.run_action("b", another).await[&ids[0].to_string()]["result"], "claimed");
    assert_eq!(max.run_action("r", action_on("remove", &ids[..1])).await[&ids[0].to_string()]["result"], "claimed", "whatever the action");
    let over = with_fields(action_on("admit", &ids[..1]), json!({ "over": [claimed["claim"]] }));
    assert_eq!(max.run_action("d", over).await[&ids[0].to_string()]["result"], "done");
    assert_eq!(participant_puts(&desk), 2);
}

#[tokio::test]
async fn a_meetings_claim_is_for_its_people_and_for_itself_and_not_in_its_owners_way() {
    let desk = start(Duration::ZERO).await;
    let (mut mo, mut max, meeting, people) = waiting(&desk, &["Bo Berg", "Ana Silva"]).await;
    mo.run_action("c", claim("meeting", &[meeting.id])).await;
    let person = max.run_action("a", action_on("admit", &[people[0].id])).await[&people[0].id.to_string()].clone();
    let lock = json!({ "type": "lock", "meeting": meeting.id, "on": true });
    let whole = max.run_action("b", lock.clone()).await[&meeting.id.to_string()].clone();
    assert_eq!((&person["result"], &whole["result"], &whole["by"]), (&json!("claimed"), &json!("claimed"), &json!("mo")));
    assert_eq!(person["claim"], whole["claim"]);
    assert_eq!((participant_puts(&desk), desk.request_count("PUT /calls/<id>")), (0, 0));
    assert_eq!(mo.run_action("a", action_on("admit", &[people[0].id])).await[&people[0].id.to_string()]["result"], "done");
    assert_eq!(
        max.run_action("d", with_fields(lock, json!({ "over": [whole["claim"]] }))).await[&meeting.id.to_string()]["result"],
        "done"
    );
}

#[tokio::test]
async fn a_claim_that_comes_before_its_turn_counts() {
    let desk = start(Duration::from_secs(1)).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg", "Ana Silva"]).await;
    let ids = [people[0].id, people[1].id];
    mo.request_admit("a", &ids).await;
    max.until("the press to show", |page| check(page.person(ids[0])?.pending.is_some(), page.people())).await;
    max.run_action("c", claim("person", &ids[..1])).await;
    let results = mo.results("a").await;
    assert_eq!((&results[&ids[0].to_string()]["result"], &results[&ids[1].to_string()]["result"]), (&json!("claimed"), &json!("done")));
    assert_eq!(participant_puts(&desk), 1);
    mo.until("nothing under way", |page| check(page.person(ids[0])?.pending.is_none(), page.people())).await;
}

#[tokio::test]
async fn who_is_on_hold_is_not_swept_in_but_let_in_by_who_means_them() {
    let desk = start(Duration::ZERO).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg", "Ana Silva"]).await;
    let ids = [people[0].id, people[1].id];
    let people: Vec<String> = vec![ids[0].to_string()];
    mo.run_action("h", json!({ "type": "hold", "people": people, "on": true, "reason": "no papers", "remind_s": null })).await;
    for (n, scope) in ["meeting", "shown"].iter().enumerate() {
        let results = max.run_action(scope, with_fields(action_on("admit", &ids), json!({ "scope": scope }))).await;
        let held = &results[&ids[0].to_string()];
        assert_eq!((&held["result"], &held["by"], &held["reason"]), (&json!("held"), &json!("mo"), &json!("no papers")));
        assert_eq!(results[&ids[1].to_string()]["result"], ["done", "already"][n]);
    }
    assert_eq!(participant_puts(&desk), 1);
    // By name, too, where it was held while the press was on its way.
    let by_name = |more| with_fields(action_on("admit", &ids[..1]), more);
    assert_eq!(max.run_action("n", by_name(json!({ "scope": "person" }))).await[&ids[0].to_string()]["result"], "held");
    let sweeping = max.run_action("s", by_name(json!({ "scope": "meeting", "held": true }))).await;
    assert_eq!((&sweeping[&ids[0].to_string()]["result"], participant_puts(&desk)), (&json!("held"), 1));
    assert_eq!(max.run_action("p", by_name(json!({ "scope": "person", "held": true }))).await[&ids[0].to_string()]["result"], "done");
    max.until("the end of the hold", |page| check(page.person(ids[0])?.hold.is_none(), page.people())).await;
}

#[tokio::test]
async fn a_hold_stops_an_admission_that_is_still_held_back() {
    let desk = start(Duration::from_secs(1)).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    mo.request_admit("a", &[id]).await;
    max.until("that it is under way", |page| check(page.person(id)?.pending.is_some(), page.people())).await;
    max.run_action("h", json!({ "type": "hold", "people": [id.to_string()], "on": true, "reason": "no papers", "remind_s": null })).await;
    assert_eq!(mo.results("a").await[&id.to_string()]["result"], "held");
    assert_eq!(participant_puts(&desk), 0);
}

#[tokio::test]
async fn a_press_on_hundreds_is_stopped_in_the_middle() {
    const PEOPLE: usize = 300;
    // However busy the machine is, the bridge does not pass for unreachable.
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.rest_timeout = Duration::from_secs(10)).await;
    let names: Vec<String> = (0..PEOPLE).map(|n| format!("Guest {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut mo, _, _, people) = waiting(&desk, &names).await;
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    mo.until("the bridge to be live", |page| check(page.bridge("eu-1")?.state == BridgeState::Live, page.bridges())).await;
    desk.control().set_switches(None, json!({ "latency_ms": 50 })).expect("switch");
    mo.request_admit("a", &ids).await;
    // In the middle: some have been sent, by far not all.
    let bridge = || desk.app.store.with_bridge("eu-1", |facts| (facts.state, facts.fault.clone()));
    wait_for(DEADLINE, "some to be sent", async || check(participant_puts(&desk) >= 20, (participant_puts(&desk), bridge()))).await;
    mo.request("s", json!({ "type": "stop", "press": "a" })).await;
    let results = mo.results("a").await;
    let count = |word: &str| results.values().filter(|result| result["result"] == word).count();
    let (done, stopped) = (count("done"), count("stopped"));
    assert_eq!(done + stopped, PEOPLE, "{:?}", results.values().find(|result| result["result"] != "done" && result["result"] != "stopped"));
    assert!(done >= 20 && stopped >= 100, "{done} done, {stopped} stopped");
    assert_eq!(participant_puts(&desk), done as u64, "nobody else was sent");
    let truth = desk.control().truth();
    assert_eq!(truth.participants().filter(|person| person.lobby == TrueLobby::Waiting).count(), stopped);
    mo.until("no row to say that it is under way", |page| check(page.people().iter().all(|person| person.pending.is_none()), "pending"))
        .await;
}

#[tokio::test]
async fn a_delayed_admission_says_until_when_and_is_sent_then() {
    let delay = Duration::from_millis(800);
    let desk = start(delay).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let (id, pressed) = (people[0].id, Instant::now());
    mo.request_admit("a", &[id]).await;
    let pending = max.until("the delay", |page| page.person(id)?.pending.clone().ok_or("nothing under way".into())).await;
    assert_eq!(pending.until, Some(pending.since + delay.as_millis() as i64));
    assert_eq!(mo.results("a").await[&id.to_string()]["result"], "done");
    assert!(pressed.elapsed() >= delay);
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn a_delayed_admission_is_stopped_and_another_ones_goes_on() {
    let desk = start(Duration::from_secs(2)).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg", "Ana Silva"]).await;
    let ids = [people[0].id, people[1].id];
    mo.request_admit("a", &ids).await;
    max.until("the press to show", |page| check(page.person(ids[0])?.pending.is_some(), page.people())).await;
    // The same again by another, who means it.
    max.request_admit("b", &ids[..1]).await;
    max.until("its start", |page| check(page.replies.iter().any(|reply| reply["ref"] == "b"), &page.replies)).await;
    mo.request("s", json!({ "type": "stop", "press": "a" })).await;
    let results = mo.results("a").await;
    assert!(ids.iter().all(|id| results[&id.to_string()]["result"] == "stopped"), "{results:?}");
    assert_eq!(participant_puts(&desk), 0);
    assert_eq!(max.results("b").await[&ids[0].to_string()]["result"], "done");
    assert_eq!(participant_puts(&desk), 1);
    mo.until("only that one to be in", |page| {
        check(page.person(ids[0])?.lobby == Lobby::In && page.person(ids[1])?.lobby == Lobby::Waiting, page.people())
    })
    .await;
}

#[tokio::test]
async fn what_was_not_sent_before_a_stop_of_usher_is_never_sent() {
    let desk = start(Duration::from_secs(30)).await;
    let (mut mo, _, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    mo.request_admit("a", &[id]).await;
    mo.until("the delay", |page| check(page.person(id)?.pending.is_some(), page.people())).await;
    let stopped = Instant::now();
    let desk = desk.restart().await;
    assert!(stopped.elapsed() < Duration::from_secs(4), "the delay held the stop up for {:?}", stopped.elapsed());
    let conn = usher::db::open_connection(desk.dir.path()).expect("database");
    let result: Option<String> = conn.query_row("SELECT result FROM press_people", [], |row| row.get(0)).expect("journal");
    assert_eq!(result.as_deref(), Some("stopped"));
    let mut mo = desk.page("mo").await;
    mo.until_lobby(&people, Lobby::Waiting).await;
    assert_eq!(mo.person(id).expect("row").outcome, None);
    assert_eq!(participant_puts(&desk), 0);
}

#[tokio::test]
async fn an_admission_is_undone() {
    let desk = start(Duration::ZERO).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg", "Ana Silva"]).await;
    let ids = [people[0].id, people[1].id];
    mo.admit("a", &ids).await;
    desk.control().leave(ids[1]).expect("left");
    mo.until("who left to be gone", |page| check(page.person(ids[1]).is_err(), page.people())).await;
    let results = mo.run_action("u", with_fields(action_on("send_back", &ids), json!({ "scope": "undo" }))).await;
    assert_eq!((&results[&ids[0].to_string()]["result"], &results[&ids[1].to_string()]["result"]), (&json!("done"), &json!("left")));
    max.until("the row to say so", |page| {
        let row = page.person(ids[0])?;
        check(row.lobby == Lobby::Waiting && row.admitted.is_none() && row.sent_back.as_ref().is_some_and(|mark| &*mark.by == "mo"), row)
    })
    .await;
}

#[tokio::test]
async fn two_who_want_different_things_of_one_person_get_them_one_after_the_other() {
    let mut options = quiet(1);
    options.latency_ms = 100;
    let desk = Desk::start(options).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    mo.request_admit("a", &[id]).await;
    max.until("the admission to show", |page| check(page.person(id)?.pending.is_some(), page.people())).await;
    let second = max.run_action("b", action_on("send_back", &[id])).await;
    let first = mo.results("a").await;
    assert_eq!((&first[&id.to_string()]["result"], &second[&id.to_string()]["result"]), (&json!("done"), &json!("done")));
    assert_eq!(forms(&desk), ["deactivated=false", "deactivated=true"]);
    assert_eq!(desk.control().truth().participant(id).expect("there").lobby, TrueLobby::Waiting);
}

#[tokio::test]
async fn of_two_names_the_later_one_stays() {
    let mut options = quiet(1);
    options.latency_ms = 100;
    let desk = Desk::start(options).await;
    let (mut mo, mut max, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    let rename = |label: &str| json!({ "type": "rename", "person": id, "label": label });
    mo.request("a", rename("One")).await;
    max.until("the first to show", |page| check(page.person(id)?.pending.is_some(), page.people())).await;
    max.request("b", rename("Two")).await;
    for (page, word) in [(&mut mo, "a"), (&mut max, "b")] {
        assert_eq!(page.results(word).await[&id.to_string()]["result"], "done");
    }
    assert_eq!(forms(&desk), ["nameLabelOverride=One", "nameLabelOverride=Two"]);
    mo.until("the later one", |page| check(page.person(id)?.label.as_deref() == Some("Two"), page.people())).await;
}
