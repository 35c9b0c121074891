//! Maps paths to handlers, through their middleware. Handles nothing itself.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state as with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, http::Request};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

use super::error::PageError;
use super::middleware::{auth, csrf, error_page, origin, real_ip, security_headers, session_cookie, sub_path};
use super::ops::{assets, cdr, health, metrics};
use super::pages::{account, audit_log, login, users, waiting};
use super::paths;
use super::state::AppState;
use super::{desk_socket, wall};

/// The largest form is a few fields.
const FORM_LIMIT: usize = 64 * 1024;

pub(in crate::http) fn router(state: Arc<AppState>) -> Router {
    let open =
        cdr::routes().route("/healthz", get(health::alive)).route("/readyz", get(health::ready)).route("/metrics", get(metrics::show));
    // Pages are not compressed: they hold tokens beside text of the request, which compression would let an attacker guess.
    let files = Router::new().route("/static/{*path}", get(assets::serve)).layer(CompressionLayer::new());
    let all = pages(&state)
        .merge(wall::routes(&state))
        .merge(files)
        .merge(open.clone())
        .fallback(sub_path::not_found)
        .method_not_allowed_fallback(wrong_method);
    let all = match state.base.as_str() {
        "" => all.with_state(state.clone()),
        // A monitor on this machine need not know the sub-path.
        base => Router::new()
            .nest_service(base, all.with_state(state.clone()))
            .merge(open.with_state(state.clone()))
            .fallback(sub_path::outside)
            .with_state(state.clone()),
    };
    all.layer(CatchPanicLayer::custom(panicked))
        .layer(with_state(state.clone(), error_page::draw))
        .layer(from_fn(security_headers::add))
        .layer(with_state(state, real_ip::add_client_info))
        // A failure is logged where it happens, with its cause.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
}

fn pages(state: &Arc<AppState>) -> Router<Arc<AppState>> {
    let for_admins = Router::new()
        .route("/users", get(users::list).post(users::add))
        .route("/users/{name}/role", post(users::set_role))
        .route("/users/{name}/password", post(users::set_password))
        .route("/users/{name}/remove", post(users::remove))
        .route("/log", get(audit_log::page))
        .route("/log.csv", get(audit_log::csv))
        .route("/log.jsonl", get(audit_log::json_lines))
        .route_layer(from_fn(auth::require_admin));
    let for_users = Router::new()
        .route("/", get(account::desk))
        .route(paths::DESK_SOCKET, get(desk_socket::upgrade))
        .route(paths::WAITING, get(waiting::show))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/language", post(account::choose_language))
        .route("/logout", post(login::logout))
        .merge(for_admins)
        .route_layer(with_state(state.clone(), auth::require_user));
    Router::new()
        .route("/login", get(login::show).post(login::login))
        .merge(for_users)
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(auth::layer(state))
        .layer(with_state(state.clone(), session_cookie::keep_one))
        .layer(with_state(state.clone(), csrf::set_token))
        .layer(with_state(state.clone(), origin::check))
}

async fn wrong_method() -> PageError {
    PageError::Method
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    PageError::Panic.into_response()
}

/// Only Call Detail Records, on a port of their own.
pub(in crate::http) fn cdr_router(state: Arc<AppState>) -> Router {
    cdr::routes().with_state(state)
}

/// Without headers, query and the secrets in paths: they must not be logged.
fn span<B>(request: &Request<B>) -> tracing::Span {
    let path = request.uri().path();
    let secret = paths::BEFORE_SECRETS.into_iter().find_map(|before| path.find(before).map(|at| at + before.len()));
    let path = secret.map_or(path, |from| &path[..from]);
    tracing::debug_span!("http", method = %request.method(), path)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_response() {
        let panics = get(|| async { panic!("on purpose") as () });
        let router: Router = Router::new().route("/", panics).layer(CatchPanicLayer::custom(panicked));
        let request = Request::builder().uri("/").body(Body::empty()).expect("request");
        let answer = router.oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), 500);
    }
}
