//! The whole way from a bridge to the pages, rotation on. `usher simulate` (20 ms per REST answer) and `usher serve` are processes, the
//! pages are in this one.
//!
//! `cargo bench ... --bench cluster -- burst|arrivals|requests|admit` runs one part.

mod kit;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kit::browser::Browser;
use kit::cluster::Cluster;
use kit::page::Page;
use kit::server::Server;
use kit::statistics::{bar, percentile};
use serde_json::Value;

const LATENCY_S: f64 = 0.02;
/// Requests in flight to one bridge, the default.
const SLOTS: f64 = 4.0;
const SOON: Duration = Duration::from_secs(20);
/// The two bridges of a simulated cluster.
const NAMES: [&str; 2] = ["eu-1", "eu-2"];

fn main() {
    kit::raise_descriptor_limit();
    let only = kit::role();
    let run = |what: &str| only.as_deref().is_none_or(|word| word == what);
    kit::block_on(async {
        if run("burst") {
            burst().await;
        }
        if run("arrivals") {
            arrivals().await;
        }
        if run("requests") {
            requests().await;
        }
        if run("admit") {
            admit().await;
        }
    });
}

/// Two bridges with some meetings, read completely.
async fn start() -> (Cluster, Server, Page) {
    let cluster = Cluster::start(2, 12, 120, 20, 0.0);
    let server = Server::start(&cluster.bridges, "", false).await;
    let mut page = Page::open(&server.site).await;
    page.until("the first read", SOON, |page| {
        page.people.len() >= 120 && page.unknown() == 0 && page.bridges.values().all(|bridge| bridge.state == "live")
    })
    .await;
    (cluster, server, page)
}

/// Ten meetings with waiting guests, on both bridges in turn, known to the page.
async fn lobbies(cluster: &Cluster, page: &mut Page) -> Vec<(String, &'static str)> {
    let mut meetings = Vec::new();
    for n in 0..10 {
        meetings.push((cluster.meeting(&format!("Lobby {n}"), NAMES[n % 2]).await, NAMES[n % 2]));
    }
    // A participant in each shows that the new calls are followed.
    let before = page.people.len();
    for (meeting, bridge) in &meetings {
        cluster.join(meeting, bridge, "First").await;
    }
    page.until("the first of each lobby", SOON, |page| page.people.len() == before + 10 && page.unknown() == 0).await;
    // Wait until the rechecks of an arrival, at 0 and 2 s, have passed.
    let end = Instant::now() + Duration::from_secs(3);
    while tokio::time::timeout(end.saturating_duration_since(Instant::now()), page.step()).await.is_ok() {}
    meetings
}

/// 500 participants come at once, with 1,000 browsers connected.
async fn burst() {
    const PEOPLE: usize = 500;
    const BROWSERS: usize = 1_000;
    let (cluster, server, mut page) = start().await;
    let meetings = lobbies(&cluster, &mut page).await;
    let mut browsers = Vec::new();
    for _ in 0..BROWSERS {
        let mut browser = Browser::open(&server.site).await;
        browser.snapshot().await;
        browsers.push(browser);
    }
    let before = page.people.len();
    cluster.forget_requests().await;
    let begin = Instant::now();
    let joins = async {
        let joins = (0..PEOPLE).map(|n| {
            let (meeting, bridge) = &meetings[n % meetings.len()];
            cluster.join(meeting, bridge, if n == 0 { "Burst first" } else { "Burst" })
        });
        futures_util::stream::iter(joins).buffer_unordered(32).for_each(async |_| {}).await;
        begin.elapsed()
    };
    // Each row of the burst is recognized by its name, once.
    let watch = |browser: Browser| named(browser, PEOPLE, begin);
    let all = async { futures_util::future::join_all(browsers.into_iter().map(watch)).await };
    let lobbies = async {
        let unread = |page: &Page| page.people.len() < before + PEOPLE || page.unknown() > 0;
        page.until("everybody's lobby", SOON, |page| !unread(page)).await;
        let requests = cluster.requests().await;
        (begin.elapsed(), requests)
    };
    let (joined, seen, (known, requests)) = tokio::join!(joins, all, lobbies);
    let last = seen.iter().map(|(at, _)| at.as_secs_f64()).fold(0.0, f64::max);
    let frames = seen.iter().map(|(_, frames)| *frames).max().unwrap_or_default();
    let ideal = requests as f64 * LATENCY_S / (SLOTS * 2.0);
    println!(
        "burst: {PEOPLE} joins on two bridges within {:.2} s; all names on {BROWSERS} browsers {last:.2} s after the first join, in at most {frames} frames",
        joined.as_secs_f64()
    );
    println!(
        "burst: every lobby known {:.2} s after the first join, {requests} requests (ideal {ideal:.2} s, {:.2} requests a person)",
        known.as_secs_f64(),
        requests as f64 / PEOPLE as f64
    );
    bar("burst of 500, names on the last of 1,000 browsers", 1.0, " s", last);
    bar("burst of 500, frames to each browser until then", 20.0, "", frames as f64);
    bar("burst of 500 in calls of one bridge, requests a person", 2.1, "", requests as f64 / PEOPLE as f64);
    bar("burst of 500, everybody's lobby known, against requests x latency / slots", 1.3, "x", known.as_secs_f64() / ideal);
}

/// The time of the last of these names, and the number of frames. It searches bytes, not JSON, because a thousand of these run at once.
async fn named(mut browser: Browser, people: usize, begin: Instant) -> (Duration, usize) {
    let (mut ids, mut frames) = (std::collections::HashSet::new(), 0);
    while ids.len() < people {
        let frame = browser.frame().await;
        frames += 1;
        let text = std::str::from_utf8(frame).expect("UTF-8");
        for (at, _) in text.match_indices(r#""name":"Burst"#) {
            let id = text[..at].rsplit_once(r#""id":""#).expect("an id before the name").1;
            ids.insert(u64::from_str_radix(&id[..8], 16).expect("a GUID"));
        }
    }
    (begin.elapsed(), frames)
}

/// 50 participants a second come on two bridges.
async fn arrivals() {
    const PER_SECOND: u64 = 50;
    const SECONDS: u64 = 15;
    let (cluster, _server, mut page) = start().await;
    let meetings = lobbies(&cluster, &mut page).await;
    let mut late = follow_arrivals(&cluster, &mut page, &meetings, PER_SECOND, Duration::from_secs(SECONDS)).await;
    let (p50, p99) = (percentile(&mut late, 0.5), percentile(&mut late, 0.99));
    println!("arrivals: {} people at {PER_SECOND}/s on two bridges: confirmed row p50 {p50:.0} ms, p99 {p99:.0} ms", late.len());
    bar("50 arrivals/s, arrival to confirmed row, p50", 60.0, " ms", p50);
    bar("50 arrivals/s, arrival to confirmed row, p99", 110.0, " ms", p99);
}

/// From the moment before the join to the row with `waiting`, in ms.
async fn follow_arrivals(cluster: &Cluster, page: &mut Page, meetings: &[(String, &str)], per_second: u64, time: Duration) -> Vec<f64> {
    let mut late = Vec::new();
    let mut open: HashMap<String, Instant> = HashMap::new();
    let mut joins = FuturesUnordered::new();
    let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 / per_second));
    let (mut n, mut left) = (0, per_second * time.as_millis() as u64 / 1000);
    let end = Instant::now() + time + SOON;
    while left > 0 || !open.is_empty() || !joins.is_empty() {
        assert!(Instant::now() < end, "{} people never had a confirmed row", open.len());
        tokio::select! {
            _ = tick.tick(), if left > 0 => {
                let (meeting, bridge) = &meetings[n % meetings.len()];
                n += 1;
                left -= 1;
                let at = Instant::now();
                joins.push(async move { (cluster.join(meeting, bridge, &format!("Arrival {n}")).await, at) });
            }
            Some((id, at)) = joins.next() => { open.insert(id, at); }
            _ = page.step() => {}
        }
        open.retain(|id, at| {
            let confirmed = page.people.get(id).is_some_and(|row| row.lobby == "waiting");
            if confirmed {
                late.push(at.elapsed().as_secs_f64() * 1000.0);
            }
            !confirmed
        });
    }
    late
}

/// REST requests in the same time with 1, 200 and 1 browsers.
async fn requests() {
    const TIME: Duration = Duration::from_secs(10);
    let (cluster, server, page) = start().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut counts = Vec::new();
    let mut open = vec![watch(page)];
    for browsers in [1, 200, 1] {
        while open.len() < browsers {
            open.push(watch(Page::open(&server.site).await));
        }
        open.truncate(browsers);
        cluster.forget_requests().await;
        tokio::time::sleep(TIME).await;
        counts.push(cluster.requests().await);
        println!("requests: {} in {} s with {browsers} browsers", counts[counts.len() - 1], TIME.as_secs());
    }
    let alone = (counts[0] + counts[2]) as f64 / 2.0;
    bar("REST requests with 200 browsers against 1", 1.05, "x", counts[1] as f64 / alone);
}

/// A page that follows until it is dropped.
fn watch(mut page: Page) -> Watch {
    Watch(tokio::spawn(async move {
        loop {
            page.step().await;
        }
    }))
}

struct Watch(tokio::task::JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One request admits 200 participants of one bridge while others arrive there; three times.
async fn admit() {
    let (cluster, server, mut page) = start().await;
    let meetings: Vec<_> = lobbies(&cluster, &mut page).await.into_iter().filter(|(_, bridge)| *bridge == NAMES[0]).collect();
    let mut presser = Page::open(&server.site).await;
    let (mut worst_put, mut worst_end, mut late) = (0.0_f64, 0.0_f64, Vec::new());
    for round in 0..3 {
        let people: Vec<String> = futures_util::stream::iter((0..200).map(|n| {
            let (meeting, bridge) = &meetings[n % meetings.len()];
            cluster.join(meeting, bridge, "Waiting")
        }))
        .buffered(16)
        .collect()
        .await;
        presser
            .until("200 who wait", SOON, |page| people.iter().all(|id| page.people.get(id).is_some_and(|row| row.lobby == "waiting")))
            .await;
        let settle = Instant::now() + Duration::from_secs(3);
        while tokio::time::timeout(settle.saturating_duration_since(Instant::now()), presser.step()).await.is_ok() {}
        cluster.forget_requests().await;
        let (begin, begin_ms) = (Instant::now(), kit::now_us() / 1000);
        let press = async {
            presser.admit(&format!("press {round}"), &people).await;
            let mut results: HashMap<String, usize> = HashMap::new();
            loop {
                let frame = presser.step().await;
                for outcome in &frame.results {
                    *results.entry(outcome.result.clone()).or_default() += 1;
                }
                if frame.state == "finished" {
                    return (begin.elapsed().as_secs_f64(), results);
                }
            }
        };
        let arriving = follow_arrivals(&cluster, &mut page, &meetings, 10, Duration::from_secs(3));
        let ((end, results), arrived) = tokio::join!(press, arriving);
        let asked = cluster.get("/requests").await;
        let put = last_put(&asked, begin_ms);
        println!("admit {round}: last PUT answered after {put:.2} s, last confirmed after {end:.2} s; {results:?}");
        worst_put = worst_put.max(put);
        worst_end = worst_end.max(end);
        late.extend(arrived);
    }
    let p99 = percentile(&mut late, 0.99);
    println!("admit: {} arrivals meanwhile at 10/s: p50 {:.0} ms, p99 {p99:.0} ms", late.len(), percentile(&mut late, 0.5));
    bar("admit 200, last PUT answered (worst of 3)", 1.5, " s", worst_put);
    bar("admit 200, last confirmed (worst of 3)", 3.2, " s", worst_end);
    bar("admit 200, arrivals meanwhile p99", 400.0, " ms", p99);
}

/// Seconds from the request to the last answer to a PUT, by the simulator's clock, which is this machine's.
fn last_put(requests: &Value, begin_ms: u64) -> f64 {
    let changes = requests.as_array().expect("bridges").iter().flat_map(|bridge| bridge["changes"].as_array().expect("changes"));
    let last = changes.filter(|change| change["method"] == "PUT").filter_map(|change| change["answered_ms"].as_u64()).max();
    last.map_or(f64::NAN, |last| last.saturating_sub(begin_ms) as f64 / 1000.0)
}
