//! Usher on a simulated cluster, and a page that holds the same rows as a real browser.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use usher::accounts::Offline;
use usher::app::{self, App};
use usher::config::{Config, Timing};
use usher::db::open_connection;
use usher::model::{Fault, Lobby, Role};
use usher::simulator::{self, Control, Id, Join, MeetingTruth, Options, ParticipantTruth, Simulator, StartCall, TlsMode};
use usher::view::{BridgeRow, MeetingRow, PersonRow, Row, UserRow};

use super::DEADLINE;
use super::browser::{Browser, Socket};

pub const PASSWORD: &str = "correct horse";
pub const ACCOUNTS: [(&str, Role); 4] = [("mo", Role::Moderator), ("max", Role::Moderator), ("vi", Role::Viewer), ("ana", Role::Admin)];

/// A cluster without participants and without random activity: the test decides what happens.
pub fn quiet(bridges: usize) -> Options {
    Options { bridges, calls: 0, people: 0, rate: 0.0, tls: TlsMode::Off, ..Options::default() }
}

/// Makes every wait of Usher ten times shorter and lifts the limit on background requests.
pub fn quick(config: &mut Config) {
    config.timing = Timing::default().scaled(0.1);
    config.timing.rest_timeout = Duration::from_secs(2);
    config.timing.connect_timeout = Duration::from_secs(2);
    // A machine that is busy with other tests must not look like a dead events socket.
    config.timing.doubt = Duration::from_secs(1);
    config.timing.confirm_within = Duration::from_secs(2);
    config.timing.outcome_shown = Duration::from_secs(60);
    config.timing.beat = Duration::from_secs(20);
    config.timing.browser_silent = Duration::from_secs(90);
    config.timing.wall_silent = Duration::from_secs(90);
    config.timing.browser_stuck = Duration::from_secs(10);
    config.timing.drain = Duration::from_secs(5);
    config.timing.session_idle = Timing::default().session_idle;
    config.cms.background_per_second = 1000;
}

pub struct Desk {
    pub sim: Simulator,
    pub app: App,
    pub dir: tempfile::TempDir,
    /// The configuration at the start.
    pub config: Config,
}

impl Desk {
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, "", |_| {}).await
    }

    /// `toml` is written before the bridges; `change` is applied last.
    pub async fn start_with(options: Options, toml: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(simulator::start(options).await.expect("simulator"), toml, change).await
    }

    /// Starts Usher on a cluster that runs already.
    pub async fn start_on(sim: Simulator, toml: &str, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let mut config = configuration(&sim, toml, &dir);
        let listener = TcpListener::bind(config.web.listen).expect("port");
        // Keep the port after a restart: bridges have been told it.
        config.web.listen = listener.local_addr().expect("address");
        config.cdr_url = Some(format!("http://{}", config.web.listen));
        quick(&mut config);
        change(&mut config);
        {
            let mut conn = open_connection(dir.path()).expect("database");
            let mut offline = Offline(&mut conn);
            for (name, role) in ACCOUNTS {
                offline.add(name, role, PASSWORD).expect("added");
            }
        }
        let app = run(&config, listener).await;
        Self { sim, app, dir, config }
    }

    /// Stops Usher and starts it again on the same data.
    pub async fn restart(self) -> Self {
        self.restart_after(|_| {}).await
    }

    /// Restarts Usher and changes the data directory in between.
    pub async fn restart_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> Self {
        let Self { sim, app, dir, config } = self;
        app.stop();
        app.join().await.expect("stopped");
        meanwhile(dir.path());
        let listener = TcpListener::bind(config.web.listen).expect("the port again");
        let app = run(&config, listener).await;
        Self { sim, app, dir, config }
    }

    /// Stops Usher and then the cluster; returns the data directory.
    pub async fn stop(self) -> tempfile::TempDir {
        self.app.stop();
        self.app.join().await.expect("stopped");
        self.sim.stop().await;
        self.dir
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn control(&self) -> Control {
        self.sim.control()
    }

    pub async fn page(&self, user: &str) -> Page {
        Page::log_in(self.app.address, user).await
    }

    /// Starts a meeting with these guests. They all wait, because it has no activator.
    pub fn meeting(&self, name: &str, bridge: &str, guests: &[&str]) -> (MeetingTruth, Vec<ParticipantTruth>) {
        let call = StartCall { name: name.into(), bridge: Some(bridge.into()), space: true, ..StartCall::default() };
        let meeting = self.control().start_call(call).expect("started");
        let people = guests.iter().map(|guest| self.join(meeting.id, bridge, guest)).collect();
        (meeting, people)
    }

    pub fn join(&self, meeting: Id, bridge: &str, name: &str) -> ParticipantTruth {
        let join = Join { meeting, bridge: Some(bridge.into()), name: name.into(), role: simulator::Role::Guest, ..Join::default() };
        self.control().join(join).expect("joined")
    }

    pub fn host(&self, meeting: Id, bridge: &str) -> ParticipantTruth {
        let join = Join { meeting, bridge: Some(bridge.into()), name: "Host".into(), role: simulator::Role::Host, ..Join::default() };
        self.control().join(join).expect("joined")
    }

    /// The number of requests of this shape to all bridges, such as `PUT /participants/<id>`.
    pub fn asked(&self, shape: &str) -> u64 {
        let requests = serde_json::to_value(self.control().requests()).expect("JSON");
        requests.as_array().expect("bridges").iter().filter_map(|bridge| bridge["by_shape"][shape].as_u64()).sum()
    }
}

/// The configuration that an administrator would write for these bridges.
pub fn configuration(sim: &Simulator, toml: &str, dir: &tempfile::TempDir) -> Config {
    let mut text = format!("listen = \"127.0.0.1:0\"\ndata_dir = {:?}\n{toml}\n", dir.path().display().to_string());
    if let Some(pem) = sim.ca_pem() {
        std::fs::write(dir.path().join("ca.pem"), pem).expect("written");
    }
    for bridge in sim.bridges() {
        text.push_str(&format!(
            "[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {:?}\n",
            bridge.name, bridge.url, bridge.username, bridge.password
        ));
        if sim.ca_pem().is_some() {
            text.push_str(&format!("ca_file = {:?}\n", dir.path().join("ca.pem").display().to_string()));
        }
    }
    Config::parse(&text, dir.path()).expect("valid")
}

async fn run(config: &Config, listener: TcpListener) -> App {
    app::start(config.clone(), listener, None, CancellationToken::new()).await.expect("started")
}

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
    pub patience: Duration,
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
            patience: DEADLINE,
        }
    }

    pub async fn say(&mut self, message: Value) {
        self.socket.say(&message).await;
    }

    /// Reads frames until `state` returns `Ok`; fails with the last `Err` at the deadline.
    pub async fn until<T>(&mut self, what: &str, mut state: impl FnMut(&Page) -> Result<T, String>) -> T {
        let (mut last, patience) = (String::new(), self.patience);
        let follow = async {
            loop {
                match state(self) {
                    Ok(value) => return value,
                    Err(text) => last = text,
                }
                self.step().await;
            }
        };
        match tokio::time::timeout(patience, follow).await {
            Ok(value) => value,
            Err(_) => panic!("waited {patience:?} for {what}; the last state: {last}"),
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
                self.socket.say(&json!({ "type": "beat" })).await;
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
    pub async fn closed(&mut self) -> u16 {
        self.socket.closed().await.0
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

    pub fn hidden(&self) -> usize {
        self.rows.values().find_map(|row| if let Row::Server(server) = row { Some(server.hidden_meetings) } else { None }).unwrap_or(0)
    }

    /// The code of the problem of Usher itself that every moderator is shown.
    pub fn trouble(&self) -> Option<String> {
        self.troubled().map(|trouble| trouble.code.to_string())
    }

    /// The problem of Usher itself that every moderator is shown, with its text.
    pub fn troubled(&self) -> Option<Fault> {
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
    pub async fn waiting<'a>(&mut self, people: impl IntoIterator<Item = &'a ParticipantTruth>) {
        self.lobby(people, Lobby::Waiting).await;
    }

    /// Waits until all of them have this lobby state.
    pub async fn lobby<'a>(&mut self, people: impl IntoIterator<Item = &'a ParticipantTruth>, lobby: Lobby) {
        let ids: Vec<Id> = people.into_iter().map(|person| person.id).collect();
        let so = |page: &Page| ids.iter().try_for_each(|id| check(page.person(*id)?.lobby == lobby, page.person(*id)?));
        self.until("everybody's lobby", so).await;
    }

    /// Admits these participants and waits for all results, by participant.
    pub async fn admit(&mut self, word: &str, people: &[Id]) -> BTreeMap<String, Value> {
        self.press(word, people).await;
        self.results(word).await
    }

    pub async fn press(&mut self, word: &str, people: &[Id]) {
        self.ask(word, to("admit", people)).await;
    }

    /// Requests an action and waits for all its results, by participant or meeting.
    pub async fn act(&mut self, word: &str, action: Value) -> BTreeMap<String, Value> {
        self.ask(word, action).await;
        self.results(word).await
    }

    pub async fn ask(&mut self, word: &str, mut action: Value) {
        action["ref"] = word.into();
        self.socket.say(&action).await;
    }

    pub async fn retry(&mut self, bridge: &str) {
        self.socket.say(&json!({ "type": "retry", "ref": "retry", "bridge": bridge })).await;
    }

    pub async fn results(&mut self, word: &str) -> BTreeMap<String, Value> {
        self.until("the end of the press", |page| {
            let mine: Vec<&Value> = page.replies.iter().filter(|reply| reply["ref"] == word).collect();
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
pub fn to(action: &str, people: &[Id]) -> Value {
    let people: Vec<String> = people.iter().map(ToString::to_string).collect();
    json!({ "type": action, "people": people, "scope": "selection" })
}

/// The same action with more or other fields.
pub fn with(mut action: Value, fields: Value) -> Value {
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
