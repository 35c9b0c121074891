//! The writing side of one browser's socket: the hub's frames as they are, and what this browser alone is told. Reads nothing.
//!
//! Nothing is framed or copied here: a thousand browsers get the same bytes, and what is left of the cost is the `write` call.

use std::future::Future;
use std::io;

use bytes::{Buf, Bytes};
use futures_util::future::{OptionFuture, poll_immediate};
use tokio::io::AsyncWriteExt;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use crate::http::desk_socket::protocol::close;
use crate::http::state::Site;
use crate::hub::{Follower, Frame};

use super::heartbeat::Beats;
use super::upgrade::Outward;
use crate::http::desk_socket::{End, Order};

pub(in crate::http) struct Writer {
    out: Outward,
    /// None: nobody's frames are for this browser.
    follower: Option<Follower>,
    /// None: beats are ordered by the listening side.
    beats: Option<Beats>,
    /// What is left of a frame that was begun: nothing else may be written before it.
    begun: Bytes,
    /// How long a browser may take nothing of a frame that waits.
    stuck: Duration,
    shutdown: CancellationToken,
    /// Frames passed on since they were counted last.
    passed: u64,
    frames_sent: metrics::Counter,
}

/// A counter that all sockets share costs more than what it counts, so each adds to it now and then.
const COUNTED_TOGETHER: u64 = 64;

impl Writer {
    pub(in crate::http) fn new(site: &Site, out: Outward, follower: Option<Follower>) -> Self {
        Self {
            out,
            follower,
            beats: None,
            begun: Bytes::new(),
            stuck: site.timing.browser_stuck,
            shutdown: site.shutdown.clone(),
            passed: 0,
            frames_sent: site.frames_sent.clone(),
        }
    }

    /// Passes these on between the hub's frames.
    pub(crate) fn with_beats(mut self, beats: Beats) -> Self {
        self.beats = Some(beats);
        self
    }

    /// The next frame that all or many browsers are sent: the hub's first, else a beat. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Frame {
        let (follower, beats) = (&mut self.follower, &mut self.beats);
        tokio::select! {
            biased;
            Some(frame) = OptionFuture::from(follower.as_mut().map(Follower::next)) => frame,
            Some(frame) = OptionFuture::from(beats.as_mut().map(Beats::next)) => frame,
            else => std::future::pending().await,
        }
    }

    pub(crate) async fn pass_on(&mut self, frame: Frame) -> Result<(), End> {
        self.passed += 1;
        if self.passed == COUNTED_TOGETHER {
            self.count();
        }
        self.write(frame).await
    }

    fn count(&mut self) {
        self.frames_sent.increment(std::mem::take(&mut self.passed));
    }

    /// A quiet page says now and then that it is there, so its frames are counted soon enough.
    pub(crate) async fn carry_out(&mut self, order: Order) -> Result<(), End> {
        self.count();
        match order {
            Order::Send(frame) => self.write(frame).await,
            Order::Reply(reply) => self.write(Frame::text(reply.to_text(self.follower.as_ref().map_or(0, Follower::seq)))).await,
            Order::Resync => {
                self.follower.iter_mut().for_each(Follower::resync);
                Ok(())
            }
            Order::Follow(follower) => {
                self.follower = Some(follower);
                Ok(())
            }
        }
    }

    /// The close frame, after what was begun.
    pub(crate) async fn close(&mut self, code: u16, reason: &str) -> io::Result<()> {
        self.out.write_all_buf(&mut self.begun).await?;
        self.out.write_all(&Frame::close(code, reason).into_bytes()).await?;
        self.out.flush().await
    }

    pub(crate) async fn hang_up(&mut self) {
        // Gone already where this fails.
        let _ = self.out.shutdown().await;
    }

    async fn write(&mut self, frame: Frame) -> Result<(), End> {
        self.begun = frame.into_bytes();
        let Self { out, begun, stuck, shutdown, .. } = self;
        while !begun.is_empty() {
            // One plain write: `write_all_buf` would make it a vectored one, which costs the system more.
            match patiently(out.write(begun), *stuck, shutdown).await? {
                0 => return Err(End::Gone),
                taken => begun.advance(taken),
            }
        }
        patiently(out.flush(), *stuck, shutdown).await
    }
}

/// Waits for one step of the connection: a slow browser that takes something is not a stuck one.
async fn patiently<T>(step: impl Future<Output = io::Result<T>>, stuck: Duration, shutdown: &CancellationToken) -> Result<T, End> {
    let mut step = std::pin::pin!(step);
    // Nearly always the system takes it at once: no clock is set up for that.
    if let Some(done) = poll_immediate(step.as_mut()).await {
        return done.map_err(|_| End::Gone);
    }
    tokio::select! {
        biased;
        done = timeout(stuck, step) => match done {
            Ok(done) => done.map_err(|_| End::Gone),
            Err(_) => Err(End::Close(close::SLOW, format!("no data taken for {} s", stuck.as_secs()))),
        },
        () = shutdown.cancelled() => Err(End::restart()),
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.count();
    }
}
