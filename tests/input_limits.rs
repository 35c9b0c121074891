//! Every text from a browser, a proxy or a bridge has a limit: each field of each message, form or query, each header, each element of CMS.
//! None of them, however long, is stored in the database, written to the log or sent to browsers as a whole.

mod common;

use std::path::Path;

use common::browser::{Browser, csrf};
use common::desk::{PASSWORD, quiet};
use common::page::{Page, check};
use common::usher_process::UsherProcess;
use common::{DEADLINE, wait_for};
use reqwest::header::{HeaderName, HeaderValue};
use rstest::rstest;
use serde_json::{Value, json};
use usher::simulator::{self, Join, ParticipantTruth, Role, Simulator, StartCall};

/// Longer than anything that is kept, shorter than what a server refuses unread.
const LONG: usize = 30_000;
/// So many of one letter in a row are what was sent, and not cut. Preferences are a page's own and bounded as a whole.
const KEPT: usize = 1_100;

/// A valid message of each kind, by name.
fn messages() -> Vec<Value> {
    let display = json!({ "name": "Lobby", "meetings": { "all": true } });
    vec![
        json!({ "type": "admit", "people": ["a"], "scope": "person", "over": ["c"] }),
        json!({ "type": "send_back", "people": ["a"], "scope": "person", "over": ["c"] }),
        json!({ "type": "remove", "people": ["a"], "scope": "person", "over": ["c"] }),
        json!({ "type": "mute", "people": ["a"], "on": true, "scope": "person", "over": ["c"] }),
        json!({ "type": "rename", "person": "a", "label": "x", "over": ["c"] }),
        json!({ "type": "lock", "meeting": "a", "on": true, "over": ["c"] }),
        json!({ "type": "message", "meeting": "a", "text": "x", "seconds": 5, "over": ["c"] }),
        json!({ "type": "hold", "people": ["a"], "on": true, "reason": "x", "remind_s": 5, "over": ["c"] }),
        json!({ "type": "acknowledge", "people": ["a"] }),
        json!({ "type": "thresholds", "meeting": "a", "first_s": 1, "second_s": 2 }),
        json!({ "type": "claim", "kind": "person", "ids": ["a"] }),
        json!({ "type": "release", "ids": ["a"] }),
        json!({ "type": "stop", "press": "a" }),
        json!({ "type": "look", "meeting": "a", "idle": false }),
        json!({ "type": "prefs", "value": { "sound": "x" } }),
        json!({ "type": "retry", "bridge": "a" }),
        json!({ "type": "pause", "bridge": "a" }),
        json!({ "type": "resume", "bridge": "a" }),
        json!({ "type": "watch", "on": false }),
        json!({ "type": "displays", "on": false }),
        json!({ "type": "display_pair", "code": "ABCD", "display": display }),
        json!({ "type": "display_link", "display": display }),
        json!({ "type": "display_set", "id": "a", "display": display }),
        json!({ "type": "display_identify", "id": "a" }),
        json!({ "type": "display_reload", "id": "a" }),
        json!({ "type": "display_revoke", "id": "a" }),
        json!({ "type": "display_forget", "id": "a" }),
        json!({ "type": "resync" }),
        json!({ "type": "beat" }),
        json!({ "type": "nothing that is known" }),
    ]
}

/// The message with each of its texts, names of fields and lists too long, one after the other.
fn too_long(message: &Value) -> Vec<Value> {
    let long = || Value::from("A".repeat(LONG));
    match message {
        Value::String(_) => vec![long()],
        Value::Array(items) => {
            let each = items.iter().flat_map(too_long).map(|item| Value::Array(vec![item]));
            each.chain([Value::Array(vec![Value::from("B".repeat(30)); 6_000])]).collect()
        }
        Value::Object(fields) => {
            let with = |name: &str, value: Value| {
                let mut fields = fields.clone();
                fields.insert(name.into(), value);
                Value::Object(fields)
            };
            let each = fields.iter().flat_map(|(name, value)| too_long(value).into_iter().map(|long| with(name, long)).collect::<Vec<_>>());
            each.chain([with(&"A".repeat(LONG), Value::Null), with("ref", long())]).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a run of one letter is in it that was sent and not cut.
fn holds_long(bytes: &[u8]) -> bool {
    bytes.chunk_by(|a, b| a == b).any(|run| matches!(run[0], b'A') && run.len() > KEPT)
}

async fn start(sim: &Simulator) -> UsherProcess {
    UsherProcess::start(sim, "trusted_proxies = [\"127.0.0.1\"]").await
}

/// Neither the database nor the log of the server holds anything that long.
fn assert_nothing_long(process: &UsherProcess) {
    let said = process.log();
    if let Some(line) = said.lines().find(|line| holds_long(line.as_bytes())) {
        panic!("the log has a line of {} bytes: {}...", line.len(), &line[..300]);
    }
    for file in std::fs::read_dir(process.dir.path().join("data")).expect("data") {
        let path = file.expect("file").path();
        let bytes = std::fs::read(&path).expect("read");
        assert!(!holds_long(&bytes), "{} holds it", path.display());
    }
}

#[tokio::test]
async fn no_message_makes_the_server_keep_or_log_a_long_text() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let process = start(&sim).await;
    let mut browser = Browser::new(process.address, "");
    browser.login("ana", PASSWORD).await;
    for message in messages() {
        let mut refused = 0;
        for long in too_long(&message) {
            let mut socket = browser.socket().await;
            socket.frame_of_type("snapshot_end").await;
            socket.send(&long).await;
            // Whatever it did to this socket, the server goes on.
            refused += usize::from(answer(&mut socket).await);
        }
        assert!(refused > 0, "{message}");
    }
    drop(browser);
    assert_nothing_long(&process);
}

/// Whether the socket refused, or was closed for, what was said last; an answer that repeats it is a failure.
async fn answer(socket: &mut common::browser::Socket) -> bool {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let _ = socket.socket.send(Message::text(r#"{"type":"beat","ref":"after"}"#)).await;
    let mut refused = false;
    loop {
        match common::in_time("an answer", socket.socket.next()).await {
            Some(Ok(Message::Text(text))) => {
                assert!(!holds_long(text.as_bytes()), "it is sent back: {}...", &text[..200]);
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                if frame["ref"] == "after" {
                    return refused;
                }
                refused |= frame["type"] == "error";
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return true,
            Some(Ok(_)) => {}
        }
    }
}

#[tokio::test]
async fn no_form_query_or_header_makes_the_server_keep_or_log_a_long_text() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let process = start(&sim).await;
    let mut ana = Browser::new(process.address, "");
    ana.login("ana", PASSWORD).await;
    let token = csrf(&ana.get("/account").await.body).expect("token").to_owned();
    let long = "A".repeat(LONG);
    let forms: [(&str, &[&str]); 7] = [
        ("/login", &["username", "password", "next"]),
        ("/account/password", &["current", "password", "again"]),
        ("/account/language", &["language"]),
        ("/users", &["name", "username", "role", "password"]),
        ("/users/mo/role", &["role"]),
        ("/users/mo/password", &["password"]),
        ("/logout", &["next"]),
    ];
    for (path, fields) in forms {
        for field in fields.iter().chain(&["csrf", &*long]) {
            let mut sent = vec![("csrf", &*token)];
            sent.retain(|(name, _)| name != field);
            sent.push((field, &long));
            let answer = ana.clone().post_raw(path, &sent).await;
            assert!(!holds_long(answer.body.as_bytes()), "{path} gives {field} back");
        }
    }
    for path in ["/", "/login", "/log", "/log.csv", "/log.jsonl", "/users", "/static/desk.js", "/wall", "/nowhere", "/users/mo/role"] {
        for name in ["next", "user", "action", "person", "from", "to", "before", "q", "result", "meeting", "bridge", "odd"] {
            let answer = ana.clone().get(&format!("{path}?{name}={long}")).await;
            assert!(answer.status < 500 && !holds_long(answer.body.as_bytes()), "{path}?{name}: {}", answer.status);
        }
        let answer = ana.clone().get(&format!("{path}/{long}")).await;
        assert!(answer.status < 500 && !holds_long(answer.body.as_bytes()), "{path}/...: {}", answer.status);
    }
    let headers = [
        "host",
        "origin",
        "referer",
        "user-agent",
        "accept-language",
        "cookie",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "forwarded",
        "sec-fetch-site",
        "if-none-match",
        "authorization",
        "via",
        "x-real-ip",
        "content-type",
        "x-odd",
    ];
    for path in ["/", "/login", "/metrics", "/log.csv", "/ws", "/wall/ws", "/cdr/nobody"] {
        for name in headers {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_str(&long).expect("value"));
            let request = ana.http.get(ana.url(path)).header("cookie", ana.cookie_header()).header(&name, value);
            let Ok(answer) = request.send().await else { continue };
            let (status, headers) = (answer.status(), format!("{:?}", answer.headers()));
            let body = answer.text().await.unwrap_or_default();
            assert!(status.as_u16() < 500, "{path} {name}: {status}");
            assert!(!holds_long(body.as_bytes()) && !holds_long(headers.as_bytes()), "{path} gives {name} back");
        }
    }
    assert_nothing_long(&process);
}

/// How often the bridge's calls, rosters and legs were read.
fn read(sim: &Simulator) -> [u64; 3] {
    let requests = serde_json::to_value(sim.control().requests()).expect("JSON");
    ["GET /calls", "GET /calls/<id>/participants", "GET /callLegs/<id>"].map(|shape| requests[0]["by_shape"][shape].as_u64().unwrap_or(0))
}

fn assert_short_rows(page: &Page, what: &str) {
    let rows = serde_json::to_string(&(page.people(), page.meetings(), page.bridges())).expect("JSON");
    assert!(!holds_long(rows.as_bytes()), "{what} is sent on: {}...", &rows[..300]);
}

/// A server on a bridge of one meeting in whose lobby one guest waits; every text that their names and address make is too long.
async fn with_a_long_guest(sim: &Simulator) -> (UsherProcess, Page, ParticipantTruth) {
    let process = start(sim).await;
    let long = "A".repeat(LONG);
    let mut page = process.page("ana").await;
    let meeting = sim.control().start_call(StartCall { name: long.clone(), space: true, ..StartCall::default() }).expect("started");
    let guest =
        Join { meeting: meeting.id, name: long.clone(), uri: Some(format!("{long}@example.org")), role: Role::Guest, ..Join::default() };
    let guest = sim.control().join(guest).expect("joined");
    page.until_waiting([&guest]).await;
    (process, page, guest)
}

#[rstest]
#[tokio::test]
async fn no_element_of_a_bridge_is_kept_logged_or_sent_on_at_any_length(
    #[values(
        ["<uniqueName>", "<softwareVersion>", "<name>"],
        ["<remoteParty>", "<state>", "<groupId>"],
        ["<uri>", "<ownerName>", "<coSpace>"],
        ["<call>", "<callCorrelator>", "<durationSeconds>"],
        ["<callLegProfile>", "<deactivated>", "<id>"]
    )]
    elements: [&str; 3],
) {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let (process, mut page, guest) = with_a_long_guest(&sim).await;
    let (control, long) = (sim.control(), "A".repeat(LONG));
    for element in elements {
        let switches = json!({ "rest_replace": element, "rest_replace_with": format!("{element}{long}") });
        control.set_switches(None, switches).expect("switch");
        let before = read(&sim);
        control.cut_events(None, simulator::Cut::Hard).expect("cut");
        // Everything on the bridge is read anew.
        wait_for(DEADLINE, element, async || {
            let now = read(&sim);
            check(now.iter().zip(&before).all(|(now, before)| now > before), (&before, now))
        })
        .await;
        let next = Join { meeting: guest.meeting, name: "Bo Berg".into(), role: Role::Guest, ..Join::default() };
        let next = control.join(next).expect("joined");
        page.until("one who came after that", |page| page.person(next.id).map(drop)).await;
        assert_short_rows(&page, element);
    }
    control.set_switches(None, json!({ "rest_replace": "" })).expect("switch");
    page.admit("a", &[guest.id]).await;
    assert_nothing_long(&process);
}

#[tokio::test]
async fn no_status_of_an_acknowledgement_is_kept_logged_or_sent_on_at_any_length() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let (process, mut page, guest) = with_a_long_guest(&sim).await;
    let control = sim.control();
    control.set_switches(None, json!({ "error_status": "A".repeat(LONG), "subscribe_refused": true })).expect("switch");
    control.cut_events(None, simulator::Cut::Hard).expect("cut");
    page.until("the refusal to be said", |page| check(page.bridge("eu-1")?.trouble.is_some(), page.bridges())).await;
    assert_short_rows(&page, "the status of an acknowledgement");
    control.set_switches(None, json!({ "error_status": "failure", "subscribe_refused": false })).expect("switch");
    page.admit("a", &[guest.id]).await;
    assert_nothing_long(&process);
}

#[test]
fn every_kind_of_message_is_in_the_table() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/asyncapi.yaml")).expect("the document");
    let document: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let resolve = |reference: &Value| {
        let pointer = reference["$ref"].as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
        document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere")).clone()
    };
    let documented = document["operations"]["fromBrowser"]["messages"].as_array().expect("messages").iter().map(|message| {
        let payload = resolve(&resolve(message))["payload"].clone();
        resolve(&payload)["properties"]["type"]["const"].as_str().expect("a type").to_owned()
    });
    let mut documented: Vec<String> = documented.collect();
    let mut tried: Vec<String> = messages().iter().map(|message| message["type"].as_str().expect("a type").to_owned()).collect();
    tried.retain(|kind| !kind.contains(' '));
    documented.sort();
    tried.sort();
    assert_eq!(tried, documented);
}
