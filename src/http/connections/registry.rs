//! The open connections: counts those of strangers, closes idle ones, and makes room for new ones.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Extensions;
use futures_util::task::AtomicWaker;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::log_limit::LogLimit;

use super::shares::{FairShares, ShareLimits, Slot};

/// Idle connections are looked for this often at least.
const SWEEP: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(in crate::http) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started: Instant,
    open: Mutex<OpenConnections>,
    unpaired_screens: Mutex<FairShares<CancellationToken>>,
    next: AtomicU64,
    connections_closed: LogLimit,
    screens_closed: LogLimit,
}

#[derive(Debug)]
struct OpenConnections {
    strangers: FairShares<Arc<ConnectionStatus>>,
    all: HashMap<u64, Arc<ConnectionStatus>>,
}

/// Shared by the task that serves a connection and by those that may end it.
#[derive(Debug)]
pub(super) struct ConnectionStatus {
    number: u64,
    /// Nothing is read or written any more.
    closed: AtomicBool,
    pub(super) reader: AtomicWaker,
    /// Requests without a complete response.
    busy: AtomicUsize,
    /// Milliseconds after `started` at which the last request ended.
    idle_since: AtomicU64,
}

/// The connection of a request, in its extensions.
#[derive(Debug, Clone)]
pub(in crate::http) struct TrackedConnection(Arc<Lease>);

/// Keeps a connection counted while it is open.
#[derive(Debug)]
struct Lease {
    connections: Connections,
    status: Arc<ConnectionStatus>,
    /// None once a known user, display or bridge uses the connection.
    slot: Mutex<Option<Slot>>,
}

/// Keeps an unpaired screen counted while it is connected.
#[derive(Debug)]
pub(in crate::http) struct UnpairedScreen {
    connections: Connections,
    slot: Slot,
    evicted: CancellationToken,
}

impl Default for Connections {
    fn default() -> Self {
        let limits = ShareLimits::of_connections(descriptor_limit());
        let open = OpenConnections { strangers: FairShares::new(limits), all: HashMap::new() };
        Self(Arc::new(Inner {
            started: Instant::now(),
            open: Mutex::new(open),
            unpaired_screens: Mutex::new(FairShares::new(limits.of_screens())),
            next: AtomicU64::new(0),
            connections_closed: LogLimit::default(),
            screens_closed: LogLimit::default(),
        }))
    }
}

/// How many descriptors this process may have.
fn descriptor_limit() -> u64 {
    #[cfg(unix)]
    if let Ok((soft, _)) = rlimit::Resource::NOFILE.get() {
        return soft;
    }
    8192
}

impl Connections {
    /// Registers a new connection. `stranger`: it takes a slot of strangers, for which another connection may be closed.
    pub(super) fn open(&self, peer: SocketAddr, stranger: bool) -> TrackedConnection {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let status = Arc::new(ConnectionStatus {
            number,
            closed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            busy: AtomicUsize::new(0),
            idle_since: AtomicU64::new(self.now()),
        });
        let mut open = self.lock();
        open.all.insert(number, status.clone());
        let acquired = stranger.then(|| open.strangers.acquire(peer.ip(), status.clone(), |status| status.is_busy()));
        drop(open);
        let (slot, evicted) = acquired.map_or((None, None), |(slot, evicted)| (Some(slot), evicted));
        if let Some(evicted) = evicted {
            evicted.close();
            metrics::counter!("usher_strangers_closed_total", "what" => "connection").increment(1);
            self.0.connections_closed.log(|suppressed| {
                tracing::warn!(address = %peer.ip(), suppressed, "too many connections without sign-in, oldest closed");
            });
        }
        TrackedConnection(Arc::new(Lease { connections: self.clone(), status, slot: Mutex::new(slot) }))
    }

    /// Registers a screen without a display, for which another such screen may be closed.
    pub(in crate::http) fn open_unpaired_screen(&self, address: IpAddr) -> UnpairedScreen {
        let token = CancellationToken::new();
        let (slot, evicted) = self.unpaired_screens().acquire(address, token.clone(), |_| false);
        if let Some(evicted) = evicted {
            evicted.cancel();
            metrics::counter!("usher_strangers_closed_total", "what" => "screen").increment(1);
            self.0.screens_closed.log(|suppressed| tracing::warn!(%address, suppressed, "too many unpaired screens, oldest closed"));
        }
        UnpairedScreen { connections: self.clone(), slot, evicted: token }
    }

    /// Closes connections that have been idle for `after`; never returns.
    pub(in crate::http) async fn close_idle(&self, after: Duration) {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        loop {
            tokio::time::sleep(SWEEP.min(after / 2)).await;
            let now = self.now();
            let all: Vec<_> = self.lock().all.values().cloned().collect();
            for status in all {
                let idle = now.saturating_sub(status.idle_since.load(Ordering::Relaxed));
                if !status.is_busy() && idle >= after_ms {
                    status.close();
                }
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unpaired_screens(&self) -> MutexGuard<'_, FairShares<CancellationToken>> {
        self.0.unpaired_screens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionStatus {
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.reader.wake();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }
}

impl TrackedConnection {
    /// The connection of the request with these extensions; None in tests that build a request themselves.
    pub(in crate::http) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    pub(super) fn status(&self) -> &ConnectionStatus {
        &self.0.status
    }

    /// A known user, display or bridge uses it: it no longer counts as a stranger's.
    pub(in crate::http) fn mark_known(&self) {
        let slot = self.0.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(slot) = slot {
            self.0.connections.lock().strangers.release(slot);
        }
    }

    /// It becomes a WebSocket, which is counted and closed elsewhere.
    pub(in crate::http) fn mark_upgraded(&self) {
        self.mark_known();
        self.0.connections.lock().all.remove(&self.0.status.number);
    }

    pub(super) fn begin_request(&self) {
        self.0.status.busy.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end_request(&self) {
        self.0.status.idle_since.store(self.0.connections.now(), Ordering::Relaxed);
        self.0.status.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let slot = self.slot.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let mut open = self.connections.lock();
        open.all.remove(&self.status.number);
        if let Some(slot) = slot {
            open.strangers.release(slot);
        }
    }
}

impl UnpairedScreen {
    /// Returns when another screen needs the slot more. Dropping the future loses nothing.
    pub(in crate::http) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }
}

impl Drop for UnpairedScreen {
    fn drop(&mut self) {
        self.connections.unpaired_screens().release(self.slot);
    }
}
