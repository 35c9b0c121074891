//! The page on which admins manage users. The rules are the accounts' matter.

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::{ChangeError, SessionEnd, User};
use crate::audit::AuditEvent;
use crate::model::{Actor, Role};

use super::login::{Auth, begin_session};
use super::page::rule_args;
use super::request_context::Browser;
use super::templates::{Page, context};
use crate::http::audit;
use crate::http::error::Failure;
use crate::http::middleware::csrf::Checked;
use crate::http::middleware::real_ip::Client;
use crate::http::state::{Shared, Site};

/// One line of the page.
#[derive(Serialize)]
struct Line {
    name: String,
    role: &'static str,
    /// In milliseconds since 1970, as the next.
    created: i64,
    last_seen: Option<i64>,
    online: usize,
}

/// What the page says at its top: a key of the catalogue and what it fills in.
enum Said {
    Nothing,
    Error(StatusCode, &'static str, Value),
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
pub(in crate::http) struct Password {
    password: String,
}

pub(in crate::http) async fn list(State(site): State<Shared>, auth: Auth, browser: Browser) -> Result<Response, Failure> {
    draw(&site, &browser, &auth.user.ok_or(Failure::Forbidden)?, Said::Nothing).await
}

pub(in crate::http) async fn add(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    auth: Auth,
    browser: Browser,
    Checked(form): Checked<NewUser>,
) -> Result<Response, Failure> {
    let admin = auth.user.ok_or(Failure::Forbidden)?;
    let actor = audit::actor(&admin, client.address);
    let said = match Role::parse(&form.role) {
        None => no_such_role(),
        Some(role) => {
            let note = audit::note(&actor, AuditEvent::UserAdd, |user| format!("{} ({})", user.name, user.role));
            let added = site.accounts.noted(note).add(&form.name, role, &form.password).await;
            let about = About { actor: &actor, action: AuditEvent::UserAdd, name: &form.name };
            about.outcome(&site, added, "done_user_added", json!({ "name": form.name.trim() })).await?
        }
    };
    draw(&site, &browser, &admin, said).await
}

pub(in crate::http) async fn set_role(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    auth: Auth,
    browser: Browser,
    Path(name): Path<String>,
    Checked(form): Checked<NewRole>,
) -> Result<Response, Failure> {
    let admin = auth.user.ok_or(Failure::Forbidden)?;
    let actor = audit::actor(&admin, client.address);
    let said = match Role::parse(&form.role) {
        None => no_such_role(),
        Some(role) => {
            let args =
                json!({ "name": name, "role": site.templates.catalogues().of(browser.language.code).plain(&format!("role_{role}_short")) });
            let note = audit::note(&actor, AuditEvent::UserRole, move |user| format!("{} ({} → {role})", user.name, user.role));
            let changed = site.accounts.noted(note).set_role(&name, role).await;
            About { actor: &actor, action: AuditEvent::UserRole, name: &name }.outcome(&site, changed, "done_role_changed", args).await?
        }
    };
    draw(&site, &browser, &admin, said).await
}

pub(in crate::http) async fn set_password(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    mut auth: Auth,
    browser: Browser,
    Path(name): Path<String>,
    Checked(form): Checked<Password>,
) -> Result<Response, Failure> {
    let admin = auth.user.clone().ok_or(Failure::Forbidden)?;
    let actor = audit::actor(&admin, client.address);
    let note = audit::note(&actor, AuditEvent::UserPassword, |user| user.name.to_string());
    let changed = site.accounts.noted(note).set_password(&name, &form.password).await;
    // An admin who sets the own password here stays logged in on this page.
    if let Some(own) = changed.as_ref().ok().filter(|user| user.id == admin.id) {
        begin_session(&site, &mut auth, own, SessionEnd::NewPassword).await?;
    } else {
        site.accounts.notify();
    }
    let about = About { actor: &actor, action: AuditEvent::UserPassword, name: &name };
    let said = about.outcome(&site, changed.map(drop), "done_password_set", json!({ "name": name })).await?;
    draw(&site, &browser, &admin, said).await
}

pub(in crate::http) async fn remove(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    auth: Auth,
    browser: Browser,
    Path(name): Path<String>,
    _: Checked<super::login::Nothing>,
) -> Result<Response, Failure> {
    let admin = auth.user.ok_or(Failure::Forbidden)?;
    let actor = audit::actor(&admin, client.address);
    let note = audit::note(&actor, AuditEvent::UserRemove, |user| format!("{} ({})", user.name, user.role));
    let removed = site.accounts.noted(note).remove(&name).await;
    let about = About { actor: &actor, action: AuditEvent::UserRemove, name: &name };
    let said = about.outcome(&site, removed, "done_user_removed", json!({ "name": name })).await?;
    draw(&site, &browser, &admin, said).await
}

fn no_such_role() -> Said {
    Said::Error(StatusCode::BAD_REQUEST, "error_role_invalid", json!({}))
}

/// A change of an account that an administrator asked for. Its entry is written with it.
struct About<'a> {
    actor: &'a Actor,
    action: AuditEvent,
    /// As it was typed.
    name: &'a str,
}

impl About<'_> {
    async fn outcome(self, site: &Site, result: Result<(), ChangeError>, done: &'static str, args: Value) -> Result<Said, Failure> {
        match result {
            Ok(()) => {
                tracing::info!(user = %self.actor.user, action = ?self.action, about = %args["name"], "account changed");
                Ok(Said::Done(done, args))
            }
            Err(ChangeError::Rule(rule)) => {
                site.log.record(audit::refused(self.actor, self.action, self.name, &rule.to_string())).await;
                Ok(Said::Error(StatusCode::BAD_REQUEST, rule.key(), rule_args(&rule)))
            }
            Err(ChangeError::Db(error)) => Err(error.into()),
        }
    }
}

async fn draw(site: &Site, browser: &Browser, admin: &User, said: Said) -> Result<Response, Failure> {
    let users = site.accounts.list().await?;
    let line = |user: crate::accounts::UserSummary| Line {
        online: site.seats.count(user.id),
        name: user.name.to_string(),
        role: user.role.as_str(),
        created: user.created,
        last_seen: user.last_seen,
    };
    let mut own = context! { "users" => users.into_iter().map(line).collect::<Vec<_>>() };
    let status = match said {
        Said::Nothing => StatusCode::OK,
        Said::Error(status, error, args) => {
            own.extend(context! { "error" => error, "error_args" => args });
            status
        }
        Said::Done(done, args) => {
            own.extend(context! { "done" => done, "done_args" => args });
            StatusCode::OK
        }
    };
    Ok((status, Page::user(site, browser, admin).render("users.html", own)?).into_response())
}
