//! The configuration of one Call Bridge.

use std::path::PathBuf;
use std::sync::Arc;

use super::Secret;

/// How to reach a Call Bridge, and how to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeConfig {
    /// Unique among the bridges; shown on pages.
    pub name: Arc<str>,
    /// `https://host[:port]` of the Web Admin interface, without path. `http` is for the simulator on loopback only.
    pub url: String,
    pub username: String,
    pub password: Secret,
    pub trust: Trust,
    pub cdr: CdrMode,
    /// The address to which the bridge posts records: `cdr.url` with a secret from the database. Set when Usher starts.
    pub cdr_url: Option<Secret>,
}

/// Whether Usher receives the bridge's Call Detail Records (cdr.md section 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdrMode {
    #[default]
    Off,
    /// An administrator enters Usher's address on the bridge.
    Receive,
    /// Usher registers its address itself, in a free slot.
    Register,
}

/// How Usher verifies a bridge's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The certificate authorities of this machine.
    System,
    /// Only the authorities in this PEM file.
    CaFile(PathBuf),
    /// Only the leaf certificate with this SHA-256, regardless of its names, flags and dates.
    Fingerprint([u8; 32]),
    /// Any certificate: for a laboratory. Every start logs a warning.
    Insecure,
}
