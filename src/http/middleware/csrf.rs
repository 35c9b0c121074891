//! Proof that a form came from our page: what the browser says of it (see `origin`), and for those that say nothing a token, a random cookie
//! that no other site can read, repeated in the form. Keeps nothing.

use std::collections::HashMap;
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

use super::cookies;
use super::origin::{FromOurPage, is_from_another_site};
use crate::http::error::Failure;
use crate::http::state::Shared;

const COOKIE: &str = "usher_csrf";

/// A form is small; who sends it slower than this does so on purpose.
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// The token of this browser, for the pages' forms.
#[derive(Debug, Clone)]
pub(in crate::http) struct Token(pub(in crate::http) String);

/// Gives every browser a token, and knows it again.
pub(in crate::http) async fn give(State(site): State<Shared>, mut request: Request, next: Next) -> Response {
    let known = tokens(request.headers()).next().map(str::to_owned);
    // Led here from elsewhere the browser does not send its cookie: another one would spoil the forms of all open pages.
    let led_here = is_from_another_site(request.headers());
    let token = known.clone().unwrap_or_else(|| hex::encode(rand::random::<[u8; 16]>()));
    request.extensions_mut().insert(Token(token.clone()));
    let mut response = next.run(request).await;
    if known.is_none() && !led_here {
        let path = format!("{}/", site.base());
        cookies::set(response.headers_mut(), (COOKIE, &token), &path, SameSite::Strict, None);
    }
    response
}

/// Another Usher on the same host may have set one, too: any of them is this browser's.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies::all(headers, COOKIE).filter(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Token>().cloned().ok_or(Failure::Csrf)
    }
}

/// A form of our own page.
#[derive(Debug)]
pub(in crate::http) struct Checked<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Checked<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let proven = request.extensions().get::<FromOurPage>().is_some();
        // The cookies themselves, not the token made for a browser that came without one.
        let expected: Vec<String> = tokens(request.headers()).map(str::to_owned).collect();
        if !proven && expected.is_empty() {
            return Err(Failure::Csrf);
        }
        let form = tokio::time::timeout(FORM_WITHIN, Form::<HashMap<String, String>>::from_request(request, state));
        let Form(mut fields) = form.await.map_err(|_| Failure::Form)?.map_err(|_| Failure::Form)?;
        let got = fields.remove("csrf").unwrap_or_default();
        if !proven && !expected.iter().any(|token| got.as_bytes().ct_eq(token.as_bytes()).into()) {
            return Err(Failure::Csrf);
        }
        let fields = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
        serde_json::from_value(serde_json::Value::Object(fields)).map(Self).map_err(|_| Failure::Form)
    }
}
