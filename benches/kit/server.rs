//! `usher serve` as a process of its own, with a logged-in moderator.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsConnector;
use usher::accounts::OfflineAccounts;
use usher::db::open_connection;
use usher::model::Role;

use super::browser::{self, Site};
use super::process::Process;

pub const USER: &str = "mo";
pub const ADMIN: &str = "ana";
pub const PASSWORD: &str = "correct horse";

pub struct Server {
    pub process: Process,
    pub site: Site,
    dir: tempfile::TempDir,
}

impl Server {
    /// Follows these bridges; `settings` are written at the top of the configuration.
    pub async fn start(bridges: &str, settings: &str, tls: bool) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let address = free_address();
        let mut text = format!(
            "listen = \"{address}\"\ndata_dir = \"data\"\nsockets_per_user = 10000\n{settings}\n[cdr]\nurl = \"http://{address}\"\n"
        );
        let connector = tls.then(|| certificate(&dir));
        if tls {
            text.push_str("[tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n");
        }
        let config = dir.path().join("usher.toml");
        std::fs::write(&config, text + bridges).expect("written");
        add_user(&dir.path().join("data"));
        let process = serve(&config);
        let mut site = Site { address, tls: connector, cookie: String::new() };
        until_up(&site).await;
        site.cookie = browser::log_in(&site, USER, PASSWORD).await;
        Self { process, site, dir }
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg(self.process.child.id().to_string()).status().expect("kill");
        assert!(sent.success());
    }

    /// Waits for its end and starts it again on the same address and data; returns the moment when it listens.
    pub async fn again(&mut self) -> Instant {
        while self.process.child.try_wait().expect("its state").is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.process = serve(&self.dir.path().join("usher.toml"));
        loop {
            if tokio::net::TcpStream::connect(self.site.address).await.is_ok() {
                return Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn serve(config: &Path) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.arg("serve").arg("--config").arg(config).env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or("warn".into()));
    Process::start(command.stdout(Stdio::null()))
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

pub fn add_user(data: &std::path::Path) {
    std::fs::create_dir_all(data).expect("a directory");
    let mut conn = open_connection(data).expect("a database");
    let mut offline = OfflineAccounts(&mut conn);
    offline.add(USER, Role::Moderator, PASSWORD).expect("added");
    offline.add(ADMIN, Role::Admin, PASSWORD).expect("added");
}

/// Waits until it answers; pages wait for its knowledge of the bridges.
async fn until_up(site: &Site) {
    for _ in 0..600 {
        if browser::try_get(site, "/healthz").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the server did not come up within a minute");
}

/// Writes a certificate for loopback; returns the certificate to trust.
fn certificate(dir: &tempfile::TempDir) -> TlsConnector {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(dir.path().join("cert.pem"), cert.pem()).expect("written");
    std::fs::write(dir.path().join("key.pem"), signing_key.serialize_pem()).expect("written");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a root");
    Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()).into()
}
