//! The way of one admission: find the home bridge, PUT once, read the leg back until it says so. Shown as admitted only when CMS says so.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Admission;
use crate::cms::{AskError, Command, Look};
use crate::model::{BridgeName, Home, ParticipantId};
use crate::view::ActionResult::{self, Done, Left, Refused, Unconfirmed, Unreachable};

type Outcome = (ActionResult, String);

/// How many deadlines somebody stands in line at a bridge that does answer others.
const LONGEST_LINE: usize = 10;

/// What to do after a PUT that brought no plain answer.
enum Next {
    Again,
    End(Outcome),
}

impl Admission {
    /// Admits one person. At most one PUT that CMS accepted: after a PUT without an answer the leg is read before anything else.
    pub(super) async fn carry_out(&self, person: &ParticipantId, bulk: bool) -> Outcome {
        let deadline = Instant::now() + self.timing.action_deadline;
        let mut relocated = false;
        let mut unanswered = 0;
        loop {
            let home = match self.home(person).await {
                Ok(home) => home,
                Err(outcome) => return outcome,
            };
            if let Some(refusal) = self.too_old(&home) {
                return refusal;
            }
            let error = match self.put(&home, person, bulk).await {
                Ok(()) => return self.confirm(&home, person, bulk).await,
                Err(error) => error,
            };
            let next = match error {
                AskError::Busy { retry_after } => self.wait_busy(retry_after, deadline).await,
                AskError::Gone(_) | AskError::Refused { .. } if !relocated && self.moved(&home, person).await => {
                    relocated = true;
                    Next::Again
                }
                AskError::Gone(_) => Next::End((Left, String::new())),
                AskError::Refused { reason, .. } => Next::End((Refused, reason)),
                AskError::Untrusted(why) => Next::End((Unreachable, why)),
                AskError::Unauthorized | AskError::Forbidden => Next::End((Refused, error.to_string())),
                AskError::Withheld(why) => Next::End((Refused, why)),
                AskError::TimedOut(_) | AskError::Unreachable(_) | AskError::Garbled(_) => {
                    unanswered += 1;
                    self.after_silence(&home, person, &error, unanswered == 1 && Instant::now() < deadline).await
                }
            };
            if let Next::End(outcome) = next {
                return outcome;
            }
        }
    }

    /// The bridge that runs the person's legs; asks for it when nobody has yet.
    async fn home(&self, person: &ParticipantId) -> Result<BridgeName, Outcome> {
        let store = self.cluster.store();
        for attempt in 0..2 {
            let known = store
                .with_person(person, |person| (person.home.clone(), person.listings.first().map(|listing| listing.key.bridge.clone())));
            match known {
                None => return Err((Left, String::new())),
                Some((Some(Home::Bridge(name)), _)) => return Ok(name),
                Some((Some(Home::Elsewhere(id)), _)) if attempt == 1 => {
                    return Err((Refused, format!("hosted on the Call Bridge {id}, which is not configured in Usher")));
                }
                Some((_, Some(bridge))) if attempt == 0 => {
                    if let Err(error) = self.locate(&bridge, person).await {
                        return Err(match error {
                            AskError::Gone(_) => (Left, String::new()),
                            AskError::Withheld(why) => (Refused, why),
                            error => (Unreachable, error.to_string()),
                        });
                    }
                }
                Some(_) => return Err((Unreachable, "it is not known which bridge hosts the person".into())),
            }
        }
        Err((Unreachable, "it is not known which bridge hosts the person".into()))
    }

    fn too_old(&self, home: &str) -> Option<Outcome> {
        let facts = self.cluster.store().with_bridge(home, |bridge| (bridge.can_admit, bridge.version.clone()))?;
        let version = facts.1.unwrap_or_default();
        (!facts.0).then(|| (Refused, format!("{home} runs CMS {version}; admitting one person needs 2.9 or later")))
    }

    async fn put(&self, home: &str, person: &ParticipantId, bulk: bool) -> Result<(), AskError> {
        let (reply, answer) = oneshot::channel();
        self.ask(home, Command::Admit { person: person.clone(), bulk, reply }, answer).await?
    }

    async fn locate(&self, bridge: &str, person: &ParticipantId) -> Result<(), AskError> {
        let (reply, answer) = oneshot::channel();
        self.ask(bridge, Command::Locate { person: person.clone(), reply }, answer).await?
    }

    async fn look(&self, home: &str, person: &ParticipantId, bulk: bool) -> Look {
        let (reply, answer) = oneshot::channel();
        match self.ask(home, Command::Look { person: person.clone(), bulk, reply }, answer).await {
            Ok(look) => look,
            Err(error) => Look::Failed(error),
        }
    }

    /// Waits as long as the bridge answers others meanwhile: in a large press most people stand in line.
    async fn ask<T>(&self, bridge: &str, command: Command, mut answer: oneshot::Receiver<T>) -> Result<T, AskError> {
        let patience = self.timing.action_deadline;
        self.cluster.send(bridge, command).await.map_err(|_| AskError::Withheld("the bridge is not followed any more".into()))?;
        for _ in 0..LONGEST_LINE {
            match tokio::time::timeout(patience, &mut answer).await {
                // Its actor went without an answer.
                Ok(answer) => return answer.map_err(|_| AskError::Unreachable("the bridge is not followed any more".into())),
                Err(_) if self.is_silent(bridge, patience) => break,
                Err(_) => {}
            }
        }
        Err(AskError::TimedOut(patience))
    }

    fn is_silent(&self, bridge: &str, patience: Duration) -> bool {
        let answered = self.cluster.store().with_bridge(bridge, |bridge| bridge.answered).flatten();
        answered.is_none_or(|(at, _)| at.elapsed() >= patience)
    }

    async fn wait_busy(&self, retry_after: Option<Duration>, deadline: Instant) -> Next {
        let pause = retry_after.unwrap_or(self.timing.busy_pause);
        if Instant::now() + pause >= deadline {
            return Next::End((Unreachable, "the bridge is busy (503)".into()));
        }
        tokio::time::sleep(pause).await;
        Next::Again
    }

    /// Does another bridge host the person by now? Asked after a refusal such as `participantCannotBeModified` (rest.md section 6).
    async fn moved(&self, home: &BridgeName, person: &ParticipantId) -> bool {
        let store = self.cluster.store();
        let others = store.with_person(person, |person| {
            person.listings.iter().map(|listing| listing.key.bridge.clone()).filter(|bridge| bridge != home).collect::<Vec<_>>()
        });
        for bridge in std::iter::once(home.clone()).chain(others.into_iter().flatten()) {
            if self.locate(&bridge, person).await.is_ok() {
                break;
            }
        }
        let now_at = store.with_person(person, |person| person.home.clone()).flatten();
        matches!(now_at, Some(Home::Bridge(bridge)) if bridge != *home)
    }

    /// The PUT may have worked although its answer never came.
    async fn after_silence(&self, home: &str, person: &ParticipantId, error: &AskError, may_repeat: bool) -> Next {
        match self.look(home, person, false).await {
            Look::In => Next::End((Done, String::new())),
            Look::Gone => Next::End((Left, String::new())),
            Look::Waiting if may_repeat => Next::Again,
            Look::Waiting | Look::Unclear => Next::End((Unreachable, format!("{error}; the person still waits"))),
            Look::Failed(_) => Next::End((Unreachable, format!("{error}; it is not known whether the request was carried out"))),
        }
    }

    /// The effect is not instant: the leg is read until it no longer carries the mark (rest.md section 5). Given up only by a reading that
    /// came after the deadline; in a large press the first one may have stood in line for long.
    async fn confirm(&self, home: &str, person: &ParticipantId, bulk: bool) -> Outcome {
        let mut deadline = None;
        let mut pause = self.timing.confirm_within / 50;
        loop {
            match self.look(home, person, bulk).await {
                Look::In => return (Done, String::new()),
                Look::Gone => return (Left, "left after being admitted".into()),
                Look::Failed(AskError::Withheld(why)) => {
                    return (Unconfirmed, format!("CMS accepted the request, but it can't be seen whether it worked: {why}"));
                }
                Look::Waiting | Look::Unclear | Look::Failed(_) => {}
            }
            if Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + self.timing.confirm_within) {
                return (Unconfirmed, "CMS accepted the request, but the person still reads as waiting".into());
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.7).min(self.timing.second_look);
        }
    }
}
