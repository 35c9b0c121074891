//! The cost and delay of one frame to one of 1,000 browsers, against a bare writer of the same bytes in the same run.
//!
//! Both are processes of their own: this benchmark started again as `usher` (the product's server and hub, with manual publishing, because
//! only the publisher knows the moment of publishing) or as `bare` (one tokio task that writes each frame to each socket in turn).
//! A third, `tasks`, has no bar but shows the share of tokio's wake-ups: like `bare`, but with one task per socket.
//! A fourth, `axum`, is like `tasks` with axum's WebSocket in place of the bare one (docs/decisions/0001-own-browser-socket.md).

mod kit;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::serve::ListenerExt;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use kit::browser::{Browser, Site, log_in};
use kit::process::Process;
use kit::server::{PASSWORD, USER, add_user};
use kit::statistics::{bar, median, percentile};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::time::{Interval, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher::accounts::Accounts;
use usher::audit::AuditLog;
use usher::config::{Config, Live, Timing};
use usher::db::Db;
use usher::displays::Displays;
use usher::displays::projection::Projections;
use usher::http::{Listeners, Services, serve};
use usher::hub::{Hub, ReaderKind};
use usher::model::{ActionError, ActionHandler, ActionRequest, Actor, LegState, Lobby, TargetResult};
use usher::moderation::{Moderation, ModerationRequests};
use usher::store::Store;
use usher::system_status::Problems;
use usher::view::{PersonRow, Row};

const BROWSERS: usize = 1_000;
const FRAME: usize = 1_024;
const INTERVAL: Duration = Duration::from_millis(50);
const FRAMES: usize = 100;
const ROUNDS: usize = 3;
/// Bytes before the payload, in a frame of 126 bytes to 64 kB.
const HEADER: usize = 4;
/// Precedes the moment of publishing, in us, in each frame.
const MARK: &[u8] = b"published:";

fn main() {
    kit::raise_descriptor_limit();
    match kit::role().as_deref() {
        Some("usher") => serve_on(usher_child()),
        Some("bare") => serve_on(bare_child()),
        Some("tasks") => serve_on(tasks_child()),
        Some("axum") => serve_on(axum_child()),
        _ => kit::block_on(compare()),
    }
}

/// The servers use tokio's usual runtime and publish from one of its workers, as the product does.
fn serve_on(work: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async { tokio::spawn(work).await.expect("no panic") });
}

async fn compare() {
    let dir = tempfile::tempdir().expect("a directory");
    add_user(dir.path());
    let mut usher = Child::start("usher", dir.path().to_owned());
    let mut bare = Child::start("bare", dir.path().to_owned());
    let mut tasks = Child::start("tasks", dir.path().to_owned());
    let mut axum = Child::start("axum", dir.path().to_owned());
    let mut site = Site { address: usher.address, tls: None, cookie: String::new() };
    site.cookie = log_in(&site, USER, PASSWORD).await;
    let mut browsers = Vec::new();
    let axum_site = Site { address: axum.address, tls: None, cookie: String::new() };
    let (mut sinks, mut task_sinks, mut axum_sinks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BROWSERS {
        let mut browser = Browser::open(&site).await;
        browser.snapshot().await;
        browsers.push(browser);
        sinks.push(Browser::bare(bare.address).await);
        task_sinks.push(Browser::bare(tasks.address).await);
        axum_sinks.push(Browser::open(&axum_site).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut cpu_ratios, mut p99_ratios, mut axum_ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (bare_cpu, bare_p99) = measure(round, "bare ", &mut bare, &mut sinks).await;
        let (tasks_cpu, _) = measure(round, "tasks", &mut tasks, &mut task_sinks).await;
        let (axum_cpu, _) = measure(round, "axum ", &mut axum, &mut axum_sinks).await;
        let (usher_cpu, usher_p99) = measure(round, "usher", &mut usher, &mut browsers).await;
        cpu_ratios.push(usher_cpu / bare_cpu);
        p99_ratios.push(usher_p99 / bare_p99);
        axum_ratios.push(axum_cpu / tasks_cpu);
    }
    println!("no bar: axum's WebSocket against the bare one, CPU per frame (median of the rounds): {:.2}x", median(axum_ratios));
    bar("fan-out, server CPU per delivered frame against a bare writer (median of the rounds)", 1.5, "x", median(cpu_ratios));
    bar("fan-out, p99 from publish to last byte read against a bare writer (median of the rounds)", 2.0, "x", median(p99_ratios));
}

/// CPU per delivered frame in us, and p99 in ms.
async fn measure(round: usize, who: &str, child: &mut Child, sockets: &mut [Browser]) -> (f64, f64) {
    let cpu = child.process.cpu();
    child.go();
    let reads = sockets.iter_mut().map(async |socket| {
        let mut late = Vec::with_capacity(FRAMES);
        while late.len() < FRAMES {
            let frame = socket.frame().await;
            if let Some(at) = published(frame) {
                late.push((kit::now_us() - at) as f64 / 1000.0);
            }
        }
        late
    });
    let mut late: Vec<f64> = futures_util::future::join_all(reads).await.concat();
    let cpu = (child.process.cpu() - cpu).as_secs_f64() * 1e6 / late.len() as f64;
    let (p50, p99) = (percentile(&mut late, 0.5), percentile(&mut late, 0.99));
    println!("{who} {round}: {} frames of {FRAME} bytes: {cpu:.2} us CPU a frame; p50 {p50:.1} ms, p99 {p99:.1} ms", late.len());
    (cpu, p99)
}

fn published(frame: &[u8]) -> Option<u64> {
    let at = frame.windows(MARK.len()).position(|part| part == MARK)? + MARK.len();
    std::str::from_utf8(&frame[at..at + 16]).ok()?.parse().ok()
}

/// This benchmark as another process; prints its address first, publishes when it is told to.
struct Child {
    process: Process,
    address: SocketAddr,
}

impl Child {
    fn start(role: &str, dir: PathBuf) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let mut process = Process::start(command.arg(role).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().expect("piped")).read_line(&mut line).expect("an address");
        Self { process, address: line.trim().parse().expect("an address") }
    }

    fn go(&mut self) {
        self.process.child.stdin.as_mut().expect("piped").write_all(b"go\n").expect("told");
    }
}

/// The times of publishing: evenly spaced, a fixed number for each command of the parent.
struct Orders {
    orders: UnboundedReceiver<()>,
    tick: Interval,
    left: usize,
}

impl Orders {
    fn new() -> Self {
        let (told, orders) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|_| told.send(()).ok()));
        Self { orders, tick: interval(INTERVAL), left: 0 }
    }

    /// Returns `false` when the parent has ended.
    async fn due(&mut self) -> bool {
        if self.left == 0 {
            if self.orders.recv().await.is_none() {
                return false;
            }
            self.tick = interval(INTERVAL);
            self.left = FRAMES;
        }
        self.left -= 1;
        self.tick.tick().await;
        true
    }
}

/// Refuses every request: browsers here only watch.
#[derive(Debug)]
struct NoActions;

impl ActionHandler for NoActions {
    fn submit(&self, _: ActionRequest) -> BoxFuture<'static, Result<Receiver<TargetResult>, ActionError>> {
        ready(Err(ActionError::Busy)).boxed()
    }

    fn retry(&self, _: Actor, _: String) -> BoxFuture<'static, Result<(), ActionError>> {
        ready(Err(ActionError::Busy)).boxed()
    }

    fn pause(&self, _: Actor, _: String, _: bool) -> BoxFuture<'static, Result<(), ActionError>> {
        ready(Err(ActionError::Busy)).boxed()
    }
}

async fn usher_child() {
    let dir = PathBuf::from(std::env::args().nth(2).expect("a directory"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bridge = "[[bridge]]\nname=\"a\"\nurl=\"https://cms.example.org\"\nusername=\"u\"\npassword=\"p\"\n";
    let config = Live::from(Config::parse(&format!("sockets_per_user = 10000\n{bridge}"), &dir).expect("a configuration").web);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let hub = Hub::new(ReaderKind::Desk);
    let (_ready, ready) = tokio::sync::watch::channel(true);
    let (_figures, figures) = tokio::sync::watch::channel(Arc::default());
    let (_lobbies, lobbies) = tokio::sync::watch::channel(usher::model::LobbySummary::default());
    let db = Db::open(&dir).expect("a database");
    let (log, _writer) = AuditLog::new(db.clone(), 0, &Timing::default(), Problems::channel().0);
    let displays = Displays::load(db.clone()).await.expect("displays");
    let services = Services {
        accounts: Accounts::new(db, Timing::default().session_idle).configured(config.clone()),
        config,
        timing: Timing::default(),
        hub: hub.clone(),
        actions: Arc::new(NoActions),
        moderation: ModerationRequests::new(Moderation::default(), Store::default(), log.clone()),
        audit_log: log,
        cdr_endpoints: usher::cdr_endpoints::CdrEndpoints::default(),
        displays,
        walls: Projections::channel(Duration::ZERO).0,
        bridge_stats: figures,
        lobbies,
        ready,
        metrics: usher::app::metrics::install(),
        demo_accounts: None,
    };
    tokio::spawn(serve(services, Listeners { web: listener, cdr: None }, CancellationToken::new(), TaskTracker::new()));
    let envelope = format!(r#"{{"type":"delta","epoch":"{}","seq":100,"put":[],"drop":[]}}"#, hub.epoch()).len();
    let mut orders = Orders::new();
    while orders.due().await {
        let mut person = person(String::new());
        let size = envelope + serde_json::to_string(&person).expect("JSON").len();
        if let Row::Person(row) = &mut person {
            row.name = "n".repeat(FRAME - size).into();
        }
        hub.publish(vec![Arc::new(person)], Vec::new());
    }
}

fn person(name: String) -> Row {
    Row::Person(PersonRow {
        id: "11111111-2222-4333-8444-555555555555".into(),
        meeting: "21111111-2222-4333-8444-555555555555".into(),
        name: name.into(),
        address: format!("published:{}", kit::now_us()).into(),
        lobby: Lobby::Waiting,
        waiting_since: Some(1_700_000_000_000),
        seen_since: 1_700_000_000_000,
        bridge: Some("a".into()),
        state: LegState::Connected,
        ..PersonRow::default()
    })
}

async fn bare_child() {
    let mut sockets = accept().await;
    let mut orders = Orders::new();
    while orders.due().await {
        let frame = bare_frame();
        for socket in &mut sockets {
            socket.write_all(&frame).await.expect("written");
        }
    }
}

async fn tasks_child() {
    let (publish, _) = tokio::sync::broadcast::channel(FRAMES);
    for mut socket in accept().await {
        let mut frames = publish.subscribe();
        tokio::spawn(async move {
            while let Ok(frame) = frames.recv().await {
                let frame: Arc<Vec<u8>> = frame;
                socket.write_all(&frame).await.expect("written");
            }
        });
    }
    let mut orders = Orders::new();
    while orders.due().await {
        publish.send(Arc::new(bare_frame())).expect("receivers");
    }
}

/// Like `tasks`, with axum's WebSocket: the text is shared, and framed for each browser.
async fn axum_child() {
    let (publish, _) = tokio::sync::broadcast::channel::<Utf8Bytes>(FRAMES);
    let frames = publish.clone();
    let app = Router::new().fallback(async move |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async move |mut socket| {
            let mut frames = frames.subscribe();
            while let Ok(text) = frames.recv().await {
                socket.send(Message::Text(text)).await.expect("written");
            }
        })
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let listener = listener.tap_io(|tcp| tcp.set_nodelay(true).expect("set"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut orders = Orders::new();
    while orders.due().await {
        let text = String::from_utf8(bare_frame().split_off(HEADER)).expect("text");
        publish.send(text.into()).expect("receivers");
    }
}

async fn accept() -> Vec<TcpStream> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let mut sockets = Vec::with_capacity(BROWSERS);
    while sockets.len() < BROWSERS {
        let (socket, _) = listener.accept().await.expect("accepted");
        socket.set_nodelay(true).expect("set");
        sockets.push(socket);
    }
    sockets
}

/// A WebSocket text frame of the same size.
fn bare_frame() -> Vec<u8> {
    let mut frame = vec![0x81, 126];
    frame.extend((FRAME as u16).to_be_bytes());
    frame.extend(format!("published:{}", kit::now_us()).bytes());
    frame.resize(HEADER + FRAME, b'n');
    frame
}
