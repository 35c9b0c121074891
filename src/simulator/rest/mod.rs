//! The REST side of a simulated bridge (`/api/v1`, rest.md): transport switches, authentication, routing.
//! The resources are in the submodules; the rules of the world are not here.

mod auth;
mod calls;
mod cdr_receivers;
mod edits;
pub(crate) mod form;
mod legs;
mod page;
mod participants;
mod reply;
mod request;
mod route;
mod spaces;
mod system;
mod transport;
mod write_calls;
mod write_legs;
mod write_participants;

pub(crate) use transport::router;

use std::sync::Arc;

use crate::simulator::id::Id;

use crate::simulator::switches::Switches;

/// The values that a resource needs besides the world.
pub(crate) struct Context {
    pub(crate) bridge: usize,
    pub(crate) switches: Arc<Switches>,
    pub(crate) now_ms: i64,
    /// Number of positions by which lists have rotated while they were read (`pages_shift`).
    pub(crate) rotation: usize,
}

impl Context {
    /// The time by the bridge's own clock.
    pub(crate) fn clock_ms(&self) -> i64 {
        self.now_ms + self.switches.clock_offset_ms
    }
}

/// An id in a path; other text becomes an id that no object has.
fn id(text: &str) -> Id {
    Id::parse(text).unwrap_or(Id::nil())
}
