//! The opening of an events socket: reads the upgrade request and answers it. It checks no token.

use std::io;

use axum::extract::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::simulator::listen::PeekedStream;
use crate::simulator::rest::form;

const LARGEST_HEAD: usize = 16 * 1024;

/// The upgrade request of a client.
#[derive(Debug, Default)]
pub(crate) struct Upgrade {
    pub(crate) path: String,
    pub(crate) token: String,
    /// The answer to `Sec-WebSocket-Key`, if the request has one.
    pub(crate) accept: Option<String>,
}

/// Reads exactly the head of the request, byte by byte behind the TLS buffer, so that no frame is lost.
pub(crate) async fn read(io: &mut PeekedStream) -> io::Result<Upgrade> {
    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LARGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(io.read_u8().await?);
    }
    Ok(parse(&String::from_utf8_lossy(&head)))
}

/// Reads the upgrade from a request on a connection that has served REST before.
pub(crate) fn from_request(request: &Request) -> Upgrade {
    let token = form::parse(request.uri().query().unwrap_or("")).into_iter().find(|(name, _)| name == "authToken");
    let key = request.headers().get("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes()));
    Upgrade { path: request.uri().path().to_owned(), token: token.map(|(_, value)| value).unwrap_or_default(), accept: key }
}

fn parse(head: &str) -> Upgrade {
    let mut lines = head.split("\r\n");
    let target = lines.next().and_then(|l| l.split(' ').nth(1)).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let token = form::parse(query).into_iter().find(|(name, _)| name == "authToken").map(|(_, value)| value).unwrap_or_default();
    let accept = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map(|(_, key)| derive_accept_key(key.trim().as_bytes()));
    Upgrade { path: path.to_owned(), token, accept }
}

/// Sends the response that switches protocols.
pub(crate) async fn accept(io: &mut PeekedStream, key: &str) -> io::Result<()> {
    let head =
        format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {key}\r\n\r\n");
    io.write_all(head.as_bytes()).await?;
    io.flush().await
}

/// Sends a refusal with an empty body.
pub(crate) async fn refuse(io: &mut PeekedStream, status: u16) -> io::Result<()> {
    let reason = axum::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Refused");
    let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    io.write_all(head.as_bytes()).await?;
    io.shutdown().await
}
