//! Limits the lines of the server log that browsers and strangers can cause, each kind on its own.

use crate::log_limit::LogLimit;

#[derive(Debug, Default)]
pub(in crate::http) struct LogLimits {
    pub(in crate::http) forbidden: LogLimit,
    pub(in crate::http) foreign_origin: LogLimit,
    pub(in crate::http) accept_failed: LogLimit,
    pub(in crate::http) wrong_prefix: LogLimit,
}
