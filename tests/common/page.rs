//! A page that holds the same rows as a real browser, and the messages that it sends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use usher::model::{Fault, Lobby};
use usher::simulator::{Id, ParticipantTruth};
use usher::view::{BridgeRow, MeetingRow, PersonRow, Row, UserRow};

use super::DEADLINE;
use super::browser::{Browser, Socket};
use super::desk::PASSWORD;

/// The state of one browser: every frame is applied as docs/protocol.md says.
pub struct Page {
    socket: Socket,
    rows: BTreeMap<(String, String), Row>,
    parts: Vec<Row>,
    seq: Option<u64>,
    /// The server's clock in the last frame that has it.
    pub time: i64,
    pub replies: Vec<Value>,
    pub errors: Vec<Value>,
    /// The last statistics of the bridges, which only administrators get.
    pub figures: Option<Value>,
    /// The last list of displays, and the answers to changes of displays.
    pub displays: Value,
    pub answers: Vec<Value>,
    /// The last preferences of the user.
    pub prefs: Value,
    /// How long it waits for a state.
    pub deadline: Duration,
}

impl Page {
    pub async fn log_in(address: std::net::SocketAddr, user: &str) -> Self {
        let mut browser = Browser::new(address, "");
        browser.login(user, PASSWORD).await;
        Self::open(&browser).await
    }

    /// Opens a page for a browser that is logged in.
    pub async fn open(browser: &Browser) -> Self {
        Self {
            socket: browser.socket().await,
            rows: BTreeMap::new(),
            parts: Vec::new(),
            seq: None,
            time: 0,
            replies: Vec::new(),
            errors: Vec::new(),
            figures: None,
            displays: Value::Null,
            answers: Vec::new(),
            prefs: Value::Null,
            deadline: DEADLINE,
        }
    }

    pub async fn send(&mut self, message: Value) {
        self.socket.send(&message).await;
    }

    /// Reads frames until `state` returns `Ok`; fails with the last `Err` at the deadline.
    pub async fn until<T>(&mut self, what: &str, mut state: impl FnMut(&Page) -> Result<T, String>) -> T {
        let (mut last, deadline) = (String::new(), self.deadline);
        let follow = async {
            loop {
                match state(self) {
                    Ok(value) => return value,
                    Err(text) => last = text,
                }
                self.step().await;
            }
        };
        match tokio::time::timeout(deadline, follow).await {
            Ok(value) => value,
            Err(_) => panic!("waited {deadline:?} for {what}; the last state: {last}"),
        }
    }

    /// Reads frames for the time that a promise allows, before one comparison.
    pub async fn follow_for(&mut self, bound: Duration) {
        let end = tokio::time::Instant::now() + bound;
        while tokio::time::timeout_at(end, self.step()).await.is_ok() {}
    }

    async fn step(&mut self) {
        let frame = self.socket.frame().await;
        let rows = |value: &Value| -> Vec<Row> { serde_json::from_value(value.clone()).expect("rows") };
        match frame["type"].as_str().expect("type") {
            "snapshot" => self.parts.extend(rows(&frame["rows"])),
            "snapshot_end" => {
                self.rows = std::mem::take(&mut self.parts).into_iter().map(|row| (key(&row), row)).collect();
                assert_eq!(frame["rows"], json!(self.rows.len()), "a snapshot says how many rows it has");
                self.seq = frame["seq"].as_u64();
            }
            "delta" => {
                let seq = frame["seq"].as_u64();
                assert_eq!(seq, self.seq.map(|seq| seq + 1), "deltas follow each other without a gap");
                self.seq = seq;
                for dropped in frame["drop"].as_array().expect("drop") {
                    self.rows.remove(&(dropped["kind"].as_str().expect("kind").into(), dropped["id"].as_str().expect("id").into()));
                }
                for row in rows(&frame["put"]) {
                    self.rows.insert(key(&row), row);
                }
            }
            "reply" => self.replies.push(frame),
            "error" => self.errors.push(frame),
            "figures" => self.figures = Some(frame),
            "displays" => self.displays = frame,
            "answer" => self.answers.push(frame),
            "receipt" => {}
            "beat" => {
                self.time = frame["time"].as_i64().expect("time");
                self.socket.send(&json!({ "type": "beat" })).await;
            }
            "welcome" => {
                self.time = frame["time"].as_i64().expect("time");
                self.prefs = frame["prefs"].clone();
            }
            "prefs" => self.prefs = frame["value"].clone(),
            other => panic!("unknown frame {other}"),
        }
    }

    /// Reads until the server closes the socket; returns the code.
    pub async fn until_closed(&mut self) -> u16 {
        self.socket.until_closed().await.0
    }

    pub fn people(&self) -> Vec<&PersonRow> {
        self.rows.values().filter_map(|row| if let Row::Person(person) = row { Some(person) } else { None }).collect()
    }

    pub fn meetings(&self) -> Vec<&MeetingRow> {
        self.rows.values().filter_map(|row| if let Row::Meeting(meeting) = row { Some(meeting) } else { None }).collect()
    }

    pub fn bridges(&self) -> Vec<&BridgeRow> {
        self.rows.values().filter_map(|row| if let Row::Bridge(bridge) = row { Some(bridge) } else { None }).collect()
    }

    pub fn users(&self) -> Vec<&UserRow> {
        self.rows.values().filter_map(|row| if let Row::User(user) = row { Some(user) } else { None }).collect()
    }

    pub fn user(&self, name: &str) -> Result<&UserRow, String> {
        self.users().into_iter().find(|user| &*user.id == name).ok_or_else(|| format!("no user {name}: {:?}", self.users()))
    }

    pub fn hidden_meetings(&self) -> usize {
        self.rows.values().find_map(|row| if let Row::Server(server) = row { Some(server.hidden_meetings) } else { None }).unwrap_or(0)
    }

    /// The code of the problem of Usher itself that every moderator is shown.
    pub fn problem_code(&self) -> Option<String> {
        self.problem().map(|trouble| trouble.code.to_string())
    }

    /// The problem of Usher itself that every moderator is shown, with its text.
    pub fn problem(&self) -> Option<Fault> {
        self.rows.values().find_map(|row| if let Row::Server(server) = row { server.trouble.clone() } else { None })
    }

    pub fn person(&self, id: Id) -> Result<&PersonRow, String> {
        let id = id.to_string();
        self.people().into_iter().find(|person| *person.id == id).ok_or_else(|| format!("no row of {id} among {:?}", self.people()))
    }

    pub fn meeting(&self, id: Id) -> Result<&MeetingRow, String> {
        let id = id.to_string();
        self.meetings().into_iter().find(|meeting| *meeting.id == id).ok_or_else(|| format!("no row of {id} among {:?}", self.meetings()))
    }

    pub fn bridge(&self, name: &str) -> Result<&BridgeRow, String> {
        self.bridges().into_iter().find(|bridge| &*bridge.id == name).ok_or_else(|| format!("no bridge {name}: {:?}", self.bridges()))
    }

    /// Waits until all of them are in the lobby.
    pub async fn until_waiting<'a>(&mut self, people: impl IntoIterator<Item = &'a ParticipantTruth>) {
        self.until_lobby(people, Lobby::Waiting).await;
    }

    /// Waits until all of them have this lobby state.
    pub async fn until_lobby<'a>(&mut self, people: impl IntoIterator<Item = &'a ParticipantTruth>, lobby: Lobby) {
        let ids: Vec<Id> = people.into_iter().map(|person| person.id).collect();
        let so = |page: &Page| ids.iter().try_for_each(|id| check(page.person(*id)?.lobby == lobby, page.person(*id)?));
        self.until("everybody's lobby", so).await;
    }

    /// Admits these participants and waits for all results, by participant.
    pub async fn admit(&mut self, reference: &str, people: &[Id]) -> BTreeMap<String, Value> {
        self.request_admit(reference, people).await;
        self.results(reference).await
    }

    pub async fn request_admit(&mut self, reference: &str, people: &[Id]) {
        self.request(reference, action_on("admit", people)).await;
    }

    /// Requests an action and waits for all its results, by participant or meeting.
    pub async fn run_action(&mut self, reference: &str, action: Value) -> BTreeMap<String, Value> {
        self.request(reference, action).await;
        self.results(reference).await
    }

    pub async fn request(&mut self, reference: &str, mut action: Value) {
        action["ref"] = reference.into();
        self.socket.send(&action).await;
    }

    pub async fn retry(&mut self, bridge: &str) {
        self.socket.send(&json!({ "type": "retry", "ref": "retry", "bridge": bridge })).await;
    }

    pub async fn results(&mut self, reference: &str) -> BTreeMap<String, Value> {
        self.until("the end of the press", |page| {
            let mine: Vec<&Value> = page.replies.iter().filter(|reply| reply["ref"] == reference).collect();
            if !mine.iter().any(|reply| reply["state"] == "finished") {
                return Err(format!("{mine:?} {:?}", page.errors));
            }
            let results = mine.iter().flat_map(|reply| reply["results"].as_array().cloned().unwrap_or_default());
            let target = |result: &Value| result["person"].as_str().or(result["meeting"].as_str()).expect("a target").to_owned();
            Ok(results.map(|result| (target(&result), result)).collect())
        })
        .await
    }
}

/// An action on these participants, in the form of a request for selected rows.
pub fn action_on(action: &str, people: &[Id]) -> Value {
    let people: Vec<String> = people.iter().map(ToString::to_string).collect();
    json!({ "type": action, "people": people, "scope": "selection" })
}

/// The same action with more or other fields.
pub fn with_fields(mut action: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().expect("an object") {
        action[name] = value.clone();
    }
    action
}

fn key(row: &Row) -> (String, String) {
    let key = row.key();
    let kind = serde_json::to_value(key.kind).expect("kind");
    (kind.as_str().expect("text").into(), key.id.to_string())
}

/// `Ok` when the condition holds, else the state as text.
pub fn check(holds: bool, state: impl std::fmt::Debug) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{state:?}")) }
}
