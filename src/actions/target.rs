//! Decides for one target of a request whether anything is sent, and when. `participant` and `meeting` send it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::error;

use super::Actions;
use super::goal::KnownState;
use super::in_progress::Access;
use crate::audit::{AuditSubject, new_action_id};
use crate::clock::Now;
use crate::model::{Action, ActionRequest, ActionResult, Banner, BridgeFacts, BridgeName, Home, Mark, ParticipantId, Target, TargetResult};
use crate::store::{Store, meetings};

/// How an action ended for one target, and the reason in words.
pub(super) type ResultAndReason = (ActionResult, String);

/// The reason where an action for participants was requested of a meeting, or the reverse.
const WRONG_TARGET: &str = "this action is not for what it was asked for";

/// A request for more targets than this is queued behind what moderators do one by one.
const FEW: usize = 8;
/// The most participants of one request that are acted on at once at one bridge. Up to this many, all PUTs go out before any is confirmed; beyond
/// it, the rest wait for a free slot.
const AT_ONCE: usize = 256;

/// A target, and its names as they were when the action was requested: the target may be gone when the action has ended.
#[derive(Debug, Clone)]
pub(super) struct TargetSnapshot {
    pub(super) target: Target,
    pub(super) subject: AuditSubject,
    /// Identifies the action on this target in the journal and the audit log.
    pub(super) action_id: Arc<str>,
}

impl TargetSnapshot {
    pub(super) fn new(store: &Store, target: &Target) -> Self {
        Self { target: target.clone(), subject: AuditSubject::target(store, target), action_id: new_action_id() }
    }
}

/// Limits how many targets of one request are acted on at once at each bridge.
#[derive(Debug)]
pub(super) struct BridgeSlots {
    /// The request has many targets.
    bulk: bool,
    bridges: Mutex<HashMap<Option<BridgeName>, Arc<Semaphore>>>,
}

impl BridgeSlots {
    pub(super) fn new(targets: usize) -> Self {
        Self { bulk: targets > FEW, bridges: Mutex::default() }
    }

    /// Waits for a free slot of the bridge (`None`: not known yet); dropping the permit frees it.
    async fn acquire(&self, bridge: Option<BridgeName>) -> Option<OwnedSemaphorePermit> {
        let slots = {
            let mut bridges = self.bridges.lock().unwrap_or_else(PoisonError::into_inner);
            bridges.entry(bridge).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
        };
        // Never closed.
        slots.acquire_owned().await.ok()
    }
}

impl Actions {
    /// If the same action is under way on the target, waits for it and takes its result. Waits for any other action, then decides anew.
    pub(super) async fn act_on_target(&self, request: &ActionRequest, target: &Target, slots: &BridgeSlots) -> TargetResult {
        loop {
            let (same, end) = match self.in_progress.enter(target, &request.action) {
                Access::Acquired(guard) => {
                    let result = self.act_contained(request, target, slots).await;
                    let by = result.by.clone().or(Some(request.actor.user.clone()));
                    guard.end(TargetResult { by, at: result.at.or(Some(Now::read().unix_ms)), ..result.clone() });
                    return result;
                }
                Access::Busy { same, end } => (same, end),
            };
            let first = tokio::select! {
                biased;
                () = request.stop.cancelled() => return TargetResult::new(target.clone(), ActionResult::Stopped, ""),
                first = end => first,
            };
            match first {
                Ok(first) if same && !is_request_specific(first.result) => return result_of_second(first, &request.actor.user),
                Ok(_) => {}
                Err(_) => return TargetResult::new(target.clone(), ActionResult::Unreachable, "Usher is stopping"),
            }
        }
    }

    /// Contains a panic to its target: the target gets a result, and its row does not stay pending.
    async fn act_contained(&self, request: &ActionRequest, target: &Target, slots: &BridgeSlots) -> TargetResult {
        let Ok(result) = AssertUnwindSafe(self.act(request, target, slots)).catch_unwind().await else {
            error!(?target, "action failed by a defect of Usher");
            let why = "Usher failed while working on it; it is not known whether the request was carried out";
            let result = TargetResult::new(target.clone(), ActionResult::Unreachable, why);
            self.show_outcome(request.action.kind(), &request.actor.user, &result);
            return result;
        };
        result
    }

    async fn act(&self, request: &ActionRequest, target: &Target, slots: &BridgeSlots) -> TargetResult {
        if let Some(result) = self.result_without_sending(request, target) {
            return result;
        }
        let (kind, user) = (request.action.kind(), &request.actor.user);
        let delay = if request.action == Action::Admit { self.moderation.settings().admit_delay } else { Duration::ZERO };
        let now = Now::read();
        let until = (!delay.is_zero()).then(|| now.unix_ms + delay.as_millis() as i64);
        self.late_readings.supersede(target);
        self.moderation.begin(target, kind, user, until, now);
        self.note_wait(request, target);
        let result = match self.wait_for_slot(request, target, delay, slots).await {
            Ok(_slot) => {
                let resumed = self.expect_resumed_wait(request, target);
                let (result, reason) = self.carry_out(request, target, slots.bulk).await;
                self.end_resumed_wait(target, resumed, result);
                self.note_texts(&request.action, target, result);
                TargetResult::new(target.clone(), result, &reason)
            }
            Err(result) => result,
        };
        self.show_outcome(kind, user, &result);
        result
    }

    /// Waits for the delay of admissions and for a slot. Right before anything is sent, decides once more.
    async fn wait_for_slot(
        &self,
        request: &ActionRequest,
        target: &Target,
        delay: Duration,
        slots: &BridgeSlots,
    ) -> Result<Option<OwnedSemaphorePermit>, TargetResult> {
        let stopped = |why: &str| TargetResult::new(target.clone(), ActionResult::Stopped, why);
        if !delay.is_zero() {
            tokio::select! {
                biased;
                () = request.stop.cancelled() => return Err(stopped("")),
                () = self.stopping.cancelled() => return Err(stopped("Usher was stopped before it was sent")),
                () = tokio::time::sleep(delay) => {}
            }
        }
        let slot = tokio::select! {
            biased;
            () = request.stop.cancelled() => return Err(stopped("")),
            slot = slots.acquire(self.home_of(target)) => slot,
        };
        if let Some(result) = self.result_without_sending(request, target) {
            return Err(result);
        }
        if !delay.is_zero() {
            self.moderation.mark_sent(target);
        }
        Ok(slot)
    }

    /// The result if nothing is to be sent: the target is gone, has reached the goal, is claimed by another moderator or is held.
    fn result_without_sending(&self, request: &ActionRequest, target: &Target) -> Option<TargetResult> {
        let store = self.bridges.cluster.store();
        let mut meeting = None;
        if let Target::Person(id) = target {
            let Some(known) = self.known_state(id) else { return Some(TargetResult::new(target.clone(), ActionResult::Left, "")) };
            if request.action.is_reached_by(&known) && !self.may_still_enter(request, id) {
                let (by, at) = self.mark(&request.action, id).map_or((None, None), |mark| (Some(mark.by), Some(mark.at)));
                return Some(TargetResult { by, at, ..TargetResult::new(target.clone(), ActionResult::Already, "") });
            }
            meeting = meetings::meeting_of(store, id);
        }
        if let Some(claim) = self.moderation.conflicting_claim(target, meeting.as_ref(), &request.actor.user, &request.over) {
            let result = TargetResult::new(target.clone(), ActionResult::Claimed, "");
            return Some(TargetResult { by: Some(claim.by), at: Some(claim.since), claim: Some(claim.id), ..result });
        }
        let Target::Person(id) = target else { return None };
        // Held participants are skipped, unless the moderator selected them individually and knows of the hold.
        let respects_hold = request.action == Action::Admit && (request.scope.is_sweeping() || !request.held);
        let hold = self.moderation.person(id).hold.filter(|_| respects_hold)?;
        let result = TargetResult::new(target.clone(), ActionResult::Held, &hold.reason);
        Some(TargetResult { by: Some(hold.by), at: Some(hold.at), ..result })
    }

    /// None if the participant is gone.
    fn known_state(&self, id: &ParticipantId) -> Option<KnownState> {
        let store = self.bridges.cluster.store();
        let (lobby, listing) = store.with_person(id, |person| {
            let listing = person.primary_listing().map(|listing| (listing.key.bridge.clone(), listing.muted));
            (!person.departed).then_some((person.lobby.state, listing))
        })??;
        let reports_mutes = |bridge: &str| store.bridge_is(bridge, BridgeFacts::reports_mutes);
        Some(KnownState { lobby, muted: listing.filter(|(bridge, _)| reports_mutes(bridge)).map(|(_, muted)| muted) })
    }

    /// The moderator whose action had reached the goal before, if one did.
    fn mark(&self, action: &Action, id: &ParticipantId) -> Option<Mark> {
        let person = self.moderation.person(id);
        match action {
            Action::Admit => person.admitted,
            Action::SendBack => person.sent_back,
            _ => None,
        }
    }

    fn home_of(&self, target: &Target) -> Option<BridgeName> {
        let Target::Person(id) = target else { return None };
        match self.bridges.cluster.store().home(id) {
            Some(Home::Bridge(name)) => Some(name),
            _ => None,
        }
    }

    async fn carry_out(&self, request: &ActionRequest, target: &Target, bulk: bool) -> ResultAndReason {
        #[cfg(test)]
        super::faults::panic_if_listed(&super::faults::NOW, target);
        let action = &request.action;
        match (target, action.kind().is_for_meetings()) {
            (Target::Person(id), false) => self.bridges.act_on_participant(action, id, bulk, &request.stop).await,
            (Target::Meeting(id), true) => self.bridges.act_on_meeting(action, id, &request.stop).await,
            _ => (ActionResult::Refused, WRONG_TARGET.into()),
        }
    }

    /// Shows a new name or banner on the rows.
    pub(super) fn note_texts(&self, action: &Action, target: &Target, result: ActionResult) {
        use ActionResult::{Already, Done, Unconfirmed};
        match (target, action, result) {
            (Target::Person(id), Action::Rename(label), Done | Already) => {
                self.moderation.set_label(id, Some(label.clone()).filter(|label| !label.is_empty()));
            }
            // An unconfirmed banner may show in a part of the meeting: moderators must be able to take it away.
            (Target::Meeting(id), Action::Message { text, seconds }, Done | Already | Unconfirmed) if !text.is_empty() => {
                let until = seconds.map(|seconds| Now::read().unix_ms + i64::from(seconds) * 1000);
                self.moderation.set_message(id, Some(Banner { text: text.clone(), until }));
            }
            (Target::Meeting(id), Action::Message { .. }, Done | Already) => self.moderation.set_message(id, None),
            _ => {}
        }
    }
}

/// The result counts for that request only, and says nothing about another one.
fn is_request_specific(result: ActionResult) -> bool {
    matches!(result, ActionResult::Claimed | ActionResult::Held | ActionResult::Stopped)
}

/// The result of the second of two equal requests: a success of the other user's first one means "already".
fn result_of_second(first: TargetResult, user: &Arc<str>) -> TargetResult {
    match first.result {
        ActionResult::Done if first.by.as_ref() != Some(user) => TargetResult { result: ActionResult::Already, ..first },
        _ => first,
    }
}
