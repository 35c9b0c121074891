//! Every frame of a real server and every message of a browser, checked against docs/asyncapi.yaml.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::browser::{Browser, Socket};
use common::desk::{Desk, quiet};
use common::recorded_actions::Recorded;
use common::sample_rows;
use common::server::{ServerSetup, TestServer};
use serde_json::{Value, json};
use usher::model::{Action, ActionError, ActionResult, BridgeStats, CdrStats, Queued, Target, TargetResult};
use usher::view::Kind;

/// The schemas of one direction, by the message's `type`.
struct Direction {
    validators: BTreeMap<String, jsonschema::Validator>,
    seen: BTreeSet<String>,
}

impl Direction {
    fn load(operation: &str) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/asyncapi.yaml");
        let text = std::fs::read_to_string(path).expect("docs/asyncapi.yaml");
        let document: Value = serde_yaml_ng::from_str(&text).expect("YAML");
        let messages = document["operations"][operation]["messages"].as_array().expect("messages");
        let resolve = |reference: &Value| {
            let pointer = reference["$ref"].as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
            document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere")).clone()
        };
        let validators = messages.iter().map(|message| {
            let payload = resolve(&resolve(message))["payload"].clone();
            let kind = resolve(&payload)["properties"]["type"]["const"].as_str().expect("a type").to_owned();
            let schema = json!({ "$ref": payload["$ref"], "components": document["components"] });
            (kind, jsonschema::validator_for(&schema).expect("a valid schema"))
        });
        Self { validators: validators.collect(), seen: BTreeSet::new() }
    }

    fn allows(&self, message: &Value) -> bool {
        let kind = message["type"].as_str().unwrap_or_default();
        self.validators.get(kind).is_some_and(|validator| validator.is_valid(message))
    }

    /// The message fits; every mutation of it does not.
    fn hold(&mut self, message: &Value) {
        let kind = message["type"].as_str().expect("type");
        let validator = self.validators.get(kind).unwrap_or_else(|| panic!("{kind} is not in the document"));
        let errors: Vec<_> = validator.iter_errors(message).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{message}\n{errors:#?}");
        for (what, mutant) in mutations(message) {
            assert!(!self.allows(&mutant), "{what} went unnoticed: {mutant}");
        }
        self.seen.insert(kind.to_owned());
    }

    fn assert_complete(&self) {
        assert_eq!(self.seen, self.validators.keys().cloned().collect(), "each message of the document is seen");
    }
}

/// Every object of the message with one field more, one less, or one of a wrong type.
fn mutations(message: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for path in objects(message, String::new()) {
        let fields = message.pointer(&path).and_then(Value::as_object).expect("object");
        let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let mut mutant = message.clone();
            change(mutant.pointer_mut(&path).and_then(Value::as_object_mut).expect("object"));
            mutant
        };
        found.push((format!("an extra field in {path:?}"), changed(&|fields| drop(fields.insert("extra".into(), json!(1))))));
        for name in fields.keys() {
            let asks_for_no_receipt = name == "ref" && fields.get("type") == Some(&json!("beat"));
            if asks_for_no_receipt {
                continue;
            }
            // Meetings on the desk; those on displays always have it.
            let none_on_hold = name == "held" && fields.contains_key("thresholds");
            if none_on_hold || matches!(&**name, "corrected" | "unreadable" | "unreadable_calls") {
                // It may be absent.
            } else if !may_be_absent(name) || fields.get("kind") != Some(&json!("person")) && name != "over" {
                found.push((format!("missing {path}/{name}"), changed(&|fields| drop(fields.remove(name)))));
            }
            let wrong = if is_free(name) { json!(1) } else { json!({ "of": "a wrong type" }) };
            found.push((format!("wrong type of {path}/{name}"), changed(&|fields| drop(fields.insert(name.clone(), wrong.clone())))));
        }
    }
    found
}

/// Claims that a request goes over, and what few people have.
fn may_be_absent(field: &str) -> bool {
    let of_few = ["label", "pending", "outcome", "admitted", "sent_back", "claim", "hold", "acknowledged"];
    field == "over" || of_few.contains(&field)
}

/// Preferences of a user are theirs alone.
fn is_free(field: &str) -> bool {
    matches!(field, "prefs" | "value")
}

fn objects(value: &Value, path: String) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let inner = fields.iter().filter(|(name, _)| !is_free(name)).flat_map(|(name, value)| objects(value, format!("{path}/{name}")));
            let inner: Vec<_> = inner.collect();
            std::iter::once(path).chain(inner).collect()
        }
        Value::Array(items) => items.iter().enumerate().flat_map(|(n, value)| objects(value, format!("{path}/{n}"))).collect(),
        _ => Vec::new(),
    }
}

/// A page's socket whose traffic is held against the document in both directions.
struct Watched {
    socket: Socket,
    from_server: Direction,
    from_browser: Direction,
}

impl Watched {
    async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.socket.any_frame().await;
            self.from_server.hold(&frame);
            if fits(&frame) {
                return frame;
            }
        }
    }

    async fn send(&mut self, message: Value) {
        self.from_browser.hold(&message);
        self.socket.send(&message).await;
    }
}

async fn next_request(site: &mut TestServer) -> Recorded {
    common::in_time("a request of the browser", site.requests.recv()).await.expect("request")
}

fn result(person: &str, result: ActionResult) -> TargetResult {
    let target = Target::Person(person.into());
    TargetResult {
        by: Some("ben".into()),
        at: Some(1),
        claim: Some("c1".into()),
        ..TargetResult::new(target, result, "tooManyParticipants")
    }
}

fn figures(id: &str, last: Option<i64>) -> BridgeStats {
    BridgeStats {
        id: id.into(),
        at: 1,
        requests_per_s: 4.5,
        in_flight: 1,
        slots: 4,
        busy_last_minute: 0,
        busy: 7,
        sockets_open: 1,
        sockets_wanted: 2,
        subscriptions: 12,
        calls: 11,
        people: 90,
        answered: last,
        queue: vec![Queued { lane: "arrival", waiting: 3 }],
        cdr: last.map(|at| CdrStats { records: 5, last: Some(at) }),
    }
}

#[tokio::test]
async fn every_real_frame_is_as_documented_and_every_mutation_is_noticed() {
    let beat = std::time::Duration::from_millis(100);
    let mut site = ServerSetup::timing(|timing| (timing.beat, timing.keep_login) = (beat, beat)).start().await;
    site.hub.publish(
        vec![
            sample_rows::server(),
            sample_rows::bridge("a"),
            sample_rows::meeting("m"),
            sample_rows::person("p1", "Ana"),
            sample_rows::user("ben"),
        ],
        vec![],
    );
    let socket = site.logged_in("ana").await.socket().await;
    let mut page = Watched { socket, from_server: Direction::load("toBrowser"), from_browser: Direction::load("fromBrowser") };

    let welcome = page.until(|frame| frame["type"] == "welcome").await;
    assert_eq!(welcome["user"], json!({ "name": "ana", "role": "admin" }));
    let end = page.until(|frame| frame["type"] == "snapshot_end").await;
    assert_eq!((&end["seq"], &end["rows"]), (&json!(1), &json!(5)));
    site.hub.publish(vec![sample_rows::person("p2", "Ben")], vec![sample_rows::key(Kind::Person, "p1")]);
    let delta = page.until(|frame| frame["type"] == "delta").await;
    assert_eq!((&delta["seq"], &delta["drop"]), (&json!(2), &json!([{ "kind": "person", "id": "p1" }])));

    page.send(json!({ "type": "admit", "ref": "1", "people": ["p2", "p3", "p2"], "scope": "selection" })).await;
    let Recorded::Action { request, results, started } = next_request(&mut site).await else { panic!("expected an admit") };
    assert_eq!((request.actor.user.as_ref(), request.targets.len()), ("ana", 2), "each person once");
    started.send(()).expect("waiting");
    let reply = page.until(|frame| frame["type"] == "reply").await;
    assert_eq!((&reply["state"], &reply["people"], &reply["at_seq"]), (&json!("started"), &json!(2), &json!(2)));
    results.send(result("p2", ActionResult::Done)).await.expect("open");
    assert_eq!(page.until(|frame| frame["type"] == "reply").await["state"], "progress");
    results.send(TargetResult::new(Target::Person("p3".into()), ActionResult::Left, "")).await.expect("open");
    assert_eq!(page.until(|frame| frame["type"] == "reply").await["state"], "finished");
    results.send(TargetResult { corrected: true, ..result("p2", ActionResult::Done) }).await.expect("open");
    let late = page.until(|frame| frame["type"] == "reply").await;
    assert_eq!((&late["ref"], &late["state"], &late["results"][0]["corrected"]), (&json!("1"), &json!("finished"), &json!(true)));

    let actions = [
        (json!({ "type": "send_back", "people": ["p2"], "scope": "undo", "over": ["c9"] }), Action::SendBack),
        (json!({ "type": "remove", "people": ["p2"], "scope": "person", "over": [] }), Action::Remove),
        (json!({ "type": "mute", "people": ["p2"], "on": true, "scope": "meeting", "over": [] }), Action::Mute(true)),
        (json!({ "type": "rename", "person": "p2", "label": "Ana S.", "over": [] }), Action::Rename("Ana S.".into())),
        (json!({ "type": "lock", "meeting": "m", "on": false, "over": [] }), Action::Lock(false)),
        (
            json!({ "type": "message", "meeting": "m", "text": "A minute", "seconds": 60, "over": [] }),
            Action::Message { text: "A minute".into(), seconds: Some(60) },
        ),
    ];
    for (mut message, action) in actions {
        message["ref"] = json!("action");
        page.send(message).await;
        let Recorded::Action { request, results, started } = next_request(&mut site).await else { panic!("expected an action") };
        assert_eq!((&request.action, request.targets.len()), (&action, 1));
        started.send(()).expect("waiting");
        page.send(json!({ "type": "stop", "ref": "stop", "press": "action" })).await;
        common::in_time("the stop", request.stop.cancelled()).await;
        results.send(TargetResult::new(request.targets[0].clone(), ActionResult::Stopped, "")).await.expect("open");
        let reply = page.until(|frame| frame["state"] == "finished").await;
        assert_eq!(reply["results"][0]["result"], "stopped");
    }

    // Before what is answered: a page that opens later is told of it.
    page.send(json!({ "type": "prefs", "ref": "7", "value": { "sound": true } })).await;
    for message in [
        json!({ "type": "hold", "people": ["p2"], "on": true, "reason": "no papers", "remind_s": 60, "over": [] }),
        json!({ "type": "acknowledge", "people": ["p2"] }),
        json!({ "type": "thresholds", "meeting": "m", "first_s": 60, "second_s": 120 }),
        json!({ "type": "claim", "kind": "person", "ids": ["p2"] }),
    ] {
        let mut message = message;
        message["ref"] = json!("desk");
        page.send(message).await;
        // No participant exists here: this server has rows, but no facts.
        page.until(|frame| frame["ref"] == "desk" && frame["state"] == "finished").await;
    }
    page.send(json!({ "type": "release", "ref": "6", "ids": ["p2"] })).await;
    page.send(json!({ "type": "look", "meeting": "m", "idle": false })).await;
    let mut other = site.logged_in("ana").await.socket().await;
    let prefs = json!({ "sound": false });
    assert_eq!(other.frame_of_type("welcome").await["prefs"], json!({ "sound": true }));
    other.send(&json!({ "type": "prefs", "ref": "1", "value": prefs })).await;
    assert_eq!(page.until(|frame| frame["type"] == "prefs").await["value"], prefs);

    page.send(json!({ "type": "retry", "ref": "2", "bridge": "z" })).await;
    let Recorded::Retry { bridge, answer, .. } = next_request(&mut site).await else { panic!("expected a retry") };
    answer.send(Err(ActionError::UnknownBridge(bridge))).expect("waiting");
    assert_eq!(page.until(|frame| frame["type"] == "error").await["code"], "unknown_bridge");

    page.send(json!({ "type": "watch", "ref": "3", "on": true })).await;
    site.figures.send(vec![figures("a", None), figures("b", Some(1))].into()).expect("served");
    let told = page.until(|frame| frame["type"] == "figures" && frame["bridges"] != json!([])).await;
    assert_eq!((&told["bridges"][0]["id"], &told["bridges"][1]["cdr"]["last"]), (&json!("a"), &json!(1)));
    page.send(json!({ "type": "watch", "ref": "4", "on": false })).await;
    for (word, wanted) in [("pause", true), ("resume", false)] {
        page.send(json!({ "type": word, "ref": "5", "bridge": "a" })).await;
        let Recorded::Pause { actor, bridge, paused, answer } = next_request(&mut site).await else { panic!("expected a pause") };
        assert_eq!((&*actor.user, bridge.as_str(), paused), ("ana", "a", wanted));
        answer.send(Ok(())).expect("waiting");
    }

    page.send(json!({ "type": "displays", "ref": "8", "on": true })).await;
    page.until(|frame| frame["type"] == "displays").await;
    for (message, expected) in [
        (json!({ "type": "display_link", "display": display("all") }), "answer"),
        (json!({ "type": "display_pair", "code": "ABC-DEF", "display": display("meetings") }), "error"),
        (json!({ "type": "display_set", "id": "d", "display": display("bridges") }), "error"),
        (json!({ "type": "display_identify", "id": "d" }), "error"),
        (json!({ "type": "display_reload", "id": "d" }), "error"),
        (json!({ "type": "display_revoke", "id": "d" }), "error"),
        (json!({ "type": "display_forget", "id": "d" }), "error"),
    ] {
        let (mut message, word) = (message, expected);
        message["ref"] = json!("display");
        page.send(message).await;
        page.until(|frame| frame["type"] == word && frame["ref"] == "display").await;
    }

    let conn = usher::db::open_connection(site.dir.path()).expect("database");
    conn.execute("UPDATE sessions SET begun = begun - (7 * 24 * 60 - 5) * 60 * 1000", []).expect("an old log-in");
    page.until(|frame| frame["type"] == "session_ends").await;

    page.until(|frame| frame["type"] == "beat").await;
    page.send(json!({ "type": "beat" })).await;
    page.send(json!({ "type": "beat", "ref": "there" })).await;
    page.until(|frame| frame["type"] == "receipt" && frame["ref"] == "there").await;
    page.send(json!({ "type": "resync" })).await;
    page.until(|frame| frame["type"] == "snapshot_end").await;
    page.from_server.assert_complete();
    page.from_browser.assert_complete();
}

/// Settings with everything that they can have.
fn display(what: &str) -> Value {
    let view = match what {
        "meetings" => json!({ "what": what, "meetings": [{ "id": "m", "name": "Board call" }], "seconds": 9 }),
        "bridges" => json!({ "what": what, "bridges": ["a"], "seconds": 9 }),
        _ => json!({ "what": what, "seconds": 9 }),
    };
    json!({
        "name": "North wall", "place": "", "views": [view], "names": "short", "titles": true, "distance_m": 5, "diagonal_in": 55.5,
        "themes": [{ "from": "07:00", "theme": "grey" }], "dim": { "from": "22:00", "to": "06:00" }, "sound": false, "lang": "en",
    })
}

#[tokio::test]
async fn every_frame_of_a_screen_is_as_documented_and_every_mutation_is_noticed() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.page("mo").await.until_waiting(&people).await;
    let mut browser = Browser::new(desk.app.address, "");
    browser.get("/wall").await;
    let (from_server, from_browser) = (Direction::load("toScreen"), Direction::load("fromScreen"));
    let mut screen = Watched { socket: browser.socket_at("/wall/ws").await, from_server, from_browser };
    let code = screen.until(|frame| frame["type"] == "code").await["code"].clone();
    let mut admin = desk.page("ana").await;
    admin.send(json!({ "type": "displays", "ref": "1", "on": true })).await;
    admin.send(json!({ "type": "display_pair", "ref": "2", "code": code, "display": display("all") })).await;
    screen.until(|frame| frame["type"] == "paired").await;
    screen.socket = browser.socket_at("/wall/ws").await;
    screen.until(|frame| frame["type"] == "snapshot_end").await;
    screen.send(json!({ "type": "screen", "width": 1920, "height": 1080, "ratio": 1.5, "version": env!("CARGO_PKG_VERSION") })).await;
    screen.until(|frame| frame["type"] == "beat").await;
    screen.send(json!({ "type": "beat" })).await;
    screen.send(json!({ "type": "resync" })).await;
    screen.until(|frame| frame["type"] == "snapshot_end").await;
    let id = admin
        .until("the display", |page| {
            page.displays["displays"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| page.displays.to_string())
        })
        .await;
    // A participant comes, and the meeting ends.
    let second = desk.join(people[0].meeting, "eu-1", "Ana Silva");
    screen.until(|frame| frame["type"] == "delta" && frame["put"].to_string().contains("Ana S.")).await;
    desk.control().end(second.meeting, None).expect("ended");
    screen.until(|frame| frame["type"] == "delta" && frame["drop"] != json!([])).await;
    for (message, told) in
        [("display_identify", "identify"), ("display_reload", "reload"), ("display_set", "display"), ("display_revoke", "over")]
    {
        let mut order = json!({ "type": message, "ref": message, "id": id });
        if message == "display_set" {
            order["display"] = display("bridges");
        }
        admin.send(order).await;
        screen.until(|frame| frame["type"] == told).await;
    }
    screen.from_server.assert_complete();
    screen.from_browser.assert_complete();
    let list = Direction::load("toBrowser");
    assert!(list.allows(&admin.displays), "{}", admin.displays);
}

#[tokio::test]
async fn the_results_of_five_thousand_people_travel_in_frames_of_two_hundred() {
    let mut site = TestServer::start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    let people: Vec<_> = (0..5000).map(|n| format!("{n:036}")).collect();
    socket.send(&json!({ "type": "admit", "ref": "all", "people": people, "scope": "shown" })).await;
    let Recorded::Action { request, results, started } = next_request(&mut site).await else { panic!("expected an admit") };
    started.send(()).expect("waiting");
    for person in request.targets {
        results.send(TargetResult::new(person, ActionResult::Done, "")).await.expect("open");
    }
    let document = Direction::load("toBrowser");
    let mut told = BTreeSet::new();
    loop {
        let reply = socket.frame_of_type("reply").await;
        assert!(document.allows(&reply), "{reply}");
        told.extend(reply["results"].as_array().expect("results").iter().map(|result| result["person"].to_string()));
        if reply["state"] == "finished" {
            break;
        }
    }
    assert_eq!(told.len(), 5000);
}
