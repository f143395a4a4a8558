//! What the province decides about offices: the end of a log, new keys, which history of a fork stands, and which logs are retired.

use super::{
    ApiError, App,
    auth::Operator,
    jobs::view as view_of,
    types::{
        AdjudicateRequest, AskedEpoch, GrantEpochRequest, GrantedEpoch, JobView, KeptLog, NamedHistory, RetireRequest, RetirementView,
        RevokeOfficeRequest, RevokedOffice, RotateRequest,
    },
};
use crate::{
    enrolment,
    jobs::long::Progress,
    service::{
        EndAt, Office, Refusal,
        office::{Revoked, now_ms},
    },
    text::Text,
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{id::OfficeCode, log::LogPoint, membership::retirement::Kept};

/// A history that was named, as the API shows it.
pub(crate) fn point(point: &LogPoint) -> NamedHistory {
    NamedHistory { log: point.origin.to_string(), size: point.size, root: point.root.to_string() }
}

/// What a revocation did, as the API shows it.
pub(crate) fn revoked(done: &Revoked) -> RevokedOffice {
    RevokedOffice { ends: done.ends.iter().map(point).collect(), goes_on: done.goes_on.as_ref().map(ToString::to_string) }
}

/// Ends the logs of an office at what is held of them here, but for one that is named as good; only at the province.
#[utoipa::path(
    post, path = "/api/offices/{code}/revoke", params(("code" = String, Path)),
    request_body = RevokeOfficeRequest, responses((status = 200, body = RevokedOffice)),
)]
pub(super) async fn revoke(
    State(app): State<App>,
    who: Operator,
    Path(code): Path<String>,
    Json(request): Json<RevokeOfficeRequest>,
) -> Result<Json<RevokedOffice>, ApiError> {
    app.run(move |office| {
        let code: OfficeCode = code.parse().map_err(|_| Refusal::not_found("没有这个办公点。", "no such office"))?;
        let upto: Vec<EndAt> = request.upto.iter().map(|end| EndAt { epoch: end.epoch, size: end.size }).collect();
        Ok(revoked(&office.revoke_office(code, &request.reason, request.keep_epoch, &upto, who.number)?))
    })
    .await
    .map(Json)
}

/// Gives an office the key and epoch that it asked for; only at the province.
#[utoipa::path(post, path = "/api/offices/rotate", request_body = RotateRequest, responses((status = 200)))]
pub(super) async fn rotate(State(app): State<App>, who: Operator, Json(request): Json<RotateRequest>) -> Result<Json<()>, ApiError> {
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
    app.run(move |office| Ok(point(&office.adjudicate(&id, &request.stands, who.number)?))).await.map(Json)
}

/// Asks for the next epoch of this office's log; for the command line too.
pub(crate) fn asked_epoch(office: &Office, operator: u32) -> Result<AskedEpoch, Refusal> {
    let asked = office.request_epoch(operator)?;
    Ok(AskedEpoch { epoch: asked.epoch, request: asked.text, unlogged: asked.unlogged })
}

/// Asks the province for the next epoch of this office's log.
#[utoipa::path(post, path = "/api/epoch", responses((status = 200, body = AskedEpoch)))]
pub(super) async fn ask_epoch(State(app): State<App>, who: Operator) -> Result<Json<AskedEpoch>, ApiError> {
    app.run(move |office| asked_epoch(office, who.number)).await.map(Json)
}

/// Gives an office the epoch that it asks for in its log; only at the province.
#[utoipa::path(
    post, path = "/api/offices/{code}/epoch", params(("code" = String, Path)),
    request_body = GrantEpochRequest, responses((status = 200, body = GrantedEpoch)),
)]
pub(super) async fn grant_epoch(
    State(app): State<App>,
    who: Operator,
    Path(code): Path<String>,
    Json(request): Json<GrantEpochRequest>,
) -> Result<Json<GrantedEpoch>, ApiError> {
    app.run(move |office| {
        let known: OfficeCode = code.parse().map_err(|_| Refusal::not_found("没有这个办公点。", "no such office"))?;
        Ok(GrantedEpoch { epoch: office.grant_epoch(known, request.key.as_deref(), who.number)?, code })
    })
    .await
    .map(Json)
}

/// Retires logs that ended before a year, or says which ones; for the command line too.
pub(crate) fn retirement(office: &Office, before: i32, retire: bool, operator: u32) -> Result<RetirementView, Refusal> {
    let found = if retire { office.retire(before, now_ms(), operator)? } else { office.plan_retirement(before, now_ms())? };
    let why = |kept: &Kept| match kept {
        Kept::Open(case) => Text::new(
            format!("档案 {case} 尚未办结，或其回执仍然有效"),
            format!("the case {case} waits for a decision, or a receipt of it is still valid"),
        ),
        Kept::RestsOn(case, on) => Text::new(
            format!("档案 {case} 的提交在 {on} 中，该日志仍保留"),
            format!("the submission of case {case} stands in {on}, which stays"),
        ),
    };
    Ok(RetirementView {
        logs: found.logs.iter().map(point).collect(),
        kept: found.kept.iter().map(|(log, kept)| KeptLog { log: log.to_string(), why: why(kept) }).collect(),
    })
}

/// Retires logs that ended before a year, or only says which ones; only at the province, and for the command line there. It looks at every
/// case, so it is a job whose result is a [`RetirementView`].
#[utoipa::path(post, path = "/api/retirement", request_body = RetireRequest, responses((status = 200, body = JobView)))]
pub(super) async fn retire(State(app): State<App>, who: Operator, Json(request): Json<RetireRequest>) -> Result<Json<JobView>, ApiError> {
    let office = app.office.clone();
    let work = move |_: &Progress| {
        let found = retirement(&office, request.before, !request.dry, who.number)?;
        serde_json::to_value(found).map_err(Refusal::fault)
    };
    Ok(Json(view_of(app.long.begin("retirement", work)?)))
}
