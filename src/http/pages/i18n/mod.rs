//! Languages of the pages: which one a browser gets, and its texts.

pub(in crate::http) mod catalog;
pub(in crate::http) mod language;
