//! A second address of each bridge at which nobody answers, not even by a refusal, as where a firewall swallows the first packet.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Loopback takes a connection at once or, when the queue is full, not at all.
const TAKEN: Duration = Duration::from_millis(200);

/// Listens, and takes nothing: the queue of the listener is kept full, so that the kernel drops what comes.
pub(crate) struct Deaf {
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Deaf {
    pub(crate) async fn at(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.bind(address)?;
        let listener = socket.listen(0)?;
        let mut queued = Vec::new();
        while let Ok(stream) = tokio::time::timeout(TAKEN, TcpStream::connect(address)).await {
            queued.push(stream?);
        }
        Ok(Self { _listener: listener, _queued: queued })
    }
}
