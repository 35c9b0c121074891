//! Call Detail Records of the simulated bridges (cdr.md). Changes of the world become records,
//! and each bridge pushes its own records to the receivers registered on it. It reads the world and never changes it.
//!
//! - `record`: which records a change makes; `reported`: the state reported so far; `fields`: the content of a record
//! - `feed`: session and numbers of one bridge; `receivers`, `buffer`: the receivers and the records waiting for each
//! - `document`: the body of a POST; `sender`: the POSTs

mod buffer;
mod document;
mod feed;
mod fields;
mod receivers;
mod record;
mod reported;
pub(crate) mod sender;

pub(crate) use receivers::Receivers;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::world::World;
use feed::Feed;
use sender::SenderJob;

#[derive(Debug)]
pub(crate) struct Cdr {
    /// One per bridge.
    pub(crate) feeds: Vec<Feed>,
}

/// Existing calls and legs count as reported already: only their changes and ends make records.
pub(crate) fn start(world: &World, now_ms: i64) -> (Cdr, UnboundedReceiver<SenderJob>) {
    let (senders, jobs) = mpsc::unbounded_channel();
    let feeds = (0..world.bridges.len()).map(|bridge| Feed::new(world, bridge, senders.clone(), now_ms)).collect();
    (Cdr { feeds }, jobs)
}
