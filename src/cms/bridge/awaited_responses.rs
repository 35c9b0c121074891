//! Keeps those who wait for this bridge: for the response to a request, or for a probe of a participant. Reads no response itself.

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

/// Waits outside for something that is being read or done.
#[derive(Debug)]
pub(super) struct Waiter<T> {
    since: Instant,
    reply: oneshot::Sender<T>,
}

/// Waits for the response to a request.
pub(super) type ResponseWaiter = Waiter<Result<Response, RequestError>>;

/// Waits for a reading of a participant's legs.
pub(super) type ProbeWaiter = Waiter<LegProbe>;

impl<T> Waiter<T> {
    pub(super) fn answer(self, said: T) {
        // The receiver may have stopped waiting.
        let _ = self.reply.send(said);
    }
}

#[derive(Debug, Default)]
pub(super) struct AwaitedResponses {
    responses: HashMap<Request, Vec<ResponseWaiter>>,
    probes: HashMap<ParticipantId, Vec<ProbeWaiter>>,
}

/// Requests from outside.
impl AwaitedResponses {
    /// Sends a request for somebody. A change that is under way is not sent a second time; a reading is, since what it shows was perhaps so
    /// before it was asked for.
    pub(super) fn submit(&mut self, ctx: &mut Context, ask: Request, lane: Lane, reply: oneshot::Sender<Result<Response, RequestError>>) {
        let waiter = Waiter { since: Instant::now(), reply };
        if let Some(error) = reason_closed(ctx).or_else(|| held_too_long(ctx, waiter.since)) {
            return waiter.answer(Err(error));
        }
        if let Request::Mutate(Mutation { action: Action::Admit | Action::SendBack, id: person }) = &ask {
            ctx.emit(Effect::MoveRequested(person.clone()));
        }
        let under_way = matches!(ask, Request::Mutate(_)) && self.responses.contains_key(&ask) && !ctx.requests.queue.contains(&ask);
        self.responses.entry(ask.clone()).or_default().push(waiter);
        if !under_way {
            ctx.request(lane, ask);
        }
    }

    /// The asker wants this no more; what has been sent goes on.
    pub(super) fn withdraw(&mut self, ctx: &mut Context, ask: &Request) {
        if ctx.requests.queue.remove(ask) {
            for waiter in self.responses.remove(ask).into_iter().flatten() {
                waiter.answer(Err(RequestError::Withdrawn));
            }
        }
    }

    /// Reads a participant's legs for somebody.
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

/// Answers.
impl AwaitedResponses {
    /// Takes out those who get the response to a request that was sent then.
    pub(super) fn take_response_waiters(&mut self, ask: &Request, sent: Instant) -> Vec<ResponseWaiter> {
        match ask {
            Request::Mutate(_) => self.responses.remove(ask).unwrap_or_default(),
            _ => take_those_before(&mut self.responses, ask, sent),
        }
    }

    /// Puts them back: the request is sent again.
    pub(super) fn keep_waiting(&mut self, ask: Request, waiters: Vec<ResponseWaiter>) {
        self.responses.entry(ask).or_default().extend(waiters);
    }

    /// Answers those whose requests were not sent before the bridge asked to be left alone for too long.
    pub(super) fn fail_held_too_long(&mut self, ctx: &mut Context, now: Instant) {
        let Some(busy) = held_too_long(ctx, now) else { return };
        let unsent: Vec<Request> = self.responses.keys().filter(|ask| ctx.requests.queue.contains(ask)).cloned().collect();
        for ask in unsent {
            // Readings are Usher's own as well: they are made once the bridge may be asked again.
            if matches!(ask, Request::Mutate(_)) {
                ctx.requests.queue.remove(&ask);
            }
            self.responses.remove(&ask).into_iter().flatten().for_each(|waiter| waiter.answer(Err(busy.clone())));
        }
    }

    /// Fails everybody who waits, but those whose change is under way: it may be carried out. To be called while the queue still tells
    /// which requests were not sent.
    pub(super) fn fail_all(&mut self, ctx: &Context, error: &RequestError) {
        let queue = &ctx.requests.queue;
        let unsent = self.responses.extract_if(|ask, _| !matches!(ask, Request::Mutate(_)) || queue.contains(ask));
        unsent.flat_map(|(_, waiters)| waiters).for_each(|waiter| waiter.answer(Err(error.clone())));
        let probes = self.probes.drain().flat_map(|(_, waiters)| waiters);
        probes.for_each(|waiter| waiter.answer(LegProbe::Failed(error.clone())));
    }

    /// States what a probe showed. With `sent`, those who asked after the reading was sent wait for another one.
    pub(super) fn answer_probes(&mut self, person: &ParticipantId, look: &LegProbe, sent: Option<Instant>) {
        let waiters = match sent {
            Some(sent) => take_those_before(&mut self.probes, person, sent),
            None => self.probes.remove(person).unwrap_or_default(),
        };
        waiters.into_iter().for_each(|waiter| waiter.answer(look.clone()));
    }
}

/// The end of the actor.
impl AwaitedResponses {
    /// Hands on everything that was asked for and not sent; what nobody takes is answered. A change that is under way keeps its waiters.
    pub(super) fn hand_on(&mut self, ctx: &mut Context, pass: impl Fn(BridgeCommand)) {
        let queued: HashMap<Request, Lane> = ctx.requests.queue.drain();
        for (ask, waiters) in std::mem::take(&mut self.responses) {
            match (queued.get(&ask), &ask) {
                (None, Request::Mutate(_)) => drop(self.responses.insert(ask, waiters)),
                (lane, _) => {
                    for Waiter { reply, .. } in waiters {
                        pass(BridgeCommand::Send { request: ask.clone(), bulk: lane == Some(&Lane::Bulk), reply });
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

    /// Whether somebody waits for a change that is under way, after [`AwaitedResponses::hand_on`].
    pub(super) fn has_changes_in_flight(&self) -> bool {
        !self.responses.is_empty()
    }
}

/// Why nothing can be asked of the bridge now.
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

/// The bridge wants to be left alone for longer than an action waits for it: whoever asks is told so now.
fn held_too_long(ctx: &Context, now: Instant) -> Option<RequestError> {
    let pause = ctx.requests.queue.paused_for(now);
    (pause > ctx.timing.action_deadline).then_some(RequestError::Busy { retry_after: Some(pause) })
}

/// Takes out those who have waited since then or longer.
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
    fn whoever_asks_a_bridge_that_does_not_answer_is_told_so_at_once() {
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
    fn who_asked_after_a_request_was_sent_waits_for_another_answer() {
        let sent = Instant::now();
        let [(early, mut told), (late, mut untold)] = [sent, sent + Duration::from_millis(1)].map(|since| {
            let (reply, answer) = oneshot::channel();
            (Waiter { since, reply }, answer)
        });
        let mut all = HashMap::from([("p", vec![early, late])]);
        take_those_before(&mut all, &"p", sent).into_iter().for_each(|waiter| waiter.answer("waiting"));
        assert_eq!((told.try_recv(), untold.try_recv().is_err()), (Ok("waiting"), true));
        take_those_before(&mut all, &"p", sent + Duration::from_secs(1)).into_iter().for_each(|waiter| waiter.answer("in"));
        assert_eq!((untold.try_recv(), all.is_empty()), (Ok("in"), true));
    }
}
