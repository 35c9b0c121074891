//! Call Bridges that follow a script: REST that lists participants, and an events socket that sends as fast or as evenly as it is told.
//! They only acknowledge and send, so that the cost of `usher serve` is not hidden behind the cost of a simulator.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Latency of every REST answer.
const LATENCY: Duration = Duration::from_millis(20);
/// Participants of one call, and updates of one full message.
pub const PEOPLE: usize = 10;

/// The messages that all bridges send once everything is subscribed.
#[derive(Debug, Clone, Copy)]
pub enum Play {
    Nothing,
    /// This many messages with this many updates each, with a limit on unacknowledged ones.
    Flood {
        messages: usize,
        window: usize,
    },
    /// One message with one update per interval, this many of them.
    Even {
        messages: usize,
        interval: Duration,
    },
}

#[derive(Clone)]
pub struct Script {
    play: Arc<watch::Sender<Play>>,
    pub done: Arc<AtomicUsize>,
    /// Time from sending a message to its acknowledgement, in ms.
    pub acks: Arc<Mutex<Vec<f64>>>,
}

#[derive(Clone)]
struct Bridge {
    number: usize,
    calls: usize,
    script: Script,
}

impl Script {
    /// Opens the ports; also returns the `[[bridge]]` blocks.
    pub async fn start(bridges: usize, calls: usize) -> (Self, String) {
        let script = Self { play: Arc::new(watch::channel(Play::Nothing).0), done: Arc::default(), acks: Arc::default() };
        let mut blocks = String::new();
        for number in 0..bridges {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("an address"));
            blocks.push_str(&format!("[[bridge]]\nname = \"b{number}\"\nurl = \"{url}\"\nusername = \"u\"\npassword = \"p\"\n"));
            let app = Router::new().fallback(answer).with_state(Bridge { number, calls, script: script.clone() });
            tokio::spawn(async move { axum::serve(tcp_nodelay(listener), app).await });
        }
        (script, blocks)
    }

    pub fn play(&self, play: Play) {
        self.done.store(0, Ordering::Release);
        self.acks.lock().expect("no panic").clear();
        self.play.send_replace(play);
    }

    /// Waits until all bridges have sent everything.
    pub async fn played(&self, bridges: usize, within: Duration) {
        let end = Instant::now() + within;
        while self.done.load(Ordering::Acquire) < bridges {
            assert!(Instant::now() < end, "{} of {bridges} bridges came to an end", self.done.load(Ordering::Acquire));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn tcp_nodelay(listener: tokio::net::TcpListener) -> impl axum::serve::Listener<Addr = std::net::SocketAddr> {
    use axum::serve::ListenerExt;
    listener.tap_io(|tcp| {
        // Without it the bridge is only slower.
        let _ = tcp.set_nodelay(true);
    })
}

/// A readable id of the length of a GUID.
fn call_id(bridge: usize, call: usize) -> String {
    format!("{bridge:08x}-{call:04x}-4000-8000-{:012x}", 0)
}

fn person_id(bridge: usize, call: usize, person: usize) -> String {
    format!("{bridge:08x}-{call:04x}-4000-8000-{:012x}", person + 1)
}

async fn answer(State(bridge): State<Bridge>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/events/v1" {
        let (mut parts, _) = request.into_parts();
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.expect("an upgrade");
        return upgrade.on_upgrade(move |socket| events(bridge, socket));
    }
    tokio::time::sleep(LATENCY).await;
    if request.method() == Method::POST && path.ends_with("/authTokens") {
        return [("X-Cisco-CMS-Auth-Token", "token")].into_response();
    }
    let offset = request.uri().query().and_then(|query| query.strip_prefix("offset=")?.parse().ok()).unwrap_or(0);
    match body(&bridge, path.trim_start_matches("/api/v1/"), offset) {
        Some(body) => ([("content-type", "text/xml")], body).into_response(),
        None => (StatusCode::NOT_FOUND, "").into_response(),
    }
}

fn body(bridge: &Bridge, path: &str, offset: usize) -> Option<String> {
    let words: Vec<&str> = path.split('/').collect();
    let list = |name: &str, total: usize, items: String| Some(format!("<{name} total=\"{total}\">{items}</{name}>"));
    let b = bridge.number;
    match words[..] {
        ["system", "status"] => Some("<status><softwareVersion>3.9</softwareVersion></status>".into()),
        ["calls"] => {
            let page = offset..(offset + 20).min(bridge.calls);
            let items = page.map(|c| {
                format!("<call id=\"{id}\"><name>Call {c}</name><callCorrelator>{id}</callCorrelator></call>", id = call_id(b, c))
            });
            list("calls", bridge.calls, items.collect())
        }
        ["calls", call] => {
            Some(format!("<call id=\"{call}\"><name>Call</name><callCorrelator>{call}</callCorrelator><locked>false</locked></call>"))
        }
        ["calls", call, what @ ("participants" | "callLegs")] => {
            let (call, item) = (call_of(call)?, what.trim_end_matches('s'));
            let items = (offset..PEOPLE).map(|p| format!("<{item} id=\"{}\"><name>{}</name></{item}>", person_id(b, call, p), name(p)));
            list(what, PEOPLE, items.collect())
        }
        ["participants", person] => {
            Some(format!("<participant id=\"{person}\"><call>{}</call></participant>", call_id(b, call_of(person)?)))
        }
        ["participants", person, "callLegs"] => list("callLegs", 1, format!("<callLeg id=\"{person}\"/>")),
        ["callLegs", leg] => Some(format!(
            "<callLeg id=\"{leg}\"><call>{}</call><status><state>connected</state><groupId>{leg}</groupId></status></callLeg>",
            call_id(b, call_of(leg)?)
        )),
        _ => None,
    }
}

fn call_of(id: &str) -> Option<usize> {
    usize::from_str_radix(id.get(9..13)?, 16).ok()
}

fn name(person: usize) -> String {
    format!("{} Person {person}", ["Ana", "Bo", "Chidi", "Dilnoza", "Éva", "Fumiko", "Guðrún", "Hồng", "Íris", "Jürgen"][person % 10])
}

/// One events socket, from its first request to the end of the script.
struct Events {
    bridge: Bridge,
    socket: WebSocket,
    message_id: usize,
    /// The index of each followed call.
    rosters: HashMap<usize, i64>,
    sent: HashMap<usize, Instant>,
    acks: Vec<f64>,
    round: usize,
}

async fn events(bridge: Bridge, socket: WebSocket) {
    let mut play = bridge.script.play.subscribe();
    let script = bridge.script.clone();
    let (rosters, sent) = (HashMap::new(), HashMap::new());
    let mut events = Events { bridge, socket, message_id: 0, rosters, sent, acks: Vec::new(), round: 0 };
    loop {
        tokio::select! {
            alive = events.hear() => if !alive { return },
            _ = play.changed() => {
                let now = *play.borrow_and_update();
                events.acks.clear();
                match now {
                    Play::Nothing => continue,
                    Play::Flood { messages, window } => events.flood(messages, window).await,
                    Play::Even { messages, interval } => events.even(messages, interval).await,
                }
                script.acks.lock().expect("no panic").append(&mut events.acks);
                script.done.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

impl Events {
    async fn hear(&mut self) -> bool {
        let Some(Ok(message)) = self.socket.recv().await else { return false };
        let Message::Text(text) = message else { return true };
        let value: Value = serde_json::from_str(&text).expect("JSON");
        if let Some(id) = value["messageAck"]["messageId"].as_u64() {
            if let Some(at) = self.sent.remove(&usize::try_from(id).expect("fits")) {
                self.acks.push(at.elapsed().as_secs_f64() * 1000.0);
            }
            return true;
        }
        let id = &value["message"]["messageId"];
        let ack = json!({ "type": "messageAck", "messageAck": { "messageId": id, "status": "success" } });
        self.send(ack.to_string()).await;
        for subscription in value["message"]["subscriptions"].as_array().expect("subscriptions") {
            self.begin(subscription).await;
        }
        true
    }

    /// The first list of a new subscription.
    async fn begin(&mut self, subscription: &Value) {
        let index = subscription["index"].as_i64().expect("an index");
        let b = self.bridge.number;
        if subscription["type"] == "calls" {
            let updates =
                (0..self.bridge.calls).map(|c| json!({ "call": call_id(b, c), "updateType": "add", "name": format!("Call {c}") }));
            let updates: Vec<_> = updates.collect();
            return self.message("callListUpdate", index, &json!(updates).to_string()).await;
        }
        let call = call_of(subscription["call"].as_str().expect("a call")).expect("a known call");
        if self.rosters.insert(call, index).is_none() {
            let people = (0..PEOPLE).map(|p| {
                json!({ "participant": person_id(b, call, p), "updateType": "add", "name": name(p), "uri": format!("p{p}@example.org"), "state": "connected" })
            });
            let people: Vec<_> = people.collect();
            self.message("rosterUpdate", index, &json!(people).to_string()).await;
        }
    }

    /// Mutes or unmutes this many participants of the next call.
    async fn update(&mut self, people: usize) {
        let call = self.round % self.bridge.calls;
        let muted = (self.round / self.bridge.calls).is_multiple_of(2);
        let first = if people == PEOPLE { 0 } else { (self.round / self.bridge.calls / 2) % PEOPLE };
        self.round += 1;
        let updates = (first..first + people).map(|p| {
            format!(r#"{{"participant":"{}","updateType":"update","audioMuted":{muted}}}"#, person_id(self.bridge.number, call, p))
        });
        let updates = updates.collect::<Vec<_>>().join(",");
        self.message("rosterUpdate", self.rosters[&call], &format!("[{updates}]")).await;
    }

    async fn flood(&mut self, messages: usize, window: usize) {
        for _ in 0..messages {
            self.update(PEOPLE).await;
            while self.sent.len() >= window {
                self.hear().await;
            }
        }
        while !self.sent.is_empty() {
            self.hear().await;
        }
    }

    async fn even(&mut self, messages: usize, interval: Duration) {
        // Bridges do not send in step.
        tokio::time::sleep(interval / 24 * u32::try_from(self.bridge.number).expect("few")).await;
        let mut tick = tokio::time::interval(interval);
        let mut left = messages;
        while left > 0 || !self.sent.is_empty() {
            tokio::select! {
                _ = tick.tick(), if left > 0 => {
                    left -= 1;
                    self.update(1).await;
                }
                alive = self.hear() => assert!(alive, "the events socket was closed"),
            }
        }
    }

    async fn message(&mut self, kind: &str, index: i64, updates: &str) {
        self.message_id += 1;
        self.sent.insert(self.message_id, Instant::now());
        let id = self.message_id;
        let text = format!(
            r#"{{"type":"message","message":{{"messageId":{id},"type":"{kind}","subscriptionIndex":{index},"updates":{updates}}}}}"#
        );
        self.send(text).await;
    }

    async fn send(&mut self, text: String) {
        self.socket.send(Message::Text(text.into())).await.expect("sent");
    }
}
