//! The HTML pages: sign-in, desk, account, users, audit log; and the line of waiting people on them.

pub(in crate::http) mod account;
mod audit_entries;
pub(in crate::http) mod audit_log;
mod failed_form;
mod known_device;
pub(in crate::http) mod login;
mod request_context;
pub(in crate::http) mod users;
pub(in crate::http) mod waiting;
