//! Reads the cookies of a request. Sets none.

use axum::http::{HeaderMap, header};

/// The value of the first cookie of this name that is as it should be.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str, fine: impl Fn(&str) -> bool) -> Option<&'a str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(each, value)| *each == name && fine(value)).map(|(_, value)| value)
}
