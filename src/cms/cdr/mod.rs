//! Call Detail Records, which a bridge pushes (cdr.md). Pure: a document's records, what their numbers say about what was missed, and how a
//! bridge is brought to send them here.
//!
//! A record is a hint to read by REST and never a fact: records can be lost, repeated, late, or sent by anybody who knows the address.

mod document;
mod registration;
mod sequence;

pub(super) use document::{Document, Subject};
pub(crate) use registration::{Field, Own, Registration, Step};
pub(super) use sequence::{Feed, Noted};
