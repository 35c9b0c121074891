//! Undoing one's own admission: whoever it let in gets their old wait back. Sends nothing.

use super::Deeds;
use crate::clock::Now;
use crate::model::{Action, ActionRequest, ActionResult, EndedWait, ParticipantId, Resumed, Scope, Target};

impl Deeds {
    /// Somebody is about to be let in.
    pub(super) fn note_wait(&self, press: &ActionRequest, target: &Target) {
        let (Target::Person(id), Action::Admit) = (target, &press.deed) else { return };
        let lobby = self.reach.cluster.store().with_person(id, |person| person.lobby);
        if let Some((since, up_to)) = lobby.and_then(|lobby| Some((lobby.since?, lobby.up_to))) {
            self.desk.note_wait(id, since, up_to, &press.actor.user);
        }
    }

    /// Somebody is about to be sent back by an undo: from here on the old wait goes on as soon as they read as waiting.
    pub(super) fn expect_wait(&self, press: &ActionRequest, target: &Target) -> Option<EndedWait> {
        let (Target::Person(id), Scope::Undo) = (target, press.scope) else { return None };
        let waited = self.desk.wait_before(id, &press.actor.user)?;
        let timing = &self.reach.timing;
        let until = Now::read().instant + timing.action_deadline + timing.outcome_shown;
        let resumes = Resumed { since: waited.since, up_to: waited.up_to, until };
        self.reach.cluster.store().update_person(id, |person| person.lobby.resumes = Some(resumes));
        Some(waited)
    }

    /// The undo ended. Where CMS may still carry it out, the wait stays expected for a while.
    pub(super) fn settle_wait(&self, target: &Target, waited: Option<EndedWait>, how: ActionResult) {
        let (Target::Person(id), Some(waited)) = (target, waited) else { return };
        if !matches!(how, ActionResult::Unconfirmed | ActionResult::Unreachable) {
            self.reach.cluster.store().update_person(id, |person| person.lobby.resumes = None);
        }
        if how == ActionResult::Done {
            self.desk.resume_wait(id, waited);
        }
    }

    /// The person reads as waiting, and CMS may still carry out the admission that is being undone.
    pub(super) fn may_still_enter(&self, press: &ActionRequest, id: &ParticipantId) -> bool {
        press.scope == Scope::Undo && self.desk.wait_before(id, &press.actor.user).is_some_and(|waited| waited.doubtful)
    }
}
