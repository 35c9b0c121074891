//! The inward half of a browser's socket: messages, and what of them ends the conversation. Writes nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::http::desk_socket::protocol::close;
use crate::hub::Frame;

use super::upgrade::Inward;
use crate::http::desk_socket::{End, Order};

/// Browsers send little; the default of 128 KiB each would be most of the memory.
const READ_BUFFER: usize = 2 * 1024;

/// What a browser says.
pub(in crate::http) struct Ear {
    socket: WebSocketStream<Inlet>,
    longest: usize,
}

/// What one of its messages is.
pub(in crate::http) enum Heard {
    Text(String),
    /// To be sent back.
    Answer(Order),
    Nothing,
}

impl Ear {
    /// `read`: what came before it was a WebSocket; `longest`: bytes that a message may have.
    pub(in crate::http) async fn new(inward: Inward, read: Vec<u8>, longest: usize) -> Self {
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(Some(longest)).max_frame_size(Some(longest));
        let socket = WebSocketStream::from_partially_read(Inlet(inward), read, Role::Server, Some(config)).await;
        Self { socket, longest }
    }

    /// The next message. Dropping the future loses nothing.
    pub(in crate::http) async fn next(&mut self) -> Result<Heard, End> {
        match self.socket.next().await {
            None => Err(End::Gone),
            Some(Ok(Message::Close(frame))) => Err(End::Left(frame.map_or(close::NORMAL, |frame| frame.code.into()))),
            Some(Err(error)) => Err(self.broken(&error)),
            Some(Ok(Message::Ping(data))) => Ok(Heard::Answer(Order::Send(Frame::pong(data)))),
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Ok(Heard::Nothing),
            Some(Ok(Message::Binary(_))) => Err(bad("messages are text")),
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text.as_str().to_owned())),
        }
    }

    /// Reads on until the browser's close frame: data it sent meanwhile must not turn ours into a reset.
    pub(in crate::http) async fn drain(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    fn broken(&self, error: &Error) -> End {
        match error {
            Error::Capacity(_) => bad(&format!("a message is longer than {} bytes", self.longest)),
            Error::Utf8(_) => bad("a message is not valid UTF-8"),
            _ => End::Gone,
        }
    }
}

/// The end of a socket whose browser says what is no message.
pub(in crate::http) fn bad(reason: &str) -> End {
    End::Close(close::BAD_MESSAGE, reason.to_owned())
}

/// The inward half as tungstenite wants it. What it would answer by itself goes nowhere: the writing side alone writes, by order.
struct Inlet(Inward);

impl AsyncRead for Inlet {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Inlet {
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
