//! What every request passes: own host names only, CSRF token and same origin for writes, headers for the browser.

use super::{ApiError, App};
use crate::service::{Kind, Refusal};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const CSP: &str = "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; script-src 'self'; \
                   connect-src 'self'; frame-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Attack: DNS rebinding. A page of another site may resolve its name to this machine; its Host header still names the site.
pub(super) async fn host(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if allowed_hosts(app.port).iter().any(|allowed| allowed == host) {
        next.run(request).await
    } else {
        let (zh, en) =
            (format!("请通过 http://localhost:{} 打开本页。", app.port), format!("open this page as http://localhost:{}", app.port));
        ApiError(StatusCode::MISDIRECTED_REQUEST, Refusal::new(Kind::Forbidden, "wrong_host", zh, en)).into_response()
    }
}

fn allowed_hosts(port: u16) -> [String; 3] {
    ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}"))
}

/// Writes come from our own pages: the origin, where the browser names it, is ours, and the session's token is sent along.
pub(super) async fn writes(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    if reads || app.is_local(request.headers()) {
        return next.run(request).await;
    }
    let origin_is_ours = request.headers().get(header::ORIGIN).is_none_or(|origin| {
        origin.to_str().is_ok_and(|origin| allowed_hosts(app.port).iter().any(|host| origin.strip_prefix("http://") == Some(host)))
    });
    let sent = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token_holds = app.session(request.headers()).is_some_and(|session| session.csrf == sent);
    if origin_is_ours && token_holds {
        return next.run(request).await;
    }
    ApiError(
        StatusCode::FORBIDDEN,
        Refusal::new(Kind::Forbidden, "csrf", "页面已过期，请刷新后重试。", "this page is stale: reload it and try again"),
    )
    .into_response()
}

/// Headers that keep a page from being framed, sniffed, cached or told on.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| _ = headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, CSP);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    if is_api {
        // Photos and names must not stay in the browser's cache.
        set(header::CACHE_CONTROL, "no-store");
    }
    response
}
