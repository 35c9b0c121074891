//! Reads back the actions that a stop of the process interrupted, and reports how they ended. Never sends them again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;
use tracing::error;

use super::journal::closing;
use super::late_readings::{UnconfirmedAction, is_uncertain};
use super::{Actions, InterruptedAction};
use crate::audit::{AuditEvent, AuditSubject, Entry, Quota};
use crate::model::{ActionKind, ActionResult, BridgeState, Lobby, Target, TargetResult};
use crate::store::meetings::calls_of;

/// The reason where it is not known whether CMS was asked.
const INTERRUPTED: &str = "Usher was restarted while this was under way; it was not sent again";
const READ_BACK: &str = "read back after a restart";
const GONE: &str = "not found after a restart";

impl Actions {
    /// Reports each action as soon as its result is known.
    pub async fn recover(self, interrupted: Vec<InterruptedAction>) {
        let deadline = Instant::now() + self.bridges.timing.recover_within;
        let all = FuturesUnordered::from_iter(interrupted.into_iter().map(async |action| {
            let target = action.target.clone();
            // The action stays open in the journal, and the next start tries again.
            if AssertUnwindSafe(self.read_back(action, deadline)).catch_unwind().await.is_err() {
                error!(?target, "read-back of an interrupted action failed by a defect of Usher");
            }
        }));
        // Actions without a result at the next stop stay open in the journal, for the start after it.
        tokio::select! {
            () = all.collect::<()>() => {}
            () = self.stopping.cancelled() => {}
        }
    }

    async fn read_back(&self, interrupted: InterruptedAction, deadline: Instant) {
        let InterruptedAction { journal_id, target, kind, user, address, scope, subject, action_id } = interrupted;
        let (result, reason) = result_of(kind, self.find_target(&target, deadline).await);
        // The length of their wait at that time is no longer known.
        let known = AuditSubject { waiting_since: None, ..AuditSubject::target(self.bridges.cluster.store(), &target) };
        let subject = if known.name.is_empty() && known.meeting_name.is_empty() { subject } else { known };
        let target_result = TargetResult::new(target, result, reason);
        self.show_outcome(kind, &user, &target_result);
        // Without room for its entry the action stays open in the journal, for the next start.
        let Some(mut reservation) = self.log.reserve_eventually(Quota::Actions, &user, 1).await else { return };
        let entry = Entry { user, address, scope, action_id, ..Entry::of(AuditEvent::Did(kind)) }.about(subject).with(&target_result);
        reservation.add_with(entry.clone(), closing(journal_id, &target_result));
        if let Some(action) = kind.action().filter(|_| is_uncertain(result)) {
            self.read_later(UnconfirmedAction { journal_id, target: target_result.target, action, entry }).await;
        }
    }

    /// Waits until the target is found: the lobby state of a participant, `Unknown` for a meeting; None once every bridge has been read without
    /// it. Also `Unknown` when the deadline passes before every bridge could be read: then nothing is claimed.
    async fn find_target(&self, target: &Target, deadline: Instant) -> Option<Lobby> {
        let store = self.bridges.cluster.store();
        loop {
            let state = match target {
                Target::Person(id) => store.with_person(id, |person| person.lobby.state),
                Target::Meeting(id) => (!calls_of(store, id).is_empty()).then_some(Lobby::Unknown),
            };
            let known = match (state, target) {
                (Some(Lobby::Unknown), Target::Person(_)) => false,
                (Some(_), _) => true,
                (None, _) => self.is_every_bridge_read(),
            };
            if known {
                return state;
            }
            if Instant::now() >= deadline {
                return state.or(Some(Lobby::Unknown));
            }
            tokio::time::sleep(self.bridges.timing.publish_tick).await;
        }
    }

    fn is_every_bridge_read(&self) -> bool {
        let store = self.bridges.cluster.store();
        let is_read = |bridge: &Arc<str>| store.bridge_is(bridge, |facts| matches!(facts.state, BridgeState::Live | BridgeState::Polling));
        let bridges = store.all_bridges();
        !bridges.is_empty() && bridges.iter().all(is_read)
    }
}

fn result_of(kind: ActionKind, found: Option<Lobby>) -> (ActionResult, &'static str) {
    match (kind, found) {
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
    fn only_a_reached_goal_is_called_done(#[case] kind: ActionKind, #[case] found: Option<Lobby>, #[case] expected: ActionResult) {
        assert_eq!(result_of(kind, found).0, expected);
    }
}
