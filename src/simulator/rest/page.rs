//! Pages of a collection: min(limit, cap) from an offset (rest.md 2, Pagination); it renders nothing.

use super::request::Request;

/// The page of `all`, and how many there are.
pub(crate) fn of<T>(all: impl Iterator<Item = T>, request: &Request, cap: usize) -> (usize, Vec<T>) {
    let offset = request.number("offset").unwrap_or(0);
    let limit = request.number("limit").unwrap_or(cap).min(cap);
    let mut total = 0;
    let mut page = Vec::with_capacity(limit);
    for item in all {
        if total >= offset && page.len() < limit {
            page.push(item);
        }
        total += 1;
    }
    (total, page)
}

/// The same for a list whose length is known: only the page is touched.
pub(crate) fn slice<T>(total: usize, at: impl Fn(usize) -> Option<T>, request: &Request, cap: usize) -> (usize, Vec<T>) {
    let offset = request.number("offset").unwrap_or(0).min(total);
    let limit = request.number("limit").unwrap_or(cap).min(cap);
    let end = offset.saturating_add(limit).min(total);
    (total, (offset..end).filter_map(at).collect())
}
