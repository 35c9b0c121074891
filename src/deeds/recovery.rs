//! What a stop of the process left open: read back where it can be read, told, and never sent again.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::{Deeds, OpenPress};
use crate::actions::{Target, TargetResult};
use crate::clock::Now;
use crate::model::{BridgeState, Lobby};
use crate::view::{ActionResult, Verb};

/// What is said where it is not known whether CMS was asked.
const INTERRUPTED: &str = "Usher was restarted while this was under way; it was not sent again";
const READ_BACK: &str = "read back after a restart";
const GONE: &str = "not found after a restart";

impl Deeds {
    /// Tells what is known of each as soon as it is. Nothing is ever sent again.
    pub async fn recover(self, open: Vec<OpenPress>) {
        let deadline = Instant::now() + self.reach.timing.recover_within;
        let all = FuturesUnordered::from_iter(open.into_iter().map(|press| self.read_back(press, deadline)));
        all.collect::<()>().await;
    }

    async fn read_back(&self, OpenPress { press, target, verb, user }: OpenPress, deadline: Instant) {
        let known = match (&target, verb) {
            (Target::Person(person), Verb::Admit | Verb::SendBack | Verb::Remove) => Some(self.known_by(person, deadline).await),
            _ => None,
        };
        let (how, reason) = judge(verb, known);
        self.desk.finish(&target, verb, &user, how, reason, Now::read(), self.reach.timing.outcome_shown);
        self.journal.result(press, &TargetResult::new(target, how, reason));
    }

    /// Where the person is; nowhere, once every bridge has been read.
    async fn known_by(&self, person: &str, deadline: Instant) -> Option<Lobby> {
        let store = self.reach.cluster.store();
        loop {
            let state = store.with_person(person, |person| person.lobby.state);
            let known = match state {
                Some(Lobby::In | Lobby::Waiting) => true,
                Some(Lobby::Unknown) => false,
                None => self.everything_read(),
            };
            if known || Instant::now() >= deadline {
                return state;
            }
            tokio::time::sleep(self.reach.timing.publish_tick).await;
        }
    }

    fn everything_read(&self) -> bool {
        let store = self.reach.cluster.store();
        let is_read = |bridge: &Arc<str>| {
            store.with_bridge(bridge, |facts| matches!(facts.state, BridgeState::Live | BridgeState::Polling)).unwrap_or(false)
        };
        let bridges = store.all_bridges();
        !bridges.is_empty() && bridges.iter().all(is_read)
    }
}

/// `known`: what was read of a person, where that tells anything about the verb.
fn judge(verb: Verb, known: Option<Option<Lobby>>) -> (ActionResult, &'static str) {
    match (verb, known) {
        (Verb::Admit, Some(Some(Lobby::In))) | (Verb::SendBack, Some(Some(Lobby::Waiting))) | (Verb::Remove, Some(None)) => {
            (ActionResult::Done, READ_BACK)
        }
        (_, Some(None)) => (ActionResult::Left, GONE),
        _ => (ActionResult::Interrupted, INTERRUPTED),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Verb::Admit, Some(Some(Lobby::In)), ActionResult::Done)]
    #[case(Verb::Admit, Some(Some(Lobby::Waiting)), ActionResult::Interrupted)]
    #[case(Verb::Admit, Some(None), ActionResult::Left)]
    #[case(Verb::SendBack, Some(Some(Lobby::Waiting)), ActionResult::Done)]
    #[case(Verb::SendBack, Some(Some(Lobby::In)), ActionResult::Interrupted)]
    #[case(Verb::SendBack, Some(Some(Lobby::Unknown)), ActionResult::Interrupted)]
    #[case(Verb::Remove, Some(None), ActionResult::Done)]
    #[case(Verb::Remove, Some(Some(Lobby::Unknown)), ActionResult::Interrupted)]
    #[case(Verb::Mute, None, ActionResult::Interrupted)]
    #[case(Verb::Lock, None, ActionResult::Interrupted)]
    fn only_what_reads_so_is_called_done(#[case] verb: Verb, #[case] known: Option<Option<Lobby>>, #[case] expected: ActionResult) {
        assert_eq!(judge(verb, known).0, expected);
    }
}
