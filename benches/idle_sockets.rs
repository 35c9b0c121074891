//! The cost of 5,000 idle browsers: the server's heartbeat every two seconds, and the page's own every fifteen. `usher simulate`
//! without activity and `usher serve` as processes. The yardsticks in the same run are the same server without browsers, and one task that
//! writes heartbeats to the same number of bare sockets.

mod kit;

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use kit::browser::Browser;
use kit::cluster::Cluster;
use kit::process::Process;
use kit::server::{Server, free_address};
use kit::statistics::bar;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, interval, timeout_at};

const BROWSERS: usize = 5_000;
const PERIOD: Duration = Duration::from_secs(2);
/// The same interval as in `web/net/connection.js`.
const SAY: Duration = Duration::from_secs(15);
const LENGTH: Duration = Duration::from_secs(30);
/// The server's heartbeat in a WebSocket frame.
const BEAT: &[u8] = b"\x81\x24{\"type\":\"beat\",\"time\":1795962370626}";

fn main() {
    kit::raise_descriptor_limit();
    match std::env::args().nth(2).filter(|_| kit::role().as_deref() == Some("bare")) {
        Some(address) => kit::block_on(bare(address)),
        None => kit::block_on(compare()),
    }
}

async fn compare() {
    let cluster = Cluster::start(2, 10, 100, 5, 0.0);
    let server = Server::start(&cluster.bridges, "", false).await;
    let mut browsers = Vec::with_capacity(BROWSERS);
    while browsers.len() < BROWSERS {
        let mut browser = Browser::open(&server.site).await;
        browser.snapshot().await;
        browsers.push(browser);
    }
    // Wait until the effects of connecting are over.
    run(&mut browsers, Duration::from_secs(10)).await;
    let with = share(&server.process, &mut browsers).await;
    let memory = server.process.resident();
    drop(browsers);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let without = share(&server.process, &mut []).await;
    drop(server);

    let address = free_address();
    let exe = std::env::current_exe().expect("this program");
    let child = Process::start(Command::new(exe).args(["bare", &address.to_string()]).stdin(Stdio::null()));
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut sinks = Vec::with_capacity(BROWSERS);
    while sinks.len() < BROWSERS {
        sinks.push(Browser::bare(address).await);
    }
    run(&mut sinks, Duration::from_secs(4)).await;
    let bare = share(&child, &mut sinks).await;
    println!(
        "{BROWSERS} quiet browsers: {with:.1} % of a core and {memory:.0} MB; none: {without:.1} %; a task that writes their beats to bare sockets: \
         {bare:.1} %; {:.2} times as much",
        (with - without) / bare
    );
    bar("5,000 quiet browsers, the server's CPU", 10.0, " % of a core", with);
}

/// The process's CPU while the browsers read, in per cent of a core.
async fn share(process: &Process, browsers: &mut [Browser]) -> f64 {
    let before = process.cpu();
    let began = Instant::now();
    run(browsers, LENGTH).await;
    (process.cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0
}

/// Reads frames for this long, and sends a heartbeat now and then.
async fn run(browsers: &mut [Browser], length: Duration) {
    let end = Instant::now() + length;
    let count = browsers.len();
    let read = browsers.iter_mut().enumerate().map(async |(n, browser)| {
        // Each page at its own moment.
        let mut say = Instant::now() + SAY * n as u32 / count as u32;
        while timeout_at(end, browser.frame()).await.is_ok() {
            if Instant::now() >= say {
                browser.say(r#"{"type":"beat"}"#).await;
                say += SAY;
            }
        }
    });
    join_all(read).await;
    tokio::time::sleep_until(end).await;
}

/// Accepts sockets, and writes a heartbeat to each of them in every period, to a twentieth of them at a time.
async fn bare(address: String) {
    let listener = TcpListener::bind(address).expect("the port");
    listener.set_nonblocking(true).expect("a listener");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let (mut sockets, mut tick, mut turn) = (Vec::new(), interval(PERIOD / 20), 0);
    loop {
        tokio::select! {
            accepted = listener.accept() => sockets.push(accepted.expect("a socket").0),
            _ = tick.tick() => {
                for socket in sockets.iter_mut().skip(turn).step_by(20) {
                    // Sockets that only tried whether the port is open have ended.
                    let _ = socket.write_all(BEAT).await;
                }
                turn = (turn + 1) % 20;
            }
        }
    }
}
