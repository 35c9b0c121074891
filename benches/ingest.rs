//! The cost of events from bridges for `usher serve`: a flood of roster updates, and an even stream over 24 bridges.
//!
//! The bridges are scripts in this process; CPU is that of the whole server process, including publishing.

mod kit;

use std::time::{Duration, Instant};

use kit::page::Page;
use kit::scripted_bridges::{PEOPLE, Play, Script};
use kit::server::Server;
use kit::statistics::{bar, percentile};

fn main() {
    kit::block_on(async {
        flood().await;
        even().await;
    });
}

/// Reads frames until all participants are there and their lobby is known.
async fn settled(server: &Server, people: usize) -> Page {
    let mut page = Page::open(&server.site).await;
    let known = move |page: &Page| page.people.len() == people && page.unknown() == 0;
    page.until("everybody's lobby", Duration::from_secs(40), known).await;
    page
}

async fn flood() {
    const BRIDGES: usize = 8;
    const CALLS: usize = 60;
    /// 83 and two thirds for each call, so that after three rounds all participants are muted.
    const MESSAGES: usize = 5_020;
    let (script, blocks) = Script::start(BRIDGES, CALLS).await;
    let server = Server::start(&blocks, "", false).await;
    drop(settled(&server, BRIDGES * CALLS * PEOPLE).await);
    let mut costs = Vec::new();
    for round in 0..3 {
        let (cpu, begin) = (server.process.cpu(), Instant::now());
        script.play(Play::Flood { messages: MESSAGES, window: 64 });
        script.played(BRIDGES, Duration::from_secs(20)).await;
        let took = begin.elapsed();
        // Wait until the last tick is published.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let cpu = server.process.cpu() - cpu;
        let updates = (BRIDGES * MESSAGES * PEOPLE) as f64;
        println!(
            "flood {round}: {updates} roster updates in messages of {PEOPLE}, {} people, {BRIDGES} bridges: {:.2} s, {:.0}/s; CPU {:.2} s, {:.2} us an update",
            BRIDGES * CALLS * PEOPLE,
            took.as_secs_f64(),
            updates / took.as_secs_f64(),
            cpu.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / updates,
        );
        costs.push(cpu.as_secs_f64() / updates * 100_000.0);
    }
    let page = Page::open(&server.site).await;
    let muted = page.people.values().filter(|row| row.muted).count();
    println!("afterwards {muted} of {} people are muted in the view, as the last message of each call said", page.people.len());
    assert_eq!(muted, page.people.len(), "nothing is lost in a flood");
    bar("CPU for 100,000 roster updates (decoded, stored, diffed, serialised; median of 3)", 1.0, " s", kit::statistics::median(costs));
}

async fn even() {
    const BRIDGES: usize = 24;
    const CALLS: usize = 4;
    const INTERVAL: Duration = Duration::from_millis(12);
    const SECONDS: usize = 10;
    let (script, blocks) = Script::start(BRIDGES, CALLS).await;
    let server = Server::start(&blocks, "", false).await;
    drop(settled(&server, BRIDGES * CALLS * PEOPLE).await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (cpu, begin) = (server.process.cpu(), Instant::now());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let idle = (server.process.cpu() - cpu).as_secs_f64() / begin.elapsed().as_secs_f64();
    let (cpu, begin) = (server.process.cpu(), Instant::now());
    let messages = SECONDS * 1000 / 12;
    script.play(Play::Even { messages, interval: INTERVAL });
    script.played(BRIDGES, Duration::from_secs(30)).await;
    let took = begin.elapsed().as_secs_f64();
    let busy = (server.process.cpu() - cpu).as_secs_f64() / took;
    let mut acks = std::mem::take(&mut *script.acks.lock().expect("no panic"));
    let count = acks.len();
    let (p50, p99) = (percentile(&mut acks, 0.5), percentile(&mut acks, 0.99));
    println!(
        "even: {:.0} messages/s over {BRIDGES} bridges for {took:.1} s: {:.1} % of a core (idle, rotation only: {:.1} %), {:.1} us a message; {count} acks p50 {p50:.2} ms, p99 {p99:.2} ms",
        count as f64 / took,
        busy * 100.0,
        idle * 100.0,
        busy * took * 1e6 / count as f64,
    );
    bar("2,000 messages/s over 24 bridges, CPU", 10.0, " % of a core", busy * 100.0);
    bar("2,000 messages/s over 24 bridges, acks p99", 5.0, " ms", p99);
}
