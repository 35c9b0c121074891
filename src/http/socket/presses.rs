//! The actions that one browser has under way, as a stream of what to tell it. Actions go on when the browser leaves.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::reply::Reply;
use crate::actions::{ActionError, Actions, Press, TargetResult};
use crate::http::protocol::{MAX_RESULTS, Progress};

/// Actions of one socket at once; a person presses one after the other.
const AT_ONCE: usize = 16;

#[derive(Default)]
pub(super) struct Presses {
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Step> + Send>>>,
    /// How those that run are stopped, by the browser's own word.
    stops: HashMap<String, CancellationToken>,
}

/// A press whose results come in.
struct Running {
    r#ref: String,
    people: usize,
    told: usize,
    results: mpsc::Receiver<TargetResult>,
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
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= AT_ONCE
    }

    pub(super) fn press(&mut self, actions: &Actions, r#ref: String, press: Press) {
        let people = press.targets.len();
        self.stops.insert(r#ref.clone(), press.stop.clone());
        let begun = actions.press(press);
        self.running.push(Box::pin(async move {
            match begun.await {
                Ok(results) => Step::Started(Running { r#ref, people, told: 0, results }),
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
        self.running.push(Box::pin(async move {
            match told.await {
                Ok(()) => Step::Told,
                Err(error) => Step::Failed { r#ref, error },
            }
        }));
    }

    /// Something that says itself what the browser is to be told of it.
    pub(super) fn reply(&self, reply: impl Future<Output = Reply> + Send + 'static) {
        self.running.push(Box::pin(async move { Step::Did(reply.await) }));
    }

    /// What to tell the browser next; waits for ever while nothing is under way. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Reply {
        loop {
            let Some(step) = self.running.next().await else { std::future::pending().await };
            match step {
                Step::Started(press) => {
                    let reply = press.reply(Progress::Started, Vec::new());
                    self.running.push(Box::pin(press.step()));
                    return reply;
                }
                Step::Results(mut press, results) => {
                    press.told += results.len();
                    // Nothing more came: the channel is closed.
                    let finished = press.told >= press.people || results.is_empty();
                    let reply = press.reply(if finished { Progress::Finished } else { Progress::Progress }, results);
                    if finished {
                        self.stops.remove(&press.r#ref);
                    } else {
                        self.running.push(Box::pin(press.step()));
                    }
                    return reply;
                }
                Step::Failed { r#ref, error } => {
                    self.stops.remove(&r#ref);
                    return Reply::Failed { r#ref, error };
                }
                Step::Told => {}
                Step::Did(reply) => return reply,
            }
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
