//! No action reaches CMS without its entry in the audit log, even when a moderator's pages flood the server.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::browser::{Browser, Socket};
use common::desk::{Desk, PASSWORD, quiet};
use common::flood::Flood;
use common::page::{Page, action_on, check};
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::{Value, json};
use usher::audit::{AuditEvent, Entry, LOG_FULL, Quota};
use usher::db::open_connection;
use usher::simulator::{Id, ParticipantTruth};

/// People whom the page under test removes.
const REMOVED: usize = 30;
/// Sockets that flood.
const SOCKETS: usize = 6;

/// The largest request: ids that nobody has.
fn made_up(round: u64) -> Vec<String> {
    (0..5000).map(|n| format!("00000000-0000-4000-8000-{:012}", (round % 50) * 5000 + n)).collect()
}

async fn sockets(desk: &Desk, user: &str) -> Vec<Socket> {
    let mut browser = Browser::new(desk.app.address, "");
    browser.login(user, PASSWORD).await;
    let mut all = Vec::new();
    for _ in 0..SOCKETS {
        all.push(browser.socket().await);
    }
    all
}

/// Asks again for as long as the server is too busy for it.
async fn insist(page: &mut Page, word: &str, action: Value) -> Value {
    for n in 0.. {
        let word = format!("{word}-{n}");
        page.request(&word, action.clone()).await;
        let done = |page: &Page| {
            let finished = page.replies.iter().find(|reply| reply["ref"] == word && reply["state"] == "finished");
            let busy = page.errors.iter().any(|error| error["ref"] == word && error["code"] == "busy");
            match finished {
                Some(reply) => Ok(Some(reply["results"][0].clone())),
                None if busy => Ok(None),
                None => Err(format!("{:?}", page.errors)),
            }
        };
        if let Some(result) = page.until("an answer", done).await
            && result["reason"] != LOG_FULL
        {
            return result;
        }
    }
    unreachable!()
}

fn count(dir: &Path, what: &str) -> i64 {
    let conn = open_connection(dir).expect("database");
    conn.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).expect("counted")
}

/// Bytes of the database, with what is not in its file yet.
fn size(dir: &Path) -> u64 {
    ["usher.db", "usher.db-wal"].iter().filter_map(|file| dir.join(file).metadata().ok()).map(|data| data.len()).sum()
}

/// A request of the flood, as JSON.
type Request = fn(u64, &[Id]) -> Value;

fn admit_made_up(n: u64, _: &[Id]) -> Value {
    json!({ "type": "admit", "ref": n.to_string(), "people": made_up(n), "scope": "selection" })
}

fn mute_made_up(n: u64, _: &[Id]) -> Value {
    json!({ "type": "mute", "ref": n.to_string(), "people": made_up(n), "on": true, "scope": "selection" })
}

fn hold_made_up(n: u64, _: &[Id]) -> Value {
    json!({ "type": "hold", "ref": n.to_string(), "people": made_up(n), "on": true, "reason": "x" })
}

fn claim_made_up(n: u64, _: &[Id]) -> Value {
    json!({ "type": "claim", "ref": n.to_string(), "kind": "person", "ids": made_up(n) })
}

fn retry_made_up(n: u64, _: &[Id]) -> Value {
    json!({ "type": "retry", "ref": n.to_string(), "bridge": format!("made-up-{n}") })
}

fn mute_known(n: u64, known: &[Id]) -> Value {
    common::page::with_fields(action_on("mute", known), json!({ "ref": n.to_string(), "on": n.is_multiple_of(2) }))
}

fn hold_known(n: u64, known: &[Id]) -> Value {
    let people: Vec<String> = known.iter().map(ToString::to_string).collect();
    json!({ "type": "hold", "ref": n.to_string(), "people": people, "on": n.is_multiple_of(2), "reason": "for the interpreter" })
}

/// The page that removes people is another one of the flooding user, or a colleague's.
#[rstest]
#[case::admit_made_up(admit_made_up, "mo", "mo")]
#[case::admit_made_up_beside_a_colleague(admit_made_up, "max", "mo")]
#[case::admit_made_up_by_a_viewer(admit_made_up, "vi", "mo")]
#[case::mute_made_up(mute_made_up, "mo", "mo")]
#[case::hold_made_up(hold_made_up, "mo", "mo")]
#[case::claim_made_up(claim_made_up, "max", "mo")]
#[case::retry_made_up(retry_made_up, "mo", "mo")]
#[case::mute_known(mute_known, "mo", "mo")]
#[case::hold_known(hold_known, "mo", "mo")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_removed_during_a_flood_is_in_the_log(#[case] request: Request, #[case] flooding: &str, #[case] removing: &str) {
    // A stop that gives up on a busy machine leaves actions to the next start.
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.drain = DEADLINE).await;
    let names: Vec<String> = (0..REMOVED + 200).map(|n| format!("Guest {n}")).collect();
    let (_, people) = desk.meeting("Assembly", "eu-1", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut page = desk.page(removing).await;
    page.deadline = DEADLINE * 3;
    page.until_waiting(&people).await;
    let (removed, known) = people.split_at(REMOVED);
    let known: Arc<[Id]> = known.iter().map(|person| person.id).collect();

    let flood = Flood::start(sockets(&desk, flooding).await, move |n| request(n, &known).to_string());
    flood.until_sent(12).await;
    let mut results = Vec::new();
    for person in removed {
        flood.until_sent(1).await;
        results.push((person, insist(&mut page, &person.name, action_on("remove", &[person.id])).await));
    }
    flood.stop().await;
    for (person, result) in &results {
        assert_eq!(result["result"], "done", "{} {result}", person.name);
        assert!(desk.control().truth().participant(person.id).is_none(), "{} is gone", person.name);
    }
    let dir = desk.stop().await;
    let entries = "log WHERE action = 'remove' AND result = 'done' AND name <> '' AND space <> ''";
    assert_eq!(count(dir.path(), entries), REMOVED as i64, "an entry for each");
    assert_eq!(count(dir.path(), "log WHERE action = 'lost'"), 0);
    assert_eq!(count(dir.path(), "press_people WHERE result IS NULL"), 0, "none is left open");
    assert_eq!(count(dir.path(), "press_people WHERE name = ''"), 0, "ids that are nobody's are not written down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_about_ids_that_are_nobodys_is_one_entry_with_a_count_and_the_database_stays_small() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Assembly", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting(&people).await;
    let mut ids = made_up(1);
    ids[4999] = people[0].id.to_string();
    page.request("press", json!({ "type": "admit", "people": ids, "scope": "selection" })).await;
    let results = page.results("press").await;
    assert_eq!(results.len(), 5000, "each id has its result");
    assert_eq!(results.values().filter(|result| result["result"] == "left").count(), 4999);
    assert_eq!(results[&people[0].id.to_string()]["result"], "done");
    page.request("hold", json!({ "type": "hold", "people": made_up(2), "on": true, "reason": "x" })).await;
    assert_eq!(page.results("hold").await.len(), 5000);
    let flood = Flood::start(sockets(&desk, "mo").await, |n| admit_made_up(n, &[]).to_string());
    flood.until_sent(100).await;
    let sent = flood.stop().await;
    let dir = desk.stop().await;
    let unknown = |action: &str| count(dir.path(), &format!("log WHERE action = '{action}' AND person = '' AND result = 'left'"));
    assert_eq!(count(dir.path(), "log WHERE action = 'admit' AND detail = '4999 unknown ids'"), 1);
    assert_eq!((unknown("hold"), count(dir.path(), "log WHERE person <> ''")), (1, 1));
    assert!((1..=sent as i64 + 1).contains(&unknown("admit")), "{} of {sent}", unknown("admit"));
    assert_eq!((count(dir.path(), "presses"), count(dir.path(), "press_people")), (1, 1));
    assert!(size(dir.path()) < 2_000_000, "{} bytes", size(dir.path()));
}

/// People who wait, and a page that shows them.
async fn scene(desk: &Desk) -> (Page, Vec<ParticipantTruth>, Id) {
    let (meeting, people) = desk.meeting("Assembly", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    page.until_waiting(&people).await;
    (page, people, meeting.id)
}

#[tokio::test]
async fn without_room_in_the_log_nothing_is_done_and_each_is_told_why() {
    let desk = Desk::start(quiet(1)).await;
    let (mut page, people, meeting) = scene(&desk).await;
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    // Taken as by actions of this user that are on their way to the disk.
    let taken = |share, entries| desk.app.audit_log.try_reserve(share, &"mo".into(), entries).expect("room");
    let (actions, requests) = (taken(Quota::Actions, 10_000), taken(Quota::Requests, 6_000));
    let mut refused = Vec::new();
    for (word, action) in [
        ("admit", action_on("admit", &ids)),
        ("hold", json!({ "type": "hold", "people": ids.iter().map(ToString::to_string).collect::<Vec<_>>(), "on": true, "reason": "x" })),
        ("acknowledge", json!({ "type": "acknowledge", "people": ids.iter().map(ToString::to_string).collect::<Vec<_>>() })),
        ("thresholds", json!({ "type": "thresholds", "meeting": meeting, "first_s": 60, "second_s": 120 })),
    ] {
        refused.push((word, page.run_action(word, action).await));
    }
    for (word, results) in &refused {
        let each = results.values().map(|result| (&result["result"], &result["reason"]));
        assert!(each.into_iter().all(|said| said == (&json!("refused"), &json!(LOG_FULL))), "{word}: {results:?}");
        assert_eq!(results.len(), if *word == "thresholds" { 1 } else { 2 }, "{word}");
    }
    page.retry("eu-1").await;
    page.until("the refusal", |page| check(page.errors.iter().any(|error| error["code"] == "log_full"), &page.errors)).await;
    assert_eq!(desk.request_count("PUT /participants/<id>"), 0, "nothing was sent");
    assert!(page.person(ids[0]).expect("row").hold.is_none() && page.person(ids[0]).expect("row").acknowledged.is_none());

    let mut colleague = desk.page("max").await;
    colleague.until_waiting(&people).await;
    assert_eq!(colleague.admit("a", &ids[..1]).await[&ids[0].to_string()]["result"], "done", "others have room of their own");
    drop((actions, requests));
    assert_eq!(page.admit("again", &ids[1..]).await[&ids[1].to_string()]["result"], "done");
    let dir = desk.stop().await;
    assert_eq!(
        count(dir.path(), "log WHERE action = 'no_room' AND user = 'mo' AND CAST(detail AS INTEGER) > 0"),
        1,
        "that is an entry itself"
    );
    assert_eq!(count(dir.path(), "log WHERE action IN ('hold', 'acknowledge', 'thresholds', 'retry')"), 0);
}

#[tokio::test]
async fn a_press_waits_a_moment_for_room() {
    let desk = Desk::start(quiet(1)).await;
    let (mut page, people, _) = scene(&desk).await;
    let taken = desk.app.audit_log.try_reserve(Quota::Actions, &"mo".into(), 10_000).expect("room");
    page.request_admit("a", &[people[0].id]).await;
    // Its answer shows that the press before it was heard.
    page.run_action("claim", json!({ "type": "claim", "kind": "person", "ids": [people[1].id.to_string()] })).await;
    drop(taken);
    assert_eq!(page.results("a").await[&people[0].id.to_string()]["result"], "done");
}

#[tokio::test]
async fn an_entry_and_the_end_of_its_row_in_the_journal_are_written_together() {
    let desk = Desk::start(quiet(1)).await;
    let (mut page, people, _) = scene(&desk).await;
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    page.admit("a", &ids).await;
    let conn = open_connection(desk.dir.path()).expect("database");
    // Asked again and again while it happens: one without the other is never seen.
    wait_for(DEADLINE, "both", async || {
        let both = "SELECT (SELECT count(*) FROM log WHERE action = 'admit'), (SELECT count(*) FROM press_people WHERE result IS NOT NULL)";
        let (entries, ends): (i64, i64) = conn.query_row(both, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("counted");
        assert_eq!(entries, ends);
        check(entries == 2, entries)
    })
    .await;
}

#[tokio::test]
async fn what_goes_with_an_entry_and_panics_costs_no_other_entry() {
    let desk = Desk::start(quiet(1)).await;
    let mut room = desk.app.audit_log.try_reserve(Quota::Actions, &"mo".into(), 2).expect("room");
    room.add_with(Entry::of(AuditEvent::Pause).detail("first"), |_| panic!("a defect, on purpose"));
    room.add(Entry::of(AuditEvent::Resume).detail("second"));
    common::in_time("both to be written", desk.app.audit_log.written()).await;
    assert_eq!(count(desk.dir.path(), "log WHERE detail IN ('first', 'second')"), 2);
}
