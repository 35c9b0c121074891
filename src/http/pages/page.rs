//! The pages of every user: the dashboard and one's own account. What they show live comes through the socket.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::{AccountError, Attempt, ChangeError, HashQueue, MAX_PASSWORD, MIN_PASSWORD, SessionEnd, User, attempts_key};
use crate::audit::AuditEvent;

use super::i18n::language;
use super::i18n::language::Language;
use super::login::{Auth, begin_session, failed};
use super::request_context::Browser;
use super::templates::{Context, Page, context};
use crate::http::error::Failure;
use crate::http::middleware::csrf::Checked;
use crate::http::middleware::real_ip::Client;
use crate::http::state::{Shared, Site};
use crate::http::{audit, device};

pub(in crate::http) async fn dashboard(State(site): State<Shared>, auth: Auth, browser: Browser) -> Result<Response, Failure> {
    let user = auth.user.ok_or(Failure::Forbidden)?;
    Ok(Page::user(&site, &browser, &user).render("dashboard.html", context! {})?.into_response())
}

pub(in crate::http) async fn account(State(site): State<Shared>, auth: Auth, browser: Browser) -> Result<Response, Failure> {
    let user = auth.user.ok_or(Failure::Forbidden)?;
    Ok(draw_account(&site, &browser, &user, context! {})?.into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct NewPassword {
    current: String,
    password: String,
    again: String,
}

pub(in crate::http) async fn change_password(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    mut auth: Auth,
    browser: Browser,
    headers: HeaderMap,
    Checked(form): Checked<NewPassword>,
) -> Result<Response, Failure> {
    let user = auth.user.clone().ok_or(Failure::Forbidden)?;
    let refuse = |status: StatusCode, error: &str, args: serde_json::Value| -> Result<Response, Failure> {
        let page = draw_account(&site, &browser, &user, context! { "error" => error, "error_args" => args })?;
        Ok((status, page).into_response())
    };
    // Whoever sits down at an open page must not be able to try passwords faster than at the log-in.
    let device = site.accounts.known_device(&user.name, device::of(&headers)).await?;
    let key = attempts_key(&user.name);
    let attempt = Attempt { user: &key, address: client.address, device };
    match site.throttle.attempt(attempt, std::time::Instant::now()) {
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(wait) => return refuse(StatusCode::TOO_MANY_REQUESTS, "error_login_slow", json!({ "seconds": wait.seconds })),
    }
    if !matches!(site.accounts.verify(&user.name, &form.current, HashQueue::Known).await?, Ok(Some(_))) {
        failed(&site, &user.name, client.address).await;
        return refuse(StatusCode::BAD_REQUEST, "error_wrong_password", json!({}));
    }
    site.throttle.succeeded(attempt);
    if form.password != form.again {
        return refuse(StatusCode::BAD_REQUEST, "error_passwords_differ", json!({}));
    }
    let actor = audit::actor(&user, client.address);
    let note = audit::note(&actor, AuditEvent::UserPassword, |user| user.name.to_string());
    let changed = match site.accounts.noted(note).set_password(&user.name, &form.password).await {
        Ok(changed) => changed,
        Err(ChangeError::Rule(rule)) => return refuse(StatusCode::BAD_REQUEST, rule.key(), rule_args(&rule)),
        Err(ChangeError::Db(error)) => return Err(error.into()),
    };
    begin_session(&site, &mut auth, &changed, SessionEnd::NewPassword).await?;
    tracing::info!(user = %user.name, "changed their password");
    Ok(draw_account(&site, &browser, &changed, context! { "done" => "done_password" })?.into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct NewLanguage {
    /// A code; empty for what the browser asks for.
    language: String,
}

pub(in crate::http) async fn choose_language(
    State(site): State<Shared>,
    auth: Auth,
    mut browser: Browser,
    headers: HeaderMap,
    Checked(form): Checked<NewLanguage>,
) -> Result<Response, Failure> {
    let user = auth.user.ok_or(Failure::Forbidden)?;
    browser.language = Language::choose(&form.language, &headers).ok_or(Failure::Form)?;
    let mut response = draw_account(&site, &browser, &user, context! { "done" => "done_language" })?.into_response();
    browser.language.keep(site.base(), response.headers_mut());
    Ok(response)
}

/// One that may be chosen.
#[derive(Serialize)]
struct Choice {
    code: &'static str,
    /// In the language itself.
    name: String,
}

fn draw_account(site: &Site, browser: &Browser, user: &User, mut own: Context) -> Result<Html<String>, Failure> {
    let catalogues = site.templates.catalogues();
    let choice = |code| Choice { code, name: catalogues.of(code).plain("language_name") };
    let chosen = if browser.language.chosen { browser.language.code } else { "" };
    own.extend(context! { "languages" => language::all().map(choice).collect::<Vec<_>>(), "chosen" => chosen });
    Ok(Page::user(site, browser, user).render("account.html", own)?)
}

/// What the catalogue's words for a broken rule fill in.
pub(in crate::http) fn rule_args(rule: &AccountError) -> serde_json::Value {
    match rule {
        AccountError::PasswordShort => json!({ "min": MIN_PASSWORD }),
        AccountError::PasswordLong => json!({ "max": MAX_PASSWORD }),
        AccountError::Name(name) | AccountError::Taken(name) | AccountError::Unknown(name) | AccountError::LastAdmin(name) => {
            json!({ "name": name })
        }
        AccountError::PasswordGuessable | AccountError::PasswordControl => json!({}),
    }
}
