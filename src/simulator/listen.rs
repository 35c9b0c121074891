//! Accepts connections for one bridge: TLS, then events sockets to `events`, all else to the REST router.
//! Cancelling the bridge's token closes the port and cuts every connection without a farewell.

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

/// A client that does not finish its handshake or first line is let go.
const GREETING: Duration = Duration::from_secs(15);
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
    let serve = axum::serve(Handed { connections, address }, router).with_graceful_shutdown(running.clone().cancelled_owned());
    core.tasks.spawn(async move {
        // It ends by the shutdown signal only; a connection's error is its own.
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
    to_rest: mpsc::Sender<Greeted>,
) {
    loop {
        let accepted = tokio::select! {
            () = running.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: wait rather than spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shown = core.switches.of(bridge).certificate;
        let tls = tls.as_ref().and_then(|identity| identity.acceptor(shown));
        let (core, running, to_rest) = (core.clone(), running.clone(), to_rest.clone());
        core.tasks.clone().spawn(async move {
            let greeted = tokio::time::timeout(GREETING, greet(stream, tls, running.clone())).await;
            let Ok(Ok(greeted)) = greeted else {
                return;
            };
            if greeted.start.starts_with(EVENTS_PATH) {
                events::socket::serve(&core, bridge, greeted, running).await;
            } else {
                let greeted = Greeted { closing: Some(Closing { core, bridge, timer: None }), ..greeted };
                // Only fails when the bridge has just been stopped.
                let _ = to_rest.send(greeted).await;
            }
        });
    }
}

/// Shakes hands and reads as much as tells the two kinds of connection apart.
async fn greet(stream: TcpStream, tls: Option<TlsAcceptor>, running: CancellationToken) -> io::Result<Greeted> {
    stream.set_nodelay(true)?;
    let guarded = Guarded { inner: stream, cut: Box::pin(running.cancelled_owned()) };
    let mut inner: Box<dyn Stream> = match tls {
        Some(acceptor) => Box::new(acceptor.accept(guarded).await?),
        None => Box::new(guarded),
    };
    let mut start = BytesMut::with_capacity(1024);
    while start.len() < EVENTS_PATH.len() {
        if inner.read_buf(&mut start).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Greeted { start, inner, closing: None })
}

/// A connection whose first bytes were read already; reading gives them again.
pub(crate) struct Greeted {
    start: BytesMut,
    inner: Box<dyn Stream>,
    closing: Option<Closing>,
}

impl Greeted {
    pub(crate) fn new(inner: Box<dyn Stream>) -> Self {
        Self { start: BytesMut::new(), inner, closing: None }
    }
}

/// Ends a connection some time after something was written to it (`close_after_ms`).
struct Closing {
    core: Arc<Core>,
    bridge: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Closing {
    fn wrote(&mut self) {
        let after = self.core.switches.of(self.bridge).close_after_ms;
        self.timer = (after > 0).then(|| Box::pin(tokio::time::sleep(Duration::from_millis(after))));
    }

    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }
}

impl AsyncRead for Greeted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.closing.as_mut().is_some_and(|closing| closing.is_due(cx)) {
            // The end of what the client sends: the server closes.
            return Poll::Ready(Ok(()));
        }
        if self.start.is_empty() {
            let before = buf.filled().len();
            let read = Pin::new(&mut self.inner).poll_read(cx, buf);
            if let (true, Some(closing)) = (buf.filled().len() > before, &mut self.closing) {
                // Another request has come in time.
                closing.timer = None;
            }
            return read;
        }
        let n = self.start.len().min(buf.remaining());
        buf.put_slice(&self.start[..n]);
        self.start.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let (Poll::Ready(Ok(_)), Some(closing)) = (&written, &mut self.closing) {
            closing.wrote();
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
struct Guarded {
    inner: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Guarded {
    fn broken(&mut self, cx: &mut Context<'_>) -> bool {
        self.cut.as_mut().poll(cx).is_ready()
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.broken(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.broken(cx) {
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

/// Connections handed to axum after the greeting.
struct Handed {
    connections: mpsc::Receiver<Greeted>,
    address: SocketAddr,
}

impl axum::serve::Listener for Handed {
    type Io = Greeted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Greeted, SocketAddr) {
        match self.connections.recv().await {
            Some(connection) => (connection, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
