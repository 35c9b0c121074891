//! Keeps the callers that wait for this bridge: for the response to a request, or for a probe of a participant. Reads no response itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use tokio::sync::oneshot;

use super::context::Context;
use super::effects::Effect;
use super::fault_codes::paused_by;
use crate::cms::cluster::{BridgeCommand, LegProbe};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::mutation::Mutation;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::Response;
use crate::model::{Action, BridgeState, ParticipantId};

/// A caller outside the actor that waits for a result.
#[derive(Debug)]
pub(super) struct Waiter<T> {
    since: Instant,
    reply: oneshot::Sender<T>,
}

/// Waits for the response to a request.
pub(super) type ResponseWaiter = Waiter<Result<Response, RequestError>>;

/// Waits for a probe of a participant's legs.
pub(super) type ProbeWaiter = Waiter<LegProbe>;

impl<T> Waiter<T> {
    pub(super) fn answer(self, value: T) {
        // The receiver may have stopped waiting.
        let _ = self.reply.send(value);
    }
}

#[derive(Debug, Default)]
pub(super) struct AwaitedResponses {
    responses: HashMap<Request, Vec<ResponseWaiter>>,
    probes: HashMap<ParticipantId, Vec<ProbeWaiter>>,
}

/// Requests from outside.
impl AwaitedResponses {
    /// Sends a request for a caller. A change that is in flight is not sent again; a reading is, because the one in flight may show the
    /// state from before this call.
    pub(super) fn submit(
        &mut self,
        ctx: &mut Context,
        request: Request,
        lane: Lane,
        reply: oneshot::Sender<Result<Response, RequestError>>,
    ) {
        let waiter = Waiter { since: Instant::now(), reply };
        if let Some(error) = reason_closed(ctx).or_else(|| paused_too_long(ctx, waiter.since)) {
            return waiter.answer(Err(error));
        }
        if let Request::Mutate(Mutation { action: Action::Admit | Action::SendBack, id: person }) = &request {
            ctx.emit(Effect::MoveRequested(person.clone()));
        }
        let under_way =
            matches!(request, Request::Mutate(_)) && self.responses.contains_key(&request) && !ctx.requests.queue.contains(&request);
        self.responses.entry(request.clone()).or_default().push(waiter);
        if !under_way {
            ctx.request(lane, request);
        }
    }

    /// The caller no longer wants this request. If it was sent already, it goes on.
    pub(super) fn withdraw(&mut self, ctx: &mut Context, request: &Request) {
        if ctx.requests.queue.remove(request) {
            for waiter in self.responses.remove(request).into_iter().flatten() {
                waiter.answer(Err(RequestError::Withdrawn));
            }
        }
    }

    /// Reads a participant's legs for a caller.
    pub(super) fn probe_participant(&mut self, ctx: &mut Context, person: ParticipantId, lane: Lane, reply: oneshot::Sender<LegProbe>) {
        let waiter = Waiter { since: Instant::now(), reply };
        if let Some(error) = reason_closed(ctx) {
            return waiter.answer(LegProbe::Failed(error));
        }
        if ctx.store.with_person(&person, |_| ()).is_none() {
            return waiter.answer(LegProbe::Gone);
        }
        self.probes.entry(person.clone()).or_default().push(waiter);
        ctx.emit(Effect::ReadLegs { person, lane });
    }
}

/// Results.
impl AwaitedResponses {
    /// Takes the waiters that the response to a request answers: for a reading, those that waited when it was `sent`.
    pub(super) fn take_response_waiters(&mut self, request: &Request, sent: Instant) -> Vec<ResponseWaiter> {
        match request {
            Request::Mutate(_) => self.responses.remove(request).unwrap_or_default(),
            _ => take_those_before(&mut self.responses, request, sent),
        }
    }

    /// Puts waiters back: the request is sent again.
    pub(super) fn keep_waiting(&mut self, request: Request, waiters: Vec<ResponseWaiter>) {
        self.responses.entry(request).or_default().extend(waiters);
    }

    /// Fails the callers of queued requests where the bridge asked for a longer pause than an action waits.
    pub(super) fn fail_paused_too_long(&mut self, ctx: &mut Context, now: Instant) {
        let Some(busy) = paused_too_long(ctx, now) else { return };
        let unsent: Vec<Request> = self.responses.keys().filter(|request| ctx.requests.queue.contains(request)).cloned().collect();
        for request in unsent {
            // Usher needs readings itself too: they stay queued until the pause is over.
            if matches!(request, Request::Mutate(_)) {
                ctx.requests.queue.remove(&request);
            }
            self.responses.remove(&request).into_iter().flatten().for_each(|waiter| waiter.answer(Err(busy.clone())));
        }
    }

    /// Fails all callers except those of a change in flight, which may be carried out. Must be called before the queue is cleared, because
    /// the queue knows which requests were not sent.
    pub(super) fn fail_all(&mut self, ctx: &Context, error: &RequestError) {
        let queue = &ctx.requests.queue;
        let unsent = self.responses.extract_if(|request, _| !matches!(request, Request::Mutate(_)) || queue.contains(request));
        unsent.flat_map(|(_, waiters)| waiters).for_each(|waiter| waiter.answer(Err(error.clone())));
        let probes = self.probes.drain().flat_map(|(_, waiters)| waiters);
        probes.for_each(|waiter| waiter.answer(LegProbe::Failed(error.clone())));
    }

    /// Answers the probes of a participant. With `sent`, only those that began before the reading was sent; later ones wait for another
    /// reading.
    pub(super) fn answer_probes(&mut self, person: &ParticipantId, probe: &LegProbe, sent: Option<Instant>) {
        let waiters = match sent {
            Some(sent) => take_those_before(&mut self.probes, person, sent),
            None => self.probes.remove(person).unwrap_or_default(),
        };
        waiters.into_iter().for_each(|waiter| waiter.answer(probe.clone()));
    }
}

/// Handover to another actor.
impl AwaitedResponses {
    /// Hands over every request that was not sent. A change in flight keeps its waiters.
    pub(super) fn hand_over(&mut self, ctx: &mut Context, pass: impl Fn(BridgeCommand)) {
        let queued: HashMap<Request, Lane> = ctx.requests.queue.drain();
        for (request, waiters) in std::mem::take(&mut self.responses) {
            match (queued.get(&request), &request) {
                (None, Request::Mutate(_)) => drop(self.responses.insert(request, waiters)),
                (lane, _) => {
                    for Waiter { reply, .. } in waiters {
                        pass(BridgeCommand::Send { request: request.clone(), bulk: lane == Some(&Lane::Bulk), reply });
                    }
                }
            }
        }
        for (person, waiters) in self.probes.drain() {
            for Waiter { reply, .. } in waiters {
                pass(BridgeCommand::ProbeLegs { person: person.clone(), bulk: false, reply });
            }
        }
    }

    /// Whether callers wait for a change in flight, after [`AwaitedResponses::hand_over`].
    pub(super) fn has_changes_in_flight(&self) -> bool {
        !self.responses.is_empty()
    }
}

/// Why the bridge takes no requests now; None if it does.
fn reason_closed(ctx: &Context) -> Option<RequestError> {
    if ctx.phase.may_send() {
        return None;
    }
    let (state, pauser) = ctx.store.with_bridge(&ctx.name, |bridge| (Some(bridge.state), bridge.paused_by.clone())).unwrap_or_default();
    match pauser.filter(|_| ctx.phase.is_paused()) {
        Some(by) => Some(paused_by(&by)),
        None if state == Some(BridgeState::Refused) => Some(RequestError::Unauthorized),
        None => Some(RequestError::Unreachable("the bridge does not answer".into())),
    }
}

/// The error for callers while the pause that the bridge asked for is longer than an action waits.
fn paused_too_long(ctx: &Context, now: Instant) -> Option<RequestError> {
    let pause = ctx.requests.queue.paused_for(now);
    (pause > ctx.timing.action_deadline).then_some(RequestError::Busy { retry_after: Some(pause) })
}

/// Takes the waiters that have waited since `at` or longer.
fn take_those_before<K: Eq + Hash + Clone, T>(all: &mut HashMap<K, Vec<Waiter<T>>>, key: &K, at: Instant) -> Vec<Waiter<T>> {
    let Some(waiters) = all.remove(key) else { return Vec::new() };
    let (taken, left): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|waiter| waiter.since <= at);
    if !left.is_empty() {
        all.insert(key.clone(), left);
    }
    taken
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cms::bridge::context::Phase;

    #[test]
    fn a_request_to_a_bridge_that_does_not_answer_fails_at_once() {
        let (mut ctx, mut waiters) = (Context::for_tests(), AwaitedResponses::default());
        let (reply, mut answer) = oneshot::channel();
        ctx.phase = Phase::Down;
        waiters.submit(&mut ctx, Request::Status, Lane::Action, reply);
        assert!(matches!(answer.try_recv(), Ok(Err(RequestError::Unreachable(_)))));
    }

    #[test]
    fn a_change_that_was_sent_keeps_its_waiters_when_the_bridge_goes_away() {
        let (mut ctx, mut waiters) = (Context::for_tests(), AwaitedResponses::default());
        let change = |person: &str| Request::Mutate(Mutation::new(&Action::Admit, &person.into()));
        let (sent, mut sent_answer) = oneshot::channel();
        let (unsent, mut unsent_answer) = oneshot::channel();
        waiters.submit(&mut ctx, change("ana"), Lane::Action, sent);
        ctx.requests.queue.remove(&change("ana"));
        waiters.submit(&mut ctx, change("bo"), Lane::Action, unsent);
        waiters.fail_all(&ctx, &RequestError::Withdrawn);
        assert!(sent_answer.try_recv().is_err() && waiters.has_changes_in_flight());
        assert_eq!(unsent_answer.try_recv().map(|answer| answer.err()), Ok(Some(RequestError::Withdrawn)));
    }

    #[test]
    fn a_caller_that_came_after_a_request_was_sent_waits_for_another_response() {
        let sent = Instant::now();
        let [(early, mut first), (late, mut second)] = [sent, sent + Duration::from_millis(1)].map(|since| {
            let (reply, answer) = oneshot::channel();
            (Waiter { since, reply }, answer)
        });
        let mut all = HashMap::from([("p", vec![early, late])]);
        take_those_before(&mut all, &"p", sent).into_iter().for_each(|waiter| waiter.answer("waiting"));
        assert_eq!((first.try_recv(), second.try_recv().is_err()), (Ok("waiting"), true));
        take_those_before(&mut all, &"p", sent + Duration::from_secs(1)).into_iter().for_each(|waiter| waiter.answer("in"));
        assert_eq!((second.try_recv(), all.is_empty()), (Ok("in"), true));
    }
}
