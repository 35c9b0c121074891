//! Every REST request that Usher sends to a Call Bridge. The list is complete: Usher can do nothing else to a bridge.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;

use super::mutation::Mutation;
use crate::cms::cdr::AddressField;
use crate::config::Secret;
use crate::model::{CallId, LegId, ParticipantId};

/// One request. Equal requests need to be sent only once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Request {
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
    Participant(ParticipantId),
    /// The call legs of one participant, on the bridge that hosts them.
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
    /// A change that a moderator requested.
    Mutate(Mutation),
    /// `GET /system/cdrReceivers`: where this bridge sends its records (cdr.md section 1).
    CdrReceivers(usize),
    /// `POST /system/cdrReceivers`; the URL is secret.
    AddCdrReceiver(Secret, AddressField),
    /// `PUT /system/cdrReceivers/<id>`: gives a receiver that Usher added its address.
    SetCdrReceiver(Arc<str>, Secret, AddressField),
    /// `DELETE /system/cdrReceivers/<id>`, only for Usher's own receiver.
    RemoveCdrReceiver(Arc<str>),
}

impl Request {
    pub(crate) fn method(&self) -> Method {
        match self {
            Request::Token(_) | Request::AddCdrReceiver(..) => Method::POST,
            Request::SetCdrReceiver(..) => Method::PUT,
            Request::Mutate(mutation) => mutation.method(),
            Request::RemoveCdrReceiver(_) => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Path and query below `/api/v1`. Ids are escaped: they come from outside.
    pub(crate) fn path(&self) -> String {
        let id = |text: &str| urlencode(text);
        match self {
            Request::Status => "/system/status".into(),
            Request::Token(_) => "/authTokens".into(),
            Request::ClusterName => "/system/configuration/cluster".into(),
            Request::Bridges(offset) => paged("/callBridges", *offset),
            Request::Calls(offset) => paged("/calls", *offset),
            Request::Call(call) => format!("/calls/{}", id(call)),
            Request::Roster(call, offset) => paged(&format!("/calls/{}/participants", id(call)), *offset),
            Request::CallLegs(call, offset) => paged(&format!("/calls/{}/callLegs", id(call)), *offset),
            Request::Participant(person) => format!("/participants/{}", id(person)),
            Request::Legs(person) => format!("/participants/{}/callLegs", id(person)),
            Request::LegsByFilter(person) => format!("/callLegs?participantFilter={}", id(person)),
            Request::Leg(leg) => format!("/callLegs/{}", id(leg)),
            Request::Space(space) => format!("/coSpaces/{}", id(space)),
            Request::AccessMethods(space, offset) => paged(&format!("/coSpaces/{}/accessMethods", id(space)), *offset),
            Request::AccessMethod(space, method) => format!("/coSpaces/{}/accessMethods/{}", id(space), id(method)),
            Request::LegProfile(profile) => format!("/callLegProfiles/{}", id(profile)),
            Request::CallProfile(profile) => format!("/callProfiles/{}", id(profile)),
            Request::Tenant(tenant) => format!("/tenants/{}", id(tenant)),
            Request::SystemProfiles => "/system/profiles".into(),
            Request::Mutate(mutation) => mutation.path(),
            Request::CdrReceivers(offset) => paged("/system/cdrReceivers", *offset),
            Request::AddCdrReceiver(..) => "/system/cdrReceivers".into(),
            Request::SetCdrReceiver(receiver, ..) | Request::RemoveCdrReceiver(receiver) => {
                format!("/system/cdrReceivers/{}", id(receiver))
            }
        }
    }

    pub(crate) fn form(&self) -> Vec<(&'static str, String)> {
        match self {
            Request::Mutate(mutation) => mutation.form(),
            Request::AddCdrReceiver(url, field) | Request::SetCdrReceiver(_, url, field) => vec![(field.name(), url.expose().to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The first page is requested without `offset`, as every client in the field does.
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
        assert_eq!(Request::Participant("a/../b?c".into()).path(), "/participants/a%2F..%2Fb%3Fc");
        assert_eq!(Request::Participant("a-b_c.d é%".into()).path(), "/participants/a-b_c.d%20%C3%A9%25");
    }

    #[test]
    fn pages_after_the_first_say_their_offset() {
        assert_eq!(Request::Calls(0).path(), "/calls");
        assert_eq!(Request::Roster("x".into(), 10).path(), "/calls/x/participants?offset=10");
    }
}
