//! One Call Bridge as it is configured.

use std::path::PathBuf;
use std::sync::Arc;

use super::Secret;

/// How to reach and believe one Call Bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeConfig {
    /// Unique among the bridges; shown to people.
    pub name: Arc<str>,
    /// `https://host[:port]` of the Web Admin interface, without path. `http` is for the simulator on loopback only.
    pub url: String,
    pub username: String,
    pub password: Secret,
    pub trust: Trust,
    pub cdr: CdrMode,
    /// The address that Usher gives the bridge for its records, made from `cdr.url` and a secret of the database when Usher starts.
    pub cdr_url: Option<Secret>,
}

/// Whether the bridge's Call Detail Records are taken (cdr.md section 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdrMode {
    #[default]
    Off,
    /// An administrator entered Usher's address on the bridge.
    Receive,
    /// Usher enters its address itself, into a free slot.
    Register,
}

/// How Usher verifies a bridge's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The certificate authorities of this machine.
    System,
    /// Only the authorities in this PEM file.
    CaFile(PathBuf),
    /// Exactly the leaf certificate with this SHA-256, whatever its name, flags or dates.
    Fingerprint([u8; 32]),
    /// Anything: for a laboratory, said aloud at every start.
    Insecure,
}
