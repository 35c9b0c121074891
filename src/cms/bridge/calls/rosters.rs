//! Reads rosters by REST: of new calls in full, of others to compare them with the events. Reads no single participant.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::FollowedCalls;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::{Effect, RosterPage};
use crate::cms::bridge::timers::Timer;
use crate::cms::missed_events::Expected;
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{ListPage, RosterItem};
use crate::model::{CallId, LegId, ParticipantId};

/// One pass over a call's roster.
#[derive(Debug)]
pub(super) struct RosterPass {
    lane: Lane,
    /// When the first page was requested. Participants who were listed before then and are on no page are requested one by one.
    started: Instant,
    /// The offset of the next page; responses to an earlier pass are ignored.
    next: usize,
    listed: HashSet<ParticipantId>,
    /// Entries that could not be read.
    unreadable: u32,
    /// Participants whose state was in the list.
    stated: HashSet<ParticipantId>,
    /// A first reading, which also reads the list of the call's legs: that takes a tenth of the requests of reading each participant's.
    pub(super) full: bool,
}

impl RosterPass {
    /// A periodic reading: neither a first one nor one because records are missing.
    fn is_rotation(&self) -> bool {
        !self.full && self.lane != Lane::Resync
    }
}

/// Rosters.
impl FollowedCalls {
    pub(super) fn begin_roster(&mut self, ctx: &mut Context, call: &CallId, lane: Lane, full: bool, now: Now) {
        let Some(work) = self.known.get_mut(call) else { return };
        work.stale &= !full;
        work.reading =
            Some(RosterPass { lane, started: now.instant, next: 0, listed: HashSet::new(), unreadable: 0, stated: HashSet::new(), full });
        ctx.request(lane, Request::Roster(call.clone(), 0));
        ctx.timers.set(Timer::SweepRoster(call.clone()), now.instant + roster_interval(ctx, call));
    }

    /// Compares a roster with the events; without events this is how its changes are found.
    pub(in crate::cms::bridge) fn sweep_roster(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        let Some(work) = self.known.get(call) else { return };
        if !ctx.phase.is_up() {
            return;
        }
        if work.reading.is_none() {
            let (lane, full) = if work.stale { (Lane::Resync, true) } else { (Lane::InCall, false) };
            self.begin_roster(ctx, call, lane, full, now);
            ctx.request(Lane::InCall, Request::Call(call.clone()));
        }
        ctx.timers.set(Timer::SweepRoster(call.clone()), now.instant + roster_interval(ctx, call));
    }

    /// Reads the roster at once, but no more often than a polled one: a bridge may damage every frame.
    pub(in crate::cms::bridge) fn on_roster_damaged(&mut self, ctx: &mut Context, call: &CallId, now: Now) {
        let pause = ctx.timing.poll_roster;
        let Some(work) = self.known.get_mut(call) else { return };
        if work.damaged.is_some_and(|last| now.instant < last + pause) {
            return ctx.timers.sooner(Timer::SweepRoster(call.clone()), now.instant + pause);
        }
        work.damaged = Some(now.instant);
        if work.reading.is_none() {
            self.begin_roster(ctx, call, Lane::Resync, false, now);
        }
    }

    /// Records a page; None where its reading has been given up. `participants` handles the entries.
    pub(in crate::cms::bridge) fn accept_roster_page(
        &mut self,
        ctx: &Context,
        call: &CallId,
        offset: usize,
        page: &ListPage<RosterItem>,
        sent: Now,
    ) -> Option<RosterPage> {
        let work = self.known.get_mut(call)?;
        // On the first list of a call that began before Usher saw it, nobody has just arrived.
        let (sees_arrivals, settled) = (work.sees_arrivals(), work.settled);
        let read = work.reading.as_mut().filter(|read| read.next == offset && read.started <= sent.instant)?;
        if offset == 0 {
            read.started = sent.instant;
        }
        read.unreadable = read.unreadable.saturating_add(page.lost());
        read.listed.extend(page.items.iter().map(|item| item.id.clone()));
        read.stated.extend(page.items.iter().filter(|item| item.state.is_some()).map(|item| item.id.clone()));
        let reveals = read.is_rotation() && settled && ctx.coverage.pushes_roster(call);
        Some(RosterPage { full: read.full, reveals, sees_arrivals })
    }

    /// The entries of a page have been handled: requests the `next` page, or ends the reading.
    pub(in crate::cms::bridge) fn continue_roster(&mut self, ctx: &mut Context, lane: Lane, call: &CallId, next: Option<usize>) {
        let Some(work) = self.known.get_mut(call) else { return };
        match (next, &mut work.reading) {
            (Some(offset), Some(read)) => {
                read.next = offset;
                ctx.request(lane, Request::Roster(call.clone(), offset));
            }
            (None, reading) => {
                if let Some(read) = reading.take() {
                    self.finish_roster(ctx, call, read);
                }
            }
            (Some(_), None) => {}
        }
    }

    /// Ends a reading: requests the participants who were on no page.
    fn finish_roster(&self, ctx: &mut Context, call: &CallId, read: RosterPass) {
        let key = ctx.key(call);
        ctx.store.put_call(&key, |facts| facts.unreadable = read.unreadable);
        let expected = read.is_rotation() && self.known.get(call).is_some_and(|work| work.settled) && ctx.coverage.pushes_roster(call);
        for person in ctx.roster(call) {
            let facts = ctx.store.with_person(&person, |person| {
                let listing = person.listings.iter().find(|listing| listing.key == key);
                (listing.map(|listing| listing.at), person.home.is_some())
            });
            let Some((Some(at), has_home)) = facts else { continue };
            if !read.listed.contains(&person) && at < read.started {
                if expected {
                    ctx.emit(Effect::NotShown(Expected::Participant(person.clone())));
                }
                ctx.request(Lane::Suspected, Request::Participant(person.clone()));
            }
            if !has_home {
                ctx.emit(Effect::FindHome(person));
            }
        }
        ctx.emit(Effect::RosterRead { call: call.clone(), lane: read.lane, full: read.full, stated: read.stated });
    }

    pub(in crate::cms::bridge) fn on_roster_failed(&mut self, ctx: &mut Context, call: &CallId, error: &RequestError, now: Now) {
        let gone = matches!(error, RequestError::Gone(_));
        if gone {
            ctx.request(Lane::Suspected, Request::Call(call.clone()));
        }
        if let Some(work) = self.known.get_mut(call) {
            // A first reading is still due.
            work.stale |= work.reading.take().is_some_and(|read| read.full);
            work.legs_listed = true;
            if gone {
                work.roster_gone = Some(now.instant);
            }
        }
        ctx.timers.sooner(Timer::SweepRoster(call.clone()), now.instant + ctx.timing.poll_roster);
        // Participants whom events listed meanwhile were waiting for this roster.
        for person in ctx.roster(call) {
            if ctx.store.person_is(&person, |person| person.home.is_none()) {
                ctx.emit(Effect::FindHome(person));
            }
        }
        self.settle_if_read(ctx, call);
    }
}

/// The list of a call's legs.
impl FollowedCalls {
    pub(in crate::cms::bridge) fn begin_leg_list(&mut self, ctx: &mut Context, call: &CallId, lane: Lane) {
        if let Some(work) = self.known.get_mut(call) {
            work.legs_listed = false;
        }
        ctx.request(lane, Request::CallLegs(call.clone(), 0));
    }

    /// Reads the details of legs that are `unknown`, and the `next` page.
    pub(in crate::cms::bridge) fn on_call_legs(&mut self, ctx: &mut Context, call: &CallId, next: Option<usize>, unknown: Vec<LegId>) {
        if let Some(work) = self.known.get_mut(call) {
            for leg in unknown {
                work.pending_legs.insert(leg.clone());
                ctx.request(Lane::Resync, Request::Leg(leg));
            }
            work.legs_listed |= next.is_none();
        }
        match next {
            Some(offset) => ctx.request(Lane::Resync, Request::CallLegs(call.clone(), offset)),
            None => self.settle_if_read(ctx, call),
        }
    }

    /// A leg of `call` was read, or can't be.
    pub(in crate::cms::bridge) fn on_leg_done(&mut self, ctx: &mut Context, leg: &LegId, call: Option<&CallId>) {
        let done: Vec<CallId> = match call.filter(|call| self.known.contains_key(*call)) {
            Some(call) => vec![call.clone()],
            None => self.known.iter().filter(|(_, work)| work.pending_legs.contains(leg)).map(|(call, _)| call.clone()).collect(),
        };
        for call in done {
            if self.known.get_mut(&call).is_some_and(|work| work.pending_legs.remove(leg)) {
                self.settle_if_read(ctx, &call);
            }
        }
    }

    fn settle_if_read(&mut self, ctx: &mut Context, call: &CallId) {
        let Some(work) = self.known.get(call) else { return };
        if !work.settled && work.legs_listed && work.pending_legs.is_empty() {
            ctx.emit(Effect::LegListRead(call.clone()));
            self.settle(ctx, call);
        }
    }

    pub(in crate::cms::bridge) fn settle(&mut self, ctx: &mut Context, call: &CallId) {
        if let Some(work) = self.known.get_mut(call).filter(|work| !work.settled) {
            work.settled = true;
            ctx.emit(Effect::StatusDue);
        }
    }
}

/// How often a roster is read; for a call that is not pushed this is the only source of changes.
fn roster_interval(ctx: &Context, call: &CallId) -> Duration {
    if ctx.coverage.is_polled(call) { ctx.timing.poll_roster } else { ctx.timing.sweep_roster }
}
