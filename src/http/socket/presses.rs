//! The actions that one browser has under way, as a stream of what to tell it. Actions go on when the browser leaves.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::actions::{ActionError, Actions, PersonResult, Press};

use crate::http::protocol::{MAX_RESULTS, Outbound, Progress};

/// Actions of one socket at once; a person presses one after the other.
const AT_ONCE: usize = 16;

#[derive(Default)]
pub(super) struct Presses {
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Step> + Send>>>,
}

/// An admit whose results come in.
struct Admit {
    r#ref: String,
    people: usize,
    told: usize,
    results: mpsc::Receiver<PersonResult>,
}

enum Step {
    Started(Admit),
    Results(Admit, Vec<PersonResult>),
    Failed {
        r#ref: String,
        error: ActionError,
    },
    /// Handed to a bridge; its row says what comes of it.
    Told,
}

impl Presses {
    pub(super) fn is_full(&self) -> bool {
        self.running.len() >= AT_ONCE
    }

    pub(super) fn admit(&self, actions: Actions, r#ref: String, press: Press) {
        let people = press.people.len();
        self.running.push(Box::pin(async move {
            match actions.admit(press).await {
                Ok(results) => Step::Started(Admit { r#ref, people, told: 0, results }),
                Err(error) => Step::Failed { r#ref, error },
            }
        }));
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

    /// What to tell the browser next; waits for ever while nothing is under way. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Reply {
        loop {
            let Some(step) = self.running.next().await else { std::future::pending().await };
            match step {
                Step::Started(admit) => {
                    let reply = admit.reply(Progress::Started, Vec::new());
                    self.running.push(Box::pin(admit.step()));
                    return reply;
                }
                Step::Results(mut admit, results) => {
                    admit.told += results.len();
                    // Nothing more came: the channel is closed.
                    let finished = admit.told >= admit.people || results.is_empty();
                    let reply = admit.reply(if finished { Progress::Finished } else { Progress::Progress }, results);
                    if !finished {
                        self.running.push(Box::pin(admit.step()));
                    }
                    return reply;
                }
                Step::Failed { r#ref, error } => return Reply::Failed { r#ref, error },
                Step::Told => {}
            }
        }
    }
}

impl Admit {
    async fn step(mut self) -> Step {
        let mut results = Vec::new();
        self.results.recv_many(&mut results, MAX_RESULTS).await;
        Step::Results(self, results)
    }

    fn reply(&self, state: Progress, results: Vec<PersonResult>) -> Reply {
        Reply::Admit { r#ref: self.r#ref.clone(), state, people: self.people, results }
    }
}

/// What a browser is told of an action that it asked for.
pub(super) enum Reply {
    Admit { r#ref: String, state: Progress, people: usize, results: Vec<PersonResult> },
    Failed { r#ref: String, error: ActionError },
}

impl Reply {
    /// `at_seq`: the last delta that the browser was sent before.
    pub(super) fn to_text(&self, at_seq: u64) -> String {
        match self {
            Self::Admit { r#ref, state, people, results } => {
                Outbound::Reply { r#ref, at_seq, state: *state, people: *people, results }.to_text()
            }
            Self::Failed { r#ref, error } => {
                let code = match error {
                    ActionError::Busy => "busy",
                    ActionError::UnknownBridge(_) => "unknown_bridge",
                };
                Outbound::Error { r#ref: Some(r#ref), code, message: error.to_string() }.to_text()
            }
        }
    }
}
