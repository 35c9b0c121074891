//! Every REST request that Usher sends to a Call Bridge. Only these: the list is the whole of what Usher can do to a bridge.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;

use super::mutation::Change;
use crate::cms::cdr::Field as CdrField;
use crate::config::Secret;
use crate::model::{CallId, LegId, ParticipantId};

/// One request. Equal requests need to be asked only once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// `GET /system/status`: the cheapest probe of credentials and version.
    Status,
    /// `POST /authTokens`: a token for one events socket (events.md section 1).
    Token(usize),
    /// `GET /system/configuration/cluster`: this bridge's own name.
    ClusterName,
    Bridges(usize),
    Calls(usize),
    Call(CallId),
    Roster(CallId, usize),
    CallLegs(CallId, usize),
    Person(ParticipantId),
    /// The call legs of one person; local people only.
    Legs(ParticipantId),
    /// The same by filter, for bridges that do not know that path.
    LegsByFilter(ParticipantId),
    Leg(LegId),
    Space(Arc<str>),
    AccessMethods(Arc<str>, usize),
    AccessMethod(Arc<str>, Arc<str>),
    LegProfile(Arc<str>),
    CallProfile(Arc<str>),
    Tenant(Arc<str>),
    SystemProfiles,
    /// What a moderator wants to be otherwise.
    Change(Change),
    /// `GET /system/cdrReceivers`: where this bridge sends its records (cdr.md section 1).
    CdrReceivers(usize),
    /// `POST /system/cdrReceivers`; the URL is secret.
    AddCdrReceiver(Secret, CdrField),
    /// `PUT /system/cdrReceivers/<id>`: gives one that Usher added its address.
    SetCdrReceiver(Arc<str>, Secret, CdrField),
    /// `DELETE /system/cdrReceivers/<id>`, of one that is Usher's own.
    RemoveCdrReceiver(Arc<str>),
}

impl Ask {
    pub(crate) fn method(&self) -> Method {
        match self {
            Ask::Token(_) | Ask::AddCdrReceiver(..) => Method::POST,
            Ask::SetCdrReceiver(..) => Method::PUT,
            Ask::Change(change) => change.method(),
            Ask::RemoveCdrReceiver(_) => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Path and query below `/api/v1`. Ids are escaped: they come from outside.
    pub(crate) fn path(&self) -> String {
        let id = |text: &str| urlencode(text);
        match self {
            Ask::Status => "/system/status".into(),
            Ask::Token(_) => "/authTokens".into(),
            Ask::ClusterName => "/system/configuration/cluster".into(),
            Ask::Bridges(offset) => paged("/callBridges", *offset),
            Ask::Calls(offset) => paged("/calls", *offset),
            Ask::Call(call) => format!("/calls/{}", id(call)),
            Ask::Roster(call, offset) => paged(&format!("/calls/{}/participants", id(call)), *offset),
            Ask::CallLegs(call, offset) => paged(&format!("/calls/{}/callLegs", id(call)), *offset),
            Ask::Person(person) => format!("/participants/{}", id(person)),
            Ask::Legs(person) => format!("/participants/{}/callLegs", id(person)),
            Ask::LegsByFilter(person) => format!("/callLegs?participantFilter={}", id(person)),
            Ask::Leg(leg) => format!("/callLegs/{}", id(leg)),
            Ask::Space(space) => format!("/coSpaces/{}", id(space)),
            Ask::AccessMethods(space, offset) => paged(&format!("/coSpaces/{}/accessMethods", id(space)), *offset),
            Ask::AccessMethod(space, method) => format!("/coSpaces/{}/accessMethods/{}", id(space), id(method)),
            Ask::LegProfile(profile) => format!("/callLegProfiles/{}", id(profile)),
            Ask::CallProfile(profile) => format!("/callProfiles/{}", id(profile)),
            Ask::Tenant(tenant) => format!("/tenants/{}", id(tenant)),
            Ask::SystemProfiles => "/system/profiles".into(),
            Ask::Change(change) => change.path(),
            Ask::CdrReceivers(offset) => paged("/system/cdrReceivers", *offset),
            Ask::AddCdrReceiver(..) => "/system/cdrReceivers".into(),
            Ask::SetCdrReceiver(receiver, ..) | Ask::RemoveCdrReceiver(receiver) => format!("/system/cdrReceivers/{}", id(receiver)),
        }
    }

    pub(crate) fn form(&self) -> Vec<(&'static str, String)> {
        match self {
            Ask::Change(change) => change.form(),
            Ask::AddCdrReceiver(url, field) | Ask::SetCdrReceiver(_, url, field) => vec![(field.name(), url.expose().to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The first page is asked without `offset`, in the plainest form that every client in the field uses.
fn paged(path: &str, offset: usize) -> String {
    if offset == 0 { path.to_owned() } else { format!("{path}?offset={offset}") }
}

/// An id as one segment of a path.
pub(in crate::cms) fn urlencode(text: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_their_place_in_the_path() {
        assert_eq!(Ask::Person("a/../b?c".into()).path(), "/participants/a%2F..%2Fb%3Fc");
        assert_eq!(Ask::Person("a-b_c.d é%".into()).path(), "/participants/a-b_c.d%20%C3%A9%25");
    }

    #[test]
    fn pages_after_the_first_say_their_offset() {
        assert_eq!(Ask::Calls(0).path(), "/calls");
        assert_eq!(Ask::Roster("x".into(), 10).path(), "/calls/x/participants?offset=10");
    }
}
