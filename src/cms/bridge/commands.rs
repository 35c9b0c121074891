//! What others ask of a bridge: change or read something, look at somebody, host somebody, take records, try again.

use std::time::Instant;

use tokio::sync::oneshot;

use super::Bridge;
use crate::clock::Now;
use crate::cms::answer::Answer;
use crate::cms::ask::Ask;
use crate::cms::change::Change;
use crate::cms::client::AskError;
use crate::cms::cluster::{Command, Look};
use crate::cms::queue::Lane;
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
        let asker = Asker { since: Instant::now(), reply };
        if let Some(error) = self.closed() {
            return asker.answer(Err(error));
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

    fn withdraw(&mut self, ask: &Ask) {
        if self.queue.remove(ask) {
            for asker in self.askers.remove(ask).into_iter().flatten() {
                asker.answer(Err(AskError::Withdrawn));
            }
        }
    }

    /// Who is to get the answer to a request that was sent then.
    pub(super) fn take_askers(&mut self, ask: &Ask, sent: Instant) -> Vec<Asker> {
        let Some(askers) = self.askers.remove(ask) else { return Vec::new() };
        let (answered, waiting): (Vec<_>, Vec<_>) =
            askers.into_iter().partition(|asker| matches!(ask, Ask::Change(_)) || asker.since <= sent);
        if !waiting.is_empty() {
            self.askers.insert(ask.clone(), waiting);
        }
        answered
    }

    /// States what a reading showed that was asked for then; who asked later waits for another one.
    pub(super) fn answer_looks_of(&mut self, person: &ParticipantId, look: &Look, sent: Instant) {
        let Some(lookers) = self.looks.remove(person) else { return };
        let (answered, waiting): (Vec<_>, Vec<_>) = lookers.into_iter().partition(|looker| looker.since <= sent);
        if !waiting.is_empty() {
            self.looks.insert(person.clone(), waiting);
        }
        answered.into_iter().for_each(|looker| looker.answer(look.clone()));
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
        self.looks.entry(person.clone()).or_default().push(Looker { since: Instant::now(), reply });
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

/// Somebody outside who waits for the answer to a request.
#[derive(Debug)]
pub(super) struct Asker {
    since: Instant,
    pub(super) reply: oneshot::Sender<Result<Answer, AskError>>,
}

impl Asker {
    pub(super) fn answer(self, result: Result<Answer, AskError>) {
        // Nobody may be waiting any more.
        let _ = self.reply.send(result);
    }
}

/// Somebody outside who wants a person's legs to be read.
#[derive(Debug)]
pub(super) struct Looker {
    since: Instant,
    pub(super) reply: oneshot::Sender<Look>,
}

impl Looker {
    pub(super) fn answer(self, look: Look) {
        let _ = self.reply.send(look);
    }
}

fn lane(bulk: bool) -> Lane {
    if bulk { Lane::Bulk } else { Lane::Action }
}
