//! Displays: 200 of them in 20 audiences beside 50 moderators, against the 50 moderators alone in the same run.
//!
//! One guest after another comes to one of 60 meetings on three bridges (5 ms per REST answer); a change counts once every screen has it.

mod kit;

use std::time::{Duration, Instant};

use kit::browser::{self, Browser, Site};
use kit::cluster::Cluster;
use kit::server::{ADMIN, PASSWORD, Server};
use kit::statistics::{bar, percentile};
use serde_json::{Value, json};
use tokio::sync::mpsc;

const BRIDGES: [&str; 3] = ["eu-1", "eu-2", "us-1"];
const MEETINGS: usize = 60;
const DESKS: usize = 50;
const AUDIENCES: usize = 20;
const DISPLAYS: usize = 200;
const CHANGES: usize = 150;
const SOON: Duration = Duration::from_secs(30);

/// A screen or a page has received a frame that may show the change.
struct Told {
    wall: bool,
    frame: Vec<u8>,
    at: Instant,
}

fn main() {
    kit::raise_descriptor_limit();
    kit::block_on(async {
        let cluster = Cluster::start(BRIDGES.len(), 0, 0, 5, 0.0);
        let server = Server::start(&cluster.bridges, "", false).await;
        let mut meetings = Vec::new();
        for n in 0..MEETINGS {
            let bridge = BRIDGES[n % BRIDGES.len()];
            let meeting = cluster.meeting(&format!("Lobby {n}"), bridge).await;
            cluster.join(&meeting, bridge, "Guest 0").await;
            meetings.push((meeting, bridge, 1));
        }
        let (tell, mut told) = mpsc::unbounded_channel();
        for _ in 0..DESKS {
            follow(Browser::open(&server.site).await, false, tell.clone());
        }
        let mut run = Run { cluster, server, meetings };
        let alone = run.changes(&mut told, DESKS).await;
        println!("{DESKS} moderators alone: {alone}");
        let rows_before = run.rows().await;
        let mut admin = run.server.site.clone();
        admin.cookie = browser::log_in(&admin, ADMIN, PASSWORD).await;
        for link in links(&admin).await {
            follow(Browser::try_open_at(&run.server.site, &format!("{link}/ws")).await.expect("connected"), true, tell.clone());
        }
        let both = run.changes(&mut told, DESKS + DISPLAYS).await;
        println!("{DESKS} moderators and {DISPLAYS} displays in {AUDIENCES} audiences: {both}");
        let rows = (run.rows().await - rows_before) / CHANGES as f64;
        println!(
            "with displays / without: CPU {:.2} x, memory {:.2} x, on the desk p99 {:.2} x; rows published for walls a change {rows:.1} ({AUDIENCES} audiences, {DISPLAYS} screens)",
            both.cpu_ms / alone.cpu_ms,
            both.memory / alone.memory,
            both.desk_p99 / alone.desk_p99,
        );
        bar("a change on the wall, p99", 250.0, " ms", both.wall_p99);
    });
}

struct Run {
    cluster: Cluster,
    server: Server,
    /// A display with waiting participants.
    meetings: Vec<(String, &'static str, usize)>,
}

struct Figures {
    desk_p50: f64,
    desk_p99: f64,
    wall_p50: f64,
    wall_p99: f64,
    /// CPU of the server per change.
    cpu_ms: f64,
    memory: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { desk_p50, desk_p99, wall_p50, wall_p99, cpu_ms, memory } = self;
        write!(f, "on desks p50 {desk_p50:.0} ms, p99 {desk_p99:.0} ms; ")?;
        if !wall_p50.is_nan() {
            write!(f, "on walls p50 {wall_p50:.0} ms, p99 {wall_p99:.0} ms; ")?;
        }
        write!(f, "CPU {cpu_ms:.1} ms a change, {memory:.0} MB")
    }
}

impl Run {
    /// Adds one guest after another; a change is complete when every page and screen has it.
    async fn changes(&mut self, told: &mut mpsc::UnboundedReceiver<Told>, everybody: usize) -> Figures {
        // Wait for snapshots, and for the effects of the first participants.
        let settled = tokio::time::Instant::now() + Duration::from_secs(12);
        while tokio::time::timeout_at(settled, told.recv()).await.is_ok() {}
        let (mut desk, mut wall) = (Vec::new(), Vec::new());
        let cpu = self.server.process.cpu();
        for n in 0..CHANGES {
            let at = n * 7 % MEETINGS;
            let (meeting, bridge, waiting) = &mut self.meetings[at];
            *waiting += 1;
            let signs = [
                format!(r#""name":"Lobby {at}","named_by":"name","waiting":{waiting},"#),
                format!(r#""title":"Lobby {at}","waiting":{waiting},"#),
            ];
            let begin = Instant::now();
            self.cluster.join(meeting, bridge, &format!("Guest {waiting}")).await;
            let mut left = everybody;
            while left > 0 {
                let Ok(Some(frame)) = tokio::time::timeout(SOON, told.recv()).await else { panic!("{left} were never told of a change") };
                let sign = signs[usize::from(frame.wall)].as_bytes();
                if frame.frame.windows(sign.len()).any(|part| part == sign) {
                    let ms = (frame.at - begin).as_secs_f64() * 1000.0;
                    if frame.wall {
                        wall.push(ms)
                    } else {
                        desk.push(ms)
                    }
                    left -= 1;
                }
            }
        }
        Figures {
            desk_p50: percentile(&mut desk, 0.5),
            desk_p99: percentile(&mut desk, 0.99),
            wall_p50: percentile(&mut wall, 0.5),
            wall_p99: percentile(&mut wall, 0.99),
            cpu_ms: (self.server.process.cpu() - cpu).as_secs_f64() * 1000.0 / CHANGES as f64,
            memory: self.server.process.resident(),
        }
    }

    /// Rows published for displays since the start. Rows that are the same for an audience are not counted.
    async fn rows(&self) -> f64 {
        let text = browser::try_get(&self.server.site, "/metrics").await.expect("metrics");
        let line = text.lines().find_map(|line| line.strip_prefix("usher_wall_rows_total "));
        line.and_then(|n| n.trim().parse().ok()).unwrap_or(0.0)
    }
}

fn follow(mut browser: Browser, wall: bool, tell: mpsc::UnboundedSender<Told>) {
    tokio::spawn(async move {
        loop {
            let frame = browser.frame().await;
            if frame.starts_with(br#"{"type":"beat""#) {
                browser.say(r#"{"type":"beat"}"#).await;
            } else if frame.starts_with(br#"{"type":"delta""#) {
                let told = Told { wall, frame: frame.to_vec(), at: Instant::now() };
                if tell.send(told).is_err() {
                    return;
                }
            }
        }
    });
}

/// Ten displays for each audience.
async fn links(admin: &Site) -> Vec<String> {
    let mut page = Browser::open(admin).await;
    let every: Vec<Value> = (0..MEETINGS).map(|n| json!({ "id": n.to_string(), "name": format!("Lobby {n}") })).collect();
    let views = [
        json!([{ "what": "all", "seconds": 30 }]),
        json!([{ "what": "bridges", "bridges": BRIDGES, "seconds": 30 }]),
        json!([{ "what": "meetings", "meetings": every, "seconds": 30 }]),
        json!([{ "what": "all", "seconds": 30 }, { "what": "bridges", "bridges": BRIDGES, "seconds": 30 }]),
    ];
    let names = ["full", "short", "initials", "number", "none"];
    let mut links = Vec::new();
    for n in 0..DISPLAYS {
        let display = json!({
            "name": format!("Wall {n}"), "place": "", "views": views[n % 4], "names": names[n / 4 % 5], "titles": true, "distance_m": 5.0,
            "diagonal_in": 55.0, "themes": [{ "from": "00:00", "theme": "dark" }], "dim": null, "sound": false, "lang": "en"
        });
        page.say(&json!({ "type": "display_link", "ref": n.to_string(), "display": display }).to_string()).await;
        links.push(loop {
            let frame: Value = serde_json::from_slice(page.frame().await).expect("JSON");
            if frame["type"] == "answer" {
                break frame["link"].as_str().expect("a link").to_owned();
            }
            assert_ne!(frame["type"], "error", "{frame}");
        });
    }
    links
}
