//! The pages of every user: the desk and the own account. The desk gets its rows by its socket.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::{Attempt, ChangeError, HashQueue, SessionEnd, User, attempts_key, broken_password_rule};
use crate::audit::AuditEvent;

use super::failed_form::FailedForm;
use super::login::record_failed_sign_in;
use super::request_context::RequestContext;
use super::{audit_entries, known_device};
use crate::http::error::PageError;
use crate::http::html::language::{self, Language};
use crate::http::html::templates::{TemplateValues, values};
use crate::http::middleware::auth::{Auth, begin_session};
use crate::http::middleware::csrf::CsrfForm;
use crate::http::middleware::real_ip::ClientInfo;
use crate::http::state::AppState;

pub(in crate::http) async fn desk(State(state): State<Arc<AppState>>, auth: Auth, context: RequestContext) -> Result<Response, PageError> {
    let user = auth.user.ok_or(PageError::Forbidden)?;
    Ok(context.user_page(&state, &user).render("dashboard.html", values! {})?.into_response())
}

pub(in crate::http) async fn show(State(state): State<Arc<AppState>>, auth: Auth, context: RequestContext) -> Result<Response, PageError> {
    let user = auth.user.ok_or(PageError::Forbidden)?;
    Ok(draw_account(&state, &context, &user, values! {})?.into_response())
}

#[derive(Deserialize)]
pub(in crate::http) struct NewPassword {
    current: String,
    password: String,
    again: String,
}

pub(in crate::http) async fn change_password(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    mut auth: Auth,
    context: RequestContext,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<NewPassword>,
) -> Result<Response, PageError> {
    let user = auth.user.clone().ok_or(PageError::Forbidden)?;
    let refuse = |status: StatusCode, failed: FailedForm| -> Result<Response, PageError> {
        Ok((status, draw_account(&state, &context, &user, failed.values())?).into_response())
    };
    let failed = FailedForm::new("password");
    // On an open page passwords can be tried no faster than on the sign-in page.
    let device = state.accounts.known_device(&user.name, known_device::of(&headers)).await?;
    let key = attempts_key(&user.name);
    let attempt = Attempt { user: &key, address: client.address, device };
    match state.throttle.attempt(attempt, std::time::Instant::now()) {
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(wait) => {
            return refuse(StatusCode::TOO_MANY_REQUESTS, failed.whole("error.login_slow", json!({ "seconds": wait.seconds })));
        }
    }
    if !matches!(state.accounts.verify(&user.name, &form.current, HashQueue::Known).await?, Ok(Some(_))) {
        record_failed_sign_in(&state, &user.name, client.address).await;
        return refuse(StatusCode::BAD_REQUEST, failed.field("current", "error.wrong_password"));
    }
    state.throttle.succeeded(attempt);
    let failed = check_new_password(failed, &user, &form);
    if failed.is_refused() {
        return refuse(StatusCode::BAD_REQUEST, failed);
    }
    let actor = audit_entries::actor(&user, client.address);
    let note = audit_entries::note(&actor, AuditEvent::UserPassword, |user| user.name.to_string());
    let changed = match state.accounts.noted(note).set_password(&user.name, &form.password).await {
        Ok(changed) => changed,
        Err(ChangeError::Rule(rule)) => return refuse(StatusCode::BAD_REQUEST, failed.rule(&rule, &["password"])),
        Err(ChangeError::Db(error)) => return Err(error.into()),
    };
    begin_session(&state, &mut auth, &changed, SessionEnd::NewPassword).await?;
    tracing::info!(user = %user.name, "password changed");
    Ok(draw_account(&state, &context, &changed, values! { "done" => "done.password" })?.into_response())
}

/// Adds the errors of the new password and of its repetition.
fn check_new_password(failed: FailedForm, user: &User, form: &NewPassword) -> FailedForm {
    let failed = match broken_password_rule(&user.name, &form.password) {
        Some(rule) => failed.rule(&rule, &["password"]),
        None => failed,
    };
    if form.password == form.again { failed } else { failed.field("again", "error.passwords_differ") }
}

#[derive(Deserialize)]
pub(in crate::http) struct NewLanguage {
    /// A code; empty: the language that the browser prefers.
    language: String,
}

pub(in crate::http) async fn choose_language(
    State(state): State<Arc<AppState>>,
    auth: Auth,
    mut context: RequestContext,
    headers: HeaderMap,
    CsrfForm(form): CsrfForm<NewLanguage>,
) -> Result<Response, PageError> {
    let user = auth.user.ok_or(PageError::Forbidden)?;
    let Some(language) = Language::choose(&form.language, &headers) else {
        let failed = FailedForm::new("language").field("language", "error.language_unknown");
        return Ok((StatusCode::BAD_REQUEST, draw_account(&state, &context, &user, failed.values())?).into_response());
    };
    context.language = language;
    let mut response = draw_account(&state, &context, &user, values! { "done" => "done.language" })?.into_response();
    context.language.keep(&state.base, response.headers_mut());
    Ok(response)
}

#[derive(Serialize)]
struct LanguageChoice {
    code: &'static str,
    /// The language's own name for itself.
    name: String,
}

fn draw_account(state: &AppState, context: &RequestContext, user: &User, mut own: TemplateValues) -> Result<Html<String>, PageError> {
    let catalogs = state.templates.catalogs();
    let choice = |code| LanguageChoice { code, name: catalogs.of(code).plain("language_name") };
    let chosen = if context.language.chosen { context.language.code } else { "" };
    own.extend(values! { "languages" => language::all().map(choice).collect::<Vec<_>>(), "chosen" => chosen });
    Ok(context.user_page(state, user).render("account.html", own)?)
}
