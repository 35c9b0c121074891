//! All TCP connections of browsers: how many strangers may hold, and when an idle one ends. Knows no routes.
//!
//! A connection counts as a stranger's until a user, a display or a bridge made a request on it. A WebSocket leaves this count and has bounds of
//! its own: sockets per user, screens per display, and a smaller share for screens that nobody has paired.

pub(in crate::http) mod acceptor;
pub(in crate::http) mod registry;
mod shares;
