//! Asking bridges for something and waiting for what comes of it, as patiently as the bridge deserves. Decides nothing.

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::cms::{BridgeCommand, Cluster, LegProbe, Mutation, Request, RequestError, Response};
use crate::config::Timing;
use crate::model::ParticipantId;

/// How many deadlines somebody stands in line at a bridge that does answer others.
const LONGEST_LINE: usize = 10;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Reach {
    pub(super) cluster: Cluster,
    pub(super) timing: Timing,
}

impl Reach {
    /// Asks CMS for a change. `stop` takes it back for as long as it stands in line.
    pub(super) async fn change(&self, bridge: &str, change: Mutation, bulk: bool, stop: &CancellationToken) -> Result<(), RequestError> {
        if stop.is_cancelled() {
            return Err(RequestError::Withdrawn);
        }
        let (reply, mut answer) = oneshot::channel();
        let ask = Request::Mutate(change);
        self.send(bridge, BridgeCommand::Send { request: ask.clone(), bulk, reply }).await?;
        let answered = tokio::select! {
            result = self.wait(bridge, &mut answer) => result,
            () = stop.cancelled() => Err(RequestError::Withdrawn),
        };
        let why = match answered {
            Ok(result) => return result.map(drop),
            Err(why) => why,
        };
        // It is not to be sent any more. Where it was sent meanwhile, its answer counts.
        self.send(bridge, BridgeCommand::Withdraw(ask)).await?;
        match (self.wait(bridge, &mut answer).await?, why) {
            (Err(RequestError::Withdrawn), RequestError::TimedOut(_)) => {
                Err(RequestError::Unreachable("the bridge did not get round to it, and it was not sent".into()))
            }
            (Err(RequestError::Withdrawn), why) => Err(why),
            (result, _) => result.map(drop),
        }
    }

    pub(super) async fn read(&self, bridge: &str, ask: Request, bulk: bool) -> Result<Response, RequestError> {
        let (reply, mut answer) = oneshot::channel();
        self.send(bridge, BridgeCommand::Send { request: ask, bulk, reply }).await?;
        self.wait(bridge, &mut answer).await?
    }

    /// Reads the person's legs.
    pub(super) async fn look(&self, bridge: &str, person: &ParticipantId, bulk: bool) -> LegProbe {
        let (reply, mut answer) = oneshot::channel();
        let sent = self.send(bridge, BridgeCommand::ProbeLegs { person: person.clone(), bulk, reply }).await;
        let look = match sent {
            Ok(()) => self.wait(bridge, &mut answer).await,
            Err(error) => Err(error),
        };
        look.unwrap_or_else(LegProbe::Failed)
    }

    async fn send(&self, bridge: &str, command: BridgeCommand) -> Result<(), RequestError> {
        self.cluster.send(bridge, command).await.map_err(|_| RequestError::Withheld("the bridge is not followed any more".into()))
    }

    /// Waits as long as the bridge answers others meanwhile: in a large press most people stand in line.
    async fn wait<T>(&self, bridge: &str, answer: &mut oneshot::Receiver<T>) -> Result<T, RequestError> {
        for _ in 0..LONGEST_LINE {
            match tokio::time::timeout(self.timing.action_deadline, &mut *answer).await {
                // Its actor may have gone without an answer, and what it had sent goes on.
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
