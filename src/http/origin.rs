//! Refuses what another site's page sends with our user's cookies. Requests without `Origin` come from no page and pass.

use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client::Client;

/// Checks everything that changes something, and WebSocket upgrades.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let upgrade = request.headers().contains_key(header::UPGRADE) || request.uri().path() == "/ws";
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && !upgrade {
        return next.run(request).await;
    }
    match refuse(&request) {
        None => next.run(request).await,
        Some(reason) => {
            tracing::warn!(%reason, "refused a request of another origin");
            metrics::counter!("usher_foreign_origin_total").increment(1);
            (StatusCode::FORBIDDEN, reason).into_response()
        }
    }
}

fn refuse(request: &Request) -> Option<String> {
    let origin = request.headers().get(header::ORIGIN)?;
    let expected = request.extensions().get::<Client>().and_then(|client| client.origin.as_deref()).unwrap_or("none");
    let got = origin.to_str().unwrap_or("something unreadable");
    (!got.eq_ignore_ascii_case(expected)).then(|| {
        format!(
            "The request comes from a page of {got}, but Usher is at {expected}. If both are right, set `public_url` in Usher's \
             configuration to the address that people type, or `trusted_proxies` to the proxy in between.\n"
        )
    })
}
