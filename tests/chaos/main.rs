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
//! other half, the rotation may repair nothing without an injected cause (`invariants::repairs` says which causes count).
//!
//! At the end all participants leave, and the invariants must hold (`invariants`): one result per participant and action request, no
//! participant with more accepted PUTs than requests, nothing open in the journal, and tasks, sockets and memory as before.
//!
//! A failure shows the seed, the switches, the events in order, the differences and the states of the bridges. The random numbers of each
//! step come from the seed and the step's number, so that a seed repeats nearly the same events; the participants that they hit depend on
//! those who are there by then. `USHER_SEEDS=100-299` runs other seeds, `USHER_CHAOS_MINUTES=20` continues each seed for that long,
//! `tests/chaos-seeds` runs many.

#![allow(unreachable_pub)] // the modules are this test alone

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod clock;
mod compare;
mod draft;
mod happenings;
mod repairs;
mod scene;
mod tab;

use std::time::{Duration, Instant};

use compare::Known;
use draft::Draft;
use scene::Scene;

/// Runs random events; then the views must be true.
async fn stretch(scene: &mut Scene, steps: u64, faults: bool) -> Vec<String> {
    scene.happen(steps, faults).await;
    let truth = scene.settle().await;
    // Also compare a page that is opened only now.
    scene.open_tab("vi");
    scene.at_rest().await;
    let views = scene.views().await;
    let mut found = Vec::new();
    let known = Known { truth: &truth, arrived: &scene.arrived, healed_ms: scene.healed_ms, slack: scene.bound.total() };
    for (name, rows) in &views {
        found.extend(compare::differences(rows, &known).into_iter().map(|difference| format!("{name}: {difference}")));
    }
    found.extend(compare::unequal(&views));
    found.extend(
        scene.tabs.iter().flat_map(|tab| tab.held().wrong.iter().map(|wrong| format!("{}: {wrong}", tab.name)).collect::<Vec<_>>()),
    );
    found
}

/// All participants leave; then the invariants must hold.
async fn end(scene: &mut Scene, before: &accounts::Left, repaired: &repairs::Repaired) -> Vec<String> {
    scene.empty().await;
    let pages = scene.closed.iter().map(|(name, may_act, held)| (name.as_str(), *may_act, held));
    let mut found = accounts::presses(pages);
    found.extend(accounts::puts(&scene.control().requests(), &scene.pressed()));
    found.extend(accounts::repairs(scene, &repairs::since(repaired, scene.repaired().await)));
    accounts::journal(scene).await;
    accounts::nothing_left(scene, before).await;
    found
}

async fn run(seed: u64) -> Result<(), String> {
    let begun = Instant::now();
    let mut scene = Scene::open(Draft::of(seed)).await;
    let (before, repaired) = (accounts::left(&scene), scene.repaired().await);
    scene.open_browsers().await;
    let mut found = stretch(&mut scene, 150, false).await;
    loop {
        if found.is_empty() {
            found = stretch(&mut scene, 300, true).await;
        }
        if !found.is_empty() || begun.elapsed() >= length() {
            break;
        }
    }
    if found.is_empty() {
        found = end(&mut scene, &before, &repaired).await;
    }
    if !found.is_empty() {
        return Err(scene.report(&found.join("\n")));
    }
    scene.close().await;
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
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).init();
    }
    let mut failures = Vec::new();
    for seed in seeds() {
        failures.extend(run(seed).await.err());
    }
    assert!(failures.is_empty(), "{} seeds failed:\n{}", failures.len(), failures.join("\n\n"));
}
