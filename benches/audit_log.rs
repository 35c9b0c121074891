//! The cost of 1,000 audit log entries per second for an admission: participants are admitted one after the other, in turn without and
//! with these entries.
//!
//! Usher runs in a process of its own: this benchmark started again as `usher`, because only from inside can entries be added so fast. The
//! table has 300,000 entries at the start, so that the indexes have some depth.

mod kit;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use kit::browser::{Site, log_in};
use kit::cluster::Cluster;
use kit::page::Page;
use kit::process::Process;
use kit::server::{PASSWORD, USER, add_user};
use kit::statistics::{bar, percentile};
use tokio_util::sync::CancellationToken;
use usher::audit::{AuditEvent, AuditLog, AuditSubject, Entry};
use usher::config::Config;
use usher::db::open_connection;
use usher::model::ActionResult;

const PER_SECOND: usize = 1_000;
const THERE_BEFORE: usize = 300_000;
const ADMITS: usize = 150;
const ROUNDS: usize = 3;
const SOON: Duration = Duration::from_secs(30);

fn main() {
    kit::raise_descriptor_limit();
    match kit::role().as_deref() {
        Some("usher") => tokio::runtime::Runtime::new().expect("runtime").block_on(usher_child()),
        _ => kit::block_on(compare()),
    }
}

async fn compare() {
    let cluster = Cluster::start(2, 12, 120, 20, 0.0);
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    add_user(&data);
    fill(&data);
    std::fs::write(dir.path().join("usher.toml"), format!("listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n{}", cluster.bridges))
        .expect("written");
    let mut usher = Usher::start(dir.path()).await;
    let mut page = Page::open(&usher.site).await;
    page.until("the first read", SOON, |page| page.people.len() >= 120 && page.unknown() == 0).await;
    let meeting = cluster.meeting("Lobby", "eu-1").await;
    let (mut quiet, mut loaded) = (Times::default(), Times::default());
    for round in 0..ROUNDS {
        for with in [false, true] {
            let joins = (0..ADMITS).map(|_| cluster.join(&meeting, "eu-1", "Guest"));
            let people: Vec<String> = futures_util::stream::iter(joins).buffered(16).collect().await;
            page.until("those who wait", SOON, |page| {
                people.iter().all(|id| page.people.get(id).is_some_and(|row| row.lobby == "waiting"))
            })
            .await;
            // Wait until the rechecks of an arrival, at 0 and 2 s, have passed.
            let settle = Instant::now() + Duration::from_secs(3);
            while tokio::time::timeout(settle.saturating_duration_since(Instant::now()), page.step()).await.is_ok() {}
            let (written, cpu, begin) = (count(&data), usher.process.cpu(), Instant::now());
            usher.order(if with { "on" } else { "off" });
            let times = if with { &mut loaded } else { &mut quiet };
            for (n, person) in people.iter().enumerate() {
                admit(&mut page, &format!("{round} {with} {n}"), person, times).await;
            }
            usher.order("off");
            let seconds = begin.elapsed().as_secs_f64();
            let (cpu, rate) = ((usher.process.cpu() - cpu).as_secs_f64() / seconds, (count(&data) - written) as f64 / seconds);
            let which = if with { "with the log " } else { "without      " };
            println!(
                "round {round} {which} {ADMITS} admits in {seconds:.1} s; {rate:.0} entries/s written, {:.0} % of a core",
                cpu * 100.0
            );
        }
    }
    for (what, quiet, loaded) in
        [("written down", &mut quiet.started, &mut loaded.started), ("confirmed", &mut quiet.done, &mut loaded.done)]
    {
        for p in [0.5, 0.99] {
            let (a, b) = (percentile(quiet, p), percentile(loaded, p));
            println!("press to {what}, p{:.0}: {a:.2} ms without, {b:.2} ms with, {:.2} x", p * 100.0, b / a);
        }
    }
    let ratio = percentile(&mut loaded.done, 0.5) / percentile(&mut quiet.done, 0.5);
    bar("an admit with 1,000 log entries a second against without, median", 1.1, "x", ratio);
    let ratio = percentile(&mut loaded.done, 0.99) / percentile(&mut quiet.done, 0.99);
    bar("the same, p99", 1.25, "x", ratio);
}

/// From the request, in ms.
#[derive(Default)]
struct Times {
    /// To the end of the journal entry, after which the first request may be sent.
    started: Vec<f64>,
    /// To the answer of CMS that the participant is in.
    done: Vec<f64>,
}

async fn admit(page: &mut Page, word: &str, person: &String, times: &mut Times) {
    let begin = Instant::now();
    page.admit(word, std::slice::from_ref(person)).await;
    loop {
        let frame = page.step().await;
        match frame.state.as_str() {
            "started" => times.started.push(begin.elapsed().as_secs_f64() * 1000.0),
            "finished" => {
                assert!(frame.results.iter().all(|outcome| outcome.result == "done"), "{frame:?}");
                return times.done.push(begin.elapsed().as_secs_f64() * 1000.0);
            }
            _ => {}
        }
    }
}

fn count(data: &Path) -> usize {
    let conn = open_connection(data).expect("a database");
    let count: i64 = conn.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'log'", [], |row| row.get(0)).expect("a count");
    usize::try_from(count).expect("fits")
}

fn fill(data: &Path) {
    let rows = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {THERE_BEFORE})
         INSERT INTO log (at, user, address, action, scope, person, name, person_address, meeting, meeting_name, bridge, result, reason, detail)
         SELECT (unixepoch() - {THERE_BEFORE} + n) * 1000, 'user ' || (n % 28), '192.0.2.7', 'admit', 'selection', lower(hex(randomblob(18))), 'Guest ' || n,
                'guest' || n || '@example.org', 'meeting ' || (n / 50), 'Meeting ' || (n / 50), 'eu-1', 'done', '', '' FROM n"
    );
    open_connection(data).and_then(|conn| Ok(conn.execute_batch(&rows)?)).expect("filled");
}

/// The process that this benchmark starts from itself.
struct Usher {
    process: Process,
    site: Site,
    orders: ChildStdin,
}

impl Usher {
    async fn start(dir: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this file"));
        command.arg("usher").arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command);
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().expect("piped")).read_line(&mut line).expect("its address");
        let address: SocketAddr = line.trim().parse().expect("an address");
        let orders = process.child.stdin.take().expect("piped");
        let mut site = Site { address, tls: None, cookie: String::new() };
        site.cookie = log_in(&site, USER, PASSWORD).await;
        Self { process, site, orders }
    }

    fn order(&mut self, word: &str) {
        writeln!(self.orders, "{word}").expect("it listens");
    }
}

async fn usher_child() {
    let dir = PathBuf::from(std::env::args().nth(2).expect("a directory"));
    let config = Config::load(&dir.join("usher.toml")).expect("a configuration");
    let listener = TcpListener::bind(config.web.listen).expect("a port");
    let app = usher::app::start(config, listener, None, CancellationToken::new()).await.expect("started");
    println!("{}", app.address);
    let (on, switched) = tokio::sync::watch::channel(false);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            on.send_replace(line == "on");
        }
    });
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let mut n = 0;
    while switched.has_changed().is_ok() {
        tick.tick().await;
        if *switched.borrow() {
            (0..PER_SECOND / 100).for_each(|_| add(&app.audit_log, &mut n));
        }
    }
}

fn add(log: &AuditLog, n: &mut usize) {
    *n += 1;
    let whom = AuditSubject {
        person: uuid::Uuid::new_v4().to_string().into(),
        name: format!("Guest {n}").into(),
        address: format!("guest{n}@example.org").into(),
        meeting: format!("meeting {}", *n / 50).into(),
        meeting_name: format!("Meeting {}", *n / 50).into(),
        bridge: "eu-1".into(),
        waiting_since: Some(0),
        space: format!("space {}", *n / 50).into(),
        tenant: "tenant".into(),
        bridge_id: "bridge".into(),
    };
    log.add(Entry::elsewhere(AuditEvent::LetIn).about(whom).ended(ActionResult::Done));
}
