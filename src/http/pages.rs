//! The pages of every user: the dashboard and one's own account. What they show live comes through the socket.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::accounts::{AccountError, MAX_PASSWORD, MIN_PASSWORD, Refused};

use super::auth::{Auth, session_failure};
use super::client::Client;
use super::csrf::{Checked, Token};
use super::error::Failure;
use super::site::Shared;
use super::templates::{Page, context};

pub(super) async fn dashboard(State(site): State<Shared>, auth: Auth, token: Token) -> Result<Response, Failure> {
    let user = auth.user.ok_or(Failure::Forbidden)?;
    Ok(Page::user(&site, &token, &user).render("dashboard.html", context! {})?.into_response())
}

pub(super) async fn account(State(site): State<Shared>, auth: Auth, token: Token) -> Result<Response, Failure> {
    let user = auth.user.ok_or(Failure::Forbidden)?;
    Ok(Page::user(&site, &token, &user).render("account.html", context! {})?.into_response())
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    current: String,
    password: String,
    again: String,
}

pub(super) async fn change_password(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    mut auth: Auth,
    token: Token,
    Checked(form): Checked<NewPassword>,
) -> Result<Response, Failure> {
    let user = auth.user.clone().ok_or(Failure::Forbidden)?;
    let refuse = |status: StatusCode, error: &str, args: serde_json::Value| -> Result<Response, Failure> {
        let page = Page::user(&site, &token, &user).render("account.html", context! { "error" => error, "error_args" => args })?;
        Ok((status, page).into_response())
    };
    // Whoever sits down at an open page must not be able to try passwords faster than at the log-in.
    let line = user.name.to_lowercase();
    match site.throttle.attempt(&line, client.address, std::time::Instant::now()) {
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(wait) => return refuse(StatusCode::TOO_MANY_REQUESTS, "error_login_slow", json!({ "seconds": wait.seconds })),
    }
    if site.accounts.verify(&user.name, &form.current).await?.is_none() {
        return refuse(StatusCode::BAD_REQUEST, "error_wrong_password", json!({}));
    }
    site.throttle.succeeded(&line, client.address, std::time::Instant::now());
    if form.password != form.again {
        return refuse(StatusCode::BAD_REQUEST, "error_passwords_differ", json!({}));
    }
    let changed = match site.accounts.set_password(&user.name, &form.password, auth.session.id()).await {
        Ok(changed) => changed,
        Err(Refused::Rule(rule)) => return refuse(StatusCode::BAD_REQUEST, rule.key(), rule_args(&rule)),
        Err(Refused::Db(error)) => return Err(error.into()),
    };
    // This session goes on under the new stamp; it is saved before the others are told to look.
    auth.login(&changed).await.map_err(session_failure)?;
    auth.session.save().await.map_err(|error| Failure::Session(error.to_string()))?;
    site.accounts.notify();
    tracing::info!(user = %user.name, "changed their password");
    let page = Page::user(&site, &token, &changed).render("account.html", context! { "done" => "done_password" })?;
    Ok(page.into_response())
}

/// What the catalogue's words for a broken rule fill in.
pub(super) fn rule_args(rule: &AccountError) -> serde_json::Value {
    match rule {
        AccountError::PasswordShort => json!({ "min": MIN_PASSWORD }),
        AccountError::PasswordLong => json!({ "max": MAX_PASSWORD }),
        AccountError::Name(name) | AccountError::Taken(name) | AccountError::Unknown(name) | AccountError::LastAdmin(name) => {
            json!({ "name": name })
        }
        AccountError::PasswordIsName => json!({}),
    }
}
