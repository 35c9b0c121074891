//! The events of one bridge: a token, a socket, one subscription and its acknowledgement; then the socket is closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::report::{Report, Step};
use super::verdict;
use crate::cms::{Answer, Ask, Body, Client, Endpoint, News, Session, SessionReport, Subscription, System, subscribe_request};
use crate::config::{BridgeConfig, Secret, Timing};

const NAME: &str = "events";
const MESSAGE: i64 = 1;
const SLOWER: &str = "Until then Usher reads this bridge by REST only: slower, with more load on it.";

/// How the attempt ended.
enum Heard {
    /// No socket.
    Refused(String),
    Acknowledged {
        success: bool,
        status: String,
    },
    /// Closed between the request and its acknowledgement.
    Closed(String),
    Silence(Duration),
}

pub(super) async fn events(client: &Client, config: &BridgeConfig, tls: Arc<rustls::ClientConfig>, timing: &Timing, report: &mut Report) {
    let answer = client.ask(&Ask::Token(0)).await;
    report.push(verdict::token(&answer, config));
    let Ok(Answer::Token(token)) = answer else { return };
    let endpoint = Endpoint { url: config.url.clone(), tls, connect_timeout: timing.connect_timeout, names: Arc::new(System) };
    report.push(judged(listen(endpoint, token, timing.ack_timeout).await));
}

async fn listen(endpoint: Endpoint, token: Secret, ack_timeout: Duration) -> Heard {
    let tracker = TaskTracker::new();
    let (sender, mut reports) = mpsc::channel(64);
    let session = Session::spawn(&tracker, endpoint, token, 0, 0, sender);
    let heard = match reports.recv().await {
        Some(SessionReport { news: News::Open, .. }) => {
            session.send(subscribe_request(
                MESSAGE,
                &[Subscription { index: 1, kind: "calls", call: None, elements: &["name", "participants"] }],
            ));
            tokio::time::timeout(ack_timeout, acknowledged(&mut reports)).await.unwrap_or(Heard::Silence(ack_timeout))
        }
        Some(SessionReport { news: News::Closed(reason), .. }) => Heard::Refused(reason),
        _ => Heard::Refused("no word from the socket".into()),
    };
    drop((session, reports));
    tracker.close();
    tracker.wait().await;
    heard
}

async fn acknowledged(reports: &mut mpsc::Receiver<SessionReport>) -> Heard {
    while let Some(report) = reports.recv().await {
        match report.news {
            News::Frame(frame) => {
                if let Body::Ack { success, status, .. } = frame.body {
                    return Heard::Acknowledged { success, status };
                }
            }
            News::Closed(reason) => return Heard::Closed(reason),
            News::Open => {}
        }
    }
    Heard::Closed("the session ended".into())
}

fn judged(heard: Heard) -> Step {
    match heard {
        Heard::Acknowledged { success: true, .. } => Step::ok(NAME, "the socket opened and the list of calls was subscribed to"),
        Heard::Acknowledged { status, .. } => Step::fail(
            NAME,
            format!("the bridge refused the subscription to its calls (status {status:?})"),
            format!("Another client may hold too many subscriptions; look at Web Admin > Logs > Event log. {SLOWER}"),
        ),
        Heard::Refused(reason) => Step::fail(
            NAME,
            format!("the bridge gave a token, but the events socket (/events/v1) was not opened: {reason}"),
            format!(
                "A proxy between Usher and the bridge must let WebSockets pass; better is none. Otherwise look at Web Admin > Logs > Event log. {SLOWER}"
            ),
        ),
        Heard::Closed(reason) => Step::fail(
            NAME,
            format!("the events socket closed after the subscription was asked for: {reason}"),
            format!("Look at Web Admin > Logs > Event log for the reason. {SLOWER}"),
        ),
        Heard::Silence(limit) => Step::fail(
            NAME,
            format!("the events socket opened, but the subscription was not acknowledged within {limit:?}"),
            format!("A proxy between may hold messages back, or the bridge is overloaded. {SLOWER}"),
        ),
    }
}
