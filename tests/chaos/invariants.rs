//! The invariants at the end of a run: action requests, PUTs, the journal, repairs, and resources.

use std::collections::BTreeMap;

use usher::app::TaskCounts;
use usher::db::open_connection;
use usher::simulator::Requests;

use crate::common::{DEADLINE, wait_for};
use crate::expected_repairs::RepairCounts;
use crate::run::{BRIDGES, Run};
use crate::tab::{ActionRequest, TabState};

/// Every action request has one result per participant, except where the page left before its end; a viewer's is refused.
pub fn check_requests<'a>(pages: impl Iterator<Item = (&'a str, bool, &'a TabState)>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, may_act, state) in pages {
        for (reference, request) in &state.requests {
            if let Some(wrong) = request_violation(request, may_act) {
                found.push(format!("{name}, {reference}: {wrong}: {request:?}"));
            }
        }
    }
    found
}

fn request_violation(request: &ActionRequest, may_act: bool) -> Option<&'static str> {
    let whole = request.people.iter().eq(request.results.keys());
    match (&request.error, may_act) {
        _ if request.repeated => Some("somebody has two results"),
        (Some(error), false) => (error != "forbidden" || !request.results.is_empty()).then_some("a viewer was not refused"),
        (None, false) => (!request.interrupted).then_some("a viewer was not refused"),
        // Too many at once on one page: no part of it was sent.
        (Some(error), true) => (error != "busy" || !request.results.is_empty()).then_some("refused"),
        (None, true) if request.finished => (!whole).then_some("not everybody has a result"),
        (None, true) => (!request.interrupted).then_some("never ended"),
    }
}

/// No participant got more accepted PUTs than there were action requests.
pub fn check_puts(bridges: &[Requests], requested: &BTreeMap<String, usize>) -> Vec<String> {
    let mut accepted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for bridge in bridges {
        for change in bridge.changes.iter().filter(|change| change.method == "PUT" && change.status == 200) {
            if let Some(person) = change.path.rsplit_once("/participants/").map(|(_, id)| id.to_ascii_lowercase()) {
                accepted.entry(person).or_default().push(format!("{}: {change:?}", bridge.bridge));
            }
        }
    }
    accepted.retain(|person, puts| puts.len() > requested.get(person).copied().unwrap_or(0));
    accepted
        .into_iter()
        .map(|(person, puts)| format!("{person} was requested {:?} times, but got {puts:?}", requested.get(&person)))
        .collect()
}

/// The journal has no admission without a result, also where a request was written too late and executed meanwhile.
pub async fn check_journal(run: &Run) {
    let conn = open_connection(run.desk().dir.path()).expect("database");
    wait_for(DEADLINE, "the journal to hold a result for everybody", async || {
        let count = "SELECT count(*) FROM press_people WHERE result IS NULL";
        let open: i64 = conn.query_row(count, [], |row| row.get(0)).expect("count");
        if open == 0 { Ok(()) } else { Err(format!("{open} people have no result")) }
    })
    .await;
}

/// Finds repairs without an injected cause.
///
/// Causes are: somebody admitted or sent back elsewhere, which no event carries (each bridge finds it once); and
/// events that lied or stalled, or rosters that were refused, on that bridge. Any other repair by the rotation means
/// that Usher lost an event.
pub fn unexplained_repairs(run: &Run, repaired: &RepairCounts) -> Vec<String> {
    let mut found = Vec::new();
    let lobby: u64 = repaired.iter().filter(|((_, what), _)| what == "lobby").map(|(_, count)| count).sum();
    if run.causes.events_lied.is_empty() && lobby > (run.causes.elsewhere * BRIDGES.len()) as u64 {
        found.push(format!("{lobby} lobby changes were found by the rotation alone, {} were made elsewhere", run.causes.elsewhere));
    }
    for ((bridge, what), count) in repaired.iter().filter(|((_, what), _)| what != "lobby") {
        if !run.causes.events_lied.contains(bridge.as_str()) {
            found.push(format!("{bridge}: {count} times {what} was repaired by the rotation, without an injected cause"));
        }
    }
    found
}

/// The tasks, sockets and memory in use.
#[derive(Debug, Clone)]
pub struct Resources {
    load: TaskCounts,
    tasks: usize,
    events_sockets: Vec<u64>,
    people: usize,
    calls: usize,
    memory_mb: usize,
}

/// REST connections that are kept open, as tasks of the simulator: up to the number of requests in flight.
const KEPT_CONNECTIONS: usize = 3 * 4;
/// Memory that an allocator may keep after a run.
const KEPT_MEMORY_MB: usize = 200;

pub fn resources(run: &Run) -> Resources {
    let app = &run.desk().app;
    Resources {
        load: app.task_counts(),
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        events_sockets: run.control().requests().iter().map(|bridge| bridge.events_open).collect(),
        people: app.store.people_count(),
        calls: app.store.all_calls().len(),
        memory_mb: memory_mb(),
    }
}

/// Checks that after all browsers left and all calls ended, the resources are those from before the first browser.
pub async fn check_resources(run: &Run, before: &Resources) {
    wait_for(DEADLINE, "tasks, sockets and memory to be as before", async || {
        let now = resources(run);
        // A bridge that accepts few subscriptions per socket had more sockets before.
        let actors = |left: &Resources| left.load.bridge_tasks.saturating_sub(left.events_sockets.iter().sum::<u64>() as usize);
        let browsers = |left: &Resources| (left.load.browser_tasks, left.load.followers);
        let same = actors(&now) == actors(before)
            && browsers(&now) == browsers(before)
            && now.tasks <= before.tasks + KEPT_CONNECTIONS
            && now.events_sockets == [1; BRIDGES.len()]
            && (now.people, now.calls) == (0, 0)
            && now.memory_mb <= before.memory_mb + KEPT_MEMORY_MB;
        if same { Ok(()) } else { Err(format!("{now:?}, before: {before:?}")) }
    })
    .await;
}

fn memory_mb() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    resident.unwrap_or(0) * 4096 / (1024 * 1024)
}
