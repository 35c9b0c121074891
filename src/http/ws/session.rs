//! The interface between a protocol and its connection: the trait of a session, its orders for the writer, and the ends of a socket.

use std::future::{Future, ready};

use crate::hub::{Follower, Frame};

use super::close_code;

/// Why a socket ends.
pub(in crate::http) enum SocketEnd {
    /// The connection broke.
    Lost,
    /// The browser closed it with this code.
    Left(u16),
    Close(u16, String),
}

impl SocketEnd {
    pub(in crate::http) fn restart() -> Self {
        Self::Close(close_code::RESTART, "the server restarts".into())
    }

    /// The browser sent something that is no message of its protocol.
    pub(in crate::http) fn bad_message(reason: &str) -> Self {
        Self::Close(close_code::BAD_MESSAGE, reason.to_owned())
    }
}

/// An order for the writer.
pub(in crate::http) enum Outgoing {
    Send(Frame),
    /// Becomes text when it is written.
    Reply(Box<dyn SequencedText>),
    /// Send a snapshot again.
    Resync,
    /// From now on send the frames of another audience, its snapshot first.
    Follow(Follower),
}

/// A text with the number of the last delta before it.
pub(in crate::http) trait SequencedText: Send {
    /// `at_seq`: the last delta that the browser was sent before.
    fn to_text(&self, at_seq: u64) -> String;
}

/// The server side of a WebSocket: handles the messages of the browser, and says what to write.
pub(in crate::http) trait SocketSession: Send {
    /// The first frame for the browser.
    fn welcome(&self) -> Outgoing;

    /// Waits for the next thing to write, or the reason why the socket ends. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<Outgoing, SocketEnd>> + Send;

    /// Handles messages that the browser sent before its connection broke; no reply is written.
    fn handle_unread(&mut self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Reads and drops what the browser still sends, to its end.
    fn drain(&mut self) -> impl Future<Output = ()> + Send;
}
