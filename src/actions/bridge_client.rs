//! Asking bridges for something and waiting for what comes of it, as patiently as the bridge deserves. Decides nothing.

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::cms::{Answer, Ask, AskError, Change, Cluster, Command, Look};
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
    pub(super) async fn change(&self, bridge: &str, change: Change, bulk: bool, stop: &CancellationToken) -> Result<(), AskError> {
        if stop.is_cancelled() {
            return Err(AskError::Withdrawn);
        }
        let (reply, mut answer) = oneshot::channel();
        let ask = Ask::Change(change);
        self.send(bridge, Command::Ask { ask: ask.clone(), bulk, reply }).await?;
        let answered = tokio::select! {
            result = self.wait(bridge, &mut answer) => result,
            () = stop.cancelled() => Err(AskError::Withdrawn),
        };
        let why = match answered {
            Ok(result) => return result.map(drop),
            Err(why) => why,
        };
        // It is not to be sent any more. Where it was sent meanwhile, its answer counts.
        self.send(bridge, Command::Withdraw(ask)).await?;
        match (self.wait(bridge, &mut answer).await?, why) {
            (Err(AskError::Withdrawn), AskError::TimedOut(_)) => {
                Err(AskError::Unreachable("the bridge did not get round to it, and it was not sent".into()))
            }
            (Err(AskError::Withdrawn), why) => Err(why),
            (result, _) => result.map(drop),
        }
    }

    pub(super) async fn read(&self, bridge: &str, ask: Ask, bulk: bool) -> Result<Answer, AskError> {
        let (reply, mut answer) = oneshot::channel();
        self.send(bridge, Command::Ask { ask, bulk, reply }).await?;
        self.wait(bridge, &mut answer).await?
    }

    /// Reads the person's legs.
    pub(super) async fn look(&self, bridge: &str, person: &ParticipantId, bulk: bool) -> Look {
        let (reply, mut answer) = oneshot::channel();
        let sent = self.send(bridge, Command::Look { person: person.clone(), bulk, reply }).await;
        let look = match sent {
            Ok(()) => self.wait(bridge, &mut answer).await,
            Err(error) => Err(error),
        };
        look.unwrap_or_else(Look::Failed)
    }

    async fn send(&self, bridge: &str, command: Command) -> Result<(), AskError> {
        self.cluster.send(bridge, command).await.map_err(|_| AskError::Withheld("the bridge is not followed any more".into()))
    }

    /// Waits as long as the bridge answers others meanwhile: in a large press most people stand in line.
    async fn wait<T>(&self, bridge: &str, answer: &mut oneshot::Receiver<T>) -> Result<T, AskError> {
        for _ in 0..LONGEST_LINE {
            match tokio::time::timeout(self.timing.action_deadline, &mut *answer).await {
                // Its actor may have gone without an answer, and what it had sent goes on.
                Ok(answer) => {
                    let gone = |_| AskError::Closed { why: "the bridge is not followed any more".into(), soon: false };
                    return answer.map_err(gone);
                }
                Err(_) if self.is_silent(bridge) => break,
                Err(_) => {}
            }
        }
        Err(AskError::TimedOut(self.timing.action_deadline))
    }

    fn is_silent(&self, bridge: &str) -> bool {
        let answered = self.cluster.store().with_bridge(bridge, |bridge| bridge.answered).flatten();
        answered.is_none_or(|(at, _)| at.elapsed() >= self.timing.action_deadline)
    }
}
