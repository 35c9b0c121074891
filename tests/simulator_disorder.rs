//! The simulator's disorder switches: early, late, repeated and reordered messages; another certificate, another clock.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod simulator_kit;

use serde_json::{Value, json};
use simulator_kit::{Cluster, Socket, eventually};
use usher::simulator::{Id, MeetingTruth, Options, Role, TlsMode, start};

fn roster(index: i64, call: Id) -> Value {
    json!({"index": index, "type": "callRoster", "call": call, "elements": ["name", "state"]})
}

/// A socket that follows one call's roster under index 3; the call has no participants yet.
async fn following(switches: Value) -> (Cluster, MeetingTruth, Socket) {
    let cluster = Cluster::with(switches).await;
    let meeting = cluster.meeting("Weekly sync");
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([roster(3, cluster.call(&meeting, 0))])).await, "success");
    socket.settled().await;
    (cluster, meeting, socket)
}

/// Kind, index and participant of each update in the next message.
async fn told(socket: &mut Socket) -> Vec<(String, i64, Id)> {
    let message = socket.message().await;
    let index = message["subscriptionIndex"].as_i64().unwrap_or_else(|| panic!("{message}"));
    let update = |update: &Value| {
        let kind = update["updateType"].as_str().unwrap().to_owned();
        (kind, index, Id::parse(update["participant"].as_str().unwrap()).unwrap())
    };
    message["updates"].as_array().unwrap().iter().map(update).collect()
}

fn kinds(updates: &[(String, i64, Id)]) -> Vec<&str> {
    updates.iter().map(|(kind, ..)| kind.as_str()).collect()
}

#[tokio::test]
async fn an_update_can_come_before_its_add() {
    let (cluster, meeting, mut socket) = following(json!({"early_updates": true})).await;
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0).id;
    assert_eq!(told(&mut socket).await, [("update".into(), 3, bo)]);
    assert_eq!(told(&mut socket).await, [("add".into(), 3, bo)]);
}

#[tokio::test]
async fn an_add_can_be_lost_and_an_update_tell_alone() {
    let (cluster, meeting, mut socket) = following(json!({"lost_adds": true})).await;
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0).id;
    assert_eq!(told(&mut socket).await, [("update".into(), 3, bo)]);
}

#[tokio::test]
async fn people_can_be_added_and_removed_twice() {
    let (cluster, meeting, mut socket) = following(json!({"duplicate_updates": true})).await;
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0).id;
    assert_eq!(kinds(&told(&mut socket).await), ["add", "add"]);
    cluster.control().leave(bo).unwrap();
    assert_eq!(kinds(&told(&mut socket).await), ["remove", "remove"]);
}

#[tokio::test]
async fn a_dropped_index_can_go_on_telling_and_its_reuse_is_counted() {
    let (cluster, meeting, mut socket) = following(json!({"late_updates": true})).await;
    let other = cluster.meeting("Other");
    assert_eq!(socket.subscribe(json!([roster(4, cluster.call(&other, 0))])).await, "success");
    socket.settled().await;
    assert_eq!(cluster.control().requests()[0].indexes_reused, 0);
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0).id;
    assert_eq!(told(&mut socket).await, [("add".into(), 3, bo)], "index 3 is in no request any more");
    assert_eq!(socket.subscribe(json!([roster(3, cluster.call(&other, 0))])).await, "success");
    assert_eq!(cluster.control().requests()[0].indexes_reused, 1, "3 stands for another call now");
}

#[tokio::test]
async fn updates_can_come_after_the_end_of_their_call() {
    let (cluster, meeting, mut socket) = following(json!({"late_updates": true})).await;
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0).id;
    told(&mut socket).await;
    cluster.control().end(meeting.id, None).unwrap();
    assert_eq!(socket.message().await["subscriptions"], json!([{"index": 3, "state": "deactivated"}]));
    assert_eq!(told(&mut socket).await, [("update".into(), 3, bo)]);
}

#[tokio::test]
async fn rosters_can_be_deactivated_while_their_calls_go_on() {
    let (cluster, meeting, mut socket) = following(json!({})).await;
    cluster.control().deactivate_rosters("eu-1").unwrap();
    assert_eq!(socket.message().await["subscriptions"], json!([{"index": 3, "state": "deactivated"}]));
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0).id;
    assert_eq!(socket.subscribe(json!([roster(5, cluster.call(&meeting, 0))])).await, "success");
    socket.settled().await;
    assert_eq!(told(&mut socket).await, [("add".into(), 5, bo)], "nothing came meanwhile, and everything comes anew");
}

#[tokio::test]
async fn a_bridge_can_be_deaf_to_acks() {
    let (cluster, meeting, mut socket) = following(json!({"ignore_acks": true, "ack_timeout_ms": 20, "ack_window": 3})).await;
    cluster.join(&meeting, "Bo", Role::Host, 0);
    assert_eq!(kinds(&told(&mut socket).await), ["add"], "the third message after pending and active");
    eventually("silent", async || match cluster.control().requests()[0].events_silenced {
        1 => Ok(()),
        n => Err(n),
    })
    .await;
}

/// The names on a page of the call's participants.
async fn page(cluster: &Cluster, call: Id, offset: usize) -> Vec<String> {
    let body = cluster.get(0, &format!("/calls/{call}/participants?offset={offset}")).await.body;
    body.split("<name>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_can_shift_while_they_are_read() {
    let cluster = Cluster::with(json!({"cap_participants": 2})).await;
    let meeting = cluster.meeting("Weekly sync");
    for name in ["A", "B", "C", "D", "E"] {
        cluster.join(&meeting, name, Role::Host, 0);
    }
    let call = cluster.call(&meeting, 0);
    assert_eq!(
        (page(&cluster, call, 0).await, page(&cluster, call, 2).await),
        (vec!["A".into(), "B".into()], vec!["C".into(), "D".into()])
    );
    cluster.control().set_switches(None, json!({"pages_shift": 1})).unwrap();
    assert_eq!(page(&cluster, call, 0).await, ["A", "B"]);
    assert_eq!(page(&cluster, call, 2).await, ["D", "E"], "C has moved up to the page that was read already");
    assert_eq!(page(&cluster, call, 4).await, ["B"], "and somebody comes twice");
    assert_eq!(page(&cluster, call, 0).await, ["C", "D"], "the order stays as it is between two readings");
}

#[tokio::test]
async fn a_bridges_clock_can_be_wrong() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let seconds = async |bridge: usize| -> i64 {
        let body = cluster.get(bridge, &format!("/calls/{}", cluster.call(&meeting, 0))).await.body;
        body.split("<durationSeconds>").nth(1).unwrap_or_else(|| panic!("{body}")).split('<').next().unwrap().parse().unwrap()
    };
    assert!(seconds(0).await < 60);
    cluster.control().set_switches(Some("eu-1"), json!({"clock_offset_ms": 3_600_000})).unwrap();
    assert!((3600..3660).contains(&seconds(0).await));
    cluster.control().set_switches(Some("eu-1"), json!({"clock_offset_ms": -3_600_000})).unwrap();
    assert_eq!(seconds(0).await, 0);
}

/// The error that a client sees which trusts the first authority and this host.
async fn believed(url: &str, pem: &str) -> Result<u16, String> {
    let ca = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    let reply = http.get(format!("{url}/api/v1/calls")).send().await;
    reply.map(|reply| reply.status().as_u16()).map_err(|error| format!("{error:?}"))
}

#[tokio::test]
async fn one_bridge_can_change_its_certificate_while_it_runs() {
    let options = Options { calls: 0, people: 0, rate: 0.0, tls: TlsMode::Ca, ..Options::default() };
    let sim = start(options).await.unwrap();
    let (pem, urls) = (sim.ca_pem().unwrap(), [&sim.bridges()[0].url, &sim.bridges()[1].url]);
    for (certificate, found) in
        [("other_ca", "UnknownIssuer"), ("expired", "Expired"), ("wrong_host", "NotValidForName"), ("self_signed", "UnknownIssuer")]
    {
        sim.control().set_switches(Some("eu-1"), json!({ "certificate": certificate })).unwrap();
        let error = believed(urls[0], pem).await.unwrap_err();
        assert!(error.contains(found), "{certificate}: {error}");
        assert_eq!(believed(urls[1], pem).await, Ok(401));
    }
    sim.control().set_switches(Some("eu-1"), json!({ "certificate": null })).unwrap();
    assert_eq!(believed(urls[0], pem).await, Ok(401));
    sim.stop().await;
}
