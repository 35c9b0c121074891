//! Connections without a login or a display are limited to a share of all, so that the desk goes on.
#![cfg(unix)]

mod common;

use std::time::Duration;

use common::browser::{Browser, Socket};
use common::desk::quiet;
use common::server::{PASSWORD, ServerSetup, TestServer};
use common::usher_process::UsherProcess;
use common::{DEADLINE, in_time, wait_for};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use usher::simulator;

/// This process holds the other ends.
fn raise_limit() {
    rlimit::increase_nofile_limit(4096).expect("descriptors");
}

async fn connections(address: std::net::SocketAddr, n: usize) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..n {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let _ = stream.write_all(b"GET /login HTTP/1.1\r\nHost: a\r\nX-Slow: ").await;
        connections.push(stream);
    }
    connections
}

/// Whether the server has ended it.
fn is_ended(stream: &TcpStream) -> bool {
    let mut byte = [0];
    match stream.try_read(&mut byte) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test]
async fn strangers_without_end_leave_the_desk_its_descriptors() {
    raise_limit();
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let usher = UsherProcess::start_in(&sim, "", "ulimit -n 256").await;
    let mut before = usher.page("mo").await;
    let open = connections(usher.address, 600).await;
    // A quarter of 256 for all strangers, half of that for one network.
    wait_for(DEADLINE, "most of them to be closed", async || {
        let left = open.iter().filter(|stream| !is_ended(stream)).count();
        if left <= 32 { Ok(()) } else { Err(left) }
    })
    .await;
    usher.until_logged("too many connections without sign-in, oldest closed").await;
    let mut after = usher.page("max").await;
    for page in [&mut before, &mut after] {
        page.until("the bridge to be shown", |page| if page.bridges().is_empty() { Err("none".into()) } else { Ok(()) }).await;
    }
    let lines = usher.log().matches("too many connections without sign-in").count();
    assert_eq!(lines, 1, "once a minute");
}

async fn unpaired(browser: &Browser) -> Socket {
    let mut socket = browser.socket_at("/wall/ws").await;
    socket.frame_of_type("code").await;
    socket
}

#[tokio::test]
async fn screens_that_nobody_paired_make_room_for_new_ones() {
    raise_limit();
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let usher = UsherProcess::start_in(&sim, "", "ulimit -n 256").await;
    let mut page = usher.page("mo").await;
    let mut made_up = Browser::new(usher.address, "");
    made_up.cookies.insert("usher_wall".into(), "0123456789abcdef".repeat(3));
    let mut first = unpaired(&made_up).await;
    let mut open = Vec::new();
    for _ in 0..60 {
        open.push(unpaired(&made_up).await);
    }
    assert_eq!(first.frame_of_type("over").await["why"], "crowded");
    assert_eq!(first.until_closed().await.0, 4429);
    let mut closed = 0;
    for socket in &mut open[..52] {
        closed += usize::from(socket.until_closed().await.0 == 4429);
    }
    assert_eq!(closed, 52, "eight are left of one network");
    usher.until_logged("too many unpaired screens, oldest closed").await;
    page.until("the desk to go on", |page| if page.bridges().is_empty() { Err("none".into()) } else { Ok(()) }).await;
}

#[tokio::test]
async fn when_no_descriptors_are_left_the_log_says_so_and_the_server_goes_on() {
    raise_limit();
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    // Connections of a trusted proxy are not counted.
    let usher = UsherProcess::start_in(&sim, "trusted_proxies = [\"127.0.0.1\"]", "ulimit -n 80").await;
    let open = connections(usher.address, 120).await;
    usher.until_logged("connection not accepted: no descriptors left").await;
    drop(open);
    let mut browser = Browser::new(usher.address, "");
    wait_for(DEADLINE, "connections to be taken again", async || match browser.http.get(browser.url("/healthz")).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    browser.login("mo", PASSWORD).await;
}

async fn impatient() -> TestServer {
    ServerSetup::timing(|timing| {
        timing.request_headers = Duration::from_millis(300);
        timing.connection_idle = Duration::from_millis(300);
    })
    .start()
    .await
}

/// Everything until the server ends the connection.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let _ = in_time("the server to end the connection", stream.read_to_end(&mut read)).await;
    read
}

#[tokio::test]
async fn who_says_nothing_or_never_ends_its_headers_is_closed() {
    let site = impatient().await;
    for begun in ["", "GET /login HTTP/1.1\r\nHost: a\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI"] {
        let mut stream = TcpStream::connect(site.address).await.expect("connected");
        stream.write_all(begun.as_bytes()).await.expect("sent");
        rest(stream).await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_with_http_1_and_2() {
    let site = impatient().await;
    let mut stream = TcpStream::connect(site.address).await.expect("connected");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
    assert!(String::from_utf8_lossy(&rest(stream).await).contains("200 OK"));

    let mut stream = TcpStream::connect(site.address).await.expect("connected");
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frames.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    // GET, http, and two literals: the path and the authority.
    let mut block = vec![0x82, 0x86, 0x04, 8];
    block.extend(b"/healthz");
    block.extend([0x01, 1, b'a']);
    frames.extend([0, 0, u8::try_from(block.len()).expect("short"), 1, 5, 0, 0, 0, 1]);
    frames.extend(block);
    stream.write_all(&frames).await.expect("sent");
    let read = rest(stream).await;
    assert!(read.windows(3).any(|bytes| bytes == b"ok\n"), "it was answered before: {read:?}");
}

#[tokio::test]
async fn a_socket_that_is_used_for_long_is_not_idle() {
    let site = impatient().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    socket.frame_of_type("snapshot_end").await;
    // Another connection is opened after it, and closed for being idle.
    rest(TcpStream::connect(site.address).await.expect("connected")).await;
    site.hub.publish(vec![common::sample_rows::server()], vec![]);
    assert_eq!(socket.frame_of_type("delta").await["type"], "delta");
}
