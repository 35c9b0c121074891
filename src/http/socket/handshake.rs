//! From an HTTP request to a WebSocket's bare connection. Speaks nothing over it.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, handshake::server::create_response_with_body};
use tokio_util::either::Either;

/// Both directions of one browser's connection; without TLS the system's own socket, because each layer costs with each frame.
pub(super) type Io = Either<TcpStream, TokioIo<Upgraded>>;

/// The connection that will be there once the response has been sent.
pub(super) struct Coming(OnUpgrade);

/// The response that makes the connection a WebSocket, or why it can't be one.
pub(super) fn answer(mut request: Request) -> Result<(Response, Coming), tungstenite::Error> {
    let response = create_response_with_body(&request, Body::empty)?;
    Ok((response, Coming(hyper::upgrade::on(&mut request))))
}

impl Coming {
    /// The connection, and what was read from it already.
    pub(super) async fn arrived(self) -> Result<(Io, Vec<u8>), hyper::Error> {
        Ok(match downcast::<TokioIo<TcpStream>>(self.0.await?) {
            Ok(plain) => (Either::Left(plain.io.into_inner()), plain.read_buf.into()),
            Err(upgraded) => (Either::Right(TokioIo::new(upgraded)), Vec::new()),
        })
    }
}
