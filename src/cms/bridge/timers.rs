//! The timers of a bridge's actor. Each is set at most once; the dispatch says which component takes it.

use std::time::Instant;

use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::model::{CallId, LegId, ParticipantId};

/// Work that becomes due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Timer {
    /// Request a sign of life.
    Heartbeat,
    /// Try an unreachable bridge again.
    Probe,
    /// Check how long the bridge has been silent.
    Silence,
    Connect(SocketId),
    Subscribe(SocketId),
    AckTimeout(SocketId),
    /// A subscription has been pending for too long, unless it became active.
    Pending(SocketId),
    /// Check whether a socket lives.
    Liveness(SocketId),
    /// Counters moved after the sockets were last heard at this time; have they told why?
    CountersMoved(Instant),
    SweepCalls,
    SweepRoster(CallId),
    /// A frame about this was damaged.
    Renew(Topic),
    /// Read a call's legs again after a join, leave or lock change.
    Recheck(CallId, usize),
    /// Read those who may have moved together with somebody.
    RecheckOthers(CallId),
    /// It is known by now whether those who came to a call wait, or they may have let others in.
    Arrivals(CallId),
    /// Count discrepancies that nothing has told of since.
    Discrepancies,
    /// Everything that was there before a subscription began must be on its first list by now.
    InitialSync(SocketId),
    /// Read a participant's legs again.
    PollLegs(ParticipantId),
    /// No bridge said where this participant is hosted, or they have been ringing for a while.
    FindHome(ParticipantId),
    /// The question whether this participant is there was not answered.
    RequestAgain(ParticipantId),
    RetryRefused,
    /// A record told of a leg that nothing else knows.
    UnknownLeg(LegId),
    /// A lobby change was read; had a record told of it since the reading before?
    VerifyRecords {
        leg: LegId,
        waiting: bool,
        since: Instant,
    },
    /// Read everything again: records are missing.
    ReadAgain,
    /// Check that this bridge sends its records to Usher.
    Register,
    Tidy,
    /// Publish the figures for administrators.
    Stats,
}
