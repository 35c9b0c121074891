//! The requests that each bridge received: counts by method and path shape, and changes with their times and forms.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Changes kept per bridge; older ones are only counted.
const CHANGES_KEPT: usize = 20_000;

/// The requests that one bridge received since the last reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    pub bridge: String,
    pub total: u64,
    /// Counts by method and path shape, such as `GET /calls/<id>/participants`.
    pub by_shape: BTreeMap<String, u64>,
    pub by_status: BTreeMap<u16, u64>,
    pub unauthorized: u64,
    pub in_flight: u64,
    pub in_flight_max: u64,
    /// PUT, POST and DELETE in order of arrival.
    pub changes: VecDeque<ChangeRequest>,
    pub events_open: u64,
    pub events_opened: u64,
    /// Sockets on which the bridge stopped sending because acks were missing.
    pub events_silenced: u64,
    /// `subscribeRequest`s, except those that repeat the set pushed on that socket.
    pub subscribe_requests: u64,
    /// `subscribeRequest`s that repeat the set pushed on that socket.
    pub subscribe_repeats: u64,
    /// How often a client requested another target under an index used before on the same socket: late updates would be misread.
    pub indexes_reused: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeRequest {
    pub at_ms: i64,
    pub method: String,
    pub path: String,
    pub form: String,
    pub status: u16,
    pub answered_ms: i64,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Requests>);

impl RequestLog {
    fn with<R>(&self, f: impl FnOnce(&mut Requests) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn arrived(&self, shape: String) {
        self.with(|r| {
            r.total += 1;
            *r.by_shape.entry(shape).or_default() += 1;
            r.in_flight += 1;
            r.in_flight_max = r.in_flight_max.max(r.in_flight);
        });
    }

    pub(crate) fn answered(&self, status: u16, change: Option<ChangeRequest>) {
        self.with(|r| {
            *r.by_status.entry(status).or_default() += 1;
            if status == 401 {
                r.unauthorized += 1;
            }
            if let Some(change) = change {
                if r.changes.len() == CHANGES_KEPT {
                    r.changes.pop_front();
                }
                r.changes.push_back(change);
            }
        });
    }

    /// The request has ended: answered, or abandoned by the client.
    pub(crate) fn finished(&self) {
        self.with(|r| r.in_flight = r.in_flight.saturating_sub(1));
    }

    pub(crate) fn events_opened(&self) {
        self.with(|r| {
            r.events_open += 1;
            r.events_opened += 1;
        });
    }

    pub(crate) fn events_closed(&self) {
        self.with(|r| r.events_open = r.events_open.saturating_sub(1));
    }

    pub(crate) fn events_silenced(&self) {
        self.with(|r| r.events_silenced += 1);
    }

    pub(crate) fn subscribed(&self, again: bool) {
        self.with(|r| if again { r.subscribe_repeats += 1 } else { r.subscribe_requests += 1 });
    }

    pub(crate) fn index_reused(&self) {
        self.with(|r| r.indexes_reused += 1);
    }

    pub(crate) fn snapshot(&self, bridge: &str) -> Requests {
        let mut copy = self.with(|r| r.clone());
        copy.bridge = bridge.to_owned();
        copy
    }

    /// Resets everything except the counts of open requests and sockets.
    pub(crate) fn reset(&self) {
        self.with(|r| {
            *r = Requests { in_flight: r.in_flight, in_flight_max: r.in_flight, events_open: r.events_open, ..Requests::default() };
        });
    }
}
