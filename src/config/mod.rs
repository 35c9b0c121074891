//! The configuration: read, validated and completed with defaults before any port is bound.
//!
//! All mistakes are reported at once, each with its key, its value and what is allowed. Timeouts and intervals are in [`Timing`], so that tests
//! can scale them. Secrets are [`Secret`]s, which can't be logged or shown by accident.

mod addresses;
mod bridge;
mod changes;
mod error;
mod filter;
mod fingerprint;
mod live;
mod private_files;
mod raw;
mod reading;
mod secret;
mod timing;
mod validate;

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use bridge::{BridgeConfig, CdrMode, Trust};
pub use error::{ConfigError, Mistake};
pub use filter::{MeetingFacts, MeetingFilter, Rules};
pub use live::Live;
pub use private_files::{Exposed, PrivateFile};
pub use secret::Secret;
pub use timing::{CmsLimits, Timing};

/// The validated configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub web: WebConfig,
    /// The directory of the database; created if missing.
    pub data_dir: PathBuf,
    /// 1 to 24 bridges, names unique.
    pub bridges: Vec<BridgeConfig>,
    /// The address under which bridges reach Usher to post records, without a trailing slash: `http(s)://host[:port][/path]`.
    pub cdr_url: Option<String>,
    pub filter: MeetingFilter,
    pub cms: CmsLimits,
    pub desk: DeskConfig,
    /// For how many days the audit log is kept; 0: for ever.
    pub log_keep_days: u32,
    pub timing: Timing,
    /// The files from which secrets were read, and the key of Usher's certificate.
    pub private_files: Vec<PrivateFile>,
}

/// The most characters of a bridge's name.
pub const MAX_BRIDGE_NAME: usize = 40;

/// The highest threshold of a wait: one day.
pub const MAX_WAIT_S: u32 = 86_400;

/// Settings for all moderators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskConfig {
    /// How long an admission waits before it is sent; it can be stopped until then.
    pub admit_delay: Duration,
    /// The seconds from which a wait is long, unless moderators set another threshold for the meeting.
    pub first_s: u32,
    /// The seconds from which a wait is too long.
    pub second_s: u32,
    /// Pages ask before they act on more people than this at once.
    pub ask_above: u32,
}

impl Default for DeskConfig {
    fn default() -> Self {
        Self { admit_delay: Duration::ZERO, first_s: 120, second_s: 300, ask_above: 10 }
    }
}

/// Settings of the web server.
#[derive(Debug, Clone, PartialEq)]
pub struct WebConfig {
    pub listen: SocketAddr,
    /// The address under which browsers reach Usher; determines cookies, allowed origins and the sub-path. None: `http(s)://<Host header>`
    /// without a sub-path.
    pub public_url: Option<PublicUrl>,
    /// The peers whose forwarding headers are trusted.
    pub trusted_proxies: Vec<Network>,
    pub tls: Option<TlsFiles>,
    /// An additional port without TLS that accepts nothing but records.
    pub cdr_listen: Option<SocketAddr>,
    /// The bearer token with which `/metrics` can be read from other machines.
    pub metrics_token: Option<Secret>,
    pub sockets_per_user: usize,
    /// The maximum age of a session, however much it is used.
    pub longest_session: Duration,
}

/// The default of [`WebConfig::longest_session`].
pub const LONGEST_SESSION: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

/// The parts of `public_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://host[:port]`, as browsers send it in `Origin`.
    pub origin: String,
    /// Path prefix without a trailing slash; empty at the root.
    pub base: String,
    pub https: bool,
}

/// An address range in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Network {
    pub fn contains(&self, other: IpAddr) -> bool {
        fn same(a: &[u8], b: &[u8], prefix: u8) -> bool {
            let (whole, rest) = (usize::from(prefix / 8), prefix % 8);
            let mask = if rest == 0 { 0 } else { 0xffu8 << (8 - rest) };
            a[..whole] == b[..whole] && (rest == 0 || a[whole] & mask == b[whole] & mask)
        }
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(&a.octets(), &b.octets(), self.prefix),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(&a.octets(), &b.octets(), self.prefix),
            _ => false,
        }
    }
}

impl WebConfig {
    /// Whether passwords reach this server unencrypted from other machines: it listens on more than loopback, without TLS, and no proxy is
    /// configured that could have TLS.
    pub fn serves_plain_http_remotely(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback() && self.tls.is_none() && self.trusted_proxies.is_empty()
    }

    /// Whether the forwarding headers of this peer are trusted.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }
}

impl Config {
    /// Reads and validates a TOML file. Relative paths in it are relative to the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => ConfigError::Missing { path: path.display().to_string() },
            _ => ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() },
        })?;
        Self::read(&text, path.parent().unwrap_or(Path::new(".")), Some(path))
    }

    /// Validates the text of a configuration. Relative paths in it are relative to `dir`.
    pub fn parse(text: &str, dir: &Path) -> Result<Self, ConfigError> {
        Self::read(text, dir, None)
    }

    fn read(text: &str, dir: &Path, path: Option<&Path>) -> Result<Self, ConfigError> {
        let (file, mut mistakes) = reading::read(text)?;
        let itself = path.filter(|_| file.holds_secrets()).map(|path| PrivateFile::new("it holds secrets", path));
        let validation = validate::Validation { dir, mistakes: &mut mistakes, private_files: itself.into_iter().collect() };
        let config = validation.config(file);
        mistakes.finish(config)
    }
}

#[cfg(test)]
mod tests;
