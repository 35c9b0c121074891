//! One open page: follows the protocol as `web/` does, reconnects when it lost its socket, and remembers what it received.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Kind and id.
pub type Key = (String, String);

/// An instruction to a page.
#[derive(Debug)]
pub enum TabCommand {
    Admit {
        reference: String,
        people: Vec<String>,
    },
    Retry(String),
    Resync,
    /// Reads nothing for this long.
    Sleep(Duration),
    /// Closes or drops its socket, and reconnects.
    Reopen {
        politely: bool,
    },
    Leave,
}

/// An action request as this page knows it.
#[derive(Debug, Clone, Default)]
pub struct ActionRequest {
    pub people: BTreeSet<String>,
    pub results: BTreeMap<String, Value>,
    /// A participant had a second result.
    pub repeated: bool,
    pub finished: bool,
    /// The code, if the whole request was refused.
    pub error: Option<String>,
    /// The page lost its socket before the end: only the journal knows the results.
    pub interrupted: bool,
}

/// The state of a page.
#[derive(Debug, Default)]
pub struct TabState {
    pub rows: BTreeMap<Key, Value>,
    parts: Vec<Value>,
    /// `None` between a lost socket and the end of the next snapshot.
    pub seq: Option<u64>,
    pub epoch: String,
    pub requests: BTreeMap<String, ActionRequest>,
    /// Violations of the protocol.
    pub violations: Vec<String>,
    pub opened: usize,
    pub snapshots: usize,
}

impl TabState {
    fn on_disconnect(&mut self) {
        self.seq = None;
        self.parts.clear();
        for request in self.requests.values_mut().filter(|request| !request.finished && request.error.is_none()) {
            request.interrupted = true;
        }
    }

    /// Applies a frame; returns the message that it requires.
    fn apply(&mut self, frame: Value) -> Option<Value> {
        match frame["type"].as_str().unwrap_or_default() {
            "welcome" => self.epoch = frame["epoch"].as_str().unwrap_or_default().into(),
            "snapshot" => self.parts.extend(frame["rows"].as_array().cloned().unwrap_or_default()),
            "snapshot_end" => {
                self.snapshots += 1;
                self.rows = std::mem::take(&mut self.parts).into_iter().map(|row| (key(&row), row)).collect();
                if frame["rows"] != json!(self.rows.len()) {
                    self.violations.push(format!("a snapshot of {} rows says {}", self.rows.len(), frame["rows"]));
                }
                self.seq = frame["seq"].as_u64();
            }
            "delta" => return self.apply_delta(frame),
            "reply" => self.apply_reply(&frame),
            "error" => {
                let request = frame["ref"].as_str().and_then(|reference| self.requests.get_mut(reference));
                if let Some(request) = request {
                    request.error = frame["code"].as_str().map(Into::into);
                }
            }
            "beat" => return Some(json!({ "type": "beat" })),
            "receipt" => {}
            _ => self.violations.push(format!("unknown frame {frame}")),
        }
        None
    }

    fn apply_delta(&mut self, mut frame: Value) -> Option<Value> {
        let seq = frame["seq"].as_u64();
        // A resync was requested: deltas are skipped until the snapshot.
        let last = self.seq?;
        if seq != Some(last + 1) || frame["epoch"] != self.epoch.as_str() {
            // A page would notice this and request a resync; the server's promise is that it never happens.
            self.violations.push(format!("delta {seq:?} of {} after {last} of {}", frame["epoch"], self.epoch));
            self.seq = None;
            return Some(json!({ "type": "resync" }));
        }
        self.seq = seq;
        for dropped in frame["drop"].as_array().into_iter().flatten() {
            self.rows.remove(&key(dropped));
        }
        if let Value::Array(rows) = frame["put"].take() {
            self.rows.extend(rows.into_iter().map(|row| (key(&row), row)));
        }
        None
    }

    fn apply_reply(&mut self, frame: &Value) {
        let Some(request) = frame["ref"].as_str().and_then(|reference| self.requests.get_mut(reference)) else {
            self.violations.push(format!("a reply to nothing: {frame}"));
            return;
        };
        for result in frame["results"].as_array().into_iter().flatten() {
            let person = result["person"].as_str().unwrap_or_default().to_owned();
            // An unconfirmed result is corrected at most once, and only by a result that is marked as a correction.
            let before = request.results.insert(person, result.clone());
            let corrects = result["corrected"] == true;
            let was_open = before.as_ref().is_some_and(|before| before["result"] == "unconfirmed" && before["corrected"] != true);
            request.repeated |= if corrects { !was_open } else { before.is_some() };
        }
        request.finished |= frame["state"] == "finished";
    }
}

fn key(row: &Value) -> Key {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("kind"), text("id"))
}

/// The address of Usher; `None` while it is stopped.
pub type ServerAddress = watch::Receiver<Option<SocketAddr>>;

/// A page with a task of its own.
pub struct Tab {
    pub name: String,
    pub may_act: bool,
    state: Arc<Mutex<TabState>>,
    commands: mpsc::UnboundedSender<TabCommand>,
    task: tokio::task::JoinHandle<()>,
}

impl Tab {
    pub fn open(name: String, may_act: bool, cookies: String, server: ServerAddress) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let state = Arc::<Mutex<TabState>>::default();
        let task = tokio::spawn(run_tab(state.clone(), cookies, server, inbox));
        Self { name, may_act, state, commands, task }
    }

    pub fn state(&self) -> MutexGuard<'_, TabState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page's task ends only by `leave`.
    pub fn send(&self, command: TabCommand) {
        if let TabCommand::Admit { reference, people } = &command {
            let request = ActionRequest { people: people.iter().cloned().collect(), ..ActionRequest::default() };
            self.state().requests.insert(reference.clone(), request);
        }
        let _ = self.commands.send(command);
    }

    pub async fn leave(self) -> TabState {
        let Self { state, commands, task, .. } = self;
        let _ = commands.send(TabCommand::Leave);
        let _ = task.await;
        std::mem::take(&mut *state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The reason why a socket ended.
enum SocketEnd {
    Leave,
    /// Lost, closed, or to be opened again.
    Again,
}

async fn run_tab(
    state: Arc<Mutex<TabState>>,
    cookies: String,
    mut server: ServerAddress,
    mut commands: mpsc::UnboundedReceiver<TabCommand>,
) {
    loop {
        let address = loop {
            if let Some(address) = *server.borrow_and_update() {
                break address;
            }
            if server.changed().await.is_err() {
                return;
            }
        };
        if let Ok(socket) = connect(address, &cookies).await {
            lock(&state).opened += 1;
            let end = run_socket(socket, &state, &mut commands).await;
            lock(&state).on_disconnect();
            if matches!(end, SocketEnd::Leave) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(20..200))).await;
    }
}

async fn connect(address: SocketAddr, cookies: &str) -> Result<WebSocketStream<TcpStream>, String> {
    let mut request = format!("ws://{address}/ws").into_client_request().map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    headers.insert("cookie", cookies.parse().expect("header"));
    headers.insert("origin", format!("http://{address}").parse().expect("header"));
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    Ok(client_async(request, stream).await.map_err(|error| error.to_string())?.0)
}

async fn run_socket(
    mut socket: WebSocketStream<TcpStream>,
    state: &Mutex<TabState>,
    commands: &mut mpsc::UnboundedReceiver<TabCommand>,
) -> SocketEnd {
    loop {
        let say = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
                    Ok(frame) => lock(state).apply(frame),
                    Err(error) => { lock(state).violations.push(format!("no JSON: {error}")); None }
                },
                Some(Ok(Message::Close(close))) => {
                    let code = close.as_ref().map_or(0, |close| u16::from(close.code));
                    // The server restarts, or the page slept too long; any other code is a defect on either side.
                    if !matches!(code, 1001 | 4008) {
                        lock(state).violations.push(format!("closed with {close:?}"));
                    }
                    return SocketEnd::Again;
                }
                Some(Ok(_)) => None,
                Some(Err(_)) | None => return SocketEnd::Again,
            },
            command = commands.recv() => match command {
                Some(TabCommand::Admit { reference, people }) => Some(json!({ "type": "admit", "ref": reference, "people": people, "scope": "selection" })),
                Some(TabCommand::Retry(bridge)) => Some(json!({ "type": "retry", "ref": "retry", "bridge": bridge })),
                Some(TabCommand::Resync) => { lock(state).seq = None; Some(json!({ "type": "resync" })) }
                Some(TabCommand::Sleep(time)) => { tokio::time::sleep(time).await; None }
                Some(TabCommand::Reopen { politely }) => {
                    if politely {
                        let _ = socket.close(None).await;
                    }
                    return SocketEnd::Again;
                }
                Some(TabCommand::Leave) | None => {
                    let _ = socket.close(None).await;
                    return SocketEnd::Leave;
                }
            },
        };
        if let Some(say) = say
            && socket.send(Message::text(say.to_string())).await.is_err()
        {
            return SocketEnd::Again;
        }
    }
}

fn lock(state: &Mutex<TabState>) -> MutexGuard<'_, TabState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
