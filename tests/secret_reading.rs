//! Every place that reads a secret reads it the same way: characters that files, editors and shells add are no part of it.
#![cfg(unix)]

mod common;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::desk::{PASSWORD, quiet};
use common::server::ServerSetup;
use usher::accounts::{Accounts, HashQueue};
use usher::config::Config;
use usher::db::Db;
use usher::model::Role;
use usher::simulator::{self, BridgeAddress};

const SECRET: &str = "correct horse, battery";

/// Text around a secret, and the result: the secret, or an error with these words.
fn surroundings(secret: &str) -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let utf16 = secret.encode_utf16().flat_map(u16::to_le_bytes);
    vec![
        ("as it is", secret.into(), None),
        ("end of line", format!("{secret}\n").into(), None),
        ("of Windows", format!("{secret}\r\n").into(), None),
        ("byte order mark", format!("\u{feff}{secret}").into(), None),
        ("both", format!("\u{feff}{secret}\r\n").into(), None),
        ("nothing", Vec::new(), Some("nothing")),
        ("an end of line alone", "\r\n".into(), Some("nothing")),
        ("a mark alone", "\u{feff}\n".into(), Some("nothing")),
        ("blank behind", format!("{secret} \n").into(), Some("blanks around it")),
        ("blank that nobody sees", format!("\u{200b}{secret}").into(), Some("blanks around it")),
        ("control character", format!("{secret}\t!").into(), Some("control character")),
        ("UTF-16", [0xff, 0xfe].into_iter().chain(utf16).collect(), Some("UTF-16")),
        ("Latin 1", [secret.as_bytes(), b"\xfc"].concat(), Some("UTF-8")),
    ]
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

async fn usher(dir: &Path, arguments: &[&str], env: Option<&[u8]>, input: &[u8]) -> Output {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.current_dir(dir).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(value) = env {
        command.env("USHER_TEST_PASSWORD", OsStr::from_bytes(value));
    }
    let mut child = command.spawn().expect("started");
    // The program may refuse before it reads, and then it has closed the pipe.
    let _ = child.stdin.take().expect("stdin").write_all(input);
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    common::in_time("the end of the command", ended).await.expect("no panic").expect("ended")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn bridge(bridge: &BridgeAddress, password: &str) -> String {
    format!("[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\n{password}\n", bridge.name, bridge.url, bridge.username)
}

/// As the configuration is written: TOML has escapes of its own for what a text can't hold.
fn toml_text(text: &str) -> String {
    let escaped = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) });
    format!("\"{}\"", escaped.collect::<String>())
}

#[tokio::test]
async fn the_password_of_a_bridge_is_the_same_in_the_file_in_a_file_of_its_own_and_in_the_environment() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let there = &sim.bridges()[0];
    let dir = tempfile::tempdir().expect("directory");
    for (what, bytes, refused) in surroundings(&there.password) {
        std::fs::write(dir.path().join("password"), &bytes).expect("written");
        // An environment holds no such text.
        let env = (!bytes.contains(&0)).then_some(&*bytes);
        let inline = text_of(&bytes).map(|text| format!("password = {}", toml_text(text)));
        let by_env = env.map(|_| "password_env = \"USHER_TEST_PASSWORD\"".to_owned());
        for line in [inline, Some("password_file = \"password\"".into()), by_env].into_iter().flatten() {
            std::fs::write(dir.path().join("usher.toml"), bridge(there, &line)).expect("written");
            let output = usher(dir.path(), &["check"], env, b"").await;
            let said = said(&output);
            match refused {
                // CMS believes it.
                None => assert_eq!(output.status.code(), Some(0), "{what}, {line}: {said}"),
                Some(words) => {
                    assert_eq!(output.status.code(), Some(2), "{what}, {line}: {said}");
                    let key = line.split(" = ").next().expect("a key");
                    assert!(said.contains(&format!("`bridge[0].{key}")) && said.contains(words), "{what}, {line}: {said}");
                }
            }
            assert!(!said.contains(&there.password), "{what}, {line}: {said}");
        }
    }
}

#[test]
fn the_token_of_the_metrics_is_the_same_in_the_file_and_in_a_file_of_its_own() {
    let dir = tempfile::tempdir().expect("directory");
    let bridge = "[[bridge]]\nname = \"a\"\nurl = \"https://a\"\nusername = \"u\"\npassword = \"p\"\n";
    for (what, bytes, refused) in surroundings(SECRET) {
        std::fs::write(dir.path().join("token"), &bytes).expect("written");
        let inline = text_of(&bytes).map(|text| format!("token = {}", toml_text(text)));
        for line in [inline, Some("token_file = \"token\"".into())].into_iter().flatten() {
            let read = Config::parse(&format!("[metrics]\n{line}\n{bridge}"), dir.path());
            match refused {
                None => assert_eq!(read.expect(what).web.metrics_token.expect("a token").expose(), SECRET, "{what}, {line}"),
                Some(words) => {
                    let error = read.expect_err(what).to_string();
                    assert!(
                        error.contains("`metrics.token") && error.contains(words) && !error.contains(SECRET),
                        "{what}, {line}: {error}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn the_token_is_asked_for_as_it_is_whatever_letters_it_has() {
    let site = ServerSetup::config("metrics.token = \"geheimnis-größe\"").start().await;
    let status = async |value: &[u8]| {
        let value = axum::http::HeaderValue::from_bytes(value).expect("a header");
        let request = site.browser().http.get(format!("http://{}/metrics", site.address)).header("x-forwarded-for", "192.0.2.1");
        request.header("authorization", value).send().await.expect("answered").status().as_u16()
    };
    for right in ["Bearer geheimnis-größe", "bearer geheimnis-größe", "Bearer   geheimnis-größe "] {
        assert_eq!(status(right.as_bytes()).await, 200, "{right}");
    }
    for wrong in ["Bearer geheimnis", "Bearer", "Basic geheimnis-größe", "geheimnis-größe", "Bearer geheimnis-größe2"] {
        assert_eq!(status(wrong.as_bytes()).await, 403, "{wrong}");
    }
}

#[tokio::test]
async fn the_password_of_a_user_is_what_was_piped_without_what_surrounds_it() {
    let dir = tempfile::tempdir().expect("directory");
    let text = "[[bridge]]\nname = \"a\"\nurl = \"https://a\"\nusername = \"u\"\npassword = \"p\"\n";
    std::fs::write(dir.path().join("usher.toml"), text).expect("written");
    let accounts = Accounts::new(Db::open(&dir.path().join("usher-data")).expect("database"), Duration::from_secs(3600));
    accounts.add("ana", Role::Admin, PASSWORD).await.expect("added");
    for (what, bytes, refused) in surroundings(SECRET) {
        for more in [&b""[..], b"and another line\n"] {
            // Only the first line counts, which ends somewhere.
            if !more.is_empty() && !bytes.ends_with(b"\n") {
                continue;
            }
            accounts.set_password("ana", PASSWORD).await.expect("set");
            let output = usher(dir.path(), &["user", "passwd", "ana", "--password-stdin"], None, &[&bytes, more].concat()).await;
            let said = said(&output);
            assert_eq!(output.status.success(), refused.is_none(), "{what}: {said}");
            assert!(said.contains(refused.unwrap_or("new password")) && !said.contains(SECRET), "{what}: {said}");
            let now = if refused.is_none() { SECRET } else { PASSWORD };
            let user = accounts.verify("ana", now, HashQueue::Known).await.expect("read").expect("not busy");
            assert!(user.is_some(), "{what}");
        }
    }
}
