//! The events WebSocket of a Call Bridge: its messages, the subscriptions, one connection, and whether it reports what it should.

pub(in crate::cms) mod liveness;
pub(in crate::cms) mod protocol;
pub(in crate::cms) mod renewals;
pub(in crate::cms) mod size_search;
pub(in crate::cms) mod socket;
pub(in crate::cms) mod subscriptions;
pub(in crate::cms) mod unreported;
