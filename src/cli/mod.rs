//! The command line: one function for each command, which checks its arguments before it opens anything.

mod audit;
mod backup;
mod cdr;
mod demo;
mod serve;
mod user;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, ConfigError};
use crate::simulator;

/// Live lobby desk for Cisco Meeting Server clusters.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// Log as JSON lines
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Follow a cluster and serve the desk
    Serve(ConfigFile),
    /// Try the desk on a simulated cluster, without a configuration
    Demo(demo::DemoArgs),
    /// Run a simulated CMS cluster
    Simulate(simulator::Options),
    /// Test the connection to each configured bridge, step by step; changes nothing
    Check(ConfigFile),
    /// Manage the addresses to which bridges post their Call Detail Records
    Cdr {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: cdr::CdrCommand,
    },
    /// Copy the database to a new file, also while the server runs
    Backup {
        #[command(flatten)]
        config: ConfigFile,
        file: PathBuf,
    },
    /// Manage users, also while the server runs
    User {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: user::UserCommand,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(long, default_value = "usher.toml", global = true)]
    config: PathBuf,
}

/// The exit code for a mistake in the configuration; other failures exit with 1.
const EXIT_CONFIGURATION: u8 = 2;

impl Cli {
    /// Runs the command; returns its exit code.
    pub fn run(self) -> ExitCode {
        start_log(self.log_json);
        let result = match self.command {
            CliCommand::Serve(file) => {
                Config::load(&file.config).map_err(anyhow::Error::from).and_then(|config| block_on(serve::run(config, file.config)))
            }
            CliCommand::Demo(args) => block_on(demo::run(args)),
            CliCommand::Simulate(options) => block_on(simulator::run(options)),
            CliCommand::Check(file) => {
                Config::load(&file.config).map_err(anyhow::Error::from).and_then(|config| block_on(crate::check::run(config)))
            }
            CliCommand::Cdr { config, command } => Config::load(&config.config)
                .map_err(anyhow::Error::from)
                .and_then(|config| block_on(cdr::run(command, config, &mut std::io::stdout()))),
            CliCommand::Backup { config, file } => Config::load(&config.config)
                .map_err(anyhow::Error::from)
                .and_then(|config| Ok(backup::run(&config.data_dir, &file, &mut std::io::stdout())?)),
            CliCommand::User { config, command } => Config::load(&config.config)
                .map_err(anyhow::Error::from)
                .and_then(|config| Ok(user::run(command, &config.data_dir, &mut std::io::stdout())?)),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("usher: {error:#}");
                ExitCode::from(if error.is::<ConfigError>() { EXIT_CONFIGURATION } else { 1 })
            }
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn start_log(json: bool) {
    let log = tracing_subscriber::registry().with(log_levels(std::env::var("RUST_LOG").ok().as_deref()));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_coloured());
    if json { log.with(lines.json()).init() } else { log.with(lines.with_target(false)).init() }
}

/// Levels by module, as in `usher::cms=debug,info`. Without any, or where they can't be read, it is `info`.
fn log_levels(text: Option<&str>) -> Targets {
    let given = text.filter(|text| !text.trim().is_empty()).and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}

/// Whether to colour the log: on a terminal, unless `NO_COLOR` is set (no-color.org).
fn is_coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn log_levels_are_given_by_module_and_are_info_otherwise() {
        let enabled = |text: Option<&str>| {
            let levels = log_levels(text);
            let of = |target: &str| [Level::INFO, Level::DEBUG].map(|level| levels.would_enable(target, &level));
            (of("usher::cms"), of("hyper"))
        };
        let info = ([true, false], [true, false]);
        assert_eq!([None, Some(""), Some(" "), Some("usher=loud")].map(enabled), [info; 4]);
        assert_eq!(enabled(Some("debug")), ([true, true], [true, true]));
        assert_eq!(enabled(Some("usher::cms=debug,warn")), ([true, true], [false, false]));
        assert_eq!(enabled(Some("usher=debug")), ([true, true], [false, false]));
    }
}
