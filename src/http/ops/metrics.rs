//! Prometheus text at `/metrics`, for this machine or with a token. Counts nothing itself.

use std::sync::OnceLock;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use subtle::ConstantTimeEq;

use crate::http::middleware::forwarded;
use crate::http::middleware::real_ip::Client;
use crate::http::state::Shared;

/// Makes all counters of this process visible; call it early. Several servers in one process share one set.
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let make = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed: /metrics stays empty");
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

pub(in crate::http) async fn show(State(site): State<Shared>, Extension(client): Extension<Client>, headers: HeaderMap) -> Response {
    // A proxy on this machine is loopback too, but speaks for somebody else: it says so by a header, by the name it was reached under, or in
    // the configuration.
    let config = site.config.get();
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_none_or(forwarded::is_local);
    let local = client.peer.is_loopback() && !client.forwarded && named && !config.trusts(client.peer);
    if !local && !has_token(&headers, config.metrics_token.as_ref().map(|token| token.expose())) {
        let what = "metrics are for this machine, or with the token of `metrics.token` as `Authorization: Bearer`\n";
        return (StatusCode::FORBIDDEN, what).into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], site.metrics.render()).into_response()
}

fn has_token(headers: &HeaderMap, expected: Option<&str>) -> bool {
    // As bytes: a token may have letters that no header is read as text with.
    let got = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().trim_ascii());
    let got = got.and_then(|value| value.split_at_checked("Bearer ".len())).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer "));
    match (got, expected) {
        (Some((_, got)), Some(expected)) => got.trim_ascii().ct_eq(expected.as_bytes()).into(),
        _ => false,
    }
}
