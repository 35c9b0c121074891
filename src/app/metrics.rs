//! Installs the metrics recorder of the process and describes its metrics. Counts nothing itself; `http` serves them at `/metrics`.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Installs the recorder; call it before anything is counted. Several servers in one process share it.
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
    metrics::describe_counter!("usher_logins_total", "sign-in attempts, by result");
    metrics::describe_counter!("usher_certificates_total", "changed certificate files, by result");
    metrics::describe_counter!("usher_foreign_origin_total", "requests refused because of their Origin");
    metrics::describe_counter!("usher_accept_failed_total", "connections that could not be accepted, mostly for lack of file descriptors");
    metrics::describe_counter!(
        "usher_strangers_closed_total",
        "connections and unpaired screens of strangers closed over the limit, by kind"
    );
    metrics::describe_counter!("usher_cms_actors_failed_total", "failed and restarted actors, by bridge");
    metrics::describe_counter!(
        "usher_cms_repairs_total",
        "changes that only reading again showed, by bridge and kind (call, roster, lobby): lost events, or changes without an event"
    );
    metrics::describe_counter!("usher_db_dropped_writes_total", "deferred database writes that were dropped");
    metrics::describe_counter!("usher_log_lost_total", "audit entries dropped because memory was full");
    metrics::describe_counter!("usher_log_refused_total", "requests refused because the audit log had no room for their entries");
}
