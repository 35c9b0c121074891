//! Changes that CMS makes late, or answers late or never: no request is sent twice, and results are corrected.

mod common;

use std::time::Duration;

use common::actions::*;
use common::desk::{Desk, quiet};
use common::page::{Page, action_on, check};
use serde_json::{Value, json};
use usher::model::Lobby;
use usher::simulator::Id;

/// Requests time out after 0.4 s.
async fn impatient(confirm_within: Duration) -> Desk {
    let change = |config: &mut usher::config::Config| {
        config.timing = config.timing.clone().without_rotation();
        config.timing.rest_timeout = Duration::from_millis(400);
        config.timing.confirm_within = confirm_within;
    };
    Desk::start_with(quiet(1), "", change).await
}

/// Each action on a scene of its own, one after the other: three requests without an answer in a row and a bridge is unreachable.
async fn each_alone(desk: &Desk, page: &mut Page, switches: Value, mut judge: impl AsyncFnMut(&mut Page, Id, &str, Value)) {
    let (people, meetings) = four_admitted(desk, page).await;
    let mut deeds = one_of_each(&people, &meetings);
    let (_, waiting) = desk.meeting("Hearing", "eu-1", &["Waits"]);
    page.until_waiting(&waiting).await;
    deeds.push((waiting[0].id, action_on("admit", &[waiting[0].id])));
    for (n, (target, deed)) in deeds.into_iter().enumerate() {
        desk.control().reset_requests();
        desk.control().set_switches(None, switches.clone()).expect("switch");
        let word = format!("alone-{n}");
        page.request(&word, deed.clone()).await;
        let results = page.results(&word).await;
        judge(page, target, &word, results[&target.to_string()].clone()).await;
        let asked = sent(desk);
        assert_eq!(asked, 1, "{deed}");
        let off = switches.as_object().expect("switches").keys().map(|name| (name.clone(), Value::Null)).collect::<Value>();
        desk.control().set_switches(None, off).expect("switch");
        until_live(page).await;
    }
}

/// Requests that change a person, leg or call; also those that were hung up on.
fn sent(desk: &Desk) -> u64 {
    ["PUT /participants/<id>", "DELETE /participants/<id>", "PUT /calls/<id>", "PUT /callLegs/<id>"]
        .map(|shape| desk.request_count(shape))
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
    page.until_waiting(&people).await;
    desk.control().set_switches(None, json!({ "put_slow_ms": 3_600_000 })).expect("switch");
    assert_eq!(page.admit("a", &[people[0].id]).await[&people[0].id.to_string()]["result"], "unconfirmed");
    desk.control().set_switches(None, json!({ "put_slow_ms": null })).expect("switch");
    assert_eq!(page.admit("b", &[people[0].id]).await[&people[0].id.to_string()]["result"], "done");
    assert_eq!(participant_puts(&desk), 2);
}

#[tokio::test]
async fn a_lock_that_one_bridge_does_not_answer_is_asked_of_each_bridge_once() {
    let change = |config: &mut usher::config::Config| config.timing.rest_timeout = Duration::from_millis(400);
    let desk = Desk::start_with(quiet(2), "", change).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = desk.meeting("Hearing", "eu-1", &["One"]);
    desk.join(meeting.id, "eu-2", "Two");
    page.until("both bridges", |page| check(page.meeting(meeting.id)?.bridges.len() == 2, page.meetings())).await;
    until_live(&mut page).await;
    desk.control().reset_requests();
    desk.control().set_switches(None, json!({ "call_changes": "local" })).expect("switch");
    desk.control().set_switches(Some("eu-1"), json!({ "put_slow_ms": 1500 })).expect("switch");
    assert_eq!(result_of(&mut page, "a", meeting.id, lock(meeting.id, true)).await, "done");
    assert_eq!(desk.request_count("PUT /calls/<id>"), 2, "one for each bridge");
}

/// The entries of the audit log for this target: id, result, corrected entry.
fn entries(desk: &Desk, target: Id) -> Result<Vec<(String, String, String)>, String> {
    let conn = usher::db::open_connection(desk.dir.path()).map_err(|error| error.to_string())?;
    let query =
        "SELECT action_id, result, corrects FROM log WHERE (person = ?1 OR (person = '' AND meeting = ?1)) AND user = 'mo' ORDER BY id";
    let mut query = conn.prepare(query).map_err(|error| error.to_string())?;
    let rows =
        query.query_map([target.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(|error| error.to_string())?;
    rows.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// `Ok` once a result has been put right: what it is now.
fn corrected(page: &Page, word: &str, target: Id) -> Result<String, String> {
    let replies = page.replies.iter().filter(|reply| reply["ref"] == word && reply["state"] == "finished");
    let results: Vec<&Value> = replies.flat_map(|reply| reply["results"].as_array().expect("results")).collect();
    let mine = |result: &&&Value| result["person"].as_str().or(result["meeting"].as_str()) == Some(&target.to_string());
    let last = results.iter().rfind(mine).expect("a result");
    check(last["corrected"] == true, &results)?;
    Ok(last["result"].as_str().expect("a word").to_owned())
}

#[tokio::test]
async fn what_cms_makes_late_is_put_right_for_all_browsers_the_one_that_pressed_and_the_log() {
    let desk = impatient(Duration::from_millis(300)).await;
    let (mut page, mut other) = (desk.page("mo").await, desk.page("max").await);
    each_alone(&desk, &mut page, json!({ "effect_delay_ms": 900 }), async |page, target, word, result| {
        assert_eq!(result["result"], "unconfirmed", "{result}");
        assert_eq!(page.until("the late result", |page| corrected(page, word, target)).await, "done");
        other
            .until("the row to be right", |page| match (page.person(target), page.meeting(target)) {
                (Ok(row), _) => check(row.outcome.is_none() && is_so(row), row),
                (_, Ok(row)) => check(row.outcome.is_none() && (row.locked == Some(true) || row.message.is_some()), row),
                // The participant who was removed.
                _ => Ok(()),
            })
            .await;
        common::wait_for(common::DEADLINE, "two entries", async || {
            let entries = entries(&desk, target)?;
            let ended: Vec<&str> = entries.iter().map(|(_, result, _)| &**result).collect();
            check(ended == ["unconfirmed", "done"] && entries[0].2.is_empty() && entries[1].2 == entries[0].0, &entries)
        })
        .await;
    })
    .await;
}

/// As one of `one_of_each`, or an admission, makes a person.
fn is_so(row: &usher::view::PersonRow) -> bool {
    row.sent_back.is_some() && row.lobby == Lobby::Waiting
        || row.admitted.is_some() && row.lobby == Lobby::In
        || row.muted
        || row.label.is_some()
}

/// The same where the request itself was not answered in time.
#[tokio::test]
async fn what_is_carried_out_long_after_its_request_timed_out_is_put_right() {
    let desk = impatient(Duration::from_millis(100)).await;
    let mut page = desk.page("mo").await;
    each_alone(&desk, &mut page, json!({ "put_slow_ms": 1300 }), async |page, target, word, result| {
        assert_eq!(result["result"], "unconfirmed", "{result}");
        assert_eq!(page.until("the late result", |page| corrected(page, word, target)).await, "done");
    })
    .await;
}

#[tokio::test]
async fn another_press_ends_the_late_reading_of_the_first() {
    let desk = impatient(Duration::from_millis(100)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = desk.meeting("Hearing", "eu-1", &["Waits"]);
    let id = people[0].id;
    page.until_waiting(&people).await;
    desk.control().set_switches(None, json!({ "put_without_effect": true })).expect("switch");
    assert_eq!(page.admit("a", &[id]).await[&id.to_string()]["result"], "unconfirmed");
    desk.control().set_switches(None, json!({ "put_without_effect": null })).expect("switch");
    assert_eq!(page.admit("b", &[id]).await[&id.to_string()]["result"], "done");
    // The last late reading would have been after 3 s.
    page.follow_for(Duration::from_millis(3500)).await;
    assert!(corrected(&page, "a", id).is_err(), "{:?}", page.replies);
    let ended: Vec<String> = entries(&desk, id).expect("entries").into_iter().map(|(_, result, _)| result).collect();
    assert_eq!(ended, ["unconfirmed", "done"]);
    assert!(page.person(id).expect("row").admitted.is_some());
}

/// Usher was killed while it was under way, and CMS was late as well.
#[tokio::test]
async fn what_a_crash_left_open_is_put_right_when_it_reads_so_later() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (_, people) = desk.meeting("Hearing", "eu-1", &["Waits"]);
    page.until_waiting(&people).await;
    let id = people[0].id;
    let press = |directory: &std::path::Path| {
        let conn = usher::db::open_connection(directory).expect("database");
        let row = "INSERT INTO presses (id, at, user, address, scope, action) VALUES (100, 1, 'mo', '::1', 'selection', 'admit')";
        conn.execute(row, []).expect("press");
        let row = "INSERT INTO press_people (press, person, name, address, call) VALUES (100, ?1, '', '', '')";
        conn.execute(row, [id.to_string()]).expect("target");
    };
    let desk = desk.restart_after(press).await;
    let results = |expected: &'static [&'static str]| {
        let desk = &desk;
        async move {
            common::wait_for(common::DEADLINE, "the entries", async || {
                let entries = entries(desk, id)?;
                check(entries.iter().map(|(_, result, _)| &**result).eq(expected.iter().copied()), &entries)
            })
            .await;
        }
    };
    results(&["interrupted"]).await;
    desk.control().admit(id).expect("let in, late");
    results(&["interrupted", "done"]).await;
}
