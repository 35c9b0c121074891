//! Tokens that prove a form came from our page: a random cookie no other site can read, repeated in the form. Keeps nothing.

use std::collections::HashMap;
use std::time::Duration;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use super::cookies;
use super::error::Failure;
use super::site::Shared;

const COOKIE: &str = "usher_csrf";

/// A form is small; who sends it slower than this does so on purpose.
const FORM_WITHIN: Duration = Duration::from_secs(10);

/// The token of this browser, for the pages' forms.
#[derive(Debug, Clone)]
pub(super) struct Token(pub(super) String);

/// Gives every browser a token, and knows it again.
pub(super) async fn give(State(site): State<Shared>, mut request: Request, next: Next) -> Response {
    let known = cookie(request.headers());
    let token = known.clone().unwrap_or_else(|| hex::encode(rand::random::<[u8; 16]>()));
    request.extensions_mut().insert(Token(token.clone()));
    let mut response = next.run(request).await;
    if known.is_none() {
        let path = format!("{}/", site.base());
        let text = format!("{COOKIE}={token}; Path={path}; HttpOnly; SameSite=Strict");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let token = cookies::find(headers, COOKIE, |token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some(token.to_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Token>().cloned().ok_or(Failure::Csrf)
    }
}

/// A form that carries the right token.
#[derive(Debug)]
pub(super) struct Checked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Checked<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        // The cookie itself, not the token made for a browser that came without one.
        let expected = cookie(request.headers()).ok_or(Failure::Csrf)?;
        let form = tokio::time::timeout(FORM_WITHIN, Form::<HashMap<String, String>>::from_request(request, state));
        let Form(mut fields) = form.await.map_err(|_| Failure::Form)?.map_err(|_| Failure::Form)?;
        let got = fields.remove("csrf").ok_or(Failure::Csrf)?;
        if !bool::from(got.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(Failure::Csrf);
        }
        let fields = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
        serde_json::from_value(serde_json::Value::Object(fields)).map(Self).map_err(|_| Failure::Form)
    }
}
