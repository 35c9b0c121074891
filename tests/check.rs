//! `usher check` against every fault that it has words for. Each message is asserted against its fault from the simulator.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::PathBuf;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use usher::check::{CheckOutcome, CheckReport, CheckStep, KnownRecords, check_bridge, check_cluster};
use usher::config::{BridgeConfig, CdrMode, Secret, Timing, Trust};
use usher::simulator::{Options, Simulator, TlsMode, start};

const PASSWORD: &str = "correct-horse";

struct Bench {
    simulator: Simulator,
    dir: tempfile::TempDir,
}

impl Bench {
    async fn new(tls: TlsMode, switches: Value) -> Self {
        Self::sized(1, tls, switches).await
    }

    async fn sized(bridges: usize, tls: TlsMode, switches: Value) -> Self {
        let options = Options {
            bridges,
            calls: 3,
            people: 12,
            rate: 0.0,
            tls,
            switches: Some(switches.to_string()),
            password: Some(PASSWORD.to_owned()),
            ..Options::default()
        };
        let bench = Self { simulator: start(options).await.unwrap(), dir: tempfile::tempdir().unwrap() };
        if let Some(pem) = bench.simulator.ca_pem() {
            std::fs::write(bench.ca_file(), pem).unwrap();
        }
        bench
    }

    fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn config(&self, n: usize) -> BridgeConfig {
        let address = &self.simulator.bridges()[n];
        let trust = match self.simulator.ca_pem() {
            Some(_) => Trust::CaFile(self.ca_file()),
            None => Trust::System,
        };
        BridgeConfig {
            name: address.name.as_str().into(),
            url: address.url.clone(),
            username: address.username.clone(),
            password: Secret::new(&address.password),
            trust,
            cdr: CdrMode::Off,
            cdr_url: None,
        }
    }

    /// The first bridge, believed by something else than its authority.
    fn trusting(&self, trust: Trust) -> BridgeConfig {
        BridgeConfig { trust, ..self.config(0) }
    }

    /// A certificate file that has nothing to do with the bridge.
    fn another_ca(&self) -> Trust {
        let path = self.dir.path().join("another.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::write(&path, rcgen::CertificateParams::default().self_signed(&key).unwrap().pem()).unwrap();
        Trust::CaFile(path)
    }
}

fn timing() -> Timing {
    Timing {
        connect_timeout: Duration::from_secs(2),
        rest_timeout: Duration::from_secs(2),
        ack_timeout: Duration::from_secs(2),
        ..Timing::default()
    }
}

async fn check(config: &BridgeConfig) -> CheckReport {
    let report = tokio::time::timeout(Duration::from_secs(20), check_bridge(config, &timing(), KnownRecords::default()))
        .await
        .expect("the check did not end");
    assert!(!report.to_string().contains(PASSWORD), "the password is printed:\n{report}");
    report
}

/// The one failed step, which must be the last; both texts must be in it.
fn failure<'a>(report: &'a CheckReport, name: &str, found: &str, advice: &str) -> &'a CheckStep {
    let last = report.steps.last().unwrap_or_else(|| panic!("no step"));
    assert_eq!((last.name, last.outcome), (name, CheckOutcome::Fail), "{report}");
    said(report, name, CheckOutcome::Fail, found, advice)
}

fn said<'a>(report: &'a CheckReport, name: &str, outcome: CheckOutcome, found: &str, advice: &str) -> &'a CheckStep {
    let step = report.step(name).unwrap_or_else(|| panic!("no step {name}:\n{report}"));
    assert_eq!(step.outcome, outcome, "{report}");
    assert!(step.found.contains(found), "{found:?} is not in\n{report}");
    assert!(step.advice.as_deref().unwrap_or_default().contains(advice), "{advice:?} is not in\n{report}");
    step
}

#[tokio::test]
async fn a_good_bridge_passes_every_step_and_is_not_changed() {
    let bench = Bench::sized(2, TlsMode::Ca, json!({})).await;
    let report = check(&bench.config(0)).await;
    let steps: Vec<_> = report.steps.iter().map(|step| (step.name, step.outcome)).collect();
    let names = ["dns", "tcp", "tls", "login", "version", "calls", "cluster", "cdr", "token", "events"];
    assert_eq!(steps, names.map(|name| (name, CheckOutcome::Ok)), "{report}");
    assert!(report.step("version").unwrap().found.contains("3.4.1"));
    let requests = &bench.simulator.control().requests()[0];
    let changes: Vec<_> = requests.changes.iter().map(|change| (change.method.as_str(), change.path.as_str())).collect();
    assert_eq!(changes, [("POST", "/api/v1/authTokens")], "only the token is asked for");
    assert_eq!((requests.events_opened, requests.subscribe_requests), (1, 1));
}

#[tokio::test]
async fn a_bridge_of_the_cluster_that_is_not_configured_is_missed() {
    let bench = Bench::sized(2, TlsMode::Ca, json!({})).await;
    let (one, two) = (check(&bench.config(0)).await, check(&bench.config(1)).await);
    said(&one, "cluster", CheckOutcome::Ok, "this is \"eu-1\", one of 2", "");
    said(&check_cluster(&[one.clone(), two]), "peers", CheckOutcome::Ok, "all 2 Call Bridges", "");
    said(&check_cluster(&[one]), "peers", CheckOutcome::Warn, "\"eu-2\"", "Add a [[bridge]] section");
}

#[tokio::test]
async fn one_bridge_under_two_addresses_is_noticed() {
    let bench = Bench::sized(2, TlsMode::Ca, json!({})).await;
    let other = BridgeConfig { url: bench.config(0).url.replace("127.0.0.1", "localhost"), name: "again".into(), ..bench.config(0) };
    let reports = [check(&bench.config(0)).await, check(&other).await];
    said(&check_cluster(&reports), "twice", CheckOutcome::Warn, "eu-1 and again are the same Call Bridge", "Remove one");
}

#[tokio::test]
async fn an_unknown_host_is_a_matter_of_dns() {
    let bench = Bench::new(TlsMode::Off, json!({})).await;
    let config = BridgeConfig { url: "https://nowhere.invalid:445".into(), ..bench.config(0) };
    let report = check(&config).await;
    failure(&report, "dns", "no address is known for nowhere.invalid", "Correct the host in `url`");
}

#[tokio::test]
async fn a_closed_port_is_a_matter_of_webadmin() {
    let bench = Bench::new(TlsMode::Ca, json!({})).await;
    bench.simulator.control().stop_bridge("eu-1").unwrap();
    let address = bench.simulator.bridges()[0].url.replace("https://", "");
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while !tokio::net::TcpStream::connect(&address).await.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) {
        assert!(tokio::time::Instant::now() < end, "the port stays open");
    }
    let report = check(&bench.config(0)).await;
    failure(&report, "tcp", "no connection to port", "`webadmin listen <interface> <port>`");
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_is_not_configured() {
    let bench = Bench::new(TlsMode::Ca, json!({})).await;
    let another = bench.another_ca();
    let report = check(&bench.trusting(another)).await;
    failure(&report, "tls", "the certificate is from \"CN=Simulated CMS cluster CA", "Is it the right file?");
    assert!(report.step("tls").unwrap().found.contains("another.pem (ca_file)"), "{report}");
}

#[tokio::test]
async fn a_ca_file_without_a_certificate() {
    let bench = Bench::new(TlsMode::Ca, json!({})).await;
    std::fs::write(bench.ca_file(), "nothing").unwrap();
    failure(&check(&bench.config(0)).await, "tls", "holds no usable certificate", "as PEM, into the file that `ca_file`");
}

#[tokio::test]
async fn a_self_signed_certificate_is_pinned_by_the_line_that_the_check_prints() {
    let bench = Bench::new(TlsMode::SelfSigned, json!({})).await;
    let another = bench.another_ca();
    let report = check(&bench.trusting(another)).await;
    let step = failure(&report, "tls", "self-signed and has only the common name \"cms.example.org\"", "fingerprint = \"");
    let line = step.advice.as_deref().unwrap().lines().find(|line| line.starts_with("fingerprint")).unwrap();
    let text = format!("[[bridge]]\nname = \"x\"\nurl = \"https://x\"\nusername = \"x\"\npassword = \"x\"\n{line}");
    let pinned = usher::config::Config::parse(&text, bench.dir.path()).unwrap().bridges.remove(0).trust;
    let report = check(&bench.trusting(pinned)).await;
    assert!(!report.failed(), "{report}");
    said(&report, "tls", CheckOutcome::Ok, "the pinned one", "");
}

#[tokio::test]
async fn a_common_name_counts_for_no_host_even_when_the_certificate_itself_is_the_authority() {
    let bench = Bench::new(TlsMode::SelfSigned, json!({})).await;
    failure(&check(&bench.config(0)).await, "tls", "only the common name \"cms.example.org\"", "instead of `ca_file`");
}

#[tokio::test]
async fn a_fingerprint_that_differs_is_printed_with_the_one_that_was_found() {
    let bench = Bench::new(TlsMode::Ca, json!({})).await;
    let report = check(&bench.trusting(Trust::Fingerprint([7; 32]))).await;
    let step = failure(&report, "tls", &format!("usher.toml has {}", hex::encode([7; 32])), "someone else answers at this address");
    assert!(step.advice.as_deref().unwrap().contains("\nfingerprint = \""), "{report}");
}

#[rstest]
#[case(TlsMode::Expired, "the certificate expired on 2021-01-01", "webadmin certs")]
#[case(
    TlsMode::WrongHost,
    "the certificate is for elsewhere.example.org, not for 127.0.0.1",
    "Use one of these names as the host in `url`"
)]
#[tokio::test]
async fn a_certificate_of_the_right_authority_can_still_be_wrong(#[case] mode: TlsMode, #[case] found: &str, #[case] advice: &str) {
    let bench = Bench::new(mode, json!({})).await;
    failure(&check(&bench.config(0)).await, "tls", found, advice);
}

#[tokio::test]
async fn an_unchecked_certificate_is_a_warning_with_the_line_to_pin_it() {
    let bench = Bench::new(TlsMode::SelfSigned, json!({})).await;
    let report = check(&bench.trusting(Trust::Insecure)).await;
    said(&report, "tls", CheckOutcome::Warn, "insecure = true", "fingerprint = \"");
    assert!(!report.failed());
}

#[tokio::test]
async fn wrong_credentials_are_shown_to_the_bridge_exactly_once() {
    let bench = Bench::new(TlsMode::Ca, json!({})).await;
    let config = BridgeConfig { password: Secret::new("wrong"), ..bench.config(0) };
    let report = check(&config).await;
    let step = failure(&report, "login", "the user name \"usher\" or its password was refused (401)", "user add <name> api");
    assert!(step.advice.as_deref().unwrap().contains("lock"), "{report}");
    assert!(!report.to_string().contains("wrong\""), "{report}");
    let requests = &bench.simulator.control().requests()[0];
    assert_eq!((requests.total, requests.unauthorized), (1, 1));
}

#[tokio::test]
async fn a_user_without_the_role_is_told_which_role() {
    let bench = Bench::new(TlsMode::Ca, json!({"rest_status": 403})).await;
    let report = check(&bench.config(0)).await;
    said(&report, "login", CheckOutcome::Warn, "may not read /system/status (403)", "`api` or `admin`");
    said(&report, "calls", CheckOutcome::Fail, "the list of calls is forbidden to \"usher\" (403)", "user list");
    failure(&report, "token", "a token for the events is forbidden", "`api` or `admin`");
}

#[rstest]
#[case(json!({"rest_status": 503}), "login", "busy (503)", "Try again in a minute")]
#[case(json!({"rest_hang": true}), "login", "no answer within", "overloaded or restarting")]
#[case(json!({"garbage_xml": true}), "login", "does not answer like a CMS", "`webadmin` shows its interface and port")]
#[case(json!({"token_status": 403}), "token", "a token for the events is forbidden to \"usher\" (403)", "`api` or `admin`")]
#[case(json!({"token_status": 401}), "token", "after the same password had been accepted", "No more requests are sent")]
#[case(json!({"token_status": 404}), "token", "gave no token", "by REST only")]
#[case(json!({"events_status": 403}), "events", "was not opened: the WebSocket was refused", "must let WebSockets pass")]
#[case(json!({"subscribe_refused": true, "error_status": "tooMany"}), "events", "refused the subscription to its calls (status \"tooMany\")", "by REST only")]
#[case(json!({"events_stall": true}), "events", "was not acknowledged within 2s", "by REST only")]
#[tokio::test]
async fn each_refusal_is_said_with_its_remedy(#[case] fault: Value, #[case] step: &str, #[case] found: &str, #[case] advice: &str) {
    let bench = Bench::new(TlsMode::Ca, fault).await;
    failure(&check(&bench.config(0)).await, step, found, advice);
}

#[tokio::test]
async fn an_old_version_is_a_failure_but_the_rest_is_still_tried() {
    let bench = Bench::new(TlsMode::Ca, json!({"version": "2.8.1"})).await;
    let report = check(&bench.config(0)).await;
    said(&report, "version", CheckOutcome::Fail, "CMS 2.8.1 cannot admit single people; 2.9", "Upgrade the bridge");
    said(&report, "events", CheckOutcome::Ok, "acknowledged", "");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls() {
    let port = answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let bench = Bench::new(TlsMode::Off, json!({})).await;
    let config = BridgeConfig { url: format!("https://127.0.0.1:{port}"), ..bench.config(0) };
    failure(&check(&config).await, "tls", "does not speak TLS", "The port is not that of the Web Admin interface");
}

#[tokio::test]
async fn a_web_server_that_is_no_cms() {
    let port = answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let bench = Bench::new(TlsMode::Off, json!({})).await;
    let config = BridgeConfig { url: format!("http://127.0.0.1:{port}"), ..bench.config(0) };
    let report = check(&config).await;
    said(&report, "tls", CheckOutcome::Warn, "plain HTTP", "use https");
    failure(&report, "login", "this does not answer like a CMS", "another part of CMS (Web Bridge)");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bench = Bench::new(TlsMode::Off, json!({})).await;
    let config = BridgeConfig { url: format!("https://{}", listener.local_addr().unwrap()), ..bench.config(0) };
    failure(&check(&config).await, "tls", "no TLS handshake within 2s", "no proxy in between");
}

/// A server that answers anything by this.
async fn answering(reply: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(reply.as_bytes()).await;
            });
        }
    });
    port
}

/// The whole command: what people see and the exit code.
#[tokio::test]
async fn the_command_ends_with_1_when_a_bridge_failed_and_0_when_all_passed() {
    let bench = Bench::sized(2, TlsMode::Ca, json!({})).await;
    let whole = |second: &str| {
        let blocks = bench.simulator.bridges().iter().map(|b| (b, if b.name == "eu-2" { second } else { PASSWORD }));
        let text: String = blocks
            .map(|(b, word)| {
                format!(
                    "[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {word:?}\nca_file = \"ca.pem\"\n",
                    b.name, b.url, b.username
                )
            })
            .collect();
        std::fs::write(bench.dir.path().join("usher.toml"), text).unwrap();
        let program = env!("CARGO_BIN_EXE_usher");
        let file = bench.dir.path().join("usher.toml");
        async move {
            tokio::task::spawn_blocking(move || {
                std::process::Command::new(program).arg("check").arg("--config").arg(file).output().unwrap()
            })
            .await
            .unwrap()
        }
    };
    let good = whole(PASSWORD).await;
    let out = String::from_utf8(good.stdout).unwrap();
    assert_eq!(good.status.code(), Some(0), "{out}");
    assert!(out.contains("\n  ok    events    the socket opened") && out.ends_with("All passed.\n"), "{out}");
    let bad = whole("another").await;
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8(bad.stderr).unwrap().contains("usher: 1 of 2 bridges failed"));
    let before: Vec<_> = std::fs::read_dir(bench.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(before.len(), 2, "nothing is written to disk: {before:?}");
}
