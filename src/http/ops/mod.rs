//! Requests of machines: health, metrics, files of the pages, Call Detail Records; and the server's certificate.

pub(in crate::http) mod assets;
pub(in crate::http) mod cdr;
pub(in crate::http) mod certificate;
pub(in crate::http) mod health;
pub(in crate::http) mod metrics;
