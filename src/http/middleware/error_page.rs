//! Draws the page that a person sees for a failed request. The failure is logged where it happens.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::ErrorText;
use crate::http::html::language::Language;
use crate::http::html::page::HtmlPage;
use crate::http::html::templates::values;
use crate::http::state::AppState;

pub(in crate::http) async fn draw(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let response = next.run(request).await;
    let Some(ErrorText { what, advice, prefix }) = response.extensions().get::<ErrorText>().cloned() else { return response };
    let status = response.status();
    let catalogs = state.templates.catalogs();
    let catalog = catalogs.of(language.code);
    let page = HtmlPage::new(&state.templates, language);
    let own = values! {
        "status" => status.as_u16(), "what" => catalog.plain(what), "advice" => advice.map(|key| catalog.plain(key).replace("{path}", &prefix)),
    };
    match page.render("error.html", own) {
        Ok(body) => (status, body).into_response(),
        Err(error) => {
            tracing::error!(%error, "error page not drawn");
            (StatusCode::INTERNAL_SERVER_ERROR, catalog.plain(what)).into_response()
        }
    }
}
