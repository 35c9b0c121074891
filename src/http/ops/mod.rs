//! What machines ask for: health, metrics, certificates, files of the pages, Call Detail Records.

pub(in crate::http) mod assets;
pub(in crate::http) mod cdr;
pub(in crate::http) mod certificate;
pub(in crate::http) mod health;
pub mod metrics;
