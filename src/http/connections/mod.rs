//! All TCP connections of browsers: how many strangers may hold, and when an idle one ends. Knows no routes.
//!
//! A connection is a stranger's until a request on it was a user's, a display's or a bridge's. What lasts (a WebSocket) leaves the count here and
//! has bounds of its own: seats for users, screens for displays, and a smaller share for screens that nobody has paired.

mod held;
mod shares;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Extensions;
use futures_util::task::AtomicWaker;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) use held::{Accepting, Held};
use shares::{Limits, Place, Shares};

/// Idle connections are looked for this often at least.
const SWEEP: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started: Instant,
    state: Mutex<State>,
    screens: Mutex<Shares<CancellationToken>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct State {
    strangers: Shares<Arc<Line>>,
    open: HashMap<u64, Arc<Line>>,
}

/// One connection, as those see it who serve it and those who end it.
#[derive(Debug)]
struct Line {
    number: u64,
    /// Nothing is read or written any more.
    closed: AtomicBool,
    reader: AtomicWaker,
    /// Requests whose answer is not over.
    busy: AtomicUsize,
    /// Milliseconds after `started` when the last one was.
    idle_since: AtomicU64,
}

/// Rides on each request: the connection that it came by.
#[derive(Debug, Clone)]
pub(super) struct Connection(Arc<Lease>);

/// A connection as long as it is open.
#[derive(Debug)]
struct Lease {
    connections: Connections,
    line: Arc<Line>,
    place: Mutex<Option<Place>>,
}

/// A screen that nobody has paired, as long as it is connected.
#[derive(Debug)]
pub(super) struct UnpairedScreen {
    connections: Connections,
    place: Place,
    crowded_out: CancellationToken,
}

impl Default for Connections {
    fn default() -> Self {
        let limits = Limits::of_connections(descriptors());
        let state = State { strangers: Shares::new(limits), open: HashMap::new() };
        let screens = Mutex::new(Shares::new(limits.of_screens()));
        Self(Arc::new(Inner { started: Instant::now(), state: Mutex::new(state), screens, next: AtomicU64::new(0) }))
    }
}

/// How many descriptors this process may have.
fn descriptors() -> u64 {
    #[cfg(unix)]
    if let Ok((soft, _)) = rlimit::Resource::NOFILE.get() {
        return soft;
    }
    8192
}

impl Connections {
    /// A connection begins. `stranger`: takes a place among strangers. Returns it, and whether another one was closed for it.
    fn open(&self, peer: SocketAddr, stranger: bool) -> (Connection, bool) {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(Line {
            number,
            closed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            busy: AtomicUsize::new(0),
            idle_since: AtomicU64::new(self.now()),
        });
        let mut state = self.lock();
        state.open.insert(number, line.clone());
        let taken = stranger.then(|| state.strangers.take(peer.ip(), line.clone(), |line| line.busy.load(Ordering::Relaxed) > 0));
        drop(state);
        let (place, gone) = taken.map_or((None, None), |(place, gone)| (Some(place), gone));
        if let Some(gone) = &gone {
            gone.close();
        }
        (Connection(Arc::new(Lease { connections: self.clone(), line, place: Mutex::new(place) })), gone.is_some())
    }

    /// A screen without a display connects. Returns it, and whether another one has to go for it.
    pub(super) fn unpaired_screen(&self, address: IpAddr) -> (UnpairedScreen, bool) {
        let crowded_out = CancellationToken::new();
        let (place, gone) = self.screens().take(address, crowded_out.clone(), |_| false);
        if let Some(gone) = &gone {
            gone.cancel();
        }
        (UnpairedScreen { connections: self.clone(), place, crowded_out }, gone.is_some())
    }

    /// Closes what has been idle for so long, again and again.
    pub(super) async fn close_idle(&self, after: Duration) {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        loop {
            tokio::time::sleep(SWEEP.min(after / 2)).await;
            let now = self.now();
            let lines: Vec<_> = self.lock().open.values().cloned().collect();
            for line in lines {
                let idle = now.saturating_sub(line.idle_since.load(Ordering::Relaxed));
                if line.busy.load(Ordering::Relaxed) == 0 && idle >= after_ms {
                    line.close();
                }
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn screens(&self) -> MutexGuard<'_, Shares<CancellationToken>> {
        self.0.screens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.reader.wake();
    }
}

impl Connection {
    /// Of the request that has these extensions; none in tests that make one themselves.
    pub(super) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Somebody known uses it: it counts as a stranger's no more.
    pub(super) fn is_known(&self) {
        let place = self.0.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(place) = place {
            self.0.connections.lock().strangers.give_back(place);
        }
    }

    /// It becomes a WebSocket, which others count and end.
    pub(super) fn is_upgraded(&self) {
        self.is_known();
        self.0.connections.lock().open.remove(&self.0.line.number);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let place = self.place.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let mut state = self.connections.lock();
        state.open.remove(&self.line.number);
        if let Some(place) = place {
            state.strangers.give_back(place);
        }
    }
}

impl UnpairedScreen {
    /// Returns when others need its place more. Dropping the future loses nothing.
    pub(super) async fn crowded_out(&self) {
        self.crowded_out.cancelled().await;
    }
}

impl Drop for UnpairedScreen {
    fn drop(&mut self) {
        self.connections.screens().give_back(self.place);
    }
}
