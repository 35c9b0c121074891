//! Runs one WebSocket: writes the hub's frames as they come, and in between what the session wants to send. Decides nothing.

use std::future::ready;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Duration, timeout};

use super::session::{Outgoing, SocketEnd, SocketSession};
use super::writer::SocketWriter;

/// After this many frames in a row the session is polled.
const BURST: usize = 64;
/// Both close frames together may take this long.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Runs the conversation and its close; only the close where the socket is `refused`. Returns why it ended.
pub(in crate::http) async fn run(mut writer: SocketWriter, mut session: Box<impl SocketSession>, refused: Option<SocketEnd>) -> SocketEnd {
    let end = match refused {
        Some(end) => end,
        None => converse(&mut writer, &mut *session).await,
    };
    let closing = async {
        let (code, reason) = match &end {
            // A write may have failed before everything was read.
            SocketEnd::Lost => return session.handle_unread().await,
            SocketEnd::Left(code) => (*code, ""),
            SocketEnd::Close(code, reason) => (*code, reason.as_str()),
        };
        if writer.close(code, reason).await.is_ok() {
            session.drain().await;
        }
        writer.shut_down().await;
    };
    let _ = timeout(CLOSE_WITHIN, closing).await;
    end
}

/// Writes until something ends the socket.
async fn converse(writer: &mut SocketWriter, session: &mut impl SocketSession) -> SocketEnd {
    if let Err(end) = writer.carry_out(session.welcome()).await {
        return end;
    }
    // A set of one, because it polls the session only when the session itself was woken.
    let mut listening = FuturesUnordered::from_iter([next_outgoing(session)]);
    let mut in_a_row = 0;
    loop {
        // Frames go first, so that each costs one poll of the session. After a full burst the session goes first.
        let done = tokio::select! {
            biased;
            frame = writer.next(), if in_a_row < BURST => {
                in_a_row += 1;
                writer.pass_on(frame).await
            }
            Some((session, outgoing)) = listening.next() => {
                listening.push(next_outgoing(session));
                match outgoing {
                    Ok(outgoing) => writer.carry_out(outgoing).await,
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

async fn next_outgoing<S: SocketSession>(session: &mut S) -> (&mut S, Result<Outgoing, SocketEnd>) {
    let outgoing = session.next().await;
    (session, outgoing)
}
