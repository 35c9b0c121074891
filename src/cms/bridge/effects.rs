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
    /// The bridge was reached again, or restarted: nothing that was known can be relied on.
    ReadAnew,
    /// Read calls, rosters and legs again while everything known goes on to count.
    ReadEverything(Lane),
    /// Read calls and rosters again.
    ReadLists(Lane),
    /// Nothing is sent to the bridge any more: everybody who waits gets this error. With `close_sockets` the events sockets are closed too.
    RequestsStopped {
        error: RequestError,
        close_sockets: bool,
    },
    /// A retry was asked for, and requests are answered: the sockets that are closed are connected.
    ReconnectEvents,
    /// A socket was lost, for this reason.
    EventsLost(Fault),
    /// Something changed that the public state of the bridge depends on.
    StatusDue,

    /// The list of calls is being read.
    CallsListed,
    /// A call's space may have become known.
    DescribeCall(CallId),
    /// More of a space is known than before.
    SpaceRead(Arc<str>),
    /// The subscriptions of this socket changed.
    SubscriptionsChanged(SocketId),
    /// Fewer calls than before may be covered by events.
    PollUnpushed,
    /// A frame about the list of calls was damaged.
    CallsDamaged,
    /// A frame about this call's roster was damaged.
    RosterDamaged(CallId),
    CallEnded {
        call: CallId,
        pending_legs: HashSet<LegId>,
    },
    /// A call says which leg presents, and no event does.
    PresenterRead {
        call: CallId,
        leg: Option<LegId>,
        sent: Now,
    },
    /// All pages of a roster were read.
    RosterRead {
        call: CallId,
        lane: Lane,
        whole: bool,
        stated: HashSet<ParticipantId>,
    },
    /// All legs on a call's list were read.
    LegListRead(CallId),
    /// It is not known yet which bridge hosts this participant.
    FindHome(ParticipantId),

    /// A reading showed something that this subscription should have told.
    Shown {
        topic: Topic,
        subject: Arc<str>,
        fact: Fact,
    },
    /// A reading did not show this, which is asked for now.
    NotShown(Expected),
    /// The first list of a subscription left this out, which is asked for now.
    LeftOut(Expected),
    /// Reading again brought this to light.
    Discrepancy(Discrepancy),

    /// A participant came to a call whose roster is known.
    Arrived {
        call: CallId,
        person: ParticipantId,
    },
    /// A participant who came is in the call.
    ArrivalEntered {
        call: CallId,
        person: ParticipantId,
    },
    /// A join, leave or lock change may have moved others between lobby and call; with `all` also those in the call.
    CallSuspected {
        call: CallId,
        all: bool,
    },
    /// A reading showed that a participant was let in or sent back; `announced` where that was to be expected.
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
    /// Read this participant's legs for somebody who waits.
    ReadLegs {
        person: ParticipantId,
        lane: Lane,
    },
    /// A reading answers those who probe this participant: all of them, or those who asked before it was `sent`.
    ProbeAnswered {
        person: ParticipantId,
        look: LegProbe,
        sent: Option<Now>,
    },

    /// A record tells of a leg.
    LegAnnounced {
        leg: LegId,
        waiting: Option<bool>,
        connected: bool,
    },
    /// A record tells of a call.
    CallAnnounced(CallId),
}

/// How far a call's roster was known when somebody was listed in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RosterKnowledge {
    /// Participants who are listed for the first time now arrived now.
    pub(super) sees_arrivals: bool,
    /// The roster has been read whole.
    pub(super) is_known: bool,
}

/// How the entries of a page of a roster are to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct RosterPage {
    /// The roster is read from nothing.
    pub(super) whole: bool,
    /// New entries are discrepancies: the roster is pushed, and this is the plain rotation.
    pub(super) reveals: bool,
    /// Participants who are listed for the first time now arrived now.
    pub(super) sees_arrivals: bool,
}

/// The updates of an events frame.
#[derive(Debug)]
pub(super) enum EventUpdates {
    Calls(Vec<Update>),
    Roster(CallId, Vec<Update>),
}
