//! Who and what is just being acted on, so that two presses on one target are one action, or one after the other. Sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::model::{Action, Target, TargetResult};

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<Target, UnderWay>>>);

struct UnderWay {
    deed: Action,
    waiting: Vec<oneshot::Sender<TargetResult>>,
}

/// What a press finds at a target.
pub(super) enum Turn {
    Mine(Mine),
    /// Another one is under way, perhaps for the same.
    Others {
        same: bool,
        end: oneshot::Receiver<TargetResult>,
    },
}

/// For as long as it lives, others wait. Where it ends without a result they learn that.
pub(super) struct Mine {
    running: Running,
    target: Target,
    result: Option<TargetResult>,
}

impl Running {
    pub(super) fn enter(&self, target: &Target, deed: &Action) -> Turn {
        let mut running = self.lock();
        match running.get_mut(target) {
            Some(other) => {
                let (sender, end) = oneshot::channel();
                other.waiting.push(sender);
                Turn::Others { same: other.deed == *deed, end }
            }
            None => {
                running.insert(target.clone(), UnderWay { deed: deed.clone(), waiting: Vec::new() });
                Turn::Mine(Mine { running: self.clone(), target: target.clone(), result: None })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, UnderWay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mine {
    /// Ends it and tells those who wait.
    pub(super) fn end(mut self, result: TargetResult) {
        self.result = Some(result);
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        let ended = self.running.lock().remove(&self.target);
        let Some(result) = &self.result else { return };
        for waiting in ended.into_iter().flat_map(|ended| ended.waiting) {
            // Who was stopped waits no longer.
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

    fn mine(running: &Running, deed: &Action) -> Mine {
        match running.enter(&person(), deed) {
            Turn::Mine(mine) => mine,
            Turn::Others { .. } => panic!("another one is under way"),
        }
    }

    fn others(running: &Running, deed: &Action) -> (bool, oneshot::Receiver<TargetResult>) {
        match running.enter(&person(), deed) {
            Turn::Others { same, end } => (same, end),
            Turn::Mine(_) => panic!("nothing else is under way"),
        }
    }

    #[test]
    fn who_comes_second_learns_whether_it_is_the_same_and_how_it_ended() {
        let running = Running::default();
        let first = mine(&running, &Action::Rename("One".into()));
        let (same, mut end) = others(&running, &Action::Rename("One".into()));
        let (other_same, mut other_end) = others(&running, &Action::Rename("Two".into()));
        assert_eq!((same, other_same), (true, false));
        assert!(end.try_recv().is_err(), "it has not ended");
        let result = TargetResult::new(person(), ActionResult::Done, "");
        first.end(result.clone());
        assert_eq!((end.try_recv(), other_end.try_recv()), (Ok(result.clone()), Ok(result)));
        drop(mine(&running, &Action::Admit));
    }

    #[test]
    fn one_that_ends_without_a_result_keeps_nobody_waiting() {
        let running = Running::default();
        let first = mine(&running, &Action::Admit);
        let (_, mut end) = others(&running, &Action::Admit);
        drop(first);
        assert_eq!(end.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        drop(mine(&running, &Action::Admit));
    }
}
