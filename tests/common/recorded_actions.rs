//! Takes the requests of a web server's browsers in place of `usher::actions`, for tests that answer them by hand.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use usher::model::{ActionError, ActionHandler, ActionRequest, Actor, TargetResult};

/// One request as it was handed over. Dropped without an answer, it is answered as busy.
#[derive(Debug)]
pub enum Recorded {
    Action { request: ActionRequest, results: mpsc::Sender<TargetResult>, started: oneshot::Sender<()> },
    Retry { actor: Actor, bridge: String, answer: oneshot::Sender<Result<(), ActionError>> },
    Pause { actor: Actor, bridge: String, paused: bool, answer: oneshot::Sender<Result<(), ActionError>> },
}

/// Hands requests over in their order, as the real handler does.
#[derive(Debug)]
pub struct RecordedActions(mpsc::Sender<Recorded>);

impl RecordedActions {
    /// Beyond `waiting` requests that the test did not take it answers `Busy`.
    pub fn channel(waiting: usize) -> (Self, mpsc::Receiver<Recorded>) {
        let (requests, receiver) = mpsc::channel(waiting);
        (Self(requests), receiver)
    }

    fn hand_over<T: Send + 'static>(&self, request: Recorded, answer: oneshot::Receiver<T>) -> BoxFuture<'static, Result<T, ActionError>> {
        let handed = self.0.try_send(request).map_err(|_| ActionError::Busy);
        async move {
            handed?;
            answer.await.map_err(|_| ActionError::Busy)
        }
        .boxed()
    }
}

impl ActionHandler for RecordedActions {
    fn submit(&self, request: ActionRequest) -> BoxFuture<'static, Result<mpsc::Receiver<TargetResult>, ActionError>> {
        let (results, receiver) = mpsc::channel(request.targets.len().max(1));
        let (started, is_started) = oneshot::channel();
        let handed = self.hand_over(Recorded::Action { request, results, started }, is_started);
        async move { handed.await.map(|()| receiver) }.boxed()
    }

    fn retry(&self, actor: Actor, bridge: String) -> BoxFuture<'static, Result<(), ActionError>> {
        let (answer, answered) = oneshot::channel();
        let handed = self.hand_over(Recorded::Retry { actor, bridge, answer }, answered);
        async move { handed.await? }.boxed()
    }

    fn pause(&self, actor: Actor, bridge: String, paused: bool) -> BoxFuture<'static, Result<(), ActionError>> {
        let (answer, answered) = oneshot::channel();
        let handed = self.hand_over(Recorded::Pause { actor, bridge, paused, answer }, answered);
        async move { handed.await? }.boxed()
    }
}
