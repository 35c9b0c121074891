//! Unusual certificates and ciphers of real bridges, shown by OpenSSL: a pinned key is accepted whatever else its certificate contains, and
//! where the crypto can't verify it, or shares no cipher suite, `usher check` says what is needed.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{DEADLINE, free_address, in_time, wait_for};
use rstest::rstest;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use usher::check::{CheckOutcome, CheckReport, KnownRecords, check_bridge};
use usher::config::{BridgeConfig, CdrMode, Secret, Timing, Trust};

/// `openssl` with these arguments, in this directory.
fn openssl(dir: &Path, args: &str) {
    let made = Command::new("openssl").args(args.split(' ')).current_dir(dir).output().expect("openssl; tests/run installs it");
    assert!(made.status.success(), "openssl {args}: {}", String::from_utf8_lossy(&made.stderr));
}

/// An HTTPS server that is no CMS, but shows the certificate in `c` with the key in `k`.
struct Server {
    address: SocketAddr,
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `commands`: how key and certificate are made; `options`: of the server.
    async fn start(commands: &[&str], options: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("critical.cnf"), "[x]\n1.2.3.4=critical,ASN1:UTF8String:odd\n").unwrap();
        commands.iter().for_each(|command| openssl(dir.path(), command));
        let address = free_address();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-www", "-quiet", "-cert", "c", "-key", "k", "-accept", &address.to_string()]);
        command.args(options.split(' ').filter(|option| !option.is_empty()));
        let child = command.current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for(DEADLINE, "s_server", async || TcpStream::connect(address).await.map(drop)).await;
        Self { address, child, dir }
    }

    fn pin(&self) -> Trust {
        openssl(self.dir.path(), "x509 -in c -outform DER -out der");
        Trust::Fingerprint(Sha256::digest(std::fs::read(self.dir.path().join("der")).unwrap()).into())
    }

    async fn check(&self, trust: Trust) -> CheckReport {
        let config = BridgeConfig {
            name: "cms1".into(),
            url: format!("https://{}", self.address),
            username: "usher".into(),
            password: Secret::new("correct-horse"),
            trust,
            cdr: CdrMode::Off,
            cdr_url: None,
        };
        let timing = Timing { connect_timeout: Duration::from_secs(5), rest_timeout: Duration::from_secs(5), ..Timing::default() };
        in_time("the check", check_bridge(&config, &timing, KnownRecords::default())).await
    }
}

fn tls(report: &CheckReport) -> (CheckOutcome, String) {
    let step = report.step("tls").unwrap_or_else(|| panic!("no step tls:\n{report}"));
    (step.outcome, format!("{} {}", step.found, step.advice.as_deref().unwrap_or_default()))
}

const VERSION_1: [&str; 2] =
    ["req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /CN=cms1", "x509 -req -in r -signkey k -days 30 -out c"];

#[rstest]
#[case::version_1(&VERSION_1)]
#[case::critical_extension_that_nobody_knows(&["req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=cms1 -config critical.cnf -extensions x"])]
#[case::negative_serial_number(&["req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=cms1 -set_serial -5"])]
#[case::serial_number_of_zero(&["req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=cms1 -set_serial 0"])]
#[case::without_any_name(&["req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /"])]
#[case::signed_with_sha_1(&["req -x509 -newkey rsa:2048 -sha1 -nodes -keyout k -out c -subj /CN=cms1"])]
#[case::signed_with_md5(&["req -x509 -newkey rsa:2048 -md5 -nodes -keyout k -out c -subj /CN=cms1"])]
#[case::for_ever(&["req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=cms1 -days 999999"])]
#[case::rsa_4096(&["req -x509 -newkey rsa:4096 -nodes -keyout k -out c -subj /CN=cms1"])]
#[case::p256(&["req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c -subj /CN=cms1"])]
#[case::p384(&["req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout k -out c -subj /CN=cms1"])]
#[case::ed25519(&["req -x509 -newkey ed25519 -nodes -keyout k -out c -subj /CN=cms1"])]
#[tokio::test]
async fn a_pinned_key_is_believed_whatever_else_its_certificate_says(#[case] commands: &[&str], #[values("", "-tls1_2")] options: &str) {
    let server = Server::start(commands, options).await;
    for trust in [server.pin(), Trust::Insecure] {
        let report = server.check(trust).await;
        let (outcome, words) = tls(&report);
        assert!(outcome != CheckOutcome::Fail, "{words}\n{report}");
        let last = report.steps.last().unwrap();
        assert!(last.name != "tls", "what answers is asked for more:\n{report}");
    }
}

#[rstest]
#[case::rsa_1024(&["req -x509 -newkey rsa:1024 -nodes -keyout k -out c -subj /CN=cms1"], "-cipher DEFAULT@SECLEVEL=0", "an RSA key of 1024 bits")]
#[case::p521(&["req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout k -out c -subj /CN=cms1"], "", "P-384")]
#[case::rsa_for_pss_only(
    &["genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out k", "req -x509 -new -key k -out c -subj /CN=cms1"],
    "",
    "kind of key"
)]
#[case::ed448(&["req -x509 -newkey ed448 -nodes -keyout k -out c -subj /CN=cms1"], "", "Ed25519")]
#[tokio::test]
async fn a_key_that_cannot_be_verified_is_named_with_those_that_can(#[case] commands: &[&str], #[case] options: &str, #[case] named: &str) {
    let server = Server::start(commands, options).await;
    let pin = server.pin();
    for options in [pin, Trust::Insecure] {
        let (outcome, words) = tls(&server.check(options).await);
        assert_eq!(outcome, CheckOutcome::Fail, "{words}");
        assert!(words.contains(named), "{words}");
        assert!(!words.contains("Web Admin interface"), "the port is right: {words}");
    }
}

#[rstest]
#[case::cbc("-tls1_2 -cipher ECDHE-RSA-AES256-SHA384")]
#[case::finite_field("-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384")]
#[case::plain_rsa("-tls1_2 -cipher AES256-GCM-SHA384")]
#[tokio::test]
async fn a_bridge_without_a_common_cipher_suite_is_told_which_are(#[case] options: &str) {
    let server = Server::start(&VERSION_1, options).await;
    let (outcome, words) = tls(&server.check(server.pin()).await);
    assert_eq!(outcome, CheckOutcome::Fail, "{words}");
    assert!(words.contains("ECDHE") && words.contains("GCM"), "the suites that it needs: {words}");
}
