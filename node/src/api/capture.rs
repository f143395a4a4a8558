//! Captures under way.

use super::{
    ApiError, App,
    auth::Operator,
    types::{BackgroundRequest, CaseView, DraftView, FeasibilityView, MarksView, NewDraft, SubmitRequest},
    views,
};
use crate::service::{Office, Refusal, feasibility, intake, payload::Applicant, staff::StaffRole};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::id::CaseId;

pub(super) fn case_id(text: &str) -> Result<CaseId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found("没有这个采集记录。", "there is no such case here"))
}

pub(super) fn jpeg(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response()
}

/// Drafts of this office, oldest first.
#[utoipa::path(get, path = "/api/drafts", responses((status = 200, body = [DraftView])))]
pub(super) async fn list(State(app): State<App>, who: Operator) -> Result<Json<Vec<DraftView>>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    app.run(|office| {
        let mut drafts: Vec<intake::Draft> = office.store.drafts()?;
        drafts.sort_by_key(|draft| draft.started_ms);
        drafts.iter().map(|draft| views::draft(office, draft)).collect()
    })
    .await
    .map(Json)
}

/// Begins a capture.
#[utoipa::path(post, path = "/api/drafts", request_body = NewDraft, responses((status = 200, body = DraftView)))]
pub(super) async fn begin(State(app): State<App>, who: Operator, Json(new): Json<NewDraft>) -> Result<Json<DraftView>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let font = app.font.clone();
    app.run(move |office| {
        let case = new.case_id.as_deref().map(case_id).transpose()?;
        let applicant = Applicant { name: new.applicant.name, id_number: new.applicant.id_number };
        let new = intake::NewDraft { spec_id: new.spec_id, applicant, consent: new.consent, case };
        // Without a font nothing can be printed here at all, so no name is refused for it.
        let draft = intake::begin(office, new, |name| font.as_ref().map_or(Ok(()), |font| font.covers(name)))?;
        views::draft(office, &draft)
    })
    .await
    .map(Json)
}

/// A draft.
#[utoipa::path(get, path = "/api/drafts/{id}", params(("id" = String, Path)), responses((status = 200, body = DraftView)))]
pub(super) async fn show(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Json<DraftView>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    app.run(move |office| views::draft(office, &intake::draft(office, case_id(&id)?)?)).await.map(Json)
}

/// Throws a draft away.
#[utoipa::path(delete, path = "/api/drafts/{id}", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn discard(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    who.require(&[StaffRole::Counter])?;
    app.run(move |office| intake::drop_draft(office, case_id(&id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a picture for a draft; the body is the file. Answers with `problem` where no photo could be made.
#[utoipa::path(
    post, path = "/api/drafts/{id}/photo", params(("id" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = DraftView)),
)]
pub(super) async fn photo(State(app): State<App>, who: Operator, Path(id): Path<String>, body: Bytes) -> Result<Json<DraftView>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let (office, vision) = (app.office.clone(), app.vision.clone());
    let work = move || views::draft(&office, &intake::take_photo(&office, &*vision, case_id(&id)?, &body)?);
    Ok(Json(app.jobs.run(work).await?))
}

/// Makes the photo again with marks set by hand.
#[utoipa::path(
    post, path = "/api/drafts/{id}/marks", params(("id" = String, Path)),
    request_body = MarksView, responses((status = 200, body = DraftView)),
)]
pub(super) async fn marks(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(marks): Json<MarksView>,
) -> Result<Json<DraftView>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let (office, vision) = (app.office.clone(), app.vision.clone());
    let points = [marks.left_eye, marks.right_eye, marks.chin, marks.crown].map(|point| (point.x, point.y));
    let work = move || views::draft(&office, &intake::mark(&office, &*vision, case_id(&id)?, points)?);
    Ok(Json(app.jobs.run(work).await?))
}

/// Chooses the background of a draft, and makes the photo anew where a picture was taken.
#[utoipa::path(
    put, path = "/api/drafts/{id}/background", params(("id" = String, Path)),
    request_body = BackgroundRequest, responses((status = 200, body = DraftView)),
)]
pub(super) async fn background(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(request): Json<BackgroundRequest>,
) -> Result<Json<DraftView>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let (office, vision) = (app.office.clone(), app.vision.clone());
    let work = move || views::draft(&office, &intake::choose_background(&office, &*vision, case_id(&id)?, &request.background)?);
    Ok(Json(app.jobs.run(work).await?))
}

/// The upright original, for looking and marking.
#[utoipa::path(get, path = "/api/drafts/{id}/original", params(("id" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn original(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Response, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let office = app.office.clone();
    let work = move || {
        let hash = intake::draft(&office, case_id(&id)?)?.original();
        let bytes = hash.and_then(|hash| office.store.blobs.read(hash).transpose()).transpose()?;
        let bytes = bytes.ok_or_else(|| Refusal::not_found("还没有照片。", "there is no picture yet"))?;
        Ok(photo::preview(&bytes)?.jpeg)
    };
    Ok(jpeg(app.jobs.run(work).await?))
}

/// Which documents in force the draft's picture would serve. Takes as long as a photo or two.
#[utoipa::path(get, path = "/api/drafts/{id}/feasibility", params(("id" = String, Path)), responses((status = 200, body = [FeasibilityView])))]
pub(super) async fn feasibility(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
) -> Result<Json<Vec<FeasibilityView>>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let (office, vision) = (app.office.clone(), app.vision.clone());
    let work = move || Ok(feasibility::of(&office, &*vision, case_id(&id)?)?.iter().map(views::feasible).collect());
    Ok(Json(app.jobs.run(work).await?))
}

/// The standardized photo of a draft.
#[utoipa::path(get, path = "/api/drafts/{id}/standardized", params(("id" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn standardized(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Response, ApiError> {
    who.require(&[StaffRole::Counter])?;
    app.run(move |office: &Office| {
        let draft = intake::draft(office, case_id(&id)?)?;
        let hash = draft.result.and_then(|result| result.hash.parse().ok());
        let bytes = hash.and_then(|hash| office.store.blobs.read(hash).transpose()).transpose()?;
        bytes.ok_or_else(|| Refusal::not_found("还没有合成好的照片。", "there is no finished photo yet"))
    })
    .await
    .map(jpeg)
}

/// Signs the submission.
#[utoipa::path(
    post, path = "/api/drafts/{id}/submit", params(("id" = String, Path)),
    request_body = SubmitRequest, responses((status = 200, body = CaseView)),
)]
pub(super) async fn submit(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(request): Json<SubmitRequest>,
) -> Result<Json<CaseView>, ApiError> {
    who.require(&[StaffRole::Counter])?;
    let held = app.net.status().own_held;
    app.run(move |office| {
        let case = intake::submit(office, case_id(&id)?, who.number, request.override_reason)?;
        views::case(office, &case, held)
    })
    .await
    .map(Json)
}
