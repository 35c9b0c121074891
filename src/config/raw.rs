//! The configuration file as it is written, and its validation into [`Config`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::addresses::{address, bridge_url, network, public_url, quoted, web_url};
use super::filter::Rules;
use super::{
    BridgeConfig, CdrMode, CmsLimits, Config, ConfigError, DeskConfig, Filter, LONGEST_SESSION, MAX_BRIDGE_NAME, MAX_WAIT_S, PublicUrl,
    Secret, Timing, TlsFiles, Trust, WebConfig,
};

const MAX_BRIDGES: usize = 24;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default = "default_listen")]
    listen: String,
    #[serde(default = "default_data_dir")]
    data_dir: PathBuf,
    public_url: Option<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    tls: Option<Tls>,
    #[serde(default)]
    metrics: Metrics,
    sockets_per_user: Option<usize>,
    #[serde(default)]
    session: Session,
    #[serde(default)]
    cdr: Cdr,
    #[serde(default)]
    bridge: Vec<Bridge>,
    #[serde(default)]
    include: Rules,
    #[serde(default)]
    exclude: Rules,
    #[serde(default)]
    cms: Cms,
    #[serde(default)]
    desk: Desk,
    #[serde(default)]
    log: Log,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    cert_file: PathBuf,
    key_file: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metrics {
    token: Option<String>,
    token_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    max_hours: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bridge {
    name: String,
    url: String,
    username: String,
    password: Option<String>,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    ca_file: Option<PathBuf>,
    fingerprint: Option<String>,
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    cdr: CdrMode,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cdr {
    url: Option<String>,
    listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cms {
    in_flight: Option<usize>,
    background_per_second: Option<u32>,
    subscriptions_per_socket: Option<usize>,
    rest_timeout_s: Option<u64>,
    rotate_waiting_s: Option<u64>,
    rotate_in_call_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Desk {
    admit_delay_s: Option<u64>,
    long_wait_s: Option<u32>,
    too_long_wait_s: Option<u32>,
    ask_above: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    keep_days: Option<u32>,
}

fn default_listen() -> String {
    "127.0.0.1:8080".into()
}

fn default_data_dir() -> PathBuf {
    "usher-data".into()
}

impl File {
    pub(super) fn validate(self, dir: &Path) -> Result<Config, ConfigError> {
        let mut timing = Timing::default();
        let cms = self.cms.validate(&mut timing)?;
        let public = self.public_url.as_deref().map(public_url).transpose()?;
        let cdr_url = self.cdr.url(public.as_ref())?;
        if let Some(n) = self.bridge.iter().position(|bridge| bridge.cdr == CdrMode::Register).filter(|_| cdr_url.is_none()) {
            let allowed = "with cdr.url or public_url set, so that Usher knows the address to register";
            return Err(ConfigError::invalid(format!("bridge[{n}].cdr"), "\"register\"", allowed));
        }
        Ok(Config {
            bridges: bridges(self.bridge, dir)?,
            cdr_url,
            data_dir: dir.join(self.data_dir),
            filter: Filter { include: self.include, exclude: self.exclude },
            cms,
            desk: self.desk.validate()?,
            log_keep_days: in_range("log.keep_days", self.log.keep_days.unwrap_or(400), 0, 36_500)?,
            timing,
            web: WebConfig {
                listen: address("listen", &self.listen)?,
                public_url: public,
                cdr_listen: self.cdr.listen.as_deref().map(|text| address("cdr.listen", text)).transpose()?,
                trusted_proxies: self.trusted_proxies.iter().map(|text| network(text)).collect::<Result<_, _>>()?,
                tls: self.tls.map(|tls| tls.validate(dir)).transpose()?,
                metrics_token: self.metrics.validate(dir)?,
                sockets_per_user: in_range("sockets_per_user", self.sockets_per_user.unwrap_or(64), 1, 10_000)?,
                longest_session: self.session.validate()?,
            },
        })
    }
}

impl Desk {
    fn validate(self) -> Result<DeskConfig, ConfigError> {
        let default = DeskConfig::default();
        let delay = in_range("desk.admit_delay_s", self.admit_delay_s.unwrap_or(0), 0, 30)?;
        let first_s = in_range("desk.long_wait_s", self.long_wait_s.unwrap_or(default.first_s), 1, MAX_WAIT_S - 1)?;
        // Whoever sets only the first one gets a second one that fits.
        let second = self.too_long_wait_s.unwrap_or(default.second_s.max(first_s.saturating_mul(5) / 2).min(MAX_WAIT_S));
        let second_s = in_range("desk.too_long_wait_s", second, first_s + 1, MAX_WAIT_S)?;
        let ask_above = in_range("desk.ask_above", self.ask_above.unwrap_or(default.ask_above), 1, 1000)?;
        Ok(DeskConfig { admit_delay: Duration::from_secs(delay), first_s, second_s, ask_above })
    }
}

impl Session {
    fn validate(self) -> Result<Duration, ConfigError> {
        let hours = in_range("session.max_hours", self.max_hours.unwrap_or(LONGEST_SESSION.as_secs() / 3600), 1, 8760)?;
        Ok(Duration::from_secs(hours * 3600))
    }
}

impl Cdr {
    /// As written, or the address of the pages.
    fn url(&self, public: Option<&PublicUrl>) -> Result<Option<String>, ConfigError> {
        let written = self.url.as_deref().map(|text| web_url("cdr.url", text)).transpose()?;
        Ok(written.as_ref().or(public).map(|url| format!("{}{}", url.origin, url.base)))
    }
}

impl Tls {
    fn validate(self, dir: &Path) -> Result<TlsFiles, ConfigError> {
        Ok(TlsFiles {
            cert_file: existing("tls.cert_file", dir.join(self.cert_file))?,
            key_file: existing("tls.key_file", dir.join(self.key_file))?,
        })
    }
}

impl Metrics {
    fn validate(self, dir: &Path) -> Result<Option<Secret>, ConfigError> {
        match (self.token, self.token_file) {
            (Some(_), Some(_)) => Err(ConfigError::invalid("metrics", "token and token_file", "one of them")),
            (Some(token), None) => secret("metrics.token", &token).map(Some),
            (None, Some(file)) => Ok(Some(secret_file("metrics.token_file", &dir.join(file))?)),
            (None, None) => Ok(None),
        }
    }
}

impl Cms {
    fn validate(self, timing: &mut Timing) -> Result<CmsLimits, ConfigError> {
        let limits = CmsLimits::default();
        let seconds = |key: &str, value: Option<u64>, default: Duration, min, max| match value {
            Some(value) => Ok(Duration::from_secs(in_range(key, value, min, max)?)),
            None => Ok(default),
        };
        timing.rest_timeout = seconds("cms.rest_timeout_s", self.rest_timeout_s, timing.rest_timeout, 1, 60)?;
        timing.rotate_waiting = seconds("cms.rotate_waiting_s", self.rotate_waiting_s, timing.rotate_waiting, 1, 60)?;
        timing.rotate_in_call = seconds("cms.rotate_in_call_s", self.rotate_in_call_s, timing.rotate_in_call, 5, 600)?;
        Ok(CmsLimits {
            in_flight: in_range("cms.in_flight", self.in_flight.unwrap_or(limits.in_flight), 2, 8)?,
            background_per_second: in_range(
                "cms.background_per_second",
                self.background_per_second.unwrap_or(limits.background_per_second),
                1,
                1000,
            )?,
            subscriptions_per_socket: in_range(
                "cms.subscriptions_per_socket",
                self.subscriptions_per_socket.unwrap_or(limits.subscriptions_per_socket),
                2,
                1000,
            )?,
        })
    }
}

fn bridges(raw: Vec<Bridge>, dir: &Path) -> Result<Vec<BridgeConfig>, ConfigError> {
    if raw.is_empty() || raw.len() > MAX_BRIDGES {
        return Err(ConfigError::invalid("bridge", format!("{} [[bridge]] sections", raw.len()), format!("1 to {MAX_BRIDGES}")));
    }
    let bridges: Vec<_> = raw.into_iter().enumerate().map(|(n, bridge)| bridge.validate(n, dir)).collect::<Result<_, _>>()?;
    for (n, bridge) in bridges.iter().enumerate() {
        if bridges[..n].iter().any(|other| other.name == bridge.name) {
            return Err(ConfigError::invalid(format!("bridge[{n}].name"), quoted(&bridge.name), "a name no other bridge has"));
        }
        if bridges[..n].iter().any(|other| other.url == bridge.url) {
            return Err(ConfigError::invalid(format!("bridge[{n}].url"), quoted(&bridge.url), "an address no other bridge has"));
        }
    }
    Ok(bridges)
}

impl Bridge {
    fn validate(self, n: usize, dir: &Path) -> Result<BridgeConfig, ConfigError> {
        let key = |field: &str| format!("bridge[{n}].{field}");
        if self.name.is_empty() || self.name.chars().count() > MAX_BRIDGE_NAME || self.name.chars().any(char::is_control) {
            return Err(ConfigError::invalid(key("name"), quoted(&self.name), "1 to 40 printable characters"));
        }
        if self.username.is_empty() || self.username.contains(':') {
            return Err(ConfigError::invalid(
                key("username"),
                quoted(&self.username),
                "a CMS user with the role api or admin, without a colon",
            ));
        }
        Ok(BridgeConfig {
            url: bridge_url(&key("url"), &self.url)?,
            password: self.password(n, dir)?,
            trust: self.trust(n, dir)?,
            cdr: self.cdr,
            cdr_url: None,
            name: self.name.into(),
            username: self.username,
        })
    }

    fn password(&self, n: usize, dir: &Path) -> Result<Secret, ConfigError> {
        match (&self.password, &self.password_file, &self.password_env) {
            (Some(text), None, None) => secret(&format!("bridge[{n}].password"), text),
            (None, Some(file), None) => secret_file(&format!("bridge[{n}].password_file"), &dir.join(file)),
            (None, None, Some(name)) => {
                let key = format!("bridge[{n}].password_env");
                let missing = |_| ConfigError::invalid(&key, quoted(name), "the name of an environment variable that is set, in UTF-8");
                std::env::var(name).map_err(missing).and_then(|text| secret(&format!("{key} ({name})"), &text))
            }
            _ => Err(ConfigError::invalid(
                format!("bridge[{n}].password"),
                "none or several of password, password_file, password_env",
                "exactly one of them",
            )),
        }
    }

    fn trust(&self, n: usize, dir: &Path) -> Result<Trust, ConfigError> {
        match (&self.ca_file, &self.fingerprint, self.insecure) {
            (None, None, false) => Ok(Trust::System),
            (Some(file), None, false) => Ok(Trust::CaFile(existing(&format!("bridge[{n}].ca_file"), dir.join(file))?)),
            (None, Some(text), false) => fingerprint(&format!("bridge[{n}].fingerprint"), text).map(Trust::Fingerprint),
            (None, None, true) => Ok(Trust::Insecure),
            _ => Err(ConfigError::invalid(format!("bridge[{n}]"), "several of ca_file, fingerprint, insecure", "at most one of them")),
        }
    }
}

fn fingerprint(key: &str, text: &str) -> Result<[u8; 32], ConfigError> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let digits = digits.strip_prefix("sha256").unwrap_or(&digits);
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes)
        .map_err(|_| ConfigError::invalid(key, quoted(text), "the SHA-256 of the certificate: 64 hexadecimal digits, colons allowed"))?;
    Ok(bytes)
}

fn secret_file(key: &str, path: &Path) -> Result<Secret, ConfigError> {
    let allowed = "a readable file with the secret as its only line";
    let bytes = std::fs::read(path).map_err(|error| ConfigError::invalid(key, format!("{} ({error})", path.display()), allowed))?;
    Secret::read(&bytes).map_err(|got| ConfigError::invalid(key, format!("{} ({got})", path.display()), allowed))
}

/// A secret that stands in the file or a variable.
fn secret(key: &str, text: &str) -> Result<Secret, ConfigError> {
    Secret::read(text.as_bytes()).map_err(|got| ConfigError::invalid(key, got, "a secret in one line, without blanks around it"))
}

fn existing(key: &str, path: PathBuf) -> Result<PathBuf, ConfigError> {
    match std::fs::File::open(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(ConfigError::invalid(key, format!("{} ({error})", path.display()), "a readable file")),
    }
}

fn in_range<T: PartialOrd + std::fmt::Display>(key: &str, value: T, min: T, max: T) -> Result<T, ConfigError> {
    if value < min || value > max {
        return Err(ConfigError::invalid(key, value, format!("{min} to {max}")));
    }
    Ok(value)
}
