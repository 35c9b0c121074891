//! The view equals the simulator's truth after anything.
//!
//! A seed decides the switches of what the notes leave open, and whether Usher's rotation is on. Three bridges, 60 calls and 600 people are
//! there before Usher is; then random things happen (`happenings`): first a calm stretch without faults, then one in which bridges,
//! connections, browsers and Usher itself fail as well. After each stretch everything is healed, nothing happens any more, and once the
//! bound that follows from `Timing` has passed (`clock`), each browser's rows are compared with the truth once, field by field (`compare`).
//!
//! A failure says the seed, the switches, the story of what happened, the differences and the bridges' states. `USHER_SEEDS=100-299` runs
//! other seeds than the usual ones.

#![allow(unreachable_pub)] // the modules are this test alone

#[path = "../common/mod.rs"]
mod common;

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

async fn stretch(scene: &mut Scene, steps: u64, faults: bool) -> Result<(), String> {
    scene.happen(steps, faults).await;
    let truth = scene.settle().await;
    let mut found = Vec::new();
    let slack = Duration::from_secs(10);
    let known = Known { truth: &truth, arrived: &scene.arrived, healed_ms: scene.healed_ms, slack };
    for tab in &scene.tabs {
        let held = tab.held();
        found.extend(held.wrong.iter().map(|wrong| format!("{}: {wrong}", tab.name)));
        found.extend(compare::differences(&held.rows, &known).into_iter().map(|difference| format!("{}: {difference}", tab.name)));
    }
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

async fn run(seed: u64) -> Result<(), String> {
    let begun = Instant::now();
    let mut scene = Scene::open(Draft::of(seed)).await;
    for (steps, faults) in [(150, false), (300, true)] {
        if let Err(found) = stretch(&mut scene, steps, faults).await {
            return Err(scene.report(&found));
        }
    }
    scene.empty().await;
    scene.close().await;
    println!("seed {seed}: clean in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// `USHER_SEEDS=100-299` runs other seeds than the usual ones.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let text = std::env::var("USHER_SEEDS").unwrap_or_else(|_| "1-4".into());
    let (first, last) = text.split_once('-').expect("USHER_SEEDS is like 1-8");
    first.parse().expect("first seed")..=last.parse().expect("last seed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_is_true_after_anything() {
    // What Usher itself tells of a run: `RUST_LOG=usher=debug`.
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
