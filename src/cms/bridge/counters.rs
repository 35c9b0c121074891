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
    /// CDRs, those sent twice included.
    pub(super) records: Counter,
    /// Bodies that are no CDRs.
    pub(super) records_unreadable: Counter,
    /// How often CDRs were found missing, or began anew.
    pub(super) record_gaps: Counter,
}

impl Counters {
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
        }
    }

    /// Reading again showed a change that nothing had told. Rare, so looked up each time.
    pub(super) fn repaired(&self, bridge: &str, what: &'static str) {
        counter!("usher_cms_repairs_total", "bridge" => bridge.to_owned(), "what" => what).increment(1);
    }
}
