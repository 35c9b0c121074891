//! Checks the events of one bridge: gets a token, opens a socket, subscribes once and waits for the ack. Then closes the socket.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::report::{CheckReport, CheckStep};
use super::verdict;
use crate::cms::{
    Body, ConnectOptions, EventsSocket, Request, Response, RestClient, SocketEvent, SocketReport, Subscription, SystemResolver,
    subscribe_request,
};
use crate::config::{BridgeConfig, Secret, Timing};

const NAME: &str = "events";
const MESSAGE_ID: i64 = 1;
const UNTIL_THEN: &str = "Until then Usher reads this bridge by REST only: slower, with more load on it.";

/// How the attempt ended.
enum SubscriptionAttempt {
    /// The socket did not open.
    Refused(String),
    Acknowledged {
        success: bool,
        status: String,
    },
    /// The socket closed before the ack.
    Closed(String),
    Silence(Duration),
}

pub(super) async fn check_events(
    client: &RestClient,
    config: &BridgeConfig,
    tls: Arc<rustls::ClientConfig>,
    timing: &Timing,
    report: &mut CheckReport,
) {
    let response = client.send(&Request::Token(0)).await;
    report.push(verdict::token(&response, config));
    let Ok(Response::Token(token)) = response else { return };
    let options = ConnectOptions { url: config.url.clone(), tls, connect_timeout: timing.connect_timeout, names: Arc::new(SystemResolver) };
    report.push(verdict_on(try_subscription(options, token, timing.ack_timeout).await));
}

async fn try_subscription(options: ConnectOptions, token: Secret, ack_timeout: Duration) -> SubscriptionAttempt {
    let tracker = TaskTracker::new();
    let (sender, mut reports) = mpsc::channel(64);
    let socket = EventsSocket::spawn(&tracker, options, token, 0, 0, sender);
    let attempt = match reports.recv().await {
        Some(SocketReport { event: SocketEvent::Open, .. }) => {
            socket.send(subscribe_request(
                MESSAGE_ID,
                &[Subscription { index: 1, kind: "calls", call: None, elements: &["name", "participants"] }],
            ));
            tokio::time::timeout(ack_timeout, wait_for_ack(&mut reports)).await.unwrap_or(SubscriptionAttempt::Silence(ack_timeout))
        }
        Some(SocketReport { event: SocketEvent::Closed(reason), .. }) => SubscriptionAttempt::Refused(reason),
        _ => SubscriptionAttempt::Refused("the socket said nothing".into()),
    };
    drop((socket, reports));
    tracker.close();
    tracker.wait().await;
    attempt
}

async fn wait_for_ack(reports: &mut mpsc::Receiver<SocketReport>) -> SubscriptionAttempt {
    while let Some(report) = reports.recv().await {
        match report.event {
            SocketEvent::Frame(frame) => {
                if let Body::Ack { success, status, .. } = frame.body {
                    return SubscriptionAttempt::Acknowledged { success, status };
                }
            }
            SocketEvent::Closed(reason) => return SubscriptionAttempt::Closed(reason),
            SocketEvent::Open => {}
        }
    }
    SubscriptionAttempt::Closed("the session ended".into())
}

fn verdict_on(attempt: SubscriptionAttempt) -> CheckStep {
    match attempt {
        SubscriptionAttempt::Acknowledged { success: true, .. } => {
            CheckStep::ok(NAME, "the socket opened and the subscription to the calls was acknowledged")
        }
        SubscriptionAttempt::Acknowledged { status, .. } => CheckStep::fail(
            NAME,
            format!("the bridge refused the subscription to its calls (status {status:?})"),
            format!("Another client may hold too many subscriptions; look at Web Admin > Logs > Event log. {UNTIL_THEN}"),
        ),
        SubscriptionAttempt::Refused(reason) => CheckStep::fail(
            NAME,
            format!("the bridge gave a token, but the events socket (/events/v1) was not opened: {reason}"),
            format!(
                "A proxy between Usher and the bridge must let WebSockets pass; having none is better. Otherwise look at Web Admin > Logs > Event log. {UNTIL_THEN}"
            ),
        ),
        SubscriptionAttempt::Closed(reason) => CheckStep::fail(
            NAME,
            format!("the events socket closed after the subscribe request: {reason}"),
            format!("Look at Web Admin > Logs > Event log for the reason. {UNTIL_THEN}"),
        ),
        SubscriptionAttempt::Silence(limit) => CheckStep::fail(
            NAME,
            format!("the events socket opened, but the subscription was not acknowledged within {limit:?}"),
            format!("A proxy in between may hold messages back, or the bridge is overloaded. {UNTIL_THEN}"),
        ),
    }
}
