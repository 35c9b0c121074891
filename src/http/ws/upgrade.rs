//! From an HTTP request to a WebSocket's bare connection. Speaks nothing over it.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_tungstenite::tungstenite::{self, handshake::server::create_response_with_body};
use tokio_util::either::Either;

use crate::http::connections;
use crate::http::connections::Held;

/// The two directions of one browser's connection; without TLS the system's own socket, because each layer costs with each frame.
pub(in crate::http) type Inward = Either<OwnedReadHalf, ReadHalf<TokioIo<Upgraded>>>;
pub(in crate::http) type Outward = Either<OwnedWriteHalf, WriteHalf<TokioIo<Upgraded>>>;

/// A connection, and what was read from it before it was one.
pub(in crate::http) struct Connection {
    pub(in crate::http) inward: Inward,
    pub(in crate::http) outward: Outward,
    pub(in crate::http) read: Vec<u8>,
}

/// The connection that will be there once the response has been sent.
pub(in crate::http) struct Coming(OnUpgrade);

/// The response that makes the connection a WebSocket, or why it can't be one.
pub(in crate::http) fn answer(mut request: Request) -> Result<(Response, Coming), tungstenite::Error> {
    let response = create_response_with_body(&request, Body::empty)?;
    if let Some(connection) = connections::Connection::of(request.extensions()) {
        connection.is_upgraded();
    }
    Ok((response, Coming(hyper::upgrade::on(&mut request))))
}

impl Coming {
    pub(in crate::http) async fn arrived(self) -> Result<Connection, hyper::Error> {
        Ok(match downcast::<TokioIo<Held>>(self.0.await?) {
            Ok(plain) => {
                let (inward, outward) = plain.io.into_inner().into_stream().into_split();
                // Copied, because hyper's buffer is large and nearly always empty.
                Connection { inward: Either::Left(inward), outward: Either::Left(outward), read: plain.read_buf.to_vec() }
            }
            Err(upgraded) => {
                let (inward, outward) = tokio::io::split(TokioIo::new(upgraded));
                Connection { inward: Either::Right(inward), outward: Either::Right(outward), read: Vec::new() }
            }
        })
    }
}
