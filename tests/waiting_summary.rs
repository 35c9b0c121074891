//! The sums of all lobbies, which pages without a socket ask for.

mod common;

use common::server::TestServer;
use rstest::rstest;
use serde_json::{Value, json};
use usher::model::LobbySummary;

#[tokio::test]
async fn only_who_is_signed_in_is_told_who_waits() {
    let site = TestServer::start().await;
    let answer = site.browser().get("/waiting").await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""), "a script can't follow a redirection to a form");
}

#[rstest]
#[case("vi")]
#[case("mo")]
#[case("ana")]
#[tokio::test]
async fn the_sums_are_those_of_the_moment_and_never_cached(#[case] name: &str) {
    let site = TestServer::start().await;
    let mut browser = site.logged_in(name).await;
    let mut sums = async || {
        let answer = browser.get("/waiting").await;
        assert_eq!((answer.status, answer.header("content-type"), answer.header("cache-control")), (200, "application/json", "no-store"));
        serde_json::from_str::<Value>(&answer.body).expect("JSON")
    };
    let before = sums().await;
    assert!(before["time"].as_i64().is_some() && before["waiting"] == 0 && before["bridges"] == 0, "{before}");
    let lobbies =
        LobbySummary { waiting: 2, longest_since: Some(5), long_at: Some(6), too_long_at: Some(7), bridges: 1, ..Default::default() };
    site.lobbies.send_replace(lobbies);
    let mut after = sums().await;
    let time = after.as_object_mut().and_then(|fields| fields.remove("time")).expect("a time");
    assert!(time.as_i64() >= before["time"].as_i64(), "{time}");
    let expected = json!({
        "waiting": 2, "held": 0, "longest_since": 5, "long_at": 6, "too_long_at": 7, "unknown": 0, "bridges": 1, "bridges_out_of_date": 0,
    });
    assert_eq!(after, expected);
}
