//! Finds lobby changes that no user of Usher made by comparing two rows of a participant. Pure but for the time of the entry.

use super::entry::Entry;
use super::event::AuditEvent;
use super::subject::AuditSubject;
use crate::model::{ActionKind, ActionResult, Lobby};
use crate::view::PersonRow;

/// The entry for a participant who waited and is in, or was in and waits; None if nothing changed or Usher did it.
///
/// Usher's own action is on the row from the request until it is confirmed, and some time longer if it failed. A participant who gets in
/// meanwhile was admitted by that request. `meeting_name` is the name that is shown.
pub fn moved_elsewhere(before: &PersonRow, after: &PersonRow, meeting_name: &str) -> Option<Entry> {
    let action = match (before.lobby, after.lobby) {
        (Lobby::Waiting, Lobby::In) => AuditEvent::LetIn,
        (Lobby::In, Lobby::Waiting) => AuditEvent::PutBack,
        _ => return None,
    };
    let subject = AuditSubject {
        person: after.id.clone(),
        name: after.name.clone(),
        address: after.address.clone(),
        meeting: after.meeting.clone(),
        meeting_name: meeting_name.into(),
        bridge: after.bridge.clone().or_else(|| after.elsewhere.clone()).unwrap_or_default(),
        waiting_since: before.waiting_since,
        // Rows don't have the other fields; see [`Entry::located`].
        ..AuditSubject::default()
    };
    (!by_usher(after)).then(|| Entry::elsewhere(action).about(subject).ended(ActionResult::Done))
}

fn by_usher(row: &PersonRow) -> bool {
    let of_lobby = |action| matches!(action, ActionKind::Admit | ActionKind::SendBack);
    let under_way = row.pending.as_ref().is_some_and(|pending| of_lobby(pending.action));
    let ended = row.outcome.as_ref().is_some_and(|outcome| of_lobby(outcome.action));
    row.admitted.is_some() || row.sent_back.is_some() || under_way || ended
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::{Mark, Outcome, Pending};

    fn row(lobby: Lobby) -> PersonRow {
        PersonRow {
            id: "p".into(),
            meeting: "m".into(),
            name: "Bo".into(),
            address: "bo@x".into(),
            lobby,
            waiting_since: (lobby == Lobby::Waiting).then_some(1000),
            bridge: Some("eu-1".into()),
            ..PersonRow::default()
        }
    }

    #[rstest]
    #[case::let_in(Lobby::Waiting, Lobby::In, Some(AuditEvent::LetIn))]
    #[case::put_back(Lobby::In, Lobby::Waiting, Some(AuditEvent::PutBack))]
    #[case::still_there(Lobby::Waiting, Lobby::Waiting, None)]
    #[case::first_seen_in(Lobby::Unknown, Lobby::In, None)]
    #[case::read_again(Lobby::In, Lobby::Unknown, None)]
    fn a_lobby_change_makes_an_entry(#[case] before: Lobby, #[case] after: Lobby, #[case] expected: Option<AuditEvent>) {
        let entry = moved_elsewhere(&row(before), &row(after), "Board");
        assert_eq!(entry.as_ref().map(|entry| entry.action), expected);
        assert!(entry.is_none_or(|entry| entry.user.is_empty() && &*entry.subject.meeting_name == "Board" && &*entry.subject.name == "Bo"));
    }

    #[test]
    fn a_lobby_change_by_usher_makes_no_entry() {
        let waiting = row(Lobby::Waiting);
        let pending = |action| Some(Box::new(Pending { action, by: "mo".into(), since: 1, until: None }));
        let admitting = PersonRow { pending: pending(ActionKind::Admit), ..row(Lobby::In) };
        let admitted = PersonRow { admitted: Some(Box::new(Mark { by: "mo".into(), at: 1 })), ..row(Lobby::In) };
        let outcome =
            |action| Some(Box::new(Outcome { action, result: ActionResult::Unconfirmed, reason: "".into(), by: "mo".into(), at: 1 }));
        let late = PersonRow { outcome: outcome(ActionKind::Admit), ..row(Lobby::In) };
        for after in [admitting, admitted, late] {
            assert_eq!(moved_elsewhere(&waiting, &after, ""), None, "{after:?}");
        }
        let other = PersonRow { pending: pending(ActionKind::Rename), outcome: outcome(ActionKind::Mute), ..row(Lobby::In) };
        assert!(moved_elsewhere(&waiting, &other, "").is_some());
        let sent_back = PersonRow { sent_back: Some(Box::new(Mark { by: "mo".into(), at: 1 })), ..row(Lobby::Waiting) };
        assert_eq!(moved_elsewhere(&row(Lobby::In), &sent_back, ""), None);
        assert_eq!(moved_elsewhere(&waiting, &row(Lobby::In), "").and_then(|entry| entry.waited_ms()).map(|ms| ms > 0), Some(true));
    }
}
