//! Whether the events sockets live, and what readings show that they should have told. Derives nothing from a counter (rest.md section 11):
//! one that moved makes Usher read.

use std::sync::Arc;
use std::time::Instant;

use tracing::{debug, warn};

use super::{EventSocket, EventSockets, telling_socket};
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::bridge::timers::Timer;
use crate::cms::events::liveness::{Advice, Liveness};
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::events::unreported::{Fact, Remedy, UnreportedFact, UnreportedFacts};
use crate::cms::rest::queue::Lane;
use crate::cms::rest::response::Status;

/// So many sockets in a row that answered their first request and no other: this bridge acknowledges no set that it has already.
const UNANSWERED: u32 = 2;

/// The signs of all sockets of the bridge together.
#[derive(Debug, Default)]
pub(super) struct Vitals {
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
        self.pulse.as_ref().is_some_and(Liveness::is_unanswered)
    }
}

/// Evidence.
impl EventSockets {
    /// A reading showed something that this subscription should have told. `settled`: the call it belongs to has been read whole.
    pub(in crate::cms::bridge) fn on_shown(
        &mut self,
        ctx: &mut Context,
        topic: Topic,
        subject: Arc<str>,
        fact: Fact,
        settled: bool,
        now: Now,
    ) {
        let Some(socket) = teller_of(ctx, &topic, fact, settled) else { return };
        debug!(bridge = %ctx.name, ?topic, %subject, ?fact, "change read that no event told");
        self.vitals.evidence.record(UnreportedFact { topic, subject, fact }, now.instant);
        ctx.timers.sooner(Timer::Liveness(socket), now.instant + ctx.timing.second_look);
    }
}

/// Signs of life.
impl EventSockets {
    fn answers_repeats(&self) -> bool {
        self.vitals.unanswered < UNANSWERED
    }

    fn pulse_of(&mut self, socket: SocketId) -> Option<&mut Liveness> {
        self.sockets.get_mut(&socket)?.pulse.as_mut()
    }

    pub(in crate::cms::bridge) fn check_liveness(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let Some(heard) = self.pulse_of(socket).map(|pulse| pulse.last_frame_at()) else { return };
        let untold = self.vitals.evidence.oldest_since(|topic| telling_socket(ctx, topic) == Some(socket), heard);
        let answers = self.answers_repeats();
        let Some(pulse) = self.pulse_of(socket) else { return };
        match pulse.advise(now.instant, &ctx.timing, untold, answers) {
            Advice::Wait => {}
            Advice::Prompt => self.subscribe(ctx, socket, now),
            Advice::Read => self.on_doubt(ctx, socket, now),
            Advice::GiveUp => return self.give_up(ctx, socket, "the bridge changed and the events socket said nothing", now),
        }
        self.remedy_untold(ctx, now);
        if let Some(pulse) = self.pulse_of(socket) {
            let next = pulse.next_check(now.instant, &ctx.timing, untold);
            ctx.timers.set(Timer::Liveness(socket), next);
        }
    }

    /// Nothing comes although the socket was asked to speak: its topics are read, at once and once for all sockets.
    fn on_doubt(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        ctx.coverage.socket(socket).unanswering = true;
        if ctx.phase.is_up() && !self.has_read_recently(ctx, now) {
            debug!(bridge = %ctx.name, socket, "events socket unanswering; everything read");
            self.vitals.read = Some(now.instant);
            ctx.emit(Effect::ReadEverything(if self.answers_repeats() { Lane::Resync } else { Lane::InCall }));
        }
    }

    fn has_read_recently(&self, ctx: &Context, now: Now) -> bool {
        self.vitals.read.is_some_and(|at| now.instant < at + ctx.timing.silent_after)
    }

    pub(in crate::cms::bridge) fn on_ack_overdue(&mut self, ctx: &mut Context, socket: SocketId, now: Now) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        if !entry.repeats {
            return self.give_up(ctx, socket, "a subscribe request was not acknowledged", now);
        }
        if entry.pulse.is_some() && !entry.is_unanswered() {
            // It speaks, and says nothing to a set that it has already: it is not asked like this again.
            self.vitals.unanswered = UNANSWERED;
            entry.asked = None;
            if let Some(pulse) = &mut entry.pulse {
                pulse.on_ack(now.instant);
            }
            return;
        }
        self.vitals.unanswered += 1;
        self.give_up(ctx, socket, "the events socket answers nothing", now);
    }

    /// Handles single subscriptions that told nothing for long, though their socket lives.
    fn remedy_untold(&mut self, ctx: &mut Context, now: Now) {
        let Self { vitals, sockets, .. } = self;
        let speaks = |topic: &Topic, since: Instant| {
            let pulse = telling_socket(ctx, topic).and_then(|socket| sockets.get(&socket)?.pulse.as_ref());
            pulse.is_some_and(|pulse| pulse.last_frame_at() > since)
        };
        let remedies = vitals.evidence.take_overdue(speaks, ctx.timing.silent_after, now.instant);
        for remedy in remedies {
            warn!(bridge = %ctx.name, ?remedy, "subscription distrusted: a change was read that it did not tell");
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
    /// Some socket has said nothing for a while: the counters are worth a reading.
    pub(in crate::cms::bridge) fn is_quiet(&self, ctx: &Context, now: Now) -> bool {
        let quiet = |entry: &EventSocket| entry.pulse.as_ref().is_some_and(|pulse| pulse.is_quiet(now.instant, &ctx.timing));
        self.sockets.values().any(quiet)
    }

    /// Legs that came or went without a word of any socket make Usher read, once an event has had the time to tell.
    pub(in crate::cms::bridge) fn compare_counters(&mut self, ctx: &mut Context, status: &Status, now: Now) {
        let Status { legs_active, legs_completed, next_record, .. } = *status;
        let counters = StatusCounters { legs_active, legs_completed, next_record };
        let Some((before, at)) = self.vitals.counters.replace((counters, now.instant)) else { return };
        let legs = (before.legs_active, before.legs_completed) != (legs_active, legs_completed);
        // Records are made of much that no event tells.
        let records =
            before.next_record != next_record && (!self.answers_repeats() || self.sockets.values().any(EventSocket::is_unanswered));
        if (legs || records) && self.is_silent_since(ctx, at) {
            ctx.timers.sooner(Timer::CountersMoved(at), now.instant + ctx.timing.second_look);
        }
    }

    fn is_silent_since(&self, ctx: &Context, at: Instant) -> bool {
        let heard = |entry: &EventSocket| entry.pulse.as_ref().is_some_and(|pulse| pulse.last_frame_at() > at);
        ctx.calls_listed && !self.sockets.values().any(heard)
    }

    /// Reads calls and rosters again, unless an event has come since.
    pub(in crate::cms::bridge) fn on_counters_moved(&mut self, ctx: &mut Context, at: Instant, now: Now) {
        if ctx.phase.is_up() && !self.has_read_recently(ctx, now) && self.is_silent_since(ctx, at) {
            self.vitals.read = Some(now.instant);
            ctx.emit(Effect::ReadLists(Lane::Suspected));
        }
    }
}

/// The open socket that has promised to tell this, for so long that its first list is complete.
fn teller_of(ctx: &Context, topic: &Topic, fact: Fact, settled: bool) -> Option<SocketId> {
    let (coverage, plan) = (&ctx.coverage, &ctx.coverage.plan);
    let (socket, promised) = match topic {
        Topic::Calls => (0, ctx.calls_listed && (matches!(fact, Fact::Listed | Fact::Name) || plan.tells_locks())),
        Topic::Roster(call) => {
            let pushed = settled && coverage.pushes_roster(call);
            (plan.socket_of(call)?, pushed && (fact != Fact::Muted || plan.tells_mutes(call)))
        }
    };
    (promised && coverage.tells(socket) && !coverage.is_beginning(socket, topic)).then_some(socket)
}
