//! Carries out presses: one task a press, one future a person or meeting. Knows neither sockets nor XML.
//!
//! `target` is the way of one target of a press: whether anything is to be sent at all, and when. `person` and `meeting` send it and read
//! back what became of it; `judge` says what that means. `later` reads again what ended without being known. `logged` sees to it that
//! nothing is done without its entry in the log.

mod audited;
mod bridge_client;
mod bridge_slots;
#[cfg(test)]
pub(crate) mod faults;
mod goal;
mod in_progress;
mod journal;
mod late_readings;
mod meeting;
mod participant;
mod recovery;
mod target;
mod target_snapshot;
mod undo;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::audit::{AuditEvent, AuditLog, LOG_FULL};
use crate::clock::Now;
use crate::cms::{BridgeCommand, Cluster};
use crate::config::Timing;
use crate::model::action::Request;
use crate::model::wire_name::to_wire;
use crate::model::{ActionKind, ActionRequest, ActionResult, Outcome, TargetResult};
use crate::moderation::Moderation;
use crate::system_status::Problems;

use audited::send_all;
use bridge_client::Reach;
use bridge_slots::Turns;
use in_progress::Running;
pub use journal::{Journal, OpenPress};
use late_readings::{Doubt, Later, is_open};
use target_snapshot::Subject;

/// How often the journal is looked through for what has been kept long enough.
const TIDY: Duration = Duration::from_secs(600);

/// A press that could not be journalled within this time is carried out all the same, loudly. A database that is only busy with other presses
/// takes far less; until then a kill would leave nothing of what was done.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(1);

/// Shared by all presses; cheap to clone.
#[derive(Clone)]
pub struct Deeds {
    reach: Reach,
    desk: Moderation,
    journal: Journal,
    running: Running,
    later: Later,
    troubles: Problems,
    log: AuditLog,
    /// Usher is about to end: what waits for its time is not sent any more.
    ending: CancellationToken,
}

impl Deeds {
    /// `troubles` is where every moderator is told that the journal can't be written.
    pub fn new(
        cluster: Cluster,
        desk: Moderation,
        journal: Journal,
        timing: Timing,
        troubles: Problems,
        log: AuditLog,
        ending: CancellationToken,
    ) -> Self {
        Self {
            reach: Reach { cluster, timing },
            desk,
            journal,
            running: Running::default(),
            later: Later::default(),
            troubles,
            log,
            ending,
        }
    }

    /// Takes requests until `stop`; presses under way are finished by the tracker's owner.
    pub async fn run(self, mut requests: mpsc::Receiver<Request>, tracker: TaskTracker, stop: CancellationToken) {
        let mut tidy = tokio::time::interval(TIDY);
        loop {
            let request = tokio::select! {
                () = stop.cancelled() => break,
                _ = tidy.tick() => {
                    self.journal.forget_ended();
                    continue;
                }
                request = requests.recv() => request,
            };
            match request {
                Some(Request::Action { press, results, started }) => {
                    tracker.spawn(self.clone().press(press, results, started));
                }
                Some(Request::Retry { actor, bridge, answer }) => {
                    info!(user = %actor.user, bridge, "asked to try the bridge again");
                    let told = self.tell_logged(&actor, AuditEvent::Retry, &bridge, BridgeCommand::Retry).await;
                    let _ = answer.send(told);
                }
                Some(Request::Pause { actor, bridge, paused, answer }) => {
                    info!(user = %actor.user, address = %actor.address, bridge, paused, "asked to pause a bridge, or to end that");
                    let command = if paused { BridgeCommand::Pause { by: actor.user.clone() } } else { BridgeCommand::Resume };
                    let action = if paused { AuditEvent::Pause } else { AuditEvent::Resume };
                    let told = self.tell_logged(&actor, action, &bridge, command).await;
                    let _ = answer.send(told);
                }
                None => break,
            }
        }
    }

    async fn press(self, press: ActionRequest, results: mpsc::Sender<TargetResult>, started: oneshot::Sender<()>) {
        let (subjects, unknown) = self.subjects(&press);
        let (action, scope) = (to_wire(&press.deed.verb()), to_wire(&press.scope));
        info!(user = %press.actor.user, %action, targets = subjects.len(), unknown = unknown.len(), %scope, "pressed");
        let Some(mut room) = self.room_for(&press, &subjects, &unknown).await else {
            let _ = started.send(());
            let all = subjects.into_iter().map(|subject| subject.target).chain(unknown);
            return send_all(all, ActionResult::Refused, LOG_FULL, &results).await;
        };
        let id = if subjects.is_empty() { 0 } else { self.journalled(&press, &subjects).await };
        let _ = started.send(());
        self.log_unknown(&press, &unknown, &mut room);
        send_all(unknown.into_iter(), ActionResult::Left, "", &results).await;
        let turns = Turns::new(subjects.len());
        let each = subjects.iter().map(async |subject| (subject, self.target(&press, &subject.target, &turns).await));
        let mut under_way: FuturesUnordered<_> = each.collect();
        let mut doubtful = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((subject, result)) = under_way.next() => {
                    let entry = self.settle(&press, id, subject, &result, &mut room);
                    if is_open(result.result) {
                        let doubt = Doubt { press: id, target: subject.target.clone(), deed: press.deed.clone(), entry };
                        doubtful.push(self.read_later(doubt));
                    }
                    let _ = results.send(result).await;
                }
                Some(found) = doubtful.next() => {
                    if let Some(corrected) = found {
                        let _ = results.send(corrected).await;
                    }
                }
                else => break,
            }
        }
    }

    /// Everybody's row says how it ended.
    fn finish(&self, action: ActionKind, by: &Arc<str>, result: &TargetResult) {
        let (now, reason) = (Now::read(), result.reason.clone().unwrap_or_default());
        let outcome = Outcome { action, result: result.result, reason, by: by.clone(), at: now.unix_ms };
        self.desk.finish(&result.target, outcome, now.instant + self.reach.timing.outcome_shown);
    }

    /// Writes the press down before anything of it is sent; answers its number. A journal that fails stops nobody from entering; it is said
    /// loudly instead. One that is only late is written all the same, before the results.
    async fn journalled(&self, press: &ActionRequest, subjects: &[Subject]) -> i64 {
        let id = self.journal.number();
        let trouble = match tokio::time::timeout(JOURNAL_PATIENCE, self.journal.begin(id, press, subjects)).await {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(_) => Some(format!("it took longer than {} ms", JOURNAL_PATIENCE.as_millis())),
        };
        if let Some(what) = &trouble {
            error!(what, "the journal cannot be written; carrying on without it");
        }
        self.troubles.say("journal", trouble.map(|what| format!("the journal of actions can't be written: {what}")));
        id
    }
}
