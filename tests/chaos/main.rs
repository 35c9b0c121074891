//! The view equals the simulator's truth after any sequence of events.
//!
//! A seed decides the switches for unknowns, and whether Usher's rotation is on. Three bridges, 60 calls and 600 participants exist
//! before Usher starts. Then random events happen (`random_events`): first a calm stretch without faults, then one in which bridges,
//! connections, browsers and Usher itself fail as well. After each stretch all faults end and no event happens any more. Once the
//! bound that follows from `Timing` has passed (`timing`), each browser's rows are compared with the truth field by field (`compare`).
//!
//! In half the seeds the rotation is off (`Timing::without_rotation`), so that it can't hide a lost event. Then a run contains only what
//! Usher promises to notice without it: a change made elsewhere comes with a lock change, guests are sent back as soon as the last
//! activator left (Usher cannot know of an activator who left while it was down), events that lie, stall or are refused don't occur. In the
//! other half, the rotation may repair nothing without an injected cause (`invariants::unexplained_repairs` says which causes count).
//!
//! At the end all participants leave, and the invariants must hold (`invariants`): one result per participant and action request, no
//! participant with more accepted PUTs than requests, nothing open in the journal, and tasks, sockets and memory as before.
//!
//! A failure shows the seed, the switches, the events in command, the differences and the states of the bridges. The random numbers of each
//! step come from the seed and the step's number, so that a seed repeats nearly the same events; the participants that they hit depend on
//! those who are there by then. `USHER_SEEDS=100-299` runs other seeds, `USHER_CHAOS_MINUTES=20` continues each seed for that long,
//! `tests/chaos-seeds` runs many.

#![allow(unreachable_pub)] // the modules are this test alone

#[path = "../common/mod.rs"]
mod common;

mod compare;
mod expected_repairs;
mod invariants;
mod random_events;
mod run;
mod seed_plan;
mod tab;
mod timing;

use std::time::{Duration, Instant};

use compare::Facts;
use run::Run;
use seed_plan::SeedPlan;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Runs random events; then the views must be true.
async fn stretch(run: &mut Run, steps: u64, faults: bool) -> Vec<String> {
    run.run_events(steps, faults).await;
    let truth = run.settle().await;
    // Also compare a page that is opened only now.
    run.open_tab("vi");
    run.until_at_rest().await;
    let views = run.views().await;
    let mut found = Vec::new();
    let known = Facts { truth: &truth, arrived: &run.arrived, healed_ms: run.healed_ms, slack: run.bound.total() };
    for (name, rows) in &views {
        found.extend(compare::differences(rows, &known).into_iter().map(|difference| format!("{name}: {difference}")));
    }
    found.extend(compare::differences_between_pages(&views));
    found.extend(
        run.tabs.iter().flat_map(|tab| tab.state().violations.iter().map(|wrong| format!("{}: {wrong}", tab.name)).collect::<Vec<_>>()),
    );
    found
}

/// All participants leave; then the invariants must hold.
async fn end(run: &mut Run, before: &invariants::Resources, repaired: &expected_repairs::RepairCounts) -> Vec<String> {
    run.end_everything().await;
    let pages = run.closed.iter().map(|(name, may_act, state)| (name.as_str(), *may_act, state));
    let mut found = invariants::check_requests(pages);
    found.extend(invariants::check_puts(&run.control().requests(), &run.requests_per_participant()));
    found.extend(invariants::unexplained_repairs(run, &expected_repairs::since(repaired, run.repair_counts().await)));
    invariants::check_journal(run).await;
    invariants::check_resources(run, before).await;
    found
}

async fn run(seed: u64) -> Result<(), String> {
    let begun = Instant::now();
    let mut run = Run::open(SeedPlan::of(seed)).await;
    let (before, repaired) = (invariants::resources(&run), run.repair_counts().await);
    run.open_browsers().await;
    let mut found = stretch(&mut run, 150, false).await;
    loop {
        if found.is_empty() {
            found = stretch(&mut run, 300, true).await;
        }
        if !found.is_empty() || begun.elapsed() >= length() {
            break;
        }
    }
    if found.is_empty() {
        found = end(&mut run, &before, &repaired).await;
    }
    if !found.is_empty() {
        return Err(run.report(&found.join("\n")));
    }
    run.close().await;
    println!("seed {seed}: clean in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// `USHER_CHAOS_MINUTES=20` continues each seed for 20 minutes.
fn length() -> Duration {
    let minutes = std::env::var("USHER_CHAOS_MINUTES").ok().map(|text| text.parse().expect("USHER_CHAOS_MINUTES is a number"));
    Duration::from_secs(60 * minutes.unwrap_or(0))
}

/// `USHER_SEEDS=100-299` selects the seeds.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let text = std::env::var("USHER_SEEDS").unwrap_or_else(|_| "1-3".into());
    let (first, last) = text.split_once('-').expect("USHER_SEEDS is like 1-8");
    first.parse().expect("first seed")..=last.parse().expect("last seed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_is_true_after_anything() {
    // Usher's own log of a run: `RUST_LOG=usher=debug`.
    if let Ok(levels) = std::env::var("RUST_LOG") {
        let levels: Targets = levels.parse().expect("RUST_LOG is like usher=debug");
        tracing_subscriber::registry().with(levels).with(tracing_subscriber::fmt::layer().with_ansi(false)).init();
    }
    let mut failures = Vec::new();
    for seed in seeds() {
        failures.extend(run(seed).await.err());
    }
    assert!(failures.is_empty(), "{} seeds failed:\n{}", failures.len(), failures.join("\n\n"));
}
