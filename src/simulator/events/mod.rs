//! The events side of a simulated bridge (`/events/v1`, events.md): sockets, subscriptions, updates.
//! It reads the world and never changes it.

pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod hub;
pub(crate) mod outbox;
pub(crate) mod publish;
pub(crate) mod render;
pub(crate) mod socket;
pub(crate) mod subscription;
pub(crate) mod tokens;
