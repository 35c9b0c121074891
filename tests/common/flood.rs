//! Pages that repeat messages as fast as the server reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::browser::Socket;
use super::{DEADLINE, in_time, wait_for};

pub struct Flood {
    stop: CancellationToken,
    sent: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Flood {
    /// `message` makes the text of the n-th message.
    pub fn start(sockets: Vec<Socket>, message: impl Fn(u64) -> String + Clone + Send + Sync + 'static) -> Self {
        let (stop, sent) = (CancellationToken::new(), Arc::<AtomicU64>::default());
        let tasks = sockets.into_iter().map(|socket| tokio::spawn(send_and_read(socket, message.clone(), sent.clone(), stop.clone())));
        Self { tasks: tasks.collect(), stop, sent }
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits until this many more messages have been sent.
    pub async fn until_sent(&self, messages: u64) {
        let before = self.sent();
        wait_for(DEADLINE, "the flood to go on", async || {
            let more = self.sent() - before;
            if more >= messages { Ok(()) } else { Err(more) }
        })
        .await;
    }

    /// Ends the flood; returns the number of messages sent.
    pub async fn stop(self) -> u64 {
        self.stop.cancel();
        for task in self.tasks {
            in_time("a flooding page to end", task).await.expect("no panic");
        }
        self.sent.load(Ordering::Relaxed)
    }
}

/// Reads frames meanwhile, because a page that reads nothing would be closed.
async fn send_and_read(socket: Socket, message: impl Fn(u64) -> String, sent: Arc<AtomicU64>, stop: CancellationToken) {
    let (mut write, mut read) = socket.socket.split();
    let reading = async { while let Some(Ok(_)) = read.next().await {} };
    let writing = async {
        while write.send(Message::text(message(sent.load(Ordering::Relaxed)))).await.is_ok() {
            sent.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        ((), ()) = async { tokio::join!(reading, writing) } => {}
    }
}
