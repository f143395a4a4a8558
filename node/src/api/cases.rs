//! Submitted cases: lists, photos, the shared note, decisions.

use super::{
    ApiError, App,
    auth::Operator,
    capture::{case_id, jpeg},
    types::{CaseRow, CaseStatus, CaseView, DecisionRequest, NoteText, NoteView, NumberView, PartView, ReasonRequest, ReasonView},
    views,
};
use crate::{
    service::{Change, Office, Refusal, applicants, erasure, notes, office::Listing, reasons, review, sheets, trail::Seen, transit},
    store::{Place, STATUSES},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use photo::sheet::{Copies, Paper, Setting};
use protocol::{
    case::Case,
    id::{BlobHash, CaseId},
    record::Verdict,
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Cases on one page if nothing else is asked, and the most that may be asked.
const PAGE: usize = 200;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only cases in this state.
    status: Option<CaseStatus>,
    /// At most this many, 200 if nothing is said or more is asked.
    limit: Option<usize>,
    /// Go on after this case: `submitted_ms` and `id` of the last row that was shown, with a comma between.
    after: Option<String>,
    /// Newest submission first.
    newest: Option<bool>,
}

impl Filter {
    fn after(&self) -> Result<Option<Place>, Refusal> {
        let Some(text) = &self.after else { return Ok(None) };
        let place = text.split_once(',').and_then(|(at_ms, id)| Some((at_ms.parse().ok()?, id.parse().ok()?)));
        place.map(Some).ok_or_else(|| {
            Refusal::input(
                "after_malformed",
                "after",
                "after 应为上一页最后一行的 submitted_ms 和 id，以逗号分隔。",
                "after is submitted_ms and id of the last row of the page before, with a comma between",
            )
        })
    }
}

/// Cases, oldest submission first, a page at a time.
#[utoipa::path(get, path = "/api/cases", params(Filter), responses((status = 200, body = [CaseRow])))]
pub(super) async fn list(State(app): State<App>, who: Operator, Query(filter): Query<Filter>) -> Result<Json<Vec<CaseRow>>, ApiError> {
    let held = app.net.status().own_held;
    app.saw(&who, Seen::List, None).await?;
    app.run(move |office| {
        let statuses: Vec<_> =
            STATUSES.into_iter().filter(|status| filter.status.is_none_or(|wanted| views::status(*status) == wanted)).collect();
        let listing = Listing {
            statuses: &statuses,
            after: filter.after()?,
            newest_first: filter.newest.unwrap_or(false),
            limit: filter.limit.unwrap_or(PAGE).min(PAGE),
        };
        let (page, _) = office.list(&listing)?;
        page.iter().map(|case| views::case_row(office, case, held)).collect()
    })
    .await
    .map(Json)
}

/// One case.
#[utoipa::path(get, path = "/api/cases/{id}", params(("id" = String, Path)), responses((status = 200, body = CaseView)))]
pub(super) async fn show(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Json<CaseView>, ApiError> {
    let held = app.net.status().own_held;
    app.saw(&who, Seen::Case, Some(case_id(&id)?)).await?;
    app.run(move |office| views::case(office, &*review::find(office, case_id(&id)?)?, held)).await.map(Json)
}

/// How photo, original and report of a case stand on their way here. Those that are missing are asked for at once.
#[utoipa::path(get, path = "/api/cases/{id}/parts", params(("id" = String, Path)), responses((status = 200, body = [PartView])))]
pub(super) async fn parts(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Vec<PartView>>, ApiError> {
    let net = app.net.status();
    app.run(move |office| transit::of_case(office, &*review::find(office, case_id(&id)?)?, &net)).await.map(Json)
}

async fn blob(app: &App, id: String, which: impl FnOnce(&protocol::case::Case) -> BlobHash + Send + 'static) -> Result<Response, ApiError> {
    app.run(move |office| {
        let case = review::find(office, case_id(&id)?)?;
        let hash = which(&case);
        office.read_blob(hash)?.ok_or_else(|| {
            office.tell(Change::Wanted(hash));
            review::photo_elsewhere(office, &case)
        })
    })
    .await
    .map(jpeg)
}

/// The whole identity number of the applicant, which pages show with stars.
#[utoipa::path(get, path = "/api/cases/{id}/number", params(("id" = String, Path)), responses((status = 200, body = NumberView)))]
pub(super) async fn number(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Json<NumberView>, ApiError> {
    let id = case_id(&id)?;
    app.saw(&who, Seen::Number, Some(id)).await?;
    app.run(move |office| Ok(NumberView { id_number: applicants::person_of(office, &*review::find(office, id)?)?.id_number }))
        .await
        .map(Json)
}

/// The standardized photo; refused with `photo_elsewhere` while it is on its way.
#[utoipa::path(get, path = "/api/cases/{id}/photo", params(("id" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn photo(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Response, ApiError> {
    app.saw(&who, Seen::Photo, Some(case_id(&id)?)).await?;
    blob(&app, id, |case| case.current.said.photo).await
}

/// The upright original; refused with `photo_elsewhere` while it is on its way.
#[utoipa::path(get, path = "/api/cases/{id}/original", params(("id" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn original(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Response, ApiError> {
    app.saw(&who, Seen::Original, Some(case_id(&id)?)).await?;
    let office = app.office.clone();
    let work = move || {
        let case = review::find(&office, case_id(&id)?)?;
        let hash = case.current.said.original;
        let bytes = office.read_blob(hash)?.ok_or_else(|| {
            office.tell(Change::Wanted(hash));
            review::photo_elsewhere(&office, &case)
        })?;
        Ok::<_, Refusal>(photo::preview(&bytes)?.jpeg)
    };
    Ok(jpeg(app.jobs.run(work).await?))
}

/// How the photos lie on the paper.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SheetQuery {
    /// `5in`, `6in` (if nothing is said) or `a4`.
    paper: Option<String>,
    /// Distance between photos in millimetres; 2 if nothing is said.
    gap_mm: Option<f64>,
    /// `fill` (if nothing is said) for as many as one sheet takes, or a number.
    copies: Option<String>,
}

impl SheetQuery {
    fn order(&self) -> Result<sheets::Order, Refusal> {
        let name = self.paper.as_deref().unwrap_or(Paper::SIX_INCH.name);
        let paper = Paper::find(name).ok_or_else(|| {
            let (zh, en) = (format!("没有“{name}”相纸，可选 5in、6in、a4。"), format!("there is no paper '{name}': take 5in, 6in or a4"));
            Refusal::input("paper_unknown", "paper", zh, en)
        })?;
        let copies = match self.copies.as_deref() {
            None | Some("fill") => Copies::Fill,
            Some(count) => Copies::Exactly(
                count
                    .parse()
                    .map_err(|_| Refusal::input("copies_malformed", "copies", "份数应为数字或 fill。", "copies are a number or 'fill'"))?,
            ),
        };
        Ok(sheets::Order { paper, gap_mm: self.gap_mm.unwrap_or(Setting::on(paper).gap_mm), copies })
    }
}

/// The approved photo side by side on photo paper, as a PDF; refused with `photo_elsewhere` while the photo is on its way.
#[utoipa::path(
    get, path = "/api/cases/{id}/sheet.pdf", params(("id" = String, Path), SheetQuery),
    responses((status = 200, content_type = "application/pdf")),
)]
pub(super) async fn sheet(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Query(query): Query<SheetQuery>,
) -> Result<Response, ApiError> {
    app.saw(&who, Seen::Sheet, Some(case_id(&id)?)).await?;
    let pdf = app.run(move |office| sheets::print(office, &*review::find(office, case_id(&id)?)?, &query.order()?)).await?;
    let headers = [(header::CONTENT_TYPE, "application/pdf"), (header::CONTENT_DISPOSITION, "inline; filename=\"sheet.pdf\"")];
    Ok((headers, pdf).into_response())
}

/// Changes the shared note.
#[utoipa::path(put, path = "/api/cases/{id}/note", params(("id" = String, Path)), request_body = NoteText, responses((status = 200, body = NoteView)))]
pub(super) async fn note(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(note): Json<NoteText>,
) -> Result<Json<NoteView>, ApiError> {
    app.run(move |office| {
        let seen = note.version.as_deref().map(views::note_version).transpose()?;
        let typed = notes::Typed { seen: seen.as_ref(), text: &note.text };
        Ok(views::written_note(notes::write(office, case_id(&id)?, typed, who.number)?))
    })
    .await
    .map(Json)
}

/// Decides on a submission.
#[utoipa::path(
    post, path = "/api/cases/{id}/decision", params(("id" = String, Path)),
    request_body = DecisionRequest, responses((status = 200, body = CaseView)),
)]
pub(super) async fn decide(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(request): Json<DecisionRequest>,
) -> Result<Json<CaseView>, ApiError> {
    let held = app.net.status().own_held;
    app.run(move |office| {
        let verdict = match request.verdict.as_str() {
            "approve" => Verdict::Approve,
            "return" => Verdict::Return,
            other => {
                return Err(Refusal::input(
                    "verdict_unknown",
                    "verdict",
                    format!("未知的决定“{other}”。"),
                    format!("unknown verdict '{other}'"),
                ));
            }
        };
        let submission = request.submission.parse().map_err(|_| {
            Refusal::input("submission_malformed", "submission", "提交编号格式不对。", "the submission is not a record hash")
        })?;
        let decision = review::Decision { verdict, submission, reasons: request.reasons };
        let case = review::decide(office, case_id(&id)?, decision, who.number)?;
        views::case(office, &case, held)
    })
    .await
    .map(Json)
}

/// Takes a case back on which nobody decided yet.
#[utoipa::path(
    post, path = "/api/cases/{id}/withdraw", params(("id" = String, Path)),
    request_body = ReasonRequest, responses((status = 200, body = CaseView)),
)]
pub(super) async fn withdraw(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(request): Json<ReasonRequest>,
) -> Result<Json<CaseView>, ApiError> {
    settle(app, who, id, request, erasure::withdraw).await
}

/// Deletes what is known about the person of a case, here and at every office. It cannot be undone.
#[utoipa::path(
    post, path = "/api/cases/{id}/erase", params(("id" = String, Path)),
    request_body = ReasonRequest, responses((status = 200, body = CaseView)),
)]
pub(super) async fn erase(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(request): Json<ReasonRequest>,
) -> Result<Json<CaseView>, ApiError> {
    settle(app, who, id, request, erasure::erase).await
}

async fn settle(
    app: App,
    who: Operator,
    id: String,
    request: ReasonRequest,
    how: impl FnOnce(&Office, CaseId, &str, u32) -> Result<Arc<Case>, Refusal> + Send + 'static,
) -> Result<Json<CaseView>, ApiError> {
    let held = app.net.status().own_held;
    app.run(move |office| views::case(office, &*how(office, case_id(&id)?, &request.reason, who.number)?, held)).await.map(Json)
}

/// Coded reasons for a return, in the order of the palette.
#[utoipa::path(get, path = "/api/reasons", responses((status = 200, body = [ReasonView])))]
pub(super) async fn reasons() -> Json<Vec<ReasonView>> {
    Json(reasons::all().map(|(code, text)| ReasonView { code: code.into(), text }).collect())
}
