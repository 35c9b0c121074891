//! What can be wrong with a configuration, said so that it can be mended.

use std::path::PathBuf;

use crate::text::cut;

/// A configuration mistake; `serve` prints it and exits with code 2 before any port is bound.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("the configuration is not valid TOML or has an unknown key: {0}")]
    Syntax(String),
    #[error("configuration key `{key}`: got {got}; allowed: {allowed}")]
    Invalid { key: String, got: String, allowed: String },
}

impl ConfigError {
    /// Says where and what, but not the line itself: it may hold a password, and this goes to the log.
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let number = before.matches('\n').count() + 1;
        let line = text.lines().nth(number - 1).unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let secret = ["password", "token"].iter().any(|word| key.contains(word));
        let what = if secret { "expected a text in quotes" } else { error.message().trim() };
        let key = cut(key, 40);
        Self::Syntax(format!("line {number} ({key}): {what}"))
    }

    pub(super) fn invalid(key: impl Into<String>, got: impl std::fmt::Display, allowed: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), got: got.to_string(), allowed: allowed.into() }
    }
}
