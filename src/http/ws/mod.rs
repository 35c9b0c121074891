//! One WebSocket of a browser, below the protocols of the desk and of displays. Knows neither of them.

pub(in crate::http) mod close_code;
pub(in crate::http) mod connection;
pub(in crate::http) mod heartbeat;
pub(in crate::http) mod limit;
pub(in crate::http) mod reader;
pub(in crate::http) mod session;
pub(in crate::http) mod upgrade;
pub(in crate::http) mod writer;
