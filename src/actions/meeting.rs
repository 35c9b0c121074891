//! The way of a change to a meeting, which has one call on each of its bridges.
//!
//! A lock is a property that spreads to all of them (rest.md section 7, inferred): it is asked of one that takes it, and of another one
//! only where that does not follow. A banner is asked of all. A press asks each call once: a second time only where the first request was
//! certainly not, and will not be, carried out.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bridge_client::Reach;
use super::goal::{MeetingWish, Reading, with_status};
use super::participant::Next;
use super::target::Outcome;
use crate::cms::{CallDetail, Mutation, Request, RequestError, Response};
use crate::model::ActionResult::{Already, Done, Left, Refused, Stopped, Unconfirmed, Unreachable};
use crate::model::CallKey;
use crate::store::meetings::calls_of;

type Read = Result<CallDetail, RequestError>;

/// Which calls of a meeting were asked for a change, and what came of that.
#[derive(Debug, Default)]
struct Asked {
    /// That accepted the request, or have not answered and may carry it out: these are not asked again.
    calls: HashSet<CallKey>,
    /// One of them did accept it.
    accepted: bool,
    /// What became of the others.
    failures: Vec<Outcome>,
}

impl Asked {
    /// True where the call accepted the request.
    fn note(&mut self, key: &CallKey, result: Result<bool, Outcome>) -> bool {
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
        let asked = match wish {
            MeetingWish::Locked(_) => self.ask_one(wish, &calls, stop).await,
            MeetingWish::Says(..) => self.ask_all(wish, &calls, stop).await,
        };
        if asked.calls.is_empty() {
            return worst(asked.failures);
        }
        self.confirm_meeting(wish, calls, asked).await
    }

    /// Is it so by now, on each of its bridges?
    pub(super) async fn read_meeting(&self, wish: &MeetingWish, meeting: &str) -> Reading {
        let calls = calls_of(self.cluster.store(), meeting).into_iter().map(|(key, _)| key).collect();
        let read = self.read_all(calls).await;
        match read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| wish.is_so(call))) {
            _ if read.is_empty() => Reading::Left,
            true => Reading::So,
            false => Reading::NotSo,
        }
    }

    /// What each call reads as; those that are over are left out.
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

    /// The first that takes it. Where one does not answer, the next is asked unless it reads so by now.
    async fn ask_one(&self, wish: &MeetingWish, calls: &[CallKey], stop: &CancellationToken) -> Asked {
        let mut asked = Asked::default();
        for key in calls {
            let follows = !asked.calls.is_empty() && self.read_call(key).await.is_ok_and(|call| wish.is_so(&call));
            if follows || asked.note(key, self.change_call(wish, key, stop).await) {
                break;
            }
        }
        asked
    }

    async fn ask_all(&self, wish: &MeetingWish, calls: &[CallKey], stop: &CancellationToken) -> Asked {
        let results = join_all(calls.iter().map(|key| self.change_call(wish, key, stop))).await;
        let mut asked = Asked::default();
        for (key, result) in calls.iter().zip(results) {
            asked.note(key, result);
        }
        asked
    }

    /// At most one request that CMS carries out. True where CMS accepted it; false where CMS has not answered, and may carry it out.
    async fn change_call(&self, wish: &MeetingWish, key: &CallKey, stop: &CancellationToken) -> Result<bool, Outcome> {
        let deadline = Instant::now() + self.timing.action_deadline;
        let mut repeated = false;
        loop {
            let change = match wish {
                MeetingWish::Locked(on) => Mutation::Lock(key.call.clone(), *on),
                MeetingWish::Says(text, seconds) => Mutation::Message(key.call.clone(), text.clone(), *seconds),
            };
            let error = match self.change(&key.bridge, change, false, stop).await {
                Ok(()) => return Ok(true),
                Err(error) => error,
            };
            let next = match error {
                RequestError::Withdrawn => Next::End((Stopped, String::new())),
                RequestError::Busy { retry_after } => self.wait_busy(retry_after, deadline, stop).await,
                RequestError::Gone(_) => Next::End((Left, String::new())),
                RequestError::Refused { status, reason } => Next::End((Refused, with_status(status, reason))),
                RequestError::Withheld(reason) => Next::End((Refused, reason)),
                RequestError::Untrusted(why) => Next::End((Unreachable, why)),
                RequestError::Unauthorized | RequestError::Forbidden => Next::End((Refused, error.to_string())),
                RequestError::Unreachable(_) | RequestError::Closed { soon: true, .. }
                    if !std::mem::replace(&mut repeated, true) && Instant::now() < deadline =>
                {
                    match self.read_call(key).await {
                        Ok(call) if wish.is_so(&call) => return Ok(true),
                        Ok(_) => Next::Again,
                        Err(_) if error.leaves_open() => return Ok(false),
                        Err(_) => Next::End((Unreachable, error.to_string())),
                    }
                }
                RequestError::Unreachable(_) => Next::End((Unreachable, error.to_string())),
                RequestError::TimedOut(_) | RequestError::Closed { .. } | RequestError::Garbled(_) => return Ok(false),
            };
            if let Next::End(outcome) = next {
                return Err(outcome);
            }
        }
    }

    /// Reads all calls until they are so. One that does not follow after half the time is asked itself.
    async fn confirm_meeting(&self, wish: &MeetingWish, mut calls: Vec<CallKey>, mut asked: Asked) -> Outcome {
        let began = Instant::now();
        let mut pause = self.timing.confirm_within / 50;
        loop {
            let read = self.read_all(calls).await;
            let over = matches!(wish, MeetingWish::Says(_, Some(seconds)) if began.elapsed() >= Duration::from_secs(u64::from(*seconds)));
            if over || read.iter().all(|(_, read)| read.as_ref().is_ok_and(|call| wish.is_so(call))) {
                // A call that is over needs nothing any more.
                return if read.is_empty() { (Left, asked.ended().into()) } else { (Done, String::new()) };
            }
            let withheld = read.iter().all(|(_, read)| match read {
                Ok(call) => wish.is_so(call),
                Err(error) => matches!(error, RequestError::Withheld(_)),
            });
            if withheld || began.elapsed() >= self.timing.confirm_within {
                return (Unconfirmed, format!("{} {}", asked.so_far(), laggards(wish, &read)));
            }
            if began.elapsed() >= self.timing.confirm_within / 2 {
                for (key, read) in &read {
                    if read.as_ref().is_ok_and(|call| !wish.is_so(call)) && asked.calls.insert(key.clone()) {
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
