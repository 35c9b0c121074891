//! Sends requests to bridge actors and waits for their answers, as long as the bridge answers others meanwhile. Decides nothing.

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::cms::{BridgeCommand, Cluster, LegProbe, Mutation, Request, RequestError, Response};
use crate::config::Timing;
use crate::model::ParticipantId;

/// The most deadlines that a request waits in the queue of a bridge that does answer others.
const MAX_DEADLINES: usize = 10;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct BridgeClient {
    pub(super) cluster: Cluster,
    pub(super) timing: Timing,
}

impl BridgeClient {
    /// Asks CMS for a change. `stop` withdraws it while it is still queued.
    pub(super) async fn change(&self, bridge: &str, change: Mutation, bulk: bool, stop: &CancellationToken) -> Result<(), RequestError> {
        if stop.is_cancelled() {
            return Err(RequestError::Withdrawn);
        }
        let (reply, mut answer) = oneshot::channel();
        let request = Request::Mutate(change);
        self.send(bridge, BridgeCommand::Send { request: request.clone(), bulk, reply }).await?;
        let answered = tokio::select! {
            result = self.wait(bridge, &mut answer) => result,
            () = stop.cancelled() => Err(RequestError::Withdrawn),
        };
        let why = match answered {
            Ok(result) => return result.map(drop),
            Err(why) => why,
        };
        // The request must not be sent any more. If it was sent meanwhile, its answer counts.
        self.send(bridge, BridgeCommand::Withdraw(request)).await?;
        match (self.wait(bridge, &mut answer).await?, why) {
            (Err(RequestError::Withdrawn), RequestError::TimedOut(_)) => {
                Err(RequestError::Unreachable("the bridge did not get round to it, and it was not sent".into()))
            }
            (Err(RequestError::Withdrawn), why) => Err(why),
            (result, _) => result.map(drop),
        }
    }

    pub(super) async fn read(&self, bridge: &str, request: Request, bulk: bool) -> Result<Response, RequestError> {
        let (reply, mut answer) = oneshot::channel();
        self.send(bridge, BridgeCommand::Send { request, bulk, reply }).await?;
        self.wait(bridge, &mut answer).await?
    }

    /// Reads the lobby state of the participant's legs.
    pub(super) async fn read_lobby(&self, bridge: &str, participant: &ParticipantId, bulk: bool) -> LegProbe {
        let (reply, mut answer) = oneshot::channel();
        let sent = self.send(bridge, BridgeCommand::ProbeLegs { person: participant.clone(), bulk, reply }).await;
        let probe = match sent {
            Ok(()) => self.wait(bridge, &mut answer).await,
            Err(error) => Err(error),
        };
        probe.unwrap_or_else(LegProbe::Failed)
    }

    async fn send(&self, bridge: &str, command: BridgeCommand) -> Result<(), RequestError> {
        self.cluster.send(bridge, command).await.map_err(|_| RequestError::Withheld("the bridge is not followed any more".into()))
    }

    /// Waits as long as the bridge answers others meanwhile: in a large request most participants wait in the queue.
    async fn wait<T>(&self, bridge: &str, answer: &mut oneshot::Receiver<T>) -> Result<T, RequestError> {
        for _ in 0..MAX_DEADLINES {
            match tokio::time::timeout(self.timing.action_deadline, &mut *answer).await {
                // The actor may have ended without an answer, while CMS carries on with what it had sent.
                Ok(answer) => {
                    let gone = |_| RequestError::Closed { why: "the bridge is not followed any more".into(), soon: false };
                    return answer.map_err(gone);
                }
                Err(_) if self.is_silent(bridge) => break,
                Err(_) => {}
            }
        }
        Err(RequestError::TimedOut(self.timing.action_deadline))
    }

    fn is_silent(&self, bridge: &str) -> bool {
        let answered = self.cluster.store().find_in_bridge(bridge, |bridge| bridge.answered);
        answered.is_none_or(|(at, _)| at.elapsed() >= self.timing.action_deadline)
    }
}
