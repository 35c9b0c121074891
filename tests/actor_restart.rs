//! The actor of a bridge fails because of a defect: another one replaces it, and the state that the first one left becomes true again.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::desk::{configuration, fast_timing, quiet};
use common::{DEADLINE, wait_for};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher::cms::{BridgeSupervisor, ClusterSetup, SavedBridgeState};
use usher::config::{BridgeConfig, Config};
use usher::model::{BridgeName, BridgeState, Lobby, Paused};
use usher::simulator::{self, Join, Role, Simulator, StartCall};
use usher::store::Store;

/// Fails when the first bridge is reached for the second time, in the middle of its actor's work.
#[derive(Default)]
struct Faulty {
    reached: AtomicUsize,
}

impl SavedBridgeState for Faulty {
    fn is_refused(&self, _: &BridgeConfig) -> bool {
        false
    }

    fn set_refused(&self, bridge: &BridgeConfig, _: bool) {
        if &*bridge.name == "eu-1" && self.reached.fetch_add(1, Ordering::SeqCst) == 1 {
            panic!("a defect, on purpose");
        }
    }

    fn paused(&self, _: &BridgeName) -> Option<Paused> {
        None
    }

    fn set_paused(&self, _: &BridgeName, _: Option<&Paused>) {}

    fn receiver(&self, _: &BridgeName) -> Option<String> {
        None
    }

    fn set_receiver(&self, _: &BridgeName, _: String) {}
}

/// The bridges of a configuration, followed without anything else of Usher.
struct Followed {
    store: Store,
    memory: Arc<Faulty>,
    tracker: TaskTracker,
    stop: CancellationToken,
    _supervisor: BridgeSupervisor,
}

impl Followed {
    fn start(config: &Config) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (store, tracker, stop) = (Store::default(), TaskTracker::new(), CancellationToken::new());
        let memory = Arc::new(Faulty::default());
        let setup = ClusterSetup {
            bridges: &config.bridges,
            limits: &config.cms,
            timing: &config.timing,
            store: store.clone(),
            saved_bridges: memory.clone(),
            saved_waits: HashMap::new(),
        };
        let supervisor = BridgeSupervisor::start(setup, &tracker, &stop).expect("followed");
        Self { store, memory, tracker, stop, _supervisor: supervisor }
    }

    async fn end(self) {
        self.stop.cancel();
        self.tracker.close();
        common::in_time("the end of all tasks", self.tracker.wait()).await;
    }
}

fn seen(store: &Store) -> BTreeMap<String, Lobby> {
    let state = |id: &Arc<str>| store.with_person(id, |person| person.lobby.state);
    store.all_people().into_iter().filter_map(|id| Some((id.to_string(), state(&id)?))).collect()
}

fn truth(sim: &Simulator) -> BTreeMap<String, Lobby> {
    let word = |lobby| if lobby == simulator::Lobby::Waiting { Lobby::Waiting } else { Lobby::In };
    sim.control().truth().participants().map(|person| (person.id.to_string(), word(person.lobby))).collect()
}

async fn until_true(store: &Store, sim: &Simulator) {
    wait_for(DEADLINE, "what is seen to be what is", async || {
        let (seen, truth) = (seen(store), truth(sim));
        if seen == truth { Ok(()) } else { Err(format!("seen {seen:?}, true {truth:?}")) }
    })
    .await;
}

async fn until_state(store: &Store, bridge: &str, state: BridgeState) {
    wait_for(DEADLINE, "the state of the bridge", async || {
        let facts = store.with_bridge(bridge, Clone::clone);
        if facts.as_ref().is_some_and(|facts| facts.state == state) { Ok(()) } else { Err(format!("{facts:?}")) }
    })
    .await;
}

#[tokio::test]
async fn another_actor_takes_over_from_one_that_failed_and_leaves_no_ghosts() {
    let sim = simulator::start(quiet(2)).await.expect("simulator");
    let dir = tempfile::tempdir().expect("directory");
    let mut config = configuration(&sim, "", &dir);
    fast_timing(&mut config);
    config.timing.rest_timeout = Duration::from_millis(200);
    let control = sim.control();
    let mut meetings = HashMap::new();
    for bridge in ["eu-1", "eu-2"] {
        for name in ["Board call", "Court room 3"] {
            let call = StartCall { name: name.into(), bridge: Some(bridge.into()), space: true, ..StartCall::default() };
            meetings.insert((bridge, name), control.start_call(call).expect("started").id);
        }
    }
    let join = |bridge: &'static str, meeting, name: &str| {
        let meeting = meetings[&(bridge, meeting)];
        let join = Join { meeting, bridge: Some(bridge.into()), name: name.into(), role: Role::Guest, ..Join::default() };
        control.join(join).expect("joined").id
    };
    let leaves = join("eu-1", "Board call", "Leaves unseen");
    join("eu-1", "Board call", "Stays");
    join("eu-1", "Court room 3", "Ends with the call");
    join("eu-2", "Board call", "Elsewhere");

    let followed = Followed::start(&config);
    let store = &followed.store;
    until_true(store, &sim).await;
    until_state(store, "eu-1", BridgeState::Live).await;

    control.set_switches(Some("eu-1"), json!({ "rest_hang": true, "events_status": 503 })).expect("switch");
    control.cut_events(Some("eu-1"), simulator::Cut::Hard).expect("cut");
    until_state(store, "eu-1", BridgeState::Unreachable).await;
    control.leave(leaves).expect("left");
    control.end(meetings[&("eu-1", "Court room 3")], None).expect("ended");
    join("eu-1", "Board call", "Came unseen");
    let (other, since) = ("eu-2", store.with_bridge("eu-2", |facts| facts.since));
    control.set_switches(Some("eu-1"), json!({ "rest_hang": null, "events_status": null })).expect("switch");
    until_state(store, "eu-1", BridgeState::Live).await;
    until_true(store, &sim).await;
    assert!(followed.memory.reached.load(Ordering::SeqCst) >= 3, "reached again by another actor");
    assert_eq!(
        store.with_bridge(other, |facts| (facts.state, facts.since)).map(|facts| facts.1),
        since,
        "the other bridge noticed nothing"
    );
    followed.end().await;
}

/// Its CA file is unusable at the very moment at which another actor is to begin: that is tried again.
#[cfg(unix)]
#[tokio::test]
async fn another_actor_begins_also_where_its_ca_file_is_away_for_a_moment() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let dir = tempfile::tempdir().expect("directory");
    let mut config = configuration(&sim, "", &dir);
    fast_timing(&mut config);
    config.timing.rest_timeout = Duration::from_millis(200);
    let (authorities, good) = (dir.path().join("ca.pem"), dir.path().join("good.pem"));
    let pem = rcgen::generate_simple_self_signed(vec!["ca.example".into()]).expect("certificate").cert.pem();
    std::fs::write(&authorities, &pem).expect("written");
    config.bridges[0].trust = usher::config::Trust::CaFile(authorities.clone());

    let followed = Followed::start(&config);
    let store = &followed.store;
    until_state(store, "eu-1", BridgeState::Live).await;

    std::fs::remove_file(&authorities).expect("removed");
    assert!(std::process::Command::new("mkfifo").arg(&authorities).status().expect("mkfifo").success());
    std::fs::write(&good, &pem).expect("written");
    // Opening it waits for whoever reads it; that one is given nothing of use, and the next one finds the file.
    let spoiled = tokio::task::spawn_blocking(move || {
        let mut pipe = std::fs::OpenOptions::new().write(true).open(&authorities)?;
        std::fs::rename(&good, &authorities)?;
        std::io::Write::write_all(&mut pipe, b"no certificate")
    });
    let control = sim.control();
    control.set_switches(None, json!({ "rest_hang": true, "events_status": 503 })).expect("switch");
    control.cut_events(None, simulator::Cut::Hard).expect("cut");
    until_state(store, "eu-1", BridgeState::Unreachable).await;
    control.set_switches(None, json!({ "rest_hang": null, "events_status": null })).expect("switch");
    common::in_time("an actor that can't begin", spoiled).await.expect("no panic").expect("spoiled");
    until_state(store, "eu-1", BridgeState::Live).await;
    followed.end().await;
}
