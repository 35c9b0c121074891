//! Carries out presses: one task a press, one future a person. Knows neither sockets nor XML.
//!
//! The way of one admission is in `one`; here people are told apart from presses, so that two presses on one person are one admission.

mod journal;
mod one;
mod turns;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::actions::{ActionError, Actor, Press, Request, Target, TargetResult};
use crate::clock::Now;
use crate::cms::{Cluster, Command};
use crate::config::Timing;
use crate::desk::Desk;
use crate::model::{BridgeState, Home, Lobby, ParticipantId};
use crate::view::{ActionResult, Trouble, Verb};

pub use journal::{Journal, OpenPress};
use turns::Turns;

/// A press that could not be journalled within this time is carried out all the same, loudly.
const JOURNAL_PATIENCE: Duration = Duration::from_millis(50);

/// Shared by all presses; cheap to clone.
#[derive(Clone)]
pub struct Admission {
    cluster: Cluster,
    desk: Desk,
    journal: Journal,
    timing: Timing,
    running: Arc<Mutex<HashMap<ParticipantId, Vec<oneshot::Sender<TargetResult>>>>>,
    trouble: Arc<tokio::sync::watch::Sender<Option<Trouble>>>,
}

impl Admission {
    /// `trouble` is where every moderator is told that the journal can't be written.
    pub fn new(
        cluster: Cluster,
        desk: Desk,
        journal: Journal,
        timing: Timing,
        trouble: tokio::sync::watch::Sender<Option<Trouble>>,
    ) -> Self {
        Self { cluster, desk, journal, timing, running: Arc::default(), trouble: Arc::new(trouble) }
    }

    /// Takes requests until `stop`; presses under way are finished by the tracker's owner.
    pub async fn run(self, mut requests: mpsc::Receiver<Request>, tracker: TaskTracker, stop: CancellationToken) {
        loop {
            let request = tokio::select! {
                () = stop.cancelled() => break,
                request = requests.recv() => request,
            };
            match request {
                Some(Request::Press { press, results, started }) => {
                    tracker.spawn(self.clone().press(press, results, started));
                }
                Some(Request::Retry { actor, bridge, answer }) => {
                    info!(user = %actor.user, bridge, "asked to try the bridge again");
                    let _ = answer.send(self.tell(&bridge, Command::Retry).await);
                }
                Some(Request::Pause { actor, bridge, paused, answer }) => {
                    info!(user = %actor.user, address = %actor.address, bridge, paused, "asked to pause a bridge, or to end that");
                    let command = if paused { Command::Pause { by: actor.user } } else { Command::Resume };
                    let _ = answer.send(self.tell(&bridge, command).await);
                }
                None => break,
            }
        }
    }

    async fn tell(&self, bridge: &str, command: Command) -> Result<(), ActionError> {
        self.cluster.send(bridge, command).await.map_err(|_| ActionError::UnknownBridge(bridge.to_owned()))
    }

    async fn press(self, press: Press, results: mpsc::Sender<TargetResult>, started: oneshot::Sender<()>) {
        let mut seen = HashSet::new();
        let people = press.targets.iter().filter_map(|target| if let Target::Person(id) = target { Some(id.clone()) } else { None });
        let people: Vec<ParticipantId> = people.filter(|person| seen.insert(person.clone())).collect();
        info!(user = %press.actor.user, people = people.len(), scope = ?press.scope, "admit");
        let id = self.journalled(&press, &people).await;
        let _ = started.send(());
        let turns = Turns::new(people.len());
        let mut admissions: FuturesUnordered<_> = people.iter().map(|person| self.person(person, &press.actor, &turns)).collect();
        while let Some(result) = admissions.next().await {
            if let Some(id) = id {
                self.journal.result(id, &result);
            }
            metrics::counter!("usher_admissions_total", "result" => format!("{:?}", result.result).to_lowercase()).increment(1);
            let _ = results.send(result).await;
        }
    }

    /// Writes the press down before anything of it is sent. A journal that fails stops nobody from entering; it is said loudly instead.
    async fn journalled(&self, press: &Press, people: &[ParticipantId]) -> Option<i64> {
        let trouble = |what: String| {
            error!(what, "the journal cannot be written; carrying on without it");
            Trouble { code: "journal".into(), what: what.into() }
        };
        match tokio::time::timeout(JOURNAL_PATIENCE, self.journal.begin(press, people, self.cluster.store())).await {
            Ok(Ok(id)) => {
                self.trouble.send_if_modified(|standing| standing.take().is_some());
                Some(id)
            }
            Ok(Err(failure)) => {
                self.trouble.send_replace(Some(trouble(failure.to_string())));
                None
            }
            Err(_) => {
                self.trouble.send_replace(Some(trouble(format!("it took longer than {} ms", JOURNAL_PATIENCE.as_millis()))));
                None
            }
        }
    }

    /// One person of a press. A second press on somebody who is being admitted waits for the first one's result.
    async fn person(&self, person: &ParticipantId, actor: &Actor, turns: &Turns) -> TargetResult {
        if let Some(other) = self.join_running(person) {
            return match other.await {
                Ok(first) => explain_second(first, &actor.user),
                Err(_) => result(person, ActionResult::Unreachable, "Usher is stopping"),
            };
        }
        let outcome = self.admit(person, actor, turns).await;
        let waiters = self.running().remove(person);
        for waiter in waiters.into_iter().flatten() {
            let _ = waiter.send(TargetResult {
                by: outcome.by.clone().or(Some(actor.user.clone())),
                at: Some(Now::read().unix_ms),
                ..outcome.clone()
            });
        }
        outcome
    }

    fn join_running(&self, person: &ParticipantId) -> Option<oneshot::Receiver<TargetResult>> {
        let mut running = self.running();
        match running.get_mut(person) {
            Some(waiters) => {
                let (sender, receiver) = oneshot::channel();
                waiters.push(sender);
                Some(receiver)
            }
            None => {
                running.insert(person.clone(), Vec::new());
                None
            }
        }
    }

    async fn admit(&self, person: &ParticipantId, actor: &Actor, turns: &Turns) -> TargetResult {
        let standing = self.cluster.store().with_person(person, |person| (person.lobby.state, person.departed));
        match standing {
            None | Some((_, true)) => return result(person, ActionResult::Left, ""),
            Some((Lobby::In, _)) => {
                let admitted = self.desk.person(person).admitted;
                let (by, at) = admitted.map_or((None, None), |admitted| (Some(admitted.by), Some(admitted.at)));
                return TargetResult { by, at, ..result(person, ActionResult::Already, "") };
            }
            Some(_) => {}
        }
        let target = Target::Person(person.clone());
        self.desk.begin(&target, Verb::Admit, &actor.user, None, Now::read());
        let home = self.cluster.store().with_person(person, |person| person.home.clone()).flatten();
        let home = if let Some(Home::Bridge(name)) = home { Some(name) } else { None };
        let turn = turns.take(home).await;
        let (how, reason) = self.carry_out(person, turns.bulk).await;
        drop(turn);
        self.desk.finish(&target, Verb::Admit, &actor.user, how, &reason, Now::read(), self.timing.outcome_shown);
        result(person, how, &reason)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<ParticipantId, Vec<oneshot::Sender<TargetResult>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads back what a crash left open, and tells what is known of each as soon as it is. Nothing is ever sent again.
    pub async fn recover(self, open: Vec<OpenPress>) {
        let deadline = tokio::time::Instant::now() + self.timing.recover_within;
        let all = FuturesUnordered::from_iter(open.into_iter().map(|press| self.read_back(press, deadline)));
        all.collect::<()>().await;
    }

    async fn read_back(&self, OpenPress { press, person, user }: OpenPress, deadline: tokio::time::Instant) {
        let (how, reason) = match self.known_by(&person, deadline).await {
            Some(Lobby::In) => (ActionResult::Done, "read back after a restart"),
            Some(_) => (ActionResult::Interrupted, "Usher was restarted while this admission was under way; it was not sent again"),
            None => (ActionResult::Left, "not found after a restart"),
        };
        self.desk.finish(&Target::Person(person.clone()), Verb::Admit, &user, how, reason, Now::read(), self.timing.outcome_shown);
        self.journal.result(press, &result(&person, how, reason));
    }

    /// Where the person is; nowhere, once every bridge has been read.
    async fn known_by(&self, person: &str, deadline: tokio::time::Instant) -> Option<Lobby> {
        let store = self.cluster.store();
        loop {
            let state = store.with_person(person, |person| person.lobby.state);
            let known = match state {
                Some(Lobby::In | Lobby::Waiting) => true,
                Some(Lobby::Unknown) => false,
                None => self.everything_read(),
            };
            if known || tokio::time::Instant::now() >= deadline {
                return state;
            }
            tokio::time::sleep(self.timing.publish_tick).await;
        }
    }

    fn everything_read(&self) -> bool {
        let store = self.cluster.store();
        let is_read = |bridge: &Arc<str>| {
            store.with_bridge(bridge, |facts| matches!(facts.state, BridgeState::Live | BridgeState::Polling)).unwrap_or(false)
        };
        let bridges = store.all_bridges();
        !bridges.is_empty() && bridges.iter().all(is_read)
    }
}

/// What the second of two presses is told: a success of the first means "already in, by the other".
fn explain_second(first: TargetResult, me: &Arc<str>) -> TargetResult {
    match first.result {
        ActionResult::Done if first.by.as_ref() != Some(me) => TargetResult { result: ActionResult::Already, ..first },
        _ => first,
    }
}

fn result(person: &ParticipantId, result: ActionResult, reason: &str) -> TargetResult {
    TargetResult::new(Target::Person(person.clone()), result, reason)
}
