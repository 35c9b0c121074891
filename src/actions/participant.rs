//! Carries out an action for one participant: finds the home bridge, sends one request, and reads back until CMS shows the goal reached.
//!
//! A second request is sent only if the first was refused or never sent, or if its connection ended at once (as one that the bridge had closed
//! for idleness) and a reading shows that it was not carried out. After any other request without a response Usher only reads.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bridge_client::BridgeClient;
use super::goal::{Observation, ReadBack, observe_lobby, with_status};
use super::target::ResultAndReason;
use crate::cms::{Mutation, ParticipantDetail, Request, RequestError, Response, changes_legs, sends_back};
use crate::model::ActionResult::{Already, Done, Left, Refused, Stopped, Unconfirmed, Unreachable};
use crate::model::{Action, BridgeFacts, BridgeName, Home, LegId, ParticipantId};

/// The next step after a request that was not plainly accepted.
pub(super) enum AfterFailure {
    Retry,
    End(ResultAndReason),
}

/// One action for one participant.
struct ParticipantAction<'a> {
    bridges: &'a BridgeClient,
    action: &'a Action,
    participant: &'a ParticipantId,
    bulk: bool,
    /// Withdraws queued requests; replaced once a request was sent.
    stop: CancellationToken,
    /// Legs for which CMS accepted the request, or has not answered it.
    requested_legs: HashSet<LegId>,
    /// The error of a leg for which CMS has not answered.
    unanswered: Option<RequestError>,
}

impl BridgeClient {
    /// Sends at most one request that CMS carries out.
    pub(super) async fn act_on_participant(
        &self,
        action: &Action,
        participant: &ParticipantId,
        bulk: bool,
        stop: &CancellationToken,
    ) -> ResultAndReason {
        self.participant_action(action, participant, bulk, stop).run().await
    }

    /// Reads whether the goal is reached by now, behind what moderators do.
    pub(super) async fn observe_participant(&self, action: &Action, participant: &ParticipantId) -> Observation {
        let run = self.participant_action(action, participant, true, &CancellationToken::new());
        match run.home().await {
            Ok(home) => run.observe(&home).await,
            Err((Left, _)) => run.absent(),
            Err(_) => Observation::Unclear,
        }
    }

    fn participant_action<'a>(
        &'a self,
        action: &'a Action,
        participant: &'a ParticipantId,
        bulk: bool,
        stop: &CancellationToken,
    ) -> ParticipantAction<'a> {
        let stop = stop.clone();
        ParticipantAction { bridges: self, action, participant, bulk, stop, requested_legs: HashSet::new(), unanswered: None }
    }

    /// Reads a participant's properties, and on which bridge they are hosted.
    async fn read_participant(&self, bridge: &str, participant: &ParticipantId, bulk: bool) -> Result<ParticipantDetail, RequestError> {
        match self.read(bridge, Request::Participant(participant.clone()), bulk).await? {
            Response::Participant(detail) => Ok(detail),
            _ => Err(RequestError::Garbled("not a participant".into())),
        }
    }

    pub(super) async fn wait_while_busy(&self, retry_after: Option<Duration>, deadline: Instant, stop: &CancellationToken) -> AfterFailure {
        let pause = retry_after.unwrap_or(self.timing.busy_pause);
        if Instant::now().checked_add(pause).is_none_or(|until| until >= deadline) {
            return AfterFailure::End((Unreachable, "the bridge is busy (503)".into()));
        }
        tokio::select! {
            () = stop.cancelled() => AfterFailure::End((Stopped, String::new())),
            () = tokio::time::sleep(pause) => AfterFailure::Retry,
        }
    }
}

impl ParticipantAction<'_> {
    async fn run(mut self) -> ResultAndReason {
        let deadline = Instant::now() + self.bridges.timing.action_deadline;
        let mut relocated = false;
        let mut repeated = false;
        // No event reports a property of the participant: only a reading shows that the goal is reached already.
        if self.action.read_back() == ReadBack::Participant
            && let Ok(home) = self.home().await
            && self.observe(&home).await == Observation::Reached
        {
            return (Already, String::new());
        }
        loop {
            let home = match self.home().await {
                Ok(home) => home,
                Err(result) => return result,
            };
            if let Some(refusal) = self.version_obstacle(&home) {
                return refusal;
            }
            let error = match self.send(&home).await {
                Ok(()) => return self.confirm(&home, true).await,
                Err(error) => error,
            };
            if error.leaves_open() {
                // CMS may have been asked: the action can't be stopped any more.
                self.stop = CancellationToken::new();
            }
            let next = match error {
                RequestError::Withdrawn => AfterFailure::End((Stopped, String::new())),
                RequestError::Busy { retry_after } => self.bridges.wait_while_busy(retry_after, deadline, &self.stop).await,
                RequestError::Gone(_) | RequestError::Refused { .. } if !relocated && self.has_moved(&home).await => {
                    relocated = true;
                    AfterFailure::Retry
                }
                // A participant who is still being called has no call leg.
                RequestError::Gone(what) if self.is_there() => AfterFailure::End((Refused, what)),
                RequestError::Gone(_) => AfterFailure::End((Left, String::new())),
                RequestError::Refused { status, reason } => AfterFailure::End((Refused, with_status(status, reason))),
                RequestError::Untrusted(why) => AfterFailure::End((Unreachable, why)),
                RequestError::Unauthorized | RequestError::Forbidden => AfterFailure::End((Refused, error.to_string())),
                RequestError::Withheld(why) => AfterFailure::End((Refused, why)),
                error @ (RequestError::Unreachable(_) | RequestError::Closed { soon: true, .. })
                    if !std::mem::replace(&mut repeated, true) && Instant::now() < deadline =>
                {
                    self.after_lost_request(&home, &error).await
                }
                RequestError::Unreachable(_) => AfterFailure::End((Unreachable, error.to_string())),
                RequestError::TimedOut(_) | RequestError::Closed { .. } | RequestError::Garbled(_) => {
                    return self.confirm(&home, false).await;
                }
            };
            if let AfterFailure::End(result) = next {
                return result;
            }
        }
    }

    /// The bridge that hosts the participant; finds it by a request if it is not known yet.
    async fn home(&self) -> Result<BridgeName, ResultAndReason> {
        let store = self.bridges.cluster.store();
        for attempt in 0..2 {
            let known = store.with_person(self.participant, |person| {
                (person.home.clone(), person.listings.first().map(|listing| listing.key.bridge.clone()))
            });
            match known {
                None => return Err((Left, String::new())),
                Some((Some(Home::Bridge(name)), _)) => return Ok(name),
                Some((Some(Home::Elsewhere { id, name }), _)) if attempt == 1 => {
                    return Err((Refused, format!("hosted on the Call Bridge {}, which is not configured in Usher", name.unwrap_or(id))));
                }
                Some((_, Some(bridge))) if attempt == 0 => {
                    if let Err(error) = self.bridges.read_participant(&bridge, self.participant, self.bulk).await {
                        return Err(match error {
                            RequestError::Gone(_) => (Left, String::new()),
                            RequestError::Withheld(why) => (Refused, why),
                            error => (Unreachable, error.to_string()),
                        });
                    }
                }
                Some(_) => return Err((Unreachable, "it is not known which bridge hosts the person".into())),
            }
        }
        Err((Unreachable, "it is not known which bridge hosts the person".into()))
    }

    fn version_obstacle(&self, home: &str) -> Option<ResultAndReason> {
        let facts = |bridge: &BridgeFacts| (bridge.can_admit, bridge.can_send_back, bridge.version.clone().unwrap_or_default());
        let (can_admit, can_send_back, version) = self.bridges.cluster.store().with_bridge(home, facts)?;
        let reason = match self.action {
            Action::Admit if !can_admit => format!("{home} runs CMS {version}; admitting one person needs 2.9 or later"),
            Action::SendBack if !can_send_back && !sends_back(&version) => {
                format!("{home} runs CMS {version}; putting people back into the lobby needs 3.4 or later")
            }
            Action::SendBack if !can_send_back => {
                format!("{home} refused to put people back into the lobby; it is asked again after it was away")
            }
            _ => return None,
        };
        Some((Refused, reason))
    }

    async fn send(&mut self, home: &str) -> Result<(), RequestError> {
        if changes_legs(self.action) {
            return self.send_for_each_leg(home).await;
        }
        self.bridges.change(home, Mutation::new(self.action, self.participant), self.bulk, &self.stop).await
    }

    /// Sends one request for each leg: a participant is heard by any of them. A leg that does not answer does not keep the others from it.
    async fn send_for_each_leg(&mut self, home: &str) -> Result<(), RequestError> {
        let mut any = false;
        for leg in self.read_legs(home).await.map_err(|error| self.nothing_sent(error))? {
            if self.requested_legs.contains(&leg) {
                any = true;
                continue;
            }
            match self.bridges.change(home, Mutation::new(self.action, &leg), self.bulk, &self.stop).await {
                Ok(()) => any = true,
                // This leg ended meanwhile.
                Err(RequestError::Gone(_)) => continue,
                Err(error @ (RequestError::TimedOut(_) | RequestError::Garbled(_) | RequestError::Closed { soon: false, .. })) => {
                    self.unanswered = Some(error);
                }
                Err(error) => return Err(error),
            }
            // From here on the action can't be stopped any more.
            self.requested_legs.insert(leg);
            self.stop = CancellationToken::new();
        }
        match &self.unanswered {
            Some(error) => Err(error.clone()),
            None if any => Ok(()),
            None => Err(RequestError::Gone("no call leg".into())),
        }
    }

    /// A reading that failed before any request was sent leaves nothing open.
    fn nothing_sent(&self, error: RequestError) -> RequestError {
        if error.leaves_open() && self.requested_legs.is_empty() { RequestError::Unreachable(error.to_string()) } else { error }
    }

    async fn read_legs(&self, home: &str) -> Result<Vec<LegId>, RequestError> {
        match self.bridges.read(home, Request::Legs(self.participant.clone()), self.bulk).await {
            Ok(Response::Legs(list)) => Ok(list.legs),
            // The bridge may not know that path.
            Err(RequestError::Gone(_)) => self.read_filtered_legs(home).await,
            Ok(_) => Err(RequestError::Garbled("not a list of call legs".into())),
            Err(error) => Err(error),
        }
    }

    /// A bridge that ignores the filter would list all legs: a leg counts only if it names this participant itself.
    async fn read_filtered_legs(&self, home: &str) -> Result<Vec<LegId>, RequestError> {
        let Response::Legs(list) = self.bridges.read(home, Request::LegsByFilter(self.participant.clone()), self.bulk).await? else {
            return Err(RequestError::Garbled("not a list of call legs".into()));
        };
        let mut legs = Vec::new();
        for leg in list.legs {
            match self.bridges.read(home, Request::Leg(leg.clone()), self.bulk).await {
                Ok(Response::Leg(detail)) if leg == *self.participant || detail.group.as_ref() == Some(self.participant) => legs.push(leg),
                Ok(_) | Err(RequestError::Gone(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(legs)
    }

    fn is_there(&self) -> bool {
        self.bridges.cluster.store().person_is(self.participant, |person| !person.departed)
    }

    /// The goal of a removal is that the participant is gone; for any other action they left.
    fn absent(&self) -> Observation {
        if self.action.read_back() == ReadBack::Absence { Observation::Reached } else { Observation::Left }
    }

    /// Reads whether the goal is reached by now.
    async fn observe(&self, home: &str) -> Observation {
        if !self.is_there() {
            return self.absent();
        }
        match self.action.read_back() {
            ReadBack::Lobby => observe_lobby(self.action, self.bridges.read_lobby(home, self.participant, self.bulk).await),
            ReadBack::Absence | ReadBack::Participant => match self.bridges.read_participant(home, self.participant, self.bulk).await {
                Ok(detail) if detail.shows(self.action) => Observation::Reached,
                Ok(_) => Observation::NotReached,
                Err(RequestError::Gone(_)) => self.absent(),
                Err(error) => Observation::Failed(error),
            },
            ReadBack::Legs => self.observe_legs(home).await,
        }
    }

    /// Whether the participant is muted, where the bridge's events report it.
    fn reported_mute(&self, home: &str) -> Option<bool> {
        let store = self.bridges.cluster.store();
        let muted = store.find_in_person(self.participant, |person| person.primary_listing().map(|listing| listing.muted));
        muted.filter(|_| store.bridge_is(home, BridgeFacts::reports_mutes))
    }

    /// The row does not show the goal yet, but an event will change it: a page that gets the result must not still have the old row.
    fn is_ahead_of_row(&self, home: &str) -> bool {
        matches!(*self.action, Action::Mute(on) if self.reported_mute(home) == Some(!on))
    }

    /// Reads each leg, unless an event has reported the goal already.
    async fn observe_legs(&self, home: &str) -> Observation {
        if matches!(*self.action, Action::Mute(on) if self.reported_mute(home) == Some(on)) {
            return Observation::Reached;
        }
        let legs = match self.read_legs(home).await {
            Ok(legs) => legs,
            Err(RequestError::Gone(_)) => return Observation::Left,
            Err(error) => return Observation::Failed(error),
        };
        let mut observation = Observation::Unclear;
        for leg in legs {
            match self.bridges.read(home, Request::Leg(leg), self.bulk).await {
                Ok(Response::Leg(detail)) if detail.shows(self.action) => observation = Observation::Reached,
                Ok(_) => return Observation::NotReached,
                Err(RequestError::Gone(_)) => {}
                Err(error) => return Observation::Failed(error),
            }
        }
        observation
    }

    /// Finds out whether another bridge hosts the participant by now, after a refusal such as `participantCannotBeModified` (rest.md section 6).
    async fn has_moved(&self, home: &BridgeName) -> bool {
        let store = self.bridges.cluster.store();
        let others = store.with_person(self.participant, |person| {
            person.listings.iter().map(|listing| listing.key.bridge.clone()).filter(|bridge| bridge != home).collect::<Vec<_>>()
        });
        for bridge in std::iter::once(home.clone()).chain(others.into_iter().flatten()) {
            if self.bridges.read_participant(&bridge, self.participant, self.bulk).await.is_ok() {
                break;
            }
        }
        let now_at = store.home(self.participant);
        matches!(now_at, Some(Home::Bridge(bridge)) if bridge != *home)
    }

    /// The request was not sent, or its connection ended at once, as idle connections do. It is sent again if a reading shows that the goal is
    /// not reached.
    async fn after_lost_request(&self, home: &str, error: &RequestError) -> AfterFailure {
        AfterFailure::End(match self.observe(home).await {
            Observation::Reached => (Done, String::new()),
            Observation::Left => (Left, String::new()),
            Observation::NotReached => return AfterFailure::Retry,
            Observation::Unclear | Observation::Failed(_) if error.leaves_open() => self.confirm(home, false).await,
            Observation::Unclear => return AfterFailure::Retry,
            Observation::Failed(_) => (Unreachable, error.to_string()),
        })
    }

    /// Reads until the goal is reached, because the effect is not instant (rest.md section 5). Only a reading that came after the deadline
    /// ends it: in a large request the first reading may have waited long in the queue. `accepted`: CMS accepted the request; else it has not
    /// answered, and may carry it out.
    async fn confirm(&self, home: &str, accepted: bool) -> ResultAndReason {
        let timing = &self.bridges.timing;
        let so_far = if accepted { "CMS accepted the request" } else { "CMS has not answered the request" };
        let mut deadline = None;
        let mut pause = timing.confirm_within / 50;
        let mut ahead = false;
        loop {
            let observation = self.observe(home).await;
            match &observation {
                // One more round for the event; then done, in case none comes.
                Observation::Reached if !ahead && self.is_ahead_of_row(home) => ahead = true,
                Observation::Reached => return (Done, String::new()),
                Observation::Left if accepted => return (Left, "left after CMS had accepted the request".into()),
                Observation::Left => return (Left, "left before CMS answered the request".into()),
                Observation::Failed(RequestError::Withheld(why)) => {
                    return (Unconfirmed, format!("{so_far}, and it can't be seen whether it worked: {why}"));
                }
                Observation::NotReached | Observation::Unclear | Observation::Failed(_) => {}
            }
            if Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + timing.confirm_within) {
                return (
                    Unconfirmed,
                    match observation {
                        Observation::Failed(_) if !accepted => format!("{so_far}; it is not known whether it was carried out"),
                        _ => format!("{so_far}, {} {}", if accepted { "but" } else { "and" }, self.action.not_reached()),
                    },
                );
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.7).min(timing.second_look);
        }
    }
}
