//! `usher demo`: a simulated cluster and Usher on it, in one process, with accounts of its own. Loopback only.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tokio_util::sync::CancellationToken;

use super::serve::stop_signal;
use crate::accounts::OfflineAccounts;
use crate::app;
use crate::config::Config;
use crate::db::{DirectoryLock, open_connection};
use crate::http::DemoAccount;
use crate::model::Role;
use crate::simulator::{self, Simulator};

const PASSWORD: &str = "let-them-in";
const ACCOUNTS: [(&str, Role); 4] =
    [("moderator", Role::Moderator), ("colleague", Role::Moderator), ("viewer", Role::Viewer), ("admin", Role::Admin)];

#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// The address for browsers; loopback only, because the passwords are public
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Keep the database in this directory; by default it is deleted at the end
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Print the addresses and accounts as one line of JSON
    #[arg(long)]
    print_json: bool,
    /// Number of simulated Call Bridges
    #[arg(long, default_value_t = 2)]
    bridges: usize,
    /// Number of meetings at the start
    #[arg(long, default_value_t = 12)]
    calls: usize,
    /// Number of participants at the start
    #[arg(long, default_value_t = 120)]
    people: usize,
    /// Simulated events per second; 0 = none
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    /// The same seed gives the same participants and meetings
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Latency of each REST response in milliseconds
    #[arg(long, default_value_t = 20)]
    latency_ms: u64,
    /// Port of the simulator's control API; 0 = any
    #[arg(long, default_value_t = 0)]
    control_port: u16,
}

pub(super) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    ensure!(args.listen.ip().is_loopback(), "--listen {}: the demo listens on loopback only (127.0.0.1 or [::1])", args.listen);
    let listener = TcpListener::bind(args.listen)
        .with_context(|| format!("cannot listen on {}; choose another port with --listen 127.0.0.1:<port>", args.listen))?;
    let throw_away = args.data_dir.is_none();
    let data_dir = args.data_dir.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("usher-demo-{}", std::process::id())));
    let simulator = simulator::start(options(&args)).await?;
    // The lock keeps accounts with a public password out of the data of a running server.
    let lock = DirectoryLock::take(&data_dir)?;
    make_accounts(&data_dir)?;
    let config = configuration(&simulator, &data_dir)?;
    let stop = CancellationToken::new();
    let app = app::start_locked(lock, config, listener, Some(accounts()), stop.clone()).await?;
    let url = format!("http://{}", app.address);
    if args.print_json {
        println!("{}", serde_json::json!({ "url": url, "control_url": simulator.control_url(), "accounts": accounts() }));
    } else {
        println!("{}", greeting(&url, simulator.control_url()));
    }
    tokio::spawn(async move {
        stop_signal().await;
        stop.cancel();
    });
    app.join().await?;
    simulator.stop().await;
    if throw_away {
        std::fs::remove_dir_all(&data_dir).with_context(|| format!("cannot remove {}", data_dir.display()))?;
    }
    Ok(())
}

fn options(args: &DemoArgs) -> simulator::Options {
    simulator::Options {
        bridges: args.bridges,
        calls: args.calls,
        people: args.people,
        rate: args.rate,
        seed: args.seed,
        latency_ms: args.latency_ms,
        control_port: args.control_port,
        ..simulator::Options::default()
    }
}

/// Builds the configuration from the text of a file, so that the demo takes the same path as a real cluster.
fn configuration(simulator: &Simulator, data_dir: &Path) -> anyhow::Result<Config> {
    let ca_file = data_dir.join("simulator-ca.pem");
    if let Some(pem) = simulator.ca_pem() {
        std::fs::write(&ca_file, pem).with_context(|| format!("cannot write {}", ca_file.display()))?;
    }
    let mut text = format!("data_dir = {:?}\n", data_dir.display().to_string());
    for bridge in simulator.bridges() {
        text.push_str(&format!(
            "[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {:?}\nca_file = {:?}\n",
            bridge.name,
            bridge.url,
            bridge.username,
            bridge.password,
            ca_file.display().to_string()
        ));
    }
    Ok(Config::parse(&text, Path::new("."))?)
}

fn accounts() -> Vec<DemoAccount> {
    ACCOUNTS.iter().map(|(name, role)| DemoAccount { name: (*name).into(), password: PASSWORD.into(), role: *role }).collect()
}

fn make_accounts(data_dir: &Path) -> anyhow::Result<()> {
    let mut conn = open_connection(data_dir)?;
    let mut offline = OfflineAccounts(&mut conn);
    for (name, role) in ACCOUNTS {
        if !offline.exists(name)? {
            offline.add(name, role, PASSWORD)?;
        }
    }
    Ok(())
}

fn greeting(url: &str, control_url: &str) -> String {
    let accounts: String = ACCOUNTS.iter().map(|(name, role)| format!("  {name:<10} {PASSWORD}   ({})\n", role.as_str())).collect();
    format!(
        "\nUsher shows a simulated CMS cluster at\n\n  {url}\n\nSign in as one of\n\n{accounts}\nOpen a second browser as another account and admit someone. \
         Press ctrl-c to stop.\nThe simulator is controlled at {control_url} (docs/simulator.md).\n"
    )
}
