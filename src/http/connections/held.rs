//! A TCP connection that can be ended from outside, and knows whether a request on it is being answered.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use axum_server::accept::Accept;
use futures_util::future::BoxFuture;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

use super::{Connection, Connections};
use crate::http::state::Shared;

/// Takes connections in, and counts them.
#[derive(Clone)]
pub(in crate::http) struct Accepting {
    site: Shared,
    connections: Connections,
}

impl Accepting {
    pub(in crate::http) fn new(site: Shared) -> Self {
        Self { connections: site.connections.clone(), site }
    }

    fn hold(&self, stream: TcpStream) -> io::Result<Held> {
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?;
        // A proxy of ours holds the connections of many: what lasts of them is counted by whose it is.
        let stranger = !self.site.config.get().trusts(peer.ip());
        let (connection, crowded) = self.connections.open(peer, stranger);
        if crowded {
            metrics::counter!("usher_strangers_closed_total", "what" => "connection").increment(1);
            self.site.log_limits.connections_closed.log(|suppressed| {
                tracing::warn!(address = %peer.ip(), suppressed, "too many connections without log-in, oldest closed");
            });
        }
        Ok(Held { stream, connection })
    }
}

impl<S> Accept<TcpStream, S> for Accepting {
    type Stream = Held;
    type Service = Counted<S>;
    type Future = std::future::Ready<io::Result<(Held, Counted<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        std::future::ready(self.hold(stream).map(|held| {
            let service = Counted { connection: held.connection.clone(), inner: service };
            (held, service)
        }))
    }
}

#[derive(Debug)]
pub(in crate::http) struct Held {
    stream: TcpStream,
    connection: Connection,
}

impl Held {
    /// The system's own socket, for one that is a WebSocket now.
    pub(in crate::http) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn is_closed(&self) -> bool {
        self.connection.0.line.closed.load(Ordering::Acquire)
    }
}

impl AsyncRead for Held {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.connection.0.line.reader.register(cx.waker());
        if self.is_closed() {
            // As if the other side had ended it.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The service of one connection; its requests know by which they came.
#[derive(Clone)]
pub(in crate::http) struct Counted<S> {
    connection: Connection,
    inner: S,
}

impl<S> Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let busy = Busy::new(&self.connection);
        request.extensions_mut().insert(self.connection.clone());
        let answer = self.inner.call(request);
        Box::pin(async move { Ok(answer.await?.map(|body| Body::new(CountedBody { body, _busy: busy }))) })
    }
}

/// A request whose answer is not over.
struct Busy(Connection);

impl Busy {
    fn new(connection: &Connection) -> Self {
        connection.0.line.busy.fetch_add(1, Ordering::Relaxed);
        Self(connection.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let lease = &self.0.0;
        lease.line.idle_since.store(lease.connections.now(), Ordering::Relaxed);
        lease.line.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

struct CountedBody {
    body: Body,
    _busy: Busy,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
