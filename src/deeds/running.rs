//! Who and what is just being acted on, so that two presses on one target are one action, or one after the other. Sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::actions::{Deed, Target, TargetResult};

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<Target, UnderWay>>>);

struct UnderWay {
    deed: Deed,
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
    pub(super) fn enter(&self, target: &Target, deed: &Deed) -> Turn {
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
