//! Usher restarts under many open pages: each reconnects by itself, and all hold the same truth in the end.
#![cfg(unix)]

mod common;

use std::time::Duration;

use common::DEADLINE;
use common::browser::Browser;
use common::desk::{PASSWORD, quiet};
use common::page::{Page, check};
use common::usher_process::UsherProcess;
use usher::simulator::{self, Simulator};

const PAGES: usize = 60;

fn is_true(page: &Page, sim: &Simulator) -> Result<(), String> {
    let truth = sim.control().truth();
    let expected: Vec<_> = truth.participants().collect();
    check(page.people().len() == expected.len(), (page.people().len(), expected.len()))?;
    for person in expected {
        let row = page.person(person.id)?;
        let same = format!("{:?}", row.lobby) == format!("{:?}", person.lobby) && row.bridge.as_deref() == Some(person.bridge.as_str());
        check(same, (row, person))?;
    }
    Ok(())
}

#[tokio::test]
async fn every_page_comes_back_after_a_restart_and_holds_the_truth() {
    let mut options = quiet(2);
    (options.calls, options.people, options.latency_ms) = (8, 60, 5);
    let sim = simulator::start(options).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "sockets_per_user = 1000").await;
    let mut browser = Browser::new(usher.address, "");
    browser.login("mo", PASSWORD).await;
    let mut pages = Vec::new();
    for _ in 0..PAGES {
        pages.push(Page::open(&browser).await);
    }
    for page in &mut pages {
        page.deadline = DEADLINE * 2;
        page.until("the truth", |page| is_true(page, &sim)).await;
    }
    usher.signal("TERM");
    for page in &mut pages {
        assert_eq!(page.until_closed().await, 1001);
    }
    usher.until_exit(DEADLINE).await;
    // No event will report the changes that happen while Usher is down.
    let gone = sim.control().truth().participants().next().expect("somebody").id;
    sim.control().leave(gone).expect("left");
    usher.restart().await;
    let back = futures_util::future::join_all((0..PAGES).map(async |n| {
        // A tenth of the pages' jitter; the log-in is still good.
        tokio::time::sleep(Duration::from_millis(200) * u32::try_from(n).expect("few") / u32::try_from(PAGES).expect("few")).await;
        let mut page = Page::open(&browser).await;
        page.deadline = DEADLINE * 2;
        page.until("the truth", |page| is_true(page, &sim)).await;
        page
    }));
    for page in back.await {
        assert!(page.person(gone).is_err());
    }
}
