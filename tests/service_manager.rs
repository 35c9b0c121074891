//! `usher serve` under a service manager: what it reports over `NOTIFY_SOCKET`.
#![cfg(target_os = "linux")]

mod common;

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Mutex};

use common::desk::quiet;
use common::page::check;
use common::usher_process::UsherProcess;
use common::{DEADLINE, wait_for};
use rstest::rstest;
use usher::clock::monotonic_us;
use usher::simulator::{self, Join, Role, Simulator, StartCall};

/// The end of the socket that the service manager has.
struct Manager {
    /// The value of `NOTIFY_SOCKET`.
    name: String,
    messages: Arc<Mutex<Vec<String>>>,
    _dir: tempfile::TempDir,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Path,
    Abstract,
}

impl Manager {
    fn listen(place: Place) -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("notify").to_str().expect("a path in UTF-8").to_owned();
        let (name, socket) = match place {
            Place::Path => (path.clone(), UnixDatagram::bind(&path)),
            Place::Abstract => {
                let address = SocketAddr::from_abstract_name(&path).expect("a name");
                (format!("@{path}"), UnixDatagram::bind_addr(&address))
            }
        };
        let (socket, messages) = (socket.expect("bound"), Arc::<Mutex<Vec<String>>>::default());
        let received = messages.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(length) = socket.recv(&mut buffer) {
                received.lock().expect("messages").push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        });
        Self { name, messages, _dir: dir }
    }

    /// Starts Usher below it; `more` are further settings of its shell.
    async fn start(&self, sim: &Simulator, more: &str) -> UsherProcess {
        UsherProcess::start_in(sim, "", &format!("export NOTIFY_SOCKET='{}'; {more}", self.name)).await
    }

    fn messages(&self) -> Vec<String> {
        self.messages.lock().expect("messages").clone()
    }

    /// Waits until the messages from the `from`th on have the wanted ones, in their order.
    async fn until(&self, from: usize, wanted: &[&str]) {
        wait_for(DEADLINE, &format!("{wanted:?}"), async || {
            let messages = self.messages();
            let mut left = messages.iter().skip(from);
            let found = wanted.iter().all(|text| left.any(|message| message.lines().any(|line| line == *text)));
            check(found, messages)
        })
        .await;
    }
}

#[rstest]
#[case::a_path(Place::Path)]
#[case::an_abstract_name(Place::Abstract)]
#[tokio::test]
async fn the_start_the_status_and_the_end_are_reported(#[case] place: Place) {
    let manager = Manager::listen(place);
    let sim = simulator::start(quiet(2)).await.expect("simulator");
    let mut usher = manager.start(&sim, "").await;
    manager.until(0, &["READY=1", "STATUS=2 of 2 bridges connected, 0 people waiting"]).await;
    assert_eq!(manager.messages()[0], "READY=1", "nothing is reported before");

    let meeting = sim.control().start_call(StartCall { name: "Court 1".into(), space: true, ..StartCall::default() }).expect("started").id;
    let guest = Join { meeting, name: "Guest".into(), role: Role::Guest, ..Join::default() };
    sim.control().join(guest).expect("joined");
    manager.until(0, &["STATUS=2 of 2 bridges connected, 1 person waiting"]).await;

    usher.signal("TERM");
    assert!(usher.until_exit(DEADLINE).await.success());
    manager.until(0, &["STOPPING=1"]).await;
    let messages = manager.messages();
    assert!(messages.last().is_some_and(|last| last.starts_with("STOPPING=1")), "{messages:?}");
    assert!(!messages.iter().any(|message| message.contains("WATCHDOG")), "nobody asked for it: {messages:?}");
}

#[tokio::test]
async fn a_reload_has_a_beginning_with_its_time_and_an_end_also_when_the_file_has_a_mistake() {
    let manager = Manager::listen(Place::Path);
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let usher = manager.start(&sim, "").await;
    manager.until(0, &["READY=1"]).await;
    for text in [usher.configuration(&sim, ""), "no configuration".into()] {
        usher.write_config(&text);
        let (from, before) = (manager.messages().len(), monotonic_us());
        usher.signal("HUP");
        manager.until(from, &["RELOADING=1", "READY=1"]).await;
        let messages = manager.messages();
        let reloading = messages[from..].iter().find(|message| message.starts_with("RELOADING=1")).expect("the beginning");
        let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        let time: i64 = time.expect("its time").parse().expect("a number");
        assert!((before..=monotonic_us()).contains(&time), "{before} {time}");
    }
    usher.until_logged("configuration not replaced").await;
}

#[tokio::test]
async fn the_watchdog_of_this_process_is_notified() {
    let manager = Manager::listen(Place::Abstract);
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let _usher = manager.start(&sim, "export WATCHDOG_USEC=4000000 WATCHDOG_PID=$$").await;
    manager.until(0, &["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]).await;
}

#[tokio::test]
async fn the_watchdog_of_another_process_is_left_alone() {
    let manager = Manager::listen(Place::Path);
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let mut usher = manager.start(&sim, "export WATCHDOG_USEC=2000 WATCHDOG_PID=1").await;
    manager.until(0, &["READY=1", "STATUS=1 of 1 bridge connected, 0 people waiting"]).await;
    usher.signal("TERM");
    usher.until_exit(DEADLINE).await;
    manager.until(0, &["STOPPING=1"]).await;
    let messages = manager.messages();
    assert!(!messages.iter().any(|message| message.contains("WATCHDOG")), "{messages:?}");
}

#[rstest]
#[case::gone("/nowhere/notify", "service manager not notified")]
#[case::no_address("vsock:2:1234", "neither a path nor an abstract name")]
#[tokio::test]
async fn usher_serves_also_where_nothing_listens(#[case] socket: &str, #[case] warning: &str) {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let mut usher = UsherProcess::start_in(&sim, "", &format!("export NOTIFY_SOCKET={socket}")).await;
    usher.until_logged(warning).await;
    usher.signal("TERM");
    assert!(usher.until_exit(DEADLINE).await.success());
}
