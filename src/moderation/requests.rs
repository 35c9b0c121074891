//! Requests of moderators that Usher carries out without CMS: claims, holds, acknowledgements, thresholds.

use std::collections::HashSet;
use std::sync::Arc;

use super::saved::OwnThresholds;
use super::{ClaimOutcome, Moderation};
use crate::audit::{AuditEvent, AuditLog, AuditSubject, Entry, LOG_FULL, LogFull, Quota, Reservation};
use crate::clock::Now;
use crate::model::{ActionResult, Actor, Hold, Lobby, Mark, ParticipantId, Target, TargetResult};
use crate::store::{Store, meetings};
use crate::view;

/// The default reminder of a hold, in milliseconds after it began.
pub(super) const DEFAULT_REMINDER_MS: i64 = 10 * 60 * 1000;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct ModerationRequests {
    moderation: Moderation,
    store: Store,
    log: AuditLog,
}

impl ModerationRequests {
    pub fn new(moderation: Moderation, store: Store, log: AuditLog) -> Self {
        Self { moderation, store, log }
    }

    pub fn moderation(&self) -> &Moderation {
        &self.moderation
    }

    /// Claims the first of these targets that nobody else handles.
    pub fn claim(&self, actor: &Actor, wanted: Vec<Target>) -> Option<TargetResult> {
        let wanted: Vec<_> = wanted.into_iter().filter_map(|target| self.with_meeting(target)).collect();
        let claimed = self.moderation.change(|state| {
            let mut changed = Vec::new();
            let claimed = state.claims.claim(&wanted, &actor.user, Now::read(), &mut changed);
            changed.iter().for_each(|target| state.dirty.target(target));
            claimed
        });
        let ClaimOutcome { target, claim } = claimed?;
        let result = if claim.by == actor.user { ActionResult::Done } else { ActionResult::Claimed };
        let (by, at) = (Some(claim.by), Some(claim.since));
        Some(TargetResult { by, at, claim: Some(claim.id), ..TargetResult::new(target, result, "") })
    }

    pub fn release(&self, actor: &Actor, ids: &[Arc<str>]) {
        self.moderation.change(|state| {
            let mut changed = Vec::new();
            state.claims.release(&actor.user, ids, &mut changed);
            changed.iter().for_each(|target| state.dirty.target(target));
        });
    }

    /// Returns when all changes so far and their audit entries are on disk; or after a moment if the disk is full, which is reported to every
    /// moderator.
    pub async fn written(&self) {
        let db = self.moderation.lock().db.clone();
        tokio::join!(db.written(), self.log.written());
    }

    /// The participants that Usher knows, and room for an audit entry about each, and for one about all others. Without room, the result for
    /// each of them.
    fn known_with_room<'a>(
        &self,
        actor: &Actor,
        people: &'a [ParticipantId],
    ) -> Result<(Vec<&'a ParticipantId>, Reservation), Vec<TargetResult>> {
        let known: Vec<&ParticipantId> = people.iter().filter(|id| self.store.has_person(id)).collect();
        let entries = known.len() + usize::from(known.len() < people.len());
        match self.log.try_reserve(Quota::Requests, &actor.user, entries) {
            Ok(reservation) => Ok((known, reservation)),
            Err(LogFull) => {
                let refused = |id: &ParticipantId| TargetResult::new(Target::Person(id.clone()), ActionResult::Refused, LOG_FULL);
                Err(people.iter().map(refused).collect())
            }
        }
    }

    /// Puts participants on hold with a reason and the seconds until a reminder, or ends their hold (`None`). A hold always has a reminder:
    /// without one, a participant could be forgotten, because nothing counts their wait any more.
    pub fn hold(
        &self,
        actor: &Actor,
        people: &[ParticipantId],
        hold: Option<(Arc<str>, Option<u32>)>,
        over: &[Arc<str>],
    ) -> Vec<TargetResult> {
        let now = Now::read();
        let hold = hold.map(|(reason, remind_s)| Hold {
            by: actor.user.clone(),
            at: now.unix_ms,
            reason,
            remind_at: Some(now.unix_ms + remind_s.map_or(DEFAULT_REMINDER_MS, |s| i64::from(s) * 1000)),
        });
        let (known, mut reservation) = match self.known_with_room(actor, people) {
            Ok(known) => known,
            Err(refused) => return refused,
        };
        let action = if hold.is_some() { AuditEvent::Hold } else { AuditEvent::EndHold };
        if known.len() < people.len() {
            reservation.add(Entry::by(actor, action).unknown(people.len() - known.len()));
        }
        let known: HashSet<&ParticipantId> = known.into_iter().collect();
        let reason = hold.as_ref().map(|hold| hold.reason.clone()).unwrap_or_default();
        let each = |id: &ParticipantId| {
            if !known.contains(id) {
                return TargetResult::new(Target::Person(id.clone()), ActionResult::Left, "");
            }
            let entry = Entry::by(actor, action).about(AuditSubject::person(&self.store, id)).detail(reason.clone());
            let result = self.obstacle(actor, id, over).unwrap_or_else(|| {
                if hold.is_some() && self.lobby(id) == Some(Lobby::In) {
                    return TargetResult::new(
                        Target::Person(id.clone()),
                        ActionResult::Refused,
                        "is in the call; only who waits can be held",
                    );
                }
                self.moderation.change(|state| {
                    state.edit(id, |person| person.hold.clone_from(&hold));
                    state.dirty.people.insert(id.clone());
                });
                TargetResult::new(Target::Person(id.clone()), ActionResult::Done, "")
            });
            reservation.add(entry.with(&result));
            result
        };
        people.iter().map(each).collect()
    }

    /// A moderator has seen that these participants wait too long.
    pub fn acknowledge(&self, actor: &Actor, people: &[ParticipantId]) -> Vec<TargetResult> {
        let mark = Mark { by: actor.user.clone(), at: Now::read().unix_ms };
        let mut reservation = match self.known_with_room(actor, people) {
            Ok((_, reservation)) => reservation,
            Err(refused) => return refused,
        };
        let each = |id: &ParticipantId| {
            let target = Target::Person(id.clone());
            if self.lobby(id) != Some(Lobby::Waiting) {
                return TargetResult::new(target, ActionResult::Left, "no longer waits");
            }
            let before = self.moderation.change(|state| {
                state.dirty.people.insert(id.clone());
                state.edit(id, |person| {
                    // The first acknowledgement stays.
                    let before = person.acknowledged.clone();
                    person.acknowledged.get_or_insert(mark.clone());
                    before
                })
            });
            if let Some(Mark { by, at }) = before {
                return TargetResult { by: Some(by), at: Some(at), ..TargetResult::new(target, ActionResult::Already, "") };
            }
            reservation
                .add(Entry::by(actor, AuditEvent::Acknowledge).about(AuditSubject::person(&self.store, id)).ended(ActionResult::Done));
            TargetResult::new(target, ActionResult::Done, "")
        };
        people.iter().map(each).collect()
    }

    /// Sets the thresholds of waits for this meeting and all others in its space; None: as configured.
    pub fn thresholds(&self, actor: &Actor, meeting: &Arc<str>, own: Option<(u32, u32)>) -> TargetResult {
        let target = Target::Meeting(meeting.clone());
        let calls = meetings::calls_of(&self.store, meeting);
        if calls.is_empty() {
            return TargetResult::new(target, ActionResult::Left, "");
        }
        let Ok(mut reservation) = self.log.try_reserve(Quota::Requests, &actor.user, 1) else {
            return TargetResult::new(target, ActionResult::Refused, LOG_FULL);
        };
        let key = view::threshold_key(meeting, &calls);
        let own = own.map(|(first_s, second_s)| OwnThresholds { first_s, second_s });
        let meetings = meetings::meetings_for_threshold(&self.store, &key);
        self.moderation.change(|state| {
            state.set_thresholds(key, own);
            state.dirty.meetings.extend(meetings);
        });
        let detail = own.map_or_else(|| "as configured".into(), |own| format!("{} s, {} s", own.first_s, own.second_s));
        reservation.add(
            Entry::by(actor, AuditEvent::Thresholds)
                .about(AuditSubject::meeting(&self.store, meeting))
                .ended(ActionResult::Done)
                .detail(detail),
        );
        TargetResult::new(target, ActionResult::Done, "")
    }

    /// The result if a participant is gone, or handled by another moderator.
    fn obstacle(&self, actor: &Actor, id: &ParticipantId, over: &[Arc<str>]) -> Option<TargetResult> {
        let target = Target::Person(id.clone());
        if self.lobby(id).is_none() {
            return Some(TargetResult::new(target, ActionResult::Left, ""));
        }
        let claim = self.moderation.conflicting_claim(&target, meetings::meeting_of(&self.store, id).as_ref(), &actor.user, over)?;
        Some(TargetResult {
            by: Some(claim.by),
            at: Some(claim.since),
            claim: Some(claim.id),
            ..TargetResult::new(target, ActionResult::Claimed, "")
        })
    }

    /// A target with the meeting that a participant is in; None if the target is gone.
    fn with_meeting(&self, target: Target) -> Option<(Target, Option<Target>)> {
        match &target {
            Target::Person(id) => {
                let meeting = meetings::meeting_of(&self.store, id)?;
                Some((target, Some(Target::Meeting(meeting))))
            }
            Target::Meeting(id) => (!meetings::calls_of(&self.store, id).is_empty()).then_some((target, None)),
        }
    }

    fn lobby(&self, id: &ParticipantId) -> Option<Lobby> {
        self.store.find_in_person(id, |person| (!person.departed).then_some(person.lobby.state))
    }
}
