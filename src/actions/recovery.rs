//! What a stop of the process left open: read back where it can be read, told, and never sent again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;
use tracing::error;

use super::journal::closing;
use super::{Deeds, Doubt, OpenPress, is_open};
use crate::audit::{AuditEvent, AuditSubject, Entry, Quota};
use crate::model::{Action, ActionKind, ActionResult, BridgeState, Lobby, Target, TargetResult};
use crate::store::meetings::calls_of;

/// What is said where it is not known whether CMS was asked.
const INTERRUPTED: &str = "Usher was restarted while this was under way; it was not sent again";
const READ_BACK: &str = "read back after a restart";
const GONE: &str = "not found after a restart";

impl Deeds {
    /// Tells what is known of each as soon as it is. Nothing is ever sent again.
    pub async fn recover(self, open: Vec<OpenPress>) {
        let deadline = Instant::now() + self.reach.timing.recover_within;
        let all = FuturesUnordered::from_iter(open.into_iter().map(async |press| {
            let target = press.target.clone();
            // What is left open is tried again by the next start.
            if AssertUnwindSafe(self.read_back(press, deadline)).catch_unwind().await.is_err() {
                error!(?target, "reading back what became of an action failed by a defect of Usher");
            }
        }));
        // What is not known yet at the next stop stays open in the journal, for the start after it.
        tokio::select! {
            () = all.collect::<()>() => {}
            () = self.ending.cancelled() => {}
        }
    }

    async fn read_back(&self, open: OpenPress, deadline: Instant) {
        let OpenPress { press, target, verb, user, address, scope, whom, action_id } = open;
        let (how, reason) = judge(verb, self.found(&target, deadline).await);
        // How long they had waited then is not known any more.
        let known = AuditSubject { waiting_since: None, ..AuditSubject::target(self.reach.cluster.store(), &target) };
        let whom = if known.name.is_empty() && known.meeting_name.is_empty() { whom } else { known };
        let result = TargetResult::new(target, how, reason);
        self.finish(verb, &user, &result);
        // Without room the action stays open in the journal, for the next start.
        let Some(mut room) = self.log.reserve_eventually(Quota::Actions, &user, 1).await else { return };
        let entry = Entry { user, address, scope, action_id, ..Entry::of(AuditEvent::Did(verb)) }.about(whom).with(&result);
        room.add_with(entry.clone(), closing(press, &result));
        if let Some(deed) = deed(verb).filter(|_| is_open(how)) {
            let doubt = Doubt { press, target: result.target, deed, entry };
            self.read_later(doubt).await;
        }
    }

    /// The lobby of a person who is there, `Unknown` for a meeting that is; None once every bridge has been read without them. `Unknown`, too,
    /// when there is no more time for bridges that could not be read: nothing is claimed then.
    async fn found(&self, target: &Target, deadline: Instant) -> Option<Lobby> {
        let store = self.reach.cluster.store();
        loop {
            let state = match target {
                Target::Person(id) => store.with_person(id, |person| person.lobby.state),
                Target::Meeting(id) => (!calls_of(store, id).is_empty()).then_some(Lobby::Unknown),
            };
            let known = match (state, target) {
                (Some(Lobby::Unknown), Target::Person(_)) => false,
                (Some(_), _) => true,
                (None, _) => self.everything_read(),
            };
            if known {
                return state;
            }
            if Instant::now() >= deadline {
                return state.or(Some(Lobby::Unknown));
            }
            tokio::time::sleep(self.reach.timing.publish_tick).await;
        }
    }

    fn everything_read(&self) -> bool {
        let store = self.reach.cluster.store();
        let is_read = |bridge: &Arc<str>| store.bridge_is(bridge, |facts| matches!(facts.state, BridgeState::Live | BridgeState::Polling));
        let bridges = store.all_bridges();
        !bridges.is_empty() && bridges.iter().all(is_read)
    }
}

/// What was to be done, where the verb alone says it.
fn deed(verb: ActionKind) -> Option<Action> {
    Some(match verb {
        ActionKind::Admit => Action::Admit,
        ActionKind::SendBack => Action::SendBack,
        ActionKind::Remove => Action::Remove,
        ActionKind::Mute => Action::Mute(true),
        ActionKind::Unmute => Action::Mute(false),
        ActionKind::Lock => Action::Lock(true),
        ActionKind::Unlock => Action::Lock(false),
        ActionKind::Rename | ActionKind::Message => return None,
    })
}

fn judge(verb: ActionKind, found: Option<Lobby>) -> (ActionResult, &'static str) {
    match (verb, found) {
        (ActionKind::Admit, Some(Lobby::In)) | (ActionKind::SendBack, Some(Lobby::Waiting)) | (ActionKind::Remove, None) => {
            (ActionResult::Done, READ_BACK)
        }
        (_, None) => (ActionResult::Left, GONE),
        _ => (ActionResult::Interrupted, INTERRUPTED),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(ActionKind::Admit, Some(Lobby::In), ActionResult::Done)]
    #[case(ActionKind::Admit, Some(Lobby::Waiting), ActionResult::Interrupted)]
    #[case(ActionKind::Admit, None, ActionResult::Left)]
    #[case(ActionKind::SendBack, Some(Lobby::Waiting), ActionResult::Done)]
    #[case(ActionKind::SendBack, Some(Lobby::In), ActionResult::Interrupted)]
    #[case(ActionKind::SendBack, Some(Lobby::Unknown), ActionResult::Interrupted)]
    #[case(ActionKind::Remove, None, ActionResult::Done)]
    #[case(ActionKind::Remove, Some(Lobby::Unknown), ActionResult::Interrupted)]
    #[case(ActionKind::Mute, Some(Lobby::In), ActionResult::Interrupted)]
    #[case(ActionKind::Lock, Some(Lobby::Unknown), ActionResult::Interrupted)]
    #[case(ActionKind::Lock, None, ActionResult::Left)]
    fn only_what_reads_so_is_called_done(#[case] verb: ActionKind, #[case] found: Option<Lobby>, #[case] expected: ActionResult) {
        assert_eq!(judge(verb, found).0, expected);
    }
}
