//! Admissions, from a browser's request to CMS and back.

mod common;

use std::time::Duration;

use common::actions::participant_puts;
use common::desk::{Desk, quiet};
use common::page::check;
use serde_json::json;
use usher::model::{ActionResult, Lobby};
use usher::simulator::Id;

#[tokio::test]
async fn an_admitted_person_is_in_for_everybody_and_says_by_whom() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    mo.until_waiting([&people[0], &people[1]]).await;
    let results = mo.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done");
    for page in [&mut mo, &mut max] {
        page.until("the row to be in", |page| {
            let row = page.person(people[0].id)?;
            check(row.lobby == Lobby::In && row.admitted.as_ref().is_some_and(|admitted| &*admitted.by == "mo"), row)
        })
        .await;
        assert_eq!(page.person(people[1].id).expect("row").lobby, Lobby::Waiting, "nobody else was let in");
    }
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn namesakes_are_told_apart_by_id() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0], &people[1]]).await;
    page.admit("a", &[people[1].id]).await;
    let truth = desk.control().truth();
    let lobby = |id: Id| truth.participant(id).map(|person| format!("{:?}", person.lobby));
    assert_eq!((lobby(people[0].id).as_deref(), lobby(people[1].id).as_deref()), (Some("Waiting"), Some("In")));
}

#[tokio::test]
async fn who_arrives_after_the_press_is_not_swept_in() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    page.request_admit("a", &[people[0].id]).await;
    let late = desk.join(meeting.id, "eu-2", "Late Comer");
    page.results("a").await;
    page.until_waiting([&late]).await;
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn a_press_over_several_meetings_and_bridges_has_a_result_for_each_person() {
    let desk = Desk::start(quiet(2)).await;
    let (_, first) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let (_, second) = desk.meeting("Ward round", "eu-2", &["Zoë Müller", "Li Wei"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&first[0], &first[1], &second[0], &second[1]]).await;
    desk.control().leave(first[1].id).expect("left");
    desk.control().admit(second[1].id).expect("admitted elsewhere");
    page.until("the changes to be seen", |page| {
        check(page.person(first[1].id).is_err() && page.person(second[1].id)?.lobby == Lobby::In, page.people())
    })
    .await;
    let everybody = [first[0].id, first[1].id, second[0].id, second[1].id];
    let results = page.admit("a", &everybody).await;
    let words: Vec<_> = everybody.iter().map(|id| results[&id.to_string()]["result"].as_str().expect("word")).collect();
    assert_eq!(words, ["done", "left", "done", "already"]);
    assert_eq!(participant_puts(&desk), 2, "nothing is sent for who left or is in");
}

#[tokio::test]
async fn two_moderators_on_one_person_are_one_admission() {
    let mut options = quiet(1);
    options.latency_ms = 50;
    let desk = Desk::start(options).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    mo.until_waiting([&people[0]]).await;
    max.until_waiting([&people[0]]).await;
    mo.request_admit("a", &[people[0].id]).await;
    max.until("the other's admission to show", |page| {
        let row = page.person(people[0].id)?;
        check(row.pending.is_some() || row.admitted.is_some(), row)
    })
    .await;
    let second = max.admit("b", &[people[0].id]).await;
    let first = mo.results("a").await;
    let id = people[0].id.to_string();
    assert_eq!((&first[&id]["result"], &second[&id]["result"], &second[&id]["by"]), (&json!("done"), &json!("already"), &json!("mo")));
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn an_admission_without_effect_is_unconfirmed_and_stays_waiting() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.control().set_switches(None, json!({ "put_without_effect": true })).expect("switch");
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    let results = page.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "unconfirmed");
    page.until("the outcome on the row", |page| {
        let row = page.person(people[0].id)?;
        let told = row.outcome.as_ref().is_some_and(|outcome| outcome.result == ActionResult::Unconfirmed);
        check(told && row.lobby == Lobby::Waiting && row.pending.is_none(), row)
    })
    .await;
    assert_eq!(participant_puts(&desk), 1, "a PUT that CMS accepted is not sent twice");
}

#[tokio::test]
async fn a_put_that_worked_but_answered_too_late_is_done_and_not_repeated() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.rest_timeout = Duration::from_millis(400)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    desk.control().set_switches(None, json!({ "put_late_ms": 1500 })).expect("switch");
    let results = page.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    assert_eq!(participant_puts(&desk), 1);
}

#[tokio::test]
async fn a_refusal_shows_the_reason_of_cms() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.control().set_switches(None, json!({ "admit_without_activator": "refuse" })).expect("switch");
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    let results = page.admit("a", &[people[0].id]).await;
    let result = &results[&people[0].id.to_string()];
    assert_eq!(result["result"], "refused");
    assert!(!result["reason"].as_str().expect("reason").is_empty(), "{result}");
}

#[tokio::test]
async fn a_bridge_that_is_gone_is_said_to_be_unreachable() {
    let desk = Desk::start(quiet(2)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (_, others) = desk.meeting("Ward round", "eu-2", &["Ana Silva"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0], &others[0]]).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    let results = page.admit("a", &[people[0].id, others[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "unreachable", "{results:?}");
    assert_eq!(results[&others[0].id.to_string()]["result"], "done", "another bridge is not touched by it");
}

#[tokio::test]
async fn a_busy_bridge_is_asked_again_until_it_has_time() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    desk.control().set_switches(None, json!({ "rate_503": 0.5 })).expect("switch");
    let results = page.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
}

#[tokio::test]
async fn people_of_a_bridge_before_2_9_cannot_be_admitted_and_nothing_is_sent() {
    let desk = Desk::start_with(quiet(1), "", |_| {}).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.control().set_switches(None, json!({ "version": "2.8.1" })).expect("switch");
    let mut page = desk.page("mo").await;
    page.until("the version to be known", |page| check(!page.bridge("eu-1")?.can_admit, page.bridges())).await;
    page.until_waiting([&people[0]]).await;
    let results = page.admit("a", &[people[0].id]).await;
    let result = &results[&people[0].id.to_string()];
    assert_eq!((result["result"].as_str(), participant_puts(&desk)), (Some("refused"), 0));
    assert!(result["reason"].as_str().expect("reason").contains("2.9"), "{result}");
}

#[tokio::test]
async fn five_thousand_people_are_admitted_with_one_press() {
    const BRIDGES: usize = 8;
    const EACH: usize = 625;
    let desk = Desk::start(quiet(BRIDGES)).await;
    let names: Vec<String> = (0..EACH).map(|n| format!("Guest {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let bridges: Vec<String> = desk.sim.bridges().iter().map(|bridge| bridge.name.clone()).collect();
    let ids: Vec<Id> = bridges.iter().flat_map(|name| desk.meeting("Assembly", name, &names).1).map(|person| person.id).collect();
    let mut page = desk.page("mo").await;
    page.deadline = common::DEADLINE * 4;
    page.until("all to wait", |page| {
        let waiting = page.people().iter().filter(|person| person.lobby == Lobby::Waiting).count();
        check(waiting == BRIDGES * EACH, waiting)
    })
    .await;
    let results = page.admit("a", &ids).await;
    let done = results.values().filter(|result| result["result"] == "done").count();
    assert_eq!((done, participant_puts(&desk)), (5000, 5000), "{:?}", results.values().find(|result| result["result"] != "done"));
    assert_eq!(desk.control().truth().meetings.iter().map(|meeting| meeting.waiting).sum::<usize>(), 0);
}

#[tokio::test]
async fn a_press_is_in_the_journal_before_and_after() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    page.admit("a", &[people[0].id]).await;
    common::wait_for(common::DEADLINE, "the result in the journal", async || {
        let conn = usher::db::open_connection(desk.dir.path()).map_err(|error| error.to_string())?;
        let row = "SELECT p.user, q.name, coalesce(q.result, 'open') FROM presses p JOIN press_people q ON q.press = p.id";
        let found: (String, String, String) =
            conn.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(|error| error.to_string())?;
        check(found == ("mo".into(), "Bo Berg".into(), "done".into()), found)
    })
    .await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_nobody_and_is_said_loudly() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0], &people[1]]).await;
    let blocker = usher::db::open_connection(desk.dir.path()).expect("database");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let results = page.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    page.until("the trouble to be said", |page| check(page.problem_code().as_deref() == Some("journal"), page.problem_code())).await;
    blocker.execute_batch("ROLLBACK").expect("unlocked");
    page.admit("b", &[people[1].id]).await;
    page.until("the trouble to be over", |page| check(page.problem_code().is_none(), page.problem_code())).await;
}

#[tokio::test]
async fn what_a_crash_left_open_is_read_back_told_and_never_sent_again() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Still Waiting", "Got In", "Went Away"]);
    let mut page = desk.page("mo").await;
    page.until_waiting(people.iter().collect::<Vec<_>>()).await;
    desk.control().admit(people[1].id).expect("admitted");
    desk.control().leave(people[2].id).expect("left");
    let desk = desk
        .restart_after(|directory| {
            let conn = usher::db::open_connection(directory).expect("database");
            conn.execute("INSERT INTO presses (id, at, user, address, scope) VALUES (7, 1, 'mo', '::1', 'selection')", []).expect("press");
            for person in &people {
                let row = "INSERT INTO press_people (press, person, name, address, call) VALUES (7, ?1, '', '', '')";
                conn.execute(row, [person.id.to_string()]).expect("person");
            }
        })
        .await;
    common::wait_for(common::DEADLINE, "a result for each", async || {
        let conn = usher::db::open_connection(desk.dir.path()).map_err(|error| error.to_string())?;
        let results: Vec<Option<String>> = people
            .iter()
            .map(|person| conn.query_row("SELECT result FROM press_people WHERE person = ?1", [person.id.to_string()], |row| row.get(0)))
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        check(results == [Some("interrupted".into()), Some("done".into()), Some("left".into())], results)
    })
    .await;
    let mut page = desk.page("max").await;
    page.until("the moderators to be told", |page| {
        let row = page.person(people[0].id)?;
        check(row.lobby == Lobby::Waiting && row.outcome.as_ref().is_some_and(|outcome| &*outcome.by == "mo"), row)
    })
    .await;
    assert_eq!(participant_puts(&desk), 0);
}
