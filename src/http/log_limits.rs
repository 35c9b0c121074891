//! Log lines that browsers and strangers can cause, each kind with a limit of its own.

use crate::log_limit::LogLimit;

#[derive(Debug, Default)]
pub(super) struct LogLimits {
    pub(super) forbidden: LogLimit,
    pub(super) foreign_origin: LogLimit,
    pub(super) accept_failed: LogLimit,
    pub(super) connections_closed: LogLimit,
    pub(super) screens_closed: LogLimit,
    pub(super) wrong_prefix: LogLimit,
}
