//! Single fields of an answer: texts, ids and numbers, and whether one is there that can't be read.

use std::sync::Arc;

use crate::cms::rest::xml::Element;
use crate::cms::text::{bounded, is_id, number};

/// The element is there and says something else than an id, or it may have been lost.
pub(super) fn is_spoilt(element: &Element, name: &str) -> bool {
    is_spoilt_for(element, name, |child| !child.children.is_empty() || child.text.trim().is_empty() || is_id(child.text.trim()))
}

/// The same for a truth value, which holds nothing but its word.
pub(super) fn is_spoilt_flag(element: &Element, name: &str) -> bool {
    is_spoilt_for(element, name, |child| child.children.is_empty() && (child.text.trim().is_empty() || element.flag(name).is_some()))
}

fn is_spoilt_for(element: &Element, name: &str, is_good: impl Fn(&Element) -> bool) -> bool {
    element.child(name).map_or(element.damaged, |child| child.damaged || !is_good(child))
}

pub(super) fn text(element: &Element, name: &str) -> Option<Arc<str>> {
    element.value(name).map(|text| bounded(text).into())
}

/// Ids compare as text, so they are brought to one letter case.
pub(super) fn guid(element: &Element, name: &str) -> Option<Arc<str>> {
    element.value(name).filter(|text| is_id(text)).map(lower)
}

pub(super) fn id_of(element: &Element) -> Option<Arc<str>> {
    element.attribute("id").filter(|text| is_id(text)).map(lower)
}

pub(super) fn lower(id: &str) -> Arc<str> {
    id.to_ascii_lowercase().into()
}

/// The age of a leg; one that no leg can have is none.
pub(super) fn seconds(text: &str) -> Option<i64> {
    const LONGEST: f64 = 366.0 * 24.0 * 3600.0;
    number(text).map(f64::trunc).filter(|seconds| (0.0..=LONGEST).contains(seconds)).map(|seconds| seconds as i64)
}
