//! The REST API of a Call Bridge: requests, responses, and the queue that paces them.

pub(in crate::cms) mod client;
pub(in crate::cms) mod mutation;
pub(in crate::cms) mod queue;
pub(in crate::cms) mod request;
pub(in crate::cms) mod response;
pub(in crate::cms) mod xml;
