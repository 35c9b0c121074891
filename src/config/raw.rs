//! The structure of the configuration file. Required keys are optional here, so that validation can report missing ones with all other
//! mistakes.

use std::path::PathBuf;

use serde::Deserialize;

use super::CdrMode;
use super::filter::Rules;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    #[serde(default = "default_listen")]
    pub(super) listen: String,
    #[serde(default = "default_data_dir")]
    pub(super) data_dir: PathBuf,
    pub(super) public_url: Option<String>,
    #[serde(default)]
    pub(super) trusted_proxies: Vec<String>,
    pub(super) tls: Option<RawTls>,
    #[serde(default)]
    pub(super) metrics: RawMetrics,
    pub(super) sockets_per_user: Option<usize>,
    #[serde(default)]
    pub(super) session: RawSession,
    #[serde(default)]
    pub(super) cdr: RawCdr,
    #[serde(default)]
    pub(super) bridge: Vec<RawBridge>,
    #[serde(default)]
    pub(super) include: Rules,
    #[serde(default)]
    pub(super) exclude: Rules,
    #[serde(default)]
    pub(super) cms: RawCms,
    #[serde(default)]
    pub(super) desk: RawDesk,
    #[serde(default)]
    pub(super) log: RawLog,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub(super) cert_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetrics {
    pub(super) token: Option<String>,
    pub(super) token_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSession {
    pub(super) max_hours: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBridge {
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_env: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) fingerprint: Option<String>,
    #[serde(default)]
    pub(super) insecure: bool,
    #[serde(default)]
    pub(super) cdr: CdrMode,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCdr {
    pub(super) url: Option<String>,
    pub(super) listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCms {
    pub(super) in_flight: Option<usize>,
    pub(super) background_per_second: Option<u32>,
    pub(super) subscriptions_per_socket: Option<usize>,
    pub(super) rest_timeout_s: Option<u64>,
    pub(super) rotate_waiting_s: Option<u64>,
    pub(super) rotate_in_call_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDesk {
    pub(super) admit_delay_s: Option<u64>,
    pub(super) long_wait_s: Option<u32>,
    pub(super) too_long_wait_s: Option<u32>,
    pub(super) ask_above: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) keep_days: Option<u32>,
}

fn default_listen() -> String {
    "127.0.0.1:8080".into()
}

fn default_data_dir() -> PathBuf {
    "usher-data".into()
}

impl RawConfig {
    /// Whether the file itself contains a secret.
    pub(super) fn holds_secrets(&self) -> bool {
        self.metrics.token.is_some() || self.bridge.iter().any(|bridge| bridge.password.is_some())
    }
}
