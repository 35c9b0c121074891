//! Connections to a host that may have several addresses, of which some may be dead: the addresses are tried side by side, each a moment
//! after the one before (RFC 8305), and the first that answers is taken. Knows neither TLS nor HTTP.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpStream;

/// How long one address has for itself before the next one is tried too: the recommendation of RFC 8305, section 8.
const NEXT_AFTER: Duration = Duration::from_millis(250);
/// For how long the address that answered last is taken without trying the others.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Who knows the addresses of a name.
pub(crate) trait Lookup: Send + Sync + std::fmt::Debug {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// This machine: its hosts file and its DNS.
#[derive(Debug)]
pub(crate) struct System;

impl Lookup for System {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Connects to the first address of a host that answers.
pub(crate) async fn connect(names: &dyn Lookup, host: &str, port: u16) -> io::Result<TcpStream> {
    Ok(first(&names.lookup(host, port).await?).await?.1)
}

/// Connects to the first of these addresses that answers. Without a limit of its own; where none answers, the last error.
pub(crate) async fn first(addresses: &[SocketAddr]) -> io::Result<(SocketAddr, TcpStream)> {
    let mut waiting = in_turns(addresses).into_iter();
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    let attempt = |address: SocketAddr| async move { (address, TcpStream::connect(address).await) };
    trying.extend(waiting.next().map(attempt));
    while !trying.is_empty() {
        tokio::select! {
            Some((address, result)) = trying.next() => match result {
                Ok(stream) => return Ok((address, stream)),
                Err(error) => {
                    last = error;
                    trying.extend(waiting.next().map(attempt));
                }
            },
            () = tokio::time::sleep(NEXT_AFTER), if waiting.len() > 0 => trying.extend(waiting.next().map(attempt)),
        }
    }
    Err(last)
}

/// The families take turns, so that one that is dead as a whole costs a moment.
fn in_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(|address| address.is_ipv6() == first_is_v6);
    let mut turns = Vec::with_capacity(addresses.len());
    one.reverse();
    other.reverse();
    while !one.is_empty() || !other.is_empty() {
        turns.extend(one.pop());
        turns.extend(other.pop());
    }
    turns.dedup();
    turns
}

/// Resolves the name of a bridge for REST, the address that answers first: an HTTP client of its own would give a dead one half its time.
#[derive(Debug, Clone)]
pub(super) struct Nearest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    names: Arc<dyn Lookup>,
    port: u16,
    limit: Duration,
    answered: Mutex<Option<(SocketAddr, Instant)>>,
}

impl Nearest {
    pub(super) fn new(names: Arc<dyn Lookup>, port: u16, limit: Duration) -> Self {
        Self(Arc::new(Inner { names, port, limit, answered: Mutex::default() }))
    }

    /// The address in use may be dead.
    pub(super) fn doubt(&self) {
        *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn addresses(self, host: String) -> io::Result<Vec<SocketAddr>> {
        let mut found = self.0.names.lookup(&host, self.0.port).await?;
        if found.len() < 2 {
            return Ok(found);
        }
        let known = *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let nearest = match known.filter(|(address, at)| found.contains(address) && at.elapsed() < REMEMBERED) {
            Some((address, _)) => Some(address),
            None => tokio::time::timeout(self.0.limit / 2, first(&found)).await.ok().and_then(Result::ok).map(|(address, _)| address),
        };
        if let Some(nearest) = nearest {
            if known.is_none_or(|(address, _)| address != nearest) {
                *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((nearest, Instant::now()));
            }
            found.retain(|address| *address != nearest);
            found.insert(0, nearest);
        }
        Ok(found)
    }
}

impl Resolve for Nearest {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(found.await?.into_iter()) as Addrs) })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// An address at which nobody answers, not even by a refusal: a listener whose queue is full.
    pub(in crate::cms) struct Dead {
        pub(in crate::cms) address: SocketAddr,
        _held: (TcpListener, Vec<TcpStream>),
    }

    impl Dead {
        pub(in crate::cms) async fn at(address: SocketAddr) -> Self {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.expect("socket");
            socket.bind(address).expect("free");
            let listener = socket.listen(0).expect("listening");
            let address = listener.local_addr().expect("bound");
            let mut held = Vec::new();
            while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
                held.push(stream.expect("queued"));
            }
            Self { address, _held: (listener, held) }
        }
    }

    /// What a test says the addresses of every name are.
    #[derive(Debug)]
    pub(in crate::cms) struct Told(pub(in crate::cms) Vec<SocketAddr>);

    impl Lookup for Told {
        fn lookup<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
            Box::pin(async { Ok(self.0.clone()) })
        }
    }

    /// Long enough for a slow machine, far below what TCP itself would take.
    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn dead_addresses_are_passed_over() {
        let alive = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = alive.local_addr().expect("bound");
        let mut dead = Vec::new();
        for host in ["[::1]:0", "127.0.0.1:0", "127.0.0.1:0"] {
            dead.push(Dead::at(host.parse().expect("address")).await);
        }
        let refused: SocketAddr = "127.0.0.1:1".parse().expect("address");
        let all = [dead[0].address, dead[1].address, dead[2].address, refused, address];
        let found = tokio::time::timeout(SOON, first(&all)).await.expect("soon").expect("connected");
        assert_eq!(found.0, address);
        let nearest = Nearest::new(Arc::new(Told(all.to_vec())), 0, SOON);
        let ordered = nearest.clone().addresses("cms1".into()).await.expect("addresses");
        assert_eq!((ordered[0], ordered.len()), (address, 5));
        drop(alive);
        // Remembered, until it is doubted: then a dead host has its addresses as they are.
        assert_eq!(nearest.clone().addresses("cms1".into()).await.expect("addresses")[0], address);
    }

    #[tokio::test]
    async fn where_none_answers_the_reason_is_said() {
        assert_eq!(first(&[]).await.expect_err("none").kind(), io::ErrorKind::NotFound);
        let refused: Vec<SocketAddr> = ["127.0.0.1:1", "[::1]:1"].map(|address| address.parse().expect("address")).to_vec();
        assert_eq!(first(&refused).await.expect_err("refused").kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn the_families_take_turns() {
        let all: Vec<SocketAddr> =
            ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(|address| address.parse().expect("address")).to_vec();
        assert_eq!(in_turns(&all), [all[0], all[3], all[1], all[4], all[2]]);
    }
}
