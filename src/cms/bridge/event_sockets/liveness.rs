//! Checks whether the events sockets are alive, and handles changes that they should have reported. A counter is no fact (rest.md section
//! 11): one that moved makes Usher read.

use std::sync::Arc;
use std::time::Instant;

use tracing::{debug, warn};

use super::{EventSocket, EventSockets, socket_of_topic};
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::events::liveness::{Advice, Liveness};
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::events::unreported::{Fact, Remedy, UnreportedFact, UnreportedFacts};
use crate::cms::rest::queue::Lane;
use crate::cms::rest::response::Status;

/// After this many sockets in a row that acknowledged their first set and no repeated one, the bridge is taken never to acknowledge
/// repeated sets.
const UNANSWERED: u32 = 2;

/// The state of all events sockets together.
#[derive(Debug, Default)]
pub(super) struct EventHealth {
    pub(super) evidence: UnreportedFacts,
    /// Sockets given up in a row because a repeated set was not acknowledged.
    pub(super) unanswered: u32,
    /// The counters of `/system/status`, and when they were read.
    counters: Option<(StatusCounters, Instant)>,
    /// When everything was last read because a socket was in doubt, or a counter moved.
    read: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StatusCounters {
    legs_active: Option<u64>,
    legs_completed: Option<u64>,
    next_record: Option<u64>,
}

impl EventSocket {
    fn is_unanswered(&self) -> bool {
        self.liveness.as_ref().is_some_and(Liveness::is_unanswered)
    }
}

/// Evidence.
impl EventSockets {
    /// A reading showed a fact that this subscription should have reported. `settled`: its call has been read in full.
    pub(in crate::cms::bridge) fn on_shown(
        &mut self,
        ctx: &mut Context,
        topic: Topic,
        subject: Arc<str>,
        fact: Fact,
        settled: bool,
        now: Now,
    ) {
        let Some(socket) = reporting_socket(ctx, &topic, fact, settled) else { return };
        debug!(bridge = %ctx.name, ?topic, %subject, ?fact, "unreported change found");
        self.health.evidence.record(UnreportedFact { topic, subject, fact }, now.instant);
        ctx.timers.sooner(Timer::Liveness(socket), now.instant + ctx.timing.second_look);
    }
}

/// Signs of life.
impl EventSockets {
    fn answers_repeats(&self) -> bool {
        self.health.unanswered < UNANSWERED
    }

    fn liveness_of(&mut self, socket: SocketId) -> Option<&mut Liveness> {
        self.sockets.get_mut(&socket)?.liveness.as_mut()
    }

    pub(in crate::cms::bridge) fn check_liveness(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let Some(heard) = self.liveness_of(socket).map(|liveness| liveness.last_frame_at()) else { return };
        let unreported = self.health.evidence.oldest_since(|topic| socket_of_topic(ctx, topic) == Some(socket), heard);
        let answers = self.answers_repeats();
        let Some(liveness) = self.liveness_of(socket) else { return };
        match liveness.advise(now.instant, &ctx.timing, unreported, answers) {
            Advice::Wait => {}
            Advice::Prompt => self.subscribe(ctx, socket, now),
            Advice::Read => self.on_doubt(ctx, socket, now),
            Advice::GiveUp => return self.give_up(ctx, socket, "the bridge changed and the events socket said nothing", now),
        }
        self.remedy_unreported(ctx, now);
        if let Some(liveness) = self.liveness_of(socket) {
            let next = liveness.next_check(now.instant, &ctx.timing, unreported);
            ctx.timers.set(Timer::Liveness(socket), next);
        }
    }

    /// The socket stays silent although it was prompted: reads its topics at once, and only once for all sockets.
    fn on_doubt(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        ctx.coverage.socket(socket).unanswering = true;
        if ctx.phase.is_up() && !self.has_read_recently(ctx, now) {
            debug!(bridge = %ctx.name, socket, "events socket unanswering; everything read");
            self.health.read = Some(now.instant);
            ctx.emit(Effect::ReadEverything(if self.answers_repeats() { Lane::Resync } else { Lane::InCall }));
        }
    }

    fn has_read_recently(&self, ctx: &Context, now: Now) -> bool {
        self.health.read.is_some_and(|at| now.instant < at + ctx.timing.silent_after)
    }

    pub(in crate::cms::bridge) fn on_ack_overdue(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if !entry.repeats {
            return self.give_up(ctx, socket, "a subscribe request was not acknowledged", now);
        }
        if entry.liveness.is_some() && !entry.is_unanswered() {
            // The socket is alive, but does not acknowledge a repeated set: it is not prompted again.
            self.health.unanswered = UNANSWERED;
            entry.unacknowledged = None;
            if let Some(liveness) = &mut entry.liveness {
                liveness.on_ack(now.instant);
            }
            return;
        }
        self.health.unanswered += 1;
        self.give_up(ctx, socket, "the events socket answers nothing", now);
    }

    /// Handles single subscriptions that have not reported a fact for long although their socket is alive.
    fn remedy_unreported(&mut self, ctx: &mut Context, now: Now) {
        let Self { health, sockets, .. } = self;
        let speaks = |topic: &Topic, since: Instant| {
            let liveness = socket_of_topic(ctx, topic).and_then(|socket| sockets.get(&socket)?.liveness.as_ref());
            liveness.is_some_and(|liveness| liveness.last_frame_at() > since)
        };
        let remedies = health.evidence.take_overdue(speaks, ctx.timing.silent_after, now.instant);
        for remedy in remedies {
            warn!(bridge = %ctx.name, ?remedy, "unreported change remedied");
            match remedy {
                Remedy::Renew(topic) => self.renew(ctx, topic, now),
                Remedy::Distrust(Topic::Calls) => self.give_up(ctx, 0, "the list of calls does not tell what changes", now),
                Remedy::Distrust(Topic::Roster(call)) => {
                    if let Some(socket) = ctx.coverage.plan.socket_of(&call) {
                        self.stop_pushing(ctx, socket, &call, now);
                    }
                }
                Remedy::Ignore(_) => {}
            }
        }
    }
}

/// Counters.
impl EventSockets {
    /// A socket has been silent for a while: the counters are worth a reading.
    pub(in crate::cms::bridge) fn is_quiet(&self, ctx: &Context, now: Now) -> bool {
        let quiet = |entry: &EventSocket| entry.liveness.as_ref().is_some_and(|liveness| liveness.is_quiet(now.instant, &ctx.timing));
        self.sockets.values().any(quiet)
    }

    /// Legs that came or went while all sockets were silent make Usher read, once events have had time to come.
    pub(in crate::cms::bridge) fn compare_counters(&mut self, ctx: &mut Context, status: &Status, now: Now) {
        let Status { legs_active, legs_completed, next_record, .. } = *status;
        let counters = StatusCounters { legs_active, legs_completed, next_record };
        let Some((before, at)) = self.health.counters.replace((counters, now.instant)) else { return };
        let legs = (before.legs_active, before.legs_completed) != (legs_active, legs_completed);
        // Records cover much that no event reports.
        let records =
            before.next_record != next_record && (!self.answers_repeats() || self.sockets.values().any(EventSocket::is_unanswered));
        if (legs || records) && self.is_silent_since(ctx, at) {
            ctx.timers.sooner(Timer::CountersMoved(at), now.instant + ctx.timing.second_look);
        }
    }

    fn is_silent_since(&self, ctx: &Context, at: Instant) -> bool {
        let heard = |entry: &EventSocket| entry.liveness.as_ref().is_some_and(|liveness| liveness.last_frame_at() > at);
        ctx.calls_listed && !self.sockets.values().any(heard)
    }

    /// Reads calls and rosters again, unless an event has come since.
    pub(in crate::cms::bridge) fn on_counters_moved(&mut self, ctx: &mut Context, at: Instant, now: Now) {
        if ctx.phase.is_up() && !self.has_read_recently(ctx, now) && self.is_silent_since(ctx, at) {
            self.health.read = Some(now.instant);
            ctx.emit(Effect::ReadLists(Lane::Suspected));
        }
    }
}

/// The open socket that covers this fact, and whose first list is complete.
fn reporting_socket(ctx: &Context, topic: &Topic, fact: Fact, settled: bool) -> Option<SocketId> {
    let (coverage, plan) = (&ctx.coverage, &ctx.coverage.plan);
    let (socket, covered) = match topic {
        Topic::Calls => (0, ctx.calls_listed && (matches!(fact, Fact::Listed | Fact::Name) || plan.reports_locks())),
        Topic::Roster(call) => {
            let pushed = settled && coverage.pushes_roster(call);
            (plan.socket_of(call)?, pushed && (fact != Fact::Muted || plan.reports_mutes(call)))
        }
    };
    (covered && coverage.is_live(socket) && !coverage.is_beginning(socket, topic)).then_some(socket)
}
