//! The token and the language of a request, with which its page is drawn.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::accounts::User;
use crate::http::error::PageError;
use crate::http::html::language::Language;
use crate::http::html::page::HtmlPage;
use crate::http::middleware::csrf::CsrfToken;
use crate::http::state::AppState;

#[derive(Debug)]
pub(in crate::http) struct RequestContext {
    token: CsrfToken,
    pub(in crate::http) language: Language,
}

impl RequestContext {
    /// A page with forms, which does not show who is signed in.
    pub(in crate::http) fn form_page<'a>(&self, state: &'a AppState) -> HtmlPage<'a> {
        HtmlPage::new(&state.templates, self.language).with_csrf_token(&self.token.0)
    }

    pub(in crate::http) fn user_page<'a>(&self, state: &'a AppState, user: &User) -> HtmlPage<'a> {
        self.form_page(state).with_user(user)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let language = Language::of(&parts.headers);
        Ok(Self { token: CsrfToken::from_request_parts(parts, state).await?, language })
    }
}
