//! The effects of a component on the others. Components emit them; only the routing knows which component takes which.

use std::collections::HashSet;

use crate::clock::Now;
use crate::cms::cluster::LegProbe;
use crate::cms::events::protocol::Update;
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::events::unreported::Fact;
use crate::cms::missed_events::{Discrepancy, Expected};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::model::{CallId, Fault, LegId, Lobby, ParticipantId};
use std::sync::Arc;

#[derive(Debug)]
pub(super) enum Effect {
    /// The bridge was reached again, or restarted: known facts are no longer reliable.
    ReadAnew,
    /// Read calls, rosters and legs again; known facts stay meanwhile.
    ReadEverything(Lane),
    /// Read calls and rosters again.
    ReadLists(Lane),
    /// Nothing more is sent to the bridge: all callers get this error. With `close_sockets` the events sockets are closed too.
    RequestsStopped {
        error: RequestError,
        close_sockets: bool,
    },
    /// A retry was requested, and REST works: connect the closed sockets.
    ReconnectEvents,
    /// A socket was lost, for this reason.
    EventsLost(Fault),
    /// The public state of the bridge may have changed.
    StatusDue,

    /// The list of calls is being read.
    CallsListed,
    /// A call's space may have become known.
    DescribeCall(CallId),
    /// More is known of a space.
    SpaceRead(Arc<str>),
    /// The subscriptions of this socket changed.
    SubscriptionsChanged(SocketId),
    /// Events may cover fewer calls.
    PollUnpushed,
    /// A frame about the list of calls was damaged.
    CallsDamaged,
    /// A frame about this call's roster was damaged.
    RosterDamaged(CallId),
    CallEnded {
        call: CallId,
        pending_legs: HashSet<LegId>,
    },
    /// The response for a call names the presenting leg, and no event does.
    PresenterRead {
        call: CallId,
        leg: Option<LegId>,
        sent: Now,
    },
    /// All pages of a roster were read.
    RosterRead {
        call: CallId,
        lane: Lane,
        full: bool,
        stated: HashSet<ParticipantId>,
    },
    /// All legs on a call's list were read.
    LegListRead(CallId),
    /// It is not known yet which bridge hosts this participant.
    FindHome(ParticipantId),

    /// A reading showed a fact that this subscription should have reported.
    Shown {
        topic: Topic,
        subject: Arc<str>,
        fact: Fact,
    },
    /// A reading did not show this object, which is requested now.
    NotShown(Expected),
    /// The first list of a subscription left this object out, which is requested now.
    LeftOut(Expected),
    /// A reading found a change that nothing had reported.
    Discrepancy(Discrepancy),

    /// A participant came to a call whose roster is known.
    Arrived {
        call: CallId,
        person: ParticipantId,
    },
    /// A participant who arrived is in the call.
    ArrivalEntered {
        call: CallId,
        person: ParticipantId,
    },
    /// A join, leave or lock change may have moved others between lobby and call; with `all` also those in the call.
    CallSuspected {
        call: CallId,
        all: bool,
    },
    /// A reading showed that a participant was let in or sent back; `announced`: it was expected.
    LobbyMoved {
        call: CallId,
        person: ParticipantId,
        state: Lobby,
        announced: bool,
    },
    /// Read the legs of those who wait in a call, with `all` also of those in the call.
    Recheck {
        call: CallId,
        all: bool,
        lane: Lane,
    },

    /// A moderator has this participant admitted or sent back.
    MoveRequested(ParticipantId),
    /// Read this participant's legs for a caller.
    ReadLegs {
        person: ParticipantId,
        lane: Lane,
    },
    /// A reading answers the probes of this participant: all, or those that began before it was `sent`.
    ProbeAnswered {
        person: ParticipantId,
        probe: LegProbe,
        sent: Option<Now>,
    },

    /// A record announced a leg.
    LegAnnounced {
        leg: LegId,
        waiting: Option<bool>,
        connected: bool,
    },
    /// A record announced a call.
    CallAnnounced(CallId),
}

/// How far a call's roster was known when a participant was listed in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RosterKnowledge {
    /// A participant who is first listed now has just arrived.
    pub(super) sees_arrivals: bool,
    /// The roster has been read in full.
    pub(super) is_known: bool,
}

/// How to handle the entries of a roster page.
#[derive(Debug, Clone, Copy)]
pub(super) struct RosterPage {
    /// The first reading of the roster.
    pub(super) full: bool,
    /// New entries are discrepancies: the roster is pushed, and this is a periodic reading.
    pub(super) reveals: bool,
    /// A participant who is first listed now has just arrived.
    pub(super) sees_arrivals: bool,
}

/// The updates of an events frame.
#[derive(Debug)]
pub(super) enum EventUpdates {
    Calls(Vec<Update>),
    Roster(CallId, Vec<Update>),
}
