//! The HTML pages: sign-in, desk, account, users, audit log.

pub(in crate::http) mod audit_log;
pub(in crate::http) mod failed_sign_ins;
pub(in crate::http) mod i18n;
pub(in crate::http) mod login;
pub(in crate::http) mod page;
pub(in crate::http) mod request_context;
pub(in crate::http) mod templates;
pub(in crate::http) mod users;
