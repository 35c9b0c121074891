//! What others ask of a bridge: change or read something, look at somebody, host somebody, take records, try again.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use tokio::sync::oneshot;

use super::Bridge;
use crate::clock::Now;
use crate::cms::cluster::{Command, Look};
use crate::cms::rest::client::AskError;
use crate::cms::rest::mutation::Change;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::Answer;
use crate::config::Timing;
use crate::model::{BridgeState, ParticipantId};

impl Bridge {
    pub(super) fn take_command(&mut self, command: Command) {
        match command {
            Command::Host(person) => self.host(&person),
            Command::Ask { ask, bulk, reply } => self.ask_for(ask, lane(bulk), reply),
            Command::Withdraw(ask) => self.withdraw(&ask),
            Command::Look { person, bulk, reply } => self.look(person, lane(bulk), reply),
            Command::Records { body, room } => {
                self.take_records(&body, Now::read());
                drop(room);
            }
            Command::Retry => self.retry(),
            Command::Pause { by } => self.pause(by, Now::read()),
            Command::Resume => self.resume(),
            Command::Retune => self.retune(Now::read()),
        }
    }

    /// Why nothing can be asked of the bridge now.
    fn closed(&self) -> Option<AskError> {
        if self.link.may_send() {
            return None;
        }
        if let Some(withheld) = self.withheld() {
            return Some(withheld);
        }
        let refused = self.store.with_bridge(&self.name, |bridge| bridge.state == BridgeState::Refused).unwrap_or(false);
        Some(if refused { AskError::Unauthorized } else { AskError::Unreachable("the bridge does not answer".into()) })
    }

    /// A change that is under way is not sent a second time; a reading is, since what it shows was perhaps so before it was asked for.
    fn ask_for(&mut self, ask: Ask, lane: Lane, reply: oneshot::Sender<Result<Answer, AskError>>) {
        let asker = Waiter { since: Instant::now(), reply };
        if let Some(error) = self.closed() {
            return asker.answer(Err(error));
        }
        if let Some(busy) = self.held_too_long(asker.since) {
            return asker.answer(Err(busy));
        }
        if let Ask::Change(Change::Admit(person) | Change::SendBack(person)) = &ask
            && let Some(work) = self.people.get_mut(person)
        {
            work.announced = true;
        }
        let under_way = matches!(ask, Ask::Change(_)) && self.askers.contains_key(&ask) && !self.queue.has(&ask);
        self.askers.entry(ask.clone()).or_default().push(asker);
        if !under_way {
            self.ask(lane, ask);
        }
    }

    /// The bridge wants to be left alone for longer than an action waits for it: whoever asks is told so now.
    fn held_too_long(&self, now: Instant) -> Option<AskError> {
        let pause = self.queue.held_for(now);
        (pause > self.timing.action_deadline).then_some(AskError::Busy { retry_after: Some(pause) })
    }

    /// Answers those whose requests were not sent before the bridge asked to be left alone for so long.
    pub(super) fn fail_those_held_too_long(&mut self, now: Instant) {
        let Some(busy) = self.held_too_long(now) else { return };
        let unsent: Vec<Ask> = self.askers.keys().filter(|ask| self.queue.has(ask)).cloned().collect();
        for ask in unsent {
            // Readings are Usher's own as well: they are made once the bridge may be asked again.
            if matches!(ask, Ask::Change(_)) {
                self.queue.remove(&ask);
            }
            self.askers.remove(&ask).into_iter().flatten().for_each(|asker| asker.answer(Err(busy.clone())));
        }
    }

    fn withdraw(&mut self, ask: &Ask) {
        if self.queue.remove(ask) {
            for asker in self.askers.remove(ask).into_iter().flatten() {
                asker.answer(Err(AskError::Withdrawn));
            }
        }
    }

    /// Who is to get the answer to a request that was sent then.
    pub(super) fn take_askers(&mut self, ask: &Ask, sent: Instant) -> Vec<Asker> {
        match ask {
            Ask::Change(_) => self.askers.remove(ask).unwrap_or_default(),
            _ => take_those_before(&mut self.askers, ask, sent),
        }
    }

    /// Whoever waits for an answer of this bridge gets none, but for those whose PUT is under way: it may be carried out. To be called
    /// while the queue still tells which of them were not sent.
    pub(super) fn fail_waiters(&mut self, error: &AskError) {
        let queue = &self.queue;
        let unsent = self.askers.extract_if(|ask, _| !matches!(ask, Ask::Change(_)) || queue.has(ask));
        unsent.flat_map(|(_, askers)| askers).for_each(|asker| asker.answer(Err(error.clone())));
        let lookers = self.looks.drain().flat_map(|(_, lookers)| lookers);
        lookers.for_each(|looker| looker.answer(Look::Failed(error.clone())));
    }

    /// States what a reading showed that was asked for then; who asked later waits for another one.
    pub(super) fn answer_looks_of(&mut self, person: &ParticipantId, look: &Look, sent: Instant) {
        take_those_before(&mut self.looks, person, sent).into_iter().for_each(|looker| looker.answer(look.clone()));
    }

    /// States what is so whenever it was asked.
    pub(super) fn answer_looks(&mut self, person: &ParticipantId, look: &Look) {
        self.looks.remove(person).into_iter().flatten().for_each(|looker| looker.answer(look.clone()));
    }

    /// CMS accepted a change. Lobby answers that were sent before this moment are dropped from here on.
    pub(super) fn changed(&mut self, change: &Change, now: Now) {
        if let Change::Admit(person) | Change::SendBack(person) = change {
            self.store.update_person(person, |entry| entry.lobby.changed_at = Some(now.instant));
        }
    }

    fn look(&mut self, person: ParticipantId, lane: Lane, reply: oneshot::Sender<Look>) {
        if let Some(error) = self.closed() {
            let _ = reply.send(Look::Failed(error));
            return;
        }
        if self.store.with_person(&person, |_| ()).is_none() {
            let _ = reply.send(Look::Gone);
            return;
        }
        self.looks.entry(person.clone()).or_default().push(Waiter { since: Instant::now(), reply });
        self.read_person(&person, lane);
    }

    /// Limits and intervals hold from now on; who is looked at again and again is looked at by the new ones.
    fn retune(&mut self, now: Now) {
        let tuning = self.cluster.tuning().get();
        self.client.set_timeout(tuning.timing.rest_timeout);
        self.queue.set_limits(&tuning.limits, now.instant);
        let rotation = |timing: &Timing| (timing.rotate_waiting, timing.rotate_in_call);
        let other = rotation(&self.timing) != rotation(&tuning.timing);
        self.timing = tuning.timing.clone();
        if other {
            for person in self.people.keys().cloned().collect::<Vec<_>>() {
                self.plan_look(&person, now);
            }
        }
    }
}

/// Somebody outside who waits for something that is being read or done.
#[derive(Debug)]
pub(super) struct Waiter<T> {
    since: Instant,
    pub(super) reply: oneshot::Sender<T>,
}

/// For the answer to a request.
pub(super) type Asker = Waiter<Result<Answer, AskError>>;

/// For a reading of somebody's legs.
pub(super) type Looker = Waiter<Look>;

impl<T> Waiter<T> {
    pub(super) fn answer(self, said: T) {
        // Nobody may be waiting any more.
        let _ = self.reply.send(said);
    }
}

/// Takes out who has waited since then or longer.
fn take_those_before<K: Eq + Hash + Clone, T>(all: &mut HashMap<K, Vec<Waiter<T>>>, key: &K, at: Instant) -> Vec<Waiter<T>> {
    let Some(waiters) = all.remove(key) else { return Vec::new() };
    let (taken, left): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|waiter| waiter.since <= at);
    if !left.is_empty() {
        all.insert(key.clone(), left);
    }
    taken
}

fn lane(bulk: bool) -> Lane {
    if bulk { Lane::Bulk } else { Lane::Action }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
