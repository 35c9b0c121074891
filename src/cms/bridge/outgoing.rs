//! The requests of one bridge: the queue, the requests in flight, and the client that sends them. Reads no response.

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

/// A request that has ended.
pub(super) struct Completed {
    pub(super) lane: Lane,
    pub(super) request: Request,
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

    /// Sends every request that may be sent now; returns when the next one may.
    pub(super) fn send_ready(&mut self, bridge: &BridgeName, metrics: &mut BridgeMetrics) -> Option<Instant> {
        loop {
            let now = Now::read();
            match self.queue.pick(now.instant) {
                Pick::Send(lane, request) => {
                    metrics.count_request();
                    trace!(%bridge, ?lane, ?request, "request sent");
                    let client = self.client.clone();
                    self.in_flight.push(Box::pin(async move {
                        let result = client.send(&request).await;
                        Completed { lane, request, sent: now, result }
                    }));
                }
                Pick::WaitUntil(at) => return Some(at),
                Pick::Idle => return None,
            }
        }
    }

    /// Waits for the next request that ends; None while none is in flight.
    pub(super) async fn next_completed(&mut self) -> Option<Completed> {
        self.in_flight.next().await
    }
}
