//! What the province decides about offices: the end of a log, new keys, and which history of a fork stands.

use super::{
    ApiError, App,
    auth::Operator,
    types::{AdjudicateRequest, NamedHistory, RevokeOfficeRequest, RotateRequest},
};
use crate::{
    enrolment,
    service::{Refusal, staff::StaffRole},
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{id::OfficeCode, log::LogPoint};

/// A history that was named, as the API shows it.
pub(crate) fn point(point: &LogPoint) -> NamedHistory {
    NamedHistory { log: point.origin.to_string(), size: point.size, root: point.root.to_string() }
}

/// Ends an office's log at what is held of it here; only at the province.
#[utoipa::path(
    post, path = "/api/offices/{code}/revoke", params(("code" = String, Path)),
    request_body = RevokeOfficeRequest, responses((status = 200, body = NamedHistory)),
)]
pub(super) async fn revoke(
    State(app): State<App>,
    who: Operator,
    Path(code): Path<String>,
    Json(request): Json<RevokeOfficeRequest>,
) -> Result<Json<NamedHistory>, ApiError> {
    who.require(&[StaffRole::Admin])?;
    app.run(move |office| {
        let code: OfficeCode = code.parse().map_err(|_| Refusal::not_found("没有这个办公点。", "no such office"))?;
        Ok(point(&office.revoke_office(code, &request.reason, request.upto, who.number)?))
    })
    .await
    .map(Json)
}

/// Gives an office the key and epoch that it asked for; only at the province.
#[utoipa::path(post, path = "/api/offices/rotate", request_body = RotateRequest, responses((status = 200)))]
pub(super) async fn rotate(State(app): State<App>, who: Operator, Json(request): Json<RotateRequest>) -> Result<Json<()>, ApiError> {
    who.require(&[StaffRole::Admin])?;
    app.run(move |office| office.rotate_office(enrolment::read_rotation(&request.request)?, request.close, who.number)).await.map(Json)
}

/// Says which history of a fork stands; only at the province.
#[utoipa::path(
    post, path = "/api/forks/{id}/adjudicate", params(("id" = String, Path)),
    request_body = AdjudicateRequest, responses((status = 200, body = NamedHistory)),
)]
pub(super) async fn adjudicate(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(request): Json<AdjudicateRequest>,
) -> Result<Json<NamedHistory>, ApiError> {
    who.require(&[StaffRole::Admin])?;
    app.run(move |office| Ok(point(&office.adjudicate(&id, &request.stands, who.number)?))).await.map(Json)
}
