//! Captures under way.

use super::{
    ApiError, App,
    auth::Operator,
    types::{BackgroundRequest, CaseView, DraftView, FeasibilityView, MarksView, NewDraft, StatementView, SubmitRequest},
    views,
};
use crate::service::{
    Office, Refusal,
    consent::Statement,
    feasibility,
    intake::{self, Draft},
    payload::Applicant,
    photos::Maker,
};
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
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<DraftView>>, ApiError> {
    app.run(|office| {
        let mut drafts: Vec<Draft> = office.store.drafts()?;
        drafts.sort_by_key(|draft| draft.started_ms);
        drafts.iter().map(|draft| views::draft(office, draft)).collect()
    })
    .await
    .map(Json)
}

/// The text that is put before applicants.
#[utoipa::path(get, path = "/api/consent", responses((status = 200, body = StatementView)))]
pub(super) async fn consent() -> Json<StatementView> {
    Json(views::statement(&Statement::current()))
}

/// Begins a capture.
#[utoipa::path(post, path = "/api/drafts", request_body = NewDraft, responses((status = 200, body = DraftView)))]
pub(super) async fn begin(State(app): State<App>, who: Operator, Json(new): Json<NewDraft>) -> Result<Json<DraftView>, ApiError> {
    let font = app.font.clone();
    app.run(move |office| {
        let case = new.case_id.as_deref().map(case_id).transpose()?;
        let applicant = new.applicant.map(|typed| Applicant { name: typed.name, id_number: typed.id_number });
        let new = intake::NewDraft { spec_id: new.spec_id, applicant, consent: new.consent, case, operator: who.number };
        // Without a font nothing can be printed here at all, so no name is refused for it.
        let draft = intake::begin(office, new, |name| font.as_ref().map_or(Ok(()), |font| font.covers(name)))?;
        views::draft(office, &draft)
    })
    .await
    .map(Json)
}

/// A draft.
#[utoipa::path(get, path = "/api/drafts/{id}", params(("id" = String, Path)), responses((status = 200, body = DraftView)))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<DraftView>, ApiError> {
    app.run(move |office| views::draft(office, &intake::draft(office, case_id(&id)?)?)).await.map(Json)
}

/// Throws a draft away.
#[utoipa::path(delete, path = "/api/drafts/{id}", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn discard(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.run(move |office| intake::drop_draft(office, case_id(&id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a picture for a draft; the body is the file. Answers with `problem` where no photo could be made.
#[utoipa::path(
    post, path = "/api/drafts/{id}/photo", params(("id" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = DraftView)),
)]
pub(super) async fn photo(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Result<Json<DraftView>, ApiError> {
    make(&app, &id, move |office, maker, id| intake::take_photo(office, maker, id, &body)).await
}

/// Makes the photo again with marks set by hand.
#[utoipa::path(
    post, path = "/api/drafts/{id}/marks", params(("id" = String, Path)),
    request_body = MarksView, responses((status = 200, body = DraftView)),
)]
pub(super) async fn marks(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(marks): Json<MarksView>,
) -> Result<Json<DraftView>, ApiError> {
    let points = [marks.left_eye, marks.right_eye, marks.chin, marks.crown].map(|point| (point.x, point.y));
    make(&app, &id, move |office, maker, id| intake::mark(office, maker, id, points)).await
}

/// Makes the photo again from the picture that was taken, as after work that was given up.
#[utoipa::path(post, path = "/api/drafts/{id}/run", params(("id" = String, Path)), responses((status = 200, body = DraftView)))]
pub(super) async fn make_again(State(app): State<App>, Path(id): Path<String>) -> Result<Json<DraftView>, ApiError> {
    make(&app, &id, intake::make_again).await
}

/// Goes over to the version of the spec that is in force now, and makes the photo by it where a picture was taken.
#[utoipa::path(put, path = "/api/drafts/{id}/spec", params(("id" = String, Path)), responses((status = 200, body = DraftView)))]
pub(super) async fn renew(State(app): State<App>, Path(id): Path<String>) -> Result<Json<DraftView>, ApiError> {
    make(&app, &id, intake::renew).await
}

/// Gives up whatever is being made of the draft. The picture stays, and a photo that was there before; whoever waits gets the draft
/// as it then is.
#[utoipa::path(delete, path = "/api/drafts/{id}/run", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn give_up(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.runs.give_up(case_id(&id)?);
    Ok(StatusCode::NO_CONTENT)
}

async fn make(
    app: &App,
    id: &str,
    work: impl FnOnce(&Office, &Maker<'_>, CaseId) -> Result<Draft, Refusal> + Send + 'static,
) -> Result<Json<DraftView>, ApiError> {
    run(app, id, |office, maker, id| views::draft(office, &work(office, maker, id)?)).await.map(Json)
}

/// Works on a draft's picture when a core is free. Who asked and goes away, or waited too long, gives the work up.
async fn run<T: Send + 'static>(
    app: &App,
    id: &str,
    work: impl FnOnce(&Office, &Maker<'_>, CaseId) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, ApiError> {
    let id = case_id(id)?;
    let waiting = app.runs.begin(id);
    let (office, vision, run) = (app.office.clone(), app.vision.clone(), waiting.run());
    Ok(app.jobs.run(move || work(&office, &Maker { vision: &*vision, cancel: Some(&run) }, id)).await?)
}

#[cfg(test)]
mod tests;

/// Chooses the background of a draft, and makes the photo anew where a picture was taken.
#[utoipa::path(
    put, path = "/api/drafts/{id}/background", params(("id" = String, Path)),
    request_body = BackgroundRequest, responses((status = 200, body = DraftView)),
)]
pub(super) async fn background(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(request): Json<BackgroundRequest>,
) -> Result<Json<DraftView>, ApiError> {
    make(&app, &id, move |office, maker, id| intake::choose_background(office, maker, id, &request.background)).await
}

/// The upright original, for looking and marking.
#[utoipa::path(get, path = "/api/drafts/{id}/original", params(("id" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn original(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
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
pub(super) async fn feasibility(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Vec<FeasibilityView>>, ApiError> {
    run(&app, &id, |office, maker, id| Ok(feasibility::of(office, maker, id)?.iter().map(views::feasible).collect())).await.map(Json)
}

/// The standardized photo of a draft.
#[utoipa::path(get, path = "/api/drafts/{id}/standardized", params(("id" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn standardized(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
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
    let held = app.net.status().own_held;
    app.run(move |office| {
        let case = intake::submit(office, case_id(&id)?, who.number, request.override_reason)?;
        views::case(office, &case, held)
    })
    .await
    .map(Json)
}
