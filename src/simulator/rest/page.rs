//! Pages of a collection: min(limit, cap) from an offset (rest.md 2, Pagination); it renders nothing.

use super::request::Request;

/// The requested page of `all`, and the total number.
pub(crate) fn of<T>(all: impl Iterator<Item = T>, rotation: usize, request: &Request, cap: usize) -> (usize, Vec<T>) {
    let mut all: Vec<Option<T>> = all.map(Some).collect();
    let total = all.len();
    let page = positions(total, rotation, request, cap).filter_map(|at| all[at].take()).collect();
    (total, page)
}

/// Like `of`, for a list of known length: only the page's items are touched.
pub(crate) fn slice<T>(total: usize, at: impl Fn(usize) -> Option<T>, rotation: usize, request: &Request, cap: usize) -> (usize, Vec<T>) {
    (total, positions(total, rotation, request, cap).filter_map(at).collect())
}

/// The positions of the page's items in a list whose first `rotation` items have moved to its end.
fn positions(total: usize, rotation: usize, request: &Request, cap: usize) -> impl Iterator<Item = usize> {
    let offset = request.number("offset").unwrap_or(0).min(total);
    let limit = request.number("limit").unwrap_or(cap).min(cap);
    let end = offset.saturating_add(limit).min(total);
    (offset..end).map(move |position| (position + rotation) % total)
}
