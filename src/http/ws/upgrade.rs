//! Turns an HTTP request into a WebSocket's bare connection. Reads and writes nothing over it.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_util::either::Either;

use crate::http::connections::acceptor::TrackedStream;
use crate::http::connections::registry::TrackedConnection;

/// The two directions of one browser's connection. Without TLS they are the system's own socket, because each layer costs with each frame.
pub(in crate::http) type Inward = Either<OwnedReadHalf, ReadHalf<TokioIo<Upgraded>>>;
pub(in crate::http) type Outward = Either<OwnedWriteHalf, WriteHalf<TokioIo<Upgraded>>>;

pub(in crate::http) struct UpgradedSocket {
    pub(in crate::http) inward: Inward,
    pub(in crate::http) outward: Outward,
    /// Bytes that were read with the HTTP request.
    pub(in crate::http) already_read: Vec<u8>,
}

/// Becomes a socket once the response has been sent.
pub(in crate::http) struct PendingUpgrade(OnUpgrade);

/// The response that makes the connection a WebSocket; or, as the error, the response that refuses the request.
pub(in crate::http) fn accept(mut request: Request) -> Result<(Response, PendingUpgrade), Box<Response>> {
    let response = create_response_with_body(&request, Body::empty).map_err(|error| {
        let reason = format!("this address is for WebSockets: {error}\n");
        Box::new((StatusCode::BAD_REQUEST, reason).into_response())
    })?;
    if let Some(connection) = TrackedConnection::of(request.extensions()) {
        connection.mark_upgraded();
    }
    Ok((response, PendingUpgrade(hyper::upgrade::on(&mut request))))
}

impl PendingUpgrade {
    pub(in crate::http) async fn complete(self) -> Result<UpgradedSocket, hyper::Error> {
        Ok(match downcast::<TokioIo<TrackedStream>>(self.0.await?) {
            Ok(plain) => {
                let (inward, outward) = plain.io.into_inner().into_stream().into_split();
                // Copied, because hyper's buffer is large and nearly always empty.
                UpgradedSocket { inward: Either::Left(inward), outward: Either::Left(outward), already_read: plain.read_buf.to_vec() }
            }
            Err(upgraded) => {
                let (inward, outward) = tokio::io::split(TokioIo::new(upgraded));
                UpgradedSocket { inward: Either::Right(inward), outward: Either::Right(outward), already_read: Vec::new() }
            }
        })
    }
}
