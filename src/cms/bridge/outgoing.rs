//! The requests of one bridge: what waits in the queue, what is under way, and the client that sends. Reads no response.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tracing::trace;

use super::metrics::BridgeMetrics;
use crate::clock::Now;
use crate::cms::rest::client::{RequestError, RestClient};
use crate::cms::rest::queue::{Lane, Pick, RequestQueue};
use crate::cms::rest::request::Request;
use crate::cms::rest::response::Response;
use crate::model::BridgeName;

/// A request that came to its end.
pub(super) struct Completed {
    pub(super) lane: Lane,
    pub(super) ask: Request,
    pub(super) sent: Now,
    pub(super) result: Result<Response, RequestError>,
}

pub(super) struct OutgoingRequests {
    pub(super) queue: RequestQueue,
    pub(super) client: RestClient,
    in_flight: FuturesUnordered<BoxFuture<'static, Completed>>,
}

impl OutgoingRequests {
    pub(super) fn new(queue: RequestQueue, client: RestClient) -> Self {
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
                        let result = client.send(&ask).await;
                        Completed { lane, ask, sent: now, result }
                    }));
                }
                Pick::WaitUntil(at) => return Some(at),
                Pick::Idle => return None,
            }
        }
    }

    /// Waits for the next request that ends; None while nothing is under way.
    pub(super) async fn next_completed(&mut self) -> Option<Completed> {
        self.in_flight.next().await
    }
}
