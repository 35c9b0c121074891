//! Checks that a form came from our page: by the browser's headers (see `origin`), or by a token if it sends none. The token is a random
//! cookie that no other site can read, repeated in the form. The server stores no tokens.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;
use tower_sessions::cookie::SameSite;

use super::origin::{FromOurPage, is_from_another_site};
use crate::http::cookies;
use crate::http::error::PageError;
use crate::http::state::AppState;

const COOKIE: &str = "usher_csrf";

/// A form is small: a browser that sends it slower than this does so on purpose.
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// The token of this browser, for the pages' forms.
#[derive(Debug, Clone)]
pub(in crate::http) struct CsrfToken(pub(in crate::http) String);

/// Puts the browser's token into the request, and gives a browser without one a new token.
pub(in crate::http) async fn set_token(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let known = tokens(request.headers()).next().map(str::to_owned);
    // A browser that comes from another site does not send its cookie: a new one would invalidate the forms of all open pages.
    let from_another_site = is_from_another_site(request.headers());
    let token = known.clone().unwrap_or_else(|| hex::encode(rand::random::<[u8; 16]>()));
    request.extensions_mut().insert(CsrfToken(token.clone()));
    let mut response = next.run(request).await;
    if known.is_none() && !from_another_site {
        let path = format!("{}/", state.base);
        cookies::set(response.headers_mut(), (COOKIE, &token), &path, SameSite::Strict, None);
    }
    response
}

/// Another Usher on the same host may have set one, too: each of them is this browser's.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies::all(headers, COOKIE).filter(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl<S: Send + Sync> FromRequestParts<S> for CsrfToken {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        parts.extensions.get::<CsrfToken>().cloned().ok_or(PageError::Csrf)
    }
}

/// A form of our own page.
#[derive(Debug)]
pub(in crate::http) struct CsrfForm<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for CsrfForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let proven = request.extensions().get::<FromOurPage>().is_some();
        // The cookies themselves, not the token that was made for a browser without one.
        let expected: Vec<String> = tokens(request.headers()).map(str::to_owned).collect();
        if !proven && expected.is_empty() {
            return Err(PageError::Csrf);
        }
        let form = tokio::time::timeout(FORM_WITHIN, Form::<HashMap<String, String>>::from_request(request, state));
        let Form(mut fields) = form.await.map_err(|_| PageError::Form)?.map_err(|_| PageError::Form)?;
        let got = fields.remove("csrf").unwrap_or_default();
        if !proven && !expected.iter().any(|token| got.as_bytes().ct_eq(token.as_bytes()).into()) {
            return Err(PageError::Csrf);
        }
        let fields = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
        serde_json::from_value(serde_json::Value::Object(fields)).map(Self).map_err(|_| PageError::Form)
    }
}
