//! The reading half of a browser's socket: texts, pings, and errors that end it. Writes nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::hub::Frame;

use super::close_code;
use super::session::{Outgoing, SocketEnd};
use super::upgrade::Inward;

/// Browsers send little; the default of 128 KiB each would be most of the memory.
const READ_BUFFER: usize = 2 * 1024;

pub(in crate::http) struct SocketReader {
    socket: WebSocketStream<ReadOnly>,
    longest: usize,
}

/// One message of the browser.
pub(in crate::http) enum Incoming {
    Text(String),
    /// The pong is to be sent back.
    Ping(Outgoing),
    /// Shows only that the browser is there.
    Empty,
}

impl SocketReader {
    /// `already_read`: bytes that came with the upgrade request; `longest`: bytes that a message may have.
    pub(in crate::http) async fn new(inward: Inward, already_read: Vec<u8>, longest: usize) -> Self {
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(Some(longest)).max_frame_size(Some(longest));
        let socket = WebSocketStream::from_partially_read(ReadOnly(inward), already_read, Role::Server, Some(config)).await;
        Self { socket, longest }
    }

    /// The next message. Dropping the future loses nothing.
    pub(in crate::http) async fn next(&mut self) -> Result<Incoming, SocketEnd> {
        match self.socket.next().await {
            None => Err(SocketEnd::Lost),
            Some(Ok(Message::Close(frame))) => Err(SocketEnd::Left(frame.map_or(close_code::NORMAL, |frame| frame.code.into()))),
            Some(Err(error)) => Err(self.end_of(&error)),
            Some(Ok(Message::Ping(data))) => Ok(Incoming::Ping(Outgoing::Send(Frame::pong(data)))),
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Ok(Incoming::Empty),
            Some(Ok(Message::Binary(_))) => Err(SocketEnd::bad_message("messages are text")),
            Some(Ok(Message::Text(text))) => Ok(Incoming::Text(text.as_str().to_owned())),
        }
    }

    /// Reads on until the browser's close frame, because data that nobody reads would turn our close frame into a reset.
    pub(in crate::http) async fn drain(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    fn end_of(&self, error: &Error) -> SocketEnd {
        match error {
            Error::Capacity(_) => SocketEnd::bad_message(&format!("a message is longer than {} bytes", self.longest)),
            Error::Utf8(_) => SocketEnd::bad_message("a message is not valid UTF-8"),
            _ => SocketEnd::Lost,
        }
    }
}

/// The reading half as tungstenite needs it. Frames that tungstenite would send by itself are dropped: only the writer writes.
struct ReadOnly(Inward);

impl AsyncRead for ReadOnly {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ReadOnly {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, frames: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(frames.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
