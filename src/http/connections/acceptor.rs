//! Accepts TCP connections that can be closed from outside, and tracks whether each is answering a request.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use axum_server::accept::Accept;
use futures_util::future::BoxFuture;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::config::{Live, WebConfig};

use super::registry::{Connections, TrackedConnection};

#[derive(Clone)]
pub(in crate::http) struct Acceptor {
    connections: Connections,
    config: Live<WebConfig>,
}

impl Acceptor {
    pub(in crate::http) fn new(connections: Connections, config: Live<WebConfig>) -> Self {
        Self { connections, config }
    }

    fn track(&self, stream: TcpStream) -> io::Result<TrackedStream> {
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?;
        // A trusted proxy holds the connections of many people, so it is no stranger.
        let stranger = !self.config.get().trusts(peer.ip());
        Ok(TrackedStream { stream, connection: self.connections.open(peer, stranger) })
    }
}

impl<S> Accept<TcpStream, S> for Acceptor {
    type Stream = TrackedStream;
    type Service = TrackedService<S>;
    type Future = std::future::Ready<io::Result<(TrackedStream, TrackedService<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        std::future::ready(self.track(stream).map(|stream| {
            let service = TrackedService { connection: stream.connection.clone(), inner: service };
            (stream, service)
        }))
    }
}

#[derive(Debug)]
pub(in crate::http) struct TrackedStream {
    stream: TcpStream,
    connection: TrackedConnection,
}

impl TrackedStream {
    /// The system's own socket, for a connection that became a WebSocket.
    pub(in crate::http) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn is_closed(&self) -> bool {
        self.connection.status().is_closed()
    }
}

impl AsyncRead for TrackedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.connection.status().reader.register(cx.waker());
        if self.is_closed() {
            // As if the peer had closed it.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TrackedStream {
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

/// The service of one connection; puts the connection into the extensions of its requests.
#[derive(Clone)]
pub(in crate::http) struct TrackedService<S> {
    connection: TrackedConnection,
    inner: S,
}

impl<S> Service<Request<Incoming>> for TrackedService<S>
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
        let guard = RequestGuard::new(&self.connection);
        request.extensions_mut().insert(self.connection.clone());
        let response = self.inner.call(request);
        Box::pin(async move { Ok(response.await?.map(|body| Body::new(TrackedBody { body, _guard: guard }))) })
    }
}

/// The connection counts as busy while this lives.
struct RequestGuard(TrackedConnection);

impl RequestGuard {
    fn new(connection: &TrackedConnection) -> Self {
        connection.begin_request();
        Self(connection.clone())
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

struct TrackedBody {
    body: Body,
    _guard: RequestGuard,
}

impl HttpBody for TrackedBody {
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
