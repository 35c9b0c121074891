//! Reads single fields of a response: texts, ids and numbers, and whether a field is damaged.

use std::sync::Arc;

use crate::cms::rest::xml::Element;
use crate::cms::wire_text::{bounded, is_id, number};

/// Whether an id is unreadable, or may have been lost.
pub(super) fn is_damaged_id(element: &Element, name: &str) -> bool {
    is_damaged(element, name, |child| !child.children.is_empty() || child.text.trim().is_empty() || is_id(child.text.trim()))
}

/// Whether a boolean is unreadable, or may have been lost.
pub(super) fn is_damaged_flag(element: &Element, name: &str) -> bool {
    is_damaged(element, name, |child| child.children.is_empty() && (child.text.trim().is_empty() || element.flag(name).is_some()))
}

fn is_damaged(element: &Element, name: &str, is_good: impl Fn(&Element) -> bool) -> bool {
    element.child(name).map_or(element.damaged, |child| child.damaged || !is_good(child))
}

pub(super) fn text(element: &Element, name: &str) -> Option<Arc<str>> {
    element.value(name).map(|text| bounded(text).into())
}

/// An id in lower case, since ids are compared as text.
pub(super) fn guid(element: &Element, name: &str) -> Option<Arc<str>> {
    element.value(name).filter(|text| is_id(text)).map(lower)
}

pub(super) fn id_of(element: &Element) -> Option<Arc<str>> {
    element.attribute("id").filter(|text| is_id(text)).map(lower)
}

pub(super) fn lower(id: &str) -> Arc<str> {
    id.to_ascii_lowercase().into()
}

/// The age of a leg; None for an age that no leg can have.
pub(super) fn seconds(text: &str) -> Option<i64> {
    const LONGEST: f64 = 366.0 * 24.0 * 3600.0;
    number(text).map(f64::trunc).filter(|seconds| (0.0..=LONGEST).contains(seconds)).map(|seconds| seconds as i64)
}
