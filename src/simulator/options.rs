//! How a simulated cluster is started: plain values, also the arguments of `usher simulate`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// The certificate that the bridges show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum TlsMode {
    /// A leaf for localhost and the loopback addresses from a CA made at start.
    #[default]
    Ca,
    /// One self-signed certificate with a common name only, as many bridges have.
    SelfSigned,
    /// From the CA, but out of date.
    Expired,
    /// From the CA, but for another host.
    WrongHost,
    /// Plain HTTP, for benchmarks only: no bridge offers it.
    Off,
}

#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Number of Call Bridges
    #[arg(long, default_value_t = 2)]
    pub bridges: usize,
    /// Meetings at the start
    #[arg(long, default_value_t = 12)]
    pub calls: usize,
    /// People at the start, over all meetings
    #[arg(long, default_value_t = 120)]
    pub people: usize,
    /// Events per second over the whole cluster; 0 = nothing happens by itself
    #[arg(long, default_value_t = 2.0)]
    pub rate: f64,
    /// The same seed makes the same people and meetings
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Address the bridges listen on; loopback unless you say otherwise
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub listen: IpAddr,
    /// A further address of the bridges at which connections are neither taken nor refused; give both to one name in /etc/hosts
    #[arg(long)]
    pub deaf: Option<IpAddr>,
    /// Host name in the printed URLs and in the certificate, if it is not 127.0.0.1
    #[arg(long)]
    pub host: Option<String>,
    /// Port of the first bridge, the others follow; 0 = any free ports
    #[arg(long, default_value_t = 0)]
    pub base_port: u16,
    /// Port of the control API, always on loopback; 0 = any free port
    #[arg(long, default_value_t = 0)]
    pub control_port: u16,
    /// Time every REST answer takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    pub latency_ms: u64,
    /// Certificate of the bridges
    #[arg(long, value_enum, default_value_t = TlsMode::Ca)]
    pub tls: TlsMode,
    /// Switches as a JSON object, or @file
    #[arg(long)]
    pub switches: Option<String>,
    /// Where to write the CA certificate (or the self-signed one)
    #[arg(long, default_value = "simulator-ca.pem")]
    pub ca_out: PathBuf,
    /// API user that the bridges accept
    #[arg(long, default_value = "usher")]
    pub username: String,
    /// Environment variable that holds the password; without it a random one is made
    #[arg(long)]
    pub password_env: Option<String>,
    /// The password itself; never an argument
    #[arg(skip)]
    pub password: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bridges: 2,
            calls: 12,
            people: 120,
            rate: 2.0,
            seed: 1,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            deaf: None,
            host: None,
            base_port: 0,
            control_port: 0,
            latency_ms: 0,
            tls: TlsMode::Ca,
            switches: None,
            ca_out: PathBuf::from("simulator-ca.pem"),
            username: "usher".to_owned(),
            password_env: None,
            password: None,
        }
    }
}

impl Options {
    /// `eu-1`, `eu-2`, `us-1`, `us-2`, `ap-1`, ... then `eu-3` and so on.
    pub(crate) fn bridge_names(&self) -> Vec<String> {
        (0..self.bridges).map(|n| format!("{}-{}", ["eu", "us", "ap"][n / 2 % 3], n / 6 * 2 + n % 2 + 1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridges_are_named_by_region_and_never_twice() {
        let names = Options { bridges: 24, ..Options::default() }.bridge_names();
        assert_eq!(names[..4], ["eu-1", "eu-2", "us-1", "us-2"]);
        let unique: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), 24);
    }

    #[test]
    fn the_defaults_of_the_command_line_are_the_defaults() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        let parsed = <Line as clap::Parser>::parse_from(["simulate"]).options;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Options::default()));
    }
}
