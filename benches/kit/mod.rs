//! The support code of the benchmarks: processes measured from outside, clients that read like a browser, bars. It measures nothing itself.
#![allow(dead_code, unreachable_pub)] // each benchmark uses its own part

pub mod browser;
pub mod cluster;
pub mod page;
pub mod process;
pub mod scripted_bridges;
pub mod server;
pub mod statistics;

/// The argument of the benchmark: none, or the name of a child's role.
pub fn role() -> Option<String> {
    std::env::args().nth(1).filter(|word| !word.starts_with('-'))
}

/// Allows thousands of sockets on both ends.
pub fn raise_descriptor_limit() {
    rlimit::increase_nofile_limit(65_536).expect("descriptors");
}

/// One thread for all clients, so that the servers under test have the other core.
pub fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime").block_on(work);
}

pub fn now_us() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_micros()).expect("fits")
}
