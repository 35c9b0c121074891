//! What a page has to know of the browser that it is drawn for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::csrf::Token;
use super::error::Failure;
use super::language::Language;

#[derive(Debug)]
pub(super) struct Browser {
    pub(super) token: Token,
    pub(super) language: Language,
}

impl<S: Send + Sync> FromRequestParts<S> for Browser {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let language = Language::of(&parts.headers);
        Ok(Self { token: Token::from_request_parts(parts, state).await?, language })
    }
}
