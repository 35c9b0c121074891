//! Makes sure that nothing acts on CMS without its entry in the audit log: room for the entries is reserved before anything is done, and the
//! entry of each target is written together with the end of its row in the journal. Sends nothing to CMS but bridge commands.

use std::collections::HashSet;

use tokio::sync::mpsc;
use tracing::debug;

use super::Actions;
use super::journal::closing;
use super::target::TargetSnapshot;
use crate::audit::{AuditEvent, AuditSubject, Entry, Quota, Reservation};
use crate::cms::BridgeCommand;
use crate::model::wire_name::to_wire;
use crate::model::{ActionError, ActionRequest, ActionResult, Actor, Target, TargetResult};
use crate::store::meetings::calls_of;

impl Actions {
    /// Each target of a request once: the known ones, as they are shown now, and the unknown ones. An unknown id has no row in the journal and
    /// no entry of its own: otherwise a page that invents ids could fill both.
    pub(super) fn distinct_targets(&self, request: &ActionRequest) -> (Vec<TargetSnapshot>, Vec<Target>) {
        let store = self.bridges.cluster.store();
        let mut seen = HashSet::new();
        let targets = request.targets.iter().filter(|target| seen.insert(*target));
        let (known, unknown): (Vec<&Target>, Vec<&Target>) = targets.partition(|target| match target {
            Target::Person(id) => store.has_person(id),
            Target::Meeting(id) => !calls_of(store, id).is_empty(),
        });
        (known.into_iter().map(|target| TargetSnapshot::new(store, target)).collect(), unknown.into_iter().cloned().collect())
    }

    /// None if the audit log has no room: then nothing may be sent.
    pub(super) async fn reserve_entries(
        &self,
        request: &ActionRequest,
        known: &[TargetSnapshot],
        unknown: &[Target],
    ) -> Option<Reservation> {
        let entries = known.len() + usize::from(!unknown.is_empty());
        self.log.reserve(Quota::Actions, &request.actor.user, entries).await.ok()
    }

    /// Writes one entry for all of them.
    pub(super) fn log_unknown(&self, request: &ActionRequest, unknown: &[Target], reservation: &mut Reservation) {
        if !unknown.is_empty() {
            let entry = Entry::by(&request.actor, AuditEvent::Did(request.action.kind())).scope(&request.scope);
            reservation.add(entry.unknown(unknown.len()));
        }
    }

    /// Makes the result for one target final, in the journal and the audit log; only a late reading can correct it afterwards. `journal_id` is
    /// the request's in the journal. Returns the entry of the audit log.
    pub(super) fn log_result(
        &self,
        request: &ActionRequest,
        journal_id: i64,
        snapshot: &TargetSnapshot,
        result: &TargetResult,
        reservation: &mut Reservation,
    ) -> Entry {
        let entry = Entry::by(&request.actor, AuditEvent::Did(request.action.kind())).scope(&request.scope).about(snapshot.subject.clone());
        let entry = entry.action_id(snapshot.action_id.clone());
        let entry = entry.detail(request.action.detail()).with(result);
        reservation.add_with(entry.clone(), closing(journal_id, result));
        let (action, result) = (to_wire(&request.action.kind()), to_wire(&result.result));
        debug!(user = %request.actor.user, %action, target = ?snapshot.target, %result, "action ended");
        metrics::counter!("usher_actions_total", "action" => action, "result" => result).increment(1);
        entry
    }

    /// Sends a bridge a command whose only result is its delivery.
    pub(super) async fn command_audited(
        &self,
        actor: &Actor,
        event: AuditEvent,
        bridge: &str,
        command: BridgeCommand,
    ) -> Result<(), ActionError> {
        // Without waiting for room: commands are carried out in their order, and others' must not wait for this one.
        let mut reservation = self.log.try_reserve(Quota::Actions, &actor.user, 1).map_err(|_| ActionError::LogFull)?;
        let cluster = &self.bridges.cluster;
        let delivered = cluster.send(bridge, command).await.map_err(|_| ActionError::UnknownBridge(bridge.to_owned()));
        let entry = Entry::by(actor, event).about(AuditSubject::bridge(cluster.store(), bridge));
        reservation.add(match &delivered {
            Ok(()) => entry.ended(ActionResult::Done),
            Err(error) => entry.ended(ActionResult::Refused).reason(error.to_string()),
        });
        delivered
    }
}

/// Sends the same result for each target.
pub(super) async fn send_all(
    targets: impl Iterator<Item = Target>,
    result: ActionResult,
    reason: &str,
    results: &mpsc::Sender<TargetResult>,
) {
    for target in targets {
        let _ = results.send(TargetResult::new(target, result, reason)).await;
    }
}
