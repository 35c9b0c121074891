//! Pages of a collection: min(limit, cap) from an offset (rest.md 2, Pagination); it renders nothing.

use super::request::Request;

/// The page of `all`, and how many there are.
pub(crate) fn of<T>(all: impl Iterator<Item = T>, turned: usize, request: &Request, cap: usize) -> (usize, Vec<T>) {
    let mut all: Vec<Option<T>> = all.map(Some).collect();
    let total = all.len();
    let page = places(total, turned, request, cap).filter_map(|at| all[at].take()).collect();
    (total, page)
}

/// The same for a list whose length is known: only the page is touched.
pub(crate) fn slice<T>(total: usize, at: impl Fn(usize) -> Option<T>, turned: usize, request: &Request, cap: usize) -> (usize, Vec<T>) {
    (total, places(total, turned, request, cap).filter_map(at).collect())
}

/// Where the page's objects stand in a list whose first `turned` objects have moved to its end.
fn places(total: usize, turned: usize, request: &Request, cap: usize) -> impl Iterator<Item = usize> {
    let offset = request.number("offset").unwrap_or(0).min(total);
    let limit = request.number("limit").unwrap_or(cap).min(cap);
    let end = offset.saturating_add(limit).min(total);
    (offset..end).map(move |place| (place + turned) % total)
}
