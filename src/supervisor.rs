//! Watches essential tasks: when one of them fails, the process ends instead of only seeming to work. Knows no task.
//!
//! Other panics are contained where they happen: at one target of an action (`actions/target.rs`), one bridge (`cms/supervisor.rs`), one
//! database job (`db/threads.rs`).

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::text::cut;

/// The most characters of a panic's message that are logged.
const MESSAGE: usize = 300;

/// The task that failed, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task `{task}` {how}; this is a defect of Usher, which can't go on without it")]
pub struct TaskFailed {
    pub task: &'static str,
    pub how: String,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Supervisor {
    failed: watch::Sender<Option<TaskFailed>>,
    stop: CancellationToken,
    #[cfg(test)]
    faults: watch::Sender<Option<&'static str>>,
}

impl Supervisor {
    /// A watched task that ends before `stop` is cancelled has failed.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            failed: watch::Sender::default(),
            stop,
            #[cfg(test)]
            faults: watch::Sender::default(),
        }
    }

    /// Watches the task. A panic, or an end before the stop, is logged with the task's name, and [`Supervisor::failure`] returns.
    pub fn watch<F: Future<Output = ()>>(&self, task: &'static str, work: F) -> impl Future<Output = ()> + use<F> {
        let supervisor = self.clone();
        #[cfg(test)]
        let work = faulty(task, work, self.faults.subscribe());
        async move {
            match AssertUnwindSafe(work).catch_unwind().await {
                Err(panic) => supervisor.fail(task, format!("panicked: {}", message(&*panic))),
                Ok(()) if !supervisor.stop.is_cancelled() => supervisor.fail(task, "ended without being asked to".into()),
                Ok(()) => {}
            }
        }
    }

    fn fail(&self, task: &'static str, how: String) {
        error!(task, how, "essential task failed; Usher ends");
        self.failed.send_if_modified(|failed| failed.is_none().then(|| *failed = Some(TaskFailed { task, how })).is_some());
    }

    /// Waits until a task has failed. Returns the first one that did.
    pub async fn failure(&self) -> TaskFailed {
        let mut failed = self.failed.subscribe();
        match failed.wait_for(Option::is_some).await.map(|failed| failed.clone()) {
            Ok(Some(failed)) => failed,
            // Can't happen: `self` holds the sender.
            _ => std::future::pending().await,
        }
    }

    /// The first task that has failed, if any.
    pub fn failed(&self) -> Option<TaskFailed> {
        self.failed.borrow().clone()
    }

    /// Makes a task panic, for tests.
    #[cfg(test)]
    pub(crate) fn inject(&self, task: &'static str) {
        self.faults.send_replace(Some(task));
    }
}

#[cfg(test)]
async fn faulty(task: &'static str, work: impl Future<Output = ()>, mut faults: watch::Receiver<Option<&'static str>>) {
    tokio::select! {
        Ok(_) = faults.wait_for(|fault| *fault == Some(task)) => panic!("a defect, on purpose"),
        () = work => {}
    }
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    cut(text.unwrap_or("no message"), MESSAGE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_by_itself_is_named_and_the_first_one_counts() {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(stop.clone());
        assert_eq!(supervisor.failed(), None);
        supervisor.watch("first", async { panic!("overflow of {}", 7) }).await;
        supervisor.watch("second", async {}).await;
        let failed = supervisor.failure().await;
        assert_eq!((failed.task, &*failed.how), ("first", "panicked: overflow of 7"));
        assert!(failed.to_string().contains("`first`"), "{failed}");

        let supervisor = Supervisor::new(stop.clone());
        supervisor.watch("second", async {}).await;
        assert_eq!(supervisor.failed().map(|failed| failed.task), Some("second"), "nobody asked it to end");
    }

    #[tokio::test]
    async fn the_end_after_a_stop_is_no_failure() {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(stop.clone());
        let watched = supervisor.watch("asked", stop.clone().cancelled_owned());
        stop.cancel();
        watched.await;
        assert_eq!(supervisor.failed(), None);
    }
}
