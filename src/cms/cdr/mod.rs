//! Call Detail Records, which a bridge pushes (cdr.md). Pure: reads documents of records, finds gaps by their numbers, and decides how to
//! register Usher as their receiver.
//!
//! A record is a hint to read by REST and never a fact: records can be lost, repeated, late, or sent by anyone who knows the address.

mod document;
mod registration;
mod sequence;

pub(super) use document::{Document, RecordSubject};
pub(crate) use registration::{AddressField, OwnReceiver, Registration, RegistrationStep};
pub(super) use sequence::{RecordOrder, RecordSequence};
