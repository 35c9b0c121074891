//! Decides by Call Detail Records which leg or call to read next, when to read everything again, and whether polling may slow down. Changes
//! no facts of calls or participants: only REST responses do.

use std::collections::HashSet;
use std::time::Instant;

use bytes::Bytes;
use tracing::{debug, info, warn};

use super::context::Context;
use super::effects::Effect;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::cdr::{Document, RecordOrder, RecordSequence, RecordSubject};
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::model::{CdrState, CdrStats, LegId};

/// The most legs to follow that only a record named: each costs one request, and anybody who knows the address could invent them.
const MOST_UNKNOWN_LEGS: usize = 1000;

/// The records of this bridge, and how far they can be relied on.
#[derive(Debug)]
pub(super) struct CdrRecords {
    sequence: RecordSequence,
    /// When everything was last read again because of records.
    read_again: Option<Instant>,
    /// Connected legs that only a record has named so far.
    unknown_legs: HashSet<LegId>,
    /// When the last record came; Unix milliseconds.
    last: Option<i64>,
    reported: CdrState,
    /// The number of records received.
    received: u64,
}

impl CdrRecords {
    pub(super) fn new() -> Self {
        Self {
            sequence: RecordSequence::new(),
            read_again: None,
            unknown_legs: HashSet::new(),
            last: None,
            reported: CdrState::Off,
            received: 0,
        }
    }

    pub(super) fn record_stats(&self, ctx: &Context) -> Option<CdrStats> {
        ctx.takes_records().then_some(CdrStats { records: self.received, last: self.last })
    }

    /// Records arrive, none is missing, and they have announced lobby changes: polling may slow down.
    pub(super) fn are_reliable(&self, ctx: &Context, now: Instant) -> bool {
        ctx.takes_records() && self.sequence.is_reliable(3 * ctx.timing.cdr_check, now)
    }
}

/// Incoming records.
impl CdrRecords {
    pub(super) fn on_records(&mut self, ctx: &mut Context, body: &Bytes, now: Now) {
        let documents = match Document::read(body) {
            Ok(documents) => documents,
            Err(error) => {
                ctx.metrics.records_unreadable.increment(1);
                return debug!(bridge = %ctx.name, %error, "records unreadable");
            }
        };
        for document in documents {
            self.take_document(ctx, document, now);
        }
        self.report_state(ctx);
    }

    fn take_document(&mut self, ctx: &mut Context, document: Document, now: Now) {
        self.last = Some(now.unix_ms);
        if document.unreadable > 0 {
            // Unreadable records leave a gap in the numbers, for which everything is read again.
            ctx.metrics.records_unreadable.increment(document.unreadable as u64);
            debug!(bridge = %ctx.name, records = document.unreadable, "records unreadable");
        }
        for record in document.records {
            ctx.metrics.records.increment(1);
            self.received += 1;
            match self.sequence.on_record(&document.session, record.index, record.missing, now.instant) {
                RecordOrder::Duplicate => continue,
                RecordOrder::InOrder => {}
                RecordOrder::Gap => {
                    ctx.metrics.record_gaps.increment(1);
                    self.schedule_read_again(ctx, now);
                }
                RecordOrder::Restarted => {
                    ctx.metrics.record_gaps.increment(1);
                    self.on_restart(ctx, now);
                }
            }
            match record.subject {
                Some(RecordSubject::Leg { leg, waiting, connected }) => ctx.emit(Effect::LegAnnounced { leg, waiting, connected }),
                Some(RecordSubject::Call(call)) => ctx.emit(Effect::CallAnnounced(call)),
                None => {}
            }
        }
    }

    /// A record named an unknown leg. An event should report the new participant; the leg itself is read only if none comes.
    pub(super) fn watch_unknown_leg(&mut self, ctx: &mut Context, leg: LegId, now: Now) {
        if self.unknown_legs.len() < MOST_UNKNOWN_LEGS {
            self.unknown_legs.insert(leg.clone());
            ctx.timers.sooner(Timer::UnknownLeg(leg), now.instant + ctx.timing.second_look);
        }
    }

    /// Reads the leg if it is still unknown.
    pub(super) fn check_unknown_leg(&mut self, ctx: &mut Context, known: bool, leg: LegId) {
        if known || !ctx.phase.is_up() {
            self.unknown_legs.remove(&leg);
        } else {
            ctx.request(Lane::Suspected, Request::Leg(leg));
        }
    }

    /// Takes a leg that only a record had named, and that has now been read; false for any other.
    pub(super) fn take_unknown_leg(&mut self, leg: &LegId) -> bool {
        self.unknown_legs.remove(leg)
    }
}

/// Comparison with the record index from REST.
impl CdrRecords {
    /// Everything is about to be read, so earlier records are not missed.
    pub(super) fn expect_from_now(&mut self) {
        self.sequence.on_full_read();
    }

    /// REST gave the index of the next record.
    pub(super) fn on_next_index(&mut self, ctx: &Context, next_record: Option<u64>, now: Now) {
        if let Some(index) = next_record.filter(|_| ctx.takes_records()) {
            self.sequence.on_status_index(index, now.instant);
            let (last, next) = (self.last, self.sequence.next_index());
            ctx.store.put_bridge(&ctx.name, |bridge| (bridge.cdr.last, bridge.cdr.next) = (last, next));
            self.report_state(ctx);
        }
    }

    pub(super) fn check_for_stall(&mut self, ctx: &mut Context, now: Now) {
        if ctx.takes_records() && self.sequence.take_stall(ctx.timing.cdr_patience, now.instant) {
            warn!(bridge = %ctx.name, "CDRs stalled; everything read again, polling no longer slowed down");
            self.schedule_read_again(ctx, now);
            ctx.timers.sooner(Timer::Register, now.instant);
            self.report_state(ctx);
        }
    }

    /// Reads everything again at once, but not more often than every `cdr_patience`: records full of gaps must not make Usher flood the
    /// bridge.
    fn schedule_read_again(&self, ctx: &mut Context, now: Now) {
        let at = self.read_again.map_or(now.instant, |last| (last + ctx.timing.cdr_patience).max(now.instant));
        ctx.timers.sooner(Timer::ReadAgain, at);
    }

    /// A new session of records began: the bridge restarted, and calls and legs have new ids.
    fn on_restart(&mut self, ctx: &mut Context, now: Now) {
        let recently = self.read_again.is_some_and(|last| now.instant.duration_since(last) < ctx.timing.cdr_patience);
        if recently {
            self.schedule_read_again(ctx, now);
        } else if ctx.phase.is_up() {
            info!(bridge = %ctx.name, "bridge restarted, as its records show; reading everything again");
            self.read_again = Some(now.instant);
            ctx.emit(Effect::ReadAnew);
        }
    }

    /// Reads the whole bridge again. Known facts stay meanwhile, and arrivals don't wait for it.
    pub(super) fn read_again(&mut self, ctx: &mut Context, now: Now) {
        if ctx.phase.is_up() {
            info!(bridge = %ctx.name, "records missing; everything read again");
            self.read_again = Some(now.instant);
            ctx.emit(Effect::ReadEverything(Lane::Resync));
        }
    }
}

/// Whether records can be relied on.
impl CdrRecords {
    /// REST showed a lobby change a while ago; `announced`: a record had announced it by now.
    pub(super) fn verify_announced(&mut self, ctx: &mut Context, announced: bool, since: Instant, now: Now) {
        let before = self.sequence.is_partial();
        self.sequence.on_lobby_change(announced, since);
        if !before && self.sequence.is_partial() {
            warn!(bridge = %ctx.name, "lobby change not announced by a record; polling no longer slowed down");
            self.schedule_read_again(ctx, now);
        }
        self.report_state(ctx);
    }

    /// Publishes the state of the records if it changed.
    fn report_state(&mut self, ctx: &Context) {
        let sequence = &self.sequence;
        let state = match sequence {
            _ if !ctx.takes_records() => CdrState::Off,
            sequence if sequence.is_stalled() => CdrState::Stalled,
            sequence if !sequence.has_begun() => CdrState::Expected,
            sequence if sequence.is_partial() => CdrState::Partial,
            _ => CdrState::Arriving,
        };
        if std::mem::replace(&mut self.reported, state) != state {
            ctx.store.put_bridge(&ctx.name, |bridge| bridge.cdr.state = state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalled_records_make_usher_read_everything_again() {
        let (mut ctx, mut records, now) = (Context::for_tests(), CdrRecords::new(), Now::read());
        records.expect_from_now();
        records.on_next_index(&ctx, Some(1), now);
        records.on_next_index(&ctx, Some(5), now);
        records.check_for_stall(&mut ctx, now);
        assert!(!ctx.timers.has(&Timer::ReadAgain));
        let late = Now { instant: now.instant + ctx.timing.cdr_patience, ..now };
        records.check_for_stall(&mut ctx, late);
        assert!(ctx.timers.has(&Timer::ReadAgain) && ctx.timers.has(&Timer::Register));
        records.read_again(&mut ctx, late);
        assert_eq!(ctx.emitted(), ["ReadEverything(Resync)"]);
    }

    #[test]
    fn a_leg_that_only_a_record_named_is_read_unless_it_becomes_known() {
        let (mut ctx, mut records, now) = (Context::for_tests(), CdrRecords::new(), Now::read());
        records.watch_unknown_leg(&mut ctx, "l".into(), now);
        records.check_unknown_leg(&mut ctx, false, "l".into());
        assert!(ctx.requests.queue.contains(&Request::Leg("l".into())) && records.take_unknown_leg(&"l".into()));
        records.watch_unknown_leg(&mut ctx, "m".into(), now);
        records.check_unknown_leg(&mut ctx, true, "m".into());
        assert!(!ctx.requests.queue.contains(&Request::Leg("m".into())) && !records.take_unknown_leg(&"m".into()));
    }
}
