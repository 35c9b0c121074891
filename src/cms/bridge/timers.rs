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
    /// Counters moved while the sockets were silent since this time; have events come by now?
    CountersMoved(Instant),
    SweepCalls,
    SweepRoster(CallId),
    /// Renew a subscription after a damaged frame.
    Renew(Topic),
    /// Read a call's legs again after a join, leave or lock change.
    Recheck(CallId, usize),
    /// Read participants who may have moved together with another one.
    RecheckOthers(CallId),
    /// Check whether recent arrivals wait.
    Arrivals(CallId),
    /// Count discrepancies that nothing has reported since.
    Discrepancies,
    /// The first lists of new subscriptions are complete: compare them.
    InitialSync(SocketId),
    /// Read a participant's legs again.
    PollLegs(ParticipantId),
    /// No bridge said where this participant is hosted, or they have been ringing for a while.
    FindHome(ParticipantId),
    /// Request a participant again after a failure.
    RequestAgain(ParticipantId),
    RetryRefused,
    /// Read a leg that only a record has named.
    UnknownLeg(LegId),
    /// Check whether a record announced a lobby change that was read.
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
