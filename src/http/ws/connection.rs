//! A browser's conversation: a hub's frames as they come, and in between what the listening side orders. Decides nothing.

use std::future::{Future, ready};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Duration, timeout};

use crate::http::desk_socket::protocol::close;
use crate::hub::{Follower, Frame};

use super::writer::Writer;
use crate::http::desk_socket::reply::Reply;

/// Frames in a row before the listening side has its turn.
const BURST: usize = 64;
/// A close frame, and the other side's, get this long.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a socket ends.
pub(in crate::http) enum End {
    /// The connection broke.
    Gone,
    /// The browser said goodbye, with this code.
    Left(u16),
    Close(u16, String),
}

impl End {
    pub(in crate::http) fn restart() -> Self {
        Self::Close(close::RESTART, "the server restarts".into())
    }
}

/// What the writing side is to do.
pub(in crate::http) enum Order {
    Send(Frame),
    /// Says how far the page has been brought when it is written.
    Reply(Reply),
    /// A snapshot again.
    Resync,
    /// Another audience's frames from now on, its snapshot first.
    Follow(Follower),
}

/// The listening side of a socket.
pub(in crate::http) trait Side: Send {
    /// What the browser is told first.
    fn welcome(&self) -> Order;

    /// The next thing that the writing side is to do, or why the socket ends. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<Order, End>> + Send;

    /// Carries out what the browser had said before its connection broke and that is not read yet; nobody is told what comes of it.
    fn hear_out(&mut self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Reads what the browser still sends, to its end.
    fn drain(&mut self) -> impl Future<Output = ()> + Send;
}

/// The conversation and its goodbye; only that where somebody is `refused`. Returns why it ended.
pub(in crate::http) async fn converse(mut writer: Writer, mut side: Box<impl Side>, refused: Option<End>) -> End {
    let end = match refused {
        Some(end) => end,
        None => follow(&mut writer, &mut *side).await,
    };
    let goodbye = async {
        let (code, reason) = match &end {
            // To write may have failed before all was read.
            End::Gone => return side.hear_out().await,
            End::Left(code) => (*code, ""),
            End::Close(code, reason) => (*code, reason.as_str()),
        };
        if writer.close(code, reason).await.is_ok() {
            side.drain().await;
        }
        writer.hang_up().await;
    };
    let _ = timeout(GOODBYE, goodbye).await;
    end
}

/// Until something ends it.
async fn follow(writer: &mut Writer, side: &mut impl Side) -> End {
    if let Err(end) = writer.carry_out(side.welcome()).await {
        return end;
    }
    // A set of one: it looks at the listening side only when that was woken itself.
    let mut listening = FuturesUnordered::from_iter([hear(side)]);
    let mut in_a_row = 0;
    loop {
        // Frames first: each then costs one look at the other side. After a full burst that has its turn.
        let done = tokio::select! {
            biased;
            frame = writer.next(), if in_a_row < BURST => {
                in_a_row += 1;
                writer.pass_on(frame).await
            }
            Some((side, order)) = listening.next() => {
                listening.push(hear(side));
                match order {
                    Ok(order) => writer.carry_out(order).await,
                    Err(end) => Err(end),
                }
            }
            () = ready(()), if in_a_row == BURST => {
                in_a_row = 0;
                Ok(())
            }
        };
        if let Err(end) = done {
            return end;
        }
    }
}

async fn hear<S: Side>(side: &mut S) -> (&mut S, Result<Order, End>) {
    let order = side.next().await;
    (side, order)
}
