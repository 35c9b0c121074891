//! The files of `web/`: inside the binary, in a debug build on disk.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "web"]
pub(in crate::http) struct WebFiles;
