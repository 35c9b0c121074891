//! Call Detail Records of the simulated bridges (cdr.md): what changes in the world becomes records,
//! and each bridge pushes its own to the receivers registered on it. It reads the world and never changes it.
//!
//! - `record`: which records a change makes; `book`: what was told so far; `fields`: what is in a record
//! - `feed`: session and numbers of one bridge; `receivers`, `buffer`: who gets them, and what still waits
//! - `document`: the body of a POST; `sender`: the POSTs

mod book;
mod buffer;
mod document;
mod feed;
mod fields;
mod receivers;
mod record;
pub(crate) mod sender;

pub(crate) use receivers::Receivers;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::world::World;
use feed::Feed;
use sender::Job;

#[derive(Debug)]
pub(crate) struct Cdr {
    /// One per bridge.
    pub(crate) feeds: Vec<Feed>,
}

/// What is there already was told before: it only changes and ends from now on.
pub(crate) fn start(world: &World, now_ms: i64) -> (Cdr, UnboundedReceiver<Job>) {
    let (hire, jobs) = mpsc::unbounded_channel();
    let feeds = (0..world.bridges.len()).map(|bridge| Feed::new(world, bridge, hire.clone(), now_ms)).collect();
    (Cdr { feeds }, jobs)
}
