//! Paths that more than one part of the web server needs. Serves none.

/// Links that make a screen a display. The token follows.
pub(in crate::http) const DISPLAY_LINK: &str = "/wall/t/";

/// Call Bridges deliver their Call Detail Records here. The bridge's secret follows.
pub(in crate::http) const CDR: &str = "/cdr/";

/// The rest of a path after one of these is a secret, which must not be logged.
pub(in crate::http) const BEFORE_SECRETS: [&str; 2] = [CDR, DISPLAY_LINK];

/// The desk's WebSocket.
pub(in crate::http) const DESK_SOCKET: &str = "/ws";

/// The sums of all lobbies.
pub(in crate::http) const WAITING: &str = "/waiting";
