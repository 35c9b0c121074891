//! What goes wrong in a handler, and the page a person sees then. Says nothing of what the log says.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::accounts::{AccountError, ChangeError};
use crate::db::DbError;

use super::pages::i18n::language::Language;
use super::pages::templates::{Page, context};
use super::state::Shared;

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no such page")]
    NotFound,
    #[error("the path does not begin with {0}")]
    OutsidePrefix(String),
    #[error("public_url does not name {0}")]
    BelowPrefix(String),
    #[error("the page is not asked for like this")]
    Method,
    #[error("the user's role does not allow it")]
    Forbidden,
    #[error("the form carries no valid token")]
    Csrf,
    #[error("the form can't be read")]
    Form,
    #[error(transparent)]
    Rule(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("log-in session: {0}")]
    Session(String),
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    #[error("a handler panicked")]
    Panic,
}

impl From<ChangeError> for Failure {
    fn from(refused: ChangeError) -> Self {
        match refused {
            ChangeError::Rule(rule) => Self::Rule(rule),
            ChangeError::Db(error) => Self::Db(error),
        }
    }
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::OutsidePrefix(_) | Self::BelowPrefix(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden | Self::Csrf => StatusCode::FORBIDDEN,
            Self::Form | Self::Rule(_) => StatusCode::BAD_REQUEST,
            Self::Db(_) | Self::Session(_) | Self::Template(_) | Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Words of the catalogue: what happened, and what to do about it.
    fn words(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::NotFound | Self::Method => ("error_404_what", Some("error_404_advice")),
            Self::OutsidePrefix(_) => ("error_404_what", Some("error_prefix_removed")),
            Self::BelowPrefix(_) => ("error_404_what", Some("error_prefix_unknown")),
            Self::Forbidden => ("error_403_what", Some("error_403_advice")),
            Self::Csrf => ("error_csrf", None),
            Self::Form => ("error_form", None),
            Self::Rule(rule) => (rule.key(), None),
            Self::Db(_) | Self::Session(_) | Self::Template(_) | Self::Panic => ("error_500_what", Some("error_500_advice")),
        }
    }
}

/// Rides on the response until [`draw`] makes a page of it.
#[derive(Debug, Clone)]
struct Words {
    what: &'static str,
    advice: Option<&'static str>,
    /// The sub-path that the advice is about.
    prefix: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "a request failed");
        } else {
            tracing::debug!(error = %self, "a request was refused");
        }
        let (what, advice) = self.words();
        let prefix = match self {
            Self::OutsidePrefix(prefix) | Self::BelowPrefix(prefix) => prefix,
            _ => String::new(),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Words { what, advice, prefix });
        response
    }
}

/// Gives failed requests their page.
pub(super) async fn draw(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let response = next.run(request).await;
    let Some(Words { what, advice, prefix }) = response.extensions().get::<Words>().cloned() else { return response };
    let status = response.status();
    let catalogues = site.templates.catalogues();
    let catalogue = catalogues.of(language.code);
    let page = Page::nobody(&site, language);
    let words = context! {
        "status" => status.as_u16(), "what" => catalogue.plain(what), "advice" => advice.map(|key| catalogue.plain(key).replace("{path}", &prefix)),
    };
    match page.render("error.html", words) {
        Ok(body) => (status, body).into_response(),
        Err(error) => {
            tracing::error!(%error, "the error page can't be drawn");
            (StatusCode::INTERNAL_SERVER_ERROR, catalogue.plain(what)).into_response()
        }
    }
}
