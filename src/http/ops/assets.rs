//! Serves the files of `web/` to browsers. Serves no template and lists no directory.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::error::PageError;
use crate::http::html::web_files::WebFiles;

/// Modules import each other by plain names, so browsers ask for every file again with its tag: they get a 304, and never a mix of two releases.
const CACHE: &str = "no-cache";

pub(in crate::http) async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = WebFiles::get(&path).filter(|_| is_public(&path)) else { return PageError::NotFound.into_response() };
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, CACHE.to_owned())];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Compression makes a tag weak, but it is the same file.
    if known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let mime = file.metadata.mimetype();
    let mime = if mime.starts_with("text/") || mime.ends_with("json") { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    (common, [(header::CONTENT_TYPE, mime)], file.data.into_owned()).into_response()
}

/// Browsers get no declarations and settings that only editors and checks need.
fn is_public(path: &str) -> bool {
    let known = [".js", ".css", ".json", ".svg", ".png", ".ico", ".woff2", ".webmanifest", ".LICENSE"];
    known.iter().any(|ending| path.ends_with(ending)) && !path.ends_with("package.json") && !path.contains("..")
}
