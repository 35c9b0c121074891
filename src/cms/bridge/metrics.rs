//! The counters of one bridge for `/metrics`.

use metrics::{Counter, counter};

/// The counters, looked up once: every frame is counted, and a look-up costs more than counting.
pub(super) struct BridgeMetrics {
    requests: Counter,
    busy: Counter,
    pub(super) events: Counter,
    /// Frames that are no JSON of the known shape.
    pub(super) unreadable: Counter,
    /// Unreadable updates within readable frames.
    pub(super) skipped: Counter,
    /// CDRs, those sent twice included.
    pub(super) records: Counter,
    /// Bodies that are no CDRs.
    pub(super) records_unreadable: Counter,
    /// How often CDRs were missing, or a new session of them began.
    pub(super) record_gaps: Counter,
    requests_total: u64,
    busy_total: u64,
}

impl BridgeMetrics {
    pub(super) fn new(bridge: &str) -> Self {
        let bridge = bridge.to_owned();
        Self {
            requests: counter!("usher_cms_requests_total", "bridge" => bridge.clone()),
            busy: counter!("usher_cms_busy_total", "bridge" => bridge.clone()),
            events: counter!("usher_cms_events_total", "bridge" => bridge.clone()),
            unreadable: counter!("usher_cms_events_unreadable_total", "bridge" => bridge.clone()),
            skipped: counter!("usher_cms_events_skipped_total", "bridge" => bridge.clone()),
            records: counter!("usher_cms_records_total", "bridge" => bridge.clone()),
            records_unreadable: counter!("usher_cms_records_unreadable_total", "bridge" => bridge.clone()),
            record_gaps: counter!("usher_cms_record_gaps_total", "bridge" => bridge),
            requests_total: 0,
            busy_total: 0,
        }
    }

    pub(super) fn count_request(&mut self) {
        self.requests.increment(1);
        self.requests_total += 1;
    }

    /// The bridge answered a request with 503.
    pub(super) fn count_busy(&mut self) {
        self.busy.increment(1);
        self.busy_total += 1;
    }

    /// How many requests were sent, and how many of them met a busy bridge.
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.requests_total, self.busy_total)
    }

    /// A reading found a change that nothing had reported. Rare, so looked up each time.
    pub(super) fn count_repair(&self, bridge: &str, what: &'static str) {
        counter!("usher_cms_repairs_total", "bridge" => bridge.to_owned(), "what" => what).increment(1);
    }
}
