//! Accepts connections for one bridge: TLS, then events sockets to `events` and all else to the REST router.
//! Cancelling the bridge's token closes the port and cuts every connection without a close.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::core::Core;
use super::tls::Identity;
use super::{events, rest};

/// A client that does not finish its handshake or first line within this time is disconnected.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(15);
const EVENTS_PATH: &[u8] = b"GET /events/";

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Serves the bridge until `running` is cancelled.
pub(crate) fn spawn(
    core: &Arc<Core>,
    bridge: usize,
    listener: TcpListener,
    tls: Option<Arc<Identity>>,
    running: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let (to_rest, connections) = mpsc::channel(64);
    let router: Router = rest::router(core.clone(), bridge, running.clone());
    let serve = axum::serve(ConnectionQueue { connections, address }, router).with_graceful_shutdown(running.clone().cancelled_owned());
    core.tasks.spawn(async move {
        // It ends only by the shutdown signal; the errors of single connections are not reported here.
        let _ = serve.await;
    });
    let core = core.clone();
    core.tasks.clone().spawn(async move {
        accept(core, bridge, listener, tls, running, to_rest).await;
    });
    Ok(())
}

async fn accept(
    core: Arc<Core>,
    bridge: usize,
    listener: TcpListener,
    tls: Option<Arc<Identity>>,
    running: CancellationToken,
    to_rest: mpsc::Sender<PeekedStream>,
) {
    loop {
        let accepted = tokio::select! {
            () = running.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // No descriptors are left: wait instead of spinning.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let certificate = core.switches.of(bridge).certificate;
        let tls = tls.as_ref().and_then(|identity| identity.acceptor(certificate));
        let (core, running, to_rest) = (core.clone(), running.clone(), to_rest.clone());
        core.tasks.clone().spawn(async move {
            let peeked = tokio::time::timeout(HANDSHAKE_LIMIT, peek(stream, tls, running.clone())).await;
            let Ok(Ok(peeked)) = peeked else {
                return;
            };
            if peeked.start.starts_with(EVENTS_PATH) {
                events::socket::serve(&core, bridge, peeked, running).await;
            } else {
                let peeked = PeekedStream { delayed_close: Some(DelayedClose { core, bridge, timer: None }), ..peeked };
                // Fails only when the bridge has just been stopped.
                let _ = to_rest.send(peeked).await;
            }
        });
    }
}

/// Does the TLS handshake and reads enough bytes to tell the two kinds of connections apart.
async fn peek(stream: TcpStream, tls: Option<TlsAcceptor>, running: CancellationToken) -> io::Result<PeekedStream> {
    stream.set_nodelay(true)?;
    let cuttable = CuttableStream { inner: stream, cut: Box::pin(running.cancelled_owned()) };
    let mut inner: Box<dyn Stream> = match tls {
        Some(acceptor) => Box::new(acceptor.accept(cuttable).await?),
        None => Box::new(cuttable),
    };
    let mut start = BytesMut::with_capacity(1024);
    while start.len() < EVENTS_PATH.len() {
        if inner.read_buf(&mut start).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(PeekedStream { start, inner, delayed_close: None })
}

/// A connection whose first bytes have been read; reading returns them again.
pub(crate) struct PeekedStream {
    start: BytesMut,
    inner: Box<dyn Stream>,
    delayed_close: Option<DelayedClose>,
}

impl PeekedStream {
    pub(crate) fn new(inner: Box<dyn Stream>) -> Self {
        Self { start: BytesMut::new(), inner, delayed_close: None }
    }
}

/// Closes a connection some time after the last write (`close_after_ms`).
struct DelayedClose {
    core: Arc<Core>,
    bridge: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl DelayedClose {
    fn restart_timer(&mut self) {
        let after = self.core.switches.of(self.bridge).close_after_ms;
        self.timer = (after > 0).then(|| Box::pin(tokio::time::sleep(Duration::from_millis(after))));
    }

    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }
}

impl AsyncRead for PeekedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.delayed_close.as_mut().is_some_and(|delayed_close| delayed_close.is_due(cx)) {
            // Report the end of input, so that the server closes.
            return Poll::Ready(Ok(()));
        }
        if self.start.is_empty() {
            let before = buf.filled().len();
            let read = Pin::new(&mut self.inner).poll_read(cx, buf);
            if let (true, Some(delayed_close)) = (buf.filled().len() > before, &mut self.delayed_close) {
                // Another request has arrived in time.
                delayed_close.timer = None;
            }
            return read;
        }
        let n = self.start.len().min(buf.remaining());
        buf.put_slice(&self.start[..n]);
        self.start.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PeekedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let (Poll::Ready(Ok(_)), Some(delayed_close)) = (&written, &mut self.delayed_close) {
            delayed_close.restart_timer();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A TCP stream that breaks when the bridge is cut.
struct CuttableStream {
    inner: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl CuttableStream {
    fn is_cut(&mut self, cx: &mut Context<'_>) -> bool {
        self.cut.as_mut().poll(cx).is_ready()
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_cut(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_cut(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The queue of accepted connections that axum serves.
struct ConnectionQueue {
    connections: mpsc::Receiver<PeekedStream>,
    address: SocketAddr,
}

impl axum::serve::Listener for ConnectionQueue {
    type Io = PeekedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (PeekedStream, SocketAddr) {
        match self.connections.recv().await {
            Some(connection) => (connection, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
