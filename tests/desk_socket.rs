//! The desk's WebSocket: who may open it, what closes it, and what a slow or restarted page gets.

mod common;

use std::time::Duration;

use common::recorded_actions::Recorded;
use common::server::{ServerSetup, TestServer};
use common::{DEADLINE, sample_rows, wait_for};
use futures_util::{SinkExt, StreamExt};
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use usher::hub::HubLimits;

#[tokio::test]
async fn it_takes_a_log_in_and_our_own_origin() {
    let site = TestServer::start().await;
    assert_eq!(site.browser().try_socket(None).await.err(), Some(401));
    let browser = site.logged_in("vi").await;
    assert_eq!(browser.try_socket(Some("https://evil.example")).await.err(), Some(403));
    assert_eq!(browser.try_socket(Some("null")).await.err(), Some(403));
    assert_eq!(browser.try_socket(Some(&format!("https://{}", site.address))).await.err(), Some(403), "another scheme");
    assert!(browser.try_socket(Some(&format!("http://{}", site.address))).await.is_ok());
}

#[rstest]
#[case::not_json("hello", "not a message")]
#[case::unknown(r#"{"type":"dance"}"#, "unknown variant `dance`")]
#[case::extra(r#"{"type":"beat","x":1}"#, "unknown field `x`")]
#[case::long_reason(r#"{"type":"ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"}"#, "unknown variant")]
#[tokio::test]
async fn a_bad_message_closes_with_its_reason(#[case] message: &str, #[case] expected: &str) {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.send_text(message).await;
    let (code, reason) = socket.until_closed().await;
    assert!(code == 4400 && reason.contains(expected), "{code} {reason}");
}

#[rstest]
#[case::too_long(Message::text("x".repeat(300 * 1024)), "longer than 262144 bytes")]
#[case::binary(Message::binary(vec![1, 2, 3]), "messages are text")]
#[tokio::test]
async fn so_does_what_is_no_text_or_too_long(#[case] message: Message, #[case] expected: &str) {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    // The server may close before it has taken all of it.
    let _ = socket.socket.send(message).await;
    let (code, reason) = socket.until_closed().await;
    assert!(code == 4400 && reason.contains(expected), "{code} {reason}");
}

#[rstest]
#[case::nobody(r#"{"type":"admit","ref":"1","people":[],"scope":"shown"}"#, Some("1"), "people has 0 ids")]
#[case::half_an_emoji(r#"{"type":"prefs","ref":"1","value":{"follows":[{"id":"m","name":"Emoji \ud83d"}]}}"#, Some("1"), "not a message")]
#[case::halves_in_the_wrong_order(r#"{"type":"rename","ref":"1","person":"p","label":"\ude00\ud83d"}"#, Some("1"), "not a message")]
#[case::half_an_emoji_without_a_ref(r#"{"type":"look","meeting":"\ud83d","idle":false}"#, None, "not a message")]
#[case::cut_off(r#"{"type":"hold","ref":"1","people":["p"],"on":tr"#, Some("1"), "not a message")]
#[case::a_line_break("{\"type\":\"hold\",\"ref\":\"1\",\"people\":[\"p\"],\"on\":true,\"reason\":\"a\nb\"}", Some("1"), "not a message")]
#[case::unknown(r#"{"type":"dance","ref":"1"}"#, Some("1"), "unknown variant `dance`")]
#[case::an_unknown_field(r#"{"type":"release","ref":"1","ids":["p"],"x":1}"#, Some("1"), "unknown field `x`")]
#[tokio::test]
async fn a_bad_text_refuses_its_request_and_the_connection_goes_on(
    #[case] message: &str,
    #[case] to: Option<&str>,
    #[case] expected: &str,
) {
    let mut site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    socket.send_text(message).await;
    let error = socket.frame().await;
    assert_eq!((&error["type"], &error["code"], &error["ref"]), (&json!("error"), &json!("bad_request"), &json!(to)));
    let said = error["message"].as_str().expect("a message");
    assert!(said.contains(expected) && said.chars().count() <= 200, "{said}");
    assert!(site.requests.try_recv().is_err(), "nothing was asked for");
    socket.send(&json!({ "type": "beat", "ref": "2" })).await;
    assert_eq!(socket.frame().await, json!({ "type": "receipt", "ref": "2" }));
}

#[tokio::test]
async fn the_reason_of_a_refusal_never_echoes_a_long_text() {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.send(&json!({ "type": "\u{1f468}\u{200d}\u{1f469}".repeat(10_000), "ref": "1" })).await;
    let error = socket.frame_of_type("error").await;
    assert!(error["message"].as_str().expect("a message").chars().count() <= 200, "{error}");
}

#[tokio::test]
async fn every_request_is_answered_at_once_by_its_result_or_by_a_receipt() {
    let mut site = TestServer::start().await;
    let mut socket = site.logged_in("ana").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    let slow = [
        json!({ "type": "admit", "people": ["p"], "scope": "person" }),
        json!({ "type": "send_back", "people": ["p"], "scope": "undo" }),
        json!({ "type": "remove", "people": ["p"], "scope": "person" }),
        json!({ "type": "mute", "people": ["p"], "on": true, "scope": "person" }),
        json!({ "type": "rename", "person": "p", "label": "A" }),
        json!({ "type": "lock", "meeting": "m", "on": true }),
        json!({ "type": "message", "meeting": "m", "text": "A", "seconds": null }),
        json!({ "type": "retry", "bridge": "a" }),
        json!({ "type": "pause", "bridge": "a" }),
        json!({ "type": "resume", "bridge": "a" }),
        json!({ "type": "stop", "press": "x" }),
        json!({ "type": "release", "ids": ["p"] }),
        json!({ "type": "prefs", "value": {} }),
        json!({ "type": "watch", "on": false }),
        json!({ "type": "displays", "on": false }),
        json!({ "type": "beat" }),
    ];
    let at_once = [
        json!({ "type": "hold", "people": ["p"], "on": true, "reason": "", "remind_s": null }),
        json!({ "type": "acknowledge", "people": ["p"] }),
        json!({ "type": "thresholds", "meeting": "m", "first_s": 1, "second_s": 2 }),
        json!({ "type": "claim", "kind": "person", "ids": ["p"] }),
    ];
    // No actor executes the request here: a receipt waits for no bridge and no journal.
    for (n, message) in slow.iter().chain(&at_once).enumerate() {
        let mut message = message.clone();
        message["ref"] = json!(n.to_string());
        socket.send(&message).await;
        let frame = socket.frame().await;
        let expected = if n < slow.len() { "receipt" } else { "reply" };
        assert_eq!((&frame["type"], &frame["ref"]), (&json!(expected), &message["ref"]), "{message}");
    }
    let asked = std::iter::from_fn(|| site.requests.try_recv().ok()).count();
    assert_eq!(asked, 10, "what is receipted is handed over");
}

#[tokio::test]
async fn beats_come_to_a_quiet_page_and_nothing_is_asked_of_it_meanwhile() {
    let site = ServerSetup::timing(|timing| timing.beat = Duration::from_millis(100)).start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    let mut times = Vec::new();
    for _ in 0..5 {
        let beat = socket.any_frame().await;
        assert_eq!(beat["type"], "beat");
        times.push(beat["time"].as_i64().expect("a time"));
    }
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn a_viewer_sees_but_may_not_act() {
    let mut site = TestServer::start().await;
    let mut socket = site.logged_in("vi").await.socket().await;
    socket.send(&json!({ "type": "admit", "ref": "1", "people": ["p"], "scope": "person" })).await;
    let error = socket.frame_of_type("error").await;
    assert_eq!((&error["ref"], &error["code"]), (&json!("1"), &json!("forbidden")));
    socket.send(&json!({ "type": "retry", "ref": "2", "bridge": "a" })).await;
    assert_eq!(socket.frame_of_type("error").await["code"], "forbidden");
    assert!(site.requests.try_recv().is_err(), "nothing was asked for");
}

#[rstest]
#[case("mo")]
#[case("vi")]
#[tokio::test]
async fn only_an_administrator_is_sent_figures_and_may_pause(#[case] user: &str) {
    let mut site = TestServer::start().await;
    let (mut socket, mut admin) = (site.logged_in(user).await.socket().await, site.logged_in("ana").await.socket().await);
    for message in [
        json!({ "type": "watch", "ref": "1", "on": true }),
        json!({ "type": "pause", "ref": "2", "bridge": "a" }),
        json!({ "type": "resume", "ref": "3", "bridge": "a" }),
    ] {
        socket.send(&message).await;
        let error = socket.frame_of_type("error").await;
        assert_eq!((&error["ref"], &error["code"]), (&message["ref"], &json!("forbidden")));
    }
    assert!(site.requests.try_recv().is_err(), "nothing was asked for");
    // Figures come; whoever was refused gets the next row and no figures before it.
    admin.send(&json!({ "type": "watch", "ref": "1", "on": true })).await;
    site.figures.send_replace(Vec::new().into());
    admin.frame_of_type("figures").await;
    site.hub.publish(vec![sample_rows::server()], vec![]);
    loop {
        let frame = socket.frame().await;
        assert_ne!(frame["type"], "figures");
        if frame["type"] == "delta" {
            break;
        }
    }
}

#[tokio::test]
async fn figures_end_when_they_are_no_longer_wanted() {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("ana").await.socket().await;
    socket.send(&json!({ "type": "watch", "ref": "1", "on": true })).await;
    socket.frame_of_type("figures").await;
    socket.send(&json!({ "type": "watch", "ref": "2", "on": false })).await;
    // Its snapshot shows that the end was heard.
    socket.send(&json!({ "type": "resync" })).await;
    socket.frame_of_type("snapshot_end").await;
    site.figures.send_replace(Vec::new().into());
    site.hub.publish(vec![sample_rows::server()], vec![]);
    assert_eq!(socket.frame().await["type"], "delta");
}

#[tokio::test]
async fn a_socket_has_sixteen_actions_under_way_at_most() {
    let mut site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    for n in 0..17 {
        socket.send(&json!({ "type": "admit", "ref": n.to_string(), "people": ["p"], "scope": "person" })).await;
    }
    let error = socket.frame_of_type("error").await;
    assert_eq!((&error["ref"], &error["code"]), (&json!("16"), &json!("busy")));
    let mut asked = Vec::new();
    while let Ok(request) = site.requests.try_recv() {
        asked.push(request);
    }
    assert_eq!(asked.len(), 16);
    assert!(asked.iter().all(|request| matches!(request, Recorded::Action { .. })));
}

#[tokio::test]
async fn what_was_said_before_the_page_went_is_done_all_the_same_and_in_its_order() {
    let mut site = TestServer::start().await;
    let browser = site.logged_in("ana").await;
    for round in 0..40 {
        let mut socket = browser.socket().await;
        for word in ["pause", "resume"] {
            socket.send(&json!({ "type": word, "ref": word, "bridge": "a" })).await;
        }
        socket.send(&json!({ "type": "admit", "ref": "admit", "people": ["p"], "scope": "person" })).await;
        drop(socket);
        for wanted in ["pause", "resume", "admit"] {
            let request = common::in_time("what was said", site.requests.recv()).await.expect("open");
            let word = match request {
                Recorded::Pause { paused, .. } => {
                    if paused {
                        "pause"
                    } else {
                        "resume"
                    }
                }
                Recorded::Action { .. } => "admit",
                Recorded::Retry { .. } => "retry",
            };
            assert_eq!(word, wanted, "round {round}");
        }
    }
}

#[tokio::test]
async fn an_action_that_loses_its_task_is_answered() {
    let mut site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.send(&json!({ "type": "admit", "ref": "1", "people": ["p"], "scope": "person" })).await;
    drop(common::in_time("the request", site.requests.recv()).await);
    assert_eq!(socket.frame_of_type("error").await["code"], "busy");
}

#[tokio::test]
async fn one_user_has_a_bounded_number_of_sockets() {
    let site = ServerSetup::config("sockets_per_user = 2").start().await;
    let browser = site.logged_in("mo").await;
    let (mut first, mut second) = (browser.socket().await, browser.socket().await);
    assert_eq!(first.frame().await["type"], "welcome");
    assert_eq!(second.frame().await["type"], "welcome");
    let (code, reason) = browser.socket().await.until_closed().await;
    assert!(code == 4429 && reason.contains("2 connections"), "{code} {reason}");
    site.logged_in("vi").await.socket().await.frame_of_type("snapshot_end").await;
    drop(first);
    wait_for(DEADLINE, "a seat to be free again", async || {
        let mut socket = browser.socket().await;
        match common::in_time("an answer", socket.socket.next()).await {
            Some(Ok(Message::Text(_))) => Ok(()),
            other => Err(other),
        }
    })
    .await;
}

#[tokio::test]
async fn the_list_of_users_shows_who_is_online() {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame().await;
    let page = site.logged_in("ana").await.get("/users").await;
    let (_, row) = page.body.split_once("<tr data-user=\"mo\"").expect("the row of mo");
    assert!(row.split("</tr>").next().expect("row").contains(">1</td>"), "{row}");
}

#[tokio::test]
async fn a_browser_that_never_answers_is_closed_4008() {
    let setup = ServerSetup::timing(|timing| {
        timing.browser_silent = Duration::from_millis(300);
        timing.beat = Duration::from_millis(100);
    });
    let site = setup.start().await;
    assert_eq!(site.logged_in("mo").await.socket().await.until_closed().await.0, 4008);
}

#[tokio::test]
async fn a_browser_that_takes_nothing_is_dropped() {
    let site = ServerSetup::timing(|timing| timing.browser_stuck = Duration::from_millis(300)).start().await;
    let mut ana = site.logged_in("ana").await;
    let socket = site.logged_in("mo").await.socket().await;
    let long = "x".repeat(64 * 1024);
    wait_for(DEADLINE, "the stuck browser to be gone", async || {
        for n in 0..50 {
            site.hub.publish((0..4).map(|m| sample_rows::person(&format!("p{n}-{m}"), &long)).collect(), vec![]);
        }
        let page = ana.get("/users").await;
        let (_, row) = page.body.split_once("<tr data-user=\"mo\"").expect("the row of mo");
        let row = row.split("</tr>").next().unwrap_or_default().to_owned();
        if row.contains(">0</td>") { Ok(()) } else { Err("still there") }
    })
    .await;
    drop(socket);
}

#[tokio::test]
async fn a_browser_that_slept_for_an_hour_comes_back_with_one_snapshot_and_is_still_signed_in() {
    // An hour is many beats, far longer than a silent browser is kept, and more changes than anybody keeps for it.
    let limits = HubLimits { ring_frames: 64, ..HubLimits::default() };
    let mut setup = ServerSetup::timing(|timing| {
        timing.beat = Duration::from_millis(50);
        timing.browser_silent = Duration::from_millis(250);
        timing.keep_login = Duration::from_millis(100);
    });
    setup.limits = limits;
    let site = setup.start().await;
    let (browser, mut ana) = (site.logged_in("mo").await, site.logged_in("ana").await);
    let mut asleep = browser.socket().await;
    asleep.frame_of_type("snapshot_end").await;
    wait_for(DEADLINE, "the sleeper to be given up", async || {
        site.hub.publish(vec![sample_rows::person("p", "Somebody")], vec![]);
        let page = ana.get("/users").await;
        let (_, row) = page.body.split_once("<tr data-user=\"mo\"").expect("the row of mo");
        if row.split("</tr>").next().unwrap_or_default().contains(">0</td>") { Ok(()) } else { Err("still there") }
    })
    .await;
    for n in 0..5000 {
        site.hub.publish(vec![sample_rows::person(&format!("p{}", n % 100), &n.to_string())], vec![]);
    }
    // It wakes up: what is left on its old connection is its end, and then it connects again.
    while let Some(Ok(message)) = common::in_time("the end of the old connection", asleep.socket.next()).await {
        assert!(!matches!(message, Message::Close(Some(frame)) if u16::from(frame.code) == 4401), "not signed out");
    }
    let mut awake = browser.socket().await;
    assert_eq!(awake.frame().await["type"], "welcome");
    let mut held = std::collections::BTreeMap::new();
    let end = loop {
        let frame = awake.any_frame().await;
        match frame["type"].as_str() {
            Some("snapshot") => {
                held.extend(frame["rows"].as_array().expect("rows").iter().map(|row| (row["id"].to_string(), row["name"].clone())));
            }
            Some("snapshot_end") => break frame,
            other => assert_eq!(other, Some("beat")),
        }
    };
    assert_eq!((&end["rows"], &held["\"p99\""]), (&json!(101), &json!("4999")));
    site.hub.publish(vec![sample_rows::person("p", "Later")], vec![]);
    loop {
        let frame = awake.any_frame().await;
        match frame["type"].as_str() {
            Some("beat") => awake.send(&json!({ "type": "beat" })).await,
            other => {
                assert_eq!(
                    (other, frame["seq"].as_u64()),
                    (Some("delta"), end["seq"].as_u64().map(|seq| seq + 1)),
                    "one snapshot is enough"
                );
                break;
            }
        }
    }
}

#[tokio::test]
async fn twenty_tabs_of_one_user_hold_the_same() {
    let site = TestServer::start().await;
    site.hub.publish((0..200).map(|n| sample_rows::person(&format!("p{n}"), "Somebody")).collect(), vec![]);
    let browser = site.logged_in("mo").await;
    let mut tabs = Vec::new();
    for _ in 0..20 {
        tabs.push(browser.socket().await);
    }
    let mut views = Vec::new();
    for tab in &mut tabs {
        let mut parts = Vec::new();
        loop {
            let frame = tab.frame().await;
            match frame["type"].as_str() {
                Some("snapshot") => parts.push(frame["rows"].clone()),
                Some("snapshot_end") => break views.push((parts, frame["seq"].clone())),
                _ => {}
            }
        }
    }
    assert!(views.iter().all(|view| *view == views[0]), "byte for byte the same");
    site.hub.publish(vec![sample_rows::person("p0", "Changed")], vec![]);
    let first = tabs[0].frame_of_type("delta").await;
    for tab in &mut tabs[1..] {
        assert_eq!(tab.frame_of_type("delta").await, first);
    }
}

#[tokio::test]
async fn a_browser_that_takes_a_long_frame_slowly_is_not_dropped() {
    const LENGTH: usize = 16 * 1024 * 1024;
    let site = ServerSetup::timing(|timing| timing.browser_stuck = Duration::from_millis(400)).start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    site.hub.publish(vec![sample_rows::person("p", &"x".repeat(LENGTH))], vec![]);
    let stream = socket.socket.get_mut();
    // Its pace: the whole takes several times as long as a browser may take nothing.
    let mut pace = tokio::time::interval(Duration::from_millis(25));
    let (mut taken, mut piece) = (0, vec![0; 256 * 1024]);
    while taken < LENGTH {
        pace.tick().await;
        let n = common::in_time("a piece", stream.read(&mut piece)).await.expect("read");
        assert!(n > 0, "closed after {taken} bytes");
        taken += n;
    }
}

#[tokio::test]
async fn who_falls_behind_gets_a_snapshot_with_everything() {
    let limits = HubLimits { ring_frames: 8, ..HubLimits::default() };
    let site = ServerSetup { limits, ..ServerSetup::default() }.start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    let long = "x".repeat(200 * 1024);
    // Far more than the kernel's buffers hold, while nobody reads.
    for n in 0..200 {
        site.hub.publish(vec![sample_rows::person(&format!("p{n}"), &long)], vec![]);
        tokio::task::yield_now().await;
    }
    site.hub.publish(vec![sample_rows::person("last", "Last")], vec![]);
    let mut rows = std::collections::BTreeSet::new();
    let mut seq = 0;
    let end = loop {
        let frame = socket.frame().await;
        match frame["type"].as_str() {
            Some("delta") => {
                assert_eq!(frame["seq"], seq + 1);
                seq += 1;
            }
            Some("snapshot") => rows.extend(frame["rows"].as_array().expect("rows").iter().map(|row| row["id"].to_string())),
            Some("snapshot_end") => break frame,
            _ => {}
        }
    };
    assert_eq!((&end["seq"], rows.len()), (&json!(201), 201));
}

#[tokio::test]
async fn asking_again_gives_a_snapshot_and_then_the_deltas_after_it() {
    let site = TestServer::start().await;
    site.hub.publish(vec![sample_rows::person("a", "A")], vec![]);
    let mut socket = site.logged_in("mo").await.socket().await;
    let first = socket.frame_of_type("snapshot_end").await;
    socket.send(&json!({ "type": "resync" })).await;
    let again = socket.frame_of_type("snapshot_end").await;
    assert_eq!((&first["seq"], &again["seq"]), (&json!(1), &json!(1)));
    site.hub.publish(vec![sample_rows::person("b", "B")], vec![]);
    assert_eq!(socket.frame().await["seq"], 2);
}

#[tokio::test]
async fn a_graceful_stop_tells_every_browser_and_waits_for_them() {
    let site = TestServer::start().await;
    let browser = site.logged_in("mo").await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut socket = browser.socket().await;
        socket.frame_of_type("snapshot_end").await;
        sockets.push(socket);
    }
    site.shutdown.cancel();
    for socket in &mut sockets {
        assert_eq!(socket.until_closed().await.0, 1001);
    }
    drop(sockets);
    let tracker = site.tracker.clone();
    common::in_time("the server to end", site.served).await.expect("no panic").expect("no error");
    tracker.close();
    common::in_time("the sockets' tasks", tracker.wait()).await;
}

#[tokio::test]
async fn a_browser_that_says_goodbye_is_answered() {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    let frame = CloseFrame { code: CloseCode::Away, reason: "".into() };
    socket.socket.close(Some(frame)).await.expect("sent");
    assert_eq!(socket.until_closed().await.0, 1001);
}

#[tokio::test]
async fn signing_out_closes_the_pages_of_that_session_only() {
    let site = TestServer::start().await;
    let (mut here, there) = (site.logged_in("mo").await, site.logged_in("mo").await);
    let (mut socket_here, mut socket_there) = (here.socket().await, there.socket().await);
    socket_there.frame_of_type("snapshot_end").await;
    here.post("/account", "/logout", &[]).await;
    assert_eq!(socket_here.until_closed().await.0, 4401);
    site.hub.publish(vec![sample_rows::server()], vec![]);
    assert_eq!(socket_there.frame().await["type"], "delta");
}

#[tokio::test]
async fn a_ping_is_answered() {
    let site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.socket.send(Message::Ping("are you there".into())).await.expect("sent");
    loop {
        match common::in_time("a pong", socket.socket.next()).await {
            Some(Ok(Message::Pong(data))) => break assert_eq!(&data[..], b"are you there"),
            Some(Ok(Message::Text(_))) => {}
            other => panic!("expected a pong, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_sent_together_with_the_upgrade_is_heard() {
    let site = TestServer::start().await;
    let cookie = site.logged_in("mo").await.cookie_header();
    let mut stream = TcpStream::connect(site.address).await.expect("connected");
    let address = site.address;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nOrigin: http://{address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    // A ping that says "x", masked with zeros.
    let together = [request.as_bytes(), b"\x89\x81\0\0\0\0x"].concat();
    stream.write_all(&together).await.expect("sent");
    let mut got = Vec::new();
    while !got.windows(3).any(|bytes| bytes == b"\x8a\x01x") {
        let n = common::in_time("the pong", stream.read_buf(&mut got)).await.expect("read");
        assert!(n > 0, "closed after {}", String::from_utf8_lossy(&got));
    }
    assert!(got.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&got));
}

#[tokio::test]
async fn a_plain_request_is_told_what_the_address_is_for() {
    let site = TestServer::start().await;
    let page = site.logged_in("mo").await.with_header("Origin", &format!("http://{}", site.address)).get("/ws").await;
    assert!(page.status == 400 && page.body.contains("for WebSockets"), "{} {}", page.status, page.body);
}
