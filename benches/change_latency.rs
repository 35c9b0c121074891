//! Lobby changes made elsewhere, from the change to the row on a page: with Call Detail Records, and without them by reading in turn.
//!
//! A waiting participant is admitted elsewhere, once a second. 500 participants wait in 50 calls on two bridges. Each REST answer takes
//! 20 ms, and 4 requests are in flight to each bridge.
//! `cargo bench ... --bench change_latency -- records|turn50|turn90` runs one part.

mod kit;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kit::cluster::Cluster;
use kit::page::Page;
use kit::server::Server;
use kit::statistics::{bar, percentile};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;

const NAMES: [&str; 2] = ["eu-1", "eu-2"];
const CALLS: usize = 50;
/// Participants in each call: 500 wait before the first change.
const PEOPLE: usize = 10;
/// Changes, one a second.
const CHANGES: usize = 100;
const SOON: Duration = Duration::from_secs(60);

fn main() {
    let only = kit::role();
    let run = |what: &str| only.as_deref().is_none_or(|word| word == what);
    kit::block_on(async {
        if run("records") {
            let (mut late, requests) = changes("", true).await;
            let (p50, p99) = (percentile(&mut late, 0.5), percentile(&mut late, 0.99));
            println!("records: {} changes: p50 {p50:.0} ms, p99 {p99:.0} ms; {requests:.0} requests a minute in all", late.len());
            bar("change elsewhere on screen, with records, p99", 300.0, " ms", p99);
            bar("requests a minute to both bridges, with records and one change a second", 1000.0, "", requests);
        }
        for (word, budget, most) in [("turn50", "", 6000.0), ("turn90", "[cms]\nbackground_per_second = 90\n", 3000.0)] {
            if run(word) {
                let (mut late, requests) = changes(budget, false).await;
                let (p50, p99) = (percentile(&mut late, 0.5), percentile(&mut late, 0.99));
                println!("{word}: {} changes: p50 {p50:.0} ms, p99 {p99:.0} ms; {requests:.0} requests a minute in all", late.len());
                bar(&format!("change elsewhere on screen, without records ({word}), p99"), most, " ms", p99);
            }
        }
    });
}

/// The delay of each change on the page, in ms, and the requests per minute meanwhile.
async fn changes(settings: &str, records: bool) -> (Vec<f64>, f64) {
    let cluster = Cluster::start(2, 0, 0, 20, 0.0);
    let cdr = if records { "[[bridge]]\ncdr = \"register\"\n" } else { "[[bridge]]\n" };
    let server = Server::start(&cluster.bridges.replace("[[bridge]]\n", cdr), settings, false).await;
    let mut page = Page::open(&server.site).await;
    page.until("both bridges", SOON, |page| page.bridges.len() == 2 && page.bridges.values().all(|bridge| bridge.state == "live")).await;
    let mut people = Vec::new();
    for n in 0..CALLS {
        let bridge = NAMES[n % 2];
        let meeting = cluster.meeting(&format!("Lobby {n}"), bridge).await;
        for n in 0..PEOPLE {
            people.push(cluster.join(&meeting, bridge, &format!("Guest {n}")).await);
        }
    }
    let waiting = |page: &Page| page.people.values().filter(|row| row.lobby == "waiting").count();
    page.until("all who wait", SOON, |page| waiting(page) == CALLS * PEOPLE).await;
    let mut rng = StdRng::seed_from_u64(7);
    // Wait until the rechecks of the arrivals, at 0, 2, 10 and 30 s, have passed.
    let settled = Instant::now() + Duration::from_secs(35);
    while tokio::time::timeout(settled.saturating_duration_since(Instant::now()), page.step()).await.is_ok() {}
    if records {
        // The first changes prove that records announce them.
        follow(&cluster, &mut page, &people, &mut rng, 10).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    cluster.forget_requests().await;
    let begin = Instant::now();
    let late = follow(&cluster, &mut page, &people, &mut rng, CHANGES).await;
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    (late, cluster.requests().await as f64 / minutes)
}

/// One change a second: a waiting participant is admitted elsewhere.
async fn follow(cluster: &Cluster, page: &mut Page, people: &[String], rng: &mut StdRng, changes: usize) -> Vec<f64> {
    let (mut late, mut left) = (Vec::new(), changes);
    let mut open: HashMap<String, Instant> = HashMap::new();
    let mut next = tokio::time::Instant::now();
    let end = Instant::now() + Duration::from_secs(changes as u64) + SOON;
    while left > 0 || !open.is_empty() {
        assert!(Instant::now() < end, "{} changes were never shown", open.len());
        tokio::select! {
            () = tokio::time::sleep_until(next), if left > 0 => {
                // Once a second, and not in step with anything that Usher does every second.
                next += Duration::from_millis(rng.random_range(500..1500));
                let Some(person) = people.choose(rng).filter(|person| page.people[*person].lobby == "waiting" && !open.contains_key(*person))
                else {
                    continue;
                };
                let at = Instant::now();
                cluster.post("/admit", json!({ "participant": person })).await;
                open.insert(person.clone(), at);
                left -= 1;
            }
            _ = page.step() => {}
        }
        open.retain(|person, at| {
            let shown = page.people.get(person).is_some_and(|row| row.lobby == "in");
            if shown {
                late.push(at.elapsed().as_secs_f64() * 1000.0);
            }
            !shown
        });
    }
    late
}
