//! Log-in, log-out, and the doors in front of pages. Which passwords are right is the accounts' matter.

use std::fmt;
use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{Extension, Query, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum_login::{AuthManagerLayer, AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::accounts::{Accounts, Attempt, HashQueue, LOGIN_KEY, SessionEnd, Sessions, TooMany, User, attempts_key};
use crate::audit::AuditEvent;
use crate::db::DbError;
use crate::text::cut;

use super::request_context::Browser;
use super::templates::{Page, context};
use crate::http::connections::Connection;
use crate::http::error::Failure;
use crate::http::middleware::csrf::Checked;
use crate::http::middleware::real_ip::Client;
use crate::http::state::{Shared, Site};
use crate::http::{audit, device, session};

pub(in crate::http) type Auth = AuthSession<Accounts>;

/// Where too many passwords wait to be looked at, they are done in about this time.
const BUSY_S: u64 = 5;

/// What a log-in form says.
#[derive(Deserialize)]
pub struct Credentials {
    username: String,
    password: String,
    next: Option<String>,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.stamp
    }
}

impl AuthnBackend for Accounts {
    type User = User;
    type Credentials = Credentials;
    type Error = DbError;

    async fn authenticate(&self, credentials: Credentials) -> Result<Option<User>, DbError> {
        Ok(self.verify(&credentials.username, &credentials.password, HashQueue::Stranger).await?.unwrap_or(None))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, DbError> {
        self.get(*id).await
    }
}

/// Knows the user of each request by the session cookie.
///
/// The cookie lives as long as the browser; how long the log-in lasts is decided by the table of sessions, which open pages keep
/// alive. `Secure` is added where the request came by https (see `headers`).
pub(in crate::http) fn layer(site: &Site) -> AuthManagerLayer<Accounts, Sessions> {
    let sessions = SessionManagerLayer::new(site.accounts.sessions())
        .with_name(session::COOKIE)
        .with_path(format!("{}/", site.base()))
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_secure(false)
        .with_expiry(Expiry::OnSessionEnd);
    AuthManagerLayerBuilder::new(site.accounts.clone(), sessions).with_data_key(LOGIN_KEY).build()
}

/// The door of everything but the log-in page.
pub(in crate::http) async fn members_only(State(site): State<Shared>, auth: Auth, request: Request, next: Next) -> Response {
    if auth.user.is_some() {
        if let Some(connection) = Connection::of(request.extensions()) {
            connection.is_known();
        }
        return next.run(request).await;
    }
    if request.uri().path() == "/ws" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    // With its query: the address of a view that a colleague sent names the view there.
    let back = if request.method() == Method::GET { request.uri().path_and_query().map_or("/", PathAndQuery::as_str) } else { "/" };
    let query = if back == "/" { String::new() } else { format!("?next={}", form_encoded(back)) };
    Redirect::to(&format!("{}/login{query}", site.base())).into_response()
}

/// The door of the pages for admins, inside the first.
pub(in crate::http) async fn admins_only(auth: Auth, request: Request, next: Next) -> Response {
    match auth.user {
        Some(user) if user.role.may_manage() => next.run(request).await,
        _ => Failure::Forbidden.into_response(),
    }
}

#[derive(Deserialize)]
pub(in crate::http) struct Back {
    next: Option<String>,
}

pub(in crate::http) async fn show(
    State(site): State<Shared>,
    auth: Auth,
    browser: Browser,
    Query(back): Query<Back>,
) -> Result<Response, Failure> {
    let next = local_path(back.next.as_deref());
    if auth.user.is_some() {
        return Ok(go(&site, next));
    }
    let form = context! { "next" => next, "demo_accounts" => site.demo_accounts };
    Ok(Page::form(&site, &browser).render("login.html", form)?.into_response())
}

pub(in crate::http) async fn login(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    mut auth: Auth,
    browser: Browser,
    headers: HeaderMap,
    form: Result<Checked<Credentials>, Failure>,
) -> Result<Response, Failure> {
    let Checked(form) = match form {
        Ok(form) => form,
        // The page was open longer than the browser: a fresh form is all it takes.
        Err(Failure::Csrf) => return again(&site, &browser, StatusCode::FORBIDDEN, "error_csrf", json!({}), ("", "/")),
        Err(failure) => return Err(failure),
    };
    let (name, next) = (form.username.clone(), local_path(form.next.as_deref()).to_owned());
    let address = client.address;
    let devices = device::of(&headers);
    let device = site.accounts.known_device(&name, devices.clone()).await?;
    let key = attempts_key(&name);
    let attempt = Attempt { user: &key, address, device };
    let slow = |seconds: u64| {
        count("slowed");
        again(&site, &browser, StatusCode::TOO_MANY_REQUESTS, "error_login_slow", json!({ "seconds": seconds }), (&name, &next))
    };
    match site.throttle.attempt(attempt, Instant::now()) {
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(TooMany { seconds }) => {
            failed(&site, &name, address).await;
            return slow(seconds);
        }
    }
    let lane = if device.is_some() { HashQueue::Known } else { HashQueue::Stranger };
    let Ok(verified) = site.accounts.verify(&name, &form.password, lane).await? else { return slow(BUSY_S) };
    let Some(user) = verified else {
        count("wrong");
        failed(&site, &name, address).await;
        tracing::info!(%address, "log-in refused");
        return again(&site, &browser, StatusCode::UNAUTHORIZED, "error_login_failed", json!({}), (&name, &next));
    };
    begin_session(&site, &mut auth, &user, SessionEnd::NewLogIn).await?;
    site.log.record(audit::done(&audit::actor(&user, address), AuditEvent::SignIn)).await;
    site.throttle.succeeded(attempt);
    site.accounts.seen(user.id);
    count("right");
    tracing::info!(user = %user.name, role = %user.role, %address, "logged in");
    let mut response = go(&site, &next);
    device::remember(&site, &user, devices, &mut response).await?;
    Ok(response)
}

/// Logs the user in under a new session id: the old one, whoever knows it, is worth nothing from now on, and its open sockets end with `why`.
pub(in crate::http) async fn begin_session(site: &Site, auth: &mut Auth, user: &User, why: SessionEnd) -> Result<(), Failure> {
    let old = auth.session.id();
    // Nothing that was in the session before goes over into the new one.
    auth.session.clear().await;
    auth.session.cycle_id().await.map_err(session_store_failure)?;
    auth.login(user).await.map_err(session_failure)?;
    // Saved before the sockets of the old one look.
    auth.session.save().await.map_err(session_store_failure)?;
    if let Some(old) = old {
        site.accounts.note_end(old, why);
        site.accounts.notify();
    }
    Ok(())
}

/// Somebody tried a password that was wrong, or would have had to wait.
pub(in crate::http) async fn failed(site: &Site, name: &str, address: IpAddr) {
    if let Some(entry) = site.failed_log_ins.note(name, address, Instant::now()) {
        site.log.record(entry).await;
    }
}

pub(in crate::http) async fn logout(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    mut auth: Auth,
    _: Checked<Nothing>,
) -> Result<Response, Failure> {
    if let Some(user) = auth.logout().await.map_err(session_failure)? {
        site.log.record(audit::done(&audit::actor(&user, client.address), AuditEvent::SignOut)).await;
        tracing::info!(user = %user.name, "logged out");
    }
    site.accounts.notify();
    Ok(Redirect::to(&format!("{}/login", site.base())).into_response())
}

/// A form of the token alone.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Nothing {}

pub(in crate::http) fn session_failure(error: axum_login::Error<Accounts>) -> Failure {
    match error {
        axum_login::Error::Backend(error) => Failure::Db(error),
        axum_login::Error::Session(error) => Failure::Session(error.to_string()),
    }
}

fn session_store_failure(error: tower_sessions::session::Error) -> Failure {
    Failure::Session(error.to_string())
}

fn count(result: &'static str) {
    metrics::counter!("usher_logins_total", "result" => result).increment(1);
}

fn again(
    site: &Site,
    browser: &Browser,
    status: StatusCode,
    error: &str,
    args: serde_json::Value,
    (username, next): (&str, &str),
) -> Result<Response, Failure> {
    let username = cut(username, 64);
    let form = context! {
        "error" => error, "error_args" => args, "username" => username, "next" => next, "demo_accounts" => site.demo_accounts,
    };
    Ok((status, Page::form(site, browser).render("login.html", form)?).into_response())
}

fn go(site: &Site, path: &str) -> Response {
    Redirect::to(&format!("{}{path}", site.base())).into_response()
}

/// A view that is shared by its address (filters, a search) is longer than most paths; headers of 16 KiB hold it several times.
const LONGEST_PATH: usize = 4096;

/// A path on this server, or `/`: never another site, however it is written.
fn local_path(path: Option<&str>) -> &str {
    let fine = |path: &&str| {
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        plain && path.starts_with('/') && !path.starts_with("//") && path.parse::<Uri>().is_ok() && path.len() <= LONGEST_PATH
    };
    path.filter(fine).unwrap_or("/")
}

/// A path as a value in a query; its slashes stay readable.
fn form_encoded(path: &str) -> impl fmt::Display {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
    utf8_percent_encode(path, ESCAPED)
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
