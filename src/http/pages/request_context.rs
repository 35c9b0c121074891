//! What a page has to know of the browser that it is drawn for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::i18n::language::Language;
use crate::http::error::Failure;
use crate::http::middleware::csrf::Token;

#[derive(Debug)]
pub(in crate::http) struct Browser {
    pub(in crate::http) token: Token,
    pub(in crate::http) language: Language,
}

impl<S: Send + Sync> FromRequestParts<S> for Browser {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let language = Language::of(&parts.headers);
        Ok(Self { token: Token::from_request_parts(parts, state).await?, language })
    }
}
