//! The page on which administrators manage users. `accounts` has the rules.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::{AccountError, ChangeError, SessionEnd, User, UserSummary, broken_rules};
use crate::audit::AuditEvent;
use crate::model::{Actor, Role};

use super::audit_entries;
use super::failed_form::FailedForm;
use super::login::EmptyForm;
use super::request_context::RequestContext;
use crate::http::error::PageError;
use crate::http::html::templates::values;
use crate::http::middleware::auth::{Auth, begin_session};
use crate::http::middleware::csrf::CsrfForm;
use crate::http::middleware::real_ip::ClientInfo;
use crate::http::state::AppState;

/// One line of the page.
#[derive(Serialize)]
struct UserLine {
    name: String,
    role: &'static str,
    /// Unix milliseconds.
    created: i64,
    /// Unix milliseconds.
    last_seen: Option<i64>,
    online: usize,
}

/// The result of a form, which the page shows.
enum PageNotice {
    None,
    Failed(FailedForm),
    /// A key of the catalog and its values.
    Done(&'static str, Value),
}

#[derive(Deserialize)]
pub(in crate::http) struct NewUser {
    name: String,
    role: String,
    password: String,
}

#[derive(Deserialize)]
pub(in crate::http) struct NewRole {
    role: String,
}

#[derive(Deserialize)]
pub(in crate::http) struct NewUserPassword {
    password: String,
}

pub(in crate::http) async fn list(State(state): State<Arc<AppState>>, auth: Auth, context: RequestContext) -> Result<Response, PageError> {
    render(&state, &context, &auth.user.ok_or(PageError::Forbidden)?, PageNotice::None).await
}

pub(in crate::http) async fn add(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    auth: Auth,
    context: RequestContext,
    CsrfForm(form): CsrfForm<NewUser>,
) -> Result<Response, PageError> {
    let admin = auth.user.ok_or(PageError::Forbidden)?;
    let actor = audit_entries::actor(&admin, client.address);
    let change = AccountChange { actor: &actor, action: AuditEvent::UserAdd, name: &form.name, fields: &["name", "role", "password"] };
    let mut failed = FailedForm::new("add").keep("name", &form.name).keep("role", &form.role);
    let role = Role::parse(&form.role);
    let broken = broken_rules(&form.name, &form.password);
    for rule in &broken {
        failed = failed.rule(rule, change.fields);
    }
    let notice = match role {
        Some(role) if broken.is_empty() => {
            let note = audit_entries::note(&actor, AuditEvent::UserAdd, |user| format!("{} ({})", user.name, user.role));
            let added = state.accounts.noted(note).add(&form.name, role, &form.password).await;
            change.finish(&state, added, failed, ("done.user_added", json!({ "name": form.name.trim() }))).await?
        }
        _ => {
            if role.is_none() {
                failed = failed.field("role", "error.role_invalid");
            }
            change.record_refusal(&state, &broken).await;
            PageNotice::Failed(failed)
        }
    };
    render(&state, &context, &admin, notice).await
}

pub(in crate::http) async fn set_role(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    auth: Auth,
    context: RequestContext,
    Path(name): Path<String>,
    CsrfForm(form): CsrfForm<NewRole>,
) -> Result<Response, PageError> {
    let admin = auth.user.ok_or(PageError::Forbidden)?;
    let actor = audit_entries::actor(&admin, client.address);
    let failed = FailedForm::new("role").about(&name).keep("role", &form.role);
    let notice = match Role::parse(&form.role) {
        None => PageNotice::Failed(failed.field("role", "error.role_invalid")),
        Some(role) => {
            let args =
                json!({ "name": name, "role": state.templates.catalogs().of(context.language.code).plain(&format!("role_short.{role}")) });
            let note = audit_entries::note(&actor, AuditEvent::UserRole, move |user| format!("{} ({} → {role})", user.name, user.role));
            let changed = state.accounts.noted(note).set_role(&name, role).await;
            AccountChange { actor: &actor, action: AuditEvent::UserRole, name: &name, fields: &["role"] }
                .finish(&state, changed, failed, ("done.role_changed", args))
                .await?
        }
    };
    render(&state, &context, &admin, notice).await
}

pub(in crate::http) async fn set_password(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    mut auth: Auth,
    context: RequestContext,
    Path(name): Path<String>,
    CsrfForm(form): CsrfForm<NewUserPassword>,
) -> Result<Response, PageError> {
    let admin = auth.user.clone().ok_or(PageError::Forbidden)?;
    let actor = audit_entries::actor(&admin, client.address);
    let note = audit_entries::note(&actor, AuditEvent::UserPassword, |user| user.name.to_string());
    let changed = state.accounts.noted(note).set_password(&name, &form.password).await;
    // Administrators who set their own password here stay signed in on this page.
    if let Some(own) = changed.as_ref().ok().filter(|user| user.id == admin.id) {
        begin_session(&state, &mut auth, own, SessionEnd::NewPassword).await?;
    } else {
        state.accounts.notify();
    }
    let change = AccountChange { actor: &actor, action: AuditEvent::UserPassword, name: &name, fields: &["password"] };
    let failed = FailedForm::new("password").about(&name);
    let notice = change.finish(&state, changed.map(drop), failed, ("done.password_set", json!({ "name": name }))).await?;
    render(&state, &context, &admin, notice).await
}

pub(in crate::http) async fn remove(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    auth: Auth,
    context: RequestContext,
    Path(name): Path<String>,
    _: CsrfForm<EmptyForm>,
) -> Result<Response, PageError> {
    let admin = auth.user.ok_or(PageError::Forbidden)?;
    let actor = audit_entries::actor(&admin, client.address);
    let note = audit_entries::note(&actor, AuditEvent::UserRemove, |user| format!("{} ({})", user.name, user.role));
    let removed = state.accounts.noted(note).remove(&name).await;
    let change = AccountChange { actor: &actor, action: AuditEvent::UserRemove, name: &name, fields: &[] };
    let failed = FailedForm::new("remove").about(&name);
    let notice = change.finish(&state, removed, failed, ("done.user_removed", json!({ "name": name }))).await?;
    render(&state, &context, &admin, notice).await
}

/// A change of an account by an administrator. A change that succeeds writes its entry itself.
struct AccountChange<'a> {
    actor: &'a Actor,
    action: AuditEvent,
    /// As the administrator typed it.
    name: &'a str,
    /// The fields of its form.
    fields: &'a [&'static str],
}

impl AccountChange<'_> {
    /// `failed` is the form as it is shown again if a rule refuses the change; `done` is the notice if none does.
    async fn finish(
        self,
        state: &AppState,
        result: Result<(), ChangeError>,
        failed: FailedForm,
        (done, args): (&'static str, Value),
    ) -> Result<PageNotice, PageError> {
        match result {
            Ok(()) => {
                tracing::info!(user = %self.actor.user, action = ?self.action, about = %args["name"], "account changed");
                Ok(PageNotice::Done(done, args))
            }
            Err(ChangeError::Rule(rule)) => {
                self.record_refusal(state, std::slice::from_ref(&rule)).await;
                Ok(PageNotice::Failed(failed.rule(&rule, self.fields)))
            }
            Err(ChangeError::Db(error)) => Err(error.into()),
        }
    }

    async fn record_refusal(&self, state: &AppState, broken: &[AccountError]) {
        if !broken.is_empty() {
            let why = broken.iter().map(AccountError::to_string).collect::<Vec<_>>().join("; ");
            state.audit_log.record(audit_entries::refused(self.actor, self.action, self.name, &why)).await;
        }
    }
}

async fn render(state: &AppState, context: &RequestContext, admin: &User, notice: PageNotice) -> Result<Response, PageError> {
    let users = state.accounts.list().await?;
    let line = |user: UserSummary| UserLine {
        online: state.socket_limit.count(user.id),
        name: user.name.to_string(),
        role: user.role.as_str(),
        created: user.created,
        last_seen: user.last_seen,
    };
    let mut own = values! { "users" => users.into_iter().map(line).collect::<Vec<_>>() };
    let status = match notice {
        PageNotice::None => StatusCode::OK,
        PageNotice::Failed(form) => {
            own.extend(form.values());
            StatusCode::BAD_REQUEST
        }
        PageNotice::Done(done, args) => {
            own.extend(values! { "done" => done, "done_args" => args });
            StatusCode::OK
        }
    };
    Ok((status, context.user_page(state, admin).render("users.html", own)?).into_response())
}
