//! Answers requests for unknown addresses, and detects a proxy and a `public_url` that disagree about the sub-path.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};

use crate::http::error::PageError;
use crate::http::state::AppState;

/// Addresses that pages of Usher ask for, behind the sub-path.
const OWN: [&str; 8] = ["/login", "/logout", "/account", "/users", "/log", "/ws", "/static/", "/wall"];
/// Characters of a requested path that the response and the log repeat.
const LONGEST: usize = 100;

/// Answers requests outside the sub-path. The usual reason is a proxy that removes it.
pub(in crate::http) async fn outside(State(state): State<Arc<AppState>>, OriginalUri(uri): OriginalUri) -> PageError {
    let base = state.base.clone();
    state.log_limits.wrong_prefix.log(|suppressed| {
        tracing::warn!(
            path = shown(uri.path()),
            base,
            suppressed,
            "request without the path of public_url received: a proxy in front must pass the path on as it is"
        );
    });
    PageError::OutsidePrefix(base)
}

/// Answers requests for unknown addresses: below a sub-path that `public_url` does not name, or anywhere else.
pub(in crate::http) async fn not_found(State(state): State<Arc<AppState>>, OriginalUri(uri): OriginalUri) -> PageError {
    let Some(prefix) = prefix(uri.path()).filter(|_| state.base.is_empty()) else { return PageError::NotFound };
    state.log_limits.wrong_prefix.log(|suppressed| {
        tracing::warn!(prefix, suppressed, "page of Usher requested below a path that public_url does not name");
    });
    PageError::BelowPrefix(prefix.to_owned())
}

/// The part before one of our own addresses, `/usher` in `/usher/login`.
fn prefix(path: &str) -> Option<&str> {
    let found = OWN.iter().filter_map(|own| {
        let at = path.find(own).filter(|at| *at > 0)?;
        let rest = &path[at + own.len()..];
        (own.ends_with('/') || rest.is_empty() || rest.starts_with('/')).then_some(at)
    });
    found.min().map(|at| shown(&path[..at]))
}

fn shown(path: &str) -> &str {
    path.char_indices().nth(LONGEST).map_or(path, |(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_before_our_own_addresses_is_the_sub_path() {
        let long = format!("/{}/login", "x".repeat(300));
        for (path, expected) in [
            ("/usher/login", Some("/usher")),
            ("/a/b/static/desk.js", Some("/a/b")),
            ("/usher/wall/t/secret", Some("/usher")),
            ("/usher/wall", Some("/usher")),
            ("/login", None),
            ("/usher/logins", None),
            ("/usher/", None),
            ("", None),
            (&long, Some(&long[..LONGEST])),
        ] {
            assert_eq!(prefix(path), expected, "{path}");
        }
    }
}
