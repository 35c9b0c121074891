//! Usher on a simulated cluster.

use std::net::TcpListener;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use usher::accounts::OfflineAccounts;
use usher::app::{self, App};
use usher::config::{Config, Timing};
use usher::db::open_connection;
use usher::model::Role;
use usher::simulator::{self, Control, Id, Join, MeetingTruth, Options, ParticipantTruth, Simulator, StartCall, TlsMode};

use super::page::Page;

pub const PASSWORD: &str = "correct horse";
pub const ACCOUNTS: [(&str, Role); 4] = [("mo", Role::Moderator), ("max", Role::Moderator), ("vi", Role::Viewer), ("ana", Role::Admin)];

/// A cluster without participants and without random activity: the test decides what happens.
pub fn quiet(bridges: usize) -> Options {
    Options { bridges, calls: 0, people: 0, rate: 0.0, tls: TlsMode::Off, ..Options::default() }
}

/// Makes every wait of Usher ten times shorter and lifts the limit on background requests.
pub fn fast_timing(config: &mut Config) {
    config.timing = Timing::default().scaled(0.1);
    config.timing.rest_timeout = Duration::from_secs(2);
    config.timing.connect_timeout = Duration::from_secs(2);
    // A machine that is busy with other tests must not look like a dead events socket.
    config.timing.doubt = Duration::from_secs(1);
    config.timing.confirm_within = Duration::from_secs(2);
    config.timing.outcome_shown = Duration::from_secs(60);
    config.timing.beat = Duration::from_secs(20);
    config.timing.browser_silent = Duration::from_secs(90);
    config.timing.wall_silent = Duration::from_secs(90);
    config.timing.browser_stuck = Duration::from_secs(10);
    config.timing.drain = Duration::from_secs(5);
    config.timing.session_idle = Timing::default().session_idle;
    config.cms.background_per_second = 1000;
}

pub struct Desk {
    pub sim: Simulator,
    pub app: App,
    pub dir: tempfile::TempDir,
    /// The configuration at the start.
    pub config: Config,
}

impl Desk {
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, "", |_| {}).await
    }

    /// `toml` is written before the bridges; `change` is applied last.
    pub async fn start_with(options: Options, toml: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(simulator::start(options).await.expect("simulator"), toml, change).await
    }

    /// Starts Usher on a cluster that runs already.
    pub async fn start_on(sim: Simulator, toml: &str, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let mut config = configuration(&sim, toml, &dir);
        let listener = TcpListener::bind(config.web.listen).expect("port");
        // Keep the port after a restart: bridges have been told it.
        config.web.listen = listener.local_addr().expect("address");
        config.cdr_url = Some(format!("http://{}", config.web.listen));
        fast_timing(&mut config);
        change(&mut config);
        {
            let mut conn = open_connection(dir.path()).expect("database");
            let mut offline = OfflineAccounts(&mut conn);
            for (name, role) in ACCOUNTS {
                offline.add(name, role, PASSWORD).expect("added");
            }
        }
        let app = run(&config, listener).await;
        Self { sim, app, dir, config }
    }

    /// Stops Usher and starts it again on the same data.
    pub async fn restart(self) -> Self {
        self.restart_after(|_| {}).await
    }

    /// Restarts Usher and changes the data directory in between.
    pub async fn restart_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> Self {
        let Self { sim, app, dir, config } = self;
        app.stop();
        app.join().await.expect("stopped");
        meanwhile(dir.path());
        let listener = TcpListener::bind(config.web.listen).expect("the port again");
        let app = run(&config, listener).await;
        Self { sim, app, dir, config }
    }

    /// Stops Usher and then the cluster; returns the data directory.
    pub async fn stop(self) -> tempfile::TempDir {
        self.app.stop();
        self.app.join().await.expect("stopped");
        self.sim.stop().await;
        self.dir
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn control(&self) -> Control {
        self.sim.control()
    }

    pub async fn page(&self, user: &str) -> Page {
        Page::log_in(self.app.address, user).await
    }

    /// Starts a meeting with these guests. They all wait, because it has no activator.
    pub fn meeting(&self, name: &str, bridge: &str, guests: &[&str]) -> (MeetingTruth, Vec<ParticipantTruth>) {
        let call = StartCall { name: name.into(), bridge: Some(bridge.into()), space: true, ..StartCall::default() };
        let meeting = self.control().start_call(call).expect("started");
        let people = guests.iter().map(|guest| self.join(meeting.id, bridge, guest)).collect();
        (meeting, people)
    }

    pub fn join(&self, meeting: Id, bridge: &str, name: &str) -> ParticipantTruth {
        let join = Join { meeting, bridge: Some(bridge.into()), name: name.into(), role: simulator::Role::Guest, ..Join::default() };
        self.control().join(join).expect("joined")
    }

    pub fn host(&self, meeting: Id, bridge: &str) -> ParticipantTruth {
        let join = Join { meeting, bridge: Some(bridge.into()), name: "Host".into(), role: simulator::Role::Host, ..Join::default() };
        self.control().join(join).expect("joined")
    }

    /// The number of requests of this shape to all bridges, such as `PUT /participants/<id>`.
    pub fn request_count(&self, shape: &str) -> u64 {
        let requests = serde_json::to_value(self.control().requests()).expect("JSON");
        requests.as_array().expect("bridges").iter().filter_map(|bridge| bridge["by_shape"][shape].as_u64()).sum()
    }
}

/// The configuration that an administrator would write for these bridges.
pub fn configuration(sim: &Simulator, toml: &str, dir: &tempfile::TempDir) -> Config {
    let mut text = format!("listen = \"127.0.0.1:0\"\ndata_dir = {:?}\n{toml}\n", dir.path().display().to_string());
    if let Some(pem) = sim.ca_pem() {
        std::fs::write(dir.path().join("ca.pem"), pem).expect("written");
    }
    for bridge in sim.bridges() {
        text.push_str(&format!(
            "[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {:?}\n",
            bridge.name, bridge.url, bridge.username, bridge.password
        ));
        if sim.ca_pem().is_some() {
            text.push_str(&format!("ca_file = {:?}\n", dir.path().join("ca.pem").display().to_string()));
        }
    }
    Config::parse(&text, dir.path()).expect("valid")
}

async fn run(config: &Config, listener: TcpListener) -> App {
    app::start(config.clone(), listener, None, CancellationToken::new()).await.expect("started")
}
