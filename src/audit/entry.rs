//! One entry of the audit log, and its builder. Writes nothing.

use std::sync::Arc;

use serde::Serialize;

use super::event::AuditEvent;
use super::subject::AuditSubject;
use crate::clock::Now;
use crate::model::wire_name::to_wire;
use crate::model::{ActionResult, Actor, TargetResult};
use crate::store::Store;

/// One event about one participant, meeting or bridge, after it ended.
///
/// ```ignore
/// let subject = AuditSubject::person(&store, &id);
/// log.add(Entry::by(&actor, AuditEvent::Hold).scope(&scope).about(subject).ended(ActionResult::Done).detail("a reason"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it ended; Unix milliseconds.
    pub at: i64,
    /// The user who caused it; empty when no user of Usher did.
    pub user: Arc<str>,
    /// The user's address; empty when no user of Usher caused it, or when it is not known.
    pub address: Arc<str>,
    pub action: AuditEvent,
    /// The scope of the action request (`person`, `selection`, `meeting` ...), or `elsewhere`.
    pub scope: Arc<str>,
    pub subject: AuditSubject,
    /// The wire name of an `ActionResult`; empty if the event has none.
    pub result: Arc<str>,
    /// CMS's reason, or Usher's.
    pub reason: Arc<str>,
    /// Details of the action: the label, the reason of a hold, the text of a message, the moderator who was first.
    pub detail: Arc<str>,
    /// The unique id of this action on this target. A correcting entry refers to it.
    pub action_id: Arc<str>,
    /// The `action_id` of the earlier entry whose result this one corrects; empty if none.
    pub corrects: Arc<str>,
}

impl Entry {
    /// An action of a user that ends now.
    pub fn by(actor: &Actor, action: AuditEvent) -> Self {
        Self { user: actor.user.clone(), address: actor.address.to_string().into(), ..Self::of(action) }
    }

    /// An entry that no user of Usher caused.
    pub fn elsewhere(action: AuditEvent) -> Self {
        Self { scope: "elsewhere".into(), ..Self::of(action) }
    }

    /// An entry with nothing but the event, which ends now.
    pub fn of(action: AuditEvent) -> Self {
        let empty: Arc<str> = Arc::default();
        Self {
            at: Now::read().unix_ms,
            user: empty.clone(),
            address: empty.clone(),
            action,
            scope: empty.clone(),
            subject: AuditSubject::default(),
            result: empty.clone(),
            reason: empty.clone(),
            detail: empty.clone(),
            action_id: new_action_id(),
            corrects: empty,
        }
    }

    /// Sets the action's id, if it was chosen before the action ended: see [`new_action_id`].
    #[must_use]
    pub fn action_id(self, id: impl Into<Arc<str>>) -> Self {
        Self { action_id: id.into(), ..self }
    }

    /// States that this entry corrects the result of an earlier one.
    #[must_use]
    pub fn corrects(self, action_id: impl Into<Arc<str>>) -> Self {
        Self { corrects: action_id.into(), ..self }
    }

    /// Adds the ids that rows don't have, as the store knows them now.
    #[must_use]
    pub fn located(mut self, store: &Store) -> Self {
        let AuditSubject { space, tenant, bridge_id, .. } = AuditSubject::person(store, &self.subject.person);
        (self.subject.space, self.subject.tenant, self.subject.bridge_id) = (space, tenant, bridge_id);
        self
    }

    /// The scope of the request: a word, or anything that serialises to one.
    #[must_use]
    pub fn scope(self, scope: &impl Serialize) -> Self {
        Self { scope: to_wire(scope), ..self }
    }

    #[must_use]
    pub fn about(self, subject: AuditSubject) -> Self {
        Self { subject, ..self }
    }

    /// How it ended: an `ActionResult`.
    #[must_use]
    pub fn ended(self, result: impl Serialize) -> Self {
        Self { result: to_wire(&result), ..self }
    }

    #[must_use]
    pub fn reason(self, reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    #[must_use]
    pub fn detail(self, detail: impl Into<Arc<str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Sums up the ids of a request that Usher does not know: invented ones, or of participants gone long ago.
    #[must_use]
    pub fn unknown(self, ids: usize) -> Self {
        self.ended(ActionResult::Left).detail(format!("{ids} unknown ids"))
    }

    /// The result for one target of an action request, with the moderator who was first or handles it, if any.
    #[must_use]
    pub fn with(self, result: &TargetResult) -> Self {
        let detail = match &result.by {
            None => self.detail.clone(),
            Some(by) if self.detail.is_empty() => format!("by {by}").into(),
            Some(by) => format!("{}; by {by}", self.detail).into(),
        };
        self.ended(result.result).reason(result.reason.clone().unwrap_or_default()).detail(detail)
    }

    /// How long the participant had waited when the action ended; None if they did not wait when it began.
    pub fn waited_ms(&self) -> Option<i64> {
        self.subject.waiting_since.map(|since| (self.at - since).max(0))
    }
}

/// A new, unique id of an action.
pub fn new_action_id() -> Arc<str> {
    uuid::Uuid::new_v4().to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ActionKind;

    #[test]
    fn each_entry_has_a_unique_id_which_a_correction_refers_to() {
        let (first, second) = (Entry::elsewhere(AuditEvent::LetIn), Entry::elsewhere(AuditEvent::LetIn));
        assert!(!first.action_id.is_empty() && first.action_id != second.action_id && first.corrects.is_empty());
        let late = second.corrects(first.action_id.clone()).action_id("known before");
        assert_eq!((late.corrects, &*late.action_id), (first.action_id, "known before"));
    }

    #[test]
    fn scopes_results_and_events_have_their_wire_names() {
        let entry = Entry::elsewhere(AuditEvent::Did(ActionKind::SendBack)).ended(ActionResult::Unconfirmed);
        assert_eq!((&*entry.scope, &*entry.result, &*to_wire(&entry.action)), ("elsewhere", "unconfirmed", "send_back"));
    }
}
