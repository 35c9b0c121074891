//! The state that all parts of the simulator share: the world under one lock, the switches, the request logs, the tasks.
//! It speaks no protocol.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cdr::Cdr;
use super::events::hub::Hub;
use super::events::tokens::Tokens;
use super::requests::RequestLog;
use super::switchboard::Switchboard;
use super::world::World;

pub(crate) struct Core {
    state: Mutex<SharedState>,
    pub(crate) switches: Switchboard,
    pub(crate) bridges: Vec<BridgeRuntime>,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) cancel: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

pub(crate) struct SharedState {
    pub(crate) world: World,
    pub(crate) hub: Hub,
    pub(crate) cdr: Cdr,
}

/// The parts of a bridge beside its share of the world.
#[derive(Default)]
pub(crate) struct BridgeRuntime {
    pub(crate) name: String,
    pub(crate) tokens: Tokens,
    pub(crate) request_log: RequestLog,
    pub(crate) refused_passwords: AtomicU64,
    /// Number of positions by which its lists have rotated while they were read (`pages_shift`).
    pub(crate) rotation: AtomicUsize,
    /// Cancelled to cut all connections of this bridge; `None` while it is stopped.
    pub(crate) running: Mutex<Option<CancellationToken>>,
    pub(crate) address: Mutex<Option<std::net::SocketAddr>>,
}

impl Core {
    pub(crate) fn new(world: World, cdr: Cdr, switches: Switchboard, username: String, password: String) -> Self {
        let bridges: Vec<BridgeRuntime> =
            world.bridges.iter().map(|b| BridgeRuntime { name: b.name.clone(), ..BridgeRuntime::default() }).collect();
        let hub = Hub::new(bridges.len());
        Self {
            state: Mutex::new(SharedState { world, hub, cdr }),
            switches,
            bridges,
            username,
            password,
            cancel: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Changes the world, runs due timers, and notifies the events sockets and the CDR receivers.
    pub(crate) fn change<R>(&self, operation: impl FnOnce(&mut World, i64) -> R) -> R {
        self.change_state(|state, now| operation(&mut state.world, now))
    }

    /// Like `change`, for operations that need more than the world.
    pub(crate) fn change_state<R>(&self, operation: impl FnOnce(&mut SharedState, i64) -> R) -> R {
        let now = now_ms();
        self.state(|state| {
            for (n, bridge) in state.world.bridges.iter_mut().enumerate() {
                bridge.correlator_ms = self.switches.of(n).correlator_ms;
            }
            let result = operation(state, now);
            state.world.tick(now);
            let changes = state.world.take_changes();
            if !changes.is_empty() {
                state.hub.publish(&state.world, &changes, &self.switches);
                state.cdr.record(&state.world, &changes, &self.switches, now);
            }
            result
        })
    }

    /// Reads the world without changing it.
    pub(crate) fn read<R>(&self, f: impl FnOnce(&World) -> R) -> R {
        self.state(|state| f(&state.world))
    }

    pub(crate) fn state<R>(&self, f: impl FnOnce(&mut SharedState) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn bridge_named(&self, name: &str) -> Option<usize> {
        self.bridges.iter().position(|b| b.name == name)
    }
}

impl BridgeRuntime {
    pub(crate) fn is_up(&self) -> bool {
        self.running().is_some()
    }

    /// Cancelled when the bridge stops; `None` while it is stopped.
    pub(crate) fn running(&self) -> Option<CancellationToken> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn locked_out(&self, after: usize) -> bool {
        after > 0 && self.refused_passwords.load(Ordering::Relaxed) >= after as u64
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
