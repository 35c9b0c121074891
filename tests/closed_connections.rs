//! A bridge, or a proxy in front of it, closes connections after answers without announcement: pages show no difference.

mod common;

use common::desk::{Desk, quiet};
use common::page::check;
use rstest::rstest;
use serde_json::json;
use usher::model::{BridgeState, Lobby};

#[rstest]
#[case::at_once(1)]
#[case::a_little_later(20)]
#[tokio::test]
async fn connections_that_end_after_each_answer_are_not_noticed(#[case] after_ms: u64) {
    let desk = Desk::start(quiet(2)).await;
    desk.control().set_switches(None, json!({ "close_after_ms": after_ms })).expect("switch");
    let mut page = desk.page("mo").await;
    for round in 0..3 {
        let names: Vec<String> = (0..20).map(|n| format!("Guest {round}-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (_, people) = desk.meeting("Board call", "eu-1", &names);
        page.until_waiting(&people).await;
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        let results = page.admit(&round.to_string(), &ids).await;
        assert!(results.values().all(|result| result["result"] == "done"), "{results:?}");
        page.until_lobby(&people, Lobby::In).await;
        let all_live = |page: &common::page::Page| {
            let fine = page.bridges().iter().all(|row| row.state == BridgeState::Live && row.trouble.is_none());
            check(fine, page.bridges())
        };
        page.until("every bridge to be live", all_live).await;
    }
    let accepted: u64 = desk.request_count("PUT /participants/<id>");
    assert_eq!(accepted, 60, "no request twice");
}
