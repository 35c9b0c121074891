//! The actions that one browser has under way, as a stream of what to tell it. Actions go on when the browser leaves.

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
use crate::model::action::Actions;
use crate::model::{ActionError, ActionRequest, TargetResult};

/// Actions of one socket at once; a person presses one after the other.
const AT_ONCE: usize = 16;
/// Finished actions of which more may be heard; of others than these the rows alone tell.
const FINISHED: usize = 64;

type Steps = FuturesUnordered<Pin<Box<dyn Future<Output = Step> + Send>>>;

pub(super) struct Presses {
    /// The user's.
    budget: Arc<RequestBudget>,
    running: Steps,
    /// Those that have ended, while a result of theirs may be put right.
    ended: Steps,
    /// How those that run are stopped, by the browser's own word.
    stops: HashMap<String, CancellationToken>,
}

/// A press whose results come in.
struct Running {
    r#ref: String,
    people: usize,
    told: usize,
    finished: bool,
    results: mpsc::Receiver<TargetResult>,
    /// Until it is finished.
    under_way: Option<RunningRequest>,
}

enum Step {
    Started(Running),
    Results(Running, Vec<TargetResult>),
    Failed {
        r#ref: String,
        error: ActionError,
    },
    /// Handed to a bridge; its row says what comes of it.
    Told,
    /// Something else that took its time.
    Did(Reply),
}

impl Presses {
    pub(super) fn new(budget: Arc<RequestBudget>) -> Self {
        Self { budget, running: Steps::new(), ended: Steps::new(), stops: HashMap::new() }
    }

    /// This page, or its user, has as much under way as may be.
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= AT_ONCE || self.budget.is_full(self.running.len())
    }

    /// False where the user has asked for too much of late.
    pub(super) fn spend(&self, people: usize) -> bool {
        self.budget.spend(people)
    }

    pub(super) fn press(&mut self, actions: &Actions, r#ref: String, press: ActionRequest) {
        let people = press.targets.len();
        self.stops.insert(r#ref.clone(), press.stop.clone());
        let begun = actions.press(press);
        let under_way = Some(self.budget.begin());
        self.running.push(Box::pin(async move {
            match begun.await {
                Ok(results) => Step::Started(Running { r#ref, people, told: 0, finished: false, results, under_way }),
                Err(error) => Step::Failed { r#ref, error },
            }
        }));
    }

    /// Nothing more of a press is sent; one that has ended is none any more.
    pub(super) fn stop(&self, press: &str) {
        if let Some(stop) = self.stops.get(press) {
            stop.cancel();
        }
    }

    /// Something for a bridge, which has no reply where it is taken.
    pub(super) fn tell(&self, r#ref: String, told: impl Future<Output = Result<(), ActionError>> + Send + 'static) {
        let under_way = self.budget.begin();
        self.running.push(Box::pin(async move {
            let told = told.await;
            drop(under_way);
            match told {
                Ok(()) => Step::Told,
                Err(error) => Step::Failed { r#ref, error },
            }
        }));
    }

    /// Something that says itself what the browser is to be told of it.
    pub(super) fn reply(&self, reply: impl Future<Output = Reply> + Send + 'static) {
        let under_way = self.budget.begin();
        self.running.push(Box::pin(async move {
            let reply = reply.await;
            drop(under_way);
            Step::Did(reply)
        }));
    }

    /// What to tell the browser next; waits for ever while nothing is under way. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Reply {
        loop {
            let step = tokio::select! {
                Some(step) = self.running.next() => step,
                Some(step) = self.ended.next() => step,
                else => std::future::pending().await,
            };
            if let Some(reply) = self.take(step) {
                return reply;
            }
        }
    }

    fn take(&mut self, step: Step) -> Option<Reply> {
        match step {
            Step::Started(press) => {
                let reply = press.reply(Progress::Started, Vec::new());
                self.running.push(Box::pin(press.step()));
                Some(reply)
            }
            Step::Results(press, results) if press.finished => {
                // None: the channel is closed, and nothing more is to come.
                let reply = (!results.is_empty()).then(|| press.reply(Progress::Finished, results))?;
                self.ended.push(Box::pin(press.step()));
                Some(reply)
            }
            Step::Results(mut press, results) => {
                press.told += results.iter().filter(|result| !result.corrected).count();
                // Nothing more came: the channel is closed.
                press.finished = press.told >= press.people || results.is_empty();
                let reply = press.reply(if press.finished { Progress::Finished } else { Progress::Progress }, results);
                if !press.finished {
                    self.running.push(Box::pin(press.step()));
                    return Some(reply);
                }
                press.under_way = None;
                self.stops.remove(&press.r#ref);
                if self.ended.len() < FINISHED {
                    self.ended.push(Box::pin(press.step()));
                }
                Some(reply)
            }
            Step::Failed { r#ref, error } => {
                self.stops.remove(&r#ref);
                Some(Reply::Failed { r#ref, error })
            }
            Step::Told => None,
            Step::Did(reply) => Some(reply),
        }
    }
}

impl Running {
    async fn step(mut self) -> Step {
        let mut results = Vec::new();
        self.results.recv_many(&mut results, MAX_RESULTS).await;
        Step::Results(self, results)
    }

    fn reply(&self, state: Progress, results: Vec<TargetResult>) -> Reply {
        Reply::Results { r#ref: self.r#ref.clone(), state, people: self.people, results }
    }
}
