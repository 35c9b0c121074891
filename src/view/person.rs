//! The row of a participant, and how it follows from facts. Pure: takes no clock, socket or lock.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Claim, Hold, Home, LegState, Lobby, Mark, Outcome, Participant, ParticipantId, Pending, PersonModeration};

/// One participant; the id is the cluster-wide participant id.
///
/// There are up to 50,000 of them and few have an action, a mark or a claim: those are boxed, and the JSON omits them instead of writing
/// null.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    pub id: Arc<str>,
    /// Id of the meeting row.
    pub meeting: Arc<str>,
    /// As CMS states it; may be empty.
    pub name: Arc<str>,
    /// SIP address or telephone number; may be empty.
    pub address: Arc<str>,
    pub lobby: Lobby,
    /// When the waiting began; present exactly while `lobby` is `waiting`.
    pub waiting_since: Option<i64>,
    /// The wait may be shorter than `waiting_since` says ("up to").
    pub waiting_up_to: bool,
    /// When Usher first saw the participant.
    pub seen_since: i64,
    /// Configured name of the hosting bridge, once known.
    pub bridge: Option<Arc<str>>,
    /// The hosting Call Bridge where Usher does not follow it: its name in the cluster, or its id.
    pub elsewhere: Option<Arc<str>>,
    pub state: LegState,
    /// CMS's last answer about the participant is unreadable, so their lobby state or their home is unknown. The JSON omits false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    pub muted: bool,
    pub presenter: bool,
    /// `isActivator`: the participant's arrival lets others in. Absent until read.
    pub activator: Option<bool>,
    /// The name that the meeting shows instead of `name`, where Usher gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Arc<str>>,
    /// The current action, shown to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<Pending>>,
    /// The last action's end, when it did not simply succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Box<Outcome>>,
    /// The moderator who let the participant in, when Usher did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted: Option<Box<Mark>>,
    /// The moderator who put the participant back into the lobby, when Usher did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_back: Option<Box<Mark>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Box<Claim>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<Hold>>,
    /// The moderator who has seen that this wait is too long; its alert has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Box<Mark>>,
}

/// None while no bridge lists the participant.
pub fn person_row(id: &ParticipantId, person: &Participant, meeting: Arc<str>, moderation: PersonModeration) -> Option<PersonRow> {
    let listing = person.primary_listing()?;
    let waiting = person.lobby.state == Lobby::Waiting;
    let entered = person.lobby.state == Lobby::In;
    Some(PersonRow {
        id: id.clone(),
        meeting,
        name: listing.name.clone(),
        address: listing.address.clone(),
        lobby: person.lobby.state,
        waiting_since: person.lobby.since.filter(|_| waiting),
        waiting_up_to: waiting && person.lobby.up_to,
        seen_since: person.seen_since,
        bridge: match &person.home {
            Some(Home::Bridge(name)) => Some(name.clone()),
            Some(Home::Elsewhere { .. }) | None => None,
        },
        elsewhere: match &person.home {
            Some(Home::Elsewhere { id, name }) => Some(name.clone().unwrap_or_else(|| id.clone())),
            Some(Home::Bridge(_)) | None => None,
        },
        state: listing.state,
        unreadable: person.unreadable.leg || (person.unreadable.participant && person.home.is_none()),
        muted: listing.muted,
        presenter: listing.presenter,
        activator: person.activator,
        label: moderation.label,
        pending: moderation.status.pending.map(Box::new),
        outcome: moderation.status.outcome.map(Box::new),
        admitted: moderation.admitted.filter(|_| !waiting).map(Box::new),
        sent_back: moderation.sent_back.filter(|_| waiting).map(Box::new),
        claim: moderation.claim.map(Box::new),
        hold: moderation.hold.filter(|_| !entered).map(Box::new),
        acknowledged: moderation.acknowledged.filter(|_| !entered).map(Box::new),
    })
}
