//! The signed-in user of a request, and the checks in front of pages. `accounts` says which passwords are right.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum_login::{AuthManagerLayer, AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::accounts::{Accounts, HashQueue, LOGIN_KEY, SessionEnd, Sessions, User};
use crate::db::DbError;

use super::session_cookie;
use crate::http::connections::registry::TrackedConnection;
use crate::http::error::PageError;
use crate::http::paths;
use crate::http::state::AppState;

pub(in crate::http) type Auth = AuthSession<Accounts>;

/// The fields of the sign-in form.
#[derive(Deserialize)]
pub struct SignInForm {
    pub(in crate::http) username: String,
    pub(in crate::http) password: String,
    pub(in crate::http) next: Option<String>,
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
    type Credentials = SignInForm;
    type Error = DbError;

    async fn authenticate(&self, credentials: SignInForm) -> Result<Option<User>, DbError> {
        Ok(self.verify(&credentials.username, &credentials.password, HashQueue::Stranger).await?.unwrap_or(None))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, DbError> {
        self.get(*id).await
    }
}

/// Finds the user of each request by the session cookie.
///
/// The cookie lives as long as the browser runs. The table of sessions decides how long a user stays signed in, and open pages keep a session
/// alive. `security_headers` adds `Secure` where the request came by https.
pub(in crate::http) fn layer(state: &AppState) -> AuthManagerLayer<Accounts, Sessions> {
    let sessions = SessionManagerLayer::new(state.accounts.sessions())
        .with_name(session_cookie::COOKIE)
        .with_path(format!("{}/", state.base))
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_secure(false)
        .with_expiry(Expiry::OnSessionEnd);
    AuthManagerLayerBuilder::new(state.accounts.clone(), sessions).with_data_key(LOGIN_KEY).build()
}

/// Guards everything but the sign-in page.
pub(in crate::http) async fn require_user(State(state): State<Arc<AppState>>, auth: Auth, request: Request, next: Next) -> Response {
    if auth.user.is_some() {
        if let Some(connection) = TrackedConnection::of(request.extensions()) {
            connection.mark_known();
        }
        return next.run(request).await;
    }
    // A script asks for these: it can't follow a redirection to a form.
    if [paths::DESK_SOCKET, paths::WAITING].contains(&request.uri().path()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    // The query is kept: it names the view in an address that a colleague sent.
    let back = if request.method() == Method::GET { request.uri().path_and_query().map_or("/", PathAndQuery::as_str) } else { "/" };
    let query = if back == "/" { String::new() } else { format!("?next={}", query_value(back)) };
    Redirect::to(&format!("{}/login{query}", state.base)).into_response()
}

/// Guards the pages for administrators, behind [`require_user`].
pub(in crate::http) async fn require_admin(auth: Auth, request: Request, next: Next) -> Response {
    match auth.user {
        Some(user) if user.role.may_manage() => next.run(request).await,
        _ => PageError::Forbidden.into_response(),
    }
}

/// Signs the user in under a new session id. A stolen old id is worth nothing from now on, and its open sockets end with `why`.
pub(in crate::http) async fn begin_session(state: &AppState, auth: &mut Auth, user: &User, why: SessionEnd) -> Result<(), PageError> {
    let old = auth.session.id();
    // The new session takes nothing over from the old one.
    auth.session.clear().await;
    auth.session.cycle_id().await.map_err(session_store_error)?;
    auth.login(user).await.map_err(session_error)?;
    // Saved before the sockets of the old session check it.
    auth.session.save().await.map_err(session_store_error)?;
    if let Some(old) = old {
        state.accounts.note_end(old, why);
        state.accounts.notify();
    }
    Ok(())
}

pub(in crate::http) fn session_error(error: axum_login::Error<Accounts>) -> PageError {
    match error {
        axum_login::Error::Backend(error) => PageError::Db(error),
        axum_login::Error::Session(error) => PageError::Session(error.to_string()),
    }
}

fn session_store_error(error: tower_sessions::session::Error) -> PageError {
    PageError::Session(error.to_string())
}

/// A path as a value in a query; its slashes stay readable.
fn query_value(path: &str) -> impl fmt::Display {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
    utf8_percent_encode(path, ESCAPED)
}
