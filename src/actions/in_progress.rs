//! The targets that actions are under way on, so that two requests for one target become one action, or one after the other. Sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::model::{Action, Target, TargetResult};

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct InProgress(Arc<Mutex<HashMap<Target, ActionInProgress>>>);

struct ActionInProgress {
    action: Action,
    waiting: Vec<oneshot::Sender<TargetResult>>,
}

/// The answer to a request that wants to act on a target.
pub(super) enum Access {
    Acquired(TargetGuard),
    /// Another action is under way; `same`: it is an equal one.
    Busy {
        same: bool,
        end: oneshot::Receiver<TargetResult>,
    },
}

/// Other requests for the target wait while it lives. Dropped without a result, it tells them that there is none.
pub(super) struct TargetGuard {
    in_progress: InProgress,
    target: Target,
    result: Option<TargetResult>,
}

impl InProgress {
    pub(super) fn enter(&self, target: &Target, action: &Action) -> Access {
        let mut targets = self.lock();
        match targets.get_mut(target) {
            Some(other) => {
                let (sender, end) = oneshot::channel();
                other.waiting.push(sender);
                Access::Busy { same: other.action == *action, end }
            }
            None => {
                targets.insert(target.clone(), ActionInProgress { action: action.clone(), waiting: Vec::new() });
                Access::Acquired(TargetGuard { in_progress: self.clone(), target: target.clone(), result: None })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, ActionInProgress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TargetGuard {
    /// Ends the action and passes its result to those who wait.
    pub(super) fn end(mut self, result: TargetResult) {
        self.result = Some(result);
    }
}

impl Drop for TargetGuard {
    fn drop(&mut self) {
        let ended = self.in_progress.lock().remove(&self.target);
        let Some(result) = &self.result else { return };
        for waiting in ended.into_iter().flat_map(|ended| ended.waiting) {
            // A request that was stopped no longer waits.
            let _ = waiting.send(result.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ActionResult;

    fn person() -> Target {
        Target::Person("p".into())
    }

    fn acquire(in_progress: &InProgress, action: &Action) -> TargetGuard {
        match in_progress.enter(&person(), action) {
            Access::Acquired(guard) => guard,
            Access::Busy { .. } => panic!("another one is under way"),
        }
    }

    fn busy(in_progress: &InProgress, action: &Action) -> (bool, oneshot::Receiver<TargetResult>) {
        match in_progress.enter(&person(), action) {
            Access::Busy { same, end } => (same, end),
            Access::Acquired(_) => panic!("nothing else is under way"),
        }
    }

    #[test]
    fn the_second_request_learns_whether_it_is_the_same_and_how_the_first_ended() {
        let in_progress = InProgress::default();
        let first = acquire(&in_progress, &Action::Rename("One".into()));
        let (same, mut end) = busy(&in_progress, &Action::Rename("One".into()));
        let (other_same, mut other_end) = busy(&in_progress, &Action::Rename("Two".into()));
        assert_eq!((same, other_same), (true, false));
        assert!(end.try_recv().is_err(), "it has not ended");
        let result = TargetResult::new(person(), ActionResult::Done, "");
        first.end(result.clone());
        assert_eq!((end.try_recv(), other_end.try_recv()), (Ok(result.clone()), Ok(result)));
        drop(acquire(&in_progress, &Action::Admit));
    }

    #[test]
    fn an_action_that_ends_without_a_result_keeps_nobody_waiting() {
        let in_progress = InProgress::default();
        let first = acquire(&in_progress, &Action::Admit);
        let (_, mut end) = busy(&in_progress, &Action::Admit);
        drop(first);
        assert_eq!(end.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        drop(acquire(&in_progress, &Action::Admit));
    }
}
