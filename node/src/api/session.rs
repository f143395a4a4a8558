//! Login and logout.

use super::{
    ApiError, App,
    auth::{Operator, Session},
    types::{LoginRequest, SessionView},
    views,
};
use crate::service::staff;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::time::Instant;

fn view(app: &App, session: &Session) -> SessionView {
    SessionView {
        operator: session.operator.as_ref().map(views::operator),
        csrf_token: session.csrf.clone(),
        office: views::office(&app.office),
        ends_in_s: session.operator.as_ref().map(|_| session.until.saturating_duration_since(Instant::now()).as_secs()),
    }
}

fn with_cookie(app: &App, id: &str, session: &Session) -> Response {
    let mut response = Json(view(app, session)).into_response();
    let cookie = format!("{}={id}; Path=/; HttpOnly; SameSite=Strict", app.cookie_name());
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// The session of this browser; opens one where there is none.
#[utoipa::path(get, path = "/api/session", responses((status = 200, body = SessionView)))]
pub(super) async fn session(State(app): State<App>, headers: HeaderMap) -> Response {
    match app.session(&headers) {
        Some(session) => Json(view(&app, &session)).into_response(),
        None => {
            let (id, session) = app.sessions.open(None);
            with_cookie(&app, &id, &session)
        }
    }
}

/// Logs in.
#[utoipa::path(post, path = "/api/login", request_body = LoginRequest, responses((status = 200, body = SessionView)))]
pub(super) async fn login(State(app): State<App>, headers: HeaderMap, Json(request): Json<LoginRequest>) -> Result<Response, ApiError> {
    // Argon2 takes memory and time, so logins share the bounded pool with photo work.
    let login = request.login.chars().take(staff::LOGIN_CHARS_MAX + 1).collect::<String>();
    app.throttle.admit(&login, Instant::now()).map_err(ApiError::too_many_tries)?;
    let office = app.office.clone();
    let staff = app.jobs.run(move || staff::log_in(&office, &request.login, &request.password)).await?;
    app.throttle.succeeded(&login);
    if let Some(old) = app.session_id(&headers) {
        app.sessions.close(&old);
    }
    let (id, session) = app.sessions.open(Some(Operator::from(staff)));
    Ok(with_cookie(&app, &id, &session))
}

/// Logs out.
#[utoipa::path(post, path = "/api/logout", responses((status = 200, body = SessionView)))]
pub(super) async fn logout(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(old) = app.session_id(&headers) {
        app.sessions.close(&old);
    }
    let (id, session) = app.sessions.open(None);
    with_cookie(&app, &id, &session)
}
