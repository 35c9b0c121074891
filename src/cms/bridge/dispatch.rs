//! Where responses, failures, events, commands and timers go: which component takes each.

use super::Bridge;
use super::effects::EventUpdates;
use super::outgoing::Completed;
use super::participants::LegReading;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::cluster::BridgeCommand;
use crate::cms::events::socket::SocketReport;
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::missed_events::Expected;
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{LegDetail, ListPage, ParticipantDetail, Response, RosterItem, Status};
use crate::config::Timing;
use crate::model::{CallId, LegId, ParticipantId};
use tracing::debug;

/// Responses.
impl Bridge {
    pub(super) fn on_completed(&mut self, completed: Completed) {
        let Completed { lane, request: ask, sent, result } = completed;
        self.ctx.requests.queue.finish(lane);
        let now = Now::read();
        self.refresh(now);
        let waiters = self.awaited.take_response_waiters(&ask, sent.instant);
        let told = (!waiters.is_empty()).then(|| (ask.clone(), result.clone()));
        let again = match result {
            Ok(answer) => {
                self.connection.on_answered(&self.ctx, now);
                self.connection.forget_repeats(&ask);
                self.status.record_usable(&ask);
                if matches!(ask, Request::Calls(_)) && self.connection.is_unreadable() {
                    self.on_readable(now);
                }
                self.on_response(lane, ask, answer, sent, now);
                false
            }
            Err(error) => {
                debug!(bridge = %self.ctx.name, ?ask, %error, "request failed");
                if error.answered() {
                    self.connection.on_answered(&self.ctx, now);
                }
                self.on_failure(lane, ask, error, now)
            }
        };
        self.route(now);
        match told {
            Some((ask, _)) if again => self.awaited.keep_waiting(ask, waiters),
            Some((_, result)) => waiters.into_iter().for_each(|waiter| waiter.answer(result.clone())),
            None => {}
        }
    }

    fn on_response(&mut self, lane: Lane, ask: Request, answer: Response, sent: Now, now: Now) {
        let ctx = &mut self.ctx;
        match (ask, answer) {
            (Request::Status, Response::Status(status)) => self.on_status(&status, now),
            (Request::Token(socket), Response::Token(token)) => self.events.open_session(ctx, socket, token),
            (Request::ClusterName, Response::ClusterName(name)) => self.identity.on_own_name(ctx, name),
            (Request::Bridges(offset), Response::Bridges(page)) => self.identity.on_bridges(ctx, offset, page),
            (Request::Calls(offset), Response::Calls(page)) => self.calls.on_calls(ctx, offset, page, sent, now),
            (Request::Call(call), Response::Call(detail)) => {
                self.missed.take_missing(&Expected::Call(call.clone()));
                self.calls.on_call(ctx, &call, detail, sent, now);
            }
            (Request::Roster(call, offset), Response::Roster(page)) => self.on_roster(lane, &call, offset, page, (sent, now)),
            (Request::CallLegs(call, offset), Response::CallLegs(page)) => {
                let next = page.next(offset);
                let unknown = |leg: &LegId| !self.participants.is_link(leg) && !self.participants.knows_leg(leg);
                self.calls.on_call_legs(ctx, &call, next, page.items.into_iter().filter(unknown).collect());
            }
            (Request::Participant(person), Response::Participant(detail)) => self.on_participant(&person, detail, sent, now),
            (Request::Legs(person), Response::Legs(list)) => self.participants.on_leg_list(ctx, lane, &person, list),
            (Request::LegsByFilter(person), Response::Legs(list)) => self.participants.on_filtered_leg_list(ctx, lane, &person, list),
            (Request::Leg(leg), Response::Leg(detail)) => {
                self.participants.on_leg(ctx, LegReading { lane, leg: &leg, detail: &detail, sent }, now);
                self.route(now);
                self.on_leg_done(&leg, Some(&detail), now);
            }
            (Request::Mutate(change), _) => self.participants.on_change_accepted(ctx, &change, now),
            (Request::CdrReceivers(offset), Response::CdrReceivers { page, maximum }) => {
                self.registration.on_receivers(ctx, offset, page, maximum, now);
            }
            (Request::AddCdrReceiver(..) | Request::SetCdrReceiver(..), answer) => self.registration.on_receiver_saved(ctx, answer),
            (ask, answer) => self.profiles.on_profile(ctx, &ask, answer),
        }
    }

    fn on_status(&mut self, status: &Status, now: Now) {
        let ctx = &mut self.ctx;
        self.events.compare_counters(ctx, status, now);
        self.connection.on_status(ctx, status);
        let probed = ctx.phase.is_probing();
        if probed {
            self.records.expect_from_now();
        }
        self.records.on_next_index(ctx, status.next_record, now);
        if probed {
            self.on_reachable(now);
        }
    }

    fn on_roster(&mut self, lane: Lane, call: &CallId, offset: usize, mut page: ListPage<RosterItem>, (sent, now): (Now, Now)) {
        let next = page.next(offset);
        page.items.retain(|item| !self.participants.has_left(&item.id));
        let Some(accepted) = self.calls.accept_roster_page(&self.ctx, call, offset, &page, sent) else { return };
        for item in page.items {
            self.participants.on_roster_item(&mut self.ctx, lane, call, item, accepted, (sent, now));
            self.route(now);
        }
        self.calls.continue_roster(&mut self.ctx, lane, call, next);
    }

    fn on_participant(&mut self, person: &ParticipantId, detail: ParticipantDetail, sent: Now, now: Now) {
        self.missed.take_missing(&Expected::Participant(person.clone()));
        if let Some(call) = self.participants.on_participant(&mut self.ctx, person, &detail, sent) {
            let roster = self.calls.roster_knowledge(&call);
            self.participants.place_in_call(&mut self.ctx, person, &call, detail, roster, (sent, now));
        }
    }

    /// A leg was read, or could not be: nobody waits for it any more.
    fn on_leg_done(&mut self, leg: &LegId, detail: Option<&LegDetail>, now: Now) {
        let call = detail.and_then(|detail| detail.call.as_ref());
        let unexplained = self.records.take_unknown_leg(leg) && !self.participants.knows_leg(leg) && !self.participants.is_link(leg);
        if let Some(call) = call.filter(|_| unexplained) {
            self.calls.on_unexplained_leg(&mut self.ctx, call, now);
        }
        self.calls.on_leg_done(&mut self.ctx, leg, call);
    }
}

/// Failures.
impl Bridge {
    /// Sorts out what a request without a usable response means; true when it is sent again.
    fn on_failure(&mut self, lane: Lane, ask: Request, error: RequestError, now: Now) -> bool {
        let ctx = &mut self.ctx;
        if self.status.record_unusable(&ask, &error, now) && self.connection.is_unreadable() && ctx.phase.is_up() {
            self.connection.go_down(ctx, &error, now);
            return false;
        }
        match &error {
            RequestError::Unauthorized if !matches!(ask, Request::Token(_)) => {
                self.connection.on_unauthorized(ctx, error);
                return false;
            }
            RequestError::Busy { retry_after } => {
                self.connection.on_busy(ctx, *retry_after, now);
                self.awaited.fail_paused_too_long(ctx, now.instant);
                if ctx.phase.is_up() && self.connection.may_repeat(&ask) {
                    ctx.requests.queue.requeue(lane, ask);
                    return true;
                }
            }
            RequestError::TimedOut(_) | RequestError::Unreachable(_) | RequestError::Closed { .. } | RequestError::Untrusted(_) => {
                self.connection.count_failure(ctx, &error, now);
                self.route(now);
            }
            _ => {}
        }
        self.on_request_failed(lane, ask, error, now)
    }

    fn on_request_failed(&mut self, lane: Lane, ask: Request, error: RequestError, now: Now) -> bool {
        let ctx = &mut self.ctx;
        match ask {
            Request::Mutate(change) => self.connection.on_change_failed(ctx, &change, &error),
            Request::Status if ctx.phase.is_probing() => self.on_probe_failed(&error, now),
            Request::Token(socket) => self.events.on_token_failed(ctx, socket, &error, now),
            Request::CdrReceivers(_) | Request::AddCdrReceiver(..) | Request::SetCdrReceiver(..) => {
                self.registration.on_registration_failed(ctx, &ask, &error, now);
            }
            ask if !error.answered() && ctx.phase.is_up() => {
                ctx.requests.queue.requeue(lane, ask);
                return true;
            }
            Request::Call(call) => {
                let gone = matches!(error, RequestError::Gone(_));
                let missing = gone && self.missed.take_missing(&Expected::Call(call.clone()));
                self.calls.on_call_failed(ctx, &call, &error, missing, now);
            }
            Request::Calls(_) => self.calls.on_calls_failed(ctx, now),
            Request::Roster(call, _) | Request::CallLegs(call, _) => self.calls.on_roster_failed(ctx, &call, &error, now),
            Request::Participant(person) => {
                let gone = matches!(error, RequestError::Gone(_));
                let missing = gone && self.missed.take_missing(&Expected::Participant(person.clone()));
                self.participants.on_participant_failed(ctx, &person, &error, missing, now);
            }
            Request::Legs(person) => self.participants.on_leg_list_failed(ctx, lane, &person, error, now),
            Request::LegsByFilter(person) => self.participants.on_legs_unknown(ctx, &person, error, now),
            Request::Leg(leg) => {
                self.on_leg_done(&leg, None, now);
                self.route(now);
                self.participants.on_leg_failed(&mut self.ctx, &leg, error, now);
            }
            ask => self.profiles.on_profile_failed(ctx, &ask, &error),
        }
        false
    }

    fn on_probe_failed(&mut self, error: &RequestError, now: Now) {
        if matches!(error, RequestError::Forbidden | RequestError::Gone(_)) {
            // The status may be closed to this user, or absent, while calls are open: Usher goes on without a version.
            self.on_reachable(now);
        } else {
            self.connection.go_down(&mut self.ctx, error, now);
        }
    }
}

/// Events.
impl Bridge {
    pub(super) fn on_report(&mut self, report: SocketReport) {
        let now = Now::read();
        if let Some((socket, frame)) = self.events.on_report(&mut self.ctx, report, now) {
            self.connection.on_heard(&self.ctx, now);
            let updates = self.events.on_frame(&mut self.ctx, socket, *frame, now);
            self.route(now);
            if let Some(updates) = updates {
                self.on_updates(updates, now);
            }
        }
        self.route(now);
    }

    fn on_updates(&mut self, updates: EventUpdates, now: Now) {
        match updates {
            EventUpdates::Calls(updates) => {
                for update in updates {
                    if let Some(call) = &update.call {
                        self.missed.on_call_event(call);
                        self.calls.on_call_update(&mut self.ctx, update, now);
                        self.route(now);
                    }
                }
            }
            EventUpdates::Roster(call, updates) => {
                for update in updates {
                    if let Some(person) = &update.participant {
                        self.missed.on_participant_event(&call, person);
                        let roster = self.calls.roster_knowledge(&call);
                        self.participants.on_roster_update(&mut self.ctx, &call, update, roster, now);
                        self.route(now);
                    }
                }
            }
        }
    }
}

/// Commands.
impl Bridge {
    pub(super) fn on_command(&mut self, command: BridgeCommand) {
        let now = Now::read();
        self.refresh(now);
        let ctx = &mut self.ctx;
        match command {
            BridgeCommand::HostedHere(person) => self.participants.on_hosted_here(ctx, &person),
            BridgeCommand::Send { request: ask, bulk, reply } => self.awaited.submit(ctx, ask, action_lane(bulk), reply),
            BridgeCommand::Withdraw(ask) => self.awaited.withdraw(ctx, &ask),
            BridgeCommand::ProbeLegs { person, bulk, reply } => self.awaited.probe_participant(ctx, person, action_lane(bulk), reply),
            BridgeCommand::Records { body, room } => {
                self.records.on_records(ctx, &body, now);
                self.route(now);
                drop(room);
            }
            BridgeCommand::Retry => self.connection.retry(ctx),
            BridgeCommand::Pause { by } => self.connection.pause(ctx, by, now),
            BridgeCommand::Resume => self.connection.resume(ctx),
            BridgeCommand::Retune => self.retune(now),
        }
        self.route(now);
    }

    /// Limits and intervals hold from now on, for polls that are scheduled already too.
    fn retune(&mut self, now: Now) {
        let ctx = &mut self.ctx;
        let tuning = ctx.cluster.tuning().get();
        ctx.requests.client.set_timeout(tuning.timing.rest_timeout);
        ctx.requests.queue.set_limits(&tuning.limits, now.instant);
        let rotation = |timing: &Timing| (timing.rotate_waiting, timing.rotate_in_call);
        let other = rotation(&ctx.timing) != rotation(&tuning.timing);
        ctx.timing = tuning.timing.clone();
        if other {
            self.participants.reschedule_polls(ctx, now);
        }
    }
}

/// Timers.
impl Bridge {
    pub(super) fn on_timer(&mut self, timer: Timer, now: Now) {
        self.refresh(now);
        let ctx = &mut self.ctx;
        match timer {
            Timer::Heartbeat => self.heartbeat(now),
            Timer::Probe => self.connection.probe(ctx),
            Timer::Silence => {
                if let Some(error) = self.status.check_silence(ctx, now) {
                    self.connection.go_down(ctx, &error, now);
                }
            }
            Timer::Connect(socket) => self.events.request_token(ctx, socket),
            Timer::Subscribe(socket) => self.events.subscribe(ctx, socket, now),
            Timer::AckTimeout(socket) => self.events.on_ack_overdue(ctx, socket, now),
            Timer::Pending(socket) => self.events.check_pending(ctx, socket, now),
            Timer::Liveness(socket) => self.events.check_liveness(ctx, socket, now),
            Timer::CountersMoved(since) => self.events.on_counters_moved(ctx, since, now),
            Timer::Renew(topic) => self.events.renew(ctx, topic, now),
            Timer::InitialSync(socket) => self.compare_first_lists(socket, now),
            Timer::RetryRefused => self.events.retry_refused(ctx, now),
            Timer::SweepCalls => self.calls.sweep_calls(ctx, Lane::InCall, now),
            Timer::SweepRoster(call) => self.calls.sweep_roster(ctx, &call, now),
            Timer::Discrepancies => self.missed.count_discrepancies(ctx, now),
            Timer::Recheck(call, n) => self.rechecks.recheck(ctx, &call, n, now),
            Timer::RecheckOthers(call) => self.rechecks.recheck_others(ctx, &call, now),
            Timer::Arrivals(call) => self.rechecks.check_arrivals(ctx, &call, now),
            Timer::PollLegs(person) => self.participants.poll_legs(ctx, &person),
            Timer::RequestAgain(person) => ctx.request(Lane::InCall, Request::Participant(person)),
            Timer::FindHome(person) => self.participants.check_homeless(ctx, &person, now),
            Timer::UnknownLeg(leg) => self.records.check_unknown_leg(ctx, self.participants.knows_leg(&leg), leg),
            Timer::VerifyRecords { leg, waiting, since } => {
                if let Some(announced) = self.participants.was_announced(&leg, waiting, since) {
                    self.records.verify_announced(ctx, announced, since, now);
                }
            }
            Timer::ReadAgain => self.records.read_again(ctx, now),
            Timer::Register => self.registration.check_receivers(ctx),
            Timer::Tidy => self.forget_expired(now),
            Timer::Stats => self.publish_stats(now),
        }
        self.route(now);
    }

    fn heartbeat(&mut self, now: Now) {
        let ctx = &mut self.ctx;
        if ctx.phase.is_up() {
            let quiet = self.events.is_quiet(ctx, now);
            self.connection.heartbeat(ctx, quiet, now);
            self.records.check_for_stall(ctx, now);
        }
    }

    /// The first lists of a socket's new subscriptions are complete: whatever was there before and is on none is asked for.
    fn compare_first_lists(&mut self, socket: SocketId, now: Now) {
        let ctx = &mut self.ctx;
        for (topic, since) in self.events.take_begun(ctx, socket) {
            match topic {
                Topic::Calls => self.calls.request_left_out(ctx, since),
                Topic::Roster(call) if self.calls.awaits_roster(&call) => {
                    self.events.compare_later(ctx, socket, (Topic::Roster(call), since), now);
                }
                Topic::Roster(call) => self.participants.request_left_out_of(ctx, &call, since),
            }
        }
    }

    /// Forgets what has served.
    fn forget_expired(&mut self, now: Now) {
        let keep = self.ctx.timing.tombstone;
        self.participants.tidy_removed(keep, now.instant);
        self.calls.tidy_ended(keep, now.instant);
        self.events.tidy_renewals(now.instant);
        self.ctx.timers.set(Timer::Tidy, now.instant + keep);
    }
}

fn action_lane(bulk: bool) -> Lane {
    if bulk { Lane::Bulk } else { Lane::Action }
}
