//! Validates the parsed file and makes the [`Config`]; collects every mistake. Reads the files of secrets, and opens those that must exist.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::addresses::{address, bridge_url, network, public_url, quoted, web_url};
use super::error::{Mistake, Mistakes};
use super::fingerprint::fingerprint;
use super::private_files::PrivateFile;
use super::raw::{RawBridge, RawCdr, RawCms, RawConfig, RawDesk, RawMetrics, RawSession, RawTls};
use super::{
    BridgeConfig, CdrMode, CmsLimits, Config, DeskConfig, LONGEST_SESSION, MAX_BRIDGE_NAME, MAX_WAIT_S, MeetingFilter, PublicUrl, Secret,
    Timing, TlsFiles, Trust, WebConfig,
};
use crate::text::normalize::nfkc;

const MAX_BRIDGES: usize = 24;

/// The placeholder for an invalid address.
const PLACEHOLDER_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The validation of one file.
pub(super) struct Validation<'a> {
    /// Relative paths are relative to this directory.
    pub dir: &'a Path,
    pub mistakes: &'a mut Mistakes,
    pub private_files: Vec<PrivateFile>,
}

impl Validation<'_> {
    pub(super) fn config(mut self, file: RawConfig) -> Config {
        let mut timing = Timing::default();
        let cms = self.cms(file.cms, &mut timing);
        let public = file.public_url.as_deref().and_then(|text| self.mistakes.ok(public_url(text)));
        let cdr_url = self.cdr_url(&file.cdr, public.as_ref());
        let has_address = file.cdr.url.is_some() || file.public_url.is_some();
        if let Some(n) = file.bridge.iter().position(|bridge| bridge.cdr == CdrMode::Register).filter(|_| !has_address) {
            let allowed = "with cdr.url or public_url set, so that Usher knows the address to register";
            self.mistakes.add(Mistake::new(format!("bridge[{n}].cdr"), "\"register\"", allowed));
        }
        Config {
            bridges: self.bridges(file.bridge),
            cdr_url,
            data_dir: self.dir.join(&file.data_dir),
            filter: MeetingFilter { include: file.include, exclude: file.exclude },
            cms,
            desk: self.desk(file.desk),
            log_keep_days: self.in_range("log.keep_days", file.log.keep_days.unwrap_or(400), 0, 36_500),
            timing,
            web: WebConfig {
                listen: self.mistakes.value_or(address("listen", &file.listen), PLACEHOLDER_ADDRESS),
                public_url: public,
                cdr_listen: file.cdr.listen.as_deref().map(|text| self.mistakes.value_or(address("cdr.listen", text), PLACEHOLDER_ADDRESS)),
                trusted_proxies: self.networks(&file.trusted_proxies),
                tls: file.tls.map(|tls| self.tls(tls)),
                metrics_token: self.metrics(file.metrics),
                sockets_per_user: self.in_range("sockets_per_user", file.sockets_per_user.unwrap_or(64), 1, 10_000),
                longest_session: self.session(&file.session),
            },
            private_files: self.private_files,
        }
    }

    fn desk(&mut self, desk: RawDesk) -> DeskConfig {
        let default = DeskConfig::default();
        let delay = self.in_range("desk.admit_delay_s", desk.admit_delay_s.unwrap_or(0), 0, 30);
        let first_s = self.in_range("desk.long_wait_s", desk.long_wait_s.unwrap_or(default.first_s), 1, MAX_WAIT_S - 1);
        // If only the first threshold is set, the second follows from it.
        let second = desk.too_long_wait_s.unwrap_or(default.second_s.max(first_s.saturating_mul(5) / 2).min(MAX_WAIT_S));
        let second_s = self.in_range("desk.too_long_wait_s", second, first_s + 1, MAX_WAIT_S);
        let ask_above = self.in_range("desk.ask_above", desk.ask_above.unwrap_or(default.ask_above), 1, 1000);
        DeskConfig { admit_delay: Duration::from_secs(delay), first_s, second_s, ask_above }
    }

    fn session(&mut self, session: &RawSession) -> Duration {
        let hours = self.in_range("session.max_hours", session.max_hours.unwrap_or(LONGEST_SESSION.as_secs() / 3600), 1, 8760);
        Duration::from_secs(hours * 3600)
    }

    /// `cdr.url`, or else `public_url`.
    fn cdr_url(&mut self, cdr: &RawCdr, public: Option<&PublicUrl>) -> Option<String> {
        let written = cdr.url.as_deref().and_then(|text| self.mistakes.ok(web_url("cdr.url", text)));
        written.as_ref().or(public).map(|url| format!("{}{}", url.origin, url.base))
    }

    fn networks(&mut self, texts: &[String]) -> Vec<super::Network> {
        // A single entry needs no index.
        let key = |n: usize| if texts.len() == 1 { "trusted_proxies".to_owned() } else { format!("trusted_proxies[{n}]") };
        texts.iter().enumerate().filter_map(|(n, text)| self.mistakes.ok(network(&key(n), text))).collect()
    }

    fn tls(&mut self, tls: RawTls) -> TlsFiles {
        let cert_file = self.needed_file("tls.cert_file", tls.cert_file);
        let key_file = self.needed_file("tls.key_file", tls.key_file);
        self.private_files.push(PrivateFile::new("tls.key_file", &key_file));
        TlsFiles { cert_file, key_file }
    }

    fn metrics(&mut self, metrics: RawMetrics) -> Option<Secret> {
        match (metrics.token, metrics.token_file) {
            (Some(_), Some(_)) => {
                self.mistakes.add(Mistake::new("metrics", "token and token_file", "one of them"));
                None
            }
            (Some(token), None) => self.mistakes.ok(secret("metrics.token", &token)),
            (None, Some(file)) => Some(self.secret_file("metrics.token_file", &file)),
            (None, None) => None,
        }
    }

    fn cms(&mut self, cms: RawCms, timing: &mut Timing) -> CmsLimits {
        let limits = CmsLimits::default();
        let mut seconds = |key: &str, value: Option<u64>, default: Duration, min, max| match value {
            Some(value) => Duration::from_secs(self.in_range(key, value, min, max)),
            None => default,
        };
        timing.rest_timeout = seconds("cms.rest_timeout_s", cms.rest_timeout_s, timing.rest_timeout, 1, 60);
        timing.rotate_waiting = seconds("cms.rotate_waiting_s", cms.rotate_waiting_s, timing.rotate_waiting, 1, 60);
        timing.rotate_in_call = seconds("cms.rotate_in_call_s", cms.rotate_in_call_s, timing.rotate_in_call, 5, 600);
        let background = cms.background_per_second.unwrap_or(limits.background_per_second);
        let subscriptions = cms.subscriptions_per_socket.unwrap_or(limits.subscriptions_per_socket);
        CmsLimits {
            in_flight: self.in_range("cms.in_flight", cms.in_flight.unwrap_or(limits.in_flight), 2, 8),
            background_per_second: self.in_range("cms.background_per_second", background, 1, 1000),
            subscriptions_per_socket: self.in_range("cms.subscriptions_per_socket", subscriptions, 2, 1000),
        }
    }

    fn bridges(&mut self, raw: Vec<RawBridge>) -> Vec<BridgeConfig> {
        if raw.is_empty() || raw.len() > MAX_BRIDGES {
            self.mistakes.add(Mistake::new("bridge", format!("{} [[bridge]] sections", raw.len()), format!("1 to {MAX_BRIDGES}")));
        }
        let bridges: Vec<_> = raw.into_iter().enumerate().map(|(n, bridge)| self.bridge(n, bridge)).collect();
        for (n, bridge) in bridges.iter().enumerate() {
            // A name or address that is a mistake is empty here, and not compared.
            if !bridge.name.is_empty() && bridges[..n].iter().any(|other| nfkc(&other.name) == nfkc(&bridge.name)) {
                self.mistakes.add(Mistake::new(format!("bridge[{n}].name"), quoted(&bridge.name), "a name no other bridge has"));
            }
            if !bridge.url.is_empty() && bridges[..n].iter().any(|other| other.url == bridge.url) {
                self.mistakes.add(Mistake::new(format!("bridge[{n}].url"), quoted(&bridge.url), "an address no other bridge has"));
            }
        }
        bridges
    }

    fn bridge(&mut self, n: usize, bridge: RawBridge) -> BridgeConfig {
        let key = |field: &str| format!("bridge[{n}].{field}");
        let name = needed(&key("name"), bridge.name.as_deref(), NAME_RULE).and_then(|name| bridge_name(&key("name"), name));
        let url = needed(&key("url"), bridge.url.as_deref(), "https://host:port of the Web Admin interface");
        let username = needed(&key("username"), bridge.username.as_deref(), USER_RULE).and_then(|name| username(&key("username"), name));
        BridgeConfig {
            name: self.mistakes.ok(name).unwrap_or_default().into(),
            url: self.mistakes.ok(url.and_then(|url| bridge_url(&key("url"), url))).unwrap_or_default(),
            username: self.mistakes.ok(username).unwrap_or_default().to_owned(),
            password: self.password(n, &bridge),
            trust: self.trust(n, &bridge),
            cdr: bridge.cdr,
            cdr_url: None,
        }
    }

    fn password(&mut self, n: usize, bridge: &RawBridge) -> Secret {
        let password = match (&bridge.password, &bridge.password_file, &bridge.password_env) {
            (Some(text), None, None) => secret(&format!("bridge[{n}].password"), text),
            (None, Some(file), None) => return self.secret_file(&format!("bridge[{n}].password_file"), file),
            (None, None, Some(name)) => {
                let key = format!("bridge[{n}].password_env");
                let missing = |_| Mistake::new(&key, quoted(name), "the name of an environment variable that is set, in UTF-8");
                std::env::var(name).map_err(missing).and_then(|text| secret(&format!("{key} ({name})"), &text))
            }
            _ => Err(Mistake::new(
                format!("bridge[{n}].password"),
                "none or several of password, password_file, password_env",
                "exactly one of them",
            )),
        };
        self.mistakes.value_or(password, Secret::new(""))
    }

    fn trust(&mut self, n: usize, bridge: &RawBridge) -> Trust {
        let key = |field: &str| format!("bridge[{n}].{field}");
        match (&bridge.ca_file, &bridge.fingerprint, bridge.insecure) {
            (None, None, false) => Trust::System,
            (Some(file), None, false) => Trust::CaFile(self.existing(&key("ca_file"), self.dir.join(file))),
            (None, Some(text), false) => self.mistakes.ok(fingerprint(&key("fingerprint"), text)).map_or(Trust::System, Trust::Fingerprint),
            (None, None, true) => Trust::Insecure,
            _ => {
                self.mistakes.add(Mistake::new(format!("bridge[{n}]"), "several of ca_file, fingerprint, insecure", "at most one of them"));
                Trust::System
            }
        }
    }

    /// The secret in a file that only Usher should be able to read.
    fn secret_file(&mut self, key: &str, file: &Path) -> Secret {
        let path = self.dir.join(file);
        self.private_files.push(PrivateFile::new(key, &path));
        let allowed = "a readable file with the secret as its only line";
        let unreadable = |error| Mistake::new(key, format!("{} ({error})", path.display()), allowed);
        let read = std::fs::read(&path).map_err(unreadable);
        let secret =
            read.and_then(|bytes| Secret::read(&bytes).map_err(|got| Mistake::new(key, format!("{} ({got})", path.display()), allowed)));
        self.mistakes.value_or(secret, Secret::new(""))
    }

    fn needed_file(&mut self, key: &str, file: Option<PathBuf>) -> PathBuf {
        match self.mistakes.ok(needed(key, file, "the name of a readable file in PEM form")) {
            Some(file) => self.existing(key, self.dir.join(file)),
            None => PathBuf::new(),
        }
    }

    fn existing(&mut self, key: &str, path: PathBuf) -> PathBuf {
        if let Err(error) = std::fs::File::open(&path) {
            self.mistakes.add(Mistake::new(key, format!("{} ({error})", path.display()), "a readable file"));
        }
        path
    }

    fn in_range<T: PartialOrd + Copy + std::fmt::Display>(&mut self, key: &str, value: T, min: T, max: T) -> T {
        if value < min || value > max {
            self.mistakes.add(Mistake::new(key, value, format!("{min} to {max}")));
            return min;
        }
        value
    }
}

const NAME_RULE: &str = "1 to 40 printable characters";
const USER_RULE: &str = "a CMS user with the role api or admin, without a colon";

fn needed<T>(key: &str, value: Option<T>, allowed: &str) -> Result<T, Mistake> {
    value.ok_or_else(|| Mistake::new(key, "nothing", allowed))
}

fn bridge_name<'a>(key: &str, name: &'a str) -> Result<&'a str, Mistake> {
    let fits = !name.is_empty() && name.chars().count() <= MAX_BRIDGE_NAME && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(Mistake::new(key, quoted(name), NAME_RULE)) }
}

fn username<'a>(key: &str, name: &'a str) -> Result<&'a str, Mistake> {
    if name.is_empty() || name.contains(':') { Err(Mistake::new(key, quoted(name), USER_RULE)) } else { Ok(name) }
}

/// A secret from the configuration file or a variable.
fn secret(key: &str, text: &str) -> Result<Secret, Mistake> {
    Secret::read(text.as_bytes()).map_err(|got| Mistake::new(key, got, "a secret in one line, without blanks around it"))
}
