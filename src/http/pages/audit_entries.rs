//! Entries of the audit log about what users do by forms: signing in and out, accounts, exports.

use std::net::IpAddr;

use crate::accounts::{AuditNote, User};
use crate::audit::{AuditEvent, Entry, write};
use crate::http::limits::failed_sign_ins::typed_name;
use crate::model::{ActionResult, Actor};

pub(super) fn actor(user: &User, address: IpAddr) -> Actor {
    Actor { user: user.name.clone(), address }
}

/// Writes the entry of a change in the transaction that changes the account. `detail` describes the account.
pub(super) fn note(actor: &Actor, action: AuditEvent, detail: impl FnOnce(&User) -> String + Send + 'static) -> AuditNote {
    let entry = done(actor, action);
    Box::new(move |conn, user| write(conn, &entry.detail(detail(user))))
}

pub(super) fn done(actor: &Actor, action: AuditEvent) -> Entry {
    Entry::by(actor, action).ended(ActionResult::Done)
}

/// The entry of a change that a rule refused.
pub(super) fn refused(actor: &Actor, action: AuditEvent, name: &str, why: &str) -> Entry {
    Entry::by(actor, action).ended(ActionResult::Refused).detail(typed_name(name)).reason(why)
}
