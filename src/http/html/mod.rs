//! How pages are drawn: templates, the catalogs of words, the language of a request. Knows no routes and no state.

mod breakable;
pub(in crate::http) mod catalog;
pub(in crate::http) mod language;
pub(in crate::http) mod page;
pub(in crate::http) mod templates;
pub(in crate::http) mod web_files;
