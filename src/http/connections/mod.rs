//! All TCP connections of browsers: limits those of strangers, and closes idle ones. Knows no routes.
//!
//! A connection counts as a stranger's until a user, a display or a bridge made a request on it. WebSockets don't count here and have
//! limits of their own: sockets per user, screens per display, and a smaller share for unpaired screens.

pub(in crate::http) mod acceptor;
pub(in crate::http) mod registry;
mod shares;
