//! Close codes of WebSockets. `docs/protocol.md` says what a browser does then.

/// Answers a close frame of the browser that has no code.
pub(in crate::http) const NORMAL: u16 = 1000;
pub(in crate::http) const RESTART: u16 = 1001;
pub(in crate::http) const SLOW: u16 = 4008;
pub(in crate::http) const BAD_MESSAGE: u16 = 4400;
pub(in crate::http) const SIGNED_OUT: u16 = 4401;
/// Only screens are revoked.
pub(in crate::http) const REVOKED: u16 = 4403;
pub(in crate::http) const TOO_MANY: u16 = 4429;
