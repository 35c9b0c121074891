//! The one validated configuration: read, checked and completed before any port is bound. Not a place for defaults hidden elsewhere.
//!
//! All mistakes are reported at once, each with its key, its value and what is allowed. Every timeout lives in [`Timing`], so that tests can scale
//! it. Secrets are [`Secret`], which no log line and no page can print.

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

/// Everything Usher can be told.
#[derive(Debug, Clone)]
pub struct Config {
    pub web: WebConfig,
    /// Directory for the SQLite database; created when missing.
    pub data_dir: PathBuf,
    /// 1 to 24 bridges, names unique.
    pub bridges: Vec<BridgeConfig>,
    /// Where bridges reach Usher with their records, without a trailing slash: `http(s)://host[:port][/path]`.
    pub cdr_url: Option<String>,
    pub filter: MeetingFilter,
    pub cms: CmsLimits,
    pub desk: DeskConfig,
    /// Days that the log of actions is kept; 0: for ever.
    pub log_keep_days: u32,
    pub timing: Timing,
    /// The files that secrets were read from, and the key of Usher's certificate.
    pub private_files: Vec<PrivateFile>,
}

/// Characters of a bridge's name.
pub const MAX_BRIDGE_NAME: usize = 40;

/// No threshold of a wait is later than a day.
pub const MAX_WAIT_S: u32 = 86_400;

/// Settings for all moderators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskConfig {
    /// An admission waits so long before it is sent, and can be stopped until then.
    pub admit_delay: Duration,
    /// A wait is long from so many seconds on, where nobody set something else for a meeting.
    pub first_s: u32,
    /// A wait is too long from so many seconds on.
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
    /// How people reach Usher; decides cookies, Origin and the sub-path. Absent = `http(s)://<Host header>`, no sub-path.
    pub public_url: Option<PublicUrl>,
    /// Only these peers' forwarding headers are believed.
    pub trusted_proxies: Vec<Network>,
    pub tls: Option<TlsFiles>,
    /// A further port, without TLS, that takes records and nothing else.
    pub cdr_listen: Option<SocketAddr>,
    /// Lets `/metrics` be read from elsewhere than loopback, as `Authorization: Bearer`.
    pub metrics_token: Option<Secret>,
    pub sockets_per_user: usize,
    /// A session ends so long after its log-in, however much it is used.
    pub longest_session: Duration,
}

/// Where the configuration says nothing else.
pub const LONGEST_SESSION: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

/// `public_url`, taken apart.
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
    /// Whether passwords travel unencrypted between this server and other machines: it listens beyond this one, without TLS of its own, and no
    /// proxy is named that could have any.
    pub fn is_plain_beyond_this_machine(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback() && self.tls.is_none() && self.trusted_proxies.is_empty()
    }

    /// Whether what this peer says in forwarding headers is believed.
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

    /// Validates the text of a configuration; `dir` is what relative paths are relative to.
    pub fn parse(text: &str, dir: &Path) -> Result<Self, ConfigError> {
        Self::read(text, dir, None)
    }

    fn read(text: &str, dir: &Path, path: Option<&Path>) -> Result<Self, ConfigError> {
        let (file, mut mistakes) = reading::read(text)?;
        let itself = path.filter(|_| file.holds_secrets()).map(|path| PrivateFile::new("it holds secrets", path));
        let validation = validate::Validation { dir, mistakes: &mut mistakes, private_files: itself.into_iter().collect() };
        let config = validation.config(file);
        mistakes.end(config)
    }
}

#[cfg(test)]
mod tests;
