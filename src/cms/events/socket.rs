//! One events socket of one Call Bridge: connects, acknowledges every message at once, and reports what it reads. Decides nothing.
//!
//! The acknowledgement goes out on the read path before any processing: without it a bridge stops sending for good (events.md section 2).

mod text_as_binary;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace};

use super::protocol;
use super::protocol::{Body, EventFrame, MessageId};
use super::subscriptions::SocketId;
use crate::cms::connect;
use crate::cms::connect::Resolver;
use crate::config::Secret;
use text_as_binary::TextAsBinary;

/// Frames of megabytes are plausible for large rosters (events.md section 9).
const MAX_MESSAGE: usize = 16 << 20;
/// How long a bridge's machine may be gone before TCP ends the connection.
const LOST_PEER: Duration = Duration::from_secs(20);
/// tungstenite clears this much before each read of the socket; larger frames are read in several steps.
const READ_BUFFER: usize = 8 * 1024;

/// Where and how to connect.
#[derive(Debug, Clone)]
pub(crate) struct ConnectOptions {
    /// `https://host[:port]`.
    pub url: String,
    pub tls: Arc<rustls::ClientConfig>,
    pub connect_timeout: Duration,
    pub names: Arc<dyn Resolver>,
}

/// A message of a socket to its bridge. `socket` and `generation` name the connection: the bridge ignores late messages of an old one.
#[derive(Debug)]
pub(crate) struct SocketReport {
    pub socket: SocketId,
    pub generation: u64,
    pub event: SocketEvent,
}

#[derive(Debug)]
pub(crate) enum SocketEvent {
    Open,
    Frame(Box<EventFrame>),
    Closed(String),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("not reachable: {0}")]
    Tcp(#[from] std::io::Error),
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
    #[error("the address {0} is not valid")]
    Address(String),
    #[error("the WebSocket was refused: {0}")]
    Handshake(Box<WsError>),
}

trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

type EventsStream = WebSocketStream<TextAsBinary<Box<dyn Transport>>>;

/// An open connection.
pub(crate) struct OpenSocket(EventsStream);

/// Opens an events socket. The token is used once and never stored or logged (events.md section 6.3).
pub(crate) async fn connect(options: &ConnectOptions, token: &Secret) -> Result<OpenSocket, ConnectError> {
    tokio::time::timeout(options.connect_timeout, open(options, token))
        .await
        .unwrap_or(Err(ConnectError::TimedOut(options.connect_timeout)))
}

async fn open(options: &ConnectOptions, token: &Secret) -> Result<OpenSocket, ConnectError> {
    let bad = || ConnectError::Address(options.url.clone());
    let url = reqwest::Url::parse(&options.url).map_err(|_| bad())?;
    let host = url.host_str().ok_or_else(bad)?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or_else(bad)?;
    let tcp = connect::connect_host(&*options.names, &host, port).await?;
    tcp.set_nodelay(true)?;
    detect_lost_peer(&tcp)?;
    let secure = url.scheme() == "https";
    let stream: Box<dyn Transport> = if secure {
        let name = ServerName::try_from(host).map_err(|_| bad())?;
        Box::new(tokio_rustls::TlsConnector::from(options.tls.clone()).connect(name, tcp).await?)
    } else {
        Box::new(tcp)
    };
    let mut target = url;
    target.set_scheme(if secure { "wss" } else { "ws" }).map_err(|()| bad())?;
    target.set_path("/events/v1");
    target.query_pairs_mut().append_pair("authToken", token.expose());
    let config =
        WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let (socket, _) = client_async_with_config(target.as_str(), TextAsBinary::new(stream), Some(config))
        .await
        .map_err(|error| ConnectError::Handshake(Box::new(error)))?;
    Ok(OpenSocket(socket))
}

/// A machine that is gone closes no connection: nothing comes, and nothing that is written is acknowledged. Sets TCP to probe by itself, so
/// that it notices at the latest [`LOST_PEER`] after the last byte.
fn detect_lost_peer(tcp: &tokio::net::TcpStream) -> std::io::Result<()> {
    let socket = socket2::SockRef::from(tcp);
    let (idle, interval, probes) = (LOST_PEER / 2, LOST_PEER / 10, 5);
    let keepalive = socket2::TcpKeepalive::new().with_time(idle).with_interval(interval);
    #[cfg(target_os = "linux")]
    let keepalive = keepalive.with_retries(probes);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(LOST_PEER))?;
    Ok(())
}

/// The bridge's handle of a socket that runs in the background. Dropping it closes the socket.
#[derive(Debug)]
pub(crate) struct EventsSocket {
    pub generation: u64,
    outgoing: mpsc::Sender<String>,
    stop: CancellationToken,
}

impl EventsSocket {
    /// Connects and runs in the background until it is closed. Everything it reads arrives as reports.
    pub(crate) fn spawn(
        tracker: &tokio_util::task::TaskTracker,
        options: ConnectOptions,
        token: Secret,
        socket: SocketId,
        generation: u64,
        reports: mpsc::Sender<SocketReport>,
    ) -> Self {
        let (outgoing, requests) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tracker.spawn(async move {
            let report = |event| SocketReport { socket, generation, event };
            let session = async {
                let opened = connect(&options, &token).await;
                drop(token);
                match opened {
                    Ok(open) => {
                        let _ = reports.send(report(SocketEvent::Open)).await;
                        run(open.0, requests, &reports, &report).await
                    }
                    Err(error) => error.to_string(),
                }
            };
            // A defect here must not leave a bridge waiting for ever for a socket that is gone.
            let session =
                AssertUnwindSafe(session).catch_unwind().map(|end| end.unwrap_or_else(|_| "Usher failed while reading it".into()));
            let reason = tokio::select! {
                reason = session => reason,
                () = stopped.cancelled() => return,
            };
            debug!(socket, %reason, "events socket closed");
            let _ = reports.send(report(SocketEvent::Closed(reason))).await;
        });
        Self { generation, outgoing, stop }
    }

    /// Sends a request; false when the socket can't take it.
    pub(crate) fn send(&self, text: String) -> bool {
        self.outgoing.try_send(text).is_ok()
    }
}

impl Drop for EventsSocket {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn run(
    mut socket: EventsStream,
    mut requests: mpsc::Receiver<String>,
    reports: &mpsc::Sender<SocketReport>,
    report: &impl Fn(SocketEvent) -> SocketReport,
) -> String {
    let mut last = None;
    loop {
        let incoming = tokio::select! {
            incoming = socket.next() => incoming,
            request = requests.recv() => match request {
                Some(text) => match socket.send(Message::text(text)).await {
                    Ok(()) => continue,
                    Err(error) => return error.to_string(),
                },
                None => return "no longer needed".into(),
            },
        };
        // Acknowledge all frames that have already arrived in one write.
        let mut batch = Vec::new();
        let mut next = Some(incoming);
        while let Some(incoming) = next {
            match on_frame(&mut socket, incoming, &mut batch, &mut last).await {
                Ok(()) => {}
                Err(reason) => {
                    forward(reports, report, batch).await;
                    return reason;
                }
            }
            next = if batch.len() < 64 { socket.next().now_or_never() } else { None };
        }
        if let Err(error) = socket.flush().await {
            return error.to_string();
        }
        forward(reports, report, batch).await;
    }
}

/// Handles one frame and queues its acknowledgement. `last`: the number of the message before.
async fn on_frame(
    socket: &mut EventsStream,
    incoming: Option<Result<Message, WsError>>,
    batch: &mut Vec<SocketEvent>,
    last: &mut Option<MessageId>,
) -> Result<(), String> {
    let frame = match incoming {
        // Text frames arrive as binary ones (`text_as_binary`); a bridge that sends binary frames means the same.
        Some(Ok(Message::Binary(bytes))) => read(&bytes),
        Some(Ok(Message::Text(text))) => read(text.as_ref()),
        Some(Ok(Message::Close(close))) => {
            return Err(close.map_or_else(
                || "closed by the bridge without a code".into(),
                |c| format!("closed by the bridge ({}) {}", c.code, c.reason),
            ));
        }
        Some(Ok(_)) => return Ok(()),
        Some(Err(error)) => return Err(error.to_string()),
        None => return Err("closed by the bridge".into()),
    };
    if let Some(id) = number_to_acknowledge(&frame, last.as_ref()) {
        socket.feed(Message::text(protocol::ack(&id))).await.map_err(|error| error.to_string())?;
        *last = Some(id);
    }
    batch.push(SocketEvent::Frame(Box::new(frame)));
    Ok(())
}

/// Bytes that are not UTF-8 are replaced.
fn read(bytes: &[u8]) -> EventFrame {
    let text = String::from_utf8_lossy(bytes);
    trace!(%text, "event");
    protocol::read(&text)
}

/// The number to acknowledge. Messages are numbered in order: a message that lost its number has the next one.
fn number_to_acknowledge(frame: &EventFrame, last: Option<&MessageId>) -> Option<MessageId> {
    let lost = frame.damaged && matches!(&frame.body, Body::Unknown(kind) if kind != "messageAck");
    frame.message_id.clone().or_else(|| last.filter(|_| lost).and_then(MessageId::next))
}

async fn forward(reports: &mpsc::Sender<SocketReport>, report: &impl Fn(SocketEvent) -> SocketReport, batch: Vec<SocketEvent>) {
    for event in batch {
        if reports.send(report(event)).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_machine_that_is_gone_ends_its_connection_within_half_a_minute() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
        let tcp = tokio::net::TcpStream::connect(listener.local_addr().expect("address")).await.expect("connected");
        detect_lost_peer(&tcp).expect("set");
        let socket = socket2::SockRef::from(&tcp);
        assert!(socket.keepalive().expect("read"));
        #[cfg(target_os = "linux")]
        {
            let time = |read: std::io::Result<Duration>| read.expect("read");
            let probes = socket.tcp_keepalive_retries().expect("read");
            let quiet = time(socket.tcp_keepalive_time()) + time(socket.tcp_keepalive_interval()) * probes;
            assert!(quiet <= Duration::from_secs(30), "nothing was written: {quiet:?}");
            let written = socket.tcp_user_timeout().expect("read").expect("set");
            assert!(written <= Duration::from_secs(30), "something was written: {written:?}");
        }
    }
}
