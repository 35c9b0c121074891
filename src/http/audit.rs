//! Entries of the log about what is done by forms: signing in and out, accounts, exports.

use std::net::IpAddr;

use crate::accounts::{AuditNote, User};
use crate::audit::{AuditEvent, Entry, write};
use crate::model::{ActionResult, Actor};

/// Somebody who is signed in, at an address.
pub(super) fn actor(user: &User, address: IpAddr) -> Actor {
    Actor { user: user.name.clone(), address }
}

/// The note of a change, for the transaction in which an account is changed. `detail` is about the account.
pub(super) fn note(actor: &Actor, action: AuditEvent, detail: impl FnOnce(&User) -> String + Send + 'static) -> AuditNote {
    let entry = done(actor, action);
    Box::new(move |conn, user| write(conn, &entry.detail(detail(user))))
}

pub(super) fn done(actor: &Actor, action: AuditEvent) -> Entry {
    Entry::by(actor, action).ended(ActionResult::Done)
}

/// The entry of a change that a rule refused.
pub(super) fn refused(actor: &Actor, action: AuditEvent, name: &str, why: &str) -> Entry {
    Entry::by(actor, action).ended(ActionResult::Refused).detail(super::pages::failed_sign_ins::shown(name)).reason(why)
}
