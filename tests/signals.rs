//! `usher serve` as a process: the effect of signals.
#![cfg(unix)]

mod common;

use std::time::Duration;

use common::desk::quiet;
use common::page::{Page, check};
use common::usher_process::UsherProcess;
use common::{DEADLINE, wait_for};
use usher::model::{ActionResult, BridgeState, Lobby};
use usher::simulator::{self, Id, Join, Role, Simulator, StartCall};

#[tokio::test]
async fn sighup_reads_the_configuration_again_and_a_mistake_in_it_changes_nothing() {
    let sim = simulator::start(quiet(2)).await.expect("simulator");
    let usher = UsherProcess::start(&sim, "").await;
    let mut page = usher.page("mo").await;
    let live = |page: &Page, n: usize| {
        let live = page.bridges().iter().filter(|bridge| bridge.state == BridgeState::Live).count();
        check(live == n && page.bridges().len() == n, page.bridges())
    };
    page.until("both bridges", |page| live(page, 2)).await;

    let good = usher.configuration(&sim, "");
    usher.write_config(&format!("{good}[cms]\nin_flight = 99\n"));
    usher.signal("HUP");
    usher.until_logged("configuration not replaced: configuration key `cms.in_flight`: got 99; allowed: 2 to 8").await;
    live(&page, 2).expect("as before");

    let (first, second) = good.split_at(good.rfind("[[bridge]]").expect("the second bridge"));
    usher.write_config(&first.replace(&usher.address.to_string(), "127.0.0.1:1"));
    usher.signal("HUP");
    page.until("the second bridge to be gone", |page| live(page, 1)).await;
    usher.until_logged("key=\"listen\"").await;
    usher.until_logged("removed=[\"eu-2\"]").await;

    usher.write_config(&format!("{first}{second}"));
    usher.signal("HUP");
    page.until("the second bridge to be back", |page| live(page, 2)).await;
    let secret = &sim.bridges()[0].password;
    assert!(!usher.log().contains(secret), "no secret is logged");
}

fn puts(sim: &Simulator) -> Vec<String> {
    let requests = sim.control().requests();
    let changes = requests.iter().flat_map(|bridge| bridge.changes.iter());
    changes.filter(|change| change.method == "PUT").map(|change| change.path.clone()).collect()
}

/// Admissions that reached a bridge, answered or not.
fn asked(sim: &Simulator) -> u64 {
    sim.control().requests().iter().filter_map(|bridge| bridge.by_shape.get("PUT /participants/<id>")).sum()
}

/// Guests who wait in one meeting of each bridge, and a page that shows them.
async fn crowd(sim: &Simulator, usher: &UsherProcess, each: usize) -> (Vec<Id>, Page) {
    let mut people = Vec::new();
    for bridge in sim.bridges() {
        let call = StartCall { name: "Assembly".into(), bridge: Some(bridge.name.clone()), space: true, ..StartCall::default() };
        let meeting = sim.control().start_call(call).expect("started").id;
        for n in 0..each {
            let join =
                Join { meeting, bridge: Some(bridge.name.clone()), name: format!("Guest {n}"), role: Role::Guest, ..Join::default() };
            people.push(sim.control().join(join).expect("joined").id);
        }
    }
    let mut page = usher.page("mo").await;
    page.deadline = DEADLINE * 2;
    page.until("everybody to wait", |page| {
        let waiting = page.people().iter().filter(|person| person.lobby == Lobby::Waiting).count();
        check(waiting == people.len(), waiting)
    })
    .await;
    (people, page)
}

fn is_in(sim: &Simulator, person: Id) -> bool {
    sim.control().truth().participant(person).is_some_and(|person| person.lobby == simulator::Lobby::In)
}

/// Every row is true, and says of each admission that was under way what became of it.
fn told(page: &Page, sim: &Simulator, people: &[Id]) -> Result<(), String> {
    for person in people {
        let row = page.person(*person)?;
        if is_in(sim, *person) {
            check(row.lobby == Lobby::In && row.outcome.is_none(), row)?;
        } else {
            let interrupted =
                row.outcome.as_ref().is_some_and(|outcome| outcome.result == ActionResult::Interrupted && &*outcome.by == "mo");
            check(row.lobby == Lobby::Waiting && interrupted && row.pending.is_none(), row)?;
        }
    }
    check(page.people().len() == people.len(), page.people().len())
}

/// Admissions that the journal holds without an end.
fn open_in_journal(usher: &UsherProcess) -> Result<i64, String> {
    let conn = usher::db::open_connection(&usher.dir.path().join("data")).map_err(|error| error.to_string())?;
    let count = "SELECT count(*) FROM press_people WHERE result IS NULL";
    conn.query_row(count, [], |row| row.get(0)).map_err(|error| error.to_string())
}

#[tokio::test]
async fn killed_in_the_middle_of_a_bulk_admit_nobody_is_sent_again_and_everybody_is_told_of() {
    let mut options = quiet(2);
    options.latency_ms = 40;
    let sim = simulator::start(options).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let (mut people, mut page) = crowd(&sim, &usher, 100).await;
    page.request_admit("all", &people).await;
    wait_for(DEADLINE, "a part of the press", async || check(puts(&sim).len() >= 60, puts(&sim).len())).await;
    usher.signal("KILL");
    usher.until_exit(DEADLINE).await;
    wait_for(DEADLINE, "what was under way to be over", async || {
        let in_flight: Vec<u64> = sim.control().requests().iter().map(|bridge| bridge.in_flight).collect();
        check(in_flight.iter().all(|n| *n == 0), in_flight)
    })
    .await;
    let sent = puts(&sim);
    let mut distinct = sent.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), sent.len(), "nobody was sent twice");
    let asked_before = asked(&sim);
    assert!(asked_before < people.len() as u64, "killed in the middle, not after the end");
    let left = people.pop().expect("somebody");
    sim.control().leave(left).expect("left");

    usher.restart().await;
    let mut after = usher.page("max").await;
    after.deadline = DEADLINE * 2;
    after.until("everybody to be told of", |page| told(page, &sim, &people)).await;
    wait_for(DEADLINE, "an end of each in the journal", async || check(open_in_journal(&usher)? == 0, open_in_journal(&usher))).await;
    assert_eq!(asked(&sim), asked_before, "nothing was sent again");
    let waiting = people.iter().copied().find(|person| !is_in(&sim, *person)).expect("somebody who was not reached");
    let results = after.admit("again", &[waiting]).await;
    assert_eq!(results[&waiting.to_string()]["result"], "done", "a new press is a new admission");
}

#[tokio::test]
async fn a_stop_tells_the_pages_to_come_back_and_finishes_what_is_under_way() {
    let mut options = quiet(1);
    options.latency_ms = 400;
    let sim = simulator::start(options).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let (people, mut page) = crowd(&sim, &usher, 4).await;
    page.request_admit("all", &people).await;
    page.until("the press to be begun", |page| check(!page.replies.is_empty(), &page.errors)).await;
    usher.signal("TERM");
    assert_eq!(page.until_closed().await, 1001);
    let status = usher.until_exit(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "{}", usher.log());
    assert!(people.iter().all(|person| is_in(&sim, *person)), "{}", usher.log());
    assert_eq!((open_in_journal(&usher), asked(&sim)), (Ok(0), 4));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_bridge_that_hangs_and_the_next_start_tells_what_is_known() {
    let sim = simulator::start(quiet(2)).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let (people, mut page) = crowd(&sim, &usher, 4).await;
    sim.control().set_switches(Some("eu-1"), serde_json::json!({ "rest_hang": true })).expect("switch");
    page.request_admit("all", &people).await;
    page.until("the other bridge's people to be in", |page| {
        people[4..].iter().try_for_each(|person| check(page.person(*person)?.lobby == Lobby::In, page.people()))
    })
    .await;
    usher.signal("TERM");
    assert_eq!(page.until_closed().await, 1001);
    let status = usher.until_exit(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "{}", usher.log());
    assert!(usher.log().contains("actions unfinished at the end"), "{}", usher.log());
    let asked_before = asked(&sim);
    sim.control().set_switches(Some("eu-1"), serde_json::json!({ "rest_hang": null })).expect("switch");
    usher.restart().await;
    let mut after = usher.page("max").await;
    after.deadline = DEADLINE * 2;
    after.until("everybody to be told of", |page| told(page, &sim, &people)).await;
    assert_eq!(asked(&sim), asked_before, "nothing was sent again");
}

/// Each admission that a bridge carried out is in the log after the next start, by the press itself or by what the start found.
#[tokio::test]
async fn killed_right_after_the_end_of_a_press_each_admission_has_its_entry() {
    let sim = simulator::start(quiet(2)).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let (people, mut page) = crowd(&sim, &usher, 45).await;
    for (round, some) in people.chunks(30).enumerate() {
        let results = page.admit(&format!("press {round}"), some).await;
        usher.signal("KILL");
        usher.until_exit(DEADLINE).await;
        assert!(results.values().all(|result| result["result"] == "done"), "{results:?}");
        usher.restart().await;
        page = usher.page("mo").await;
        page.deadline = DEADLINE * 2;
        page.until("everybody's row", |page| people.iter().try_for_each(|person| page.person(*person).map(drop))).await;
        let conn = usher::db::open_connection(&usher.dir.path().join("data")).expect("database");
        wait_for(DEADLINE, "an entry for each", async || {
            let mut query = conn.prepare("SELECT person FROM log WHERE action = 'admit' AND user = 'mo'").expect("query");
            let rows = query.query_map([], |row| row.get::<_, String>(0)).expect("rows");
            let logged: Vec<String> = rows.collect::<Result<_, _>>().expect("ids");
            let missing: Vec<&Id> = people[..30 * round + some.len()].iter().filter(|id| !logged.contains(&id.to_string())).collect();
            check(missing.is_empty() && logged.len() == 30 * round + some.len(), (missing, logged.len()))
        })
        .await;
    }
}
