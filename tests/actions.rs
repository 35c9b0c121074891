//! All that moderators do beside admitting, from a browser's press to CMS and back.

mod common;

use std::time::Duration;

use common::DEADLINE;
use common::desk::{Desk, Page, check, quiet, to, with};
use common::wait_for;
use serde_json::{Value, json};
use usher::model::Home;
use usher::simulator::{ChangeRequest, Id, Join, Lobby as TrueLobby, MeetingTruth, ParticipantTruth, Role, StartCall};
use usher::view::{ActionResult, BridgeState, Lobby};

/// One meeting with a host and guests who are in.
async fn called(desk: &Desk, page: &mut Page, guests: &[&str]) -> (MeetingTruth, Vec<ParticipantTruth>) {
    let (meeting, people) = desk.meeting("Board call", "eu-1", guests);
    desk.host(meeting.id, "eu-1");
    lobby(page, &people, Lobby::In).await;
    (meeting, people)
}

async fn lobby(page: &mut Page, people: &[ParticipantTruth], lobby: Lobby) {
    page.until("everybody's lobby", |page| {
        people.iter().try_for_each(|person| check(page.person(person.id)?.lobby == lobby, page.person(person.id)?))
    })
    .await;
}

/// Everything is read and pushed.
async fn live(page: &mut Page) {
    page.until("the bridges to be live", |page| {
        check(page.bridges().iter().all(|bridge| bridge.state == BridgeState::Live), page.bridges())
    })
    .await;
}

fn truth(desk: &Desk, id: Id) -> ParticipantTruth {
    desk.control().truth().participant(id).expect("there").clone()
}

fn puts(desk: &Desk) -> u64 {
    desk.asked("PUT /participants/<id>")
}

/// What CMS was asked to change, with the bridge.
fn changes(desk: &Desk) -> Vec<(String, ChangeRequest)> {
    let requests = desk.control().requests();
    let each = |bridge: usher::simulator::Requests| bridge.changes.into_iter().map(move |change| (bridge.bridge.clone(), change));
    requests.into_iter().flat_map(each).filter(|(_, change)| !change.path.ends_with("/authTokens")).collect()
}

fn mute(people: &[Id], on: bool) -> Value {
    with(to("mute", people), json!({ "on": on }))
}

fn rename(person: Id, label: &str) -> Value {
    json!({ "type": "rename", "person": person, "label": label })
}

fn lock(meeting: Id, on: bool) -> Value {
    json!({ "type": "lock", "meeting": meeting, "on": on })
}

fn message(meeting: Id, text: &str, seconds: Option<u32>) -> Value {
    json!({ "type": "message", "meeting": meeting, "text": text, "seconds": seconds })
}

/// One of each, none of which is so already: on four people who are in, and on two meetings.
fn one_of_each(people: &[Id], meetings: &[Id]) -> Vec<(Id, Value)> {
    vec![
        (people[0], to("send_back", &people[..1])),
        (people[1], to("remove", &people[1..2])),
        (people[2], mute(&people[2..3], true)),
        (people[3], rename(people[3], "Court 3")),
        (meetings[0], lock(meetings[0], true)),
        (meetings[1], message(meetings[1], "A minute, please", None)),
    ]
}

/// Presses them all at once; the result and the reason of each.
async fn press_all(page: &mut Page, deeds: &[(Id, Value)]) -> Vec<(String, String)> {
    for (n, (_, deed)) in deeds.iter().enumerate() {
        page.ask(&format!("all-{n}"), deed.clone()).await;
    }
    let mut results = Vec::new();
    for (n, (target, _)) in deeds.iter().enumerate() {
        let result = page.results(&format!("all-{n}")).await[&target.to_string()].clone();
        let text = |field: &str| result[field].as_str().unwrap_or_default().to_owned();
        results.push((text("result"), text("reason")));
    }
    page.replies.clear();
    results
}

/// Four who are in one meeting, and another meeting.
async fn scene(desk: &Desk, page: &mut Page) -> (Vec<Id>, Vec<Id>) {
    let (meeting, people) = called(desk, page, &["One", "Two", "Three", "Four"]).await;
    let (other, others) = desk.meeting("Ward round", "eu-1", &["Waits"]);
    lobby(page, &others, Lobby::Waiting).await;
    live(page).await;
    (people.iter().map(|person| person.id).collect(), vec![meeting.id, other.id])
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
    for (word, on) in [("a", true), ("b", false)] {
        let results = page.act(word, mute(&[id], on)).await;
        assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
        assert_eq!(truth(&desk, id).audio_muted, on);
        page.until("the row to say so", |page| check(page.person(id)?.muted == on, page.person(id)?)).await;
    }
    let again = page.act("c", mute(&[id], false)).await;
    assert_eq!(again[&id.to_string()]["result"], "already");
    assert_eq!(desk.asked("PUT /callLegs/<id>"), 2);
}

#[tokio::test]
async fn who_is_renamed_is_shown_so_until_the_own_name_is_wanted_again() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    let id = people[0].id;
    let results = page.act("a", rename(id, "Bo (court 3)")).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
    assert_eq!(truth(&desk, id).name, "Bo (court 3)");
    page.until("the label", |page| check(page.person(id)?.label.as_deref() == Some("Bo (court 3)"), page.person(id)?)).await;
    let again = page.act("b", rename(id, "Bo (court 3)")).await;
    assert_eq!(again[&id.to_string()]["result"], "already");
    let results = page.act("c", rename(id, "")).await;
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
    for (word, on) in [("a", true), ("b", false)] {
        let results = page.act(word, lock(meeting.id, on)).await;
        assert_eq!(results[&meeting.id.to_string()]["result"], "done", "{results:?}");
        assert_eq!(desk.control().truth().meeting(meeting.id).expect("there").locked, on);
        page.until("the row to say so", |page| check(page.meeting(meeting.id)?.locked == Some(on), page.meeting(meeting.id)?)).await;
    }
    let again = page.act("c", lock(meeting.id, false)).await;
    assert_eq!(again[&meeting.id.to_string()]["result"], "already");
    assert_eq!(desk.asked("PUT /calls/<id>"), 2);
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

#[tokio::test]
async fn a_message_for_a_while_is_shown_for_as_long() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = called(&desk, &mut page, &["Bo Berg"]).await;
    let id = meeting.id;
    for word in ["a", "b"] {
        let results = page.act(word, message(id, "Two seconds", Some(2))).await;
        assert_eq!(results[&id.to_string()]["result"], "done", "begun anew each time: {results:?}");
    }
    let until =
        page.until("the message", |page| page.meeting(id)?.message.as_ref().and_then(|message| message.until).ok_or("none".into())).await;
    let left = until - page.time;
    assert!((0..5_000).contains(&left), "{left}");
    page.until("its end", |page| check(page.meeting(id)?.message.is_none(), page.meeting(id)?)).await;
}

#[tokio::test]
async fn what_has_no_effect_is_unconfirmed_and_asked_for_once() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    desk.control().set_switches(None, json!({ "put_without_effect": true })).expect("switch");
    let deeds = one_of_each(&people, &meetings);
    for ((result, reason), (_, deed)) in press_all(&mut page, &deeds).await.iter().zip(&deeds) {
        assert_eq!(result, "unconfirmed", "{deed}");
        assert!(reason.starts_with("CMS accepted the request, but "), "{reason}");
    }
    let asked = changes(&desk);
    // A lock that a call does not follow is asked of that call itself, once: here it is the one that was asked first.
    assert_eq!(asked.len(), deeds.len(), "{asked:?}");
    page.until("the outcomes on the rows", |page| {
        let told = |outcome: &Option<Box<usher::view::Outcome>>| outcome.as_ref().is_some_and(|o| o.result == ActionResult::Unconfirmed);
        people.iter().try_for_each(|id| check(told(&page.person(*id)?.outcome), page.person(*id)?))?;
        meetings.iter().try_for_each(|id| check(told(&page.meeting(*id)?.outcome), page.meeting(*id)?))
    })
    .await;
    for id in people {
        let person = truth(&desk, id);
        assert_eq!((person.lobby, person.audio_muted), (TrueLobby::In, false), "{person:?}");
    }
}

#[tokio::test]
async fn what_worked_but_was_answered_too_late_is_done_and_asked_for_once() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.rest_timeout = Duration::from_millis(400)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    let deeds = one_of_each(&people, &meetings);
    // One after the other: three requests without an answer in a row and a bridge is unreachable.
    for (n, deed) in deeds.iter().enumerate() {
        desk.control().set_switches(None, json!({ "put_late_ms": 1500 })).expect("switch");
        page.ask(&n.to_string(), deed.1.clone()).await;
        let results = page.results(&n.to_string()).await;
        assert_eq!(results[&deed.0.to_string()]["result"], "done", "{} {results:?}", deed.1);
        desk.control().set_switches(None, json!({ "put_late_ms": null })).expect("switch");
        live(&mut page).await;
    }
    let asked = desk.asked("PUT /participants/<id>")
        + desk.asked("DELETE /participants/<id>")
        + desk.asked("PUT /calls/<id>")
        + desk.asked("PUT /callLegs/<id>");
    assert_eq!(asked, deeds.len() as u64);
}

#[tokio::test]
async fn an_effect_that_takes_its_time_is_waited_for() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    desk.control().set_switches(None, json!({ "effect_delay_ms": 800 })).expect("switch");
    let results = page.act("a", to("send_back", &[people[0].id])).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    assert_eq!(puts(&desk), 1);
}

#[tokio::test]
async fn who_or_what_is_gone_is_said_to_be_and_nothing_is_sent() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    for meeting in &meetings {
        desk.control().end(*meeting, None).expect("ended");
    }
    page.until("nobody", |page| check(page.meetings().is_empty() && page.people().is_empty(), page.meetings())).await;
    for (result, _) in press_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!(result, "left");
    }
    assert_eq!(changes(&desk).len(), 0, "{:?}", changes(&desk));
}

#[tokio::test]
async fn a_bridge_that_is_gone_is_said_to_be_unreachable_for_every_action() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    for (result, reason) in press_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!(result, "unreachable", "{reason}");
    }
}

#[tokio::test]
async fn a_paused_bridge_refuses_every_action_and_is_sent_nothing() {
    let desk = Desk::start(quiet(1)).await;
    let (mut page, mut admin) = (desk.page("mo").await, desk.page("ana").await);
    let (people, meetings) = scene(&desk, &mut page).await;
    admin.ask("pause", json!({ "type": "pause", "bridge": "eu-1" })).await;
    page.until("the pause", |page| check(page.bridge("eu-1")?.state == BridgeState::Paused, page.bridges())).await;
    for (result, reason) in press_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!((result.as_str(), reason.as_str()), ("refused", "the bridge is paused by ana"));
    }
    assert_eq!(changes(&desk).len(), 0);
}

#[tokio::test]
async fn what_a_user_of_the_bridge_may_not_do_is_refused_with_its_reason() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    for (word, under, deed) in [
        ("a", "/participants", to("remove", &people[..1])),
        ("b", "/callLegs", mute(&people[1..2], true)),
        ("c", "/calls", lock(meetings[0], true)),
        ("d", "/calls", message(meetings[0], "hi", None)),
    ] {
        desk.control().set_switches(None, json!({ "rest_status": 403, "rest_status_under": under })).expect("switch");
        let results = page.act(word, deed).await;
        let result = results.values().next().expect("one");
        assert_eq!(result["result"], "refused", "{result}");
        assert!(result["reason"].as_str().is_some_and(|reason| reason.contains("403")), "{result}");
        desk.control().set_switches(None, json!({ "rest_status": 0 })).expect("switch");
        live(&mut page).await;
    }
}

#[tokio::test]
async fn a_busy_bridge_is_asked_again_for_every_action() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    desk.control().set_switches(None, json!({ "rate_503": 0.4 })).expect("switch");
    for (result, reason) in press_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!(result, "done", "{reason}");
    }
}

#[tokio::test]
async fn nobody_is_sent_back_on_a_bridge_before_3_4_and_nothing_is_sent() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    desk.control().set_switches(None, json!({ "version": "3.3.9" })).expect("switch");
    page.until("the version", |page| check(!page.bridge("eu-1")?.can_send_back, page.bridges())).await;
    assert!(page.bridge("eu-1").expect("bridge").can_admit);
    let results = page.act("a", to("send_back", &[people[0].id])).await;
    let result = &results[&people[0].id.to_string()];
    assert_eq!(result["result"], "refused", "{result}");
    assert!(result["reason"].as_str().is_some_and(|reason| reason.contains("3.3.9") && reason.contains("3.4")), "{result}");
    assert_eq!(puts(&desk), 0);
}

#[tokio::test]
async fn a_bridge_that_refused_to_send_back_is_not_asked_again_until_it_was_away() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    desk.control().set_switches(None, json!({ "back_to_lobby": "reject" })).expect("switch");
    let id = people[0].id;
    for word in ["a", "b"] {
        let results = page.act(word, to("send_back", &[id])).await;
        assert_eq!(results[&id.to_string()]["result"], "refused", "{results:?}");
        page.until("the bridge to say so", |page| check(!page.bridge("eu-1")?.can_send_back, page.bridges())).await;
    }
    assert_eq!(puts(&desk), 1, "the second time nothing is sent");
    desk.control().set_switches(None, json!({ "back_to_lobby": "accept" })).expect("switch");
    desk.control().stop_bridge("eu-1").expect("stopped");
    page.until("its absence", |page| check(page.bridge("eu-1")?.state == BridgeState::Unreachable, page.bridges())).await;
    desk.control().start_bridge("eu-1").await.expect("started");
    page.until("another try", |page| check(page.bridge("eu-1")?.can_send_back, page.bridges())).await;
    live(&mut page).await;
    let results = page.act("c", to("send_back", &[id])).await;
    assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
}

#[tokio::test]
async fn who_has_several_legs_is_muted_on_each() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, people) = called(&desk, &mut page, &["Bo Berg"]).await;
    let join = Join { meeting: meeting.id, name: "Shares".into(), role: Role::Member, sharing: true, ..Join::default() };
    let sharing = desk.control().join(join).expect("joined");
    lobby(&mut page, std::slice::from_ref(&sharing), Lobby::In).await;
    let results = page.act("a", mute(&[sharing.id], true)).await;
    assert_eq!(results[&sharing.id.to_string()]["result"], "done", "{results:?}");
    assert!(truth(&desk, sharing.id).audio_muted, "all legs are");
    assert!(!truth(&desk, people[0].id).audio_muted, "and nobody else's");
    let legs: std::collections::BTreeSet<String> = changes(&desk).into_iter().map(|(_, change)| change.path).collect();
    assert_eq!((legs.len(), desk.asked("PUT /callLegs/<id>")), (2, 2), "{legs:?}");
}

#[tokio::test]
async fn where_nothing_is_pushed_and_legs_are_told_by_filter_only_mutes_are_seen_all_the_same() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "events_status": 500, "participant_legs": "singular" }).to_string());
    let desk = Desk::start(options).await;
    let mut page = desk.page("mo").await;
    let (_, people) = called(&desk, &mut page, &["Bo Berg", "Ana Silva"]).await;
    let id = people[0].id;
    for (word, on) in [("a", true), ("b", false)] {
        let results = page.act(word, mute(&[id], on)).await;
        assert_eq!(results[&id.to_string()]["result"], "done", "{results:?}");
        assert_eq!((truth(&desk, id).audio_muted, truth(&desk, people[1].id).audio_muted), (on, false));
        page.until("the row to say so", |page| check(page.person(id)?.muted == on, page.person(id)?)).await;
    }
}

#[tokio::test]
async fn the_wrong_bridge_leads_to_the_right_one_for_every_action_on_a_person() {
    let desk = Desk::start(quiet(2)).await;
    let mut page = desk.page("mo").await;
    let (meeting, people) = called(&desk, &mut page, &["One", "Two", "Three", "Four"]).await;
    desk.join(meeting.id, "eu-2", "Elsewhere");
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    page.until("both bridges' rosters", |page| {
        check(page.meeting(meeting.id)?.bridges.len() == 2, page.meetings())?;
        let listed = |id: &Id| desk.app.store.with_person(&id.to_string(), |person| person.listings.len());
        ids.iter().try_for_each(|id| check(listed(id) == Some(2), listed(id)))
    })
    .await;
    live(&mut page).await;
    for id in &ids {
        // As after an answer that was true when it was given.
        desk.app.store.update_person(&id.to_string(), |person| person.home = Some(Home::Bridge("eu-2".into())));
    }
    let deeds = &one_of_each(&ids, &[meeting.id, meeting.id])[..4];
    for ((result, reason), (_, deed)) in press_all(&mut page, deeds).await.iter().zip(deeds) {
        assert_eq!(result, "done", "{deed} {reason}");
    }
    let accepted = changes(&desk).into_iter().filter(|(_, change)| change.status == 200).map(|(bridge, _)| bridge);
    assert_eq!(accepted.collect::<Vec<_>>(), ["eu-1"; 4]);
}

/// A meeting on three bridges with one guest on each.
async fn on_three(switches: Value) -> (Desk, Page, MeetingTruth) {
    let mut options = quiet(3);
    options.switches = Some(switches.to_string());
    let desk = Desk::start(options).await;
    let call = StartCall { name: "Board".into(), bridge: Some("eu-1".into()), space: true, ..StartCall::default() };
    let meeting = desk.control().start_call(call).expect("started");
    for bridge in ["eu-1", "eu-2", "us-1"] {
        desk.join(meeting.id, bridge, &format!("Guest of {bridge}"));
    }
    let mut page = desk.page("mo").await;
    page.until("all three", |page| {
        let row = page.meeting(meeting.id)?;
        check(row.bridges.len() == 3 && row.waiting == 3, row)
    })
    .await;
    live(&mut page).await;
    (desk, page, meeting)
}

#[tokio::test]
async fn a_lock_that_spreads_is_asked_of_one_bridge() {
    let (desk, mut page, meeting) = on_three(json!({})).await;
    let results = page.act("a", lock(meeting.id, true)).await;
    assert_eq!(results[&meeting.id.to_string()]["result"], "done", "{results:?}");
    page.until("the lock", |page| check(page.meeting(meeting.id)?.locked == Some(true), page.meetings())).await;
    assert_eq!(desk.asked("PUT /calls/<id>"), 1);
}

#[tokio::test]
async fn a_lock_that_does_not_spread_is_asked_of_each_bridge_once() {
    let (desk, mut page, meeting) = on_three(json!({ "call_changes": "local" })).await;
    let results = page.act("a", lock(meeting.id, true)).await;
    assert_eq!(results[&meeting.id.to_string()]["result"], "done", "{results:?}");
    let truth = desk.control().truth();
    assert!(truth.meeting(meeting.id).expect("there").calls.iter().all(|call| call.locked), "{truth:?}");
    assert_eq!(desk.asked("PUT /calls/<id>"), 3);
}

#[tokio::test]
async fn a_lock_is_taken_by_any_bridge_that_is_there_and_the_others_are_named() {
    let (desk, mut page, meeting) = on_three(json!({})).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    page.until("its absence", |page| check(page.bridge("eu-1")?.state == BridgeState::Unreachable, page.bridges())).await;
    let results = page.act("a", lock(meeting.id, true)).await;
    let result = &results[&meeting.id.to_string()];
    assert_eq!(result["result"], "unconfirmed", "{result}");
    let reason = result["reason"].as_str().expect("reason");
    assert!(reason.contains("eu-1") && !reason.contains("eu-2") && !reason.contains("us-1"), "{reason}");
    assert!(desk.control().truth().meeting(meeting.id).expect("there").locked);
}

#[tokio::test]
async fn a_message_is_asked_of_each_bridge_and_taken_away_from_each() {
    let (desk, mut page, meeting) = on_three(json!({ "call_changes": "local" })).await;
    for (word, text, asked) in [("a", "A minute, please", 3), ("b", "", 6)] {
        let results = page.act(word, message(meeting.id, text, None)).await;
        assert_eq!(results[&meeting.id.to_string()]["result"], "done", "{results:?}");
        let truth = desk.control().truth();
        assert!(truth.meeting(meeting.id).expect("there").calls.iter().all(|call| call.message == text), "{truth:?}");
        assert_eq!(desk.asked("PUT /calls/<id>"), asked);
    }
}

#[tokio::test]
async fn what_a_crash_left_open_is_told_for_every_action_and_never_sent_again() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = scene(&desk, &mut page).await;
    desk.control().lobby(people[0]).expect("sent back elsewhere");
    desk.control().leave(people[2]).expect("left");
    desk.control().reset_requests();
    let open = [
        ("send_back", people[0], "done"),
        ("send_back", people[1], "interrupted"),
        ("remove", people[2], "done"),
        ("remove", people[3], "interrupted"),
        ("mute", people[1], "interrupted"),
        ("lock", meetings[0], "interrupted"),
    ];
    let desk = desk
        .restart_after(|directory| {
            let conn = usher::db::open_connection(directory).expect("database");
            for (n, (action, target, _)) in open.iter().enumerate() {
                let row = "INSERT INTO presses (id, at, user, address, scope, action) VALUES (?1, 1, 'mo', '::1', 'selection', ?2)";
                conn.execute(row, (n as i64 + 100, action)).expect("press");
                let row = "INSERT INTO press_people (press, person, name, address, call) VALUES (?1, ?2, '', '', '')";
                conn.execute(row, (n as i64 + 100, target.to_string())).expect("target");
            }
        })
        .await;
    wait_for(DEADLINE, "a result for each", async || {
        let conn = usher::db::open_connection(desk.dir.path()).map_err(|error| error.to_string())?;
        let mut query =
            conn.prepare("SELECT result FROM press_people WHERE press >= 100 ORDER BY press").map_err(|error| error.to_string())?;
        let results = query.query_map([], |row| row.get(0)).map_err(|error| error.to_string())?;
        let results: Vec<Option<String>> = results.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        check(results.iter().map(Option::as_deref).eq(open.iter().map(|(.., expected)| Some(*expected))), results)
    })
    .await;
    let mut page = desk.page("max").await;
    page.until("the moderators to be told", |page| {
        let told = |outcome: &Option<Box<usher::view::Outcome>>| outcome.as_ref().is_some_and(|o| o.result == ActionResult::Interrupted);
        check(told(&page.person(people[3])?.outcome) && told(&page.meeting(meetings[0])?.outcome), page.people())
    })
    .await;
    assert_eq!(changes(&desk).len(), 0, "{:?}", changes(&desk));
}
