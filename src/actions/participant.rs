//! The way of a change to one person: find the home bridge, ask once, read back until it says so. Shown as done only when CMS says so.
//!
//! A press sends a second request only where the first was certainly not, and will not be, carried out: it was refused, or never sent. After
//! one without an answer the rest is reading.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bridge_client::Reach;
use super::goal::{Reading, Wish, is_same_text, of_look, with_status};
use super::target::Outcome;
use crate::cms::{Mutation, ParticipantDetail, Request, RequestError, Response, sends_back};
use crate::model::ActionResult::{Already, Done, Left, Refused, Stopped, Unconfirmed, Unreachable};
use crate::model::{BridgeFacts, BridgeName, Home, LegId, ParticipantId};

/// What to do after a request that brought no plain answer.
pub(super) enum Next {
    Again,
    End(Outcome),
}

/// One person of a press.
struct Way<'a> {
    reach: &'a Reach,
    wish: &'a Wish,
    person: &'a ParticipantId,
    bulk: bool,
    /// Takes back what stands in line; once CMS was asked it means nothing any more.
    stop: CancellationToken,
    /// Legs for which CMS accepted the request, or has not answered it.
    legs: HashSet<LegId>,
    /// Why one of them has not.
    left_open: Option<RequestError>,
}

impl Reach {
    /// At most one request that CMS carries out.
    pub(super) async fn person(&self, wish: &Wish, person: &ParticipantId, bulk: bool, stop: &CancellationToken) -> Outcome {
        self.way(wish, person, bulk, stop).go().await
    }

    /// Is it so by now? Stands behind what moderators do.
    pub(super) async fn read_person(&self, wish: &Wish, person: &ParticipantId) -> Reading {
        let way = self.way(wish, person, true, &CancellationToken::new());
        match way.home().await {
            Ok(home) => way.read(&home).await,
            Err((Left, _)) if *wish == Wish::Gone => Reading::So,
            Err((Left, _)) => Reading::Left,
            Err(_) => Reading::Unclear,
        }
    }

    fn way<'a>(&'a self, wish: &'a Wish, person: &'a ParticipantId, bulk: bool, stop: &CancellationToken) -> Way<'a> {
        Way { reach: self, wish, person, bulk, stop: stop.clone(), legs: HashSet::new(), left_open: None }
    }

    /// Reads who and where the person is.
    async fn locate(&self, bridge: &str, person: &ParticipantId, bulk: bool) -> Result<ParticipantDetail, RequestError> {
        match self.read(bridge, Request::Participant(person.clone()), bulk).await? {
            Response::Participant(detail) => Ok(detail),
            _ => Err(RequestError::Garbled("not a participant".into())),
        }
    }

    pub(super) async fn wait_busy(&self, retry_after: Option<Duration>, deadline: Instant, stop: &CancellationToken) -> Next {
        let pause = retry_after.unwrap_or(self.timing.busy_pause);
        if Instant::now().checked_add(pause).is_none_or(|until| until >= deadline) {
            return Next::End((Unreachable, "the bridge is busy (503)".into()));
        }
        tokio::select! {
            () = stop.cancelled() => Next::End((Stopped, String::new())),
            () = tokio::time::sleep(pause) => Next::Again,
        }
    }
}

impl Way<'_> {
    async fn go(mut self) -> Outcome {
        let deadline = Instant::now() + self.reach.timing.action_deadline;
        let mut relocated = false;
        let mut repeated = false;
        if let Wish::Named(_) = self.wish
            && let Ok(home) = self.home().await
            && self.read(&home).await == Reading::So
        {
            return (Already, String::new());
        }
        loop {
            let home = match self.home().await {
                Ok(home) => home,
                Err(outcome) => return outcome,
            };
            if let Some(refusal) = self.too_old(&home) {
                return refusal;
            }
            let error = match self.send(&home).await {
                Ok(()) => return self.confirm(&home, true).await,
                Err(error) => error,
            };
            if error.leaves_open() {
                // Perhaps CMS was asked: it goes on to its end.
                self.stop = CancellationToken::new();
            }
            let next = match error {
                RequestError::Withdrawn => Next::End((Stopped, String::new())),
                RequestError::Busy { retry_after } => self.reach.wait_busy(retry_after, deadline, &self.stop).await,
                RequestError::Gone(_) | RequestError::Refused { .. } if !relocated && self.moved(&home).await => {
                    relocated = true;
                    Next::Again
                }
                // Such as somebody who is still being called and has no call leg.
                RequestError::Gone(what) if self.is_there() => Next::End((Refused, what)),
                RequestError::Gone(_) => Next::End((Left, String::new())),
                RequestError::Refused { status, reason } => Next::End((Refused, with_status(status, reason))),
                RequestError::Untrusted(why) => Next::End((Unreachable, why)),
                RequestError::Unauthorized | RequestError::Forbidden => Next::End((Refused, error.to_string())),
                RequestError::Withheld(why) => Next::End((Refused, why)),
                error @ (RequestError::Unreachable(_) | RequestError::Closed { soon: true, .. })
                    if !std::mem::replace(&mut repeated, true) && Instant::now() < deadline =>
                {
                    self.after_nothing(&home, &error).await
                }
                RequestError::Unreachable(_) => Next::End((Unreachable, error.to_string())),
                RequestError::TimedOut(_) | RequestError::Closed { .. } | RequestError::Garbled(_) => {
                    return self.confirm(&home, false).await;
                }
            };
            if let Next::End(outcome) = next {
                return outcome;
            }
        }
    }

    /// The bridge that runs the person's legs; asks for it when nobody has yet.
    async fn home(&self) -> Result<BridgeName, Outcome> {
        let store = self.reach.cluster.store();
        for attempt in 0..2 {
            let known = store.with_person(self.person, |person| {
                (person.home.clone(), person.listings.first().map(|listing| listing.key.bridge.clone()))
            });
            match known {
                None => return Err((Left, String::new())),
                Some((Some(Home::Bridge(name)), _)) => return Ok(name),
                Some((Some(Home::Elsewhere { id, name }), _)) if attempt == 1 => {
                    return Err((Refused, format!("hosted on the Call Bridge {}, which is not configured in Usher", name.unwrap_or(id))));
                }
                Some((_, Some(bridge))) if attempt == 0 => {
                    if let Err(error) = self.reach.locate(&bridge, self.person, self.bulk).await {
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

    fn too_old(&self, home: &str) -> Option<Outcome> {
        let facts = |bridge: &BridgeFacts| (bridge.can_admit, bridge.can_send_back, bridge.version.clone().unwrap_or_default());
        let (can_admit, can_send_back, version) = self.reach.cluster.store().with_bridge(home, facts)?;
        let reason = match self.wish {
            Wish::In if !can_admit => format!("{home} runs CMS {version}; admitting one person needs 2.9 or later"),
            Wish::Waiting if !can_send_back && !sends_back(&version) => {
                format!("{home} runs CMS {version}; putting people back into the lobby needs 3.4 or later")
            }
            Wish::Waiting if !can_send_back => {
                format!("{home} refused to put people back into the lobby; it is asked again after it was away")
            }
            _ => return None,
        };
        Some((Refused, reason))
    }

    async fn send(&mut self, home: &str) -> Result<(), RequestError> {
        let person = self.person.clone();
        let change = match self.wish {
            Wish::In => Mutation::Admit(person),
            Wish::Waiting => Mutation::SendBack(person),
            Wish::Gone => Mutation::Remove(person),
            Wish::Named(label) => Mutation::Rename(person, label.clone()),
            Wish::Muted(on) => return self.mute(home, *on).await,
        };
        self.reach.change(home, change, self.bulk, &self.stop).await
    }

    /// A person is heard by any of their legs. Each is asked once; one that does not answer does not keep the others from it.
    async fn mute(&mut self, home: &str, on: bool) -> Result<(), RequestError> {
        let mut any = false;
        for leg in self.read_legs(home).await.map_err(|error| self.not_sent(error))? {
            if self.legs.contains(&leg) {
                any = true;
                continue;
            }
            match self.reach.change(home, Mutation::Mute(leg.clone(), on), self.bulk, &self.stop).await {
                Ok(()) => any = true,
                // This one ended meanwhile.
                Err(RequestError::Gone(_)) => continue,
                Err(error @ (RequestError::TimedOut(_) | RequestError::Garbled(_) | RequestError::Closed { soon: false, .. })) => {
                    self.left_open = Some(error);
                }
                Err(error) => return Err(error),
            }
            // From here on it goes on to its end.
            self.legs.insert(leg);
            self.stop = CancellationToken::new();
        }
        match &self.left_open {
            Some(error) => Err(error.clone()),
            None if any => Ok(()),
            None => Err(RequestError::Gone("no call leg".into())),
        }
    }

    /// A reading that failed before anything was asked for leaves nothing open.
    fn not_sent(&self, error: RequestError) -> RequestError {
        if error.leaves_open() && self.legs.is_empty() { RequestError::Unreachable(error.to_string()) } else { error }
    }

    async fn read_legs(&self, home: &str) -> Result<Vec<LegId>, RequestError> {
        match self.reach.read(home, Request::Legs(self.person.clone()), self.bulk).await {
            Ok(Response::Legs(list)) => Ok(list.legs),
            // The bridge may not know that path.
            Err(RequestError::Gone(_)) => self.read_filtered_legs(home).await,
            Ok(_) => Err(RequestError::Garbled("not a list of call legs".into())),
            Err(error) => Err(error),
        }
    }

    /// A bridge that ignores the filter would give everybody's legs: only those count that say themselves whose they are.
    async fn read_filtered_legs(&self, home: &str) -> Result<Vec<LegId>, RequestError> {
        let Response::Legs(list) = self.reach.read(home, Request::LegsByFilter(self.person.clone()), self.bulk).await? else {
            return Err(RequestError::Garbled("not a list of call legs".into()));
        };
        let mut legs = Vec::new();
        for leg in list.legs {
            match self.reach.read(home, Request::Leg(leg.clone()), self.bulk).await {
                Ok(Response::Leg(detail)) if leg == *self.person || detail.group.as_ref() == Some(self.person) => legs.push(leg),
                Ok(_) | Err(RequestError::Gone(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(legs)
    }

    fn is_there(&self) -> bool {
        self.reach.cluster.store().person_is(self.person, |person| !person.departed)
    }

    /// Is it so by now?
    async fn read(&self, home: &str) -> Reading {
        if !self.is_there() {
            return if *self.wish == Wish::Gone { Reading::So } else { Reading::Left };
        }
        match self.wish {
            Wish::In | Wish::Waiting => of_look(self.wish, self.reach.look(home, self.person, self.bulk).await),
            Wish::Gone => match self.reach.locate(home, self.person, self.bulk).await {
                Ok(_) => Reading::NotSo,
                Err(RequestError::Gone(_)) => Reading::So,
                Err(error) => Reading::Failed(error),
            },
            Wish::Named(label) => match self.reach.locate(home, self.person, self.bulk).await {
                Ok(detail) if is_same_text(label, detail.label.as_deref().unwrap_or_default()) => Reading::So,
                Ok(_) => Reading::NotSo,
                Err(RequestError::Gone(_)) => Reading::Left,
                Err(error) => Reading::Failed(error),
            },
            Wish::Muted(on) => self.read_mute(home, *on).await,
        }
    }

    /// Does an event tell mutes here, and what does it say?
    fn told_mute(&self, home: &str) -> Option<bool> {
        let store = self.reach.cluster.store();
        let told = store.find_in_person(self.person, |person| person.primary_listing().map(|listing| listing.muted));
        told.filter(|_| store.bridge_is(home, BridgeFacts::tells_mutes))
    }

    /// The row is about to say so, too: whoever reads the result must not find the row of before.
    fn is_ahead_of_row(&self, home: &str) -> bool {
        matches!(*self.wish, Wish::Muted(on) if self.told_mute(home) == Some(!on))
    }

    /// An event may have told it already.
    async fn read_mute(&self, home: &str, on: bool) -> Reading {
        if self.told_mute(home) == Some(on) {
            return Reading::So;
        }
        let legs = match self.read_legs(home).await {
            Ok(legs) => legs,
            Err(RequestError::Gone(_)) => return Reading::Left,
            Err(error) => return Reading::Failed(error),
        };
        let mut reading = Reading::Unclear;
        for leg in legs {
            match self.reach.read(home, Request::Leg(leg), self.bulk).await {
                Ok(Response::Leg(detail)) if detail.muted.unwrap_or(false) == on => reading = Reading::So,
                Ok(_) => return Reading::NotSo,
                Err(RequestError::Gone(_)) => {}
                Err(error) => return Reading::Failed(error),
            }
        }
        reading
    }

    /// Does another bridge host the person by now? Asked after a refusal such as `participantCannotBeModified` (rest.md section 6).
    async fn moved(&self, home: &BridgeName) -> bool {
        let store = self.reach.cluster.store();
        let others = store.with_person(self.person, |person| {
            person.listings.iter().map(|listing| listing.key.bridge.clone()).filter(|bridge| bridge != home).collect::<Vec<_>>()
        });
        for bridge in std::iter::once(home.clone()).chain(others.into_iter().flatten()) {
            if self.reach.locate(&bridge, self.person, self.bulk).await.is_ok() {
                break;
            }
        }
        let now_at = store.home(self.person);
        matches!(now_at, Some(Home::Bridge(bridge)) if bridge != *home)
    }

    /// Nothing was sent, or the connection ended at once, as one that the bridge took for idle does: sent once more where it reads not so.
    async fn after_nothing(&self, home: &str, error: &RequestError) -> Next {
        Next::End(match self.read(home).await {
            Reading::So => (Done, String::new()),
            Reading::Left => (Left, String::new()),
            Reading::NotSo => return Next::Again,
            Reading::Unclear | Reading::Failed(_) if error.leaves_open() => self.confirm(home, false).await,
            Reading::Unclear => return Next::Again,
            Reading::Failed(_) => (Unreachable, error.to_string()),
        })
    }

    /// The effect is not instant: it is read until it is so (rest.md section 5). Given up only by a reading that came after the deadline; in
    /// a large press the first one may have stood in line for long. `accepted`: CMS said so; else it has not answered, and may carry it out.
    async fn confirm(&self, home: &str, accepted: bool) -> Outcome {
        let timing = &self.reach.timing;
        let so_far = if accepted { "CMS accepted the request" } else { "CMS has not answered the request" };
        let mut deadline = None;
        let mut pause = timing.confirm_within / 50;
        let mut ahead = false;
        loop {
            let reading = self.read(home).await;
            match &reading {
                // Given one moment, in case no event ever tells.
                Reading::So if !ahead && self.is_ahead_of_row(home) => ahead = true,
                Reading::So => return (Done, String::new()),
                Reading::Left if accepted => return (Left, "left after CMS had accepted the request".into()),
                Reading::Left => return (Left, "left before CMS answered the request".into()),
                Reading::Failed(RequestError::Withheld(why)) => {
                    return (Unconfirmed, format!("{so_far}, and it can't be seen whether it worked: {why}"));
                }
                Reading::NotSo | Reading::Unclear | Reading::Failed(_) => {}
            }
            if Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + timing.confirm_within) {
                return (
                    Unconfirmed,
                    match reading {
                        Reading::Failed(_) if !accepted => format!("{so_far}; it is not known whether it was carried out"),
                        _ => format!("{so_far}, {} {}", if accepted { "but" } else { "and" }, self.wish.not_so()),
                    },
                );
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.7).min(timing.second_look);
        }
    }
}
