//! The only map from refusals to HTTP status and the stable codes that the UI switches on.

use super::types::ErrorBody;
use crate::service::{Kind, Refusal};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) StatusCode, pub(crate) Refusal);

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind {
            Kind::Input => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::State => StatusCode::CONFLICT,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, refusal)
    }
}

impl ApiError {
    /// Nobody is logged in.
    pub(crate) fn not_logged_in() -> Self {
        Self(StatusCode::UNAUTHORIZED, Refusal::new(Kind::Forbidden, "not_logged_in", "请先登录。", "log in first"))
    }
    /// Too many wrong passwords for this login.
    pub(crate) fn too_many_tries(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let (zh, en) = (
            format!("密码错误次数过多，请等待 {seconds} 秒后重试。"),
            format!("too many wrong passwords: wait {seconds} seconds and try again"),
        );
        Self(StatusCode::TOO_MANY_REQUESTS, Refusal::new(Kind::Forbidden, "login_throttled", zh, en))
    }
    /// Logged in, but not for this.
    pub(crate) fn role() -> Self {
        Refusal::new(Kind::Forbidden, "role_missing", "您没有此操作的权限。", "your role does not allow this").into()
    }
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        Self { code: refusal.code.clone(), message: refusal.text.clone(), field: refusal.field.clone() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.1.kind == Kind::Fault {
            tracing::error!(error = %self.1, "a request failed");
        }
        (self.0, Json(ErrorBody::from(&self.1))).into_response()
    }
}
