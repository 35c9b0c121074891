//! `usher serve` and its data directory: other programs that use it, and the state after a kill.
#![cfg(unix)]

mod common;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::DEADLINE;
use common::desk::quiet;
use common::page::{Page, check};
use common::usher_process::UsherProcess;
use usher::db::open_connection;
use usher::model::Lobby;
use usher::simulator::{self, Id, Join, Role, Simulator, StartCall};

/// Environment variable: the data directory that [`outside_reader`] reads.
const LOOK_INTO: &str = "USHER_TEST_LOOK_INTO";

/// Acts like any program with SQLite: opens, reads once, closes. [`beside`] runs it as a process of its own; as a test it does nothing.
#[test]
fn outside_reader() {
    let Some(dir) = std::env::var_os(LOOK_INTO) else { return };
    let conn = rusqlite::Connection::open(Path::new(&dir).join("usher.db")).expect("opened");
    conn.busy_timeout(DEADLINE).expect("patience");
    conn.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0)).expect("read");
}

fn reader(data: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this file"));
    command.args(["outside_reader", "--exact"]).env(LOOK_INTO, data);
    command
}

/// Whatever is installed: the command that administrators look with.
fn shell(data: &Path) -> Option<Command> {
    let found = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let mut command = Command::new("sqlite3");
    command.arg("-cmd").arg(".timeout 20000").arg(data.join("usher.db")).arg("SELECT 1 FROM users");
    found.then_some(command)
}

fn usher(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(arguments).arg("--config").arg(dir.join("usher.toml")).env("NO_COLOR", "1");
    command
}

fn run(mut command: Command) -> Output {
    let output = command.stdin(Stdio::null()).output().expect("run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Others, one after the other and again and again, until it is dropped; counts their rounds.
struct Beside {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<usize>>,
}

fn beside(dir: &Path) -> Beside {
    let (stop, dir) = (Arc::new(AtomicBool::new(false)), dir.to_owned());
    let stopped = stop.clone();
    let thread = std::thread::spawn(move || {
        let (data, mut rounds) = (dir.join("data"), 0);
        while !stopped.load(Ordering::Relaxed) {
            run(reader(&data));
            shell(&data).map(run);
            run(usher(&dir, &["user", "list"]));
            let copy = dir.join(format!("copy-{rounds}.db"));
            run(usher(&dir, &["backup", copy.to_str().expect("text")]));
            let copied = rusqlite::Connection::open(&copy).expect("a database");
            copied.query_row("SELECT count(*) FROM log", [], |row| row.get::<_, i64>(0)).expect("a whole one");
            rounds += 1;
        }
        rounds
    });
    Beside { stop, thread: Some(thread) }
}

impl Beside {
    fn end(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("running").join().expect("no panic")
    }
}

fn crowd(sim: &Simulator, people: usize) -> Vec<Id> {
    let call = StartCall { name: "Assembly".into(), space: true, ..StartCall::default() };
    let meeting = sim.control().start_call(call).expect("started").id;
    let join = |n| Join { meeting, name: format!("Guest {n}"), role: Role::Guest, ..Join::default() };
    (0..people).map(|n| sim.control().join(join(n)).expect("joined").id).collect()
}

async fn all_wait(page: &mut Page, people: &[Id]) {
    page.deadline = DEADLINE * 2;
    page.until("everybody to wait", |page| {
        let waiting = page.people().iter().filter(|person| person.lobby == Lobby::Waiting).count();
        check(waiting >= people.len(), waiting)
    })
    .await;
}

/// The people for whom both the journal and the audit log have the result.
fn told_of(dir: &Path, table: &str) -> Vec<String> {
    let conn = open_connection(&dir.join("data")).expect("database");
    let query = match table {
        "log" => "SELECT person FROM log WHERE action = 'admit' AND result = 'done'",
        _ => "SELECT person FROM press_people WHERE result = 'done'",
    };
    let mut query = conn.prepare(query).expect("a query");
    let rows = query.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}

#[tokio::test]
async fn what_was_committed_survives_a_kill_whoever_looks_into_the_database_meanwhile() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let people = crowd(&sim, 60);
    let mut page = usher.page("mo").await;
    all_wait(&mut page, &people).await;
    let others = beside(usher.dir.path());
    let mut answered = Vec::new();
    for (n, person) in people.iter().enumerate() {
        let results = page.admit(&format!("press {n}"), &[*person]).await;
        assert_eq!(results[&person.to_string()]["result"], "done");
        answered.push(person.to_string());
    }
    // Entries are written within a tenth of a second; what is written must stay.
    told_in_time(&usher, &people).await;
    usher.signal("KILL");
    usher.until_exit(DEADLINE).await;
    let rounds = others.end();
    assert!(rounds > 0, "others have looked");

    for table in ["press_people", "log"] {
        let told = told_of(usher.dir.path(), table);
        let missing: Vec<&String> = answered.iter().filter(|person| !told.contains(person)).collect();
        assert!(missing.is_empty(), "{table} after {rounds} rounds: {missing:?}");
        let told = told_of(usher.dir.path(), table);
        assert_eq!(told.len(), people.len(), "{table} tells of each once");
    }
}

/// Another server on the same data.
fn second(dir: &Path, listen: &str) -> Child {
    let text = std::fs::read_to_string(dir.join("usher.toml")).expect("configuration");
    let listening = text.lines().next().expect("a line").to_owned();
    std::fs::write(dir.join("second.toml"), text.replace(&listening, &format!("listen = \"{listen}\""))).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.arg("serve").arg("--config").arg(dir.join("second.toml")).env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
}

/// Waits for its end while the simulator goes on.
async fn aside(child: Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("no panic").expect("ended")
}

fn content(dir: &Path) -> (i64, i64) {
    let conn = open_connection(&dir.join("data")).expect("database");
    conn.query_row("SELECT (SELECT count(*) FROM log), (SELECT count(*) FROM press_people WHERE result IS NULL)", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .expect("counted")
}

#[tokio::test]
async fn a_second_server_on_the_same_data_ends_with_code_1_names_the_first_and_touches_nothing() {
    let mut options = quiet(1);
    // Something is under way for long: the second must not settle it.
    options.latency_ms = 300;
    let sim = simulator::start(options).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let people = crowd(&sim, 1);
    let mut page = usher.page("mo").await;
    all_wait(&mut page, &people).await;
    page.request_admit("slow", &people).await;
    common::wait_for(DEADLINE, "an open press", async || check(content(usher.dir.path()).1 == 1, content(usher.dir.path()))).await;
    let before = content(usher.dir.path());
    for listen in ["127.0.0.1:0".to_owned(), usher.address.to_string()] {
        let output = aside(second(usher.dir.path(), &listen)).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("process {} serves from the data directory", usher.id())), "{said}");
    }
    assert_eq!(content(usher.dir.path()).0, before.0, "nothing was added to the log");
    for arguments in [&["user", "list"][..], &["check"], &["cdr", "show"]] {
        let mut command = self::usher(usher.dir.path(), arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
        let output = aside(child).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("serves from the data directory"), "{arguments:?}: {said}");
    }
    let ended = told_in_time(&usher, &people).await;
    assert_eq!(ended, people.len(), "the first one carries it out");
    usher.signal("KILL");
    usher.until_exit(DEADLINE).await;
    // A kill leaves nothing behind that would keep the next one out.
    usher.restart().await;
}

async fn told_in_time(usher: &UsherProcess, people: &[Id]) -> usize {
    common::wait_for(DEADLINE, "the press to end", async || {
        let told = told_of(usher.dir.path(), "log");
        check(told.len() == people.len(), (&told, usher.log())).map(|()| told.len())
    })
    .await
}

/// The words below "Commands:" of a help.
fn commands(of: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    let help = String::from_utf8(
        run({
            command.args(of).arg("--help");
            command
        })
        .stdout,
    )
    .expect("text");
    let listed = help.split("Commands:").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let words = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    words.filter_map(|line| line.split_whitespace().next()).filter(|word| *word != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_other_command_goes_on_working_beside_a_server() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let server = UsherProcess::start(&sim, "").await;
    let mut page = server.page("mo").await;
    let dir = server.dir.path().to_owned();
    let text = std::fs::read_to_string(dir.join("usher.toml")).expect("configuration");
    let records =
        format!("{}cdr = \"receive\"\n", text.replace("[[bridge]]", &format!("[cdr]\nurl = \"http://{}\"\n[[bridge]]", server.address)));
    std::fs::write(dir.join("beside.toml"), records).expect("written");
    let copy = dir.join("copy.db");
    let bridge = sim.bridges()[0].name.to_string();
    let tried: [(&[&str], &str); 11] = [
        (&["user", "add", "zoe", "--password-stdin"], "correct horse, battery\n"),
        (&["user", "list"], ""),
        (&["user", "passwd", "zoe", "--password-stdin"], "battery, correct horse\n"),
        (&["user", "role", "zoe", "viewer"], ""),
        (&["user", "remove", "zoe"], ""),
        (&["backup", copy.to_str().expect("text")], ""),
        (&["check"], ""),
        (&["cdr", "show"], ""),
        (&["cdr", "register"], ""),
        (&["cdr", "remove"], ""),
        (&["cdr", "renew", &bridge], ""),
    ];
    for (arguments, input) in tried {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command.args(arguments).arg("--config").arg(dir.join("beside.toml"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), input.as_bytes()).expect("written");
        let output = common::in_time("the end of the command", aside(child)).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    // None is left out: `serve` has a test of its own, the others need no data directory of a server.
    let mut all: Vec<Vec<String>> = Vec::new();
    for word in commands(&[]).into_iter().filter(|word| !["serve", "demo", "simulate"].contains(&&**word)) {
        let below = commands(&[&word]);
        if below.is_empty() { all.push(vec![word]) } else { all.extend(below.into_iter().map(|each| vec![word.clone(), each])) }
    }
    assert!(all.len() >= tried.len(), "{all:?}");
    for command in &all {
        assert!(tried.iter().any(|(arguments, _)| arguments.iter().zip(command).all(|(a, b)| a == b)), "{command:?} is not tried");
    }
    // And the server has not noticed.
    let people = crowd(&sim, 1);
    all_wait(&mut page, &people).await;
    assert_eq!(page.admit("after", &people).await[&people[0].to_string()]["result"], "done");
}
