//! One entry of the audit log, and how it is built where an action happens. Writes nothing.

use std::sync::Arc;

use serde::Serialize;

use super::event::AuditEvent;
use super::subject::AuditSubject;
use crate::clock::Now;
use crate::model::wire_name::to_wire;
use crate::model::{ActionResult, Actor, TargetResult};
use crate::store::Store;

/// One action on one person, meeting or bridge, once it has ended.
///
/// ```ignore
/// log.add(Entry::by(&actor, AuditEvent::Hold).scope(&scope).about(AuditSubject::person(&store, &id)).ended(ActionResult::Done).detail("a reason"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it ended; Unix milliseconds.
    pub at: i64,
    /// The user who caused it; empty when no user of Usher did.
    pub user: Arc<str>,
    /// From which address; empty where nobody at Usher did it, or it is not known (any more).
    pub address: Arc<str>,
    pub action: AuditEvent,
    /// Which button it was (`person`, `selection`, `meeting` ...), or `elsewhere`.
    pub scope: Arc<str>,
    pub whom: AuditSubject,
    /// How it ended, the wire name of an `ActionResult`; empty where there is nothing to say.
    pub result: Arc<str>,
    /// CMS's reason, or what went wrong.
    pub reason: Arc<str>,
    /// Details of the action: the label, the reason of a hold, the text of a message, who was first.
    pub detail: Arc<str>,
    /// Unique: this action on this one target. An entry that corrects this one names it.
    pub action_id: Arc<str>,
    /// The `action_id` of an earlier entry whose result this one puts right; empty for none.
    pub corrects: Arc<str>,
}

impl Entry {
    /// An action of somebody at Usher that ends now.
    pub fn by(actor: &Actor, action: AuditEvent) -> Self {
        Self { user: actor.user.clone(), address: actor.address.to_string().into(), ..Self::of(action) }
    }

    /// An entry that no user of Usher caused.
    pub fn elsewhere(action: AuditEvent) -> Self {
        Self { scope: "elsewhere".into(), ..Self::of(action) }
    }

    /// Only what, and that it ends now.
    pub fn of(action: AuditEvent) -> Self {
        let empty: Arc<str> = Arc::default();
        Self {
            at: Now::read().unix_ms,
            user: empty.clone(),
            address: empty.clone(),
            action,
            scope: empty.clone(),
            whom: AuditSubject::default(),
            result: empty.clone(),
            reason: empty.clone(),
            detail: empty.clone(),
            action_id: new_action_id(),
            corrects: empty,
        }
    }

    /// The id of the action, where somebody had to know it before the action ended: see [`new_action_id`].
    #[must_use]
    pub fn action_id(self, id: impl Into<Arc<str>>) -> Self {
        Self { action_id: id.into(), ..self }
    }

    /// States that this entry puts the result of an earlier one right.
    #[must_use]
    pub fn corrects(self, action_id: impl Into<Arc<str>>) -> Self {
        Self { corrects: action_id.into(), ..self }
    }

    /// Adds the ids that rows don't carry, as the store knows them now.
    #[must_use]
    pub fn located(mut self, store: &Store) -> Self {
        let AuditSubject { space, tenant, bridge_id, .. } = AuditSubject::person(store, &self.whom.person);
        (self.whom.space, self.whom.tenant, self.whom.bridge_id) = (space, tenant, bridge_id);
        self
    }

    /// The scope of the request: a word, or anything that serialises to one.
    #[must_use]
    pub fn scope(self, scope: &impl Serialize) -> Self {
        Self { scope: to_wire(scope), ..self }
    }

    #[must_use]
    pub fn about(self, whom: AuditSubject) -> Self {
        Self { whom, ..self }
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

    /// About people or meetings that Usher does not know, all in one entry: made up, or gone for long.
    #[must_use]
    pub fn unknown(self, ids: usize) -> Self {
        self.ended(ActionResult::Left).detail(format!("{ids} unknown ids"))
    }

    /// How it ended for a target of a press, with who was first, or is handling it, where somebody was.
    #[must_use]
    pub fn with(self, result: &TargetResult) -> Self {
        let detail = match &result.by {
            None => self.detail.clone(),
            Some(by) if self.detail.is_empty() => format!("by {by}").into(),
            Some(by) => format!("{}; by {by}", self.detail).into(),
        };
        self.ended(result.result).reason(result.reason.clone().unwrap_or_default()).detail(detail)
    }

    /// How long the person had waited when it ended; None for who did not wait when it began.
    pub fn waited_ms(&self) -> Option<i64> {
        self.whom.waiting_since.map(|since| (self.at - since).max(0))
    }
}

/// An id that no action has yet.
pub fn new_action_id() -> Arc<str> {
    uuid::Uuid::new_v4().to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ActionKind;

    #[test]
    fn each_entry_has_an_id_of_its_own_which_a_correction_names() {
        let (first, second) = (Entry::elsewhere(AuditEvent::LetIn), Entry::elsewhere(AuditEvent::LetIn));
        assert!(!first.action_id.is_empty() && first.action_id != second.action_id && first.corrects.is_empty());
        let late = second.corrects(first.action_id.clone()).action_id("known before");
        assert_eq!((late.corrects, &*late.action_id), (first.action_id, "known before"));
    }

    #[test]
    fn words_are_those_of_the_protocol() {
        let entry = Entry::elsewhere(AuditEvent::Did(ActionKind::SendBack)).ended(ActionResult::Unconfirmed);
        assert_eq!((&*entry.scope, &*entry.result, &*to_wire(&entry.action)), ("elsewhere", "unconfirmed", "send_back"));
    }
}
