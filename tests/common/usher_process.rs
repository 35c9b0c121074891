//! `usher serve` as a process of its own: killed, stopped, reloaded, and restarted on the same data.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use usher::accounts::OfflineAccounts;
use usher::db::open_connection;
use usher::simulator::Simulator;

use super::browser::Browser;
use super::desk::{ACCOUNTS, PASSWORD};
use super::page::Page;
use super::{DEADLINE, free_address, wait_for};

pub struct UsherProcess {
    pub address: SocketAddr,
    pub dir: tempfile::TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl UsherProcess {
    /// Starts Usher on the simulator's bridges; `toml` is written before them. It has the accounts of [`super::desk::Desk`].
    pub async fn start(sim: &Simulator, toml: &str) -> Self {
        Self::start_in(sim, toml, "").await
    }

    /// Starts in a shell that has run `setting`, such as `ulimit -n 64` or `export NAME=value`. It is the process of the shell.
    pub async fn start_in(sim: &Simulator, toml: &str, setting: &str) -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let address = free_address();
        let mut conn = open_connection(&dir.path().join("data")).expect("database");
        for (name, role) in ACCOUNTS {
            OfflineAccounts(&mut conn).add(name, role, PASSWORD).expect("added");
        }
        drop(conn);
        let (child, log) = spawn(dir.path().join("usher.toml"), &configuration(sim, address, toml), setting);
        let process = Self { address, dir, child, log };
        process.until_up().await;
        process
    }

    /// Writes another configuration, which Usher reads when it is told to.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.dir.path().join("usher.toml"), text).expect("written");
    }

    /// The configuration at the start.
    pub fn configuration(&self, sim: &Simulator, toml: &str) -> String {
        configuration(sim, self.address, toml)
    }

    async fn until_up(&self) {
        let mut browser = Browser::new(self.address, "");
        wait_for(DEADLINE, "the process to serve", async || {
            let answer = browser.http.get(browser.url("/healthz")).send().await.map_err(|error| format!("{error}; {}", self.log()))?;
            if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
        })
        .await;
        browser.cookies.clear();
    }

    /// The whole log so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    pub async fn until_logged(&self, text: &str) {
        wait_for(DEADLINE, text, async || if self.log().contains(text) { Ok(()) } else { Err(self.log()) }).await;
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `TERM`, `HUP` or `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    pub async fn until_exit(&mut self, within: Duration) -> ExitStatus {
        wait_for(within, "the process to end", async || match self.child.try_wait().expect("state") {
            Some(status) => Ok(status),
            None => Err(self.log.lock().expect("log").clone()),
        })
        .await
    }

    /// Starts it again on the same address and data.
    pub async fn restart(&mut self) {
        let file = self.dir.path().join("usher.toml");
        let text = std::fs::read_to_string(&file).expect("its configuration");
        (self.child, self.log) = spawn(file, &text, "");
        self.until_up().await;
    }

    pub async fn page(&self, user: &str) -> Page {
        Page::log_in(self.address, user).await
    }
}

impl Drop for UsherProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(sim: &Simulator, address: SocketAddr, toml: &str) -> String {
    let mut text = format!("listen = \"{address}\"\ndata_dir = \"data\"\n{toml}\n");
    for bridge in sim.bridges() {
        text.push_str(&format!(
            "[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {:?}\n",
            bridge.name, bridge.url, bridge.username, bridge.password
        ));
    }
    text
}

fn spawn(file: PathBuf, text: &str, setting: &str) -> (Child, Arc<Mutex<String>>) {
    std::fs::write(&file, text).expect("written");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{setting}\nexec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_usher")]);
    command.arg("serve").arg("--config").arg(&file).env("RUST_LOG", "info").env("NO_COLOR", "1");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    let mut stderr = child.stderr.take().expect("stderr");
    let log = Arc::new(Mutex::new(String::new()));
    let writer = log.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = stderr.read(&mut buffer) {
            writer.lock().expect("log").push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    (child, log)
}
