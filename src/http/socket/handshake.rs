//! From an HTTP request to a WebSocket's bare connection. Speaks nothing over it.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_util::either::Either;

/// Both directions of one browser's connection; without TLS the system's own socket, because each layer costs with each frame.
pub(super) type Io = Either<TcpStream, TokioIo<Upgraded>>;

/// The connection that will be there once the response has been sent.
pub(super) struct Coming(OnUpgrade);

/// The response that makes the connection a WebSocket, or the one that says why it can't.
pub(super) fn answer(mut request: Request) -> Result<(Response, Coming), Response> {
    match create_response_with_body(&request, Body::empty) {
        Ok(response) => Ok((response, Coming(hyper::upgrade::on(&mut request)))),
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("this address is for WebSockets: {error}\n")).into_response()),
    }
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
