//! The support code of the integration tests: real servers on port 0, and waits with a deadline. It asserts nothing itself.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

pub mod actions;
pub mod browser;
pub mod comparison;
pub mod desk;
pub mod fault_scenario;
pub mod flood;
pub mod page;
pub mod recorded_actions;
pub mod sample_rows;
pub mod server;
pub mod usher_command;
pub mod usher_process;

use std::fmt::Debug;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Long enough for a busy machine; only a failing test waits for it.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Calls `state` until it returns `Ok`; fails with the last `Err` when the deadline has passed.
pub async fn wait_for<T, E: Debug>(deadline: Duration, what: &str, mut state: impl AsyncFnMut() -> Result<T, E>) -> T {
    let end = tokio::time::Instant::now() + deadline;
    loop {
        match state().await {
            Ok(value) => return value,
            Err(last) if tokio::time::Instant::now() > end => panic!("waited {deadline:?} for {what}; the last state: {last:?}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// An address on loopback with a free port, for a process that must be told its port.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// Runs `work`, which must end before the deadline.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.unwrap_or_else(|_| panic!("waited {DEADLINE:?} for {what}"))
}
