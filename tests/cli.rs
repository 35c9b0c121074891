//! The program on the command line: configuration mistakes, users, first start, stopping.

mod common;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use common::wait_for;

const BRIDGE: &str = "[[bridge]]\nname = \"eu-1\"\nurl = \"http://127.0.0.1:9\"\nusername = \"api\"\npassword = \"hunter2-secret\"\n";

fn usher(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.current_dir(directory).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(directory: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = usher(directory, arguments).spawn().expect("started");
    child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("written");
    child.wait_with_output().expect("ended")
}

fn directory(config: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("directory");
    std::fs::write(directory.path().join("usher.toml"), config).expect("written");
    directory
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Ends the child also when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_configuration_mistake_is_named_and_ends_with_code_2_before_anything_is_made() {
    let directory = directory(&format!("listen = \"nowhere\"\n{BRIDGE}"));
    for command in ["serve", "check"] {
        let output = run(directory.path(), &[command], "");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("`listen`") && said.contains("\"nowhere\"") && said.contains("127.0.0.1:8080"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(!directory.path().join("usher-data").exists());
}

#[test]
fn a_missing_configuration_is_said_with_what_to_copy_where() {
    let directory = tempfile::tempdir().expect("directory");
    for (arguments, file) in
        [(&["serve"][..], "usher.toml"), (&["serve", "--config", "other.toml"], "other.toml"), (&["check"], "usher.toml")]
    {
        let output = run(directory.path(), arguments, "");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("copy usher.example.toml, which comes with Usher, to {file}")), "{said}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).expect("directory").count(), 0, "nothing is made");
}

#[test]
fn all_mistakes_of_a_configuration_are_said_at_once() {
    let directory = directory(&format!("listen = \"nowhere\"\nlisen = 1\nsockets_per_user = 0\n{BRIDGE}pasword = \"hunter2\"\n"));
    let output = run(directory.path(), &["serve"], "");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for key in ["`listen`", "`lisen`", "`sockets_per_user`", "`bridge[0].pasword`"] {
        assert!(said.contains(key), "{key} in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

/// `check` and a starting server warn about the same file that others may read.
#[cfg(unix)]
#[tokio::test]
async fn files_with_secrets_that_others_may_read_are_named_with_the_command_that_closes_them() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory(&format!(
        "listen = \"127.0.0.1:0\"\n{BRIDGE}{}",
        BRIDGE.replace("eu-1", "eu-2").replace(":9", ":19").replace("password = \"hunter2-secret\"", "password_file = \"eu-2.password\"")
    ));
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("eu-2.password"), "hunter2\n").expect("written");
    drop(usher::db::open_connection(&path("usher-data")).expect("database"));
    std::fs::write(path("usher-data/usher.db-wal"), "").expect("written");
    let files = [
        ("usher.toml", 0o644, "600"),
        ("eu-2.password", 0o604, "600"),
        ("usher-data", 0o755, "700"),
        ("usher-data/usher.db", 0o640, "600"),
    ];
    let files = files.into_iter().chain([("usher-data/usher.db-wal", 0o644, "600")]);
    let warnings = |said: &str| said.lines().filter(|line| line.contains("open to other users")).count();
    let close = |name: &str, mode: &str| format!("chmod {mode} {name}");
    let mut expected = 0;
    let restrict = |name: &str, mode| std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode)).expect("mode");
    for name in ["usher.toml", "eu-2.password", "usher-data/usher.db-wal"] {
        restrict(name, 0o600);
    }
    let said = |output: &Output| text(&output.stdout) + &text(&output.stderr);
    assert_eq!(warnings(&said(&run(directory.path(), &["check"], ""))), 0, "all are closed");
    for (name, mode, closed) in files {
        restrict(name, mode);
        expected += 1;
        let said = said(&run(directory.path(), &["check"], ""));
        assert_eq!(warnings(&said), expected, "{name}: {said}");
        assert!(said.contains(&close(name, closed)) && said.contains(&format!("mode {mode:04o}")) && !said.contains("hunter2"), "{said}");
    }
    let mut child = Running(usher(directory.path(), &["serve"]).spawn().expect("started"));
    let log = log_of(&mut child);
    wait_for(common::DEADLINE, "the start", async || {
        let said = log.lock().expect("log").clone();
        if said.contains("started") && warnings(&said) == expected { Ok(()) } else { Err(said) }
    })
    .await;
}

#[cfg(unix)]
#[test]
fn a_credential_of_systemd_is_not_judged_by_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let credentials = tempfile::tempdir().expect("directory");
    let file = credentials.path().join("cms1");
    std::fs::write(&file, "hunter2-secret\n").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).expect("mode");
    let directory = directory(&BRIDGE.replace("password = \"hunter2-secret\"", &format!("password_file = {file:?}")));
    let warned = |place: Option<&std::path::Path>| {
        let mut command = usher(directory.path(), &["check"]);
        if let Some(place) = place {
            command.env("CREDENTIALS_DIRECTORY", place);
        }
        let output = command.output().expect("run");
        (text(&output.stdout) + &text(&output.stderr)).contains("cms1 (bridge[0].password_file) is open to other users")
    };
    assert!(warned(None), "an ordinary file");
    assert!(!warned(Some(credentials.path())), "a credential");
}

/// Everything that it says, as it comes.
fn log_of(child: &mut Running) -> std::sync::Arc<std::sync::Mutex<String>> {
    let mut stderr = child.0.stderr.take().expect("stderr");
    let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let writer = log.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = stderr.read(&mut buffer) {
            writer.lock().expect("log").push_str(&text(&buffer[..read]));
        }
    });
    log
}

#[test]
fn an_empty_secret_is_a_mistake_of_the_configuration() {
    let directory = directory(&BRIDGE.replace("password = \"hunter2-secret\"", "password_file = \"secret\""));
    for (content, expected) in [("\r\n", "nothing"), ("\u{feff}", "nothing"), (" hunter2", "blanks around it")] {
        std::fs::write(directory.path().join("secret"), content).expect("written");
        let output = run(directory.path(), &["check"], "");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("`bridge[0].password_file`") && said.contains(expected) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn users_are_managed_from_the_command_line() {
    let directory = directory(BRIDGE);
    let user = |arguments: &[&str], input: &str| {
        let mut all = vec!["user"];
        all.extend(arguments);
        run(directory.path(), &all, input)
    };
    let short = user(&["add", "ana", "--role", "admin", "--password-stdin"], "short\n");
    assert!(!short.status.success());
    assert!(user(&["add", "ana", "--role", "admin", "--password-stdin"], "correct horse\n").status.success());
    assert!(user(&["add", "mo", "--password-stdin"], "correct horse\n").status.success());
    let list = text(&user(&["list"], "").stdout);
    assert!(list.contains("ana") && list.contains("admin") && list.contains("mo") && list.contains("moderator"), "{list}");
    assert!(user(&["passwd", "mo", "--password-stdin"], "battery staple\n").status.success());
    assert!(user(&["role", "mo", "viewer"], "").status.success());
    assert!(user(&["remove", "mo"], "").status.success());
    let last = user(&["remove", "ana"], "");
    assert!(!last.status.success(), "the last admin stays: {}", text(&last.stdout));
    assert!(!text(&user(&["list"], "").stdout).contains("mo "), "removed");
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_start_says_what_to_type_and_a_stop_is_clean() {
    let directory = directory(&format!("listen = \"127.0.0.1:0\"\n{BRIDGE}"));
    let mut child = Running(usher(directory.path(), &["serve"]).spawn().expect("started"));
    let log = log_of(&mut child);
    wait_for(common::DEADLINE, "the hint", async || {
        let said = log.lock().expect("log").clone();
        if said.contains("usher user add") && said.contains("--config usher.toml") { Ok(()) } else { Err(said) }
    })
    .await;
    assert!(!log.lock().expect("log").contains("hunter2"));
    assert!(!log.lock().expect("log").contains('\u{1b}'), "no colours where nobody sees them");
    let stopped = Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("kill");
    assert!(stopped.success());
    let code = wait_for(Duration::from_secs(10), "the end", async || match child.0.try_wait().expect("state") {
        Some(status) => Ok(status.code()),
        None => Err(log.lock().expect("log").clone()),
    })
    .await;
    assert_eq!(code, Some(0));
}

#[test]
fn the_demo_listens_on_loopback_only() {
    let directory = tempfile::tempdir().expect("directory");
    let output = run(directory.path(), &["demo", "--listen", "0.0.0.0:0"], "");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("loopback"), "{}", text(&output.stderr));
}

/// Where it is run by root, as in many containers; anybody else's database is their own.
#[cfg(unix)]
#[test]
fn a_first_user_that_root_adds_leaves_a_database_that_the_server_can_use_or_says_so() {
    use std::os::unix::fs::MetadataExt;
    let directory = directory(BRIDGE);
    let owner = |name: &str| std::fs::metadata(directory.path().join(name)).map(|data| (data.uid(), data.gid())).expect("there");
    let add = |name: &str| run(directory.path(), &["user", "add", name, "--password-stdin"], "correct horse\n");
    let by_root = owner("usher.toml").0 == 0;
    let said = text(&add("ana").stderr);
    assert_eq!(said.contains("made for root alone"), by_root, "{said}");
    if !by_root {
        eprintln!("only part of it tried: only root can give files away");
        return;
    }
    std::fs::remove_dir_all(directory.path().join("usher-data")).expect("removed");
    std::os::unix::fs::chown(directory.path(), Some(4321), Some(4322)).expect("given");
    let added = add("ana");
    assert!(added.status.success() && !text(&added.stderr).contains("made for root"), "{}", text(&added.stderr));
    for name in ["usher-data", "usher-data/usher.db", "usher-data/usher.lock"] {
        assert_eq!(owner(name), (4321, 4322), "{name}");
    }
}

/// Sections of a chain: a good one, one that was cut off, and another good one.
fn damaged_chain(leaf: &str) -> String {
    let other = rcgen::generate_simple_self_signed(vec!["ca.example".into()]).expect("certificate").cert.pem();
    let cut: String = other.lines().take(3).map(|line| format!("{line}\n")).collect();
    format!("{leaf}{cut}{other}")
}

#[tokio::test]
async fn a_damaged_certificate_in_the_servers_chain_is_named_at_the_start_and_when_the_file_changes() {
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("certificate");
    let directory = directory(&format!("listen = \"127.0.0.1:0\"\n[tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n{BRIDGE}"));
    let chain = directory.path().join("cert.pem");
    std::fs::write(directory.path().join("key.pem"), certificate.signing_key.serialize_pem()).expect("key");
    let leaf = certificate.cert.pem();
    let line = |before: usize| format!("certificate 2 (line {}) can't be used", before + leaf.lines().count() + 1);
    std::fs::write(&chain, damaged_chain(&leaf)).expect("chain");
    let mut child = Running(usher(directory.path(), &["serve"]).spawn().expect("started"));
    let log = log_of(&mut child);
    let says = async |text: String| {
        wait_for(common::DEADLINE, &text, async || {
            let said = log.lock().expect("log").clone();
            if said.contains(&text) { Ok(()) } else { Err(said) }
        })
        .await;
    };
    says(line(0)).await;
    says("cert.pem".into()).await;
    std::fs::write(&chain, damaged_chain(&format!("moved down\n{leaf}"))).expect("chain");
    says("certificate replaced".into()).await;
    says(line(1)).await;

    // Where the leaf itself is the damaged one, that is the reason why nothing works.
    std::fs::write(&chain, damaged_chain("")).expect("chain");
    let output = run(directory.path(), &["serve"], "");
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("certificate 1 (line 1) can't be used"), "{said}");
}
