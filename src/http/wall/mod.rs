//! The pages of screens on walls: what is shown, the code of a screen that is not paired yet, and the end of one that was revoked.
//!
//! Who comes here is never asked to log in, and can do nothing. The token is in a cookie, or for browsers that keep none in the path.

mod session;
mod user_agent;
mod watchdog_script;

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use serde::Deserialize;
use tower_sessions::cookie::SameSite;

use crate::clock::now_ms;
use crate::displays::projection::{StaticPage, ViewFilter, WallRow};
use crate::displays::{DisplaySettings, TokenOwner, is_token, new_token};

use super::error::Failure;
use super::middleware::{cookies, origin};
use super::pages::i18n::language::Language;
use super::pages::templates::{Page, context};
use super::state::{Shared, Site};

/// Where links with a token lead; what follows stays out of the log.
pub(super) const PATH: &str = "/wall/t/";

const COOKIE: &str = "usher_wall";
/// Browsers keep no cookie for longer; it is set anew with each page.
const COOKIE_S: u32 = 400 * 24 * 60 * 60;

const NO_REFERRER: (HeaderName, HeaderValue) = (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

/// In seconds; the page has no script.
const AGAIN: (HeaderName, HeaderValue) = (header::REFRESH, HeaderValue::from_static("10"));

pub(super) fn routes(site: &Shared) -> Router<Shared> {
    Router::new()
        .route("/wall", get(page))
        .route("/wall/ws", get(session::by_cookie))
        .route("/wall/t/{token}", get(page_by_link))
        .route("/wall/t/{token}/ws", get(session::by_link))
        .layer(middleware::from_fn_with_state(site.clone(), origin::check))
}

#[derive(Deserialize)]
struct Tried {
    /// A cookie was set, and the page asked for again.
    cookie: Option<String>,
}

/// `GET /wall`: the screen is known by its cookie, or gets one and a code.
async fn page(State(site): State<Shared>, headers: HeaderMap, request: Request) -> Result<Response, Failure> {
    let tried = axum::extract::Query::<Tried>::try_from_uri(request.uri()).is_ok_and(|query| query.cookie.is_some());
    let Some(token) = token(&site, &headers) else {
        // Once more, to see whether it comes back.
        let again = (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{}/wall?cookie=set", site.base()))]);
        let mut response = if tried { no_cookies(&site, &headers)? } else { ([NO_REFERRER], again).into_response() };
        set_cookie(&site, &new_token(), &mut response);
        return Ok(response);
    };
    let socket = format!("{}/wall/ws", site.base());
    let mut response = match site.displays.token_owner(&token) {
        TokenOwner::Display(id) => shown(&site, &id, &socket).await?,
        TokenOwner::Revoked => gone(&site, &headers, StatusCode::FORBIDDEN, &socket)?,
        TokenOwner::Nobody => {
            let page = Page::nobody(&site, Language::of(&headers));
            let own = context! { "guard" => watchdog_script::SCRIPT, "code" => site.displays.code(&token), "socket" => socket, "cookies" => true };
            page.render("wall_code.html", own)?.into_response()
        }
    };
    set_cookie(&site, &token, &mut response);
    Ok((of_screens(), response).into_response())
}

/// `GET /wall/t/{token}`: for browsers that keep no cookies; the token stays in the address.
async fn page_by_link(State(site): State<Shared>, Path(token): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let socket = format!("{}{PATH}{token}/ws", site.base());
    let response = match site.displays.token_owner(&token) {
        TokenOwner::Display(id) => shown(&site, &id, &socket).await?,
        TokenOwner::Revoked => gone(&site, &headers, StatusCode::FORBIDDEN, &socket)?,
        TokenOwner::Nobody => gone(&site, &headers, StatusCode::NOT_FOUND, &socket)?,
    };
    Ok((of_screens(), response).into_response())
}

async fn shown(site: &Site, id: &str, socket: &str) -> Result<Response, Failure> {
    let settings = site.displays.settings(id).ok_or(Failure::NotFound)?;
    let language = Language::fixed(&settings.lang);
    let words = words(site, language.code);
    let now = now_ms();
    let own = context! {
        "guard" => watchdog_script::SCRIPT, "socket" => socket, "display" => for_screen(&settings), "words" => words, "now" => now, "overview" => seen(site, &settings, now).await.unwrap_or_else(|| StaticPage::new(&[], &ViewFilter::All, now)),
    };
    Ok(Page::nobody(site, language).render("wall.html", own)?.into_response())
}

/// As its screens are told, in a language that is spoken.
fn for_screen(settings: &DisplaySettings) -> DisplaySettings {
    DisplaySettings { lang: Language::fixed(&settings.lang).code.into(), ..settings.for_screen() }
}

/// What the first page shows before any script; None where Usher stops.
async fn seen(site: &Site, settings: &DisplaySettings, now: i64) -> Option<StaticPage> {
    let watched = site.walls.watch(settings.audience()).await?;
    let rows: Vec<WallRow> = watched.hub.rows().iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
    let first = settings.views.first().map_or(&ViewFilter::All, |view| &view.filter);
    Some(StaticPage::new(&rows, first, now))
}

/// The headers of a screen's pages.
fn of_screens() -> [(HeaderName, HeaderValue); 2] {
    [NO_REFERRER, (header::CONTENT_SECURITY_POLICY, watchdog_script::ALLOWED.clone())]
}

fn words(site: &Site, language: &str) -> BTreeMap<String, String> {
    site.templates.catalogues().of(language).beginning_with("wall.")
}

fn gone(site: &Site, headers: &HeaderMap, status: StatusCode, socket: &str) -> Result<Response, Failure> {
    let own = context! { "guard" => watchdog_script::SCRIPT, "revoked" => status == StatusCode::FORBIDDEN, "socket" => socket };
    Ok((status, Page::nobody(site, Language::of(headers)).render("wall_gone.html", own)?).into_response())
}

/// A start page may be where others were led to, and this a screen's first visit: it comes back, and then with its cookie if it keeps any.
fn no_cookies(site: &Site, headers: &HeaderMap) -> Result<Response, Failure> {
    let own = context! { "code" => "", "socket" => "", "cookies" => false };
    Ok((of_screens(), [AGAIN], Page::nobody(site, Language::of(headers)).render("wall_code.html", own)?).into_response())
}

/// The token in the cookie, if there is one; of several the one of a display. Another Usher on the same host may have set the others.
fn token(site: &Site, headers: &HeaderMap) -> Option<String> {
    let rank = |token: &&str| match site.displays.token_owner(token) {
        TokenOwner::Display(_) => 0,
        TokenOwner::Revoked => 1,
        TokenOwner::Nobody => 2,
    };
    cookies::all(headers, COOKIE).filter(|token| is_token(token)).min_by_key(rank).map(str::to_owned)
}

/// Lax, so that a start page elsewhere may lead a kiosk here.
fn set_cookie(site: &Site, token: &str, response: &mut Response) {
    let path = format!("{}/wall", site.base());
    cookies::set(response.headers_mut(), (COOKIE, token), &path, SameSite::Lax, Some(COOKIE_S));
}
