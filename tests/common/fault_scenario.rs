//! One scenario for every fault: three bridges with participants, the first one breaks, all go on changing, it heals, the view is true.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::config::{Config, Timing};
use usher::model::{BridgeState, Lobby};
use usher::simulator::{self, Cut, Id, MeetingTruth, Options, ParticipantTruth, Requests, Simulator};
use usher::view::BridgeRow;

use super::comparison::differences;
use super::desk::{Desk, fast_timing, quiet};
use super::page::{Page, check};

/// The bridge that breaks, and those that must not be affected.
pub const BROKEN: &str = "eu-1";
pub const HEALTHY: [&str; 2] = ["eu-2", "us-1"];

/// The words for each fault, with advice.
const CATALOGUE: &str = include_str!("../../web/i18n/en.json");

/// The timing that [`fast_timing`] sets.
pub fn timing() -> Timing {
    Timing::default().scaled(0.1)
}

pub struct FaultScenario {
    pub desk: Desk,
    pub page: Page,
    /// One meeting on each bridge, and one on all of them.
    pub meetings: Vec<MeetingTruth>,
    /// The participants who wait on each bridge: first those of the bridge's own meeting, then a guest of the common one.
    pub guests: Vec<Vec<ParticipantTruth>>,
    began: Instant,
    began_ms: i64,
    healthy: Vec<(BridgeState, i64)>,
    turn: usize,
}

impl FaultScenario {
    pub async fn start() -> Self {
        Self::start_with(quiet(3), |_| {}).await
    }

    /// Starts with `options` of three bridges; `change` is applied to the configuration last.
    pub async fn start_with(options: Options, change: impl FnOnce(&mut Config)) -> Self {
        Self::on(simulator::start(options).await.expect("simulator"), change).await
    }

    /// Starts with one bridge that differs from the beginning.
    pub async fn start_differing(switches: Value) -> Self {
        let sim = simulator::start(quiet(3)).await.expect("simulator");
        sim.control().set_switches(Some(BROKEN), switches).expect("switch");
        Self::on(sim, |_| {}).await
    }

    /// Starts on a cluster of three bridges that runs already.
    pub async fn on(sim: Simulator, change: impl FnOnce(&mut Config)) -> Self {
        let desk = Desk::start_on(sim, "", change).await;
        let bridges = [BROKEN, HEALTHY[0], HEALTHY[1]];
        let mut meetings = Vec::new();
        let mut guests = Vec::new();
        for (n, bridge) in bridges.iter().enumerate() {
            let (meeting, people) = desk.meeting(&format!("Ward round {n}"), bridge, &["Ana Silva", "Bo Berg", "Li Wei"]);
            meetings.push(meeting);
            guests.push(people);
        }
        let (common, first) = desk.meeting("Board call", BROKEN, &["Common 0"]);
        guests[0].extend(first);
        for n in 1..bridges.len() {
            guests[n].push(desk.join(common.id, bridges[n], &format!("Common {n}")));
        }
        meetings.push(common);
        let mut page = desk.page("mo").await;
        page.deadline = bound() * 3;
        let healthy = Vec::new();
        Self { desk, page, meetings, guests, began: Instant::now(), began_ms: 0, healthy, turn: 0 }
    }

    /// Waits until everything is live and true, so that a fault can follow.
    pub async fn until_settled(mut self) -> Self {
        for bridge in [BROKEN, HEALTHY[0], HEALTHY[1]] {
            self.until_state(bridge, BridgeState::Live).await;
        }
        self.until_true().await;
        self
    }

    /// Starts to count requests; from now on the healthy bridges may not change.
    pub fn start_counting(&mut self) {
        self.began = Instant::now();
        self.began_ms = self.desk.control().now_ms();
        self.healthy = self.healthy_states();
        self.desk.control().reset_requests();
    }

    /// Sets switches of the one bridge; [`FaultScenario::assert_fault_shown`] checks what the page then shows.
    pub fn set_fault(&mut self, switches: Value) {
        self.start_counting();
        self.desk.control().set_switches(Some(BROKEN), switches).expect("switch");
    }

    /// Breaks something that affects only new events sockets.
    pub fn set_events_fault(&mut self, switches: Value) {
        self.set_fault(switches);
        self.desk.control().cut_events(Some(BROKEN), Cut::Hard).expect("cut");
    }

    pub fn clear_fault(&self) {
        self.desk.control().replace_switches(Some(BROKEN), json!({})).expect("switches");
    }

    pub async fn until_state(&mut self, bridge: &str, state: BridgeState) -> BridgeRow {
        self.page
            .until(&format!("{bridge} to be {state:?}"), |page| {
                let row = page.bridge(bridge)?;
                check(row.state == state, row).map(|()| row.clone())
            })
            .await
    }

    /// Checks that the page names the bridge with time and reason, and has words of advice.
    pub async fn assert_fault_shown(&mut self, state: BridgeState, code: &str, words: &str) -> BridgeRow {
        let row = self
            .page
            .until(&format!("{BROKEN} to be {state:?} for {code}: {words}"), |page| {
                let row = page.bridge(BROKEN)?;
                let told = row.trouble.as_ref().is_some_and(|trouble| *trouble.code == *code && trouble.what.contains(words));
                check(row.state == state && told, row).map(|()| row.clone())
            })
            .await;
        // The simulator and Usher use the same clock, read a moment apart.
        let now = self.desk.control().now_ms();
        assert!((self.began_ms - 50..=now + 50).contains(&row.since), "since the fault at {} and not {row:?}", self.began_ms);
        assert!(CATALOGUE.contains(&format!("\"advice.{code}\": \"")), "no advice for {code} in web/i18n/en.json");
        row
    }

    /// Participants join, leave and are admitted on every bridge; on the healthy ones the page shows it and actions work at once.
    pub async fn exercise_all_bridges(&mut self) {
        self.turn += 1;
        let turn = self.turn;
        for n in 0..3 {
            let bridge = [BROKEN, HEALTHY[0], HEALTHY[1]][n];
            let gone = self.guests[n].remove(0);
            self.desk.control().leave(gone.id).expect("left");
            self.guests[n].insert(0, self.desk.join(self.meetings[n].id, bridge, &format!("Late {turn} at {bridge}")));
        }
        let broken = self.guests[0].remove(1);
        self.desk.control().admit(broken.id).expect("admitted elsewhere");
        let pressed: Vec<Id> = [1, 2].map(|n: usize| self.guests[n].remove(1).id).to_vec();
        let late: Vec<Id> = [1, 2].map(|n: usize| self.guests[n][0].id).to_vec();
        self.page
            .until("who came to a healthy bridge to wait", |page| {
                late.iter().try_for_each(|id| check(page.person(*id)?.lobby == Lobby::Waiting, page.people()))
            })
            .await;
        let results = self.page.admit(&format!("press-{turn}"), &pressed).await;
        assert!(pressed.iter().all(|id| results[&id.to_string()]["result"] == "done"), "{results:?}");
        // The next turn needs waiting participants.
        for n in 0..3 {
            let bridge = [BROKEN, HEALTHY[0], HEALTHY[1]][n];
            let another = self.desk.join(self.meetings[n].id, bridge, &format!("Spare {turn} at {bridge}"));
            self.guests[n].insert(1, another);
        }
        self.assert_healthy_unchanged();
    }

    pub fn assert_healthy_unchanged(&self) {
        assert_eq!(self.healthy_states(), self.healthy, "a healthy bridge was touched: {:?}", self.page.bridges());
    }

    fn healthy_states(&self) -> Vec<(BridgeState, i64)> {
        let mut states = Vec::new();
        for bridge in HEALTHY {
            let row = self.page.bridge(bridge).expect("row");
            assert!(row.trouble.is_none() && row.silent_since.is_none(), "{row:?}");
            states.push((row.state, row.since));
        }
        states
    }

    /// The requests to the broken bridge since the fault began, and the time since then.
    pub fn requests_since_fault(&self) -> (Requests, Duration) {
        let found = self.desk.control().requests().into_iter().find(|requests| requests.bridge == BROKEN).expect("the bridge");
        (found, self.began.elapsed())
    }

    /// The number of requests of this shape to the broken bridge.
    pub fn request_count(&self, shape: &str) -> u64 {
        self.requests_since_fault().0.by_shape.get(shape).copied().unwrap_or(0)
    }

    /// Checks that the bridge got no more requests than a healthy one, plus one full reading for each of these reconnects.
    pub fn assert_requests_as_in_health(&self, reconnects: u64) {
        let (requests, elapsed) = self.requests_since_fault();
        let most = self.healthy_requests(elapsed) + (reconnects + 1) * self.full_read_requests();
        assert!(requests.total <= most, "{} requests in {elapsed:?}, at most {most} expected: {:?}", requests.total, requests.by_shape);
    }

    /// Starts to count requests again, without changing the start of the fault.
    pub fn restart_counting(&mut self) {
        self.began = Instant::now();
        self.desk.control().reset_requests();
    }

    /// Checks that the bridge got only the requests that were in flight, and then `each` requests for each probe.
    pub fn assert_only_probes(&self, under_way: u64, each: u64) {
        let (requests, elapsed) = self.requests_since_fault();
        let most = under_way + probes_within(elapsed) * each;
        assert!(requests.total <= most, "{} requests in {elapsed:?}, at most {most} expected: {:?}", requests.total, requests.by_shape);
    }

    /// The number of requests for reading the whole bridge: each call, its roster, legs and labels, then a leg and a probe per participant.
    pub fn full_read_requests(&self) -> u64 {
        let truth = self.desk.control().truth();
        10 * truth.meetings.len() as u64 + 4 * truth.participants().count() as u64
    }

    /// Requests that Timing allows for rotation, sweeps (at the pace of polling), heartbeats, and the rechecks of each change.
    fn healthy_requests(&self, elapsed: Duration) -> u64 {
        let (timing, truth) = (timing(), self.desk.control().truth());
        let times = |interval: Duration| 1.0 + elapsed.as_secs_f64() / interval.as_secs_f64();
        let (people, calls) = (truth.participants().count() as f64, truth.meetings.len() as f64);
        let rotation = people * times(timing.rotate_waiting);
        let sweeps = times(timing.poll_roster) * (1.0 + 2.0 * calls);
        let alive = times(timing.heartbeat / 2);
        // A turn of `exercise_all_bridges` makes seven changes; each one reads the participants of its call again four times.
        let changes = (self.turn * 7) as f64 * (timing.recheck.len() as f64 * people / calls + 6.0);
        (rotation + sweeps + alive + changes) as u64
    }

    /// Compares the whole view when it becomes true and a little later: it must stay true.
    pub async fn until_true(&mut self) {
        let desk = &self.desk;
        self.page
            .until("the view to equal the truth", |page| {
                let found = differences(page, desk);
                if found.is_empty() { Ok(()) } else { Err(format!("{found:#?}\nbridges: {:?}", page.bridges())) }
            })
            .await;
        let timing = timing();
        self.page.follow_for(timing.rotate_waiting + timing.second_look * 2).await;
        let found = differences(&self.page, &self.desk);
        assert!(found.is_empty(), "{found:#?}\nbridges: {:?}", self.page.bridges());
    }

    /// Waits until the bridge is live and the view true, with no trace of the fault on the page.
    pub async fn until_recovered(&mut self) {
        self.page
            .until("the bridge to be live without a word", |page| {
                let row = page.bridge(BROKEN)?;
                let quiet = row.trouble.is_none() && row.silent_since.is_none() && row.polled_calls == 0;
                check(row.state == BridgeState::Live && quiet, row)
            })
            .await;
        self.until_true().await;
        self.assert_healthy_unchanged();
    }
}

/// The longest pause before a probe, then one pass over everything (a refused subscription waits as long as a sweep).
pub fn bound() -> Duration {
    let timing = timing();
    timing.reconnect_max + timing.sweep_roster.max(timing.rotate_in_call).max(timing.retry_refused)
}

/// The number of probes that fit into a time: pauses double from `reconnect_min` to `reconnect_max`, and jitter halves them at most.
pub fn probes_within(elapsed: Duration) -> u64 {
    let timing = timing();
    let mut passed = Duration::ZERO;
    let mut tries = 1;
    while passed < elapsed {
        passed += (timing.reconnect_min * 2u32.pow((tries as u32 - 1).min(10))).min(timing.reconnect_max) / 2;
        tries += 1;
    }
    tries
}

/// Makes every wait ten times shorter, including the request timeouts.
pub fn scaled_timing(config: &mut Config) {
    fast_timing(config);
    config.timing.rest_timeout = timing().rest_timeout;
    config.timing.connect_timeout = timing().connect_timeout;
}
