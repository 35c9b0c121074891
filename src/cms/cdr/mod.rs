//! Call Detail Records, which a bridge pushes (cdr.md). Pure: a document's records, and what their numbers say about what was missed.
//!
//! A record is a hint to read by REST and never a fact: records can be lost, repeated, late, or sent by anybody who knows the address.

mod document;
mod feed;

pub(super) use document::{Document, Subject};
pub(super) use feed::{Feed, Noted};
