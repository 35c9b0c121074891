//! The support code of the simulator's tests: a cluster without activity, a plain HTTP client, a bare WebSocket, waits with a deadline.
//! It uses no product code.
#![allow(dead_code, unused_macros, unused_imports, unreachable_pub, reason = "each test file uses a part of it")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use usher::simulator::{
    BridgeAddress, Control, Id, Join, MeetingTruth, Options, ParticipantTruth, Role, Simulator, StartCall, TlsMode, start,
};

pub const DEADLINE: Duration = Duration::from_secs(10);

pub struct Cluster {
    pub sim: Simulator,
    pub http: Client,
}

/// The response of a bridge.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Reply {
    /// The last segment of `Location`.
    pub fn created(&self) -> Id {
        let location = self.headers["location"].to_str().unwrap();
        assert!(location.starts_with("/api/v1/"), "{location}");
        Id::parse(location.rsplit('/').next().unwrap()).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }
}

impl Cluster {
    /// Two empty bridges without random activity, with these switches.
    pub async fn with(switches: Value) -> Self {
        Self::sized(2, switches).await
    }

    pub async fn sized(bridges: usize, switches: Value) -> Self {
        let options = Options {
            bridges,
            calls: 0,
            people: 0,
            rate: 0.0,
            tls: TlsMode::Off,
            switches: Some(switches.to_string()),
            password: Some("word".to_owned()),
            ..Options::default()
        };
        Self { sim: start(options).await.unwrap(), http: Client::builder().no_proxy().build().unwrap() }
    }

    pub fn bridge(&self, n: usize) -> &BridgeAddress {
        &self.sim.bridges()[n]
    }

    pub fn control(&self) -> Control {
        self.sim.control()
    }

    pub async fn get(&self, bridge: usize, path: &str) -> Reply {
        self.ask(bridge, reqwest::Method::GET, path, "").await
    }

    pub async fn put(&self, bridge: usize, path: &str, form: &str) -> Reply {
        self.ask(bridge, reqwest::Method::PUT, path, form).await
    }

    pub async fn post(&self, bridge: usize, path: &str, form: &str) -> Reply {
        self.ask(bridge, reqwest::Method::POST, path, form).await
    }

    pub async fn delete(&self, bridge: usize, path: &str) -> Reply {
        self.ask(bridge, reqwest::Method::DELETE, path, "").await
    }

    async fn ask(&self, bridge: usize, method: reqwest::Method, path: &str, form: &str) -> Reply {
        let address = self.bridge(bridge);
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", address.url))
            .basic_auth(&address.username, Some(&address.password))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        let reply = tokio::time::timeout(DEADLINE, request.send()).await.expect("no answer in time").unwrap();
        Reply { status: reply.status().as_u16(), headers: reply.headers().clone(), body: reply.text().await.unwrap() }
    }

    pub async fn token(&self, bridge: usize) -> String {
        let reply = self.post(bridge, "/authTokens", "").await;
        reply.header("x-cisco-cms-auth-token").unwrap_or_else(|| panic!("no token: {reply:?}")).to_owned()
    }

    pub async fn connect(&self, bridge: usize) -> Socket {
        let token = self.token(bridge).await;
        self.connect_with(bridge, &token).await.unwrap()
    }

    pub async fn connect_with(&self, bridge: usize, token: &str) -> Result<Socket, Error> {
        let url = self.bridge(bridge).url.replacen("http", "ws", 1);
        let connect = tokio_tungstenite::connect_async(format!("{url}/events/v1?authToken={token}"));
        let (stream, _) = tokio::time::timeout(DEADLINE, connect).await.expect("no upgrade in time")?;
        Ok(Socket { stream, acks: true })
    }

    /// A meeting that continues without participants.
    pub fn meeting(&self, name: &str) -> MeetingTruth {
        self.control().start_call(StartCall { name: name.to_owned(), ..StartCall::default() }).unwrap()
    }

    pub fn join(&self, meeting: &MeetingTruth, name: &str, role: Role, bridge: usize) -> ParticipantTruth {
        self.control().join(joining(self, meeting, name, role, bridge)).unwrap()
    }

    pub fn person(&self, id: Id) -> ParticipantTruth {
        self.control().truth().participant(id).unwrap_or_else(|| panic!("{id} is gone")).clone()
    }

    /// The meeting's call id on a bridge.
    pub fn call(&self, meeting: &MeetingTruth, bridge: usize) -> Id {
        let truth = self.control().truth();
        let meeting = truth.meeting(meeting.id).expect("the meeting has ended");
        let name = &self.bridge(bridge).name;
        meeting.calls.iter().find(|c| &c.bridge == name).unwrap_or_else(|| panic!("no call on {name}: {meeting:?}")).call
    }
}

pub fn joining(cluster: &Cluster, meeting: &MeetingTruth, name: &str, role: Role, bridge: usize) -> Join {
    let user = name.split(' ').next().unwrap_or_default().to_lowercase();
    Join {
        meeting: meeting.id,
        bridge: Some(cluster.bridge(bridge).name.clone()),
        name: name.to_owned(),
        uri: Some(format!("{user}@example.org")),
        role,
        ..Join::default()
    }
}

/// A bare events socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether messages are acknowledged as they are read.
    pub acks: bool,
}

impl Socket {
    pub async fn send(&mut self, value: Value) {
        self.stream.send(Message::text(value.to_string())).await.unwrap();
    }

    pub async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Requests this set and reads the ack; returns its status.
    pub async fn subscribe(&mut self, subscriptions: Value) -> String {
        self.send(json!({"type": "message", "message":
            {"messageId": 77, "type": "subscribeRequest", "subscriptions": subscriptions}}))
            .await;
        let ack: Value = serde_json::from_str(&self.text().await).unwrap();
        assert_eq!(ack["messageAck"]["messageId"], 77, "{ack}");
        ack["messageAck"]["status"].as_str().unwrap().to_owned()
    }

    /// The next frame of any kind, `None` at the end.
    pub async fn frame(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(DEADLINE, self.stream.next()).await.expect("no frame in time")
    }

    /// The next text frame, unchanged; acknowledged if it is a message.
    pub async fn text(&mut self) -> String {
        let frame = self.frame().await;
        let Some(Ok(Message::Text(text))) = frame else {
            panic!("expected a text frame, got {frame:?}");
        };
        let text = text.to_string();
        let id = serde_json::from_str::<Value>(&text).ok().and_then(|v| v.pointer("/message/messageId").cloned());
        if let (true, Some(id)) = (self.acks, id) {
            self.send(json!({"type": "messageAck", "messageAck": {"messageId": id, "status": "success"}})).await;
        }
        text
    }

    /// The next message's inner object.
    pub async fn message(&mut self) -> Value {
        let text = self.text().await;
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        value["message"].clone()
    }

    /// Reads until `pending` and `active` have passed.
    pub async fn settled(&mut self) {
        for state in ["pending", "active"] {
            let message = self.message().await;
            assert_eq!(message["subscriptions"][0]["state"], state, "{message}");
        }
    }
}

/// Polls until there is a value; a failure shows the last state.
pub async fn eventually<T, S: std::fmt::Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<T, S>) -> T {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if tokio::time::Instant::now() > deadline => panic!("never {what}; last seen: {seen:?}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// A body without its ids and counting seconds, for comparing with a fixture.
pub fn normal(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while !rest.is_empty() {
        if rest.is_char_boundary(36.min(rest.len())) && rest.len() >= 36 && is_guid(&rest[..36]) {
            out.push_str("{guid}");
            rest = &rest[36..];
        } else {
            let c = rest.chars().next().unwrap();
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    const SECONDS: &str = "<durationSeconds>";
    if let Some(at) = out.find(SECONDS).map(|at| at + SECONDS.len()) {
        let end = at + out[at..].find('<').unwrap();
        out.replace_range(at..end, "{n}");
    }
    out
}

fn is_guid(text: &str) -> bool {
    text.as_bytes().iter().enumerate().all(|(n, byte)| match n {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
    })
}

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/cms/", $name))
    };
}
pub(crate) use fixture;
