//! All that moderators do beside admitting, from a browser's press to CMS and back.

mod common;

use common::desk::{Desk, Page, check, quiet, to, with};
use serde_json::{Value, json};
use usher::simulator::{Id, Lobby as TrueLobby, MeetingTruth, ParticipantTruth};
use usher::view::Lobby;

/// One meeting with a host and guests who are in.
async fn called(desk: &Desk, page: &mut Page, guests: &[&str]) -> (MeetingTruth, Vec<ParticipantTruth>) {
    let (meeting, people) = desk.meeting("Board call", "eu-1", guests);
    desk.host(meeting.id, "eu-1");
    lobby(page, &people, Lobby::In).await;
    (meeting, people)
}

/// One meeting with guests who wait.
async fn waiting(desk: &Desk, page: &mut Page, guests: &[&str]) -> (MeetingTruth, Vec<ParticipantTruth>) {
    let (meeting, people) = desk.meeting("Board call", "eu-1", guests);
    lobby(page, &people, Lobby::Waiting).await;
    (meeting, people)
}

async fn lobby(page: &mut Page, people: &[ParticipantTruth], lobby: Lobby) {
    page.until("everybody's lobby", |page| {
        people.iter().try_for_each(|person| check(page.person(person.id)?.lobby == lobby, page.person(person.id)?))
    })
    .await;
}

fn truth(desk: &Desk, id: Id) -> ParticipantTruth {
    desk.control().truth().participant(id).expect("there").clone()
}

fn puts(desk: &Desk) -> u64 {
    desk.asked("PUT /participants/<id>")
}

#[tokio::test]
async fn who_is_sent_back_waits_again_for_everybody_and_says_by_whom() {
    let desk = Desk::start(quiet(1)).await;
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    let (_, people) = called(&desk, &mut mo, &["Bo Berg", "Ana Silva"]).await;
    let id = people[0].id;
    let results = mo.act("a", to("send_back", &[id])).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
    assert_eq!(truth(&desk, id).lobby, TrueLobby::Waiting);
    for page in [&mut mo, &mut max] {
        page.until("the row to wait", |page| {
            let row = page.person(id)?;
            check(row.lobby == Lobby::Waiting && row.sent_back.as_ref().is_some_and(|mark| &*mark.by == "mo"), row)
        })
        .await;
        assert_eq!(page.person(people[1].id).expect("row").lobby, Lobby::In, "nobody else was sent back");
    }
    assert_eq!(puts(&desk), 1);
    let again = max.act("b", to("send_back", &[id])).await;
    assert_eq!((&again[&id.to_string()]["result"], &again[&id.to_string()]["by"]), (&json!("already"), &json!("mo")));
    assert_eq!(puts(&desk), 1);
}

#[tokio::test]
async fn who_is_removed_is_gone() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg", "Ana Silva"]).await;
    let results = page.act("a", to("remove", &[people[0].id])).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    assert!(desk.control().truth().participant(people[0].id).is_none());
    page.until("the row to be gone", |page| check(page.person(people[0].id).is_err(), page.people())).await;
    assert!(page.person(people[1].id).is_ok());
    let again = page.act("b", to("remove", &[people[0].id])).await;
    assert_eq!(again[&people[0].id.to_string()]["result"], "left");
    assert_eq!(desk.asked("DELETE /participants/<id>"), 1);
}

#[tokio::test]
async fn who_is_muted_is_heard_again_when_they_are_unmuted() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    let id = people[0].id;
    let mute = |on: bool| with(to("mute", &[id]), json!({ "on": on }));
    for (word, on) in [("a", true), ("b", false)] {
        let results = page.act(word, mute(on)).await;
        assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
        assert_eq!(truth(&desk, id).audio_muted, on);
        page.until("the row to say so", |page| check(page.person(id)?.muted == on, page.person(id)?)).await;
    }
    let again = page.act("c", mute(false)).await;
    assert_eq!(again[&id.to_string()]["result"], "already");
    assert_eq!(desk.asked("PUT /callLegs/<id>"), 2);
}

#[tokio::test]
async fn who_is_renamed_is_shown_so_until_the_own_name_is_wanted_again() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    let id = people[0].id;
    let rename = |label: &str| json!({ "type": "rename", "person": id, "label": label });
    let results = page.act("a", rename("Bo (court 3)")).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
    assert_eq!(truth(&desk, id).name, "Bo (court 3)");
    page.until("the label", |page| check(page.person(id)?.label.as_deref() == Some("Bo (court 3)"), page.person(id)?)).await;
    let again = page.act("b", rename("Bo (court 3)")).await;
    assert_eq!(again[&id.to_string()]["result"], "already");
    let results = page.act("c", rename("")).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
    assert_eq!(truth(&desk, id).name, "Bo Berg");
    page.until("the own name", |page| check(page.person(id)?.label.is_none(), page.person(id)?)).await;
    assert_eq!(puts(&desk), 2);
}

#[tokio::test]
async fn a_meeting_is_locked_and_unlocked() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = called(&desk, &mut page, &["Bo Berg"]).await;
    let lock = |on: bool| json!({ "type": "lock", "meeting": meeting.id, "on": on });
    for (word, on) in [("a", true), ("b", false)] {
        let results = page.act(word, lock(on)).await;
        assert_eq!(results[&meeting.id.to_string()]["result"], "done", "{results:?}");
        assert_eq!(desk.control().truth().meeting(meeting.id).expect("there").locked, on);
        page.until("the row to say so", |page| check(page.meeting(meeting.id)?.locked == Some(on), page.meeting(meeting.id)?)).await;
    }
    let again = page.act("c", lock(false)).await;
    assert_eq!(again[&meeting.id.to_string()]["result"], "already");
    assert_eq!(desk.asked("PUT /calls/<id>"), 2);
}

fn message(meeting: Id, text: &str, seconds: Option<u32>) -> Value {
    json!({ "type": "message", "meeting": meeting, "text": text, "seconds": seconds })
}

#[tokio::test]
async fn a_message_is_shown_until_it_is_taken_away() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = called(&desk, &mut page, &["Bo Berg"]).await;
    let id = meeting.id;
    let results = page.act("a", message(id, "A minute, please", None)).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
    page.until("the message", |page| {
        let row = page.meeting(id)?;
        check(row.message.as_ref().is_some_and(|message| &*message.text == "A minute, please" && message.until.is_none()), row)
    })
    .await;
    let again = page.act("b", message(id, "A minute, please", None)).await;
    assert_eq!(again[&id.to_string()]["result"], "already");
    let results = page.act("c", message(id, "", None)).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
    page.until("no message", |page| check(page.meeting(id)?.message.is_none(), page.meeting(id)?)).await;
    assert_eq!(desk.asked("PUT /calls/<id>"), 2);
}
