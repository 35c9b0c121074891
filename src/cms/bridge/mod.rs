//! The actor of one Call Bridge: the only writer of its calls. Everything that happens to a bridge passes through its one loop, in order.
//!
//! The rooms: `link` (is the bridge there), `standing` (what is said of it), `sockets` (keeping them open), `events` (what they say), `damaged` (what could not be read of it), `first_lists` (what they do not
//! say when they begin), `pulse` (whether they live), `due` (what its time has come for), `calls` and `rosters` (reading by REST), `people` (who is where), `placing` (who is hosted here, told by their legs), `legs` (the lobby), `cdr` (what records tell),
//! `register` (where records are sent), `labels` (names and profiles), `commands` (what others ask of it), `pause` (an administrator's),
//! `figures` (what they see), `leaving` (its end).

mod calls;
mod cdr;
mod commands;
mod counters;
mod damaged;
mod due;
mod events;
mod figures;
mod first_lists;
mod labels;
mod leaving;
mod legs;
mod link;
mod pause;
mod people;
mod placing;
mod pulse;
mod register;
mod rosters;
mod sockets;
mod standing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, trace, warn};

use super::cluster::{Cluster, Command, Tuning};
use super::dial::System;
use super::events::renewals::Renewals;
use super::events::socket::{Endpoint, Report, Session};
use super::events::subscriptions::{Plan, SocketId, Topic};
use super::missed_events::Repairs;
use super::pulse::Pulse;
use super::rest::client::{AskError, Client};
use super::rest::queue::{Lane, Pick, Queue};
use super::rest::request::Ask;
use super::rest::response::Answer;
use super::timers::Timers;
use super::tls::{self, TrustError};
use crate::clock::Now;
use crate::config::{BridgeConfig, Timing};
use crate::model::{BridgeName, CallId, CallKey, LegId, ParticipantId, Paused};
use crate::store::Store;
use calls::CallWork;
use commands::{Asker, Looker};
use counters::Counters;
use due::Due;
use figures::Tally;
use labels::Labels;
use link::Link;
pub(super) use link::backoff;
use people::PersonWork;
pub(super) use standing::say_failed;

/// What is remembered of a bridge over restarts.
pub trait BridgeMemory: Send + Sync {
    /// Was this password refused? It is not tried again then (accounts lock).
    fn is_refused(&self, bridge: &BridgeConfig) -> bool;
    fn set_refused(&self, bridge: &BridgeConfig, refused: bool);
    /// Is the bridge to be left alone?
    fn paused(&self, bridge: &BridgeName) -> Option<Paused>;
    fn set_paused(&self, bridge: &BridgeName, paused: Option<&Paused>);
    /// A mark of the CDR receiver that Usher made on the bridge last.
    fn receiver(&self, bridge: &BridgeName) -> Option<String>;
    fn set_receiver(&self, bridge: &BridgeName, mark: String);
}

type Reply = (Lane, Ask, Now, Result<Answer, AskError>);

/// One events socket, as the actor sees it.
#[derive(Debug, Default)]
struct Socket {
    session: Option<Session>,
    generation: u64,
    attempts: u32,
    /// A token is asked for.
    connecting: bool,
    open: bool,
    opened: Option<Instant>,
    /// Its signs of life, while it is open.
    pulse: Option<Pulse>,
    /// It did not answer in time, and what it follows was read.
    unanswering: bool,
    message_id: i64,
    /// The set asked for last, until it is answered.
    asked: Option<(i64, Vec<i64>)>,
    /// That set is the one that is pushed already: it was asked for so that the socket speaks.
    repeats: bool,
    /// The set was refused, and is asked for once more when the list of calls has been read.
    doubted: Option<Instant>,
    /// Something changed while a request was under way.
    stale: bool,
    /// Subscriptions that the bridge called pending, and since when.
    pending: HashMap<i64, Instant>,
    /// What began to be pushed, and when the bridge said so.
    begun: Vec<(Topic, Instant)>,
}

/// State of one bridge; owned by its task alone.
pub(super) struct Bridge {
    name: BridgeName,
    config: BridgeConfig,
    timing: Timing,
    cluster: Cluster,
    store: Store,
    client: Client,
    endpoint: Endpoint,
    memory: Arc<dyn BridgeMemory>,
    counters: Counters,
    tally: Tally,
    repairs: Repairs,
    vitals: pulse::Vitals,
    queue: Queue,
    in_flight: FuturesUnordered<BoxFuture<'static, Reply>>,
    timers: Timers<Due>,
    link: Link,
    plan: Plan,
    sockets: HashMap<SocketId, Socket>,
    calls: HashMap<CallId, CallWork>,
    /// When the list of calls is read because an event about it could not be.
    lost_calls: Option<Instant>,
    renewals: Renewals,
    /// The calls that the running sweep has listed.
    sweep: Option<calls::CallSweep>,
    people: HashMap<ParticipantId, PersonWork>,
    leg_owners: HashMap<LegId, ParticipantId>,
    /// Legs that are links between bridges or belong to nobody.
    no_persons: HashSet<LegId>,
    /// People whose legs were asked for before anybody said where they are hosted.
    unplaced: HashSet<ParticipantId>,
    /// This bridge tells a person's legs by filter only.
    legs_by_filter: bool,
    removed: HashMap<ParticipantId, Instant>,
    ended: HashMap<CallId, Instant>,
    labels: Labels,
    records: cdr::Records,
    receivers: register::Receivers,
    bridge_ids: Vec<(Arc<str>, Arc<str>)>,
    own_unique_name: Option<Arc<str>>,
    looks: HashMap<ParticipantId, Vec<Looker>>,
    /// Who waits for the answer to a request.
    askers: HashMap<Ask, Vec<Asker>>,
    tracker: TaskTracker,
    reports: mpsc::Sender<Report>,
}

/// What a bridge is made of.
#[derive(Clone)]
pub(super) struct Parts {
    pub config: BridgeConfig,
    pub cluster: Cluster,
    pub memory: Arc<dyn BridgeMemory>,
    pub tracker: TaskTracker,
}

/// Reports that may wait while the actor is busy; beyond it the socket is read more slowly, each frame still acknowledged first.
const REPORTS: usize = 4096;

impl Bridge {
    /// Checks the trust settings; asks nothing yet.
    pub(super) fn new(parts: Parts) -> Result<(Self, mpsc::Receiver<Report>), TrustError> {
        let Parts { config, cluster, memory, tracker } = parts;
        let Tuning { limits, timing } = Tuning::clone(&cluster.tuning().get());
        let (reports, inbox) = mpsc::channel(REPORTS);
        let mut tls = tls::client_config(&config.trust)?;
        for fault in tls::ca_faults(&config.trust) {
            warn!(bridge = %config.name, fault, "CA file read in part");
        }
        tls.alpn_protocols.clear();
        let names = Arc::new(System);
        let endpoint = Endpoint { url: config.url.clone(), tls: Arc::new(tls), connect_timeout: timing.connect_timeout, names };
        let now = Now::read();
        let bridge = Self {
            name: config.name.clone(),
            counters: Counters::new(&config.name),
            tally: Tally::default(),
            repairs: Repairs::default(),
            vitals: pulse::Vitals::default(),
            client: Client::new(&config, &timing)?,
            store: cluster.store().clone(),
            queue: Queue::new(&limits, now.instant),
            in_flight: FuturesUnordered::new(),
            timers: Timers::new(),
            link: Link::new(now.instant),
            plan: Plan::new(limits.subscriptions_per_socket),
            sockets: HashMap::new(),
            calls: HashMap::new(),
            lost_calls: None,
            renewals: Renewals::default(),
            sweep: None,
            people: HashMap::new(),
            leg_owners: HashMap::new(),
            no_persons: HashSet::new(),
            unplaced: HashSet::new(),
            legs_by_filter: false,
            removed: HashMap::new(),
            ended: HashMap::new(),
            labels: Labels::new(now.instant),
            records: cdr::Records::new(),
            receivers: register::Receivers::default(),
            bridge_ids: Vec::new(),
            own_unique_name: None,
            looks: HashMap::new(),
            askers: HashMap::new(),
            config,
            timing,
            cluster,
            endpoint,
            memory,
            tracker,
            reports,
        };
        Ok((bridge, inbox))
    }

    /// Runs until `stop`, closes its sockets, and comes back for what is left to do then. The one place where this bridge's facts change.
    pub(super) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Report>,
        commands: &mut mpsc::Receiver<Command>,
        stop: CancellationToken,
    ) -> Self {
        self.begin();
        // Set again only when the next deadline is another one: a busy bridge passes here with every event.
        let mut alarm = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        loop {
            let wake = self.send_what_may_go();
            let wake = wake.into_iter().chain(self.timers.next()).min().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            if alarm.deadline() != wake.into() {
                alarm.as_mut().reset(wake.into());
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(reply) = self.in_flight.next() => self.take_reply(reply),
                Some(report) = inbox.recv() => {
                    self.take_report(report);
                    // A burst is taken in one go: the clock, the queue and the timers need no look between two frames.
                    for _ in 0..256 {
                        match inbox.try_recv() {
                            Ok(report) => self.take_report(report),
                            Err(_) => break,
                        }
                    }
                }
                Some(command) = commands.recv() => self.take_command(command),
                () = alarm.as_mut() => {}
            }
            let now = Now::read();
            while let Some(due) = self.timers.pop_due(now.instant) {
                self.take_due(due, now);
            }
        }
        self.close_sessions();
        debug!(bridge = %self.name, "stopped");
        self
    }

    fn key(&self, call: &CallId) -> CallKey {
        CallKey { bridge: self.name.clone(), call: call.clone() }
    }

    fn ask(&mut self, lane: Lane, ask: Ask) {
        self.queue.push(lane, ask);
    }

    /// Sends everything that may go now; returns when the next may.
    fn send_what_may_go(&mut self) -> Option<Instant> {
        if !self.link.may_send() {
            return None;
        }
        loop {
            let now = Now::read();
            match self.queue.pick(now.instant) {
                Pick::Send(lane, ask) => {
                    self.counters.requests.increment(1);
                    self.tally.requests += 1;
                    trace!(bridge = %self.name, ?lane, ?ask, "asks");
                    let client = self.client.clone();
                    self.in_flight.push(Box::pin(async move {
                        let result = client.ask(&ask).await;
                        (lane, ask, now, result)
                    }));
                }
                Pick::At(at) => return Some(at),
                Pick::Idle => return None,
            }
        }
    }

    fn take_reply(&mut self, (lane, ask, sent, result): Reply) {
        self.queue.done(lane);
        let now = Now::read();
        let askers = self.take_askers(&ask, sent.instant);
        let told = (!askers.is_empty()).then(|| (ask.clone(), result.clone()));
        let again = match result {
            Ok(answer) => {
                self.answered(now);
                self.link.forget_repeats(&ask);
                self.praise(&ask, now);
                self.take_answer(lane, ask, answer, sent, now);
                false
            }
            Err(error) => {
                debug!(bridge = %self.name, ?ask, %error, "no answer");
                if error.answered() {
                    self.answered(now);
                }
                self.take_error(lane, ask, error, now)
            }
        };
        match told {
            Some((ask, _)) if again => self.askers.entry(ask).or_default().extend(askers),
            Some((_, result)) => askers.into_iter().for_each(|asker| asker.answer(result.clone())),
            None => {}
        }
    }

    fn take_answer(&mut self, lane: Lane, ask: Ask, answer: Answer, sent: Now, now: Now) {
        match (ask, answer) {
            (Ask::Status, Answer::Status(status)) => self.take_status(&status, now),
            (Ask::Token(socket), Answer::Token(token)) => self.open_session(socket, token),
            (Ask::ClusterName, Answer::ClusterName(name)) => self.take_own_name(name),
            (Ask::Bridges(offset), Answer::Bridges(page)) => self.take_bridges(offset, page),
            (Ask::Calls(offset), Answer::Calls(page)) => self.take_calls(offset, page, sent, now),
            (Ask::Call(call), Answer::Call(detail)) => self.take_call(&call, detail, sent, now),
            (Ask::Roster(call, offset), Answer::Roster(page)) => self.take_roster(lane, &call, offset, page, sent, now),
            (Ask::CallLegs(call, offset), Answer::CallLegs(page)) => self.take_call_legs(&call, offset, page),
            (Ask::Person(person), Answer::Person(detail)) => self.take_person(&person, detail, sent, now),
            (Ask::Legs(person), Answer::Legs(list)) => self.take_legs(lane, &person, list),
            (Ask::LegsByFilter(person), Answer::Legs(list)) => self.take_filtered_legs(lane, &person, list),
            (Ask::Leg(leg), Answer::Leg(detail)) => self.take_leg(lane, &leg, &detail, sent, now),
            (Ask::Change(change), _) => self.changed(&change, now),
            (Ask::CdrReceivers(offset), Answer::CdrReceivers { page, maximum }) => self.take_receivers(offset, page, maximum, now),
            (Ask::AddCdrReceiver(..) | Ask::SetCdrReceiver(..), answer) => self.receiver_added(answer),
            (ask, answer) => self.take_label(ask, answer),
        }
    }
}
