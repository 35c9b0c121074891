//! Undoing one's own admission: the participants that it let in get their old wait back. Sends nothing.

use super::Actions;
use crate::clock::Now;
use crate::model::{Action, ActionRequest, ActionResult, EndedWait, ParticipantId, Resumed, Scope, Target};

impl Actions {
    /// Notes the wait of a participant who is about to be admitted.
    pub(super) fn note_wait(&self, request: &ActionRequest, target: &Target) {
        let (Target::Person(id), Action::Admit) = (target, &request.action) else { return };
        let lobby = self.bridges.cluster.store().with_person(id, |person| person.lobby);
        if let Some((since, up_to)) = lobby.and_then(|lobby| Some((lobby.since?, lobby.up_to))) {
            self.moderation.note_wait(id, since, up_to, &request.actor.user);
        }
    }

    /// An undo is about to send a participant back: from here on the old wait goes on as soon as they read as waiting.
    pub(super) fn expect_resumed_wait(&self, request: &ActionRequest, target: &Target) -> Option<EndedWait> {
        let (Target::Person(id), Scope::Undo) = (target, request.scope) else { return None };
        let wait = self.moderation.resumable_wait(id, &request.actor.user)?;
        let timing = &self.bridges.timing;
        let until = Now::read().instant + timing.action_deadline + timing.outcome_shown;
        let resumes = Resumed { since: wait.since, up_to: wait.up_to, until };
        self.bridges.cluster.store().update_person(id, |person| person.lobby.resumes = Some(resumes));
        Some(wait)
    }

    /// The undo has ended. If CMS may still carry it out, the wait stays expected for a while.
    pub(super) fn end_resumed_wait(&self, target: &Target, wait: Option<EndedWait>, result: ActionResult) {
        let (Target::Person(id), Some(wait)) = (target, wait) else { return };
        if !matches!(result, ActionResult::Unconfirmed | ActionResult::Unreachable) {
            self.bridges.cluster.store().update_person(id, |person| person.lobby.resumes = None);
        }
        if result == ActionResult::Done {
            self.moderation.resume_wait(id, wait);
        }
    }

    /// The participant reads as waiting, but CMS may still carry out the admission that is being undone.
    pub(super) fn may_still_enter(&self, request: &ActionRequest, id: &ParticipantId) -> bool {
        request.scope == Scope::Undo && self.moderation.resumable_wait(id, &request.actor.user).is_some_and(|wait| wait.doubtful)
    }
}
