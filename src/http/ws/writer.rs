//! The writing half of a browser's socket: the hub's frames as they are, and frames for this browser alone. Reads nothing.
//!
//! It frames and copies nothing: a thousand browsers get the same bytes, and the remaining cost is the `write` call.

use std::future::Future;
use std::io;

use bytes::{Buf, Bytes};
use futures_util::future::{OptionFuture, poll_immediate};
use tokio::io::AsyncWriteExt;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use crate::hub::{Follower, Frame};

use super::close_code;
use super::heartbeat::Beats;
use super::session::{Outgoing, SocketEnd};
use super::upgrade::Outward;

/// Frames that a socket counts at once: all sockets share one counter, and adding to it costs more than a frame.
const COUNTED_TOGETHER: u64 = 64;

/// The same for all writers.
#[derive(Debug, Clone)]
pub(in crate::http) struct WriterSettings {
    /// How long a browser may take no byte of a frame.
    stuck: Duration,
    shutdown: CancellationToken,
    /// Looked up once, because it counts with every flush of every socket.
    frames_sent: metrics::Counter,
}

impl WriterSettings {
    pub(in crate::http) fn new(stuck: Duration, shutdown: CancellationToken) -> Self {
        Self { stuck, shutdown, frames_sent: metrics::counter!("usher_frames_sent_total") }
    }
}

pub(in crate::http) struct SocketWriter {
    out: Outward,
    /// None: the browser gets no audience's frames.
    follower: Option<Follower>,
    /// None: the session sends beats itself.
    beats: Option<Beats>,
    /// The rest of a frame that was begun: nothing else may be written before it.
    begun: Bytes,
    settings: WriterSettings,
    /// Frames passed on since they were counted last.
    passed: u64,
}

impl SocketWriter {
    pub(in crate::http) fn new(settings: WriterSettings, out: Outward, follower: Option<Follower>) -> Self {
        Self { out, follower, beats: None, begun: Bytes::new(), settings, passed: 0 }
    }

    /// Writes these between the hub's frames.
    pub(in crate::http) fn with_beats(mut self, beats: Beats) -> Self {
        self.beats = Some(beats);
        self
    }

    /// The next frame that many browsers get: the hub's first, else a beat. Dropping the future loses nothing.
    pub(in crate::http) async fn next(&mut self) -> Frame {
        let (follower, beats) = (&mut self.follower, &mut self.beats);
        tokio::select! {
            biased;
            Some(frame) = OptionFuture::from(follower.as_mut().map(Follower::next)) => frame,
            Some(frame) = OptionFuture::from(beats.as_mut().map(Beats::next)) => frame,
            else => std::future::pending().await,
        }
    }

    pub(in crate::http) async fn pass_on(&mut self, frame: Frame) -> Result<(), SocketEnd> {
        self.passed += 1;
        if self.passed == COUNTED_TOGETHER {
            self.count();
        }
        self.write(frame).await
    }

    fn count(&mut self) {
        self.settings.frames_sent.increment(std::mem::take(&mut self.passed));
    }

    /// Counts the frames too: even a quiet page sends beats, so they are counted soon enough.
    pub(in crate::http) async fn carry_out(&mut self, outgoing: Outgoing) -> Result<(), SocketEnd> {
        self.count();
        match outgoing {
            Outgoing::Send(frame) => self.write(frame).await,
            Outgoing::Reply(reply) => self.write(Frame::text(reply.to_text(self.follower.as_ref().map_or(0, Follower::seq)))).await,
            Outgoing::Resync => {
                self.follower.iter_mut().for_each(Follower::resync);
                Ok(())
            }
            Outgoing::Follow(follower) => {
                self.follower = Some(follower);
                Ok(())
            }
        }
    }

    /// Writes the close frame, after the rest of a frame that was begun.
    pub(in crate::http) async fn close(&mut self, code: u16, reason: &str) -> io::Result<()> {
        self.out.write_all_buf(&mut self.begun).await?;
        self.out.write_all(&Frame::close(code, reason).into_bytes()).await?;
        self.out.flush().await
    }

    pub(in crate::http) async fn shut_down(&mut self) {
        // It fails where the connection has ended already.
        let _ = self.out.shutdown().await;
    }

    async fn write(&mut self, frame: Frame) -> Result<(), SocketEnd> {
        self.begun = frame.into_bytes();
        let Self { out, begun, settings: WriterSettings { stuck, shutdown, .. }, .. } = self;
        while !begun.is_empty() {
            // `write_all_buf` would make it a vectored write, which costs the system more.
            match patiently(out.write(begun), *stuck, shutdown).await? {
                0 => return Err(SocketEnd::Lost),
                taken => begun.advance(taken),
            }
        }
        patiently(out.flush(), *stuck, shutdown).await
    }
}

/// Waits for one step of the connection. A slow browser that takes something is not a stuck one.
async fn patiently<T>(step: impl Future<Output = io::Result<T>>, stuck: Duration, shutdown: &CancellationToken) -> Result<T, SocketEnd> {
    let mut step = std::pin::pin!(step);
    // Nearly always the step is done at once, so no timer is set before.
    if let Some(done) = poll_immediate(step.as_mut()).await {
        return done.map_err(|_| SocketEnd::Lost);
    }
    tokio::select! {
        biased;
        done = timeout(stuck, step) => match done {
            Ok(done) => done.map_err(|_| SocketEnd::Lost),
            Err(_) => Err(SocketEnd::Close(close_code::SLOW, format!("no data taken for {} s", stuck.as_secs()))),
        },
        () = shutdown.cancelled() => Err(SocketEnd::restart()),
    }
}

impl Drop for SocketWriter {
    fn drop(&mut self) {
        self.count();
    }
}
