//! The typed responses of a Call Bridge. Every field is optional, and empty means absent (rest.md section 2).

mod fields;

use std::sync::Arc;

use super::request::Request;
use super::xml::Element;
use crate::cms::wire_text::{count, is_id};
use crate::config::Secret;
use crate::model::{CallId, LegId, LegState, LockMode, ParticipantId, leg_state};
use fields::{guid, id_of, is_damaged_flag, is_damaged_id, lower, seconds, text};

#[derive(Debug, Clone)]
pub(crate) enum Response {
    Status(Status),
    Token(Secret),
    ClusterName(Option<Arc<str>>),
    Bridges(ListPage<BridgeItem>),
    Calls(ListPage<CallItem>),
    Call(CallDetail),
    Roster(ListPage<RosterItem>),
    CallLegs(ListPage<LegId>),
    Participant(ParticipantDetail),
    Legs(LegList),
    Leg(LegDetail),
    Space(SpaceDetail),
    AccessMethods(ListPage<Arc<str>>),
    /// The profiles of an access method, a tenant or the system.
    ProfilesOf(Profiles),
    LegProfile {
        needs_activation: Option<bool>,
    },
    CallProfile {
        lock_mode: Option<LockMode>,
    },
    CdrReceivers {
        page: ListPage<ReceiverItem>,
        /// How many the bridge can have.
        maximum: Option<usize>,
    },
    /// The id of the new object.
    Created(Arc<str>),
    Done,
}

/// One page of a list; `total` counts all that match, and is not to be trusted for looping.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListPage<T> {
    pub items: Vec<T>,
    pub total: Option<usize>,
    /// The number of entries with an unreadable id, so that it is not known what they are about.
    pub unreadable: usize,
    /// Another part of the list is damaged: perhaps another entry is missing.
    pub damaged: bool,
}

/// A longer list is a fault of the bridge.
const LONGEST_LIST: usize = 100_000;

impl<T> ListPage<T> {
    /// The number of missing entries, as far as it is known.
    pub(crate) fn lost(&self) -> u32 {
        u32::try_from(self.unreadable.max(usize::from(self.damaged))).unwrap_or(u32::MAX)
    }

    /// The offset of the next page, by the entries received, since page sizes are not published; None at the end.
    pub(crate) fn next(&self, offset: usize) -> Option<usize> {
        let received = self.items.len() + self.unreadable;
        let next = offset.saturating_add(received);
        let more = received > 0 && self.total.is_none_or(|total| next < total) && next < LONGEST_LIST;
        more.then_some(next)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Status {
    pub version: Option<Arc<str>>,
    /// `cdrCorrelatorIndex`: the index of the next record (2.2+).
    pub next_record: Option<u64>,
    /// The numbers of present and past legs: hints that participants came or left, no facts (rest.md section 11).
    pub legs_active: Option<u64>,
    pub legs_completed: Option<u64>,
}

/// A receiver of a bridge's records; it takes a slot also without a URL (cdr.md section 1).
#[derive(Debug, Clone)]
pub(crate) struct ReceiverItem {
    pub id: Arc<str>,
    pub url: Option<Secret>,
}

#[derive(Debug, Clone)]
pub(crate) struct BridgeItem {
    pub id: Arc<str>,
    pub name: Option<Arc<str>>,
}

#[derive(Debug, Clone)]
pub(crate) struct CallItem {
    pub id: CallId,
    pub name: Option<Arc<str>>,
    pub space: Option<Arc<str>>,
    pub tenant: Option<Arc<str>>,
    pub correlator: Option<Arc<str>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct CallDetail {
    pub name: Option<Arc<str>>,
    pub space: Option<Arc<str>>,
    pub tenant: Option<Arc<str>>,
    pub correlator: Option<Arc<str>>,
    pub owner: Option<Arc<str>>,
    pub locked: Option<bool>,
    pub recording: Option<bool>,
    pub streaming: Option<bool>,
    /// `messageText`: the banner.
    pub message: Option<Arc<str>>,
    /// `messageDuration`: seconds, or `permanent`.
    pub message_duration: Option<Arc<str>>,
    /// `presenterCallLeg`, while one of this bridge's legs presents.
    pub presenter: Option<LegId>,
}

#[derive(Debug, Clone)]
pub(crate) struct RosterItem {
    pub id: ParticipantId,
    pub name: Option<Arc<str>>,
    pub address: Option<Arc<str>>,
    /// The id of the home bridge; present only for participants hosted elsewhere (rest.md section 7).
    pub call_bridge: Option<Arc<str>>,
    /// Some bridges may include it in the list.
    pub state: Option<LegState>,
    /// `callBridge` is there, or may be, and can't be read.
    pub unreadable: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ParticipantDetail {
    pub call: Option<CallId>,
    pub name: Option<Arc<str>>,
    pub address: Option<Arc<str>>,
    pub call_bridge: Option<Arc<str>>,
    pub activator: Option<bool>,
    pub state: Option<LegState>,
    /// `nameLabelOverride`.
    pub label: Option<Arc<str>>,
    /// The call or home bridge can't be read.
    pub unreadable: bool,
}

/// The legs of a participant, or the bridge that has them (the exact form of that response is not known, rest.md section 3.5).
#[derive(Debug, Clone, Default)]
pub(crate) struct LegList {
    pub legs: Vec<LegId>,
    pub call_bridge: Option<Arc<str>>,
}

/// The only documented place of the lobby state (rest.md section 3.7).
#[derive(Debug, Clone, Default)]
pub(crate) struct LegDetail {
    pub call: Option<CallId>,
    pub distribution_link: bool,
    pub remote_party: Option<Arc<str>>,
    pub connected: bool,
    pub deactivated: bool,
    /// The response is damaged where it says whether this leg waits: nothing is concluded from it.
    pub unreadable: bool,
    /// A candidate participant id.
    pub group: Option<ParticipantId>,
    pub duration_s: Option<i64>,
    pub needs_activation: Option<bool>,
    /// `rxAudioMute`, where this leg overrides its profile.
    pub muted: Option<bool>,
    /// `status/state` says that it is on hold.
    pub on_hold: bool,
}

/// The profiles that an object names; where it names none, the next object of the chain decides (rest.md section 4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profiles {
    pub leg: Option<Arc<str>>,
    pub call: Option<Arc<str>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct SpaceDetail {
    pub name: Option<Arc<str>>,
    pub uri: Option<Arc<str>>,
    pub tenant: Option<Arc<str>>,
    pub profiles: Profiles,
    pub access_methods: Option<usize>,
}

impl Response {
    /// Reads the body of a successful response to `request`; None when it is another kind of document.
    pub(in crate::cms) fn read(request: &Request, root: &Element) -> Option<Self> {
        let wanted = match request {
            Request::Status => "status",
            Request::ClusterName => "cluster",
            Request::Bridges(_) => "callBridges",
            Request::Calls(_) => "calls",
            Request::Call(_) => "call",
            Request::Roster(..) => "participants",
            Request::CallLegs(..) => "callLegs",
            Request::Participant(_) => "participant",
            Request::Leg(_) => "callLeg",
            Request::Space(_) => "coSpace",
            Request::AccessMethods(..) => "accessMethods",
            Request::AccessMethod(..) => "accessMethod",
            Request::LegProfile(_) => "callLegProfile",
            Request::CallProfile(_) => "callProfile",
            Request::Tenant(_) => "tenant",
            Request::SystemProfiles => "profiles",
            // The form for participants hosted elsewhere is not known.
            Request::Legs(_) | Request::LegsByFilter(_) => return Some(Response::Legs(leg_list(root))),
            Request::CdrReceivers(_) => "cdrReceivers",
            Request::Token(_)
            | Request::Mutate(_)
            | Request::AddCdrReceiver(..)
            | Request::SetCdrReceiver(..)
            | Request::RemoveCdrReceiver(_) => {
                return Some(Response::Done);
            }
        };
        if !root.is(wanted) || hides_a_profile(request, root) {
            return None;
        }
        Some(match request {
            Request::Status => Response::Status(Status {
                version: text(root, "softwareVersion"),
                next_record: root.value("cdrCorrelatorIndex").and_then(count),
                legs_active: root.value("callLegsActive").and_then(count),
                legs_completed: root.value("callLegsCompleted").and_then(count),
            }),
            Request::ClusterName => Response::ClusterName(text(root, "uniqueName")),
            Request::Bridges(_) => Response::Bridges(page(root, "callBridge", |item, id| BridgeItem { id, name: text(item, "name") })),
            Request::Calls(_) => Response::Calls(page(root, "call", |item, id| CallItem {
                id,
                name: text(item, "name"),
                space: guid(item, "coSpace"),
                tenant: guid(item, "tenant"),
                correlator: guid(item, "callCorrelator"),
            })),
            Request::Call(_) => Response::Call(call_detail(root)),
            Request::Roster(..) => Response::Roster(page(root, "participant", |item, id| RosterItem {
                id,
                name: text(item, "name"),
                address: text(item, "uri"),
                call_bridge: guid(item, "callBridge"),
                state: status_state(item),
                unreadable: is_damaged_id(item, "callBridge"),
            })),
            Request::CallLegs(..) => Response::CallLegs(page(root, "callLeg", |_, id| id)),
            Request::Participant(_) => Response::Participant(participant_detail(root)),
            Request::Leg(_) => Response::Leg(leg_detail(root)),
            Request::Space(_) => Response::Space(SpaceDetail {
                name: text(root, "name"),
                uri: text(root, "uri"),
                tenant: guid(root, "tenant"),
                profiles: profiles(root),
                access_methods: root.value("numAccessMethods").and_then(size),
            }),
            Request::AccessMethods(..) => Response::AccessMethods(page(root, "accessMethod", |_, id| id)),
            Request::LegProfile(_) => Response::LegProfile { needs_activation: root.flag("needsActivation") },
            Request::CallProfile(_) => Response::CallProfile { lock_mode: root.value("lockMode").and_then(lock_mode) },
            Request::AccessMethod(..) | Request::Tenant(_) | Request::SystemProfiles => Response::ProfilesOf(profiles(root)),
            Request::CdrReceivers(_) => Response::CdrReceivers {
                page: page(root, "cdrReceiver", |item, id| ReceiverItem {
                    id,
                    url: item.value("uri").or(item.value("url")).map(Secret::new),
                }),
                maximum: root.attribute("maximum").and_then(size),
            },
            Request::Legs(_)
            | Request::LegsByFilter(_)
            | Request::Token(_)
            | Request::Mutate(_)
            | Request::AddCdrReceiver(..)
            | Request::SetCdrReceiver(..)
            | Request::RemoveCdrReceiver(_) => Response::Done,
        })
    }
}

fn page<T>(root: &Element, item: &str, read: impl Fn(&Element, Arc<str>) -> T) -> ListPage<T> {
    let items: Vec<T> = root.children(item).filter_map(|child| Some(read(child, id_of(child)?))).collect();
    let unreadable = root.children(item).count() - items.len();
    ListPage { items, total: root.attribute("total").and_then(size), unreadable, damaged: root.damaged }
}

fn size(text: &str) -> Option<usize> {
    count(text).and_then(|count| usize::try_from(count).ok())
}

fn call_detail(root: &Element) -> CallDetail {
    CallDetail {
        name: text(root, "name"),
        space: guid(root, "coSpace"),
        tenant: guid(root, "tenant"),
        correlator: guid(root, "callCorrelator"),
        owner: text(root, "ownerName"),
        locked: root.flag("locked"),
        recording: root.flag("recording"),
        streaming: root.flag("streaming"),
        message: text(root, "messageText"),
        message_duration: text(root, "messageDuration"),
        presenter: guid(root, "presenterCallLeg"),
    }
}

fn participant_detail(root: &Element) -> ParticipantDetail {
    ParticipantDetail {
        call: guid(root, "call"),
        name: text(root, "name"),
        address: text(root, "uri"),
        call_bridge: guid(root, "callBridge"),
        unreadable: is_damaged_id(root, "call") || is_damaged_id(root, "callBridge"),
        activator: root.flag("isActivator"),
        state: status_state(root),
        label: root.child("configuration").and_then(|configuration| text(configuration, "nameLabelOverride")),
    }
}

fn status_state(element: &Element) -> Option<LegState> {
    element.child("status").and_then(|status| status.value("state")).map(leg_state)
}

fn leg_detail(root: &Element) -> LegDetail {
    let empty = Element::default();
    let status = root.child("status").unwrap_or(&empty);
    let deactivated = status.flag("deactivated") == Some(true);
    let state = status.value("state").map(leg_state);
    let unreadable = !deactivated
        && (is_damaged_flag(status, "deactivated") || is_damaged_id(root, "status") || status.damaged || state == Some(LegState::Other));
    LegDetail {
        call: guid(root, "call"),
        remote_party: text(root, "remoteParty"),
        distribution_link: root.value("subType").is_some_and(|word| {
            // `lyncDistribution` links to another kind of server; it is no participant either.
            word.eq_ignore_ascii_case("distributionLink") || word.eq_ignore_ascii_case("lyncDistribution")
        }),
        connected: match state {
            // A response that may have lost the mark says nothing about the lobby.
            _ if unreadable => false,
            // Only an answered leg says anything about the lobby; a leg on hold has been answered too.
            Some(LegState::Connected | LegState::OnHold) => true,
            Some(LegState::Initial | LegState::Ringing) => false,
            // It is an inference that a waiting leg is `connected` (rest.md 3.7): the mark counts more than a missing or unknown state.
            None | Some(LegState::Other) => deactivated,
        },
        deactivated,
        unreadable,
        group: guid(status, "groupId"),
        duration_s: status.value("durationSeconds").and_then(seconds),
        needs_activation: root.child("configuration").and_then(|c| c.flag("needsActivation")),
        muted: root.child("configuration").and_then(|c| c.flag("rxAudioMute")),
        on_hold: status.value("state").map(leg_state) == Some(LegState::OnHold),
    }
}

/// Whether a damaged response may hide a profile: it must not be taken for one that names none.
fn hides_a_profile(request: &Request, root: &Element) -> bool {
    match request {
        Request::Space(_) | Request::AccessMethod(..) | Request::Tenant(_) | Request::SystemProfiles => {
            is_damaged_id(root, "callLegProfile") || is_damaged_id(root, "callProfile")
        }
        Request::LegProfile(_) => is_damaged_flag(root, "needsActivation"),
        _ => false,
    }
}

fn profiles(root: &Element) -> Profiles {
    Profiles { leg: guid(root, "callLegProfile"), call: guid(root, "callProfile") }
}

fn lock_mode(word: &str) -> Option<LockMode> {
    match word.to_ascii_lowercase().as_str() {
        "all" => Some(LockMode::All),
        "needsactivation" => Some(LockMode::NeedsActivation),
        _ => None,
    }
}

fn leg_list(root: &Element) -> LegList {
    let here = root.attribute("callBridge").map(lower).or_else(|| guid(root, "callBridge"));
    let nested = root.child("callBridge").and_then(|bridge| bridge.attribute("id")).map(lower);
    let itself = root.is("callBridge").then(|| root.attribute("id").map(lower).or_else(|| Some(lower(root.text.trim())))).flatten();
    LegList { legs: root.children("callLeg").filter_map(id_of).collect(), call_bridge: here.or(nested).or(itself).filter(|id| is_id(id)) }
}

#[cfg(test)]
mod tests;
