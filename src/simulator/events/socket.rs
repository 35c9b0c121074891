//! One events socket: numbering, acks and the window (events.md 2). The hub supplies the messages.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::BytesMut;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::frame::{self, Frame};
use super::handshake::{self, Upgrade};
use super::hub::{self, SocketCommand};
use super::subscription::{self, Subscription, Target};
use crate::simulator::core::Core;
use crate::simulator::listen::PeekedStream;
use crate::simulator::switches::{NoAck, Switches, UnknownCall};

/// A client that reads nothing for this long is disconnected.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// Maximum number of messages kept for a socket that does not read.
const QUEUE_LIMIT: usize = 50_000;

/// Handles a connection whose first line asks for `/events/`.
pub(crate) async fn serve(core: &Arc<Core>, bridge: usize, mut io: PeekedStream, running: CancellationToken) {
    let Ok(upgrade) = handshake::read(&mut io).await else {
        return;
    };
    if let Some(status) = refusal(core, bridge, &upgrade) {
        // The client may be gone, and then nobody needs the answer.
        let _ = handshake::refuse(&mut io, status).await;
        return;
    }
    if handshake::accept(&mut io, &upgrade.accept.unwrap_or_default()).await.is_ok() {
        run_socket(core, bridge, io, running).await;
    }
}

/// Handles a request for `/events/` on a connection that has served REST before, as clients with a pool of connections send it.
pub(crate) fn upgrade(core: &Arc<Core>, bridge: usize, mut request: Request, running: CancellationToken) -> Response {
    let upgrade = handshake::from_request(&request);
    let upgraded = hyper::upgrade::on(&mut request);
    let mut response = Response::new(Body::empty());
    if let Some(status) = refusal(core, bridge, &upgrade) {
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return response;
    }
    let owned = core.clone();
    core.tasks.spawn(async move {
        // The client may have gone before the answer.
        if let Ok(io) = upgraded.await {
            run_socket(&owned, bridge, PeekedStream::new(Box::new(TokioIo::new(io))), running).await;
        }
    });
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let key = upgrade.accept.and_then(|key| HeaderValue::from_str(&key).ok());
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.extend(key.map(|key| (SEC_WEBSOCKET_ACCEPT, key)));
    response
}

/// The status with which an upgrade is refused.
fn refusal(core: &Core, bridge: usize, upgrade: &Upgrade) -> Option<u16> {
    let switches = core.switches.of(bridge);
    match &upgrade.accept {
        _ if switches.events_status != 0 => Some(switches.events_status),
        _ if upgrade.path != "/events/v1" => Some(404),
        None => Some(400),
        _ if !core.bridges[bridge].tokens.accept(&upgrade.token, &switches) => Some(401),
        Some(_) => None,
    }
}

/// Runs an open socket to its end.
async fn run_socket(core: &Arc<Core>, bridge: usize, io: PeekedStream, running: CancellationToken) {
    let runtime = &core.bridges[bridge];
    runtime.request_log.events_opened();
    let (queue, commands) = mpsc::unbounded_channel();
    let id = core.state(|state| state.hub.open(bridge, queue));
    let socket = Socket {
        core: core.clone(),
        bridge,
        id,
        io,
        commands,
        waiting: VecDeque::new(),
        unacked: VecDeque::new(),
        next_message: 1,
        indexes: HashMap::new(),
        pushed: None,
        silent: false,
        fragments: Vec::new(),
        last_received: Instant::now(),
    };
    tokio::select! {
        () = running.cancelled() => {}
        // A socket ends because of the client or of a fault; neither is an error here.
        _ = socket.run() => {}
    }
    core.state(|state| state.hub.close(id));
    runtime.request_log.events_closed();
}

struct Socket {
    core: Arc<Core>,
    bridge: usize,
    id: u64,
    io: PeekedStream,
    commands: UnboundedReceiver<SocketCommand>,
    waiting: VecDeque<String>,
    unacked: VecDeque<(i64, Instant)>,
    next_message: i64,
    /// The last target of each index.
    indexes: HashMap<i64, Target>,
    /// The set that was accepted last.
    pushed: Option<Vec<Subscription>>,
    /// The bridge has given up on this socket: it stays open, and nothing is sent.
    silent: bool,
    fragments: Vec<u8>,
    last_received: Instant,
}

/// The event that ended a wait.
enum WakeReason {
    Read(io::Result<usize>),
    Command(Option<SocketCommand>),
    AckOverdue,
    Idle,
}

impl Socket {
    async fn run(mut self) -> io::Result<()> {
        let mut buffer = BytesMut::with_capacity(4096);
        loop {
            let switches = self.core.switches.of(self.bridge);
            if !switches.events_stall {
                self.send_waiting(&switches).await?;
            }
            match self.wait(&mut buffer, &switches).await {
                WakeReason::Read(Ok(0)) => return Ok(()),
                WakeReason::Read(read) => {
                    read?;
                    while let Some(frame) = frame::decode(&mut buffer).map_err(io::Error::other)? {
                        if self.on_frame(frame, &switches).await?.is_break() {
                            return Ok(());
                        }
                    }
                }
                WakeReason::Command(Some(SocketCommand::Message(body))) => self.enqueue(body),
                WakeReason::Command(Some(SocketCommand::Wake)) => {}
                WakeReason::Command(Some(SocketCommand::Close(code))) => return self.close(code).await,
                WakeReason::Command(Some(SocketCommand::Cut) | None) => return Ok(()),
                WakeReason::AckOverdue if switches.no_ack == NoAck::Close => return self.close(None).await,
                WakeReason::AckOverdue => {
                    self.core.bridges[self.bridge].request_log.events_silenced();
                    self.silent = true;
                    self.waiting.clear();
                }
                WakeReason::Idle => return self.close(Some(1001)).await,
            }
        }
    }

    async fn wait(&mut self, buffer: &mut BytesMut, switches: &Switches) -> WakeReason {
        let overdue = self.unacked.front().map(|(_, sent)| *sent + Duration::from_millis(switches.ack_timeout_ms));
        let watches_acks = overdue.is_some() && !self.silent && !switches.events_stall && switches.ack_window > 0;
        let idle = self.last_received + Duration::from_millis(switches.idle_close_ms);
        tokio::select! {
            read = self.io.read_buf(buffer), if !switches.events_stall => WakeReason::Read(read),
            command = self.commands.recv() => WakeReason::Command(command),
            () = tokio::time::sleep_until(overdue.unwrap_or(idle)), if watches_acks => WakeReason::AckOverdue,
            () = tokio::time::sleep_until(idle), if switches.idle_close_ms > 0 => WakeReason::Idle,
        }
    }

    fn enqueue(&mut self, body: String) {
        if self.silent {
            return;
        }
        self.waiting.push_back(body);
        if self.waiting.len() > QUEUE_LIMIT {
            self.silent = true;
            self.waiting.clear();
        }
    }

    /// Sends the messages that the window allows in one write.
    async fn send_waiting(&mut self, switches: &Switches) -> io::Result<()> {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                SocketCommand::Message(body) => self.enqueue(body),
                SocketCommand::Wake => {}
                SocketCommand::Close(code) => {
                    self.close(code).await?;
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                SocketCommand::Cut => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let mut out = Vec::new();
        while switches.ack_window == 0 || self.unacked.len() < switches.ack_window {
            let Some(body) = self.waiting.pop_front() else {
                break;
            };
            self.encode_message(&mut out, &body, switches);
        }
        self.write(&out).await
    }

    fn encode_message(&mut self, out: &mut Vec<u8>, body: &str, switches: &Switches) {
        let id = self.next_message;
        self.next_message += 1;
        let mut text = format!(r#"{{"type":"message","message":{{"messageId":{id},{body}"#);
        if !switches.events_replace.is_empty() {
            text = text.replace(&switches.events_replace, &switches.events_replace_with);
        }
        if switches.events_padding > 0 {
            let padding = " ".repeat(switches.events_padding);
            text.push_str(&padding);
        }
        if switches.invalid_json_events {
            frame::encode(out, frame::TEXT, &text.as_bytes()[..text.len() / 2 / 2 + 20]);
        }
        if switches.invalid_utf8_events {
            frame::encode(out, frame::TEXT, b"{\"type\":\"message\",\"name\":\"\xff\xfe\"}");
        }
        frame::encode(out, frame::TEXT, text.as_bytes());
        if switches.ack_window > 0 {
            self.unacked.push_back((id, Instant::now()));
        }
    }

    async fn on_frame(&mut self, frame: Frame, switches: &Switches) -> io::Result<std::ops::ControlFlow<()>> {
        use std::ops::ControlFlow::{Break, Continue};
        self.last_received = Instant::now();
        match frame.opcode {
            frame::CLOSE => {
                let mut out = Vec::new();
                frame::encode(&mut out, frame::CLOSE, &frame.payload);
                self.write(&out).await?;
                return Ok(Break(()));
            }
            frame::PING if switches.answer_pings => {
                let mut out = Vec::new();
                frame::encode(&mut out, frame::PONG, &frame.payload);
                self.write(&out).await?;
            }
            0 | frame::TEXT => {
                self.fragments.extend_from_slice(&frame.payload);
                if frame.last {
                    let whole = std::mem::take(&mut self.fragments);
                    self.on_message(&whole, switches).await?;
                }
            }
            _ => {}
        }
        Ok(Continue(()))
    }

    /// Messages that are not understood are ignored: the reaction of a bridge is unknown (events.md 2).
    async fn on_message(&mut self, text: &[u8], switches: &Switches) -> io::Result<()> {
        let Ok(envelope) = serde_json::from_slice::<Value>(text) else {
            return Ok(());
        };
        if let Some(id) = envelope.pointer("/messageAck/messageId").and_then(Value::as_i64) {
            self.unacked.retain(|(sent, _)| *sent != id || switches.ignore_acks);
            return Ok(());
        }
        let Some(message) = envelope.get("message") else {
            return Ok(());
        };
        let id = message.get("messageId").cloned().unwrap_or(Value::Null);
        if message.get("type").and_then(Value::as_str) != Some("subscribeRequest") {
            return self.ack(&id, &switches.error_status).await;
        }
        let wanted = subscription::parse(message);
        self.core.bridges[self.bridge].request_log.subscribed(wanted.is_some() && wanted == self.pushed);
        let within = |n: usize| switches.subscription_limit == 0 || n <= switches.subscription_limit;
        let known = |w: &[Subscription]| {
            switches.unknown_call == UnknownCall::Deactivated
                || self.core.state(|state| w.iter().all(|s| hub::target_exists(&state.world, self.bridge, s.target)))
        };
        match wanted.filter(|w| !switches.subscribe_refused && within(w.len()) && known(w)) {
            None => self.ack(&id, &switches.error_status).await,
            Some(wanted) => {
                for subscription in &wanted {
                    let before = self.indexes.insert(subscription.index, subscription.target);
                    if before.is_some_and(|target| target != subscription.target) {
                        self.core.bridges[self.bridge].request_log.index_reused();
                    }
                }
                self.ack(&id, "success").await?;
                self.pushed = Some(wanted.clone());
                self.core.state(|state| {
                    state.hub.replace(self.id, &wanted, &state.world, switches);
                });
                Ok(())
            }
        }
    }

    async fn ack(&mut self, id: &Value, status: &str) -> io::Result<()> {
        if self.silent {
            return Ok(());
        }
        let status = super::render::quoted(status);
        let text = format!(r#"{{"type":"messageAck","messageAck":{{"messageId":{id},"status":{status}}}}}"#);
        let mut out = Vec::new();
        frame::encode(&mut out, frame::TEXT, text.as_bytes());
        self.write(&out).await
    }

    async fn close(&mut self, code: Option<u16>) -> io::Result<()> {
        let payload = code.map(|c| c.to_be_bytes().to_vec()).unwrap_or_default();
        let mut out = Vec::new();
        frame::encode(&mut out, frame::CLOSE, &payload);
        self.write(&out).await?;
        self.io.shutdown().await
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let late = self.core.switches.of(self.bridge).events_late_ms;
        if late > 0 {
            tokio::time::sleep(Duration::from_millis(late)).await;
        }
        let written = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        tokio::time::timeout(WRITE_LIMIT, written).await?
    }
}
