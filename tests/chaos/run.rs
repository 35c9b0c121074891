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

use crate::common::browser::Browser;
use crate::common::desk::{Desk, PASSWORD, quiet};
use crate::common::page::{Page, check};
use crate::common::{DEADLINE, wait_for};
use crate::expected_repairs;
use crate::random_events::{self, SlowEvent};
use crate::seed_plan::SeedPlan;
use crate::tab::{Key, Tab, TabCommand, TabState};
use crate::timing::{self, Bound, SteadyClock};

pub const BRIDGES: [&str; 3] = ["eu-1", "eu-2", "us-1"];
pub const CALLS: usize = 60;
pub const PEOPLE: usize = 600;

/// A fault that ends by itself after a while.
struct ActiveFault {
    until: Instant,
    bridge: &'static str,
    end: FaultEnd,
}

enum FaultEnd {
    /// The switches return to the values for all bridges.
    Switches(Vec<String>),
    Start,
}

pub struct Run {
    pub plan: SeedPlan,
    pub rng: StdRng,
    desk: Option<Desk>,
    control: Control,
    pub tabs: Vec<Tab>,
    /// Closed pages: name, whether the user may act, and their state.
    pub closed: Vec<(String, bool, TabState)>,
    /// The cookies of each user who is logged in.
    cookies: BTreeMap<&'static str, String>,
    address: watch::Sender<Option<SocketAddr>>,
    active_faults: Vec<ActiveFault>,
    pub slow_events: Vec<SlowEvent>,
    begun: Instant,
    pub events: Vec<(Duration, String)>,
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
    pub causes: expected_repairs::Causes,
}

impl Run {
    /// Fills the cluster, then starts Usher.
    pub async fn open(plan: SeedPlan) -> Self {
        let mut options = quiet(BRIDGES.len());
        options.seed = plan.seed;
        options.switches = Some(plan.switches.to_string());
        let sim = start(options).await.expect("simulator");
        let control = sim.control();
        let rng = StdRng::seed_from_u64(plan.seed << 32);
        let (rotation, records) = (plan.rotation, plan.records);
        let mut run = Self {
            plan,
            rng,
            desk: None,
            control,
            tabs: Vec::new(),
            closed: Vec::new(),
            cookies: BTreeMap::new(),
            address: watch::channel(None).0,
            active_faults: Vec::new(),
            slow_events: Vec::new(),
            begun: Instant::now(),
            events: Vec::new(),
            arrived: HashMap::new(),
            n: 0,
            step: 0,
            faults: false,
            healed_ms: 0,
            bound: Bound::default(),
            causes: expected_repairs::Causes::default(),
        };
        for _ in 0..CALLS {
            random_events::start_call(&mut run);
        }
        while run.control.truth().participants().count() < PEOPLE {
            random_events::join(&mut run);
        }
        run.record_arrivals();
        let desk = Desk::start_on(sim, "", |config| timing::scale_timing(config, rotation, records)).await;
        run.address.send_replace(Some(desk.app.address));
        run.desk = Some(desk);
        run.until_live().await;
        run
    }

    /// Waits until every bridge has been read and pushes events.
    async fn until_live(&self) {
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

    pub fn note(&mut self, what: String) {
        self.events.push((self.begun.elapsed(), what));
    }

    pub fn open_tab(&mut self, user: &'static str) {
        self.n += 1;
        let cookies = self.cookies[user].clone();
        self.tabs.push(Tab::open(format!("{user}/{}", self.n), user != "vi", cookies, self.address.subscribe()));
    }

    pub async fn close_tab(&mut self, at: usize) {
        let tab = self.tabs.remove(at);
        let (name, may_act) = (tab.name.clone(), tab.may_act);
        let state = tab.leave().await;
        self.closed.push((name, may_act, state));
    }

    /// Sets switches on one bridge for a while.
    pub fn set_fault(&mut self, bridge: &'static str, switches: Value, time: Duration) {
        let names = switches.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
        self.control.set_switches(Some(bridge), switches).expect("switches");
        self.active_faults.push(ActiveFault { until: Instant::now() + time, bridge, end: FaultEnd::Switches(names) });
    }

    /// Makes a bridge refuse connections for a while.
    pub fn stop_bridge(&mut self, bridge: &'static str, time: Duration) {
        self.control.stop_bridge(bridge).expect("stopped");
        self.active_faults.push(ActiveFault { until: Instant::now() + time, bridge, end: FaultEnd::Start });
    }

    pub fn record_arrivals(&mut self) -> Truth {
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
            deactivation_s: if self.plan.rotation { self.rng.random_range(0..=1) } else { 0 },
            active_when_empty: self.rng.random_bool(0.5),
            space: self.rng.random_bool(0.5),
            ..StartCall::default()
        };
        self.control.start_call(call).ok()
    }

    /// Runs this many random events. Each one has random numbers of its own, so that the twentieth event is of the same kind each time,
    /// whatever happened before it.
    pub async fn run_events(&mut self, steps: u64, faults: bool) {
        for _ in 0..steps {
            self.step += 1;
            self.rng = StdRng::seed_from_u64((self.plan.seed << 32) | self.step);
            self.end_faults(false).await;
            if let Some(what) = random_events::pick(self, faults) {
                self.note(what);
            }
            for event in std::mem::take(&mut self.slow_events) {
                self.run_slow_event(event).await;
            }
            self.record_arrivals();
            let pause = self.rng.random_range(0..25);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn run_slow_event(&mut self, event: SlowEvent) {
        match event {
            SlowEvent::RestartBridge(bridge) => self.control.restart_bridge(bridge).await.expect("restarted"),
            SlowEvent::CloseTab(at) => self.close_tab(at).await,
            SlowEvent::PauseBridge(bridge) => {
                let mut page = Page::log_in(self.desk().app.address, "ana").await;
                for (action, paused) in [("pause", true), ("resume", false)] {
                    page.send(json!({ "type": action, "ref": action, "bridge": bridge })).await;
                    let so = |page: &Page| check((page.bridge(bridge)?.state == BridgeState::Paused) == paused, page.bridges());
                    page.until(action, so).await;
                }
                self.note(format!("{bridge} goes on"));
            }
            SlowEvent::RemoveFromConfig(bridge) => {
                let desk = self.desk();
                let (whole, mut without) = (desk.config.clone(), desk.config.clone());
                without.bridges.retain(|config| &*config.name != bridge);
                without.cms.in_flight = 3;
                for config in [without, whole] {
                    desk.app.reload.apply(config).await.expect("taken over");
                }
                self.note(format!("{bridge} is back in the configuration"));
            }
            SlowEvent::RestartUsher => {
                self.address.send_replace(None);
                let desk = self.desk.take().expect("Usher runs").restart().await;
                self.address.send_replace(Some(desk.app.address));
                self.desk = Some(desk);
                self.note("Usher is back".into());
            }
        }
    }

    /// Ends the faults that are over, or all.
    async fn end_faults(&mut self, all: bool) {
        let now = Instant::now();
        let (over, active_faults) =
            std::mem::take(&mut self.active_faults).into_iter().partition(|fault: &ActiveFault| all || fault.until <= now);
        self.active_faults = active_faults;
        for ActiveFault { bridge, end, .. } in over {
            match end {
                FaultEnd::Switches(names) => {
                    let nothing: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), Value::Null)).collect();
                    self.control.set_switches(Some(bridge), Value::Object(nothing)).expect("switches");
                    self.note(format!("{bridge}: over: {}", names.join(", ")));
                    if names.iter().any(|name| name == "rest_status") {
                        // Refused credentials are tried again only when somebody asks for it.
                        self.retry(bridge);
                    }
                }
                FaultEnd::Start => {
                    self.control.start_bridge(bridge).await.expect("started");
                    self.note(format!("{bridge}: takes connections again"));
                }
            }
        }
    }

    fn retry(&mut self, bridge: &str) {
        if let Some(tab) = self.tabs.iter().find(|tab| tab.may_act) {
            tab.send(TabCommand::Retry(bridge.into()));
        }
    }

    /// Ends all faults and waits until the bound has passed since the last change, including automatic ones.
    pub async fn settle(&mut self) -> Truth {
        self.end_faults(true).await;
        self.note("all is healed, nothing happens any more".into());
        self.until_at_rest().await;
        for bridge in self.refused_bridges() {
            self.retry(&bridge);
        }
        self.healed_ms = self.control.now_ms();
        let bound = Bound::of(&self.config_timing(), self.plan.rotation, self.plan.records, self.faults);
        self.note(format!("quiet; the bound is {:?}: {bound:?}", bound.total()));
        self.bound = bound;
        let (mut truth, mut steady) = (self.record_arrivals(), SteadyClock::default());
        while steady.passed() < bound.total() {
            for _ in 0..10 {
                steady.tick().await;
            }
            let now = self.record_arrivals();
            // A change that happens by itself starts the bound again.
            if (&now.meetings, &now.bridges) != (&truth.meetings, &truth.bridges) {
                truth = now;
                steady = SteadyClock::default();
            }
        }
        self.faults = false;
        self.note("the bound has passed".into());
        truth
    }

    pub async fn until_at_rest(&self) {
        let tabs = &self.tabs;
        wait_for(DEADLINE, "every page to be connected and every request to end", async || {
            let open: Vec<String> = tabs.iter().filter_map(unfinished_work).collect();
            if open.is_empty() { Ok(()) } else { Err(open) }
        })
        .await;
    }

    /// The rows of every page at one moment of the server. A count may change while pages are read one after the other
    /// (calls that are polled, when a refused subscription is tried again); pages that never reach one moment fail.
    pub async fn views(&self) -> Vec<(String, BTreeMap<Key, Value>)> {
        let tabs = &self.tabs;
        wait_for(DEADLINE, "every page to hold the same moment", async || {
            let state: Vec<_> = tabs.iter().map(Tab::state).collect();
            let moments: BTreeSet<_> = state.iter().map(|state| (&*state.epoch, state.seq)).collect();
            if moments.len() == 1 && moments.iter().all(|(_, seq)| seq.is_some()) {
                return Ok(tabs.iter().zip(&state).map(|(tab, state)| (tab.name.clone(), state.rows.clone())).collect());
            }
            Err(tabs.iter().zip(&state).map(|(tab, state)| format!("{}: {:?} of {}", tab.name, state.seq, state.epoch)).collect::<Vec<_>>())
        })
        .await
    }

    fn config_timing(&self) -> usher::config::Timing {
        self.desk().config().timing.clone()
    }

    fn refused_bridges(&self) -> Vec<String> {
        let store = &self.desk().app.store;
        let refused = |name: &&&str| store.with_bridge(name, |bridge| bridge.state == BridgeState::Refused) == Some(true);
        BRIDGES.iter().filter(refused).map(|name| (*name).to_owned()).collect()
    }

    /// Ends every meeting and closes every page. The remaining resources must be those from before.
    pub async fn end_everything(&mut self) {
        let truth = self.control.truth();
        for meeting in truth.meetings {
            let _ = self.control.end(meeting.id, None);
        }
        while !self.tabs.is_empty() {
            self.close_tab(0).await;
        }
        self.note("everybody left".into());
    }

    /// Everything that is needed to understand a failure.
    pub fn report(&self, found: &str) -> String {
        let mut text = format!("seed {}, rotation {}, {}\n{found}\n", self.plan.seed, self.plan.rotation, self.plan.switches);
        for name in BRIDGES {
            let facts = self.desk().app.store.with_bridge(name, |bridge| format!("{bridge:?}"));
            text += &format!("{name}: {facts:?}\n");
        }
        for (at, what) in &self.events {
            text += &format!("{:8.3} {what}\n", at.as_secs_f64());
        }
        text
    }

    /// The number of action requests for each participant by users who may act.
    pub fn requests_per_participant(&self) -> BTreeMap<String, usize> {
        let mut pressed = BTreeMap::new();
        let state = self.closed.iter().filter(|(_, may_act, _)| *may_act).map(|(_, _, state)| state);
        for person in state.flat_map(|state| state.requests.values()).flat_map(|request| &request.people) {
            *pressed.entry(person.clone()).or_default() += 1;
        }
        pressed
    }

    pub async fn repair_counts(&self) -> expected_repairs::RepairCounts {
        let mut browser = Browser::new(self.desk().app.address, "");
        expected_repairs::read(&browser.get("/metrics").await.body)
    }

    pub async fn close(self) -> tempfile::TempDir {
        self.desk.expect("Usher runs").stop().await
    }
}

/// The reason why a page is not at rest.
fn unfinished_work(tab: &Tab) -> Option<String> {
    let state = tab.state();
    let open = |request: &&crate::tab::ActionRequest| !request.finished && request.error.is_none() && !request.interrupted;
    let requests: Vec<_> = state
        .requests
        .iter()
        .filter(|(_, request)| open(request))
        .map(|(reference, request)| json!([reference, request.people.len(), request.results.len()]))
        .collect();
    (state.seq.is_none() || !requests.is_empty()).then(|| format!("{}: seq {:?}, open requests {requests:?}", tab.name, state.seq))
}
