//! The way of a change to a meeting, which has one call on each of its bridges.
//!
//! A lock is a property that spreads to all of them (rest.md section 7, inferred): it is asked of one that takes it, and of another one
//! only where that does not follow. A banner is asked of all.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::judge::MeetingWish;
use super::person::Next;
use super::reach::Reach;
use super::target::Outcome;
use crate::cms::{Answer, Ask, AskError, CallDetail, Change};
use crate::meetings::calls_of;
use crate::model::CallKey;
use crate::view::ActionResult::{Already, Done, Left, Refused, Stopped, Unconfirmed, Unreachable};

type Read = Result<CallDetail, AskError>;

impl Reach {
    pub(super) async fn meeting(&self, wish: &MeetingWish, meeting: &str, stop: &CancellationToken) -> Outcome {
        let calls: Vec<CallKey> = calls_of(self.cluster.store(), meeting).into_iter().map(|(key, _)| key).collect();
        let read = self.read_all(calls).await;
        if read.is_empty() {
            return (Left, String::new());
        }
        if read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| wish.is_so_already(call))) {
            return (Already, String::new());
        }
        let calls: Vec<CallKey> = read.into_iter().map(|(key, _)| key).collect();
        let (accepted, failures) = match wish {
            MeetingWish::Locked(_) => self.ask_one(wish, &calls, stop).await,
            MeetingWish::Says(..) => self.ask_all(wish, &calls, stop).await,
        };
        if accepted.is_empty() {
            return worst(failures);
        }
        self.confirm_meeting(wish, calls, accepted).await
    }

    /// What each call reads as; those that are over are left out.
    async fn read_all(&self, calls: Vec<CallKey>) -> Vec<(CallKey, Read)> {
        let read = join_all(calls.into_iter().map(|key| async {
            let read = self.read_call(&key).await;
            (key, read)
        }));
        read.await.into_iter().filter(|(_, read)| !matches!(read, Err(AskError::Gone(_)))).collect()
    }

    async fn read_call(&self, key: &CallKey) -> Read {
        match self.read(&key.bridge, Ask::Call(key.call.clone()), false).await? {
            Answer::Call(detail) => Ok(detail),
            _ => Err(AskError::Garbled("not a call".into())),
        }
    }

    /// The first that takes it, and what became of those before.
    async fn ask_one(&self, wish: &MeetingWish, calls: &[CallKey], stop: &CancellationToken) -> (HashSet<CallKey>, Vec<Outcome>) {
        let mut failures = Vec::new();
        for key in calls {
            match self.change_call(wish, key, stop).await {
                Ok(()) => return (HashSet::from([key.clone()]), failures),
                Err(failure) => failures.push(failure),
            }
        }
        (HashSet::new(), failures)
    }

    async fn ask_all(&self, wish: &MeetingWish, calls: &[CallKey], stop: &CancellationToken) -> (HashSet<CallKey>, Vec<Outcome>) {
        let results = join_all(calls.iter().map(|key| self.change_call(wish, key, stop))).await;
        let mut accepted = HashSet::new();
        let mut failures = Vec::new();
        for (key, result) in calls.iter().zip(results) {
            match result {
                Ok(()) => drop(accepted.insert(key.clone())),
                Err(failure) => failures.push(failure),
            }
        }
        (accepted, failures)
    }

    /// At most one request that CMS accepted: after one without an answer the call is read before anything else.
    async fn change_call(&self, wish: &MeetingWish, key: &CallKey, stop: &CancellationToken) -> Result<(), Outcome> {
        let deadline = Instant::now() + self.timing.action_deadline;
        let mut stop = stop.clone();
        let mut unanswered = 0;
        loop {
            let change = match wish {
                MeetingWish::Locked(on) => Change::Lock(key.call.clone(), *on),
                MeetingWish::Says(text, seconds) => Change::Message(key.call.clone(), text.clone(), *seconds),
            };
            let error = match self.change(&key.bridge, change, false, &stop).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let next = match error {
                AskError::Withdrawn => Next::End((Stopped, String::new())),
                AskError::Busy { retry_after } => self.wait_busy(retry_after, deadline, &stop).await,
                AskError::Gone(_) => Next::End((Left, String::new())),
                AskError::Refused { reason, .. } | AskError::Withheld(reason) => Next::End((Refused, reason)),
                AskError::Untrusted(why) => Next::End((Unreachable, why)),
                AskError::Unauthorized | AskError::Forbidden => Next::End((Refused, error.to_string())),
                AskError::TimedOut(_) | AskError::Unreachable(_) | AskError::Garbled(_) => {
                    unanswered += 1;
                    stop = CancellationToken::new();
                    match self.read_call(key).await {
                        Ok(call) if wish.is_so(&call) => return Ok(()),
                        Ok(_) if unanswered == 1 && Instant::now() < deadline => Next::Again,
                        Ok(_) => Next::End((Unreachable, error.to_string())),
                        Err(_) => Next::End((Unreachable, format!("{error}; it is not known whether the request was carried out"))),
                    }
                }
            };
            if let Next::End(outcome) = next {
                return Err(outcome);
            }
        }
    }

    /// Reads all calls until they are so. One that does not follow after half the time is asked itself.
    async fn confirm_meeting(&self, wish: &MeetingWish, mut calls: Vec<CallKey>, mut accepted: HashSet<CallKey>) -> Outcome {
        let began = Instant::now();
        let mut pause = self.timing.confirm_within / 50;
        loop {
            let read = self.read_all(calls).await;
            let over = matches!(wish, MeetingWish::Says(_, Some(seconds)) if began.elapsed() >= Duration::from_secs(u64::from(*seconds)));
            if over || read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| wish.is_so(call))) {
                // A call that is over needs nothing any more.
                return if read.is_empty() { (Left, "ended after CMS had accepted the request".into()) } else { (Done, String::new()) };
            }
            let withheld = read.iter().all(|(_, read)| match read {
                Ok(call) => wish.is_so(call),
                Err(error) => matches!(error, AskError::Withheld(_)),
            });
            if withheld || began.elapsed() >= self.timing.confirm_within {
                return (Unconfirmed, format!("CMS accepted the request, but {}", laggards(wish, &read)));
            }
            if began.elapsed() >= self.timing.confirm_within / 2 {
                for (key, read) in &read {
                    if read.as_ref().is_ok_and(|call| !wish.is_so(call)) && accepted.insert(key.clone()) {
                        // What comes of it is read.
                        let _ = self.change_call(wish, key, &CancellationToken::new()).await;
                    }
                }
            }
            calls = read.into_iter().map(|(key, _)| key).collect();
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.7).min(self.timing.second_look);
        }
    }
}

/// Which bridges don't read so, and why.
fn laggards(wish: &MeetingWish, read: &[(CallKey, Read)]) -> String {
    let each = read.iter().filter_map(|(key, read)| match read {
        Ok(call) if wish.is_so(call) => None,
        Ok(_) => Some(format!("{} does not read so", key.bridge)),
        Err(error) => Some(format!("{} can't be read: {error}", key.bridge)),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Of several failures the one that tells most: a refusal has a reason, an unreachable bridge may come back, a call that ended is none.
fn worst(failures: Vec<Outcome>) -> Outcome {
    let rank = |outcome: &Outcome| match outcome.0 {
        Stopped => 0,
        Refused => 1,
        Unreachable => 2,
        _ => 3,
    };
    failures.into_iter().min_by_key(rank).unwrap_or((Left, String::new()))
}
