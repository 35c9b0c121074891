//! What others ask of a bridge: admit somebody, look at somebody, host somebody, try again.

use tokio::sync::oneshot;

use super::Bridge;
use crate::clock::Now;
use crate::cms::ask::Ask;
use crate::cms::client::AskError;
use crate::cms::cluster::{Command, Look};
use crate::cms::queue::Lane;
use crate::model::{BridgeState, ParticipantId};

impl Bridge {
    pub(super) fn take_command(&mut self, command: Command) {
        match command {
            Command::Host(person) => self.host(&person),
            Command::Admit { person, bulk, reply } => self.admit(person, lane(bulk), reply),
            Command::Look { person, bulk, reply } => self.look(person, lane(bulk), reply),
            Command::Locate { person, reply } => self.locate(person, reply),
            Command::Retry => self.retry(),
        }
    }

    /// Why nothing can be asked of the bridge now.
    fn closed(&self) -> Option<AskError> {
        if self.link.may_send() {
            return None;
        }
        let refused = self.store.with_bridge(&self.name, |bridge| bridge.state == BridgeState::Refused).unwrap_or(false);
        Some(if refused { AskError::Unauthorized } else { AskError::Unreachable("the bridge does not answer".into()) })
    }

    fn admit(&mut self, person: ParticipantId, lane: Lane, reply: oneshot::Sender<Result<(), AskError>>) {
        if let Some(error) = self.closed() {
            let _ = reply.send(Err(error));
            return;
        }
        self.admits.entry(person.clone()).or_default().push(reply);
        if let Some(work) = self.people.get_mut(&person) {
            work.announced = true;
        }
        self.ask(lane, Ask::Admit(person));
    }

    /// CMS answered a PUT. Lobby answers that were sent before this moment are dropped from here on.
    pub(super) fn admitted(&mut self, person: &ParticipantId, result: Result<(), AskError>, now: Now) {
        if result.is_ok() {
            self.store.update_person(person, |entry| entry.lobby.admitted_at = Some(now.instant));
        }
        for reply in self.admits.remove(person).into_iter().flatten() {
            let _ = reply.send(result.clone());
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
        self.looks.entry(person.clone()).or_default().push(reply);
        self.read_person(&person, lane);
    }

    fn locate(&mut self, person: ParticipantId, reply: oneshot::Sender<Result<(), AskError>>) {
        if let Some(error) = self.closed() {
            let _ = reply.send(Err(error));
            return;
        }
        self.locates.entry(person.clone()).or_default().push(reply);
        self.ask(Lane::Action, Ask::Person(person));
    }
}

fn lane(bulk: bool) -> Lane {
    if bulk { Lane::Bulk } else { Lane::Action }
}
