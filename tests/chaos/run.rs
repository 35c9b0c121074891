//! The cluster, Usher and the browsers of a run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;
use usher::model::BridgeState;
use usher::simulator::{Control, Id, Join, MeetingTruth, ParticipantTruth, Role, StartCall, Truth, start};

use crate::clock::{self, Bound, Steady};
use crate::common::browser::Browser;
use crate::common::desk::{Desk, PASSWORD, Page, check, quiet};
use crate::common::{DEADLINE, wait_for};
use crate::draft::Draft;
use crate::happenings::{self, Deed};
use crate::repairs;
use crate::tab::{Held, Key, Order, Tab};

pub const BRIDGES: [&str; 3] = ["eu-1", "eu-2", "us-1"];
pub const CALLS: usize = 60;
pub const PEOPLE: usize = 600;

/// A fault that ends by itself after a while.
struct Standing {
    until: Instant,
    bridge: &'static str,
    end: Heal,
}

enum Heal {
    /// The switches return to the values for all bridges.
    Switches(Vec<String>),
    Start,
}

pub struct Scene {
    pub draft: Draft,
    pub rng: StdRng,
    desk: Option<Desk>,
    control: Control,
    pub tabs: Vec<Tab>,
    /// Closed pages: name, whether the user may act, and their state.
    pub closed: Vec<(String, bool, Held)>,
    /// The cookies of each user who is logged in.
    cookies: BTreeMap<&'static str, String>,
    address: watch::Sender<Option<SocketAddr>>,
    standing: Vec<Standing>,
    pub deeds: Vec<Deed>,
    begun: Instant,
    pub story: Vec<(Duration, String)>,
    /// The arrival of each participant; Unix milliseconds.
    pub arrived: HashMap<Id, i64>,
    /// Numbers everything that is created.
    pub n: usize,
    step: u64,
    /// Connections were lost or refused since the last quiet point.
    pub faults: bool,
    /// The end of the last fault; Unix milliseconds.
    pub healed_ms: i64,
    /// The bound of the last wait.
    pub bound: Bound,
    pub causes: repairs::Causes,
}

impl Scene {
    /// Fills the cluster, then starts Usher.
    pub async fn open(draft: Draft) -> Self {
        let mut options = quiet(BRIDGES.len());
        (options.seed, options.switches) = (draft.seed, Some(draft.switches.to_string()));
        let sim = start(options).await.expect("simulator");
        let control = sim.control();
        let rng = StdRng::seed_from_u64(draft.seed << 32);
        let (rotation, records) = (draft.rotation, draft.records);
        let mut scene = Self {
            draft,
            rng,
            desk: None,
            control,
            tabs: Vec::new(),
            closed: Vec::new(),
            cookies: BTreeMap::new(),
            address: watch::channel(None).0,
            standing: Vec::new(),
            deeds: Vec::new(),
            begun: Instant::now(),
            story: Vec::new(),
            arrived: HashMap::new(),
            n: 0,
            step: 0,
            faults: false,
            healed_ms: 0,
            bound: Bound::default(),
            causes: repairs::Causes::default(),
        };
        for _ in 0..CALLS {
            happenings::start_call(&mut scene);
        }
        while scene.control.truth().participants().count() < PEOPLE {
            happenings::join(&mut scene);
        }
        scene.note_people();
        let desk = Desk::start_on(sim, "", |config| clock::scale(config, rotation, records)).await;
        scene.address.send_replace(Some(desk.app.address));
        scene.desk = Some(desk);
        scene.live().await;
        scene
    }

    /// Waits until every bridge has been read and pushes events.
    async fn live(&self) {
        let store = &self.desk().app.store;
        wait_for(DEADLINE, "every bridge to be live", async || {
            let states: Vec<_> = BRIDGES.iter().map(|name| store.with_bridge(name, |bridge| bridge.state)).collect();
            if states.iter().all(|state| *state == Some(BridgeState::Live)) { Ok(()) } else { Err(states) }
        })
        .await;
    }

    pub async fn open_browsers(&mut self) {
        for user in ["mo", "max", "vi"] {
            let mut browser = Browser::new(self.desk().app.address, "");
            browser.login(user, PASSWORD).await;
            self.cookies.insert(user, browser.cookie_header());
        }
        for user in ["mo", "mo", "max", "vi"] {
            self.open_tab(user);
        }
    }

    pub fn desk(&self) -> &Desk {
        self.desk.as_ref().expect("Usher runs")
    }

    pub fn control(&self) -> Control {
        self.control.clone()
    }

    pub fn tell(&mut self, what: String) {
        self.story.push((self.begun.elapsed(), what));
    }

    pub fn open_tab(&mut self, user: &'static str) {
        self.n += 1;
        let cookies = self.cookies[user].clone();
        self.tabs.push(Tab::open(format!("{user}/{}", self.n), user != "vi", cookies, self.address.subscribe()));
    }

    pub async fn close_tab(&mut self, at: usize) {
        let tab = self.tabs.remove(at);
        let (name, may_act) = (tab.name.clone(), tab.may_act);
        let held = tab.leave().await;
        self.closed.push((name, may_act, held));
    }

    /// Sets switches on one bridge for a while.
    pub fn suffer(&mut self, bridge: &'static str, switches: Value, time: Duration) {
        let names = switches.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
        self.control.set_switches(Some(bridge), switches).expect("switches");
        self.standing.push(Standing { until: Instant::now() + time, bridge, end: Heal::Switches(names) });
    }

    /// Makes a bridge refuse connections for a while.
    pub fn stop_bridge(&mut self, bridge: &'static str, time: Duration) {
        self.control.stop_bridge(bridge).expect("stopped");
        self.standing.push(Standing { until: Instant::now() + time, bridge, end: Heal::Start });
    }

    pub fn note_people(&mut self) -> Truth {
        let truth = self.control.truth();
        for person in truth.participants() {
            self.arrived.entry(person.id).or_insert(person.since_ms);
        }
        truth
    }

    pub fn bridge(&mut self) -> &'static str {
        BRIDGES.choose(&mut self.rng).expect("bridges")
    }

    pub fn meeting(&mut self) -> Option<MeetingTruth> {
        self.control.truth().meetings.choose(&mut self.rng).cloned()
    }

    pub fn name_of(&self, meeting: Id) -> String {
        self.control.truth().meeting(meeting).map(|meeting| meeting.name.clone()).unwrap_or_default()
    }

    pub fn person(&mut self, fits: impl Fn(&ParticipantTruth) -> bool) -> Option<ParticipantTruth> {
        let truth = self.control.truth();
        let people: Vec<_> = truth.participants().filter(|person| fits(person)).collect();
        people.choose(&mut self.rng).map(|person| (*person).clone())
    }

    pub fn join(&mut self, meeting: Id, bridge: &str) -> Option<ParticipantTruth> {
        self.n += 1;
        let role = *[Role::Guest, Role::Guest, Role::Guest, Role::Guest, Role::Member, Role::Host].choose(&mut self.rng).expect("roles");
        let join = Join {
            meeting,
            bridge: Some(bridge.into()),
            name: format!("{role:?} {}", self.n),
            role,
            web_app: self.rng.random_bool(0.4),
            ..Join::default()
        };
        self.control.join(join).ok()
    }

    pub fn start(&mut self, bridge: &str) -> Option<MeetingTruth> {
        self.n += 1;
        let modes = ["deactivate", "disconnect", "remainActivated"];
        let call = StartCall {
            name: format!("Call {}", self.n),
            bridge: Some(bridge.into()),
            lock_mode: (*["all", "needsActivation"].choose(&mut self.rng).expect("modes")).into(),
            deactivation_mode: (*modes.choose(&mut self.rng).expect("modes")).into(),
            // When the last activator left while Usher was down, nothing announces that guests are sent back later.
            deactivation_s: if self.draft.rotation { self.rng.random_range(0..=1) } else { 0 },
            active_when_empty: self.rng.random_bool(0.5),
            space: self.rng.random_bool(0.5),
            ..StartCall::default()
        };
        self.control.start_call(call).ok()
    }

    /// Runs this many random events. Each one has random numbers of its own, so that the twentieth event is of the same kind each time,
    /// whatever happened before it.
    pub async fn happen(&mut self, steps: u64, faults: bool) {
        for _ in 0..steps {
            self.step += 1;
            self.rng = StdRng::seed_from_u64((self.draft.seed << 32) | self.step);
            self.heal(false).await;
            if let Some(what) = happenings::pick(self, faults) {
                self.tell(what);
            }
            for deed in std::mem::take(&mut self.deeds) {
                self.carry_out(deed).await;
            }
            self.note_people();
            let pause = self.rng.random_range(0..25);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn carry_out(&mut self, deed: Deed) {
        match deed {
            Deed::RestartBridge(bridge) => self.control.restart_bridge(bridge).await.expect("restarted"),
            Deed::CloseTab(at) => self.close_tab(at).await,
            Deed::PauseBridge(bridge) => {
                let mut page = Page::log_in(self.desk().app.address, "ana").await;
                for (word, paused) in [("pause", true), ("resume", false)] {
                    page.say(json!({ "type": word, "ref": word, "bridge": bridge })).await;
                    let so = |page: &Page| check((page.bridge(bridge)?.state == BridgeState::Paused) == paused, page.bridges());
                    page.until(word, so).await;
                }
                self.tell(format!("{bridge} goes on"));
            }
            Deed::Reread(bridge) => {
                let desk = self.desk();
                let (whole, mut without) = (desk.config.clone(), desk.config.clone());
                without.bridges.retain(|config| &*config.name != bridge);
                without.cms.in_flight = 3;
                for config in [without, whole] {
                    desk.app.reload.take(config).await.expect("taken over");
                }
                self.tell(format!("{bridge} is back in the configuration"));
            }
            Deed::RestartUsher => {
                self.address.send_replace(None);
                let desk = self.desk.take().expect("Usher runs").restart().await;
                self.address.send_replace(Some(desk.app.address));
                self.desk = Some(desk);
                self.tell("Usher is back".into());
            }
        }
    }

    /// Ends the faults that are over, or all.
    async fn heal(&mut self, all: bool) {
        let now = Instant::now();
        let (over, standing) = std::mem::take(&mut self.standing).into_iter().partition(|fault: &Standing| all || fault.until <= now);
        self.standing = standing;
        for Standing { bridge, end, .. } in over {
            match end {
                Heal::Switches(names) => {
                    let nothing: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), Value::Null)).collect();
                    self.control.set_switches(Some(bridge), Value::Object(nothing)).expect("switches");
                    self.tell(format!("{bridge}: over: {}", names.join(", ")));
                    if names.iter().any(|name| name == "rest_status") {
                        // Refused credentials are tried again only when somebody asks for it.
                        self.retry(bridge);
                    }
                }
                Heal::Start => {
                    self.control.start_bridge(bridge).await.expect("started");
                    self.tell(format!("{bridge}: takes connections again"));
                }
            }
        }
    }

    fn retry(&mut self, bridge: &str) {
        if let Some(tab) = self.tabs.iter().find(|tab| tab.may_act) {
            tab.order(Order::Retry(bridge.into()));
        }
    }

    /// Ends all faults and waits until the bound has passed since the last change, including automatic ones.
    pub async fn settle(&mut self) -> Truth {
        self.heal(true).await;
        self.tell("all is healed, nothing happens any more".into());
        self.at_rest().await;
        for bridge in self.refused() {
            self.retry(&bridge);
        }
        self.healed_ms = self.control.now_ms();
        let bound = Bound::of(&self.config_timing(), self.draft.rotation, self.draft.records, self.faults);
        self.tell(format!("quiet; the bound is {:?}: {bound:?}", bound.total()));
        self.bound = bound;
        let (mut truth, mut steady) = (self.note_people(), Steady::default());
        while steady.passed() < bound.total() {
            for _ in 0..10 {
                steady.tick().await;
            }
            let now = self.note_people();
            // A change that happens by itself starts the bound again.
            if (&now.meetings, &now.bridges) != (&truth.meetings, &truth.bridges) {
                (truth, steady) = (now, Steady::default());
            }
        }
        self.faults = false;
        self.tell("the bound has passed".into());
        truth
    }

    pub async fn at_rest(&self) {
        let tabs = &self.tabs;
        wait_for(DEADLINE, "every page to be connected and every press to end", async || {
            let open: Vec<String> = tabs.iter().filter_map(unfinished).collect();
            if open.is_empty() { Ok(()) } else { Err(open) }
        })
        .await;
    }

    /// The rows of every page at one moment of the server. A count may change while pages are read one after the other
    /// (calls that are polled, when a refused subscription is tried again); pages that never reach one moment fail.
    pub async fn views(&self) -> Vec<(String, BTreeMap<Key, Value>)> {
        let tabs = &self.tabs;
        wait_for(DEADLINE, "every page to hold the same moment", async || {
            let held: Vec<_> = tabs.iter().map(Tab::held).collect();
            let moments: BTreeSet<_> = held.iter().map(|held| (&*held.epoch, held.seq)).collect();
            if moments.len() == 1 && moments.iter().all(|(_, seq)| seq.is_some()) {
                return Ok(tabs.iter().zip(&held).map(|(tab, held)| (tab.name.clone(), held.rows.clone())).collect());
            }
            Err(tabs.iter().zip(&held).map(|(tab, held)| format!("{}: {:?} of {}", tab.name, held.seq, held.epoch)).collect::<Vec<_>>())
        })
        .await
    }

    fn config_timing(&self) -> usher::config::Timing {
        self.desk().config().timing.clone()
    }

    fn refused(&self) -> Vec<String> {
        let store = &self.desk().app.store;
        let refused = |name: &&&str| store.with_bridge(name, |bridge| bridge.state == BridgeState::Refused) == Some(true);
        BRIDGES.iter().filter(refused).map(|name| (*name).to_owned()).collect()
    }

    /// Ends every meeting and closes every page. The remaining resources must be those from before.
    pub async fn empty(&mut self) {
        let truth = self.control.truth();
        for meeting in truth.meetings {
            let _ = self.control.end(meeting.id, None);
        }
        while !self.tabs.is_empty() {
            self.close_tab(0).await;
        }
        self.tell("everybody left".into());
    }

    /// Everything that is needed to understand a failure.
    pub fn report(&self, found: &str) -> String {
        let mut text = format!("seed {}, rotation {}, {}\n{found}\n", self.draft.seed, self.draft.rotation, self.draft.switches);
        for name in BRIDGES {
            let facts = self.desk().app.store.with_bridge(name, |bridge| format!("{bridge:?}"));
            text += &format!("{name}: {facts:?}\n");
        }
        for (at, what) in &self.story {
            text += &format!("{:8.3} {what}\n", at.as_secs_f64());
        }
        text
    }

    /// The number of action requests for each participant by users who may act.
    pub fn pressed(&self) -> BTreeMap<String, usize> {
        let mut pressed = BTreeMap::new();
        let held = self.closed.iter().filter(|(_, may_act, _)| *may_act).map(|(_, _, held)| held);
        for person in held.flat_map(|held| held.presses.values()).flat_map(|press| &press.people) {
            *pressed.entry(person.clone()).or_default() += 1;
        }
        pressed
    }

    pub async fn repaired(&self) -> repairs::Repaired {
        let mut browser = Browser::new(self.desk().app.address, "");
        repairs::read(&browser.get("/metrics").await.body)
    }

    pub async fn close(self) -> tempfile::TempDir {
        self.desk.expect("Usher runs").stop().await
    }
}

/// The reason why a page is not at rest.
fn unfinished(tab: &Tab) -> Option<String> {
    let held = tab.held();
    let open = |press: &&crate::tab::Press| !press.finished && press.error.is_none() && !press.cut;
    let presses: Vec<_> = held
        .presses
        .iter()
        .filter(|(_, press)| open(press))
        .map(|(word, press)| json!([word, press.people.len(), press.results.len()]))
        .collect();
    (held.seq.is_none() || !presses.is_empty()).then(|| format!("{}: seq {:?}, open presses {presses:?}", tab.name, held.seq))
}
