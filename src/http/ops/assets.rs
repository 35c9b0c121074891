//! The files of web/, from inside the binary (from disk in a debug build). Serves no template and lists no directory.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::http::error::Failure;

#[derive(RustEmbed)]
#[folder = "web"]
pub(in crate::http) struct Static;

/// Modules import each other by plain names, so every file is asked for again with its tag: a 304, and never a mix of two releases.
const CACHE: &str = "no-cache";

pub(in crate::http) async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Static::get(&path).filter(|_| is_public(&path)) else { return Failure::NotFound.into_response() };
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, CACHE.to_owned())];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Compression makes a tag weak; it is the same file.
    if known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let mime = file.metadata.mimetype();
    let mime = if mime.starts_with("text/") || mime.ends_with("json") { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    (common, [(header::CONTENT_TYPE, mime)], file.data.into_owned()).into_response()
}

/// What browsers load: not the declarations and settings that editors and checks need.
fn is_public(path: &str) -> bool {
    let known = [".js", ".css", ".json", ".svg", ".png", ".ico", ".woff2", ".webmanifest", ".LICENSE"];
    known.iter().any(|ending| path.ends_with(ending)) && !path.ends_with("package.json") && !path.contains("..")
}
