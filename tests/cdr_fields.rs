//! The form field that holds a CDR receiver's address: `url` by the guide's prose, `uri` by its attributes. One receiver, whichever it is.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::check;
use common::usher_command::run_cdr_command;
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::json;
use usher::config::{CdrMode, Config};
use usher::model::CdrState;

async fn start(field: &str, listed: &str, foreign: usize, mode: CdrMode) -> Desk {
    let mut options = quiet(1);
    options.switches = Some(json!({ "cdr_form_field": field, "cdr_listed": listed, "cdr_foreign_receivers": foreign }).to_string());
    let often = |config: &mut Config| {
        config.bridges.iter_mut().for_each(|bridge| bridge.cdr = mode);
        config.timing.cdr_register = Duration::from_millis(100);
    };
    Desk::start_with(options, "", often).await
}

/// How many receivers the bridge has.
async fn receivers(desk: &Desk) -> usize {
    let bridge = &desk.sim.bridges()[0];
    let request = reqwest::Client::new().get(format!("{}/api/v1/system/cdrReceivers", bridge.url));
    let answer = request.basic_auth(&bridge.username, Some(&bridge.password)).send().await.expect("an answer");
    answer.text().await.expect("a list").matches("<cdrReceiver id").count()
}

#[rstest]
#[tokio::test]
async fn a_bridge_is_registered_at_once_whatever_it_calls_the_field(
    #[values("url", "also_uri", "uri", "uri_nothing", "uri_empty")] field: &str,
    #[values("as_given", "respelled", "without_uri")] listed: &str,
    #[values(0, 1)] foreign: usize,
) {
    let desk = start(field, listed, foreign, CdrMode::Register).await;
    let mut page = desk.page("mo").await;
    wait_for(DEADLINE, "looks at the list after the registration", async || {
        let looks = desk.request_count("GET /system/cdrReceivers");
        check(looks >= 6 && desk.request_count("POST /system/cdrReceivers") > 0, desk.control().requests())
    })
    .await;
    desk.meeting("Board", "eu-1", &["Bo Berg"]);
    page.until("records", |page| check(page.bridge("eu-1")?.cdr == CdrState::Arriving, page.bridges())).await;
    assert_eq!(receivers(&desk).await, foreign + 1, "{:?}", desk.control().requests());
    assert!(page.bridge("eu-1").expect("row").cdr_trouble.is_none(), "{:?}", page.bridges());
    let posted = desk.request_count("POST /system/cdrReceivers");
    assert!(posted <= 2, "{posted}");
    let looks = desk.request_count("GET /system/cdrReceivers");
    let desk = desk.restart().await;
    wait_for(DEADLINE, "more looks after a restart", async || {
        check(desk.request_count("GET /system/cdrReceivers") >= looks + 4, desk.control().requests())
    })
    .await;
    assert_eq!(desk.request_count("POST /system/cdrReceivers"), posted, "known again");
    assert_eq!(desk.request_count("DELETE /system/cdrReceivers/<id>"), 0);
}

#[rstest]
#[tokio::test]
async fn the_command_line_registers_removes_and_renews_whatever_the_field(#[values("url", "uri", "uri_nothing", "uri_empty")] field: &str) {
    let desk = start(field, "as_given", 1, CdrMode::Receive).await;
    assert!(run_cdr_command(&desk, "cdr register").await.contains("eu-1  registered"));
    assert_eq!(receivers(&desk).await, 2);
    assert!(run_cdr_command(&desk, "cdr register").await.contains("already"));
    assert!(run_cdr_command(&desk, "cdr renew eu-1").await.contains("eu-1  removed"));
    assert_eq!(receivers(&desk).await, 1, "somebody else's is left");
}
