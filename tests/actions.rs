//! All actions of moderators except admissions, from a browser's request to CMS and back. `actions_faults` has their faults.

mod common;

use common::actions::*;
use common::desk::{Desk, quiet};
use common::page::{Page, action_on, check};
use serde_json::{Value, json};
use usher::model::{BridgeState, Lobby};
use usher::simulator::{Join, Lobby as TrueLobby, MeetingTruth, Role, StartCall};

#[tokio::test]
async fn who_is_sent_back_waits_again_for_everybody_and_says_by_whom() {
    let desk = Desk::start(quiet(1)).await;
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    let (_, people) = meeting_with_admitted(&desk, &mut mo, &["Bo Berg", "Ana Silva"]).await;
    let id = people[0].id;
    assert_done(&mut mo, "a", id, action_on("send_back", &[id])).await;
    assert_eq!(participant_truth(&desk, id).lobby, TrueLobby::Waiting);
    for page in [&mut mo, &mut max] {
        page.until("the row to wait", |page| {
            let row = page.person(id)?;
            check(row.lobby == Lobby::Waiting && row.sent_back.as_ref().is_some_and(|mark| &*mark.by == "mo"), row)
        })
        .await;
        assert_eq!(page.person(people[1].id).expect("row").lobby, Lobby::In, "nobody else was sent back");
    }
    assert_eq!(participant_puts(&desk), 1);
    let again = max.run_action("b", action_on("send_back", &[id])).await;
    assert_eq!((&again[&id.to_string()]["result"], &again[&id.to_string()]["by"]), (&json!("already"), &json!("mo")));
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn who_is_removed_is_gone() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg", "Ana Silva"]).await;
    assert_done(&mut page, "a", people[0].id, action_on("remove", &[people[0].id])).await;
    assert!(desk.control().truth().participant(people[0].id).is_none());
    page.until("the row to be gone", |page| check(page.person(people[0].id).is_err(), page.people())).await;
    assert!(page.person(people[1].id).is_ok());
    assert_eq!(result_of(&mut page, "b", people[0].id, action_on("remove", &[people[0].id])).await, "left");
    assert_eq!(desk.request_count("DELETE /participants/<id>"), 1);
}

#[tokio::test]
async fn who_is_muted_is_heard_again_when_they_are_unmuted() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    let id = people[0].id;
    for (word, on) in [("a", true), ("b", false)] {
        assert_done(&mut page, word, id, mute(&[id], on)).await;
        assert_eq!(participant_truth(&desk, id).audio_muted, on);
        page.until("the row to say so", |page| check(page.person(id)?.muted == on, page.person(id)?)).await;
    }
    assert_eq!(result_of(&mut page, "c", id, mute(&[id], false)).await, "already");
    assert_eq!(desk.request_count("PUT /callLegs/<id>"), 2);
}

#[tokio::test]
async fn who_is_renamed_is_shown_so_until_the_own_name_is_wanted_again() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    let id = people[0].id;
    assert_done(&mut page, "a", id, rename(id, "Bo (court 3)")).await;
    assert_eq!(participant_truth(&desk, id).name, "Bo (court 3)");
    page.until("the label", |page| check(page.person(id)?.label.as_deref() == Some("Bo (court 3)"), page.person(id)?)).await;
    assert_eq!(result_of(&mut page, "b", id, rename(id, "Bo (court 3)")).await, "already");
    assert_done(&mut page, "c", id, rename(id, "")).await;
    assert_eq!(participant_truth(&desk, id).name, "Bo Berg");
    page.until("the own name", |page| check(page.person(id)?.label.is_none(), page.person(id)?)).await;
    assert_eq!(participant_puts(&desk), 2);
}

#[tokio::test]
async fn a_meeting_is_locked_and_unlocked() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    for (word, on) in [("a", true), ("b", false)] {
        assert_done(&mut page, word, meeting.id, lock(meeting.id, on)).await;
        assert_eq!(desk.control().truth().meeting(meeting.id).expect("there").locked, on);
        page.until("the row to say so", |page| check(page.meeting(meeting.id)?.locked == Some(on), page.meeting(meeting.id)?)).await;
    }
    assert_eq!(result_of(&mut page, "c", meeting.id, lock(meeting.id, false)).await, "already");
    assert_eq!(desk.request_count("PUT /calls/<id>"), 2);
}

#[tokio::test]
async fn a_message_is_shown_until_it_is_taken_away() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    let id = meeting.id;
    assert_done(&mut page, "a", id, message(id, "A minute, please", None)).await;
    page.until("the message", |page| {
        let row = page.meeting(id)?;
        check(row.message.as_ref().is_some_and(|message| &*message.text == "A minute, please" && message.until.is_none()), row)
    })
    .await;
    assert_eq!(result_of(&mut page, "b", id, message(id, "A minute, please", None)).await, "already");
    assert_done(&mut page, "c", id, message(id, "", None)).await;
    page.until("no message", |page| check(page.meeting(id)?.message.is_none(), page.meeting(id)?)).await;
    assert_eq!(desk.request_count("PUT /calls/<id>"), 2);
}

#[tokio::test]
async fn a_message_for_a_while_is_shown_for_as_long() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    let id = meeting.id;
    for word in ["a", "b"] {
        assert_done(&mut page, word, id, message(id, "Two seconds", Some(2))).await;
    }
    let until =
        page.until("the message", |page| page.meeting(id)?.message.as_ref().and_then(|message| message.until).ok_or("none".into())).await;
    let left = until - page.time;
    assert!((0..5_000).contains(&left), "{left}");
    page.until("its end", |page| check(page.meeting(id)?.message.is_none(), page.meeting(id)?)).await;
}

#[tokio::test]
async fn who_has_several_legs_is_muted_on_each() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    let join = Join { meeting: meeting.id, name: "Shares".into(), role: Role::Member, sharing: true, ..Join::default() };
    let sharing = desk.control().join(join).expect("joined");
    page.until_lobby([&sharing], Lobby::In).await;
    assert_done(&mut page, "a", sharing.id, mute(&[sharing.id], true)).await;
    assert!(participant_truth(&desk, sharing.id).audio_muted, "all legs are");
    assert!(!participant_truth(&desk, people[0].id).audio_muted, "and nobody else's");
    let legs: std::collections::BTreeSet<String> = cms_changes(&desk).into_iter().map(|(_, change)| change.path).collect();
    assert_eq!((legs.len(), desk.request_count("PUT /callLegs/<id>")), (2, 2), "{legs:?}");
}

#[tokio::test]
async fn where_nothing_is_pushed_and_legs_are_told_by_filter_only_mutes_are_seen_all_the_same() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "events_status": 500, "participant_legs": "singular" }).to_string());
    let desk = Desk::start(options).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg", "Ana Silva"]).await;
    let id = people[0].id;
    for (word, on) in [("a", true), ("b", false)] {
        assert_done(&mut page, word, id, mute(&[id], on)).await;
        assert_eq!((participant_truth(&desk, id).audio_muted, participant_truth(&desk, people[1].id).audio_muted), (on, false));
        page.until("the row to say so", |page| check(page.person(id)?.muted == on, page.person(id)?)).await;
    }
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
    until_live(&mut page).await;
    (desk, page, meeting)
}

#[tokio::test]
async fn a_lock_that_spreads_is_asked_of_one_bridge() {
    let (desk, mut page, meeting) = on_three(json!({})).await;
    assert_done(&mut page, "a", meeting.id, lock(meeting.id, true)).await;
    page.until("the lock", |page| check(page.meeting(meeting.id)?.locked == Some(true), page.meetings())).await;
    assert_eq!(desk.request_count("PUT /calls/<id>"), 1);
}

#[tokio::test]
async fn a_lock_that_does_not_spread_is_asked_of_each_bridge_once() {
    let (desk, mut page, meeting) = on_three(json!({ "call_changes": "local" })).await;
    assert_done(&mut page, "a", meeting.id, lock(meeting.id, true)).await;
    let truth = desk.control().truth();
    assert!(truth.meeting(meeting.id).expect("there").calls.iter().all(|call| call.locked), "{truth:?}");
    assert_eq!(desk.request_count("PUT /calls/<id>"), 3);
}

#[tokio::test]
async fn a_lock_is_taken_by_any_bridge_that_is_there_and_the_others_are_named() {
    let (desk, mut page, meeting) = on_three(json!({})).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    page.until("its absence", |page| check(page.bridge("eu-1")?.state == BridgeState::Unreachable, page.bridges())).await;
    let results = page.run_action("a", lock(meeting.id, true)).await;
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
        assert_done(&mut page, word, meeting.id, message(meeting.id, text, None)).await;
        let truth = desk.control().truth();
        assert!(truth.meeting(meeting.id).expect("there").calls.iter().all(|call| call.message == text), "{truth:?}");
        assert_eq!(desk.request_count("PUT /calls/<id>"), asked);
    }
}
