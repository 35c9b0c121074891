//! The errors of page handlers, with their status and the catalog keys for the page that `middleware::error_page` draws. Draws nothing
//! itself.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::accounts::{AccountError, ChangeError};
use crate::db::DbError;

#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum PageError {
    #[error("no such page")]
    NotFound,
    #[error("the path does not begin with {0}")]
    OutsidePrefix(String),
    #[error("public_url does not name {0}")]
    BelowPrefix(String),
    #[error("the page does not take this method")]
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
    #[error("sign-in session: {0}")]
    Session(String),
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    #[error("a handler panicked")]
    Panic,
}

impl From<ChangeError> for PageError {
    fn from(refused: ChangeError) -> Self {
        match refused {
            ChangeError::Rule(rule) => Self::Rule(rule),
            ChangeError::Db(error) => Self::Db(error),
        }
    }
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::OutsidePrefix(_) | Self::BelowPrefix(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden | Self::Csrf => StatusCode::FORBIDDEN,
            Self::Form | Self::Rule(_) => StatusCode::BAD_REQUEST,
            Self::Db(_) | Self::Session(_) | Self::Template(_) | Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Keys of the catalog: what happened, and what to do about it.
    fn keys(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::NotFound | Self::Method => ("error.404_what", Some("error.404_advice")),
            Self::OutsidePrefix(_) => ("error.404_what", Some("error.prefix_removed")),
            Self::BelowPrefix(_) => ("error.404_what", Some("error.prefix_unknown")),
            Self::Forbidden => ("error.403_what", Some("error.403_advice")),
            Self::Csrf => ("error.csrf_what", Some("error.csrf_advice")),
            Self::Form => ("error.form_what", Some("error.form_advice")),
            Self::Rule(rule) => (rule.key(), None),
            Self::Db(_) | Self::Session(_) | Self::Template(_) | Self::Panic => ("error.500_what", Some("error.500_advice")),
        }
    }
}

/// An extension of the response, from which the error page is drawn.
#[derive(Debug, Clone)]
pub(in crate::http) struct ErrorText {
    pub(in crate::http) what: &'static str,
    pub(in crate::http) advice: Option<&'static str>,
    /// The sub-path that the advice is about.
    pub(in crate::http) prefix: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "request failed");
        } else {
            tracing::debug!(error = %self, "request refused");
        }
        let (what, advice) = self.keys();
        let prefix = match self {
            Self::OutsidePrefix(prefix) | Self::BelowPrefix(prefix) => prefix,
            _ => String::new(),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(ErrorText { what, advice, prefix });
        response
    }
}
