//! Sees to it that nothing acts on CMS without its entry in the log: room for the entries is taken before anything is done, and the entry of each target
//! is written together with the end of its row in the journal. Sends nothing.

use std::collections::HashSet;

use tokio::sync::mpsc;
use tracing::debug;

use super::journal::closing;
use super::{Deeds, Subject};
use crate::audit::{AuditEvent, AuditSubject, Entry, Quota, Reservation};
use crate::cms::BridgeCommand;
use crate::model::wire_name::to_wire;
use crate::model::{ActionError, ActionRequest, ActionResult, Actor, Target, TargetResult};
use crate::store::meetings::calls_of;

impl Deeds {
    /// Each target of a press once: those that Usher knows, as they are shown now, and the others. An id that is nobody's has no row in the
    /// journal and no entry of its own: else a page that makes ids up could fill both.
    pub(super) fn subjects(&self, press: &ActionRequest) -> (Vec<Subject>, Vec<Target>) {
        let store = self.reach.cluster.store();
        let mut seen = HashSet::new();
        let targets = press.targets.iter().filter(|target| seen.insert(*target));
        let (known, unknown): (Vec<&Target>, Vec<&Target>) = targets.partition(|target| match target {
            Target::Person(id) => store.has_person(id),
            Target::Meeting(id) => !calls_of(store, id).is_empty(),
        });
        (known.into_iter().map(|target| Subject::of(store, target)).collect(), unknown.into_iter().cloned().collect())
    }

    /// None where the log has no room: then nothing may be sent.
    pub(super) async fn room_for(&self, press: &ActionRequest, subjects: &[Subject], unknown: &[Target]) -> Option<Reservation> {
        let entries = subjects.len() + usize::from(!unknown.is_empty());
        self.log.reserve(Quota::Actions, &press.actor.user, entries).await.ok()
    }

    /// One entry for all of them.
    pub(super) fn log_unknown(&self, press: &ActionRequest, unknown: &[Target], room: &mut Reservation) {
        if !unknown.is_empty() {
            let entry = Entry::by(&press.actor, AuditEvent::Did(press.deed.verb())).scope(&press.scope);
            room.add(entry.unknown(unknown.len()));
        }
    }

    /// The result for one target of a press is final here, and only here, but for what `later` finds. `id`: the press in the journal. Answers
    /// the entry of the log.
    pub(super) fn settle(&self, press: &ActionRequest, id: i64, subject: &Subject, result: &TargetResult, room: &mut Reservation) -> Entry {
        let entry = Entry::by(&press.actor, AuditEvent::Did(press.deed.verb())).scope(&press.scope).about(subject.whom.clone());
        let entry = entry.action_id(subject.action_id.clone());
        let entry = entry.detail(press.deed.detail()).with(result);
        room.add_with(entry.clone(), closing(id, result));
        let (action, to_wire) = (to_wire(&press.deed.verb()), to_wire(&result.result));
        debug!(user = %press.actor.user, %action, target = ?subject.target, result = %to_wire, "ended");
        metrics::counter!("usher_actions_total", "action" => action, "result" => to_wire).increment(1);
        entry
    }

    /// Tells a bridge something that has no result but that it was told.
    pub(super) async fn tell_logged(
        &self,
        actor: &Actor,
        action: AuditEvent,
        bridge: &str,
        command: BridgeCommand,
    ) -> Result<(), ActionError> {
        // Without waiting: requests are carried out in their order, and others' must not wait for this one.
        let mut room = self.log.try_reserve(Quota::Actions, &actor.user, 1).map_err(|_| ActionError::LogFull)?;
        let cluster = &self.reach.cluster;
        let told = cluster.send(bridge, command).await.map_err(|_| ActionError::UnknownBridge(bridge.to_owned()));
        let entry = Entry::by(actor, action).about(AuditSubject::bridge(cluster.store(), bridge));
        room.add(match &told {
            Ok(()) => entry.ended(ActionResult::Done),
            Err(error) => entry.ended(ActionResult::Refused).reason(error.to_string()),
        });
        told
    }
}

/// The same result for each.
pub(super) async fn send_all(targets: impl Iterator<Item = Target>, how: ActionResult, reason: &str, results: &mpsc::Sender<TargetResult>) {
    for target in targets {
        let _ = results.send(TargetResult::new(target, how, reason)).await;
    }
}
