//! Reports the server's state to the service manager (systemd, sd_notify(3)): served, reloading, stopping, a line of status, and signs of life
//! for its watchdog. Does nothing if `NOTIFY_SOCKET` is not set. Decides nothing.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::app::SignsOfLife;
#[cfg(target_os = "linux")]
use crate::clock::monotonic_us;
use crate::log_limit::LogLimit;

/// How often the line of status may change.
const STATUS_INTERVAL: Duration = Duration::from_secs(5);

/// How long a full socket may delay a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// The publisher gives one sign of life a second, so a shorter watchdog would end a healthy server.
const SHORTEST_WATCHDOG: Duration = Duration::from_secs(4);

static NOT_SENT: LogLimit = LogLimit::new();
static SILENT: LogLimit = LogLimit::new();

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ServiceManager {
    /// The value of `NOTIFY_SOCKET`.
    socket: Option<OsString>,
    watchdog: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Also the end of a reload.
    Ready,
    Reloading,
    Stopping,
    Status(String),
    Alive,
}

impl Notification {
    fn text(&self) -> String {
        match self {
            Self::Ready => "READY=1".into(),
            Self::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()),
            Self::Stopping => "STOPPING=1\nSTATUS=Stopping".into(),
            Self::Status(text) => format!("STATUS={text}"),
            Self::Alive => "WATCHDOG=1".into(),
        }
    }
}

impl ServiceManager {
    /// The service manager that the environment names.
    pub fn from_environment() -> Self {
        let text = |name| std::env::var(name).ok();
        let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|value| !value.is_empty()) else { return Self::default() };
        if !is_supported(&socket) {
            warn!(?socket, "NOTIFY_SOCKET is neither a path nor an abstract name: the service manager is not notified");
            return Self::default();
        }
        let watchdog = watchdog(text("WATCHDOG_USEC").as_deref(), text("WATCHDOG_PID").as_deref(), std::process::id());
        if let Some(short) = watchdog.filter(|time| *time < SHORTEST_WATCHDOG) {
            warn!(?short, "WatchdogSec is too short: set at least {SHORTEST_WATCHDOG:?}");
        }
        Self { socket: Some(socket), watchdog }
    }

    /// Sends a notification. A failure is logged: the server works without a service manager.
    pub async fn notify(&self, notification: Notification) {
        let Some(socket) = &self.socket else { return };
        let sent = match timeout(SEND_TIMEOUT, transport::send(socket, &notification.text())).await {
            Ok(sent) => sent,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        if let Err(error) = sent {
            NOT_SENT.log(|suppressed| warn!(%error, ?notification, suppressed, "service manager not notified"));
        }
    }

    /// Reports that Usher serves, then its status and signs of life until `stop`, then that it stops.
    pub async fn report(self, signs: SignsOfLife, stop: CancellationToken) {
        if self.socket.is_none() {
            return stop.cancelled().await;
        }
        self.notify(Notification::Ready).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.report_status(&signs) => {}
            () = self.report_life(signs.clone()) => {}
        }
        self.notify(Notification::Stopping).await;
    }

    async fn report_status(&self, signs: &SignsOfLife) {
        let mut reported = None;
        let mut ticks = interval(STATUS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let totals = signs.totals();
            if reported.replace(totals) != Some(totals) {
                self.notify(Notification::Status(totals.to_string())).await;
            }
        }
    }

    /// Notifies the watchdog twice within its time, as long as every part of Usher gives signs of life.
    async fn report_life(&self, mut signs: SignsOfLife) {
        let Some(watchdog) = self.watchdog else { return std::future::pending().await };
        info!(?watchdog, "watchdog of the service manager notified from now on");
        let mut ticks = interval(watchdog / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match signs.until_all_live(watchdog / 2).await {
                Ok(()) => self.notify(Notification::Alive).await,
                Err(silent) => {
                    SILENT.log(|suppressed| {
                        warn!(suppressed, "{silent}: the watchdog is not notified, and the service manager may restart Usher")
                    });
                }
            }
        }
    }
}

/// The time within which the watchdog expects a sign; None if it is off or meant for another process.
fn watchdog(microseconds: Option<&str>, process: Option<&str>, own_id: u32) -> Option<Duration> {
    let time = microseconds?.parse().ok().filter(|time| *time > 0).map(Duration::from_micros)?;
    process.is_none_or(|id| id.parse() == Ok(own_id)).then_some(time)
}

#[cfg(not(target_os = "linux"))]
fn monotonic_us() -> i64 {
    0
}

#[cfg(target_os = "linux")]
fn is_supported(socket: &OsString) -> bool {
    use std::os::unix::ffi::OsStrExt;
    matches!(socket.as_bytes(), [b'/' | b'@', _, ..])
}

#[cfg(not(target_os = "linux"))]
fn is_supported(_: &OsString) -> bool {
    false
}

#[cfg(target_os = "linux")]
mod transport {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    /// Sends one message over a socket of its own, as systemd's library does: a restart of the service manager breaks nothing.
    pub(super) async fn send(socket: &OsStr, message: &str) -> io::Result<()> {
        let address = match socket.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(socket)?,
        };
        let sender = UnixDatagram::unbound()?;
        sender.set_nonblocking(true)?;
        sender.connect_addr(&address)?;
        tokio::net::UnixDatagram::from_std(sender)?.send(message.as_bytes()).await.map(|_| ())
    }
}

#[cfg(not(target_os = "linux"))]
mod transport {
    pub(super) async fn send(_: &std::ffi::OsStr, _: &str) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::off(None, None, None)]
    #[case::for_any_process(Some("30000000"), None, Some(30))]
    #[case::for_this_process(Some("30000000"), Some("7"), Some(30))]
    #[case::for_another(Some("30000000"), Some("8"), None)]
    #[case::for_nothing_that_is_a_process(Some("30000000"), Some(""), None)]
    #[case::zero(Some("0"), None, None)]
    #[case::no_number(Some("soon"), None, None)]
    #[case::negative(Some("-1"), None, None)]
    fn the_watchdog_is_that_of_this_process(#[case] time: Option<&str>, #[case] process: Option<&str>, #[case] seconds: Option<u64>) {
        assert_eq!(watchdog(time, process, 7), seconds.map(Duration::from_secs));
    }

    #[cfg(target_os = "linux")]
    mod on_linux {
        use std::os::unix::net::UnixDatagram;

        use tokio::runtime::Handle;
        use tokio::sync::watch;

        use super::super::*;
        use crate::publisher::Totals;
        use crate::supervisor::Supervisor;

        /// A service manager with a watchdog of ten seconds, and the socket on which it listens.
        fn manager(dir: &tempfile::TempDir) -> (ServiceManager, UnixDatagram) {
            let path = dir.path().join("notify");
            let socket = UnixDatagram::bind(&path).expect("a socket");
            socket.set_nonblocking(true).expect("non-blocking");
            (ServiceManager { socket: Some(path.into()), watchdog: Some(Duration::from_secs(10)) }, socket)
        }

        fn received(socket: &UnixDatagram) -> Vec<String> {
            let mut buffer = [0; 512];
            std::iter::from_fn(|| socket.recv(&mut buffer).ok().map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned()))
                .collect()
        }

        /// The signs of parts that live as long as the sender sends.
        fn signs() -> (watch::Sender<Totals>, SignsOfLife) {
            let (sender, receiver) = watch::channel(Totals::default());
            (sender, SignsOfLife::new(receiver, Handle::current(), Supervisor::new(CancellationToken::new())))
        }

        #[tokio::test(start_paused = true)]
        async fn the_watchdog_hears_only_of_parts_that_live() {
            let dir = tempfile::tempdir().expect("directory");
            let (manager, socket) = manager(&dir);
            let (sender, signs) = signs();
            let reporting = tokio::spawn(async move { manager.report_life(signs).await });
            let alive = async |seconds: u64, publishes: bool| {
                for _ in 0..seconds {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if publishes {
                        sender.send_replace(Totals::default());
                    }
                }
                received(&socket).iter().filter(|message| *message == "WATCHDOG=1").count()
            };
            assert!(alive(20, true).await >= 3, "twice in ten seconds");
            alive(10, false).await;
            assert_eq!(alive(60, false).await, 0, "the publisher hangs");
            assert!(alive(20, true).await >= 2, "it goes on");
            reporting.abort();
        }

        #[tokio::test(start_paused = true)]
        async fn a_status_is_sent_when_it_changes() {
            let dir = tempfile::tempdir().expect("directory");
            let (manager, socket) = manager(&dir);
            let (sender, signs) = signs();
            let stop = CancellationToken::new();
            let reporting = tokio::spawn(ServiceManager { watchdog: None, ..manager }.report(signs, stop.clone()));
            tokio::time::sleep(STATUS_INTERVAL * 3).await;
            sender.send_replace(Totals { bridges: 2, connected: 1, waiting: 3 });
            tokio::time::sleep(STATUS_INTERVAL * 3).await;
            stop.cancel();
            reporting.await.expect("ended");
            let expected = [
                "READY=1",
                "STATUS=0 of 0 bridges connected, 0 people waiting",
                "STATUS=1 of 2 bridges connected, 3 people waiting",
                "STOPPING=1\nSTATUS=Stopping",
            ];
            assert_eq!(received(&socket), expected);
        }
    }
}
