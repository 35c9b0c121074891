//! `usher serve` as a process: what its signals do.
#![cfg(unix)]

mod common;

use common::desk::{check, quiet};
use common::process::Process;
use usher::simulator;
use usher::view::BridgeState;

#[tokio::test]
async fn sighup_reads_the_configuration_again_and_a_mistake_in_it_changes_nothing() {
    let sim = simulator::start(quiet(2)).await.expect("simulator");
    let usher = Process::start(&sim, "").await;
    let mut page = usher.page("mo").await;
    let live = |page: &common::desk::Page, n: usize| {
        let live = page.bridges().iter().filter(|bridge| bridge.state == BridgeState::Live).count();
        check(live == n && page.bridges().len() == n, page.bridges())
    };
    page.until("both bridges", |page| live(page, 2)).await;

    let good = usher.configuration(&sim, "");
    usher.configure(&format!("{good}[cms]\nin_flight = 99\n"));
    usher.signal("HUP");
    usher.says("configuration key `cms.in_flight`: got 99; allowed: 2 to 8").await;
    usher.says("nothing has changed").await;
    live(&page, 2).expect("as before");

    let (first, second) = good.split_at(good.rfind("[[bridge]]").expect("the second bridge"));
    usher.configure(&first.replace(&usher.address.to_string(), "127.0.0.1:1"));
    usher.signal("HUP");
    page.until("the second bridge to be gone", |page| live(page, 1)).await;
    usher.says("key=\"listen\"").await;
    usher.says("removed=[\"eu-2\"]").await;

    usher.configure(&format!("{first}{second}"));
    usher.signal("HUP");
    page.until("the second bridge to be back", |page| live(page, 2)).await;
    let secret = &sim.bridges()[0].password;
    assert!(!usher.said().contains(secret), "no secret is logged");
}
