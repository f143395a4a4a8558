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

#[cfg(test)]
mod tests {
    use crate::api::testing::{Served, answer};
    use std::sync::Arc;

    /// Serves a fresh office; `look` gets a function that sends one request and returns the whole answer as text.
    fn serve(look: impl FnOnce(&dyn Fn(&str, &str, &str) -> String)) {
        let served = Served::with(Arc::new(photo::NoVision));
        look(&|line, host, headers| answer(served.send(line, host, headers, b"")));
    }

    #[test]
    fn every_path_is_closed_to_other_host_names_and_every_write_to_other_pages() {
        serve(|ask| {
            for path in ["/", "/assets/x.js", "/nowhere", "/api/nowhere", "/api/session", "/api/status", "/api/events"] {
                for host in ["evil.example", "localhost", "localhost:1", "localhost:PORT.evil.example", ""] {
                    let answer = ask(&format!("GET {path}"), host, "");
                    assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("set-cookie"), "{path} {host}: {answer}");
                }
                let write = ask(&format!("POST {path}"), "localhost:PORT", "");
                assert!(write.starts_with("HTTP/1.1 403"), "{path}: {write}");
                let read = ask(&format!("GET {path}"), "localhost:PORT", "");
                assert!(read.contains("content-security-policy") && read.contains("nosniff"), "{path}: {read}");
            }
            assert!(ask("GET /api/events", "localhost:PORT", "").starts_with("HTTP/1.1 401"), "nobody listens without a login");
            let session = ask("GET /api/session", "localhost:PORT", "");
            let cookie = session.lines().find(|line| line.starts_with("set-cookie")).unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && session.contains("no-store"), "{session}");
            let wrong = ask("GET /api/status", "localhost:PORT", "authorization: Bearer tokem\r\n");
            assert!(wrong.starts_with("HTTP/1.1 401"), "{wrong}");
        });
    }

    #[test]
    fn a_login_that_is_guessed_at_has_to_wait() {
        serve(|ask| {
            let session = ask("GET /api/session", "localhost:PORT", "");
            let cookie = session.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next()).unwrap();
            let csrf = session.split_once("csrf_token\":\"").unwrap().1.split('"').next().unwrap();
            let body = r#"{"login":"staff","password":"wrong"}"#;
            let headers = format!(
                "cookie: {cookie}\r\nx-csrf-token: {csrf}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let codes = [0; 6].map(|_| ask("POST /api/login", "localhost:PORT", &headers));
            assert!(codes[..5].iter().all(|answer| answer.contains("login_failed")), "{codes:?}");
            assert!(codes[5].starts_with("HTTP/1.1 429") && codes[5].contains("login_throttled"), "{}", codes[5]);
        });
    }
}
