//! The way of one target of a press: whether anything is to be sent at all, and when. Who sends it is `person` or `meeting`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tracing::error;

use super::Deeds;
use super::bridge_slots::Turns;
use super::goal::{Known, MeetingWish, Wish};
use super::in_progress::Turn;
use crate::clock::Now;
use crate::model::{Action, ActionRequest, ActionResult, BridgeFacts, Home, Mark, Message, ParticipantId, Target, TargetResult};
use crate::store::meetings;

/// How it ended, and the reason in words.
pub(super) type Outcome = (ActionResult, String);

impl Deeds {
    /// A press on somebody for whom the same is under way waits for that and takes its result; another one waits and is judged anew.
    pub(super) async fn target(&self, press: &ActionRequest, target: &Target, turns: &Turns) -> TargetResult {
        loop {
            let (same, end) = match self.running.enter(target, &press.deed) {
                Turn::Mine(mine) => {
                    let result = self.contained(press, target, turns).await;
                    let by = result.by.clone().or(Some(press.actor.user.clone()));
                    mine.end(TargetResult { by, at: result.at.or(Some(Now::read().unix_ms)), ..result.clone() });
                    return result;
                }
                Turn::Others { same, end } => (same, end),
            };
            let first = tokio::select! {
                biased;
                () = press.stop.cancelled() => return TargetResult::new(target.clone(), ActionResult::Stopped, ""),
                first = end => first,
            };
            match first {
                Ok(first) if same && !is_about_the_press(first.result) => return explain_second(first, &press.actor.user),
                Ok(_) => {}
                Err(_) => return TargetResult::new(target.clone(), ActionResult::Unreachable, "Usher is stopping"),
            }
        }
    }

    /// A defect that shows while one target is worked on is the end of that target alone: it has a result, and its row is not left pending.
    async fn contained(&self, press: &ActionRequest, target: &Target, turns: &Turns) -> TargetResult {
        let Ok(result) = AssertUnwindSafe(self.act(press, target, turns)).catch_unwind().await else {
            error!(?target, "action failed by a defect of Usher");
            let why = "Usher failed while working on it; it is not known whether the request was carried out";
            let result = TargetResult::new(target.clone(), ActionResult::Unreachable, why);
            self.finish(press.deed.verb(), &press.actor.user, &result);
            return result;
        };
        result
    }

    async fn act(&self, press: &ActionRequest, target: &Target, turns: &Turns) -> TargetResult {
        if let Some(result) = self.judge(press, target) {
            return result;
        }
        let (verb, user) = (press.deed.verb(), &press.actor.user);
        let delay = if press.deed == Action::Admit { self.desk.settings().admit_delay } else { Duration::ZERO };
        let now = Now::read();
        let until = (!delay.is_zero()).then(|| now.unix_ms + delay.as_millis() as i64);
        self.later.supersede(target);
        self.desk.begin(target, verb, user, until, now);
        self.note_wait(press, target);
        let result = match self.turn(press, target, delay, turns).await {
            Ok(_turn) => {
                let waited = self.expect_wait(press, target);
                let (how, reason) = self.carry_out(press, target, turns.bulk).await;
                self.settle_wait(target, waited, how);
                self.note(&press.deed, target, how);
                TargetResult::new(target.clone(), how, &reason)
            }
            Err(result) => result,
        };
        self.finish(verb, user, &result);
        result
    }

    /// Waits for its time and for its place in line; then, right before anything is sent, all is judged once more.
    async fn turn(
        &self,
        press: &ActionRequest,
        target: &Target,
        delay: Duration,
        turns: &Turns,
    ) -> Result<Option<OwnedSemaphorePermit>, TargetResult> {
        let stopped = |why: &str| TargetResult::new(target.clone(), ActionResult::Stopped, why);
        if !delay.is_zero() {
            tokio::select! {
                biased;
                () = press.stop.cancelled() => return Err(stopped("")),
                () = self.ending.cancelled() => return Err(stopped("Usher was stopped before it was sent")),
                () = tokio::time::sleep(delay) => {}
            }
        }
        let turn = tokio::select! {
            biased;
            () = press.stop.cancelled() => return Err(stopped("")),
            turn = turns.take(self.home_of(target)) => turn,
        };
        if let Some(result) = self.judge(press, target) {
            return Err(result);
        }
        if !delay.is_zero() {
            self.desk.sent(target);
        }
        Ok(turn)
    }

    /// The result where nothing is to be sent: they are gone or so already, somebody else handles them, or they are on hold.
    fn judge(&self, press: &ActionRequest, target: &Target) -> Option<TargetResult> {
        let store = self.reach.cluster.store();
        let mut meeting = None;
        if let Target::Person(id) = target {
            let Some(known) = self.known(id) else { return Some(TargetResult::new(target.clone(), ActionResult::Left, "")) };
            if Wish::of(&press.deed).is_some_and(|wish| wish.is_so(&known)) && !self.may_still_enter(press, id) {
                let (by, at) = self.mark(&press.deed, id).map_or((None, None), |mark| (Some(mark.by), Some(mark.at)));
                return Some(TargetResult { by, at, ..TargetResult::new(target.clone(), ActionResult::Already, "") });
            }
            meeting = meetings::meeting_of(store, id);
        }
        if let Some(claim) = self.desk.against(target, meeting.as_ref(), &press.actor.user, &press.over) {
            let result = TargetResult::new(target.clone(), ActionResult::Claimed, "");
            return Some(TargetResult { by: Some(claim.by), at: Some(claim.since), claim: Some(claim.id), ..result });
        }
        let Target::Person(id) = target else { return None };
        // Who is on hold stays, unless somebody means this very person and knows.
        let held = press.deed == Action::Admit && (press.scope.is_sweeping() || !press.held);
        let hold = self.desk.person(id).hold.filter(|_| held)?;
        let result = TargetResult::new(target.clone(), ActionResult::Held, &hold.reason);
        Some(TargetResult { by: Some(hold.by), at: Some(hold.at), ..result })
    }

    /// What is known of somebody who is there.
    fn known(&self, id: &ParticipantId) -> Option<Known> {
        let store = self.reach.cluster.store();
        let (lobby, listing) = store.with_person(id, |person| {
            let listing = person.primary_listing().map(|listing| (listing.key.bridge.clone(), listing.muted));
            (!person.departed).then_some((person.lobby.state, listing))
        })??;
        let told = |bridge: &str| store.bridge_is(bridge, BridgeFacts::tells_mutes);
        Some(Known { lobby, muted: listing.filter(|(bridge, _)| told(bridge)).map(|(_, muted)| muted) })
    }

    /// Who made it so, where Usher did.
    fn mark(&self, deed: &Action, id: &ParticipantId) -> Option<Mark> {
        let person = self.desk.person(id);
        match deed {
            Action::Admit => person.admitted,
            Action::SendBack => person.sent_back,
            _ => None,
        }
    }

    fn home_of(&self, target: &Target) -> Option<Arc<str>> {
        let Target::Person(id) = target else { return None };
        match self.reach.cluster.store().home(id) {
            Some(Home::Bridge(name)) => Some(name),
            _ => None,
        }
    }

    async fn carry_out(&self, press: &ActionRequest, target: &Target, bulk: bool) -> Outcome {
        #[cfg(test)]
        super::faults::strike(&super::faults::NOW, target);
        match (target, Wish::of(&press.deed), MeetingWish::of(&press.deed)) {
            (Target::Person(id), Some(wish), _) => self.reach.person(&wish, id, bulk, &press.stop).await,
            (Target::Meeting(id), _, Some(wish)) => self.reach.meeting(&wish, id, &press.stop).await,
            _ => (ActionResult::Refused, "this action is not for what it was asked for".into()),
        }
    }

    /// What rows show from now on.
    pub(super) fn note(&self, deed: &Action, target: &Target, how: ActionResult) {
        use ActionResult::{Already, Done, Unconfirmed};
        match (target, deed, how) {
            (Target::Person(id), Action::Rename(label), Done | Already) => {
                self.desk.set_label(id, Some(label.clone()).filter(|label| !label.is_empty()));
            }
            // It may be seen in part of the meeting: then it can be taken away.
            (Target::Meeting(id), Action::Message { text, seconds }, Done | Already | Unconfirmed) if !text.is_empty() => {
                let until = seconds.map(|seconds| Now::read().unix_ms + i64::from(seconds) * 1000);
                self.desk.set_message(id, Some(Message { text: text.clone(), until }));
            }
            (Target::Meeting(id), Action::Message { .. }, Done | Already) => self.desk.set_message(id, None),
            _ => {}
        }
    }
}

/// It says something about that one press, and nothing about what another one comes to.
fn is_about_the_press(result: ActionResult) -> bool {
    matches!(result, ActionResult::Claimed | ActionResult::Held | ActionResult::Stopped)
}

/// What the second of two presses is told: a success of the first means "already so, by the other".
fn explain_second(first: TargetResult, me: &Arc<str>) -> TargetResult {
    match first.result {
        ActionResult::Done if first.by.as_ref() != Some(me) => TargetResult { result: ActionResult::Already, ..first },
        _ => first,
    }
}
