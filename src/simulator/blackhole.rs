//! A second address of each bridge that neither accepts nor refuses connections, as behind a firewall that drops the first packet.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Loopback accepts a connection at once or, when the queue is full, not at all.
const TAKEN: Duration = Duration::from_millis(200);

/// Listens but accepts nothing: the listener's queue is kept full, so that the kernel drops new connections.
pub(crate) struct Blackhole {
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Blackhole {
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
