//! The simulator's events sockets against events.md, read by a bare WebSocket.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod simulator_kit;

use serde_json::{Value, json};
use simulator_kit::{Cluster, Socket, eventually, fixture, normal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use usher::simulator::{Dial, Id, MeetingTruth, Role, StartCall};

fn roster(index: i64, call: Id, elements: &[&str]) -> Value {
    json!({"index": index, "type": "callRoster", "call": call, "elements": elements})
}

fn calls() -> Value {
    json!({"index": 1, "type": "calls", "elements": ["name", "participants"]})
}

/// A socket that watches one roster, past its initial list.
async fn watching(cluster: &Cluster, meeting: &MeetingTruth, bridge: usize, elements: &[&str]) -> Socket {
    let mut socket = cluster.connect(bridge).await;
    let call = cluster.call(meeting, bridge);
    assert_eq!(socket.subscribe(json!([roster(3, call, elements)])).await, "success");
    socket.settled().await;
    socket
}

fn only(message: &Value) -> &Value {
    let updates = message["updates"].as_array().unwrap_or_else(|| panic!("no updates: {message}"));
    assert_eq!(updates.len(), 1, "{message}");
    &updates[0]
}

#[tokio::test]
async fn the_sequence_is_the_one_of_the_notes() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let call = cluster.call(&meeting, 0);
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    assert_eq!(socket.text().await, fixture!("events_pending.json"));
    assert_eq!(socket.text().await, fixture!("events_pending.json").replace("pending", "active").replace(":1,\"type\"", ":2,\"type\""));
    assert_eq!(normal(&socket.text().await), fixture!("events_calls_add.json"));

    cluster.control().lock(meeting.id).unwrap();
    let set = json!([calls(), {"index": 2, "type": "callInfo", "call": call, "elements": ["name", "lockState"]},
        roster(3, call, &["name", "uri", "state"])]);
    assert_eq!(socket.subscribe(set).await, "success");
    for state in ["pending", "active"] {
        let expected = json!([{"index": 2, "state": state}, {"index": 3, "state": state}]);
        assert_eq!(socket.message().await["subscriptions"], expected);
    }
    assert_eq!(normal(&socket.text().await), fixture!("events_info.json"));

    cluster.join(&meeting, "Bo Berg", Role::Guest, 0);
    assert_eq!(normal(&socket.text().await), fixture!("events_roster_add.json"));
    let count = json!([{"call": call, "updateType": "update", "participants": 1}]);
    assert_eq!(socket.message().await["updates"], count);

    cluster.control().end(meeting.id, None).unwrap();
    assert_eq!(*only(&socket.message().await), json!({"call": call, "updateType": "remove", "reason": "participantInitiated"}));
    let over = json!([{"index": 2, "state": "deactivated"}, {"index": 3, "state": "deactivated"}]);
    assert_eq!(socket.message().await["subscriptions"], over);
}

#[tokio::test]
async fn without_acks_the_bridge_falls_silent_for_good() {
    let cluster = Cluster::with(json!({"ack_timeout_ms": 20, "answer_pings": true, "initial_split": 1})).await;
    for n in 0..30 {
        cluster.meeting(&format!("Meeting {n}"));
    }
    let mut socket = cluster.connect(0).await;
    socket.acks = false;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    for n in 1..=10 {
        assert_eq!(socket.message().await["messageId"], n);
    }
    eventually("silent", async || match cluster.control().requests()[0].events_silenced {
        1 => Ok(()),
        n => Err(n),
    })
    .await;
    socket.send(json!({"type": "messageAck", "messageAck": {"messageId": 1, "status": "success"}})).await;
    cluster.meeting("One more");
    socket.send_message(Message::Ping("still there?".into())).await;
    let next = socket.frame().await;
    assert!(matches!(next, Some(Ok(Message::Pong(_)))), "no message may come: {next:?}");
}

#[tokio::test]
async fn without_acks_the_bridge_may_close_instead() {
    let cluster = Cluster::with(json!({"ack_timeout_ms": 20, "no_ack": "close", "ack_window": 1})).await;
    let mut socket = cluster.connect(0).await;
    socket.acks = false;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    assert_eq!(socket.message().await["messageId"], 1);
    assert!(matches!(socket.frame().await, Some(Ok(Message::Close(None)))));
}

#[tokio::test]
async fn an_unlimited_window_needs_no_acks() {
    let cluster = Cluster::with(json!({"ack_window": 0, "ack_timeout_ms": 0, "initial_split": 1})).await;
    for n in 0..20 {
        cluster.meeting(&format!("Meeting {n}"));
    }
    let mut socket = cluster.connect(0).await;
    socket.acks = false;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    for n in 1..=22 {
        assert_eq!(socket.message().await["messageId"], n);
    }
}

#[tokio::test]
async fn a_new_request_replaces_the_whole_set() {
    let cluster = Cluster::with(json!({})).await;
    let (one, two) = (cluster.meeting("One"), cluster.meeting("Two"));
    let (bo, cy) = (cluster.join(&one, "Bo", Role::Host, 0), cluster.join(&two, "Cy", Role::Host, 0));
    let mut socket = watching(&cluster, &one, 0, &["name"]).await;
    assert_eq!(only(&socket.message().await)["name"], "Bo");
    let both = json!([roster(3, cluster.call(&one, 0), &["name"]), roster(4, cluster.call(&two, 0), &["name"])]);
    assert_eq!(socket.subscribe(both).await, "success");
    assert_eq!(socket.message().await["subscriptions"], json!([{"index": 4, "state": "pending"}]));
    assert_eq!(socket.message().await["subscriptions"], json!([{"index": 4, "state": "active"}]));
    assert_eq!(only(&socket.message().await)["name"], "Cy", "no add again for index 3");

    assert_eq!(socket.subscribe(json!([roster(4, cluster.call(&two, 0), &["name"])])).await, "success");
    cluster.control().rename(bo.id, "Unseen").unwrap();
    cluster.control().rename(cy.id, "Seen").unwrap();
    let message = socket.message().await;
    assert_eq!((only(&message)["name"].as_str(), &message["subscriptionIndex"]), (Some("Seen"), &json!(4)));

    cluster.control().set_switches(None, json!({"readd_on_replacement": true, "pending_again": true})).unwrap();
    assert_eq!(socket.subscribe(json!([roster(4, cluster.call(&two, 0), &["name"])])).await, "success");
    socket.settled().await;
    assert_eq!(only(&socket.message().await)["updateType"], "add");
}

#[tokio::test]
async fn updates_hold_only_what_changed_and_was_asked_for() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0);
    let mut socket = watching(&cluster, &meeting, 0, &["name", "audioMuted"]).await;
    assert_eq!(*only(&socket.message().await), json!({"participant": bo.id, "updateType": "add", "name": "Bo", "audioMuted": false}));
    cluster.control().hold(bo.id, true).unwrap();
    cluster.control().mute(bo.id, true).unwrap();
    assert_eq!(*only(&socket.message().await), json!({"participant": bo.id, "updateType": "update", "audioMuted": true}));
}

#[tokio::test]
async fn a_roster_says_nothing_about_the_lobby_unless_switched() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let mut socket = watching(&cluster, &meeting, 0, &["name", "state", "deactivated", "isActivator"]).await;
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 0);
    assert_eq!(*only(&socket.message().await), json!({"participant": bo.id, "updateType": "add", "name": "Bo", "state": "connected"}));
    cluster.control().admit(bo.id).unwrap();
    cluster.control().lobby(bo.id).unwrap();
    cluster.control().rename(bo.id, "Bo B").unwrap();
    assert_eq!(only(&socket.message().await)["name"], "Bo B", "admit and lobby are not told");
    cluster.control().set_switches(None, json!({"lobby_hint": true})).unwrap();
    cluster.control().admit(bo.id).unwrap();
    assert_eq!(*only(&socket.message().await), json!({"participant": bo.id, "updateType": "update", "deactivated": false}));
}

#[tokio::test]
async fn every_instance_reports_everybody_and_only_its_own_end() {
    let cluster = Cluster::with(json!({})).await;
    let meeting =
        cluster.control().start_call(StartCall { name: "Weekly sync".into(), active_when_empty: false, ..StartCall::default() }).unwrap();
    cluster.join(&meeting, "Ann", Role::Member, 0);
    let bo = cluster.join(&meeting, "Bo", Role::Member, 1);
    let mut sockets = Vec::new();
    for bridge in [0, 1] {
        let mut socket = watching(&cluster, &meeting, bridge, &["name"]).await;
        assert_eq!(socket.message().await["updates"].as_array().unwrap().len(), 2);
        sockets.push(socket);
    }
    cluster.control().rename(bo.id, "Bo B").unwrap();
    for socket in &mut sockets {
        assert_eq!(only(&socket.message().await)["participant"], json!(bo.id));
    }
    cluster.control().leave(bo.id).unwrap();
    assert_eq!(only(&sockets[0].message().await)["updateType"], "remove");
    assert_eq!(sockets[1].message().await["subscriptions"], json!([{"index": 3, "state": "deactivated"}]), "its last local one left");
}

#[tokio::test]
async fn a_call_can_end_in_any_order() {
    let cluster = Cluster::with(json!({"deactivated_at_end": "before", "roster_removes_first": true})).await;
    let meeting =
        cluster.control().start_call(StartCall { name: "Short".into(), active_when_empty: false, ..StartCall::default() }).unwrap();
    let bo = cluster.join(&meeting, "Bo", Role::Member, 0);
    let mut socket = cluster.connect(0).await;
    let call = cluster.call(&meeting, 0);
    assert_eq!(socket.subscribe(json!([calls(), roster(2, call, &["name"])])).await, "success");
    socket.settled().await;
    socket.message().await;
    socket.message().await;
    cluster.control().leave(bo.id).unwrap();
    assert_eq!(*only(&socket.message().await), json!({"participant": bo.id, "updateType": "remove", "reason": "allLeft"}));
    assert_eq!(socket.message().await["subscriptions"], json!([{"index": 2, "state": "deactivated"}]));
    assert_eq!(*only(&socket.message().await), json!({"call": call, "updateType": "remove", "reason": "allLeft"}));
}

#[tokio::test]
async fn a_token_is_good_for_one_socket() {
    let cluster = Cluster::with(json!({})).await;
    let token = cluster.token(0).await;
    assert!(cluster.connect_with(1, &token).await.is_err(), "tokens are per bridge");
    cluster.connect_with(0, &token).await.unwrap();
    let error = cluster.connect_with(0, &token).await.err().unwrap();
    assert!(error.to_string().contains("401"), "{error}");
    cluster.control().set_switches(None, json!({"token_single_use": false})).unwrap();
    let token = cluster.token(0).await;
    cluster.connect_with(0, &token).await.unwrap();
    cluster.connect_with(0, &token).await.unwrap();
}

#[tokio::test]
async fn what_a_bridge_refuses_it_acks_without_success() {
    let cluster = Cluster::with(json!({"subscription_limit": 2, "error_status": "no more"})).await;
    let meeting = cluster.meeting("Weekly sync");
    let call = cluster.call(&meeting, 0);
    let mut socket = cluster.connect(0).await;
    let set = |n: i64| Value::Array((1..=n).map(|i| roster(i, call, &["name"])).collect());
    assert_eq!(socket.subscribe(set(3)).await, "no more");
    assert_eq!(socket.subscribe(json!([{"index": 1, "type": "weather"}])).await, "no more");
    assert_eq!(socket.subscribe(set(2)).await, "success");
    socket.settled().await;
    assert_eq!(socket.subscribe(json!([roster(9, Id::default(), &["name"])])).await, "success");
    assert_eq!(socket.message().await["subscriptions"], json!([{"index": 9, "state": "deactivated"}]));
    assert_eq!(cluster.control().requests()[0].subscribe_requests, 4);
}

#[tokio::test]
async fn a_request_with_a_call_that_is_not_there_may_be_refused_whole() {
    let cluster = Cluster::with(json!({"unknown_call": "refused"})).await;
    let call = cluster.call(&cluster.meeting("Weekly sync"), 0);
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([roster(1, call, &["name"]), roster(2, Id::default(), &["name"])])).await, "failure");
    assert_eq!(socket.subscribe(json!([roster(1, call, &["name"])])).await, "success");
}

#[tokio::test]
async fn what_is_accepted_may_stay_pending() {
    let cluster = Cluster::with(json!({"active_limit": 1})).await;
    let meeting = cluster.meeting("Weekly sync");
    let call = cluster.call(&meeting, 0);
    let mut socket = cluster.connect(0).await;
    let set = json!([roster(1, call, &["name"]), roster(2, call, &["name"])]);
    assert_eq!(socket.subscribe(set.clone()).await, "success");
    let state = |index: i64, state: &str| json!({"index": index, "state": state});
    assert_eq!(socket.message().await["subscriptions"], json!([state(1, "pending"), state(2, "pending")]));
    assert_eq!(socket.message().await["subscriptions"], json!([state(1, "active")]));
    cluster.join(&meeting, "Bo", Role::Host, 0);
    assert_eq!(socket.message().await["subscriptionIndex"], 1, "and nothing under 2");
    cluster.control().set_switches(None, json!({"never_active": true})).unwrap();
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(set).await, "success");
    assert_eq!(socket.message().await["subscriptions"], json!([state(1, "pending"), state(2, "pending")]));
    cluster.control().set_switches(None, json!({"never_active": false, "active_limit": 0})).unwrap();
    assert_eq!(socket.subscribe(json!([roster(3, call, &["name"])])).await, "success");
    assert_eq!(socket.message().await["subscriptions"], json!([state(3, "pending")]), "nothing came in between");
}

/// It is an inference that participants in the lobby are listed as connected.
#[tokio::test]
async fn who_waits_may_be_listed_as_ringing_or_without_a_state() {
    for (shown, state) in [("connected", json!("connected")), ("ringing", json!("ringing")), ("absent", Value::Null)] {
        let cluster = Cluster::with(json!({"waiting_participant": shown})).await;
        let meeting = cluster.meeting("Weekly sync");
        let mut socket = cluster.connect(0).await;
        assert_eq!(socket.subscribe(json!([roster(1, cluster.call(&meeting, 0), &["state"])])).await, "success");
        socket.settled().await;
        let bo = cluster.join(&meeting, "Bo", Role::Guest, 0).id;
        assert_eq!(socket.message().await["updates"][0]["state"], state, "{shown}");
        let participant = cluster.get(0, &format!("/participants/{bo}")).await.body;
        assert_eq!(participant.contains(&format!("<state>{shown}</state>")), shown != "absent", "{participant}");
        let leg = cluster.get(0, &format!("/participants/{bo}/callLegs")).await.body;
        assert!(leg.contains("total=\"1\""), "{leg}");
        cluster.control().admit(bo).unwrap();
        cluster.join(&meeting, "Cy", Role::Host, 0);
        let next = socket.message().await["updates"][0].clone();
        // An admission is invisible where both states are connected.
        let expected = if shown == "connected" { "add" } else { "update" };
        assert_eq!((&next["updateType"], &next["state"]), (&json!(expected), &json!("connected")), "{shown}");
    }
}

#[tokio::test]
async fn lists_can_be_split_empty_or_disturbed() {
    let cluster = Cluster::with(json!({"empty_list_message": true, "subscription_updates_split": true})).await;
    let meeting = cluster.meeting("Weekly sync");
    let call = cluster.call(&meeting, 0);
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([roster(1, call, &["name"]), roster(2, call, &["name"])])).await, "success");
    for (index, state) in [(1, "pending"), (2, "pending"), (1, "active"), (2, "active")] {
        assert_eq!(socket.message().await["subscriptions"], json!([{"index": index, "state": state}]));
    }
    assert_eq!(socket.message().await["updates"], json!([]));
    socket.message().await;

    let disturbed = json!({"duplicate_updates": true, "reorder_updates": true, "unknown_updates": true});
    cluster.control().set_switches(None, disturbed).unwrap();
    assert_eq!(socket.subscribe(json!([roster(5, call, &["name"])])).await, "success");
    socket.message().await;
    socket.message().await;
    socket.message().await;
    cluster.join(&meeting, "Bo", Role::Host, 0);
    let mut kinds = Vec::new();
    loop {
        let message = socket.message().await;
        kinds.push(message["type"].clone());
        if let Some(updates) = message["updates"].as_array().filter(|u| u.len() > 2) {
            assert_eq!(updates[0], updates[1]);
            assert!(updates.iter().any(|u| u["updateType"] == "shimmer"), "{message}");
            break;
        }
    }
    assert!(kinds.contains(&json!("weatherUpdate")), "{kinds:?}");
}

#[tokio::test]
async fn spellings_and_counts_follow_their_switches() {
    let cluster =
        Cluster::with(json!({"on_hold_spelling": "onhold", "endpoint_recording_form": "boolean", "participants_count": "local"})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Host, 0);
    let mut socket = watching(&cluster, &meeting, 0, &["state", "endpointRecording"]).await;
    assert_eq!(only(&socket.message().await)["endpointRecording"], json!(false));
    cluster.control().hold(bo.id, true).unwrap();
    assert_eq!(only(&socket.message().await)["state"], "onhold");
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    socket.settled().await;
    assert_eq!(only(&socket.message().await)["participants"], 1);
    cluster.join(&meeting, "Cy", Role::Host, 1);
    cluster.join(&meeting, "Di", Role::Host, 0);
    assert_eq!(only(&socket.message().await)["participants"], 2, "the remote one is neither counted nor told");
}

#[tokio::test]
async fn a_dial_out_is_seen_before_it_is_answered() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let mut socket = watching(&cluster, &meeting, 0, &["name", "state", "direction"]).await;
    for (fails, last) in [(None, json!("connected")), (Some("remoteBusy"), json!("remoteBusy"))] {
        let dial = Dial {
            meeting: meeting.id,
            bridge: None,
            name: "Ext".into(),
            uri: "ext@example.org".into(),
            fails: fails.map(str::to_owned),
            ring_after_ms: 1,
            end_after_ms: 2,
        };
        let ext = cluster.control().dial(dial).unwrap();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            for update in socket.message().await["updates"].as_array().unwrap() {
                assert_eq!(update["participant"], json!(ext.id));
                seen.push(if update["updateType"] == "remove" { update["reason"].clone() } else { update["state"].clone() });
            }
            // Ringing and answering may fall into one message; then the newest state is sent once.
            if seen.last() == Some(&last) {
                break;
            }
        }
        assert_eq!((seen.first(), seen.last()), (Some(&json!("initial")), Some(&last)), "{seen:?}");
    }
}

#[tokio::test]
async fn pings_go_unanswered_by_default() {
    let cluster = Cluster::with(json!({})).await;
    let mut socket = cluster.connect(0).await;
    socket.send_message(Message::Ping("a".into())).await;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success", "the ack comes first, so there was no pong");
    socket.settled().await;
    cluster.control().set_switches(None, json!({"answer_pings": true})).unwrap();
    socket.send_message(Message::Ping("b".into())).await;
    assert!(matches!(socket.frame().await, Some(Ok(Message::Pong(_)))));
}

#[tokio::test]
async fn frames_can_be_broken_huge_or_withheld() {
    let cluster = Cluster::with(json!({"invalid_json_events": true})).await;
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    assert!(serde_json::from_str::<Value>(&socket.text().await).is_err());
    assert_eq!(socket.message().await["subscriptions"][0]["state"], "pending");

    cluster.control().replace_switches(None, json!({"invalid_utf8_events": true})).unwrap();
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    assert!(matches!(socket.frame().await, Some(Err(_))));

    cluster.control().replace_switches(None, json!({"events_padding": 2_000_000})).unwrap();
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([calls()])).await, "success");
    assert!(socket.text().await.len() > 2_000_000);
    socket.text().await;

    cluster.control().replace_switches(None, json!({"events_stall": true})).unwrap();
    cluster.meeting("Unseen for now");
    cluster.control().replace_switches(None, json!({})).unwrap();
    assert_eq!(only(&socket.message().await)["name"], "Unseen for now");

    cluster.control().replace_switches(None, json!({"idle_close_ms": 1})).unwrap();
    assert!(matches!(socket.frame().await, Some(Ok(Message::Close(_)))));
}

/// Clients with a pool of connections upgrade one that has served REST.
#[tokio::test]
async fn a_connection_that_has_served_rest_becomes_an_events_socket() {
    let cluster = Cluster::with(json!({})).await;
    let token = cluster.token(0).await;
    let (accepted, refused) = (pooled_upgrade(&cluster, &token).await, pooled_upgrade(&cluster, "made-up").await);
    assert!(accepted.starts_with("HTTP/1.1 101"), "{accepted}");
    assert!(accepted.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{accepted}");
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
}

/// The head of the response to an upgrade after a GET on the same connection.
async fn pooled_upgrade(cluster: &Cluster, token: &str) -> String {
    let bridge = cluster.bridge(0);
    let host = bridge.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let get = format!("GET /api/v1/system/status HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(get.as_bytes()).await.unwrap();
    let first = head(&mut stream).await;
    assert!(first.starts_with("HTTP/1.1 401"), "without credentials, and the connection stays: {first}");
    let upgrade = format!(
        "GET /events/v1?authToken={token} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    head(&mut stream).await
}

async fn head(stream: &mut tokio::net::TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_u8()).await.expect("an answer in time");
        head.push(byte.unwrap());
    }
    String::from_utf8(head).unwrap()
}
