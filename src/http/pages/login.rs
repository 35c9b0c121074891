//! The sign-in page, and signing out. `accounts` says which passwords are right, `middleware::auth` who is signed in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use crate::accounts::{Attempt, HashQueue, SessionEnd, TooMany, attempts_key};
use crate::audit::AuditEvent;

use super::failed_form::FailedForm;
use super::request_context::RequestContext;
use super::{audit_entries, known_device};
use crate::http::error::PageError;
use crate::http::html::templates::values;
use crate::http::middleware::auth::{Auth, SignInForm, begin_session, session_error};
use crate::http::middleware::csrf::CsrfForm;
use crate::http::middleware::real_ip::ClientInfo;
use crate::http::state::AppState;

/// Queued passwords are checked within about this time.
const BUSY_S: u64 = 5;

#[derive(Deserialize)]
pub(in crate::http) struct NextPath {
    next: Option<String>,
}

pub(in crate::http) async fn show(
    State(state): State<Arc<AppState>>,
    auth: Auth,
    context: RequestContext,
    Query(query): Query<NextPath>,
) -> Result<Response, PageError> {
    let next = local_path(query.next.as_deref());
    if auth.user.is_some() {
        return Ok(redirect_to(&state, next));
    }
    let own = values! { "next" => next, "demo_accounts" => state.demo_accounts };
    Ok(context.form_page(&state).render("login.html", own)?.into_response())
}

pub(in crate::http) async fn login(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    mut auth: Auth,
    context: RequestContext,
    headers: HeaderMap,
    form: Result<CsrfForm<SignInForm>, PageError>,
) -> Result<Response, PageError> {
    let CsrfForm(form) = match form {
        Ok(form) => form,
        // The token is older than the browser's cookie: a new form is enough.
        Err(PageError::Csrf) => {
            let failed = FailedForm::new("login").whole("error.csrf", json!({}));
            return show_again(&state, &context, StatusCode::FORBIDDEN, failed, "/");
        }
        Err(error) => return Err(error),
    };
    let (name, next) = (form.username.clone(), local_path(form.next.as_deref()).to_owned());
    let address = client.address;
    let devices = known_device::of(&headers);
    let device = state.accounts.known_device(&name, devices.clone()).await?;
    let key = attempts_key(&name);
    let attempt = Attempt { user: &key, address, device };
    let refused = || FailedForm::new("login").keep("username", &name);
    let slow = |seconds: u64| {
        count("slowed");
        let failed = refused().whole("error.login_slow", json!({ "seconds": seconds }));
        show_again(&state, &context, StatusCode::TOO_MANY_REQUESTS, failed, &next)
    };
    match state.throttle.attempt(attempt, Instant::now()) {
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(TooMany { seconds }) => {
            record_failed_sign_in(&state, &name, address).await;
            return slow(seconds);
        }
    }
    let queue = if device.is_some() { HashQueue::Known } else { HashQueue::Stranger };
    let Ok(verified) = state.accounts.verify(&name, &form.password, queue).await? else { return slow(BUSY_S) };
    let Some(user) = verified else {
        count("wrong");
        record_failed_sign_in(&state, &name, address).await;
        tracing::info!(%address, "sign-in refused");
        // It does not say which of the two is wrong. The name stays, so the password is what is typed again.
        return show_again(&state, &context, StatusCode::UNAUTHORIZED, refused().field("password", "error.login_failed"), &next);
    };
    begin_session(&state, &mut auth, &user, SessionEnd::NewSignIn).await?;
    state.audit_log.record(audit_entries::done(&audit_entries::actor(&user, address), AuditEvent::SignIn)).await;
    state.throttle.succeeded(attempt);
    state.accounts.seen(user.id);
    count("right");
    tracing::info!(user = %user.name, role = %user.role, %address, "user signed in");
    let mut response = redirect_to(&state, &next);
    known_device::remember(&state, &user, devices, &mut response).await?;
    Ok(response)
}

/// Notes an attempt whose password was wrong, or that came too soon after others.
pub(in crate::http) async fn record_failed_sign_in(state: &AppState, name: &str, address: IpAddr) {
    if let Some(entry) = state.failed_sign_ins.note(name, address, Instant::now()) {
        state.audit_log.record(entry).await;
    }
}

pub(in crate::http) async fn logout(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    mut auth: Auth,
    _: CsrfForm<EmptyForm>,
) -> Result<Response, PageError> {
    if let Some(user) = auth.logout().await.map_err(session_error)? {
        state.audit_log.record(audit_entries::done(&audit_entries::actor(&user, client.address), AuditEvent::SignOut)).await;
        tracing::info!(user = %user.name, "user signed out");
    }
    state.accounts.notify();
    Ok(Redirect::to(&format!("{}/login", state.base)).into_response())
}

/// A form that has only its token.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct EmptyForm {}

fn count(result: &'static str) {
    metrics::counter!("usher_logins_total", "result" => result).increment(1);
}

fn show_again(
    state: &AppState,
    context: &RequestContext,
    status: StatusCode,
    failed: FailedForm,
    next: &str,
) -> Result<Response, PageError> {
    let mut own = values! { "next" => next, "demo_accounts" => state.demo_accounts };
    own.extend(failed.values());
    Ok((status, context.form_page(state).render("login.html", own)?).into_response())
}

fn redirect_to(state: &AppState, path: &str) -> Response {
    Redirect::to(&format!("{}{path}", state.base)).into_response()
}

/// The address of a view (filters, a search) is longer than most paths; headers of 16 KiB hold it several times.
const LONGEST_PATH: usize = 4096;

/// A path on this server, or `/`: never another site, however it is written.
fn local_path(path: Option<&str>) -> &str {
    let fine = |path: &&str| {
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        plain && path.starts_with('/') && !path.starts_with("//") && path.parse::<Uri>().is_ok() && path.len() <= LONGEST_PATH
    };
    path.filter(fine).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/users", "/users")]
    #[case("/account?x=1", "/account?x=1")]
    #[case("//evil.example", "/")]
    #[case("/\\evil.example", "/")]
    #[case("https://evil.example", "/")]
    #[case("/\tevil", "/")]
    #[case("", "/")]
    fn next_is_a_path_of_ours(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(local_path(Some(path)), expected);
    }

    #[test]
    fn the_address_of_a_view_is_kept_unless_it_is_longer_than_any() {
        let view = |length: usize| format!("/?q={}", "x".repeat(length - 4));
        assert_eq!(local_path(Some(&view(LONGEST_PATH))), view(LONGEST_PATH));
        assert_eq!(local_path(Some(&view(LONGEST_PATH + 1))), "/");
    }
}
