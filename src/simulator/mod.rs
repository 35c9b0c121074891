//! A simulated CMS cluster: bridges with REST and events sockets, random activity, and a control API.
//! It is an independent witness: it shares no type and no parser with the rest of Usher, and it sends CDRs to registered receivers only.
//!
//! - `world`: the state and its rules, pure; `population` fills it, `activity` changes it
//! - `rest`, `events`, `cdr`: the interfaces of a bridge (rest.md, events.md, cdr.md); `listen`, `tls`, `ports`: its port
//! - `switches`, `switchboard`: unknowns about real bridges, and faults
//! - `control`: truth, actions and faults for tests; `cli`: `usher simulate`

mod activity;
mod blackhole;
mod cdr;
mod cli;
mod control;
mod core;
mod events;
mod id;
mod listen;
mod names;
mod options;
mod population;
mod ports;
mod requests;
mod rest;
mod switchboard;
mod switches;
mod timestamp;
mod tls;
mod world;
mod xml;

pub use cli::run;
pub use control::{Control, ControlError, Cut, Dial, Join, Move, Role, StartCall};
pub use id::Id;
pub use options::{Options, TlsMode};
pub use requests::{ChangeRequest, Requests};
pub use switchboard::SwitchError;
pub use switches::Switches;
pub use world::Refusal;
pub use world::truth::{BridgeTruth, CallTruth, InstanceTruth, Lobby, MeetingTruth, ParticipantTruth, Truth};

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;

use self::core::{Core, now_ms};
use blackhole::Blackhole;
use switchboard::Switchboard;
use world::World;

/// Timers of the world (ringing, deactivation) are checked at this interval.
const TIMER_INTERVAL: Duration = Duration::from_millis(25);

/// The address and credentials of one simulated bridge.
#[derive(Debug, Clone)]
pub struct BridgeAddress {
    pub name: String,
    /// `https://127.0.0.1:<port>`, or `http://` when TLS is off.
    pub url: String,
    pub username: String,
    pub password: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("a cluster needs at least one bridge, not {0}")]
    NoBridges(usize),
    #[error("cannot read the switches from {0}: {1}")]
    SwitchFile(String, io::Error),
    #[error("the switches are no JSON: {0}")]
    SwitchJson(serde_json::Error),
    #[error(transparent)]
    Switches(#[from] SwitchError),
    #[error("the environment variable {0} that should hold the password is not set")]
    NoPassword(String),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
}

/// A running cluster. It runs until `stop` is called or the runtime ends.
pub struct Simulator {
    core: Arc<Core>,
    bridges: Vec<BridgeAddress>,
    control: Control,
    control_url: String,
    identity: Option<Arc<tls::Identity>>,
    _blackholes: Vec<Blackhole>,
}

/// Creates the cluster, fills it and opens its ports.
pub async fn start(options: Options) -> Result<Simulator, StartError> {
    // Another part of the program may have installed a provider already; any provider will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if options.bridges == 0 {
        return Err(StartError::NoBridges(0));
    }
    let names = options.bridge_names();
    let switchboard = switchboard(&options, &names)?;
    let password = password(&options)?;
    let identity = tls::identity(options.tls, options.host.as_deref())?;
    let mut world = World::new(&names, options.seed, now_ms());
    population::fill(&mut world, options.calls, options.people, options.seed, now_ms());
    world.take_changes();

    let (cdr, jobs) = cdr::start(&world, now_ms());
    let core = Arc::new(Core::new(world, cdr, switchboard, options.username.clone(), password));
    cdr::sender::spawn(&core, jobs);
    let identity = identity.map(Arc::new);
    let ports = Arc::new(ports::Ports { tls: identity.clone(), listen: options.listen });
    for bridge in 0..core.bridges.len() {
        let port = match options.base_port {
            0 => 0,
            base => base.saturating_add(bridge as u16),
        };
        let address = SocketAddr::new(options.listen, port);
        ports.open(&core, bridge, address).await.map_err(|e| StartError::Listen(address, e))?;
    }
    let blackholes = open_blackholes(&core, options.deaf).await?;
    let control = Control::new(core.clone(), ports);
    let control_address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.control_port));
    let listener = TcpListener::bind(control_address).await.map_err(|e| StartError::Listen(control_address, e))?;
    let bound = listener.local_addr().map_err(|e| StartError::Listen(control_address, e))?;
    control::http::spawn(&core, control.clone(), listener);
    spawn_timers(&core);
    activity::spawn(&core, &options);
    Ok(Simulator {
        bridges: addresses(&core, &options),
        core,
        control,
        control_url: format!("http://{bound}"),
        identity,
        _blackholes: blackholes,
    })
}

/// Occupies the ports of the bridges at the address that never answers.
async fn open_blackholes(core: &Core, address: Option<IpAddr>) -> Result<Vec<Blackhole>, StartError> {
    let mut blackholes = Vec::new();
    for (runtime, ip) in core.bridges.iter().filter_map(|runtime| Some((runtime, address?))) {
        let at = SocketAddr::new(ip, ports::address(runtime).map_or(0, |open| open.port()));
        blackholes.push(Blackhole::at(at).await.map_err(|e| StartError::Listen(at, e))?);
    }
    Ok(blackholes)
}

impl Simulator {
    pub fn bridges(&self) -> &[BridgeAddress] {
        &self.bridges
    }

    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The CA to trust, or the self-signed certificate itself; `None` when TLS is off.
    pub fn ca_pem(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.trust_pem.as_str())
    }

    /// SHA-256 of the certificate that the bridges show at the start.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        self.identity.as_ref().map(|identity| identity.fingerprint)
    }

    /// The control API, in process.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Closes every port and connection and waits for every task.
    pub async fn stop(self) {
        for bridge in 0..self.core.bridges.len() {
            ports::close(&self.core, bridge);
        }
        self.core.cancel.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
    }
}

fn spawn_timers(core: &Arc<Core>) {
    let core = core.clone();
    core.tasks.clone().spawn(async move {
        let mut interval = tokio::time::interval(TIMER_INTERVAL);
        loop {
            tokio::select! {
                () = core.cancel.cancelled() => return,
                _ = interval.tick() => core.change(|_, _| ()),
            }
        }
    });
}

fn addresses(core: &Core, options: &Options) -> Vec<BridgeAddress> {
    let scheme = if options.tls == TlsMode::Off { "http" } else { "https" };
    core.bridges
        .iter()
        .filter_map(|runtime| Some((runtime, ports::address(runtime)?)))
        .map(|(runtime, address)| {
            let ip = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
            let place = match &options.host {
                Some(host) => format!("{host}:{}", address.port()),
                None => SocketAddr::new(ip, address.port()).to_string(),
            };
            BridgeAddress {
                name: runtime.name.clone(),
                url: format!("{scheme}://{place}"),
                username: core.username.clone(),
                password: core.password.clone(),
            }
        })
        .collect()
}

fn switchboard(options: &Options, names: &[String]) -> Result<Switchboard, StartError> {
    let board = Switchboard::new(names);
    if options.latency_ms > 0 {
        board.set(None, serde_json::json!({ "latency_ms": options.latency_ms }), false)?;
    }
    let Some(given) = &options.switches else {
        return Ok(board);
    };
    let text = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|e| StartError::SwitchFile(file.to_owned(), e))?,
        None => given.clone(),
    };
    let values: Value = serde_json::from_str(&text).map_err(StartError::SwitchJson)?;
    board.set(None, values, false)?;
    Ok(board)
}

fn password(options: &Options) -> Result<String, StartError> {
    match (&options.password, &options.password_env) {
        (Some(password), _) => Ok(password.clone()),
        (None, Some(name)) => std::env::var(name).map_err(|_| StartError::NoPassword(name.clone())),
        (None, None) => Ok(hex::encode(rand::random::<[u8; 8]>())),
    }
}
