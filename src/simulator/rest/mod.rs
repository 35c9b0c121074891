//! The REST side of a simulated bridge (`/api/v1`, rest.md): switches of transport, authentication, routing.
//! The resources are in the submodules; the world's rules are not here.

mod auth;
mod calls;
mod cdr_receivers;
mod edits;
pub(crate) mod form;
mod legs;
mod page;
mod people;
mod reply;
mod request;
mod route;
mod spaces;
mod system;
mod transport;
mod write_calls;
mod write_legs;
mod write_people;

pub(crate) use transport::router;

use std::sync::Arc;

use crate::simulator::id::Id;

use crate::simulator::switches::Switches;

/// What a resource needs besides the world.
pub(crate) struct Context {
    pub(crate) bridge: usize,
    pub(crate) switches: Arc<Switches>,
    pub(crate) now_ms: i64,
    /// How far lists have turned while they were read (`pages_shift`).
    pub(crate) turned: usize,
}

impl Context {
    /// What the bridge's own clock says.
    pub(crate) fn clock_ms(&self) -> i64 {
        self.now_ms + self.switches.clock_offset_ms
    }
}

/// An id in a path; anything else names nothing.
fn id(text: &str) -> Id {
    Id::parse(text).unwrap_or(Id::nil())
}
