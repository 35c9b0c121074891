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

use crate::actions::{ActionError, Actor, PersonResult, Press, Request};
use crate::clock::Now;
use crate::cms::{Cluster, Command};
use crate::config::Timing;
use crate::desk::Desk;
use crate::log::{Action, Entry, Log, Whom};
use crate::model::{BridgeState, Home, Lobby, ParticipantId};
use crate::trouble::Troubles;
use crate::view::ActionResult;

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
    running: Arc<Mutex<HashMap<ParticipantId, Vec<oneshot::Sender<PersonResult>>>>>,
    troubles: Troubles,
    log: Log,
}

impl Admission {
    /// `troubles` is where every moderator is told that the journal can't be written.
    pub fn new(cluster: Cluster, desk: Desk, journal: Journal, timing: Timing, troubles: Troubles, log: Log) -> Self {
        Self { cluster, desk, journal, timing, running: Arc::default(), troubles, log }
    }

    /// Takes requests until `stop`; presses under way are finished by the tracker's owner.
    pub async fn run(self, mut requests: mpsc::Receiver<Request>, tracker: TaskTracker, stop: CancellationToken) {
        loop {
            let request = tokio::select! {
                () = stop.cancelled() => break,
                request = requests.recv() => request,
            };
            match request {
                Some(Request::Admit { press, results, started }) => {
                    tracker.spawn(self.clone().press(press, results, started));
                }
                Some(Request::Retry { actor, bridge, answer }) => {
                    info!(user = %actor.user, bridge, "asked to try the bridge again");
                    let told = self.tell(&bridge, Command::Retry).await;
                    self.log_bridge(&actor, Action::Retry, &bridge, &told);
                    let _ = answer.send(told);
                }
                Some(Request::Pause { actor, bridge, paused, answer }) => {
                    info!(user = %actor.user, address = %actor.address, bridge, paused, "asked to pause a bridge, or to end that");
                    let command = if paused { Command::Pause { by: actor.user.clone() } } else { Command::Resume };
                    let told = self.tell(&bridge, command).await;
                    self.log_bridge(&actor, if paused { Action::Pause } else { Action::Resume }, &bridge, &told);
                    let _ = answer.send(told);
                }
                None => break,
            }
        }
    }

    async fn tell(&self, bridge: &str, command: Command) -> Result<(), ActionError> {
        self.cluster.send(bridge, command).await.map_err(|_| ActionError::UnknownBridge(bridge.to_owned()))
    }

    fn log_bridge(&self, actor: &Actor, action: Action, bridge: &str, told: &Result<(), ActionError>) {
        let entry = Entry::by(actor, action).about(Whom::bridge(bridge));
        self.log.add(match told {
            Ok(()) => entry.ended(ActionResult::Done),
            Err(error) => entry.ended(ActionResult::Refused).reason(error.to_string()),
        });
    }

    async fn press(self, press: Press, results: mpsc::Sender<PersonResult>, started: oneshot::Sender<()>) {
        let mut seen = HashSet::new();
        let people: Vec<ParticipantId> = press.people.iter().filter(|person| seen.insert((*person).clone())).cloned().collect();
        info!(user = %press.actor.user, people = people.len(), scope = ?press.scope, "admit");
        let id = self.journalled(&press, &people).await;
        let mut shown = Whom::people(self.cluster.store(), &people);
        let _ = started.send(());
        let turns = Turns::new(people.len());
        let mut admissions: FuturesUnordered<_> = people.iter().map(|person| self.person(person, &press.actor, &turns)).collect();
        while let Some(result) = admissions.next().await {
            self.journal.result(id, &result);
            let whom = shown.remove(&result.person).unwrap_or_default();
            self.log.add(Entry::by(&press.actor, Action::Admit).scope(&press.scope).about(whom).with(&result));
            metrics::counter!("usher_admissions_total", "result" => format!("{:?}", result.result).to_lowercase()).increment(1);
            let _ = results.send(result).await;
        }
    }

    /// Writes the press down before anything of it is sent; answers its number. A journal that fails stops nobody from entering; it is said
    /// loudly instead. One that is only late is written all the same, before the results.
    async fn journalled(&self, press: &Press, people: &[ParticipantId]) -> i64 {
        let id = self.journal.number();
        let writing = self.journal.begin(id, press, people, self.cluster.store());
        let trouble = match tokio::time::timeout(JOURNAL_PATIENCE, writing).await {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(_) => Some(format!("it took longer than {} ms", JOURNAL_PATIENCE.as_millis())),
        };
        if let Some(what) = &trouble {
            error!(what, "the journal cannot be written; carrying on without it");
        }
        self.troubles.say("journal", trouble.map(|what| format!("the journal of admissions can't be written: {what}")));
        id
    }

    /// One person of a press. A second press on somebody who is being admitted waits for the first one's result.
    async fn person(&self, person: &ParticipantId, actor: &Actor, turns: &Turns) -> PersonResult {
        if let Some(other) = self.join_running(person) {
            return match other.await {
                Ok(first) => explain_second(first, &actor.user),
                Err(_) => result(person, ActionResult::Unreachable, "Usher is stopping"),
            };
        }
        let outcome = self.admit(person, actor, turns).await;
        let waiters = self.running().remove(person);
        for waiter in waiters.into_iter().flatten() {
            let _ = waiter.send(PersonResult {
                by: outcome.by.clone().or(Some(actor.user.clone())),
                at: Some(Now::read().unix_ms),
                ..outcome.clone()
            });
        }
        outcome
    }

    fn join_running(&self, person: &ParticipantId) -> Option<oneshot::Receiver<PersonResult>> {
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

    async fn admit(&self, person: &ParticipantId, actor: &Actor, turns: &Turns) -> PersonResult {
        let standing = self.cluster.store().with_person(person, |person| (person.lobby.state, person.departed));
        match standing {
            None | Some((_, true)) => return result(person, ActionResult::Left, ""),
            Some((Lobby::In, _)) => {
                let admitted = self.desk.get(person).admitted;
                let (by, at) = admitted.map_or((None, None), |admitted| (Some(admitted.by), Some(admitted.at)));
                return PersonResult { by, at, ..result(person, ActionResult::Already, "") };
            }
            Some(_) => {}
        }
        self.desk.begin(person, &actor.user, Now::read());
        self.cluster.store().touch_people([person]);
        let home = self.cluster.store().with_person(person, |person| person.home.clone()).flatten();
        let home = if let Some(Home::Bridge(name)) = home { Some(name) } else { None };
        let turn = turns.take(home).await;
        let (how, reason) = self.carry_out(person, turns.bulk).await;
        drop(turn);
        self.desk.finish(person, &actor.user, how, &reason, Now::read(), self.timing.outcome_shown);
        self.cluster.store().touch_people([person]);
        result(person, how, &reason)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<ParticipantId, Vec<oneshot::Sender<PersonResult>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads back what a crash left open, and tells what is known of each as soon as it is. Nothing is ever sent again.
    pub async fn recover(self, open: Vec<OpenPress>) {
        let deadline = tokio::time::Instant::now() + self.timing.recover_within;
        let all = FuturesUnordered::from_iter(open.into_iter().map(|press| self.read_back(press, deadline)));
        all.collect::<()>().await;
    }

    async fn read_back(&self, open: OpenPress, deadline: tokio::time::Instant) {
        let OpenPress { press, user, address, scope, whom } = open;
        let person = whom.person.clone();
        let (how, reason) = match self.known_by(&person, deadline).await {
            Some(Lobby::In) => (ActionResult::Done, "read back after a restart"),
            Some(_) => (ActionResult::Interrupted, "Usher was restarted while this admission was under way; it was not sent again"),
            None => (ActionResult::Left, "not found after a restart"),
        };
        self.desk.finish(&person, &user, how, reason, Now::read(), self.timing.outcome_shown);
        self.cluster.store().touch_people([&person]);
        let known = Whom::person(self.cluster.store(), &person);
        let whom = if known.name.is_empty() { whom } else { Whom { waiting_since: None, ..known } };
        let result = result(&person, how, reason);
        self.journal.result(press, &result);
        self.log.add(Entry { user, address, scope, ..Entry::of(Action::Admit) }.about(whom).with(&result));
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
fn explain_second(first: PersonResult, me: &Arc<str>) -> PersonResult {
    match first.result {
        ActionResult::Done if first.by.as_ref() != Some(me) => PersonResult { result: ActionResult::Already, ..first },
        _ => first,
    }
}

fn result(person: &ParticipantId, result: ActionResult, reason: &str) -> PersonResult {
    PersonResult { person: person.clone(), result, reason: Some(reason).filter(|text| !text.is_empty()).map(Arc::from), by: None, at: None }
}
