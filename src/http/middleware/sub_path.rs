//! Requests for addresses that Usher does not have: whether a proxy and `public_url` disagree about the path that Usher is served below.

use axum::extract::{OriginalUri, State};

use crate::http::error::Failure;
use crate::http::state::Shared;

/// What follows the sub-path in addresses that a page of Usher asks for.
const OWN: [&str; 8] = ["/login", "/logout", "/account", "/users", "/log", "/ws", "/static/", "/wall"];
/// Characters of a sub-path that are repeated to whoever asked for it.
const LONGEST: usize = 100;

/// Answers requests outside the sub-path. A proxy that removes it is the usual reason.
pub(in crate::http) async fn outside(State(site): State<Shared>, OriginalUri(uri): OriginalUri) -> Failure {
    let base = site.base().to_owned();
    site.log_limits.wrong_prefix.log(|suppressed| {
        tracing::warn!(
            path = shown(uri.path()),
            base,
            suppressed,
            "a request came without the path of public_url: a proxy in front must pass the path on as it is"
        );
    });
    Failure::OutsidePrefix(base)
}

/// Answers requests for unknown addresses: below a sub-path that `public_url` does not name, or anywhere else.
pub(in crate::http) async fn not_found(State(site): State<Shared>, OriginalUri(uri): OriginalUri) -> Failure {
    let Some(prefix) = prefix(uri.path()).filter(|_| site.base().is_empty()) else { return Failure::NotFound };
    site.log_limits.wrong_prefix.log(|suppressed| {
        tracing::warn!(prefix, suppressed, "a page of Usher was asked for below a path that public_url does not name");
    });
    Failure::BelowPrefix(prefix.to_owned())
}

/// What stands before one of our own addresses, `/usher` in `/usher/login`.
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
    fn a_sub_path_is_what_stands_before_our_own_addresses() {
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
