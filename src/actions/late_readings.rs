//! Reads targets again whose action ended unconfirmed, and corrects its result: on the row, on the page that requested it, in the journal and the
//! audit log. Sends nothing to CMS but readings.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::Actions;
use super::goal::Observation;
use super::journal::closing;
use crate::audit::{Entry, Quota, Reservation, new_action_id};
use crate::clock::Now;
use crate::model::wire_name::to_wire;
use crate::model::{Action, ActionResult, Outcome, Target, TargetResult};

/// Late readings under way at once, of all requests: they must not delay what moderators do now.
const AT_ONCE: usize = 16;

/// An action on one target whose result is not certain.
pub(super) struct UnconfirmedAction {
    /// The id of its request in the journal.
    pub(super) journal_id: i64,
    pub(super) target: Target,
    pub(super) action: Action,
    /// Its entry in the audit log when it ended.
    pub(super) entry: Entry,
}

/// The targets that are read again; cheap to clone.
#[derive(Clone)]
pub(super) struct LateReadings(Arc<Inner>);

struct Inner {
    watched: Mutex<HashMap<Target, CancellationToken>>,
    slots: Semaphore,
}

impl Default for LateReadings {
    fn default() -> Self {
        Self(Arc::new(Inner { watched: Mutex::default(), slots: Semaphore::new(AT_ONCE) }))
    }
}

impl LateReadings {
    /// Another action begins on the target: later readings say nothing about the one before.
    pub(super) fn supersede(&self, target: &Target) {
        if let Some(watched) = self.lock().remove(target) {
            watched.cancel();
        }
    }

    /// The token is cancelled as soon as another action begins.
    fn watch(&self, target: &Target) -> CancellationToken {
        let token = CancellationToken::new();
        if let Some(before) = self.lock().insert(target.clone(), token.clone()) {
            before.cancel();
        }
        token
    }

    fn end(&self, target: &Target, token: &CancellationToken) {
        if !token.is_cancelled() {
            self.lock().remove(target);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, CancellationToken>> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// CMS may have carried the action out, or may still do so.
pub(super) fn is_uncertain(result: ActionResult) -> bool {
    matches!(result, ActionResult::Unconfirmed | ActionResult::Interrupted)
}

impl Actions {
    /// Reads the target again until it has reached the goal; returns the result that replaces the first, if there is one. Another action on the
    /// target, or the end of Usher, ends it. A panic during a reading does not affect the request's other targets.
    pub(super) async fn read_later(&self, unconfirmed: UnconfirmedAction) -> Option<TargetResult> {
        let target = unconfirmed.target.clone();
        AssertUnwindSafe(self.read_until_known(unconfirmed)).catch_unwind().await.unwrap_or_else(|_| {
            error!(?target, "late reading of an action failed by a defect of Usher; its result stays");
            None
        })
    }

    async fn read_until_known(&self, unconfirmed: UnconfirmedAction) -> Option<TargetResult> {
        let superseded = self.late_readings.watch(&unconfirmed.target);
        let found = tokio::select! {
            biased;
            () = self.stopping.cancelled() => None,
            () = superseded.cancelled() => None,
            found = self.find_result(&unconfirmed) => found,
        };
        self.late_readings.end(&unconfirmed.target, &superseded);
        let (result, reason) = found?;
        let reservation = tokio::select! {
            biased;
            () = self.stopping.cancelled() => None,
            reservation = self.log.reserve_eventually(Quota::Actions, &unconfirmed.entry.user, 1) => reservation,
        };
        Some(self.correct(unconfirmed, result, &reason, reservation?))
    }

    async fn find_result(&self, unconfirmed: &UnconfirmedAction) -> Option<(ActionResult, String)> {
        let ended = Instant::now();
        for after in self.bridges.timing.read_later {
            tokio::time::sleep_until(ended + after).await;
            // Never closed.
            let slot = self.late_readings.0.slots.acquire().await;
            let observation = self.observe_target(unconfirmed).await;
            drop(slot);
            if let Some(found) = corrected_result(&observation, ended.elapsed()) {
                return Some(found);
            }
        }
        None
    }

    async fn observe_target(&self, unconfirmed: &UnconfirmedAction) -> Observation {
        #[cfg(test)]
        super::faults::panic_if_listed(&super::faults::LATER, &unconfirmed.target);
        let action = &unconfirmed.action;
        match (&unconfirmed.target, action.kind().is_for_meetings()) {
            (Target::Person(id), false) => self.bridges.observe_participant(action, id).await,
            (Target::Meeting(id), true) => self.bridges.observe_meeting(action, id).await,
            _ => Observation::Unclear,
        }
    }

    /// Writes a second entry into the audit log, which names the first.
    fn correct(&self, unconfirmed: UnconfirmedAction, result: ActionResult, reason: &str, mut reservation: Reservation) -> TargetResult {
        let UnconfirmedAction { journal_id, target, action, entry } = unconfirmed;
        let now = Now::read();
        self.note_texts(&action, &target, result);
        let by = entry.user.clone();
        self.moderation.correct(&target, Outcome { action: action.kind(), result, reason: reason.into(), by, at: now.unix_ms });
        let corrected = TargetResult { corrected: true, ..TargetResult::new(target, result, reason) };
        let first = entry.action_id.clone();
        let second = Entry { at: now.unix_ms, action_id: new_action_id(), ..entry };
        reservation.add_with(second.ended(result).reason(reason).corrects(first), closing(journal_id, &corrected));
        let (action, result) = (to_wire(&action.kind()), to_wire(&result));
        metrics::counter!("usher_actions_corrected_total", "action" => action, "result" => result).increment(1);
        corrected
    }
}

/// The result that a late reading shows; None while nothing new is known.
fn corrected_result(observation: &Observation, since_the_end: Duration) -> Option<(ActionResult, String)> {
    let s = since_the_end.as_secs().max(1);
    match observation {
        Observation::Reached => Some((ActionResult::Done, format!("confirmed late, {s} s after the action had ended unconfirmed"))),
        Observation::Left => Some((ActionResult::Left, "left before it could be confirmed".into())),
        Observation::NotReached | Observation::Unclear | Observation::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reached_goal_or_a_departure_corrects_a_result() {
        let result = |observation| corrected_result(&observation, Duration::from_secs(2)).map(|(result, _)| result);
        assert_eq!([result(Observation::Reached), result(Observation::Left)], [Some(ActionResult::Done), Some(ActionResult::Left)]);
        assert_eq!([result(Observation::NotReached), result(Observation::Unclear)], [None, None]);
        assert_eq!(result(Observation::Failed(crate::cms::RequestError::Forbidden)), None);
    }

    #[test]
    fn another_action_ends_the_readings_for_the_one_before() {
        let (readings, target) = (LateReadings::default(), Target::Person("p".into()));
        let first = readings.watch(&target);
        let second = readings.watch(&target);
        assert_eq!((first.is_cancelled(), second.is_cancelled()), (true, false));
        readings.end(&target, &first);
        readings.supersede(&target);
        assert!(second.is_cancelled(), "the end of the first is not the end of the second");
    }
}
