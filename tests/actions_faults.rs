//! Actions where the bridge refuses, hangs, is gone, too old, busy, paused or the wrong one, and where Usher crashes meanwhile.

mod common;

use std::time::Duration;

use common::actions::*;
use common::desk::{Desk, quiet};
use common::page::{action_on, check};
use common::{DEADLINE, in_time, wait_for};
use serde_json::json;
use usher::model::{ActionResult, BridgeState, Home};
use usher::simulator::{Id, Lobby as TrueLobby};

#[tokio::test]
async fn what_has_no_effect_is_unconfirmed_and_asked_for_once() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    desk.control().set_switches(None, json!({ "put_without_effect": true })).expect("switch");
    let deeds = one_of_each(&people, &meetings);
    for ((result, reason), (_, deed)) in request_all(&mut page, &deeds).await.iter().zip(&deeds) {
        assert_eq!(result, "unconfirmed", "{deed}");
        assert!(reason.starts_with("CMS accepted the request, but "), "{reason}");
    }
    let asked = cms_changes(&desk);
    // A lock that a call does not follow is asked of that call itself, once: here it is the one that was asked first.
    assert_eq!(asked.len(), deeds.len(), "{asked:?}");
    page.until("the outcomes on the rows", |page| {
        let told = |outcome: &Option<Box<usher::model::Outcome>>| outcome.as_ref().is_some_and(|o| o.result == ActionResult::Unconfirmed);
        people.iter().try_for_each(|id| check(told(&page.person(*id)?.outcome), page.person(*id)?))?;
        meetings.iter().try_for_each(|id| check(told(&page.meeting(*id)?.outcome), page.meeting(*id)?))
    })
    .await;
    for id in people {
        let person = participant_truth(&desk, id);
        assert_eq!((person.lobby, person.audio_muted), (TrueLobby::In, false), "{person:?}");
    }
}

#[tokio::test]
async fn what_worked_but_was_answered_too_late_is_done_and_asked_for_once() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.rest_timeout = Duration::from_millis(400)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    let deeds = one_of_each(&people, &meetings);
    // One after the other: three requests without an answer in a row and a bridge is unreachable.
    for (n, deed) in deeds.iter().enumerate() {
        desk.control().set_switches(None, json!({ "put_late_ms": 1500 })).expect("switch");
        page.request(&n.to_string(), deed.1.clone()).await;
        let results = page.results(&n.to_string()).await;
        assert_eq!(results[&deed.0.to_string()]["result"], "done", "{} {results:?}", deed.1);
        desk.control().set_switches(None, json!({ "put_late_ms": null })).expect("switch");
        until_live(&mut page).await;
    }
    let asked = desk.request_count("PUT /participants/<id>")
        + desk.request_count("DELETE /participants/<id>")
        + desk.request_count("PUT /calls/<id>")
        + desk.request_count("PUT /callLegs/<id>");
    assert_eq!(asked, deeds.len() as u64);
}

#[tokio::test]
async fn an_effect_that_takes_its_time_is_waited_for() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    desk.control().set_switches(None, json!({ "effect_delay_ms": 800 })).expect("switch");
    assert_done(&mut page, "a", people[0].id, action_on("send_back", &[people[0].id])).await;
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn who_or_what_is_gone_is_said_to_be_and_nothing_is_sent() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    for meeting in &meetings {
        desk.control().end(*meeting, None).expect("ended");
    }
    page.until("nobody", |page| check(page.meetings().is_empty() && page.people().is_empty(), page.meetings())).await;
    for (result, _) in request_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!(result, "left");
    }
    assert_eq!(cms_changes(&desk).len(), 0, "{:?}", cms_changes(&desk));
}

#[tokio::test]
async fn a_bridge_that_is_gone_is_said_to_be_unreachable_for_every_action() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    for (result, reason) in request_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!(result, "unreachable", "{reason}");
    }
}

#[tokio::test]
async fn a_paused_bridge_refuses_every_action_and_is_sent_nothing() {
    let desk = Desk::start(quiet(1)).await;
    let (mut page, mut admin) = (desk.page("mo").await, desk.page("ana").await);
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    admin.request("pause", json!({ "type": "pause", "bridge": "eu-1" })).await;
    page.until("the pause", |page| check(page.bridge("eu-1")?.state == BridgeState::Paused, page.bridges())).await;
    for (result, reason) in request_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!((result.as_str(), reason.as_str()), ("refused", "the bridge is paused by ana"));
    }
    assert_eq!(cms_changes(&desk).len(), 0);
}

#[tokio::test]
async fn what_a_user_of_the_bridge_may_not_do_is_refused_with_its_reason() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    for (word, under, deed) in [
        ("a", "/participants", action_on("remove", &people[..1])),
        ("b", "/callLegs", mute(&people[1..2], true)),
        ("c", "/calls", lock(meetings[0], true)),
        ("d", "/calls", message(meetings[0], "hi", None)),
    ] {
        desk.control().set_switches(None, json!({ "rest_status": 403, "rest_status_under": under })).expect("switch");
        let results = page.run_action(word, deed).await;
        let result = results.values().next().expect("one");
        assert_eq!(result["result"], "refused", "{result}");
        assert!(result["reason"].as_str().is_some_and(|reason| reason.contains("403")), "{result}");
        desk.control().set_switches(None, json!({ "rest_status": 0 })).expect("switch");
        until_live(&mut page).await;
    }
}

#[tokio::test]
async fn a_busy_bridge_is_asked_again_for_every_action() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
    desk.control().set_switches(None, json!({ "rate_503": 0.4 })).expect("switch");
    for (result, reason) in request_all(&mut page, &one_of_each(&people, &meetings)).await {
        assert_eq!(result, "done", "{reason}");
    }
}

#[tokio::test]
async fn nobody_is_sent_back_on_a_bridge_before_3_4_and_nothing_is_sent() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    desk.control().set_switches(None, json!({ "version": "3.3.9" })).expect("switch");
    page.until("the version", |page| check(!page.bridge("eu-1")?.can_send_back, page.bridges())).await;
    assert!(page.bridge("eu-1").expect("bridge").can_admit);
    let results = page.run_action("a", action_on("send_back", &[people[0].id])).await;
    let result = &results[&people[0].id.to_string()];
    assert_eq!(result["result"], "refused", "{result}");
    assert!(result["reason"].as_str().is_some_and(|reason| reason.contains("3.3.9") && reason.contains("3.4")), "{result}");
    assert_eq!(participant_puts(&desk), 0);
}

#[tokio::test]
async fn a_bridge_that_refused_to_send_back_is_not_asked_again_until_it_was_away() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = meeting_with_admitted(&desk, &mut page, &["Bo Berg"]).await;
    desk.control().set_switches(None, json!({ "back_to_lobby": "reject" })).expect("switch");
    let id = people[0].id;
    for word in ["a", "b"] {
        let results = page.run_action(word, action_on("send_back", &[id])).await;
        assert_eq!(results[&id.to_string()]["result"], "refused", "{results:?}");
        page.until("the bridge to say so", |page| check(!page.bridge("eu-1")?.can_send_back, page.bridges())).await;
    }
    assert_eq!(participant_puts(&desk), 1, "the second time nothing is sent");
    desk.control().set_switches(None, json!({ "back_to_lobby": "accept" })).expect("switch");
    desk.control().stop_bridge("eu-1").expect("stopped");
    page.until("its absence", |page| check(page.bridge("eu-1")?.state == BridgeState::Unreachable, page.bridges())).await;
    desk.control().start_bridge("eu-1").await.expect("started");
    page.until("another try", |page| check(page.bridge("eu-1")?.can_send_back, page.bridges())).await;
    until_live(&mut page).await;
    assert_done(&mut page, "c", id, action_on("send_back", &[id])).await;
}

#[tokio::test]
async fn the_wrong_bridge_leads_to_the_right_one_for_every_action_on_a_person() {
    let desk = Desk::start(quiet(2)).await;
    let mut page = desk.page("mo").await;
    let (meeting, people) = meeting_with_admitted(&desk, &mut page, &["One", "Two", "Three", "Four"]).await;
    desk.join(meeting.id, "eu-2", "Elsewhere");
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    page.until("both bridges' rosters", |page| {
        check(page.meeting(meeting.id)?.bridges.len() == 2, page.meetings())?;
        let listed = |id: &Id| desk.app.store.with_person(&id.to_string(), |person| person.listings.len());
        ids.iter().try_for_each(|id| check(listed(id) == Some(2), listed(id)))
    })
    .await;
    until_live(&mut page).await;
    for id in &ids {
        // As after an answer that was true when it was given.
        desk.app.store.update_person(&id.to_string(), |person| person.home = Some(Home::Bridge("eu-2".into())));
    }
    let deeds = &one_of_each(&ids, &[meeting.id, meeting.id])[..4];
    for ((result, reason), (_, deed)) in request_all(&mut page, deeds).await.iter().zip(deeds) {
        assert_eq!(result, "done", "{deed} {reason}");
    }
    let accepted = cms_changes(&desk).into_iter().filter(|(_, change)| change.status == 200).map(|(bridge, _)| bridge);
    assert_eq!(accepted.collect::<Vec<_>>(), ["eu-1"; 4]);
}

/// A removal of somebody at a bridge that can't be read: nothing is claimed, and a stop does not wait for it.
#[tokio::test]
async fn what_a_crash_left_open_at_a_bridge_that_is_away_is_not_known_and_holds_no_stop_up() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.recover_within = Duration::from_secs(3600)).await;
    let mut page = desk.page("mo").await;
    let (people, _) = four_admitted(&desk, &mut page).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    let open = people[0].to_string();
    let press = |directory: &std::path::Path| {
        let conn = usher::db::open_connection(directory).expect("database");
        let row = "INSERT INTO presses (id, at, user, address, scope, action) VALUES (100, 1, 'mo', '::1', 'selection', 'remove')";
        conn.execute(row, []).expect("press");
        let row = "INSERT INTO press_people (press, person, name, address, call) VALUES (100, ?1, '', '', '')";
        conn.execute(row, [&open]).expect("target");
    };
    let result = |directory: &std::path::Path| -> Option<String> {
        let conn = usher::db::open_connection(directory).expect("database");
        conn.query_row("SELECT result FROM press_people WHERE press = 100", [], |row| row.get(0)).expect("the press")
    };
    let desk = desk.restart_after(press).await;
    let mut desk = in_time("the stop", desk.restart_after(|directory| assert_eq!(result(directory), None, "still open"))).await;
    desk.config.timing.recover_within = Duration::from_millis(300);
    let desk = desk.restart().await;
    wait_for(DEADLINE, "what is said", async || {
        let found = result(desk.dir.path());
        check(found.as_deref() == Some("interrupted"), found)
    })
    .await;
}

/// A PUT that is under way when the password is refused may be carried out all the same.
#[tokio::test]
async fn a_refused_password_does_not_end_what_is_under_way() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    page.until_waiting([&people[0]]).await;
    desk.control().reset_requests();
    desk.control().set_switches(None, json!({ "put_late_ms": 1000 })).expect("set");
    page.request_admit("a", &[people[0].id]).await;
    wait_for(DEADLINE, "the admission to be let through", async || {
        let person = desk.control().truth().participants().find(|person| person.id == people[0].id).cloned();
        check(person.as_ref().is_some_and(|person| person.lobby == usher::simulator::Lobby::In), person)
    })
    .await;
    desk.control().set_switches(None, json!({ "rest_status": 401, "rest_status_under": "/callLegs" })).expect("set");
    page.until("the refusal", |page| check(page.bridge("eu-1")?.state == BridgeState::Refused, page.bridges())).await;
    let result = page.results("a").await[&people[0].id.to_string()].clone();
    assert!(result["result"] == "unconfirmed" || result["result"] == "done", "{result}");
}

#[tokio::test]
async fn what_a_crash_left_open_is_told_for_every_action_and_never_sent_again() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (people, meetings) = four_admitted(&desk, &mut page).await;
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
        let told = |outcome: &Option<Box<usher::model::Outcome>>| outcome.as_ref().is_some_and(|o| o.result == ActionResult::Interrupted);
        check(told(&page.person(people[3])?.outcome) && told(&page.meeting(meetings[0])?.outcome), page.people())
    })
    .await;
    assert_eq!(cms_changes(&desk).len(), 0, "{:?}", cms_changes(&desk));
}
