//! What each request passes on its way to a handler: client address, origin, forms' tokens, headers, cookies.

pub(in crate::http) mod cookies;
pub(in crate::http) mod csrf;
pub(in crate::http) mod forwarded;
pub(in crate::http) mod origin;
pub(in crate::http) mod real_ip;
pub(in crate::http) mod security_headers;
pub(in crate::http) mod sub_path;
