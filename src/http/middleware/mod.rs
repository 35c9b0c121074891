//! The steps that each request passes on its way to a handler: client address, origin, user, forms' tokens, headers, the page of an error.

pub(in crate::http) mod auth;
pub(in crate::http) mod csrf;
pub(in crate::http) mod error_page;
pub(in crate::http) mod forwarded;
pub(in crate::http) mod origin;
pub(in crate::http) mod real_ip;
pub(in crate::http) mod security_headers;
pub(in crate::http) mod session_cookie;
pub(in crate::http) mod sub_path;
