//! Bounds on what users and strangers cost: requests, entries of the audit log, lines of the server log.

pub(in crate::http) mod failed_sign_ins;
pub(in crate::http) mod log_limits;
pub(in crate::http) mod request_budget;
