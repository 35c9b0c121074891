//! The events WebSocket of a Call Bridge: its messages, what to subscribe to, and one connection.

pub(in crate::cms) mod protocol;
pub(in crate::cms) mod renewals;
pub(in crate::cms) mod sizes;
pub(in crate::cms) mod socket;
pub(in crate::cms) mod subscriptions;
