//! What ended without being known is read again some time later, and what was said of it is put right: on the row, in the results of the page
//! that pressed, in the journal and the log. Sends nothing to CMS but readings.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::Deeds;
use super::goal::{MeetingWish, Reading, Wish};
use super::journal::closing;
use crate::audit::{Entry, Quota, Reservation, new_action_id};
use crate::clock::Now;
use crate::model::wire_name::to_wire;
use crate::model::{Action, ActionResult, Outcome, Target, TargetResult};

/// Late readings under way at once, of all presses: they must not stand in the way of what moderators do now.
const AT_ONCE: usize = 16;

/// An action on one target that ended without being known.
pub(super) struct Doubt {
    /// The press in the journal.
    pub(super) press: i64,
    pub(super) target: Target,
    pub(super) deed: Action,
    /// As it was logged when it ended.
    pub(super) entry: Entry,
}

/// Which targets are read again; cheap to clone.
#[derive(Clone)]
pub(super) struct Later(Arc<Inner>);

struct Inner {
    watched: Mutex<HashMap<Target, CancellationToken>>,
    turns: Semaphore,
}

impl Default for Later {
    fn default() -> Self {
        Self(Arc::new(Inner { watched: Mutex::default(), turns: Semaphore::new(AT_ONCE) }))
    }
}

impl Later {
    /// Another press begins on the target: what reads from now on says nothing of the ones before.
    pub(super) fn supersede(&self, target: &Target) {
        if let Some(watched) = self.lock().remove(target) {
            watched.cancel();
        }
    }

    /// Cancelled as soon as another press begins.
    fn watch(&self, target: &Target) -> CancellationToken {
        let token = CancellationToken::new();
        if let Some(before) = self.lock().insert(target.clone(), token.clone()) {
            before.cancel();
        }
        token
    }

    fn end(&self, target: &Target, token: &CancellationToken) {
        if !token.is_cancelled() {
            self.lock().remove(target);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, CancellationToken>> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// CMS may carry it out yet, or has.
pub(super) fn is_open(result: ActionResult) -> bool {
    matches!(result, ActionResult::Unconfirmed | ActionResult::Interrupted)
}

impl Deeds {
    /// Reads the target again and again until it is as it was to be; the result that takes the place of the first, if any does. Another
    /// press on the target, or the end of Usher, ends it. A defect that shows while it is read costs none of the press's other targets.
    pub(super) async fn read_later(&self, doubt: Doubt) -> Option<TargetResult> {
        let target = doubt.target.clone();
        AssertUnwindSafe(self.read_until_known(doubt)).catch_unwind().await.unwrap_or_else(|_| {
            error!(?target, "reading later what became of an action failed by a defect of Usher; its result stays as it was");
            None
        })
    }

    async fn read_until_known(&self, doubt: Doubt) -> Option<TargetResult> {
        let superseded = self.later.watch(&doubt.target);
        let found = tokio::select! {
            biased;
            () = self.ending.cancelled() => None,
            () = superseded.cancelled() => None,
            found = self.found_later(&doubt) => found,
        };
        self.later.end(&doubt.target, &superseded);
        let (how, reason) = found?;
        let room = tokio::select! {
            biased;
            () = self.ending.cancelled() => None,
            room = self.log.reserve_eventually(Quota::Actions, &doubt.entry.user, 1) => room,
        };
        Some(self.correct(doubt, how, &reason, room?))
    }

    async fn found_later(&self, doubt: &Doubt) -> Option<(ActionResult, String)> {
        let ended = Instant::now();
        for after in self.reach.timing.read_later {
            tokio::time::sleep_until(ended + after).await;
            // Never closed.
            let turn = self.later.0.turns.acquire().await;
            let reading = self.read_target(doubt).await;
            drop(turn);
            if let Some(found) = judge(&reading, ended.elapsed()) {
                return Some(found);
            }
        }
        None
    }

    async fn read_target(&self, doubt: &Doubt) -> Reading {
        #[cfg(test)]
        super::faults::strike(&super::faults::LATER, &doubt.target);
        match (&doubt.target, Wish::of(&doubt.deed), MeetingWish::of(&doubt.deed)) {
            (Target::Person(id), Some(wish), _) => self.reach.read_person(&wish, id).await,
            (Target::Meeting(id), _, Some(wish)) => self.reach.read_meeting(&wish, id).await,
            _ => Reading::Unclear,
        }
    }

    /// A second entry of the log says it, and names the first.
    fn correct(&self, doubt: Doubt, how: ActionResult, reason: &str, mut room: Reservation) -> TargetResult {
        let Doubt { press, target, deed, entry } = doubt;
        let now = Now::read();
        self.note(&deed, &target, how);
        let by = entry.user.clone();
        self.desk.correct(&target, Outcome { action: deed.verb(), result: how, reason: reason.into(), by, at: now.unix_ms });
        let result = TargetResult { corrected: true, ..TargetResult::new(target, how, reason) };
        let first = entry.action_id.clone();
        let second = Entry { at: now.unix_ms, action_id: new_action_id(), ..entry };
        room.add_with(second.ended(how).reason(reason).corrects(first), closing(press, &result));
        metrics::counter!("usher_actions_corrected_total", "action" => to_wire(&deed.verb()), "result" => to_wire(&how)).increment(1);
        result
    }
}

/// What a late reading makes of an action; None while nothing new is known.
fn judge(reading: &Reading, since_the_end: Duration) -> Option<(ActionResult, String)> {
    let s = since_the_end.as_secs().max(1);
    match reading {
        Reading::So => Some((ActionResult::Done, format!("confirmed late, {s} s after the action had ended unconfirmed"))),
        Reading::Left => Some((ActionResult::Left, "left before it could be confirmed".into())),
        Reading::NotSo | Reading::Unclear | Reading::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_so_or_is_gone_puts_anything_right() {
        let how = |reading| judge(&reading, Duration::from_secs(2)).map(|(how, _)| how);
        assert_eq!([how(Reading::So), how(Reading::Left)], [Some(ActionResult::Done), Some(ActionResult::Left)]);
        assert_eq!([how(Reading::NotSo), how(Reading::Unclear)], [None, None]);
        assert_eq!(how(Reading::Failed(crate::cms::RequestError::Forbidden)), None);
    }

    #[test]
    fn another_press_ends_what_was_read_for_the_one_before() {
        let (later, target) = (Later::default(), Target::Person("p".into()));
        let first = later.watch(&target);
        let second = later.watch(&target);
        assert_eq!((first.is_cancelled(), second.is_cancelled()), (true, false));
        later.end(&target, &first);
        later.supersede(&target);
        assert!(second.is_cancelled(), "the end of the first is not the end of the second");
    }
}
