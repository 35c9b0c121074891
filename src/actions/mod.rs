//! Carries out action requests: one task for each request, one future for each target. Knows neither sockets nor XML.
//!
//! The way of a request: this file takes it, reserves its entries in the audit log, journals it and collects the results. `target` decides
//! whether anything is sent for one target, and when. `participant` and `meeting` send it through `bridge_client` and read back until the goal
//! is reached; `goal` says what a reading means.
//!
//! Beside it: `in_progress` merges equal requests for one target, `audited` ties the audit log to the journal, `late_readings` reads
//! unconfirmed actions again, `recovery` reads back what a restart interrupted, `undo` resumes the waits that an admission ended.

mod audited;
mod bridge_client;
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
mod undo;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::audit::{AuditEvent, AuditLog, LOG_FULL, Reservation};
use crate::clock::Now;
use crate::cms::{BridgeCommand, Cluster};
use crate::config::Timing;
use crate::model::wire_name::to_wire;
use crate::model::{ActionError, ActionHandler, ActionKind, ActionRequest, ActionResult, Actor, Outcome, TargetResult};
use crate::moderation::Moderation;
use crate::system_status::Problems;

use audited::send_all;
use bridge_client::BridgeClient;
use in_progress::InProgress;
pub use journal::{InterruptedAction, Journal};
use late_readings::{LateReadings, UnconfirmedAction, is_uncertain};
use target::{BridgeSlots, TargetSnapshot};

/// Requests that may wait at once until they are journalled: more than thirty users with as much under way as one user may have.
const WAITING_REQUESTS: usize = 1024;

/// A request that is not journalled within this time is carried out all the same, with an error in the log. A database that is only busy with
/// other requests takes far less; until it is written, a kill would leave no trace of what was done.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(1);

/// The parts that [`Actions`] works with.
pub struct ActionParts {
    pub cluster: Cluster,
    pub moderation: Moderation,
    pub journal: Journal,
    pub timing: Timing,
    /// Tells every moderator that the journal can't be written.
    pub problems: Problems,
    pub log: AuditLog,
    /// Requests under way, for the one who waits for them at a stop.
    pub tasks: TaskTracker,
    /// Usher is asked to stop: an admission that still waits for its delay is not sent.
    pub stopping: CancellationToken,
    /// From then on requests are refused.
    pub closed: CancellationToken,
}

/// Handle through which all actions go; cheap to clone.
#[derive(Clone)]
pub struct Actions {
    bridges: BridgeClient,
    moderation: Moderation,
    journal: Journal,
    problems: Problems,
    log: AuditLog,
    in_progress: InProgress,
    late_readings: LateReadings,
    bridge_commands: CommandQueue,
    waiting: Arc<Semaphore>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    closed: CancellationToken,
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actions").finish_non_exhaustive()
    }
}

impl ActionHandler for Actions {
    fn submit(&self, request: ActionRequest) -> BoxFuture<'static, Result<mpsc::Receiver<TargetResult>, ActionError>> {
        let (results, receiver) = mpsc::channel(request.targets.len().max(1));
        let (journalled, is_journalled) = oneshot::channel();
        if let Some(permit) = self.admit_request() {
            let start = Start { journalled, permit, commands: self.bridge_commands.requested_so_far() };
            self.tasks.spawn(self.clone().carry_out_request(request, results, start));
        }
        async move { is_journalled.await.map(|()| receiver).map_err(|_| ActionError::Busy) }.boxed()
    }

    fn retry(&self, actor: Actor, bridge: String) -> BoxFuture<'static, Result<(), ActionError>> {
        self.command(actor, AuditEvent::Retry, bridge, BridgeCommand::Retry)
    }

    fn pause(&self, actor: Actor, bridge: String, paused: bool) -> BoxFuture<'static, Result<(), ActionError>> {
        match paused {
            true => {
                let command = BridgeCommand::Pause { by: actor.user.clone() };
                self.command(actor, AuditEvent::Pause, bridge, command)
            }
            false => self.command(actor, AuditEvent::Resume, bridge, BridgeCommand::Resume),
        }
    }
}

impl Actions {
    pub fn new(parts: ActionParts) -> Self {
        Self {
            bridges: BridgeClient { cluster: parts.cluster, timing: parts.timing },
            moderation: parts.moderation,
            journal: parts.journal,
            problems: parts.problems,
            log: parts.log,
            in_progress: InProgress::default(),
            late_readings: LateReadings::default(),
            bridge_commands: CommandQueue::default(),
            waiting: Arc::new(Semaphore::new(WAITING_REQUESTS)),
            tasks: parts.tasks,
            stopping: parts.stopping,
            closed: parts.closed,
        }
    }

    /// None if too many requests wait, or Usher stops.
    fn admit_request(&self) -> Option<OwnedSemaphorePermit> {
        if self.closed.is_cancelled() {
            return None;
        }
        self.waiting.clone().try_acquire_owned().ok()
    }

    async fn carry_out_request(self, request: ActionRequest, results: mpsc::Sender<TargetResult>, start: Start) {
        let (known, unknown) = self.distinct_targets(&request);
        let (action, scope) = (to_wire(&request.action.kind()), to_wire(&request.scope));
        info!(user = %request.actor.user, %action, targets = known.len(), unknown = unknown.len(), %scope, "action requested");
        let Some(mut reservation) = self.reserve_entries(&request, &known, &unknown).await else {
            start.begin().await;
            let all = known.into_iter().map(|snapshot| snapshot.target).chain(unknown);
            return send_all(all, ActionResult::Refused, LOG_FULL, &results).await;
        };
        let journal_id = if known.is_empty() { 0 } else { self.write_journal(&request, &known).await };
        start.begin().await;
        self.log_unknown(&request, &unknown, &mut reservation);
        send_all(unknown.into_iter(), ActionResult::Left, "", &results).await;
        self.act_on_targets(&request, journal_id, &known, &mut reservation, &results).await;
    }

    /// Acts on all targets at once, and sends each result as soon as it is known; later those that correct an earlier one.
    async fn act_on_targets(
        &self,
        request: &ActionRequest,
        journal_id: i64,
        targets: &[TargetSnapshot],
        reservation: &mut Reservation,
        results: &mpsc::Sender<TargetResult>,
    ) {
        let slots = BridgeSlots::new(targets.len());
        let each = targets.iter().map(async |snapshot| (snapshot, self.act_on_target(request, &snapshot.target, &slots).await));
        let mut under_way: FuturesUnordered<_> = each.collect();
        let mut unconfirmed = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((snapshot, result)) = under_way.next() => {
                    let entry = self.log_result(request, journal_id, snapshot, &result, reservation);
                    if is_uncertain(result.result) {
                        let (target, action) = (snapshot.target.clone(), request.action.clone());
                        unconfirmed.push(self.read_later(UnconfirmedAction { journal_id, target, action, entry }));
                    }
                    let _ = results.send(result).await;
                }
                Some(corrected) = unconfirmed.next() => {
                    if let Some(corrected) = corrected {
                        let _ = results.send(corrected).await;
                    }
                }
                else => break,
            }
        }
    }

    /// Ends the action on the target's row, which shows the outcome for a while.
    fn show_outcome(&self, action: ActionKind, by: &Arc<str>, result: &TargetResult) {
        let (now, reason) = (Now::read(), result.reason.clone().unwrap_or_default());
        let outcome = Outcome { action, result: result.result, reason, by: by.clone(), at: now.unix_ms };
        self.moderation.finish(&result.target, outcome, now.instant + self.bridges.timing.outcome_shown);
    }

    /// Writes the request down before anything of it is sent; returns its id. A journal that fails keeps nobody out of a meeting: it is reported
    /// as a problem instead. If it is only late, it is still written before the results.
    async fn write_journal(&self, request: &ActionRequest, targets: &[TargetSnapshot]) -> i64 {
        let id = self.journal.new_id();
        let problem = match tokio::time::timeout(JOURNAL_PATIENCE, self.journal.begin(id, request, targets)).await {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(_) => Some(format!("it took longer than {} ms", JOURNAL_PATIENCE.as_millis())),
        };
        if let Some(problem) = &problem {
            error!(problem, "journal not written; action continued without it");
        }
        self.problems.report("journal", problem.map(|problem| format!("the journal of actions can't be written: {problem}")));
        id
    }

    /// Sends a command to a bridge, after the commands that were asked for before.
    fn command(
        &self,
        actor: Actor,
        event: AuditEvent,
        bridge: String,
        command: BridgeCommand,
    ) -> BoxFuture<'static, Result<(), ActionError>> {
        let (result, received) = oneshot::channel();
        if let Some(permit) = self.admit_request() {
            info!(user = %actor.user, address = %actor.address, bridge, command = %to_wire(&event), "bridge command requested");
            let (turn, actions) = (self.bridge_commands.join(), self.clone());
            self.tasks.spawn(async move {
                let ended = turn.wait().await;
                let _ = result.send(actions.command_audited(&actor, event, &bridge, command).await);
                drop((ended, permit));
            });
        }
        async move { received.await.unwrap_or(Err(ActionError::Busy)) }.boxed()
    }
}

/// The steps of a request before its actions.
struct Start {
    journalled: oneshot::Sender<()>,
    permit: OwnedSemaphorePermit,
    /// The bridge commands that were requested before.
    commands: Shared<oneshot::Receiver<()>>,
}

impl Start {
    /// Tells the requester that the request has begun, makes room for the next one, and waits for the bridge commands requested before: an
    /// action must find its bridge as they leave it.
    async fn begin(self) {
        let Self { journalled, permit, commands } = self;
        let _ = journalled.send(());
        drop(permit);
        let _ = commands.await;
    }
}

/// Keeps commands in the order in which they were requested: a resume must not overtake its pause. Cheap to clone.
#[derive(Clone, Default)]
struct CommandQueue(Arc<Mutex<Option<Shared<oneshot::Receiver<()>>>>>);

/// A position in the queue.
struct CommandTurn {
    before: Shared<oneshot::Receiver<()>>,
    ended: oneshot::Sender<()>,
}

impl CommandQueue {
    fn join(&self) -> CommandTurn {
        let (ended, after) = oneshot::channel();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        CommandTurn { before: last.replace(after.shared()).unwrap_or_else(no_command), ended }
    }

    /// Ends when all commands requested until now have ended, in whichever way.
    fn requested_so_far(&self) -> Shared<oneshot::Receiver<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_else(no_command)
    }
}

/// Ends at once, as its sender is gone.
fn no_command() -> Shared<oneshot::Receiver<()>> {
    oneshot::channel().1.shared()
}

impl CommandTurn {
    /// Waits for the command before to end, in whichever way; the next one waits until the returned value is dropped.
    async fn wait(self) -> oneshot::Sender<()> {
        let _ = self.before.await;
        self.ended
    }
}

#[cfg(test)]
impl Actions {
    /// Makes all that is requested from now on wait until the returned value is dropped.
    pub(crate) async fn hold_commands(&self) -> oneshot::Sender<()> {
        self.bridge_commands.join().wait().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_command_waits_for_the_one_before_however_that_ends() {
        let queue = CommandQueue::default();
        let (first, second, third) = (queue.join(), queue.join(), queue.join());
        let first = first.wait().await;
        let mut waiting = Box::pin(second.wait());
        assert!((&mut waiting).now_or_never().is_none(), "the first has not ended");
        drop(first);
        drop(waiting.await);
        drop(third);
        drop(queue.join().wait().await);
    }

    #[tokio::test]
    async fn an_action_waits_for_the_commands_before_it_and_for_none_after_it() {
        let queue = CommandQueue::default();
        assert!(queue.requested_so_far().now_or_never().is_some(), "there is none");
        let (first, second) = (queue.join(), queue.join());
        let before = queue.requested_so_far();
        let third = queue.join();
        drop(first);
        assert!(before.clone().now_or_never().is_none(), "the second has not ended");
        drop(second);
        assert!(before.now_or_never().is_some());
        drop(third);
    }
}
