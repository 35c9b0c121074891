//! Which address leads where, and through which doors. Handles nothing itself.

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state as with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, http::Request};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

use super::error::Failure;
use super::middleware::{csrf, origin, real_ip, security_headers, sub_path};
use super::ops::{assets, cdr, health, metrics};
use super::pages::{audit_log, login, page, users};
use super::state::Shared;
use super::{desk_socket, error, session, wall};

/// The largest form is a few fields.
const FORM_LIMIT: usize = 64 * 1024;

pub(super) fn router(site: Shared) -> Router {
    let open =
        cdr::routes().route("/healthz", get(health::alive)).route("/readyz", get(health::ready)).route("/metrics", get(metrics::show));
    // Pages are not compressed: they hold tokens, and repeat what was sent.
    let files = Router::new().route("/static/{*path}", get(assets::serve)).layer(CompressionLayer::new());
    let whole = pages(&site)
        .merge(wall::routes(&site))
        .merge(files)
        .merge(open.clone())
        .fallback(sub_path::not_found)
        .method_not_allowed_fallback(wrong_method);
    let whole = match site.base() {
        "" => whole.with_state(site.clone()),
        // Who watches over the process on this machine need not know the sub-path.
        base => Router::new()
            .nest_service(base, whole.with_state(site.clone()))
            .merge(open.with_state(site.clone()))
            .fallback(sub_path::outside)
            .with_state(site.clone()),
    };
    whole
        .layer(CatchPanicLayer::custom(panicked))
        .layer(with_state(site.clone(), error::draw))
        .layer(from_fn(security_headers::add))
        .layer(with_state(site, real_ip::find))
        // What failed is logged where it failed, with its cause.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
}

fn pages(site: &Shared) -> Router<Shared> {
    let admins = Router::new()
        .route("/users", get(users::list).post(users::add))
        .route("/users/{name}/role", post(users::set_role))
        .route("/users/{name}/password", post(users::set_password))
        .route("/users/{name}/remove", post(users::remove))
        .route("/log", get(audit_log::page))
        .route("/log.csv", get(audit_log::csv))
        .route("/log.jsonl", get(audit_log::json_lines))
        .route_layer(from_fn(login::admins_only));
    let members = Router::new()
        .route("/", get(page::dashboard))
        .route("/ws", get(desk_socket::upgrade))
        .route("/account", get(page::account))
        .route("/account/password", post(page::change_password))
        .route("/account/language", post(page::choose_language))
        .route("/logout", post(login::logout))
        .merge(admins)
        .route_layer(with_state(site.clone(), login::members_only));
    Router::new()
        .route("/login", get(login::show).post(login::login))
        .merge(members)
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(login::layer(site))
        .layer(with_state(site.clone(), session::choose))
        .layer(with_state(site.clone(), csrf::give))
        .layer(with_state(site.clone(), origin::check))
}

async fn wrong_method() -> Failure {
    Failure::Method
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Failure::Panic.into_response()
}

/// Records on a port of their own.
pub(super) fn cdr_router(site: Shared) -> Router {
    cdr::routes().with_state(site)
}

/// Without headers, query and the secrets of bridges and of screens: they stay out of the log.
fn span<B>(request: &Request<B>) -> tracing::Span {
    let path = request.uri().path();
    let secret = [cdr::PATH, wall::PATH].into_iter().find_map(|before| path.find(before).map(|at| at + before.len()));
    let path = secret.map_or(path, |from| &path[..from]);
    tracing::debug_span!("http", method = %request.method(), path)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_and_not_the_end() {
        let panics = get(|| async { panic!("on purpose") as () });
        let router: Router = Router::new().route("/", panics).layer(CatchPanicLayer::custom(panicked));
        let request = Request::builder().uri("/").body(Body::empty()).expect("request");
        let answer = router.oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), 500);
    }
}
