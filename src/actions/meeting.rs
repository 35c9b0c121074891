//! Carries out an action for one meeting, which has one call on each of its bridges.
//!
//! A lock spreads to all calls of a meeting (rest.md section 7, inferred): Usher asks one call for it, and another one only if the lock does
//! not spread. A banner is requested of every call. Each call gets one request; a second one only if the first was certainly not, and will
//! not be, carried out.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bridge_client::BridgeClient;
use super::goal::{Observation, with_status};
use super::participant::AfterFailure;
use super::target::ResultAndReason;
use crate::cms::{CallDetail, Mutation, Request, RequestError, Response};
use crate::model::ActionResult::{Already, Done, Left, Refused, Stopped, Unconfirmed, Unreachable};
use crate::model::{Action, CallKey};
use crate::store::meetings::calls_of;

type Read = Result<CallDetail, RequestError>;

/// The calls of a meeting that a change was requested of, and their responses.
#[derive(Debug, Default)]
struct CallRequests {
    /// Calls that accepted the request, or have not answered and may carry it out: they are not asked again.
    calls: HashSet<CallKey>,
    /// At least one of them accepted it.
    accepted: bool,
    /// How the others failed.
    failures: Vec<ResultAndReason>,
}

impl CallRequests {
    /// Returns true if the call accepted the request.
    fn note(&mut self, key: &CallKey, result: Result<bool, ResultAndReason>) -> bool {
        match result {
            Ok(accepted) => {
                self.calls.insert(key.clone());
                self.accepted |= accepted;
                accepted
            }
            Err(failure) => {
                self.failures.push(failure);
                false
            }
        }
    }

    fn so_far(&self) -> &'static str {
        if self.accepted { "CMS accepted the request, but" } else { "CMS has not answered the request;" }
    }

    fn ended(&self) -> &'static str {
        if self.accepted { "ended after CMS had accepted the request" } else { "ended before CMS answered the request" }
    }
}

impl BridgeClient {
    pub(super) async fn act_on_meeting(&self, action: &Action, meeting: &str, stop: &CancellationToken) -> ResultAndReason {
        let calls: Vec<CallKey> = calls_of(self.cluster.store(), meeting).into_iter().map(|(key, _)| key).collect();
        let read = self.read_all(calls).await;
        if read.is_empty() {
            return (Left, String::new());
        }
        if read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| action.is_reached_by_call(call))) {
            return (Already, String::new());
        }
        let calls: Vec<CallKey> = read.into_iter().map(|(key, _)| key).collect();
        let requests = match action {
            Action::Lock(_) => self.ask_one(action, &calls, stop).await,
            _ => self.ask_all(action, &calls, stop).await,
        };
        if requests.calls.is_empty() {
            return most_telling(requests.failures);
        }
        self.confirm_meeting(action, calls, requests).await
    }

    /// Reads whether the goal is reached by now in each call of the meeting.
    pub(super) async fn observe_meeting(&self, action: &Action, meeting: &str) -> Observation {
        let calls = calls_of(self.cluster.store(), meeting).into_iter().map(|(key, _)| key).collect();
        let read = self.read_all(calls).await;
        match read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| call.shows(action))) {
            _ if read.is_empty() => Observation::Left,
            true => Observation::Reached,
            false => Observation::NotReached,
        }
    }

    /// Reads each call; leaves out calls that have ended.
    async fn read_all(&self, calls: Vec<CallKey>) -> Vec<(CallKey, Read)> {
        let read = join_all(calls.into_iter().map(|key| async {
            let read = self.read_call(&key).await;
            (key, read)
        }));
        read.await.into_iter().filter(|(_, read)| !matches!(read, Err(RequestError::Gone(_)))).collect()
    }

    async fn read_call(&self, key: &CallKey) -> Read {
        match self.read(&key.bridge, Request::Call(key.call.clone()), false).await? {
            Response::Call(detail) => Ok(detail),
            _ => Err(RequestError::Garbled("not a call".into())),
        }
    }

    /// Asks the calls one after the other until one accepts. If one does not answer, the next is asked unless it has reached the goal by now.
    async fn ask_one(&self, action: &Action, calls: &[CallKey], stop: &CancellationToken) -> CallRequests {
        let mut requests = CallRequests::default();
        for key in calls {
            let spread = !requests.calls.is_empty() && self.read_call(key).await.is_ok_and(|call| call.shows(action));
            if spread || requests.note(key, self.change_call(action, key, stop).await) {
                break;
            }
        }
        requests
    }

    async fn ask_all(&self, action: &Action, calls: &[CallKey], stop: &CancellationToken) -> CallRequests {
        let results = join_all(calls.iter().map(|key| self.change_call(action, key, stop))).await;
        let mut requests = CallRequests::default();
        for (key, result) in calls.iter().zip(results) {
            requests.note(key, result);
        }
        requests
    }

    /// Sends at most one request that CMS carries out. Returns true if CMS accepted it; false if CMS has not answered, and may carry it out.
    async fn change_call(&self, action: &Action, key: &CallKey, stop: &CancellationToken) -> Result<bool, ResultAndReason> {
        let deadline = Instant::now() + self.timing.action_deadline;
        let mut repeated = false;
        loop {
            let error = match self.change(&key.bridge, Mutation::new(action, &key.call), false, stop).await {
                Ok(()) => return Ok(true),
                Err(error) => error,
            };
            let next = match error {
                RequestError::Withdrawn => AfterFailure::End((Stopped, String::new())),
                RequestError::Busy { retry_after } => self.wait_while_busy(retry_after, deadline, stop).await,
                RequestError::Gone(_) => AfterFailure::End((Left, String::new())),
                RequestError::Refused { status, reason } => AfterFailure::End((Refused, with_status(status, reason))),
                RequestError::Withheld(reason) => AfterFailure::End((Refused, reason)),
                RequestError::Untrusted(why) => AfterFailure::End((Unreachable, why)),
                RequestError::Unauthorized | RequestError::Forbidden => AfterFailure::End((Refused, error.to_string())),
                RequestError::Unreachable(_) | RequestError::Closed { soon: true, .. }
                    if !std::mem::replace(&mut repeated, true) && Instant::now() < deadline =>
                {
                    match self.read_call(key).await {
                        Ok(call) if call.shows(action) => return Ok(true),
                        Ok(_) => AfterFailure::Retry,
                        Err(_) if error.leaves_open() => return Ok(false),
                        Err(_) => AfterFailure::End((Unreachable, error.to_string())),
                    }
                }
                RequestError::Unreachable(_) => AfterFailure::End((Unreachable, error.to_string())),
                RequestError::TimedOut(_) | RequestError::Closed { .. } | RequestError::Garbled(_) => return Ok(false),
            };
            if let AfterFailure::End(outcome) = next {
                return Err(outcome);
            }
        }
    }

    /// Reads all calls until they have reached the goal. A call that has not after half the time is asked itself.
    async fn confirm_meeting(&self, action: &Action, mut calls: Vec<CallKey>, mut requests: CallRequests) -> ResultAndReason {
        let began = Instant::now();
        let mut pause = self.timing.confirm_within / 50;
        loop {
            let read = self.read_all(calls).await;
            let expired = matches!(action, Action::Message { seconds: Some(seconds), .. } if began.elapsed() >= Duration::from_secs(u64::from(*seconds)));
            if expired || read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| call.shows(action))) {
                // A meeting that has ended needs nothing any more.
                return if read.is_empty() { (Left, requests.ended().into()) } else { (Done, String::new()) };
            }
            let withheld = read.iter().all(|(_, read)| match read {
                Ok(call) => call.shows(action),
                Err(error) => matches!(error, RequestError::Withheld(_)),
            });
            if withheld || began.elapsed() >= self.timing.confirm_within {
                return (Unconfirmed, format!("{} {}", requests.so_far(), calls_not_updated(action, &read)));
            }
            if began.elapsed() >= self.timing.confirm_within / 2 {
                for (key, read) in &read {
                    if read.as_ref().is_ok_and(|call| !call.shows(action)) && requests.calls.insert(key.clone()) {
                        // The next reading shows its effect.
                        let _ = self.change_call(action, key, &CancellationToken::new()).await;
                    }
                }
            }
            calls = read.into_iter().map(|(key, _)| key).collect();
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.7).min(self.timing.second_look);
        }
    }
}

/// Names the bridges whose calls have not reached the goal, with the reason.
fn calls_not_updated(action: &Action, read: &[(CallKey, Read)]) -> String {
    let each = read.iter().filter_map(|(key, read)| match read {
        Ok(call) if call.shows(action) => None,
        Ok(_) => Some(format!("{} does not read so", key.bridge)),
        Err(error) => Some(format!("{} can't be read: {error}", key.bridge)),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Chooses one of several failures: a refusal has a reason, an unreachable bridge may come back, a call that ended is no failure.
fn most_telling(failures: Vec<ResultAndReason>) -> ResultAndReason {
    let rank = |failure: &ResultAndReason| match failure.0 {
        Stopped => 0,
        Refused => 1,
        Unreachable => 2,
        _ => 3,
    };
    failures.into_iter().min_by_key(rank).unwrap_or((Left, String::new()))
}
