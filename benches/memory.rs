//! Memory of `usher serve` with 5,000 and 50,000 participants, and with 5,000 browsers that each took 5,000 rows, plain and by TLS.
//!
//! It is the resident memory of the whole process after the first full read: every row is published and every lobby known. The peak is
//! printed, too; each login takes 19 MB while its argon2id hash is computed.

mod kit;

use std::time::{Duration, Instant};

use kit::browser::Browser;
use kit::cluster::Cluster;
use kit::page::Page;
use kit::server::Server;
use kit::statistics::bar;

const BROWSERS: usize = 5_000;

fn main() {
    kit::raise_descriptor_limit();
    let only = kit::role();
    let run = |what: &str| only.as_deref().is_none_or(|word| word == what);
    kit::block_on(async {
        if run("browsers") {
            browsers(false).await;
        }
        if run("tls") {
            browsers(true).await;
        }
        if run("people") {
            people().await;
        }
    });
}

async fn read(cluster: &Cluster, server: &Server, people: usize, within: Duration) -> (f64, Vec<u64>) {
    let begin = Instant::now();
    let mut page = Page::open(&server.site).await;
    let read = move |page: &Page| page.people.len() >= people && page.unknown() == 0;
    page.until("the first full read", within, read).await;
    let (known, requests) = (begin.elapsed().as_secs_f64(), cluster.requests_by_bridge().await);
    let all: u64 = requests.iter().sum();
    println!(
        "{people} people: every row published, every lobby known {known:.1} s after the start, {all} requests ({:.2} a person)",
        all as f64 / people as f64
    );
    (known, requests)
}

async fn browsers(tls: bool) {
    // Eight bridges make the first read short.
    let cluster = Cluster::start(8, 500, 5_000, 20, 0.0);
    let server = Server::start(&cluster.bridges, "", tls).await;
    let (known, requests) = read(&cluster, &server, 5_000, Duration::from_secs(60)).await;
    if !tls {
        // Four slots each, 20 ms per answer: the bridge with the most requests takes longest.
        let ideal = |requests: f64| requests * 0.02 / 4.0;
        let (mean, most) = (requests.iter().sum::<u64>() as f64 / 8.0, requests.iter().max().copied().unwrap_or_default() as f64);
        println!("ideal: {:.2} s for the requests of all bridges, {:.2} s for those of the busiest one", ideal(mean), ideal(most));
        bar("5,000 people on 8 bridges, every lobby known, against requests x latency / slots", 1.1, "x", known / ideal(mean));
        bar("the same, against the requests of the busiest bridge", 1.1, "x", known / ideal(most));
    }
    let process = &server.process;
    let before = process.resident();
    println!("500 meetings, 5,000 people: resident {before:.1} MB, peak {:.1} MB", process.peak());
    if !tls {
        bar("500 meetings, 5,000 people: resident memory", 60.0, " MB", before);
    }
    let (begin, cpu) = (Instant::now(), process.cpu());
    let mut open = Vec::with_capacity(BROWSERS);
    let mut rows = 0;
    // A few at a time, as users arrive; each takes its whole snapshot.
    while open.len() < BROWSERS {
        let some = (0..50).map(|_| async {
            let mut browser = Browser::open(&server.site).await;
            let rows = browser.snapshot().await;
            (browser, rows)
        });
        for (browser, count) in futures_util::future::join_all(some).await {
            rows += count;
            open.push(browser);
        }
    }
    let took = begin.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (after, word) = (process.resident(), if tls { "with TLS" } else { "without TLS" });
    println!(
        "{BROWSERS} browsers {word}, {} rows each, in {:.1} s ({:.1} s CPU): resident {after:.1} MB, peak {:.1} MB, {:.1} kB a browser",
        rows / BROWSERS,
        took.as_secs_f64(),
        (process.cpu() - cpu).as_secs_f64(),
        process.peak(),
        (after - before) * 1000.0 / BROWSERS as f64,
    );
    if !tls {
        bar("5,000 browsers after a 5,000-row snapshot, without TLS: resident memory", 150.0, " MB", after);
    }
}

async fn people() {
    // No latency: only memory counts here, and the first read of 50,000 participants is 70,000 requests.
    let cluster = Cluster::start(24, 5_000, 50_000, 0, 0.0);
    let server = Server::start(&cluster.bridges, "", false).await;
    read(&cluster, &server, 50_000, Duration::from_secs(120)).await;
    println!("5,000 meetings, 50,000 people: resident {:.1} MB, peak {:.1} MB", server.process.resident(), server.process.peak());
    bar("50,000 people: resident memory", 250.0, " MB", server.process.resident());
}
