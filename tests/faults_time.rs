//! Clocks that jump by an hour while participants wait: the machine's under Usher, and a Call Bridge's. The browser's is in
//! `tests/browser/specs/computer_clock.spec.js`. docs/reliability.md lists them.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::browser::Browser;
use common::desk::quiet;
use common::fault_scenario::{BROKEN, FaultScenario, timing};
use common::page::{Page, check};
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::json;
use tokio::sync::Mutex;
use usher::audit::{AuditEvent, AuditSubject, Entry};
use usher::clock;
use usher::model::{BridgeState, Lobby};

const HOUR_MS: i64 = 3_600_000;

/// The machine's clock is one for all tests of this file.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// Since when each of those who wait does so.
fn beginnings(page: &Page) -> BTreeMap<String, i64> {
    page.people().into_iter().filter_map(|row| Some((row.id.to_string(), row.waiting_since?))).collect()
}

/// The waiting participants, longest first, as the page sorts them.
fn order(page: &Page) -> Vec<String> {
    let mut all: Vec<(i64, String)> = beginnings(page).into_iter().map(|(id, since)| (since, id)).collect();
    all.sort();
    all.into_iter().map(|(_, id)| id).collect()
}

#[rstest]
#[case::an_hour_ahead(HOUR_MS)]
#[case::an_hour_back(-HOUR_MS)]
#[tokio::test]
async fn the_machines_clock_jumps_and_no_wait_order_or_log_in_moves(#[case] by: i64) {
    let _one_at_a_time = MACHINE.lock().await;
    clock::pretend_offset(0);
    let idle = Duration::from_secs(1800);
    // A log-in that nobody uses ends after half an hour: one that went by the machine's clock would end with the jump.
    let mut scene = FaultScenario::start_with(quiet(3), |config| config.timing.session_idle = idle).await.until_settled().await;
    let mut signed_in = Browser::new(scene.desk.app.address, "");
    signed_in.login("vi", common::desk::PASSWORD).await;
    let (before, ranks) = (beginnings(&scene.page), order(&scene.page));
    assert!(before.len() >= 10, "{before:?}");

    scene.start_counting();
    let (jumped, told) = (Instant::now(), scene.page.time);
    clock::pretend_offset(by);
    scene.exercise_all_bridges().await;
    scene.page.follow_for(timing().silent_after * 2).await;

    let after = beginnings(&scene.page);
    let moved: Vec<_> = before.iter().filter(|(id, since)| after.get(*id).is_some_and(|now| now != *since)).collect();
    assert!(moved.is_empty(), "a wait began anew by the clock: {moved:?}");
    let stayed: Vec<String> = ranks.into_iter().filter(|id| after.contains_key(id)).collect();
    assert_eq!(order(&scene.page)[..stayed.len()], stayed, "who came since waits behind those who were there");
    // A page that opens now computes true waits.
    let late = scene.desk.page("max").await;
    let mut late = late;
    late.until("the rows", |page| check(page.people().len() == scene.page.people().len(), page.people().len())).await;
    let (passed, said) = (jumped.elapsed().as_millis() as i64, late.time - told);
    assert!((0..=passed + 60_000).contains(&said), "the clock that pages go by: {said} ms on, {passed} ms passed");
    for row in late.people().into_iter().filter(|row| row.lobby == Lobby::Waiting) {
        let wait = late.time - row.waiting_since.expect("since");
        assert!((-1000..60_000).contains(&wait), "a wait of {wait} ms: {row:?}");
    }
    for bridge in late.bridges() {
        assert!(bridge.state == BridgeState::Live && bridge.silent_since.is_none(), "{bridge:?}");
    }
    assert_eq!(signed_in.get("/").await.status, 200, "still signed in");
    scene.assert_requests_as_in_health(0);
    assert_eq!(scene.request_count("POST /authTokens"), 0, "no socket was given up");

    // The next start must read times in terms of the clock that it finds.
    let waits: Vec<_> = beginnings(&scene.page).into_iter().collect();
    wait_for(DEADLINE, "the beginnings in terms of the clock as it is", async || {
        let conn = usher::db::open_connection(scene.desk.dir.path()).map_err(|error| error.to_string())?;
        waits.iter().try_for_each(|(id, since)| {
            let kept: i64 =
                conn.query_row("SELECT since FROM waiting WHERE person = ?1", [id], |row| row.get(0)).map_err(|error| error.to_string())?;
            check((kept - since - by).abs() < 1000, (id, kept - since, by))
        })
    })
    .await;
    // So is the log; how long somebody had waited is no matter of it.
    let at = usher::clock::now_ms();
    let whom = AuditSubject { name: "after the jump".into(), waiting_since: Some(at - 90_000), ..AuditSubject::default() };
    scene.desk.app.audit_log.add(Entry { at, ..Entry::elsewhere(AuditEvent::LetIn) }.about(whom));
    wait_for(DEADLINE, "the entry", async || {
        let conn = usher::db::open_connection(scene.desk.dir.path()).map_err(|error| error.to_string())?;
        let entry = conn.query_row("SELECT at, waited_ms FROM log WHERE name = 'after the jump'", [], |row| Ok((row.get(0)?, row.get(1)?)));
        let (kept, waited): (i64, i64) = entry.map_err(|error| error.to_string())?;
        check((kept - at - by).abs() < 1000 && waited == 90_000, (kept - at, waited))
    })
    .await;
    clock::pretend_offset(0);
    scene.until_true().await;
}

#[rstest]
#[case::an_hour_ahead(HOUR_MS)]
#[case::an_hour_back(-HOUR_MS)]
#[tokio::test]
async fn a_bridges_clock_jumps_and_nobodys_wait_does(#[case] by: i64) {
    let _one_at_a_time = MACHINE.lock().await;
    let mut scene = FaultScenario::start().await.until_settled().await;
    let before = beginnings(&scene.page);
    let live = scene.page.bridge(BROKEN).expect("row").clone();
    scene.set_fault(json!({ "clock_offset_ms": by }));
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    let after = beginnings(&scene.page);
    let moved: Vec<_> = before.iter().filter(|(id, since)| after.get(*id).is_some_and(|now| now != *since)).collect();
    assert!(moved.is_empty(), "{moved:?}");
    let truth = scene.desk.control().truth();
    for (id, since) in &after {
        let person = truth.participants().find(|person| person.id.to_string() == *id).expect("in the truth");
        assert!((since - person.since_ms).abs() < 20_000, "{person:?} waits since {since}");
    }
    assert_eq!(scene.page.bridge(BROKEN).expect("row"), &live, "nothing is said of it");
    scene.assert_requests_as_in_health(0);
    scene.assert_healthy_unchanged();
}
