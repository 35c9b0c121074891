use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::*;
use crate::actions::faults;
use crate::audit::{Cursor, LogFilter};
use crate::config::Timing;
use crate::model::{Action, ActionHandler, ActionRequest, ActionResult, Actor, BridgeState, Lobby, Scope, Target, TargetResult};
use crate::simulator::{self, Join, Options, Role, Simulator, StartCall, TlsMode};

const DEADLINE: Duration = Duration::from_secs(60);

/// The tasks that [`start`] puts under supervision.
const WATCHED: [&str; 4] = ["record positions", "audit log writer", "publisher", "action journal"];

struct Running {
    sim: Simulator,
    app: App,
    _dir: tempfile::TempDir,
}

async fn running() -> Running {
    running_with(|_| {}).await
}

async fn running_with(change: impl FnOnce(&mut Timing)) -> Running {
    // Each simulator has other ids, because injected faults are keyed by target.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    let options = Options { seed, bridges: 1, calls: 0, people: 0, rate: 0.0, tls: TlsMode::Off, ..Options::default() };
    let sim = simulator::start(options).await.expect("simulator");
    let dir = tempfile::tempdir().expect("directory");
    let bridge = &sim.bridges()[0];
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {:?}\n",
        bridge.name, bridge.url, bridge.username, bridge.password
    );
    let mut config = Config::parse(&text, dir.path()).expect("valid");
    config.timing = Timing { outcome_shown: DEADLINE, drain: Duration::from_secs(5), ..Timing::default().scaled(0.1) };
    config.timing.rest_timeout = Duration::from_secs(2);
    change(&mut config.timing);
    let listener = TcpListener::bind(config.web.listen).expect("port");
    let app = start(config, listener, None, CancellationToken::new()).await.expect("started");
    Running { sim, app, _dir: dir }
}

async fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let polling = async {
        loop {
            match find() {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    timeout(DEADLINE, polling).await.unwrap_or_else(|_| panic!("{what}"))
}

impl Running {
    /// Participants who wait, each in a meeting of their own, with the ids of their meetings.
    async fn waiting(&self, people: usize) -> Vec<(Arc<str>, Arc<str>)> {
        let control = self.sim.control();
        let mut all = Vec::new();
        for n in 0..people {
            let call = StartCall { name: format!("Room {n}"), space: true, ..StartCall::default() };
            let meeting = control.start_call(call).expect("started").id;
            let guest = Join { meeting, name: format!("Guest {n}"), role: Role::Guest, ..Join::default() };
            let id: Arc<str> = control.join(guest).expect("joined").id.to_string().into();
            let store = &self.app.store;
            let meeting = until("a guest waits", || {
                let waits = store.person_is(&id, |person| person.lobby.state == Lobby::Waiting);
                waits.then(|| crate::store::meetings::meeting_of(store, &id)).flatten()
            });
            all.push((id.clone(), meeting.await));
        }
        all
    }

    async fn submit(&self, action: Action, targets: Vec<Target>) -> Receiver<TargetResult> {
        let request = ActionRequest {
            actor: Actor { user: "mo".into(), address: [127, 0, 0, 1].into() },
            action,
            targets,
            scope: Scope::Selection,
            over: Vec::new(),
            held: false,
            stop: CancellationToken::new(),
        };
        timeout(DEADLINE, self.app.actions.submit(request)).await.expect("begun in time").expect("taken")
    }

    async fn all_results(&self, action: Action, targets: Vec<Target>) -> Vec<TargetResult> {
        let mut results = self.submit(action, targets).await;
        let mut all = Vec::new();
        while let Some(result) = timeout(DEADLINE, results.recv()).await.expect("a result in time") {
            all.push(result);
        }
        all
    }

    /// The target's id, the result and the reason of each entry of an action.
    async fn entries(&self) -> Vec<(String, String, String)> {
        timeout(DEADLINE, self.app.audit_log.written()).await.expect("written in time");
        let page = self.app.audit_log.page(LogFilter::default(), None::<Cursor>, 100).await.expect("read");
        let by_moderator = page.lines.into_iter().filter(|line| *line.user == *"mo");
        by_moderator.map(|line| (if line.person.is_empty() { line.meeting } else { line.person }, line.result, line.reason)).collect()
    }
}

/// The journal has nothing that the next start would treat as interrupted.
async fn nothing_open(app: &App) {
    let open = app.db.read(|conn| conn.query_row("SELECT count(*) FROM press_people WHERE result IS NULL", [], |row| row.get::<_, i64>(0)));
    assert_eq!(open.await.expect("read"), 0, "open in the journal");
}

#[tokio::test]
async fn a_task_that_usher_cannot_do_without_ends_it_when_it_panics_and_is_named() {
    for task in WATCHED {
        let Running { sim, app, _dir } = running().await;
        until("the bridge is read", || app.store.bridge_is("eu-1", |facts| facts.state == BridgeState::Live).then_some(())).await;
        app.supervisor.inject(task);
        let error = timeout(DEADLINE, app.join()).await.expect("Usher ends").expect_err("by a failure").to_string();
        assert!(error.contains(&format!("`{task}`")) && error.contains("on purpose"), "{error}");
        sim.stop().await;
    }
}

#[tokio::test]
async fn a_defect_that_one_person_or_meeting_shows_costs_no_other_of_the_request() {
    let usher = running().await;
    let waiting = usher.waiting(3).await;
    let people: Vec<Target> = waiting.iter().map(|(person, _)| Target::Person(person.clone())).collect();
    let meetings: Vec<Target> = waiting.iter().map(|(_, meeting)| Target::Meeting(meeting.clone())).collect();
    faults::NOW.lock().expect("faults").extend([people[1].clone(), meetings[1].clone()]);
    for (action, targets) in [(Action::Admit, people), (Action::Lock(true), meetings)] {
        let results = usher.all_results(action.clone(), targets.clone()).await;
        let entries = usher.entries().await;
        for (n, target) in targets.iter().enumerate() {
            let result = results.iter().find(|result| result.target == *target).expect("a result for each");
            let (Target::Person(id) | Target::Meeting(id)) = target;
            let entry = entries.iter().find(|(about, ..)| **about == **id).expect("an entry for each");
            if n == 1 {
                let reason = result.reason.clone().unwrap_or_default();
                assert!(result.result == ActionResult::Unreachable && reason.starts_with("Usher failed"), "{action:?}: {result:?}");
                assert!(entry.1 == "unreachable" && *entry.2 == *reason, "{action:?}: {entry:?}");
            } else {
                assert_eq!((result.result, &*entry.1), (ActionResult::Done, "done"), "{action:?}: {result:?}");
            }
            let shown = match target {
                Target::Person(id) => usher.app.moderation.person(id).status,
                Target::Meeting(id) => usher.app.moderation.meeting(id, id).status,
            };
            assert!(shown.pending.is_none() && shown.outcome.is_some() == (n == 1), "{action:?}: {shown:?}");
        }
        nothing_open(&usher.app).await;
    }
    usher.app.stop();
    timeout(DEADLINE, usher.app.join()).await.expect("Usher ends").expect("as it was asked to");
}

#[tokio::test]
async fn a_defect_that_shows_when_one_is_read_later_costs_no_other_of_the_request() {
    let usher = running_with(|timing| {
        timing.confirm_within = Duration::from_millis(300);
        timing.read_later = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(20)];
    })
    .await;
    let people: Vec<Target> = usher.waiting(2).await.into_iter().map(|(person, _)| Target::Person(person)).collect();
    faults::LATER.lock().expect("faults").push(people[1].clone());
    let control = usher.sim.control();
    control.set_switches(None, serde_json::json!({ "put_slow_ms": 3_600_000 })).expect("switch");
    let mut results = usher.submit(Action::Admit, people.clone()).await;
    let mut next = async || timeout(DEADLINE, results.recv()).await.expect("a result in time");
    for _ in &people {
        let result = next().await.expect("a result for each");
        assert_eq!(result.result, ActionResult::Unconfirmed, "{result:?}");
    }
    // As a host would: the unconfirmed admission becomes true.
    let first = control.truth().participants().find(|person| people[0] == Target::Person(person.id.to_string().into())).expect("there").id;
    control.admit(first).expect("let in");
    let corrected = next().await.expect("one of them is read again");
    assert!(corrected.corrected && corrected.target == people[0] && corrected.result == ActionResult::Done, "{corrected:?}");
    assert_eq!(next().await, None, "the request ends all the same");
    usher.app.stop();
    timeout(DEADLINE, usher.app.join()).await.expect("Usher ends").expect("as it was asked to");
}

#[tokio::test]
async fn an_action_meets_the_bridge_as_the_commands_before_it_left_it() {
    let usher = running().await;
    let people: Vec<Target> = usher.waiting(2).await.into_iter().map(|(person, _)| Target::Person(person)).collect();
    let actor = || Actor { user: "ada".into(), address: [127, 0, 0, 1].into() };
    let actions = &usher.app.actions;

    let held = actions.hold_commands().await;
    let pause = actions.pause(actor(), "eu-1".into(), true);
    let mut refused = usher.submit(Action::Admit, vec![people[0].clone()]).await;
    assert!(refused.try_recv().is_err(), "the pause has not ended");
    drop(held);
    timeout(DEADLINE, pause).await.expect("in time").expect("paused");
    let result = timeout(DEADLINE, refused.recv()).await.expect("in time").expect("a result");
    let reason = result.reason.unwrap_or_default();
    assert!(result.result == ActionResult::Refused && reason.contains("paused"), "{:?}: {reason}", result.result);

    let resume = actions.pause(actor(), "eu-1".into(), false);
    timeout(DEADLINE, resume).await.expect("in time").expect("resumed");
    until("the bridge is read", || usher.app.store.bridge_is("eu-1", |facts| facts.state == BridgeState::Live).then_some(())).await;
    let results = usher.all_results(Action::Admit, vec![people[1].clone()]).await;
    assert_eq!(results[0].result, ActionResult::Done, "{results:?}");
    usher.app.stop();
    timeout(DEADLINE, usher.app.join()).await.expect("Usher ends").expect("as it was asked to");
}
