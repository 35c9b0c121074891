//! Undoing one's own admission: the participant gets their old place in line back.

mod common;

use common::actions::participant_puts;
use common::desk::{Desk, quiet};
use common::page::{Page, action_on, check, with_fields};
use serde_json::json;
use usher::model::Lobby;
use usher::simulator::{Id, Lobby as TrueLobby, ParticipantTruth};

/// Guests who wait, as two moderators see them.
async fn waiting(desk: &Desk, guests: &[&str]) -> (Page, Page, Vec<ParticipantTruth>) {
    let (_, people) = desk.meeting("Board call", "eu-1", guests);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    mo.until_lobby(&people, Lobby::Waiting).await;
    max.until_lobby(&people, Lobby::Waiting).await;
    (mo, max, people)
}

fn since(page: &Page, id: Id) -> Option<i64> {
    page.person(id).ok().and_then(|row| row.waiting_since)
}

async fn undo(page: &mut Page, word: &str, ids: &[Id]) -> Vec<String> {
    let results = page.run_action(word, with_fields(action_on("send_back", ids), json!({ "scope": "undo" }))).await;
    ids.iter().map(|id| results[&id.to_string()]["result"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn is_back(page: &mut Page, id: Id) -> Option<i64> {
    page.until("the person to wait again", |page| check(since(page, id).is_some(), page.people())).await;
    since(page, id)
}

#[tokio::test]
async fn who_is_undone_has_their_old_place_in_line_and_what_was_noted_of_them() {
    let desk = Desk::start(quiet(1)).await;
    let (mut mo, mut max, people) = waiting(&desk, &["Bo Berg", "Ana Silva", "Ida Ring"]).await;
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    let before: Vec<_> = ids.iter().map(|id| since(&mo, *id)).collect();
    let hold = json!({ "type": "hold", "people": [ids[1].to_string()], "on": true, "reason": "no papers", "remind_s": null });
    mo.run_action("h", hold).await;
    let anyway = with_fields(action_on("admit", &ids[..2]), json!({ "held": true }));
    mo.run_action("a", anyway).await;
    max.until_lobby(&people[..2], Lobby::In).await;
    assert_eq!(undo(&mut mo, "u", &ids[..2]).await, ["done", "done"]);
    for (id, before) in ids[..2].iter().zip(&before) {
        assert_eq!(is_back(&mut max, *id).await, *before, "the old arrival counts on");
    }
    max.until("the hold to be there again", |page| {
        let row = page.person(ids[1])?;
        check(row.hold.as_ref().is_some_and(|hold| &*hold.reason == "no papers"), row)
    })
    .await;
    // It counts on once: a later sending back begins a new wait.
    mo.run_action("b", action_on("admit", &ids[..1])).await;
    max.until_lobby(&people[..1], Lobby::In).await;
    mo.run_action("s", action_on("send_back", &ids[..1])).await;
    assert!(is_back(&mut max, ids[0]).await > before[0], "sent back by another way");
}

#[tokio::test]
async fn only_whoever_admitted_gives_the_old_place_back() {
    let desk = Desk::start(quiet(1)).await;
    let (mut mo, mut max, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    let before = since(&mo, id);
    mo.admit("a", &[id]).await;
    for page in [&mut mo, &mut max] {
        page.until_lobby(&people, Lobby::In).await;
    }
    assert_eq!(undo(&mut max, "u", &[id]).await, ["done"]);
    assert!(is_back(&mut mo, id).await > before);
}

#[tokio::test]
async fn the_old_place_is_kept_over_a_restart_before_and_after_the_undo() {
    let desk = Desk::start(quiet(1)).await;
    let (mut mo, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    let before = since(&mo, id);
    mo.admit("a", &[id]).await;
    mo.until_lobby(&people, Lobby::In).await;
    let desk = desk.restart().await;
    let mut mo = desk.page("mo").await;
    mo.until_lobby(&people, Lobby::In).await;
    assert_eq!(undo(&mut mo, "u", &[id]).await, ["done"]);
    assert_eq!(is_back(&mut mo, id).await, before);
    let desk = desk.restart().await;
    let mut mo = desk.page("mo").await;
    assert_eq!(is_back(&mut mo, id).await, before);
}

#[tokio::test]
async fn an_undo_while_the_admission_is_under_way_sends_back_whom_it_let_in() {
    let mut options = quiet(1);
    options.latency_ms = 100;
    let desk = Desk::start(options).await;
    let (mut mo, mut max, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    let before = since(&mo, id);
    mo.request_admit("a", &[id]).await;
    assert_eq!(undo(&mut mo, "u", &[id]).await, ["done"]);
    assert_eq!(is_back(&mut max, id).await, before);
    assert_eq!(desk.control().truth().participant(id).expect("there").lobby, TrueLobby::Waiting);
}

/// CMS accepted the admission and the person reads as waiting: the undo is sent all the same, since CMS may still let them in.
#[tokio::test]
async fn an_undo_of_an_admission_that_was_not_confirmed_is_sent() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.confirm_within = std::time::Duration::from_millis(200)).await;
    let (mut mo, _, people) = waiting(&desk, &["Bo Berg"]).await;
    let id = people[0].id;
    desk.control().set_switches(None, json!({ "put_without_effect": true })).expect("switch");
    assert_eq!(mo.admit("a", &[id]).await[&id.to_string()]["result"], "unconfirmed");
    desk.control().set_switches(None, json!({ "put_without_effect": false })).expect("switch");
    let sent = participant_puts(&desk);
    assert_eq!((undo(&mut mo, "u", &[id]).await, participant_puts(&desk)), (vec!["done".to_owned()], sent + 1));
    assert_eq!((undo(&mut mo, "v", &[id]).await, participant_puts(&desk)), (vec!["already".to_owned()], sent + 1), "once");
}
