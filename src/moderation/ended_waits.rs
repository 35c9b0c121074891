//! Waits that an admission ended: while it can be undone, the participant's wait, hold and acknowledgement are remembered.

use std::sync::Arc;
use std::time::Duration;

use super::Moderation;
use super::state::ModerationState;
use crate::clock::Now;
use crate::model::{ActionKind, ActionResult, EndedWait, Outcome, ParticipantId, Target};

/// The longest time for which pages pause the countdown of an undo, while a moderator points at it or answers a question.
pub(super) const UNDO_PAUSE: Duration = Duration::from_secs(60);

impl Moderation {
    /// Notes the wait of a participant who is about to be admitted.
    pub fn note_wait(&self, id: &ParticipantId, since: i64, up_to: bool, by: &Arc<str>) {
        self.lock().edit(id, |person| {
            let (hold, acknowledged) = (person.hold.clone(), person.acknowledged.clone());
            person.ended_wait = Some(EndedWait { since, up_to, by: by.clone(), hold, acknowledged, until: None, doubtful: false });
        });
    }

    /// The wait that is resumed when `by` undoes their own admission.
    pub fn resumable_wait(&self, id: &ParticipantId, by: &str) -> Option<EndedWait> {
        let now = Now::read().unix_ms;
        let wait = self.lock().people.get(id)?.ended_wait.clone()?;
        (&*wait.by == by && wait.until.is_none_or(|until| until > now)).then_some(wait)
    }

    /// Resumes a wait with its hold and acknowledgement, unless there are new ones.
    pub fn resume_wait(&self, id: &ParticipantId, wait: EndedWait) {
        self.change(|state| {
            state.edit(id, |person| {
                person.ended_wait = None;
                person.hold = person.hold.take().or(wait.hold);
                person.acknowledged = person.acknowledged.take().or(wait.acknowledged);
            });
            state.dirty.people.insert(id.clone());
        });
    }
}

impl ModerationState {
    /// Remembers the wait after an admission that worked, or may have worked; forgets it after any other.
    pub(super) fn end_wait(&mut self, target: &Target, outcome: &Outcome, keep: Duration) {
        use ActionResult::{Done, Interrupted, Unconfirmed, Unreachable};
        let Target::Person(id) = target else { return };
        let known = self.people.get(id).is_some_and(|person| person.ended_wait.is_some());
        if outcome.action != ActionKind::Admit || !known {
            return;
        }
        let until = outcome.at.saturating_add(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        let doubtful = matches!(outcome.result, Unconfirmed | Unreachable | Interrupted);
        self.edit(id, |person| {
            let ended_wait = person.ended_wait.take().filter(|_| doubtful || outcome.result == Done);
            person.ended_wait = ended_wait.map(|wait| EndedWait { until: Some(until), doubtful, ..wait });
        });
    }

    /// Forgets the waits that can't be resumed any more.
    pub(super) fn forget_waits(&mut self, now_unix_ms: i64) {
        let expired = |wait: &Option<EndedWait>| wait.as_ref().and_then(|wait| wait.until).is_some_and(|until| until <= now_unix_ms);
        let ids: Vec<ParticipantId> =
            self.people.iter().filter(|(_, person)| expired(&person.ended_wait)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.edit(&id, |person| person.ended_wait = None);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Hold;

    fn ended(result: ActionResult) -> Outcome {
        Outcome { action: ActionKind::Admit, result, reason: "".into(), by: "mo".into(), at: Now::read().unix_ms }
    }

    #[rstest]
    #[case(ActionResult::Done, Some(false))]
    #[case(ActionResult::Unconfirmed, Some(true))]
    #[case(ActionResult::Unreachable, Some(true))]
    #[case(ActionResult::Refused, None)]
    #[case(ActionResult::Stopped, None)]
    fn a_wait_is_remembered_if_the_admission_worked_or_may_have_worked(#[case] result: ActionResult, #[case] remembered: Option<bool>) {
        let (moderation, id) = (Moderation::default(), ParticipantId::from("p"));
        moderation.note_wait(&id, 1000, false, &"mo".into());
        moderation.finish(&Target::Person(id.clone()), ended(result), std::time::Instant::now());
        assert_eq!(moderation.resumable_wait(&id, "mo").map(|wait| wait.doubtful), remembered);
        assert_eq!(moderation.resumable_wait(&id, "max"), None, "only the moderator who admitted can undo");
    }

    #[test]
    fn a_wait_can_be_resumed_with_its_hold_while_pages_offer_an_undo() {
        let (moderation, id) = (Moderation::default(), ParticipantId::from("p"));
        let hold = Hold { by: "mo".into(), at: 1, reason: "waits for the interpreter".into(), remind_at: None };
        moderation.change(|state| state.edit(&id, |person| person.hold = Some(hold.clone())));
        moderation.note_wait(&id, 1000, true, &"mo".into());
        moderation.finish(&Target::Person(id.clone()), ended(ActionResult::Done), std::time::Instant::now());
        moderation.on_entered(&id, true);
        let now = Now::read();
        let later = |ms| Now { unix_ms: now.unix_ms + ms, ..now };
        let offered = (moderation.settings().undo + UNDO_PAUSE).as_millis() as i64;
        moderation.expire(later(offered - 1000));
        let wait = moderation.resumable_wait(&id, "mo").expect("remembered");
        assert_eq!((wait.since, wait.up_to), (1000, true));
        moderation.resume_wait(&id, wait);
        assert_eq!((moderation.person(&id).hold, moderation.resumable_wait(&id, "mo")), (Some(hold), None));
        moderation.note_wait(&id, 1000, true, &"mo".into());
        moderation.finish(&Target::Person(id.clone()), ended(ActionResult::Done), std::time::Instant::now());
        moderation.expire(later(offered + 1000));
        assert_eq!(moderation.person(&id).ended_wait, None);
    }
}
