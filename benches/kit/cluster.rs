//! `usher simulate` as a process of its own, controlled through its control API.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::process::Process;

pub struct Cluster {
    pub process: Process,
    /// The `[[bridge]]` blocks for a configuration.
    pub bridges: String,
    control: String,
    http: reqwest::Client,
}

impl Cluster {
    /// Bridges without TLS, on loopback.
    pub fn start(bridges: usize, calls: usize, people: usize, latency_ms: u64, rate: f64) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command.args(["simulate", "--tls", "off", "--seed", "7"]).stdout(Stdio::piped()).env("RUST_LOG", "warn");
        for (key, value) in [("--bridges", bridges), ("--calls", calls), ("--people", people)] {
            command.args([key, &value.to_string()]);
        }
        command.args(["--latency-ms", &latency_ms.to_string(), "--rate", &rate.to_string()]);
        let mut process = Process::start(&mut command);
        let mut lines = BufReader::new(process.child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
        let control = lines.find_map(|line| line.strip_prefix("Control API: ").map(str::to_owned)).expect("a control URL");
        let mut blocks = String::new();
        for line in lines.by_ref().skip_while(|line| !line.starts_with("[[bridge]]")) {
            blocks.push_str(&line);
            blocks.push('\n');
            if blocks.matches("password").count() == bridges {
                break;
            }
        }
        // Read its output until the end, so that it never blocks.
        std::thread::spawn(move || lines.for_each(drop));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("client");
        Self { process, bridges: blocks, control, http }
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.control)).json_body(&body).send().await.expect("answered");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.control)).send().await.expect("answered");
        serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON")
    }

    /// REST requests to all bridges since the last reset.
    pub async fn requests(&self) -> u64 {
        self.requests_by_bridge().await.iter().sum()
    }

    pub async fn requests_by_bridge(&self) -> Vec<u64> {
        let bridges = self.get("/requests").await;
        bridges.as_array().expect("bridges").iter().map(|bridge| bridge["total"].as_u64().expect("a count")).collect()
    }

    pub async fn forget_requests(&self) {
        self.post("/requests/reset", json!({})).await;
    }

    /// A meeting whose guests wait, because it has no activator.
    pub async fn meeting(&self, name: &str, bridge: &str) -> String {
        let meeting = self.post("/start", json!({ "name": name, "bridge": bridge, "space": true })).await;
        meeting["id"].as_str().expect("an id").to_owned()
    }

    pub async fn join(&self, meeting: &str, bridge: &str, name: &str) -> String {
        let person = self.post("/join", json!({ "meeting": meeting, "bridge": bridge, "name": name, "role": "guest" })).await;
        person["id"].as_str().expect("an id").to_owned()
    }
}

/// reqwest is built without its `json` feature.
trait JsonBody {
    fn json_body(self, body: &Value) -> Self;
}

impl JsonBody for reqwest::RequestBuilder {
    fn json_body(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}
