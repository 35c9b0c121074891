//! Waits that admissions ended: while an admission can be undone, its person's place in line, hold and acknowledgement are kept.

use std::sync::Arc;
use std::time::Duration;

use super::Moderation;
use super::state::State;
use crate::clock::Now;
use crate::model::{ActionKind, ActionResult, EndedWait, Outcome, ParticipantId, Target};

/// Pages let the time of an undo stand still for so long at most, while somebody reaches for it or is asked.
pub(super) const REACH: Duration = Duration::from_secs(60);

impl Moderation {
    /// Somebody who has waited since then is about to be let in.
    pub fn note_wait(&self, id: &ParticipantId, since: i64, up_to: bool, by: &Arc<str>) {
        self.lock().edit(id, |person| {
            let (hold, acknowledged) = (person.hold.clone(), person.acknowledged.clone());
            person.waited = Some(EndedWait { since, up_to, by: by.clone(), hold, acknowledged, until: None, doubtful: false });
        });
    }

    /// The wait that goes on when `by` undoes their own admission.
    pub fn wait_before(&self, id: &ParticipantId, by: &str) -> Option<EndedWait> {
        let now = Now::read().unix_ms;
        let waited = self.lock().people.get(id)?.waited.clone()?;
        (&*waited.by == by && waited.until.is_none_or(|until| until > now)).then_some(waited)
    }

    /// It goes on: what moderators made of it holds again, unless they made something else of it meanwhile.
    pub fn resume_wait(&self, id: &ParticipantId, waited: EndedWait) {
        self.change(|state| {
            state.edit(id, |person| {
                person.waited = None;
                person.hold = person.hold.take().or(waited.hold);
                person.acknowledged = person.acknowledged.take().or(waited.acknowledged);
            });
            state.touched.people.insert(id.clone());
        });
    }
}

impl State {
    /// An action ended. A wait is kept where an admission worked, or may have.
    pub(super) fn end_wait(&mut self, target: &Target, outcome: &Outcome, keep: Duration) {
        use ActionResult::{Done, Interrupted, Unconfirmed, Unreachable};
        let Target::Person(id) = target else { return };
        let known = self.people.get(id).is_some_and(|person| person.waited.is_some());
        if outcome.action != ActionKind::Admit || !known {
            return;
        }
        let until = outcome.at.saturating_add(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        let doubtful = matches!(outcome.result, Unconfirmed | Unreachable | Interrupted);
        self.edit(id, |person| {
            let waited = person.waited.take().filter(|_| doubtful || outcome.result == Done);
            person.waited = waited.map(|waited| EndedWait { until: Some(until), doubtful, ..waited });
        });
    }

    /// Forgets those that can't be resumed any more.
    pub(super) fn forget_waits(&mut self, now_unix_ms: i64) {
        let over = |waited: &Option<EndedWait>| waited.as_ref().and_then(|waited| waited.until).is_some_and(|until| until <= now_unix_ms);
        let over: Vec<ParticipantId> = self.people.iter().filter(|(_, person)| over(&person.waited)).map(|(id, _)| id.clone()).collect();
        for id in over {
            self.edit(&id, |person| person.waited = None);
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
    fn a_wait_is_kept_where_an_admission_worked_or_may_have(#[case] result: ActionResult, #[case] kept: Option<bool>) {
        let (desk, id) = (Moderation::default(), ParticipantId::from("p"));
        desk.note_wait(&id, 1000, false, &"mo".into());
        desk.finish(&Target::Person(id.clone()), ended(result), std::time::Instant::now());
        assert_eq!(desk.wait_before(&id, "mo").map(|waited| waited.doubtful), kept);
        assert_eq!(desk.wait_before(&id, "max"), None, "only whoever admitted undoes");
    }

    #[test]
    fn it_can_be_resumed_for_as_long_as_pages_offer_it_and_takes_the_hold_along() {
        let (desk, id) = (Moderation::default(), ParticipantId::from("p"));
        let hold = Hold { by: "mo".into(), at: 1, reason: "waits for the interpreter".into(), remind_at: None };
        desk.change(|state| state.edit(&id, |person| person.hold = Some(hold.clone())));
        desk.note_wait(&id, 1000, true, &"mo".into());
        desk.finish(&Target::Person(id.clone()), ended(ActionResult::Done), std::time::Instant::now());
        desk.entered(&id, true);
        let now = Now::read();
        let later = |ms| Now { unix_ms: now.unix_ms + ms, ..now };
        let offered = (desk.settings().undo + REACH).as_millis() as i64;
        desk.expire(later(offered - 1000));
        let waited = desk.wait_before(&id, "mo").expect("kept");
        assert_eq!((waited.since, waited.up_to), (1000, true));
        desk.resume_wait(&id, waited);
        assert_eq!((desk.person(&id).hold, desk.wait_before(&id, "mo")), (Some(hold), None));
        desk.note_wait(&id, 1000, true, &"mo".into());
        desk.finish(&Target::Person(id.clone()), ended(ActionResult::Done), std::time::Instant::now());
        desk.expire(later(offered + 1000));
        assert_eq!(desk.person(&id).waited, None);
    }
}
