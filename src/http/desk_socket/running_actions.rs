//! The requests of one browser that are under way, as a stream of replies. Actions go on when the browser leaves.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::protocol::{MAX_RESULTS, Progress};
use super::reply::Reply;
use crate::http::limits::request_budget::{RequestBudget, RunningRequest};
use crate::model::{ActionError, TargetResult};

/// Requests of one socket that are under way at once; a moderator clicks one button after the other.
const AT_ONCE: usize = 16;
/// Finished requests whose results may still be corrected on this socket; corrections of older ones show on the rows alone.
const FINISHED: usize = 64;

type Progresses = FuturesUnordered<Pin<Box<dyn Future<Output = RequestProgress> + Send>>>;

pub(super) struct RunningActions {
    /// The budget of the user, for all pages.
    budget: Arc<RequestBudget>,
    running: Progresses,
    /// Finished requests, while one of their results may be corrected.
    finished: Progresses,
    /// Stops running requests, by the browser's reference.
    stops: HashMap<String, CancellationToken>,
}

/// An action request whose results come in.
struct FollowedRequest {
    r#ref: String,
    targets: usize,
    /// Targets with a result.
    ended: usize,
    finished: bool,
    results: mpsc::Receiver<TargetResult>,
    /// Until the request is finished.
    under_way: Option<RunningRequest>,
}

enum RequestProgress {
    Started(FollowedRequest),
    Results(FollowedRequest, Vec<TargetResult>),
    Failed {
        r#ref: String,
        error: ActionError,
    },
    /// Delivered to a bridge, whose row shows the effect.
    Delivered,
    Replied(Reply),
}

impl RunningActions {
    pub(super) fn new(budget: Arc<RequestBudget>) -> Self {
        Self { budget, running: Progresses::new(), finished: Progresses::new(), stops: HashMap::new() }
    }

    /// This page, or its user, has as many requests under way as allowed.
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= AT_ONCE || self.budget.is_full(self.running.len())
    }

    /// Returns false if the user has requested too much lately.
    pub(super) fn spend(&self, targets: usize) -> bool {
        self.budget.spend(targets)
    }

    /// Follows an action request that was handed over: `journalled` yields its results.
    pub(super) fn follow_action(
        &mut self,
        r#ref: String,
        targets: usize,
        stop: CancellationToken,
        journalled: impl Future<Output = Result<mpsc::Receiver<TargetResult>, ActionError>> + Send + 'static,
    ) {
        self.stops.insert(r#ref.clone(), stop);
        let under_way = Some(self.budget.begin());
        self.running.push(Box::pin(async move {
            match journalled.await {
                Ok(results) => RequestProgress::Started(FollowedRequest { r#ref, targets, ended: 0, finished: false, results, under_way }),
                Err(error) => RequestProgress::Failed { r#ref, error },
            }
        }));
    }

    /// Sends nothing more of a request; does nothing if it has ended.
    pub(super) fn stop(&self, r#ref: &str) {
        if let Some(stop) = self.stops.get(r#ref) {
            stop.cancel();
        }
    }

    /// Follows a command for a bridge, which gets a reply only if it fails.
    pub(super) fn follow_command(&self, r#ref: String, delivered: impl Future<Output = Result<(), ActionError>> + Send + 'static) {
        let under_way = self.budget.begin();
        self.running.push(Box::pin(async move {
            let delivered = delivered.await;
            drop(under_way);
            match delivered {
                Ok(()) => RequestProgress::Delivered,
                Err(error) => RequestProgress::Failed { r#ref, error },
            }
        }));
    }

    /// Follows a request that makes its reply itself.
    pub(super) fn follow_reply(&self, reply: impl Future<Output = Reply> + Send + 'static) {
        let under_way = self.budget.begin();
        self.running.push(Box::pin(async move {
            let reply = reply.await;
            drop(under_way);
            RequestProgress::Replied(reply)
        }));
    }

    /// The next reply; pending for ever while nothing is under way. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Reply {
        loop {
            let progress = tokio::select! {
                Some(progress) = self.running.next() => progress,
                Some(progress) = self.finished.next() => progress,
                else => std::future::pending().await,
            };
            if let Some(reply) = self.on_progress(progress) {
                return reply;
            }
        }
    }

    fn on_progress(&mut self, progress: RequestProgress) -> Option<Reply> {
        match progress {
            RequestProgress::Started(request) => {
                let reply = request.reply(Progress::Started, Vec::new());
                self.running.push(Box::pin(request.progress()));
                Some(reply)
            }
            RequestProgress::Results(request, corrections) if request.finished => {
                if corrections.is_empty() {
                    // The channel is closed: no more corrections.
                    return None;
                }
                let reply = request.reply(Progress::Finished, corrections);
                self.finished.push(Box::pin(request.progress()));
                Some(reply)
            }
            RequestProgress::Results(request, results) => Some(self.on_results(request, results)),
            RequestProgress::Failed { r#ref, error } => {
                self.stops.remove(&r#ref);
                Some(Reply::Failed { r#ref, error })
            }
            RequestProgress::Delivered => None,
            RequestProgress::Replied(reply) => Some(reply),
        }
    }

    fn on_results(&mut self, mut request: FollowedRequest, results: Vec<TargetResult>) -> Reply {
        request.ended += results.iter().filter(|result| !result.corrected).count();
        // No results: the channel is closed.
        request.finished = request.ended >= request.targets || results.is_empty();
        if !request.finished {
            let reply = request.reply(Progress::Progress, results);
            self.running.push(Box::pin(request.progress()));
            return reply;
        }
        let reply = request.reply(Progress::Finished, results);
        request.under_way = None;
        self.stops.remove(&request.r#ref);
        if self.finished.len() < FINISHED {
            self.finished.push(Box::pin(request.progress()));
        }
        reply
    }
}

impl FollowedRequest {
    async fn progress(mut self) -> RequestProgress {
        let mut results = Vec::new();
        self.results.recv_many(&mut results, MAX_RESULTS).await;
        RequestProgress::Results(self, results)
    }

    fn reply(&self, state: Progress, results: Vec<TargetResult>) -> Reply {
        Reply::Results { r#ref: self.r#ref.clone(), state, people: self.targets, results }
    }
}
