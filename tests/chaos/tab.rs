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
pub enum Order {
    Press {
        word: String,
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
pub struct Press {
    pub people: BTreeSet<String>,
    pub results: BTreeMap<String, Value>,
    /// A participant had a second result.
    pub repeated: bool,
    pub finished: bool,
    /// The code, if the whole request was refused.
    pub error: Option<String>,
    /// The page lost its socket before the end: only the journal knows the results.
    pub cut: bool,
}

/// The state of a page.
#[derive(Debug, Default)]
pub struct Held {
    pub rows: BTreeMap<Key, Value>,
    parts: Vec<Value>,
    /// `None` between a lost socket and the end of the next snapshot.
    pub seq: Option<u64>,
    pub epoch: String,
    pub presses: BTreeMap<String, Press>,
    /// Violations of the protocol.
    pub wrong: Vec<String>,
    pub opened: usize,
    pub snapshots: usize,
}

impl Held {
    fn lost(&mut self) {
        self.seq = None;
        self.parts.clear();
        for press in self.presses.values_mut().filter(|press| !press.finished && press.error.is_none()) {
            press.cut = true;
        }
    }

    /// Applies a frame; returns the message that it requires.
    fn take(&mut self, frame: Value) -> Option<Value> {
        match frame["type"].as_str().unwrap_or_default() {
            "welcome" => self.epoch = frame["epoch"].as_str().unwrap_or_default().into(),
            "snapshot" => self.parts.extend(frame["rows"].as_array().cloned().unwrap_or_default()),
            "snapshot_end" => {
                self.snapshots += 1;
                self.rows = std::mem::take(&mut self.parts).into_iter().map(|row| (key(&row), row)).collect();
                if frame["rows"] != json!(self.rows.len()) {
                    self.wrong.push(format!("a snapshot of {} rows says {}", self.rows.len(), frame["rows"]));
                }
                self.seq = frame["seq"].as_u64();
            }
            "delta" => return self.take_delta(frame),
            "reply" => self.take_reply(&frame),
            "error" => {
                let press = frame["ref"].as_str().and_then(|word| self.presses.get_mut(word));
                if let Some(press) = press {
                    press.error = frame["code"].as_str().map(Into::into);
                }
            }
            "beat" => return Some(json!({ "type": "beat" })),
            "receipt" => {}
            _ => self.wrong.push(format!("unknown frame {frame}")),
        }
        None
    }

    fn take_delta(&mut self, mut frame: Value) -> Option<Value> {
        let seq = frame["seq"].as_u64();
        // A resync was requested: deltas are skipped until the snapshot.
        let held = self.seq?;
        if seq != Some(held + 1) || frame["epoch"] != self.epoch.as_str() {
            // A page would notice this and request a resync; the server's promise is that it never happens.
            self.wrong.push(format!("delta {seq:?} of {} after {held} of {}", frame["epoch"], self.epoch));
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

    fn take_reply(&mut self, frame: &Value) {
        let Some(press) = frame["ref"].as_str().and_then(|word| self.presses.get_mut(word)) else {
            self.wrong.push(format!("a reply to nothing: {frame}"));
            return;
        };
        for result in frame["results"].as_array().into_iter().flatten() {
            let person = result["person"].as_str().unwrap_or_default().to_owned();
            // An unconfirmed result is corrected at most once, and only by a result that is marked as a correction.
            let before = press.results.insert(person, result.clone());
            let corrects = result["corrected"] == true;
            let was_open = before.as_ref().is_some_and(|before| before["result"] == "unconfirmed" && before["corrected"] != true);
            press.repeated |= if corrects { !was_open } else { before.is_some() };
        }
        press.finished |= frame["state"] == "finished";
    }
}

fn key(row: &Value) -> Key {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("kind"), text("id"))
}

/// The address of Usher; `None` while it is stopped.
pub type Whereabouts = watch::Receiver<Option<SocketAddr>>;

/// A page with a task of its own.
pub struct Tab {
    pub name: String,
    pub may_act: bool,
    held: Arc<Mutex<Held>>,
    orders: mpsc::UnboundedSender<Order>,
    task: tokio::task::JoinHandle<()>,
}

impl Tab {
    pub fn open(name: String, may_act: bool, cookies: String, server: Whereabouts) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let held = Arc::<Mutex<Held>>::default();
        let task = tokio::spawn(live(held.clone(), cookies, server, inbox));
        Self { name, may_act, held, orders, task }
    }

    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page's task ends only by `leave`.
    pub fn order(&self, order: Order) {
        if let Order::Press { word, people } = &order {
            let press = Press { people: people.iter().cloned().collect(), ..Press::default() };
            self.held().presses.insert(word.clone(), press);
        }
        let _ = self.orders.send(order);
    }

    pub async fn leave(self) -> Held {
        let Self { held, orders, task, .. } = self;
        let _ = orders.send(Order::Leave);
        let _ = task.await;
        std::mem::take(&mut *held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The reason why a socket ended.
enum End {
    Leave,
    /// Lost, closed, or to be opened again.
    Again,
}

async fn live(held: Arc<Mutex<Held>>, cookies: String, mut server: Whereabouts, mut orders: mpsc::UnboundedReceiver<Order>) {
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
            lock(&held).opened += 1;
            let end = follow(socket, &held, &mut orders).await;
            lock(&held).lost();
            if matches!(end, End::Leave) {
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

async fn follow(mut socket: WebSocketStream<TcpStream>, held: &Mutex<Held>, orders: &mut mpsc::UnboundedReceiver<Order>) -> End {
    loop {
        let say = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
                    Ok(frame) => lock(held).take(frame),
                    Err(error) => { lock(held).wrong.push(format!("no JSON: {error}")); None }
                },
                Some(Ok(Message::Close(close))) => {
                    let code = close.as_ref().map_or(0, |close| u16::from(close.code));
                    // The server restarts, or the page slept too long; any other code is a defect on either side.
                    if !matches!(code, 1001 | 4008) {
                        lock(held).wrong.push(format!("closed with {close:?}"));
                    }
                    return End::Again;
                }
                Some(Ok(_)) => None,
                Some(Err(_)) | None => return End::Again,
            },
            order = orders.recv() => match order {
                Some(Order::Press { word, people }) => Some(json!({ "type": "admit", "ref": word, "people": people, "scope": "selection" })),
                Some(Order::Retry(bridge)) => Some(json!({ "type": "retry", "ref": "retry", "bridge": bridge })),
                Some(Order::Resync) => { lock(held).seq = None; Some(json!({ "type": "resync" })) }
                Some(Order::Sleep(time)) => { tokio::time::sleep(time).await; None }
                Some(Order::Reopen { politely }) => {
                    if politely {
                        let _ = socket.close(None).await;
                    }
                    return End::Again;
                }
                Some(Order::Leave) | None => {
                    let _ = socket.close(None).await;
                    return End::Leave;
                }
            },
        };
        if let Some(say) = say
            && socket.send(Message::text(say.to_string())).await.is_err()
        {
            return End::Again;
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
