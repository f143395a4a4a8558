//! The staff UI, embedded. Unknown paths get the page itself, which routes them; unknown API paths get a refusal.

use super::ApiError;
use crate::service::Refusal;
use axum::{
    http::{StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};

#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web-ui/dist"]
#[allow_missing = true]
struct Dist;

const MISSING: &str = "<!doctype html><meta charset=utf-8><title>回执 Huizhi</title><p>网页界面尚未构建。请运行 <code>cargo xtask setup</code> 后刷新。\
                       <p>The pages are not built: run <code>cargo xtask setup</code> and reload. The API and the command line work.";

pub(super) async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return ApiError::from(Refusal::not_found("没有这个接口。", "there is no such API path")).into_response();
    }
    if let Some(file) = Dist::get(path) {
        let immutable = path.starts_with("assets/");
        let cache = if immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        let kind = file.metadata.mimetype().to_owned();
        return ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache.to_owned())], file.data).into_response();
    }
    match Dist::get("index.html") {
        Some(page) => {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], page.data).into_response()
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, Html(MISSING)).into_response(),
    }
}
