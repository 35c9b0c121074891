//! Installs the metrics recorder of the process and describes its counters. Counts nothing itself; `http` shows them at `/metrics`.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Makes all counters of this process visible; call it before anything counts. Several servers in one process share one set.
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let make = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder installed: /metrics stays empty");
        }
        describe();
        handle
    };
    HANDLE.get_or_init(make).clone()
}

fn describe() {
    metrics::describe_gauge!("usher_browsers", "open WebSockets of browsers");
    metrics::describe_gauge!("usher_rows", "rows that are published");
    metrics::describe_counter!("usher_deltas_total", "deltas that were published");
    metrics::describe_counter!("usher_snapshots_built_total", "snapshots that were built");
    metrics::describe_counter!("usher_lagged_total", "browsers that fell behind and got a snapshot");
    metrics::describe_counter!("usher_frames_sent_total", "frames handed to browsers' sockets");
    metrics::describe_counter!("usher_sockets_closed_total", "sockets closed by Usher, by code");
    metrics::describe_counter!("usher_logins_total", "log-in attempts, by result");
    metrics::describe_counter!("usher_certificates_total", "changed certificate files, by what became of them");
    metrics::describe_counter!("usher_foreign_origin_total", "requests refused because of their Origin");
    metrics::describe_counter!("usher_accept_failed_total", "connections that could not be accepted, mostly for want of descriptors");
    metrics::describe_counter!(
        "usher_strangers_closed_total",
        "connections and unpaired screens of strangers that were closed because their share was used up, by what"
    );
    metrics::describe_counter!("usher_cms_actors_failed_total", "times that following a bridge failed and began anew, by bridge");
    metrics::describe_counter!(
        "usher_cms_repairs_total",
        "changes that only reading again showed, by bridge and what (call, roster, lobby): events that were lost, or changes that CMS tells nobody"
    );
    metrics::describe_counter!("usher_db_dropped_writes_total", "writes nobody waited for that were dropped");
    metrics::describe_counter!("usher_log_lost_total", "entries of the log that found no room in memory");
    metrics::describe_counter!("usher_log_refused_total", "requests that were refused because the log had no room for their entries");
}
