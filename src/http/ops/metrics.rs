//! Prometheus text at `/metrics`, for this machine or with a token. Counts nothing itself (see `app::metrics`).

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::http::middleware::forwarded;
use crate::http::middleware::real_ip::ClientInfo;
use crate::http::state::AppState;

pub(in crate::http) async fn show(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
) -> Response {
    // A proxy on this machine is loopback too, but may act for another machine. It is recognised by a header, by the name under which it
    // was reached, or by the configuration.
    let config = state.config.get();
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_none_or(forwarded::is_local);
    let local = client.peer.is_loopback() && !client.forwarded && named && !config.trusts(client.peer);
    if !local && !has_token(&headers, config.metrics_token.as_ref().map(|token| token.expose())) {
        let what = "metrics are for this machine, or with the token of `metrics.token` as `Authorization: Bearer`\n";
        return (StatusCode::FORBIDDEN, what).into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render()).into_response()
}

fn has_token(headers: &HeaderMap, expected: Option<&str>) -> bool {
    // Compared as bytes, because a token may have letters that a header does not allow in text.
    let got = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().trim_ascii());
    let got = got.and_then(|value| value.split_at_checked("Bearer ".len())).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer "));
    match (got, expected) {
        (Some((_, got)), Some(expected)) => got.trim_ascii().ct_eq(expected.as_bytes()).into(),
        _ => false,
    }
}
