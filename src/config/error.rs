//! What can be wrong with a configuration, said so that it can be mended.

use std::path::PathBuf;

/// A configuration mistake; `serve` prints it and exits with code 2 before any port is bound.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("the configuration is not valid TOML or has an unknown key:\n{0}")]
    Syntax(String),
    #[error("configuration key `{key}`: got {got}; allowed: {allowed}")]
    Invalid { key: String, got: String, allowed: String },
}

impl ConfigError {
    pub(super) fn invalid(key: impl Into<String>, got: impl std::fmt::Display, allowed: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), got: got.to_string(), allowed: allowed.into() }
    }
}
