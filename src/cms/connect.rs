//! Connects to a host that may have several addresses, some of them dead: it tries them side by side, each a moment after the one before
//! ("happy eyeballs", RFC 8305), and takes the first that answers. Knows neither TLS nor HTTP.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpStream;

/// How long to try one address before the next one is tried too: the recommendation of RFC 8305, section 8.
const NEXT_AFTER: Duration = Duration::from_millis(250);
/// For how long to use the address that answered last without trying the others.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Looks up the addresses of a host.
pub(crate) trait Resolver: Send + Sync + std::fmt::Debug {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// Asks this machine: its hosts file and its DNS.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Connects to the first address of a host that answers.
pub(crate) async fn connect_host(names: &dyn Resolver, host: &str, port: u16) -> io::Result<TcpStream> {
    Ok(connect_first(&names.lookup(host, port).await?).await?.1)
}

/// Connects to the first of these addresses that answers. Sets no time limit of its own; returns the last error where none answers.
pub(crate) async fn connect_first(addresses: &[SocketAddr]) -> io::Result<(SocketAddr, TcpStream)> {
    let mut waiting = alternate_families(addresses).into_iter();
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

/// Orders addresses so that IPv4 and IPv6 take turns: a family that is dead as a whole costs only a moment.
fn alternate_families(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(|address| address.is_ipv6() == first_is_v6);
    let mut ordered = Vec::with_capacity(addresses.len());
    one.reverse();
    other.reverse();
    while !one.is_empty() || !other.is_empty() {
        ordered.extend(one.pop());
        ordered.extend(other.pop());
    }
    ordered.dedup();
    ordered
}

/// Resolves the name of a bridge for REST, with the address that answers first at the head: an HTTP client by itself would spend half its
/// time limit on a dead one.
#[derive(Debug, Clone)]
pub(super) struct FastestAddress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    names: Arc<dyn Resolver>,
    port: u16,
    limit: Duration,
    answered: Mutex<Option<(SocketAddr, Instant)>>,
}

impl FastestAddress {
    pub(super) fn new(names: Arc<dyn Resolver>, port: u16, limit: Duration) -> Self {
        Self(Arc::new(Inner { names, port, limit, answered: Mutex::default() }))
    }

    /// The address in use may be dead: try all of them the next time.
    pub(super) fn forget(&self) {
        *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn addresses(self, host: String) -> io::Result<Vec<SocketAddr>> {
        let mut found = self.0.names.lookup(&host, self.0.port).await?;
        if found.len() < 2 {
            return Ok(found);
        }
        let known = *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let fastest = match known.filter(|(address, at)| found.contains(address) && at.elapsed() < REMEMBERED) {
            Some((address, _)) => Some(address),
            None => {
                tokio::time::timeout(self.0.limit / 2, connect_first(&found)).await.ok().and_then(Result::ok).map(|(address, _)| address)
            }
        };
        if let Some(fastest) = fastest {
            if known.is_none_or(|(address, _)| address != fastest) {
                *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((fastest, Instant::now()));
            }
            found.retain(|address| *address != fastest);
            found.insert(0, fastest);
        }
        Ok(found)
    }
}

impl Resolve for FastestAddress {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(found.await?.into_iter()) as Addrs) })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// An address that does not answer, not even by a refusal: a listener whose queue is full.
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

    /// Gives every name the addresses that a test sets.
    #[derive(Debug)]
    pub(in crate::cms) struct FixedAddresses(pub(in crate::cms) Vec<SocketAddr>);

    impl Resolver for FixedAddresses {
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
        let found = tokio::time::timeout(SOON, connect_first(&all)).await.expect("soon").expect("connected");
        assert_eq!(found.0, address);
        let fastest = FastestAddress::new(Arc::new(FixedAddresses(all.to_vec())), 0, SOON);
        let ordered = fastest.clone().addresses("cms1".into()).await.expect("addresses");
        assert_eq!((ordered[0], ordered.len()), (address, 5));
        drop(alive);
        // The address is remembered.
        assert_eq!(fastest.clone().addresses("cms1".into()).await.expect("addresses")[0], address);
    }

    #[tokio::test]
    async fn the_reason_is_reported_if_no_address_answers() {
        assert_eq!(connect_first(&[]).await.expect_err("none").kind(), io::ErrorKind::NotFound);
        let refused: Vec<SocketAddr> = ["127.0.0.1:1", "[::1]:1"].map(|address| address.parse().expect("address")).to_vec();
        assert_eq!(connect_first(&refused).await.expect_err("refused").kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn the_families_alternate() {
        let all: Vec<SocketAddr> =
            ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(|address| address.parse().expect("address")).to_vec();
        assert_eq!(alternate_families(&all), [all[0], all[3], all[1], all[4], all[2]]);
    }
}
