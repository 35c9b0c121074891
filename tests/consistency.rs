//! The view equals the simulator's truth after random events under random switches: compared once, after the promised bound.

mod common;

use std::time::Duration;

use common::comparison::differences;
use common::desk::{Desk, quiet};
use common::page::Page;
use futures_util::StreamExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use usher::simulator::{Cut, Id};

/// All waits are a tenth: those in the call are read at least every 6 s then, everything else sooner.
const BOUND: Duration = Duration::from_secs(9);

/// One value of each switch that the notes leave open and that does not end a connection for good.
fn switches(rng: &mut StdRng) -> Value {
    let mut flag = |odds: f64| rng.random_bool(odds);
    let mut value = json!({
        "readd_on_replacement": flag(0.5), "pending_again": flag(0.5), "subscription_updates_split": flag(0.5),
        "roster_removes_first": flag(0.5), "empty_list_message": flag(0.5), "lobby_hint": flag(0.3),
        "duplicate_updates": flag(0.3), "unknown_updates": flag(0.3), "participant_deactivated": flag(0.5), "xml_declaration": flag(0.5),
        "answer_pings": flag(0.5), "token_single_use": flag(0.5), "count_lobby": flag(0.5), "count_links": flag(0.5),
    });
    let mut pick = |options: &[Value]| options.choose(rng).cloned().unwrap_or_default();
    value["active_leg"] = pick(&[json!("omit"), json!("false")]);
    value["empty_list"] = pick(&[json!("open_close"), json!("self_closing")]);
    value["missing"] = pick(&[json!("documented"), json!("body404"), json!("body400"), json!("bare404")]);
    value["remote_legs"] = pick(&[json!("empty_list"), json!("call_bridge"), json!("missing"), json!("links")]);
    value["remote_put"] = pick(&[json!("reject"), json!("forward")]);
    value["sub_type_spelling"] = pick(&[json!("subType"), json!("subtype")]);
    value["deactivated_at_end"] = pick(&[json!("after"), json!("before")]);
    value["cap_legs"] = pick(&[json!(10), json!(3)]);
    value["cap_participants"] = pick(&[json!(10), json!(2)]);
    value["initial_split"] = pick(&[json!(0), json!(1)]);
    value["ack_window"] = pick(&[json!(10), json!(1)]);
    value["late_deactivated_ms"] = pick(&[json!(0), json!(60)]);
    value["subscription_limit"] = pick(&[json!(0), json!(4)]);
    value["rate_503"] = pick(&[json!(0.0), json!(0.1)]);
    value
}

/// One random thing that happens; what the lobby rules refuse just does not happen.
async fn happen(desk: &Desk, page: &mut Page, rng: &mut StdRng, n: usize) {
    let control = desk.control();
    let truth = control.truth();
    let meetings: Vec<Id> = truth.meetings.iter().map(|meeting| meeting.id).collect();
    let people: Vec<Id> = truth.participants().map(|person| person.id).collect();
    let bridges = ["eu-1", "eu-2", "us-1"];
    let bridge = *bridges.choose(rng).expect("bridge");
    let (Some(meeting), person) = (meetings.choose(rng).copied(), people.choose(rng).copied()) else {
        desk.meeting(&format!("Call {n}"), bridge, &["Bo Berg"]);
        return;
    };
    let person = person.unwrap_or_default();
    match rng.random_range(0..100) {
        0..35 => drop(desk.join(meeting, bridge, &format!("Guest {n}"))),
        35..50 => drop(control.leave(person)),
        50..56 => drop(desk.host(meeting, bridge)),
        56..62 => drop(control.admit(person)),
        62..66 => drop(control.lobby(person)),
        66..70 => drop(control.lock(meeting)),
        70..74 => drop(control.unlock(meeting)),
        74..78 => drop(control.end(meeting, None)),
        78..84 => drop(desk.meeting(&format!("Call {n}"), bridge, &["Bo Berg", "Bo Berg"])),
        84..88 => drop(control.cut_events(Some(bridge), Cut::Hard)),
        88..90 => control.restart_bridge(bridge).await.expect("restarted"),
        90..92 => drop(control.rename(person, &format!("Renamed {n}"))),
        _ => page.request_admit(&format!("press-{n}"), &people[..people.len().min(3)]).await,
    }
}

async fn run(seed: u64) -> Result<(), String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let switches = switches(&mut rng);
    let mut options = quiet(3);
    (options.calls, options.people, options.seed) = (3, 20, seed);
    options.switches = Some(switches.to_string());
    let desk = Desk::start(options).await;
    let mut page = desk.page("mo").await;
    for n in 0..60 {
        happen(&desk, &mut page, &mut rng, n).await;
        page.follow_for(Duration::from_millis(rng.random_range(0..120))).await;
    }
    let quiet_since = desk.control().now_ms();
    // Some things happen later by themselves: the lobby after the last activator left. The bound begins with the last of them.
    loop {
        page.follow_for(Duration::from_millis(250)).await;
        let truth = desk.control().truth();
        let last = truth.participants().map(|person| person.since_ms).max().unwrap_or_default();
        if truth.now_ms - last.max(quiet_since) >= BOUND.as_millis() as i64 {
            break;
        }
    }
    let found = differences(&page, &desk);
    if found.is_empty() { Ok(()) } else { Err(format!("seed {seed}, {switches}: {found:#?}\nbridges: {:?}", page.bridges())) }
}

/// `USHER_SEEDS=100-299` runs other seeds than the usual ones.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let text = std::env::var("USHER_SEEDS").unwrap_or_else(|_| "1-8".into());
    let (first, last) = text.split_once('-').expect("USHER_SEEDS is like 1-8");
    first.parse().expect("first seed")..=last.parse().expect("last seed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_is_true_after_anything() {
    let failures: Vec<String> = futures_util::stream::iter(seeds())
        .map(|seed| tokio::spawn(run(seed)))
        .buffer_unordered(4)
        .filter_map(|result| async { result.map_err(|error| error.to_string()).flatten().err() })
        .collect()
        .await;
    assert!(failures.is_empty(), "{} seeds failed: {}", failures.len(), failures.join("\n\n"));
}
