//! Mistakes in a configuration, collected and reported together.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use crate::text::cut;

/// The most mistakes that are listed; the others are counted.
const MAX_LISTED: usize = 50;

/// Why there is no configuration. `serve` prints it and exits with code 2 before any port is bound.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "there is no configuration {path}; copy usher.example.toml, which comes with Usher, to {path}, set each [[bridge]] in it and try it \
         with `usher check --config {path}`. Another file is named by --config; `usher demo` needs none"
    )]
    Missing { path: String },
    #[error("cannot read the configuration {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("the configuration is not valid TOML: {0}")]
    Syntax(String),
    #[error("{}", listed(.0))]
    Invalid(Vec<Mistake>),
}

/// One mistake: its key, the value, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub key: String,
    pub got: String,
    pub allowed: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, got, allowed } = self;
        write!(f, "configuration key `{}`: got {}; allowed: {}", printable(key), printable(got), printable(allowed))
    }
}

impl Mistake {
    pub(super) fn new(key: impl Into<String>, got: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self { key: key.into(), got: got.to_string(), allowed: allowed.into() }
    }
}

/// The text of all mistakes; one line each if there are several.
fn listed(mistakes: &[Mistake]) -> String {
    if let [one] = mistakes {
        return one.to_string();
    }
    let mut text = format!("the configuration has {} mistakes:", mistakes.len());
    for mistake in mistakes.iter().take(MAX_LISTED) {
        text.push_str(&format!("\n  {mistake}"));
    }
    if mistakes.len() > MAX_LISTED {
        text.push_str(&format!("\n  and {} more", mistakes.len() - MAX_LISTED));
    }
    text
}

/// Replaces control characters: keys and values come from the file and must not control a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Collects the first mistake of each key.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    found: Vec<Mistake>,
    keys: HashSet<String>,
}

impl Mistakes {
    pub(super) fn add(&mut self, mistake: Mistake) {
        if self.keys.insert(mistake.key.clone()) {
            self.found.push(mistake);
        }
    }

    /// The value, or a placeholder. The placeholder is never used, because a configuration with a mistake is refused.
    pub(super) fn value_or<T>(&mut self, value: Result<T, Mistake>, placeholder: T) -> T {
        self.ok(value).unwrap_or(placeholder)
    }

    /// The value; None if it is a mistake.
    pub(super) fn ok<T>(&mut self, value: Result<T, Mistake>) -> Option<T> {
        value.map_err(|mistake| self.add(mistake)).ok()
    }

    /// Returns `valid`, unless there was a mistake.
    pub(super) fn finish<T>(self, valid: T) -> Result<T, ConfigError> {
        if self.found.is_empty() { Ok(valid) } else { Err(self.error()) }
    }

    pub(super) fn error(self) -> ConfigError {
        ConfigError::Invalid(self.found)
    }
}

impl ConfigError {
    /// Names the line and the key but not the value: it may be a password, and this is logged.
    pub(super) fn syntax(text: &str, errors: &[toml::de::Error]) -> Self {
        let mut lines = HashSet::new();
        let mut messages = Vec::new();
        for error in errors {
            let number = line_of(text, error);
            // Later errors in a line follow from its first.
            if !lines.insert(number) {
                continue;
            }
            let line = text.lines().nth(number - 1).unwrap_or_default();
            let key = line.split('=').next().unwrap_or_default().trim();
            let what = if is_secret(key) { "expected a text in quotes" } else { error.message().trim() };
            messages.push(format!("line {number} ({}): {}", printable(cut(key, 40)), printable(what)));
        }
        let more = messages.len().saturating_sub(MAX_LISTED);
        messages.truncate(MAX_LISTED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Self::Syntax(format!("{}{more}", messages.join("; ")))
    }
}

/// The number of the line, counted from 1.
pub(super) fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}

/// Whether the value of a key must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    ["password", "token"].iter().any(|word| key.contains(word))
}
