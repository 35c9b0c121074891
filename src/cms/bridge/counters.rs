//! What `/metrics` counts of one bridge. Looked up once: looking one up costs more than counting, and counting comes with every frame.

use metrics::{Counter, counter};

pub(super) struct Counters {
    pub(super) requests: Counter,
    /// Requests that the bridge answered with 503.
    pub(super) busy: Counter,
    pub(super) events: Counter,
    /// Frames that are no JSON of the known shape.
    pub(super) unreadable: Counter,
    /// Updates within readable frames that make no sense.
    pub(super) skipped: Counter,
}

impl Counters {
    pub(super) fn new(bridge: &str) -> Self {
        let bridge = bridge.to_owned();
        Self {
            requests: counter!("usher_cms_requests_total", "bridge" => bridge.clone()),
            busy: counter!("usher_cms_busy_total", "bridge" => bridge.clone()),
            events: counter!("usher_cms_events_total", "bridge" => bridge.clone()),
            unreadable: counter!("usher_cms_events_unreadable_total", "bridge" => bridge.clone()),
            skipped: counter!("usher_cms_events_skipped_total", "bridge" => bridge),
        }
    }

    /// Reading again showed a change that nothing had told. Rare, so looked up each time.
    pub(super) fn repaired(&self, bridge: &str, what: &'static str) {
        counter!("usher_cms_repairs_total", "bridge" => bridge.to_owned(), "what" => what).increment(1);
    }
}
