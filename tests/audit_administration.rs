//! The audit log has entries about Usher itself: sign-ins, accounts, exports, the configuration, backups, from pages and from the
//! command line.

mod common;

use std::path::Path;
use std::process::Command;

use common::browser::Browser;
use common::desk::{ACCOUNTS, Desk, PASSWORD, quiet};
use common::usher_process::UsherProcess;
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::Value;
use usher::audit::{AuditEvent, LogFilter, find_entries};
use usher::db::open_connection;

const OTHER: &str = "battery staple horse";

/// Event, user and detail of each entry, oldest first.
fn told(dir: &Path) -> Vec<[String; 3]> {
    let conn = open_connection(dir).expect("database");
    let slice = find_entries(&conn, &LogFilter::default(), None, usize::MAX, usize::MAX).expect("a look");
    slice.lines.iter().rev().map(|line| [line.action.clone(), line.user.clone(), line.detail.clone()]).collect()
}

async fn until_told(dir: &Path, expected: &[[&str; 3]]) {
    wait_for(DEADLINE, "the entries", async || if told(dir) == expected { Ok(()) } else { Err(told(dir)) }).await;
}

fn of(dir: &Path, what: &str) -> Vec<[String; 3]> {
    told(dir).into_iter().filter(|[action, ..]| action == what).collect()
}

async fn signed_in(address: std::net::SocketAddr, user: &str) -> Browser {
    let mut browser = Browser::new(address, "");
    browser.login(user, PASSWORD).await;
    browser
}

#[tokio::test]
async fn what_an_administrator_does_to_accounts_is_an_entry_before_the_answer() {
    let desk = Desk::start(quiet(1)).await;
    let (dir, address) = (desk.dir.path(), desk.app.address);
    let mut ana = signed_in(address, "ana").await;
    let post = async |ana: &mut Browser, path: &str, fields: &[(&str, &str)]| ana.post("/users", path, fields).await.status;
    assert_eq!(post(&mut ana, "/users", &[("name", " ben "), ("role", "viewer"), ("password", OTHER)]).await, 200);
    assert_eq!(post(&mut ana, "/users/BEN/role", &[("role", "moderator")]).await, 200);
    assert_eq!(post(&mut ana, "/users/ben/password", &[("password", "another good one")]).await, 200);
    assert_eq!(post(&mut ana, "/users/ben/remove", &[]).await, 200);
    assert_eq!(post(&mut ana, "/users/ana/role", &[("role", "viewer")]).await, 400);
    let mut mo = signed_in(address, "mo").await;
    let fields = [("current", PASSWORD), ("password", OTHER), ("again", OTHER)];
    assert_eq!(mo.post("/account", "/account/password", &fields).await.status, 200);
    assert_eq!(mo.post("/account", "/logout", &[]).await.status, 303);
    // Read at once: what was answered is on disk.
    let expected = [
        ["sign_in", "ana", ""],
        ["user_add", "ana", "ben (viewer)"],
        ["user_role", "ana", "ben (viewer → moderator)"],
        ["user_password", "ana", "ben"],
        ["user_remove", "ana", "ben (moderator)"],
        ["user_role", "ana", "ana"],
        ["sign_in", "mo", ""],
        ["user_password", "mo", "mo"],
        ["sign_out", "mo", ""],
    ];
    assert_eq!(told(dir), expected);
    let conn = open_connection(dir).expect("database");
    let row = "SELECT group_concat(result || ' ' || address, ',') FROM (SELECT * FROM log WHERE action LIKE 'user_%' ORDER BY id)";
    let results: String = conn.query_row(row, [], |row| row.get(0)).expect("one");
    assert_eq!(results, ["done"; 4].map(|word| format!("{word} 127.0.0.1")).join(",") + ",refused 127.0.0.1,done 127.0.0.1");
    let secrets: i64 = conn
        .query_row("SELECT count(*) FROM log WHERE detail LIKE '%staple%' OR reason LIKE '%staple%'", [], |row| row.get(0))
        .expect("one");
    assert_eq!(secrets, 0, "no password is written down");
}

/// An account without its entry does not come to be, also when the log is in trouble.
#[tokio::test]
async fn an_account_is_changed_together_with_its_entry_or_not_at_all() {
    let desk = Desk::start(quiet(1)).await;
    let mut ana = signed_in(desk.app.address, "ana").await;
    let conn = open_connection(desk.dir.path()).expect("database");
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON log WHEN NEW.action LIKE 'user_%' BEGIN SELECT RAISE(ABORT, 'on purpose'); END";
    conn.execute_batch(broken).expect("broken");
    let fields = [("name", "ben"), ("role", "admin"), ("password", OTHER)];
    assert_eq!(ana.post("/users", "/users", &fields).await.status, 500);
    assert_eq!(ana.post("/users", "/users/mo/remove", &[]).await.status, 500);
    let names = "SELECT group_concat(name) FROM (SELECT name FROM users ORDER BY name)";
    let users: String = conn.query_row(names, [], |row| row.get(0)).expect("one");
    assert_eq!(users, "ana,max,mo,vi");
}

#[tokio::test]
async fn failed_sign_ins_are_entries_that_strangers_cannot_multiply() {
    let desk = Desk::start(quiet(1)).await;
    let mut stranger = Browser::new(desk.app.address, "");
    for _ in 0..3 {
        assert_eq!(stranger.try_login("mo", "wrong horse").await.status, 401);
    }
    let typed = format!("x\u{7}{}", "y".repeat(3000));
    assert_eq!(stranger.try_login(&typed, "wrong horse").await.status, 401);
    let at_once = of(desk.dir.path(), "sign_in_failed");
    assert_eq!(at_once[0], ["sign_in_failed", "", "mo"]);
    assert_eq!((at_once.len(), at_once[1][2].chars().count(), at_once[1][2].contains('\u{7}')), (2, 64, false), "{at_once:?}");
    // Guesses at an open page count as well.
    let mut mo = signed_in(desk.app.address, "mo").await;
    let guess = [("current", "wrong horse"), ("password", OTHER), ("again", OTHER)];
    assert_eq!(mo.post("/account", "/account/password", &guess).await.status, 400);
    let dir = desk.stop().await;
    assert_eq!(of(dir.path(), "sign_in_failed")[2..], [["sign_in_failed", "", "mo × 3"]].map(|entry| entry.map(str::to_owned)));
}

#[rstest]
#[case("/log.csv", "csv")]
#[case("/log.jsonl?moderator=mo", "jsonl {\"moderator\":\"mo\"}")]
#[tokio::test]
async fn who_takes_the_log_away_is_in_it(#[case] path: &str, #[case] detail: &str) {
    let desk = Desk::start(quiet(1)).await;
    let mut ana = signed_in(desk.app.address, "ana").await;
    assert_eq!(ana.get(path).await.status, 200);
    assert_eq!(told(desk.dir.path()), [["sign_in", "ana", ""], ["export", "ana", detail]]);
    let mut mo = signed_in(desk.app.address, "mo").await;
    assert_eq!(mo.get(path).await.status, 403);
    assert_eq!(of(desk.dir.path(), "export").len(), 1, "who may not have it does not");
}

#[tokio::test]
async fn another_configuration_is_an_entry_with_what_changed() {
    let desk = Desk::start(quiet(2)).await;
    let mut config = desk.config().clone();
    config.log_keep_days = 90;
    config.desk.first_s += 1;
    config.bridges.truncate(1);
    desk.app.reload.apply(config).await.expect("taken over");
    let expected = "bridges removed: eu-2; [desk]; log.keep_days: 0 → 90";
    let before = desk.config().log_keep_days;
    let expected = expected.replace(": 0 →", &format!(": {before} →"));
    assert_eq!(told(desk.dir.path()), [["configure", "command line (SIGHUP)", &*expected]]);
}

#[tokio::test]
async fn the_page_shows_them_in_words_and_finds_them_by_action() {
    let desk = Desk::start(quiet(1)).await;
    let mut ana = signed_in(desk.app.address, "ana").await;
    ana.post("/users", "/users", &[("name", "ben"), ("role", "admin"), ("password", OTHER)]).await;
    let mut stranger = Browser::new(desk.app.address, "");
    stranger.try_login("<b>mo</b>", "wrong horse").await;
    let page = ana.get("/log").await.body;
    for words in ["Sign-in", "User added", "ben (admin)", "Failed sign-in", "Not signed in", "&lt;b&gt;mo"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let rows = |page: &str| page.matches("<tr data-entry=").count();
    assert_eq!((rows(&page), rows(&ana.get("/log?action=user_add").await.body)), (3, 1));
    assert_eq!(rows(&ana.get("/log?action=sign_in&moderator=ana").await.body), 1);
    assert_eq!(ana.get("/log.jsonl?action=sign_in_failed").await.body.lines().count(), 1);
    assert!(ana.get("/log?action=user_add").await.body.contains("value=\"user_add\" selected"));
}

#[rstest]
#[case("en")]
#[case("de")]
#[case("fr")]
#[case("es")]
fn every_action_has_words(#[case] language: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("web/i18n/{language}.json"));
    let words: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("a catalogue")).expect("JSON");
    for action in AuditEvent::all() {
        let key = format!("log.action.{}", action.wire_name());
        assert!(words[&key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    let named = AuditEvent::all().map(|action| action.wire_name()).collect::<std::collections::BTreeSet<_>>();
    let keys = words.as_object().expect("an object").keys().filter(|key| key.starts_with("log.action.")).count();
    assert_eq!((named.len(), keys), (AuditEvent::all().count(), AuditEvent::all().count()), "each once, and no word too many");
}

fn usher(usher: &UsherProcess, args: &[&str], input: &str) -> String {
    use std::io::Write;
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(args).arg("--config").arg(usher.dir.path().join("usher.toml"));
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("started");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

#[tokio::test]
async fn what_is_done_on_the_command_line_is_an_entry_by_the_systems_user() {
    let sim = usher::simulator::start(quiet(1)).await.expect("simulator");
    let process = UsherProcess::start(&sim, "").await;
    let data = process.dir.path().join("data");
    usher(&process, &["user", "add", "ben", "--role", "viewer", "--password-stdin"], &format!("{OTHER}\n"));
    usher(&process, &["user", "role", "ben", "admin"], "");
    usher(&process, &["user", "passwd", "ben", "--password-stdin"], "another good one\n");
    usher(&process, &["user", "remove", "ben"], "");
    let copy = process.dir.path().join("copy.db").display().to_string();
    assert!(!usher(&process, &["backup", &copy], "").contains("does not tell"));
    let said = told(&data);
    let who = said.first().expect("an entry")[1].clone();
    assert!(who.starts_with("command line (") && who.ends_with(')'), "{who}");
    let expected = [
        ["user_add", &who, "ben (viewer)"],
        ["user_role", &who, "ben (viewer → admin)"],
        ["user_password", &who, "ben"],
        ["user_remove", &who, "ben (admin)"],
        ["backup", &who, &copy],
    ];
    until_told(&data, &expected).await;
    let users: usize = ACCOUNTS.len();
    let conn = open_connection(&data).expect("database");
    assert_eq!(conn.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, isize>(0)).expect("counted"), users as isize);
}

/// A backup before an update must not be an update.
#[test]
fn a_backup_of_another_versions_database_leaves_it_alone_and_says_so() {
    let dir = tempfile::tempdir().expect("directory");
    drop(open_connection(dir.path()).expect("database"));
    let version = |set: bool| {
        let conn = rusqlite::Connection::open(dir.path().join("usher.db")).expect("database");
        if set {
            conn.pragma_update(None, "user_version", 5).expect("set");
        }
        conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).expect("a version")
    };
    version(true);
    let config = format!(
        "listen = \"127.0.0.1:0\"\ndata_dir = {:?}\n[[bridge]]\nname = \"a\"\nurl = \"https://a\"\nusername = \"u\"\npassword = \"p\"\n",
        dir.path().display().to_string()
    );
    std::fs::write(dir.path().join("usher.toml"), config).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.arg("backup").arg(dir.path().join("copy.db")).arg("--config").arg(dir.path().join("usher.toml"));
    let output = command.output().expect("ended");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("does not tell of this copy: the database is of another version"), "{said}");
    assert_eq!(version(false), 5);
}
