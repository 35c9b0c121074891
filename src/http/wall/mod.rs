//! The pages of screens on walls: a display, the code of a screen that is not paired yet, and the notice of one that was revoked.
//!
//! They ask for no sign-in and allow no action. The token is in a cookie, or in the path for browsers that keep none.

mod screen_settings;
mod session;
mod token;
mod user_agent;
mod watchdog_script;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use serde::Deserialize;

use crate::clock::now_ms;
use crate::displays::projection::{StaticPage, ViewFilter, WallRow};
use crate::displays::{DisplaySettings, TokenOwner, new_token};

use super::error::PageError;
use super::html::language::Language;
use super::html::page::HtmlPage;
use super::html::templates::values;
use super::middleware::origin;
use super::paths;
use super::state::AppState;

use screen_settings::for_screen;
use token::{set_cookie, token_of};

const NO_REFERRER: (HeaderName, HeaderValue) = (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

/// The page has no script and reloads after this many seconds.
const LOAD_AGAIN: (HeaderName, HeaderValue) = (header::REFRESH, HeaderValue::from_static("10"));

pub(super) fn routes(state: &Arc<AppState>) -> Router<Arc<AppState>> {
    Router::new()
        .route("/wall", get(page))
        .route("/wall/ws", get(session::by_cookie))
        .route(&format!("{}{{token}}", paths::DISPLAY_LINK), get(page_by_link))
        .route(&format!("{}{{token}}/ws", paths::DISPLAY_LINK), get(session::by_link))
        .layer(middleware::from_fn_with_state(state.clone(), origin::check))
}

#[derive(Deserialize)]
struct PageQuery {
    /// Present after a cookie was set and the browser was redirected.
    cookie: Option<String>,
}

/// `GET /wall`: the screen is known by its cookie, or gets one and a code.
async fn page(State(state): State<Arc<AppState>>, headers: HeaderMap, request: Request) -> Result<Response, PageError> {
    let tried = axum::extract::Query::<PageQuery>::try_from_uri(request.uri()).is_ok_and(|query| query.cookie.is_some());
    let Some(token) = token_of(&state, &headers) else {
        // The redirect shows whether the browser keeps cookies.
        let again = (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{}/wall?cookie=set", state.base))]);
        let mut response = if tried { no_cookies_page(&state, &headers)? } else { ([NO_REFERRER], again).into_response() };
        set_cookie(&state, &new_token(), &mut response);
        return Ok(response);
    };
    let socket = format!("{}/wall/ws", state.base);
    let mut response = match state.displays.token_owner(&token) {
        TokenOwner::Display(id) => display_page(&state, &id, &socket).await?,
        TokenOwner::Revoked => unknown_page(&state, &headers, StatusCode::FORBIDDEN, &socket)?,
        TokenOwner::Nobody => {
            let page = HtmlPage::new(&state.templates, Language::of(&headers));
            let own = values! { "watchdog" => watchdog_script::SCRIPT, "code" => state.displays.code(&token), "socket" => socket, "cookies" => true };
            page.render("wall_code.html", own)?.into_response()
        }
    };
    set_cookie(&state, &token, &mut response);
    Ok((page_headers(), response).into_response())
}

/// `GET /wall/t/{token}`: for browsers that keep no cookies; the token stays in the address.
async fn page_by_link(State(state): State<Arc<AppState>>, Path(token): Path<String>, headers: HeaderMap) -> Result<Response, PageError> {
    let socket = format!("{}{}{token}/ws", state.base, paths::DISPLAY_LINK);
    let response = match state.displays.token_owner(&token) {
        TokenOwner::Display(id) => display_page(&state, &id, &socket).await?,
        TokenOwner::Revoked => unknown_page(&state, &headers, StatusCode::FORBIDDEN, &socket)?,
        TokenOwner::Nobody => unknown_page(&state, &headers, StatusCode::NOT_FOUND, &socket)?,
    };
    Ok((page_headers(), response).into_response())
}

async fn display_page(state: &AppState, id: &str, socket: &str) -> Result<Response, PageError> {
    let settings = state.displays.settings(id).ok_or(PageError::NotFound)?;
    let language = Language::fixed(&settings.lang);
    let words = words(state, language.code);
    let now = now_ms();
    let own = values! {
        "watchdog" => watchdog_script::SCRIPT, "socket" => socket, "display" => for_screen(&settings), "words" => words, "now" => now, "overview" => first_overview(state, &settings, now).await.unwrap_or_else(|| StaticPage::new(&[], &ViewFilter::All, now)),
    };
    Ok(HtmlPage::new(&state.templates, language).render("wall.html", own)?.into_response())
}

/// The overview that the page shows before its script runs; None where Usher stops.
async fn first_overview(state: &AppState, settings: &DisplaySettings, now: i64) -> Option<StaticPage> {
    let watched = state.walls.watch(settings.audience()).await?;
    let rows: Vec<WallRow> = watched.hub.rows().iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
    let first = settings.views.first().map_or(&ViewFilter::All, |view| &view.filter);
    Some(StaticPage::new(&rows, first, now))
}

fn page_headers() -> [(HeaderName, HeaderValue); 2] {
    [NO_REFERRER, (header::CONTENT_SECURITY_POLICY, watchdog_script::ALLOWED.clone())]
}

fn words(state: &AppState, language: &str) -> BTreeMap<String, String> {
    state.templates.catalogs().of(language).beginning_with("wall.")
}

fn unknown_page(state: &AppState, headers: &HeaderMap, status: StatusCode, socket: &str) -> Result<Response, PageError> {
    let own = values! { "watchdog" => watchdog_script::SCRIPT, "revoked" => status == StatusCode::FORBIDDEN, "socket" => socket };
    Ok((status, HtmlPage::new(&state.templates, Language::of(headers)).render("wall_gone.html", own)?).into_response())
}

/// The page reloads: a browser that keeps cookies then sends its own.
fn no_cookies_page(state: &AppState, headers: &HeaderMap) -> Result<Response, PageError> {
    let own = values! { "code" => "", "socket" => "", "cookies" => false };
    Ok((page_headers(), [LOAD_AGAIN], HtmlPage::new(&state.templates, Language::of(headers)).render("wall_code.html", own)?)
        .into_response())
}
