//! Usher restarts with 600 participants in 50 meetings on two bridges; every page reconnects, with jitter over two seconds as
//! `web/net/connection.js` does it. `usher simulate` (20 ms per REST answer) and `usher serve` are processes, the pages are in this one. The
//! yardstick in the same run is the same restart with one page.

mod kit;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kit::browser::{Browser, Site};
use kit::cluster::Cluster;
use kit::page::Page;
use kit::server::Server;
use kit::statistics::{bar, percentile};

const LATENCY_S: f64 = 0.02;
/// Requests in flight to both bridges, the default.
const SLOTS: f64 = 8.0;
const PEOPLE: usize = 600;
const BROWSERS: usize = 1_000;
const LONG: Duration = Duration::from_secs(60);

fn main() {
    kit::raise_descriptor_limit();
    kit::block_on(async {
        let cluster = Cluster::start(2, 50, PEOPLE, 20, 0.0);
        let mut server = Server::start(&cluster.bridges, "", false).await;
        let truth = truth(&cluster).await;
        let waiting = truth.values().filter(|lobby| *lobby == "waiting").count();
        println!("{} people, {waiting} of them waiting, in 50 meetings on two bridges", truth.len());
        until_true(&mut Page::open(&server.site).await, &truth).await;
        let alone = restart(&cluster, &mut server, &truth, 1).await;
        let storm = restart(&cluster, &mut server, &truth, BROWSERS).await;
        println!(
            "the same restart with 1 browser: true after {:.2} s ({:.2} x its ideal); with {BROWSERS} browsers {:.2} times as long, server CPU {:.2} s against {:.2} s",
            alone.known_s,
            alone.known_s / alone.ideal_s,
            storm.known_s / alone.known_s,
            storm.cpu_s,
            alone.cpu_s
        );
        bar("1,000 browsers after a restart, each holds the server's view after it listens", 3.0, " s", storm.held_s);
        bar("the view is true, against requests x latency / slots", 1.3, "x", storm.known_s / storm.ideal_s);
    });
}

struct Restart {
    /// From listening to the last browser's first complete snapshot.
    held_s: f64,
    /// From listening to a page on which every row is true.
    known_s: f64,
    /// The minimum time that the REST requests until then need.
    ideal_s: f64,
    cpu_s: f64,
}

async fn truth(cluster: &Cluster) -> HashMap<String, String> {
    let truth = cluster.get("/truth").await;
    let meetings = truth["meetings"].as_array().expect("meetings");
    let people = meetings.iter().flat_map(|meeting| meeting["participants"].as_array().expect("participants"));
    let word = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    people.map(|person| (word(&person["id"]), word(&person["lobby"]))).collect()
}

async fn until_true(page: &mut Page, truth: &HashMap<String, String>) {
    let is_true = |page: &Page| {
        page.people.len() == truth.len()
            && truth.iter().all(|(id, lobby)| page.people.get(id).is_some_and(|row| row.lobby == *lobby))
            && page.bridges.values().all(|bridge| bridge.state == "live")
    };
    page.until("every row to be true", LONG, is_true).await;
}

async fn restart(cluster: &Cluster, server: &mut Server, truth: &HashMap<String, String>, browsers: usize) -> Restart {
    let mut open = Vec::new();
    for _ in 0..browsers {
        let mut browser = Browser::open(&server.site).await;
        browser.snapshot().await;
        open.push(browser);
    }
    cluster.forget_requests().await;
    server.terminate();
    let site = server.site.clone();
    // Each is told to reconnect, reconnects by itself, and then goes on reading.
    let (held, mut came) = tokio::sync::mpsc::unbounded_channel();
    let pages: Vec<_> = open
        .into_iter()
        .map(|mut browser| {
            let (site, held) = (site.clone(), held.clone());
            tokio::spawn(async move {
                assert_eq!(browser.closed().await, 1001);
                let mut browser = come_back(&site).await;
                browser.snapshot().await;
                let _ = held.send(Instant::now());
                loop {
                    browser.frame().await;
                }
            })
        })
        .collect();
    drop(held);
    let listening = server.again().await;
    let known = async {
        let mut page = Page::open(&site).await;
        until_true(&mut page, truth).await;
        let known = listening.elapsed().as_secs_f64();
        (known, cluster.requests().await)
    };
    let all = async {
        let mut times = Vec::new();
        while times.len() < browsers {
            let at = tokio::time::timeout(LONG, came.recv()).await.expect("all browsers in time").expect("a browser");
            times.push(at.saturating_duration_since(listening).as_secs_f64());
        }
        times
    };
    let ((known_s, requests), mut times) = tokio::join!(known, all);
    let ideal_s = requests as f64 * LATENCY_S / SLOTS;
    let (p50, held_s) = (percentile(&mut times, 0.5), percentile(&mut times, 1.0));
    println!(
        "restart with {browsers} browsers: a whole snapshot after p50 {p50:.2} s, last {held_s:.2} s; true after {known_s:.2} s, {requests} requests (ideal {ideal_s:.2} s)"
    );
    let cpu_s = server.process.cpu().as_secs_f64();
    pages.iter().for_each(tokio::task::JoinHandle::abort);
    Restart { held_s, known_s, ideal_s, cpu_s }
}

/// Reconnects as the page does: at once within two seconds, then with doubling pauses.
async fn come_back(site: &Site) -> Browser {
    tokio::time::sleep(Duration::from_secs_f64(rand::random_range(0.0..2.0))).await;
    let mut longest = 0.5;
    loop {
        match Browser::try_open(site).await {
            Ok(browser) => return browser,
            Err(_) => tokio::time::sleep(Duration::from_secs_f64(longest * rand::random_range(0.5..1.0))).await,
        }
        longest = f64::min(longest * 2.0, 10.0);
    }
}
