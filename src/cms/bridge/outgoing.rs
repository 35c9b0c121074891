//! The requests of one bridge: what waits in the queue, what is under way, and the client that sends. Reads no response.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tracing::trace;

use super::metrics::BridgeMetrics;
use crate::clock::Now;
use crate::cms::rest::client::{AskError, Client};
use crate::cms::rest::queue::{Lane, Pick, Queue};
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::Answer;
use crate::model::BridgeName;

/// A request that came to its end.
pub(super) struct Completed {
    pub(super) lane: Lane,
    pub(super) ask: Ask,
    pub(super) sent: Now,
    pub(super) result: Result<Answer, AskError>,
}

pub(super) struct OutgoingRequests {
    pub(super) queue: Queue,
    pub(super) client: Client,
    in_flight: FuturesUnordered<BoxFuture<'static, Completed>>,
}

impl OutgoingRequests {
    pub(super) fn new(queue: Queue, client: Client) -> Self {
        Self { queue, client, in_flight: FuturesUnordered::new() }
    }

    /// Sends everything that may go now; returns when the next may.
    pub(super) fn send_ready(&mut self, bridge: &BridgeName, metrics: &mut BridgeMetrics) -> Option<Instant> {
        loop {
            let now = Now::read();
            match self.queue.pick(now.instant) {
                Pick::Send(lane, ask) => {
                    metrics.count_request();
                    trace!(%bridge, ?lane, ?ask, "request sent");
                    let client = self.client.clone();
                    self.in_flight.push(Box::pin(async move {
                        let result = client.ask(&ask).await;
                        Completed { lane, ask, sent: now, result }
                    }));
                }
                Pick::At(at) => return Some(at),
                Pick::Idle => return None,
            }
        }
    }

    /// Waits for the next request that ends; None while nothing is under way.
    pub(super) async fn next_completed(&mut self) -> Option<Completed> {
        self.in_flight.next().await
    }
}
